//! The attribute rows: one line where it fits, aligned in a column, with everything left out counted.

use super::layout::{Page, pieces_width, space};
use super::value::{self, Value};
use super::{DetailContext, DetailLine, document};
use crate::diff::{Entry, Kind, Side, is_at_or_above};
use crate::risk::Judged;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, cut, width};

/// The room of a sign and its gap.
const SIGN: usize = 2;
/// More rows than this are counted unless all are asked for.
const MOST_ROWS: usize = 400;

pub(super) fn lines(
    entries: &[Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let options = context.options;
    let folded: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !options.expand && folds(entry, judged))
        .collect();
    let shown = shown(entries, judged, context);
    let column = column(&shown, page);
    let mut out = heading(entries, options.unchanged, page);
    let most = if options.expand {
        usize::MAX
    } else {
        MOST_ROWS
    };
    for (entry, hidden) in shown.iter().take(most) {
        let mut lines = row(entry, *hidden, column, context, page);
        for line in &mut lines {
            line.path = Some(entry.path.clone());
        }
        out.append(&mut lines);
    }
    if shown.len() > most {
        let text = format!(
            "{} {} more rows, enter opens",
            page.ellipsis(),
            count(shown.len() - most)
        );
        out.push(page.line(vec![space(SIGN), Piece::new(text, Role::Dim)]));
    }
    if !folded.is_empty() {
        let names: Vec<&str> = folded.iter().map(|entry| entry.label.as_str()).collect();
        let label = [space(SIGN), Piece::new("known after apply: ", Role::Dim)];
        out.extend(page.wrapped(&label, vec![Piece::foreign(&names.join(", "), Role::Text)]));
    }
    out
}

/// `attributes 5 changed, 61 unchanged (. shows them)`
fn heading(entries: &[Entry], all: bool, page: &Page) -> Vec<DetailLine> {
    let top = || entries.iter().filter(|entry| entry.depth == 0);
    if entries.iter().all(|entry| entry.label.is_empty()) && !entries.is_empty() {
        return vec![page.line(vec![Piece::new("value", Role::Strong)])];
    }
    let number = |kinds: &[Kind]| top().filter(|entry| kinds.contains(&entry.kind)).count();
    let counts = [
        (number(&[Kind::Added]), "added"),
        (number(&[Kind::Removed]), "removed"),
        (
            number(&[Kind::Changed, Kind::Reordered, Kind::Sensitivity]),
            "changed",
        ),
        (number(&[Kind::Unknown]), "known after apply"),
        (number(&[Kind::Unchanged]), "unchanged"),
        (number(&[Kind::Unset]), "unset"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", count(*n)))
        .collect();
    let mut pieces = vec![Piece::new("attributes ", Role::Strong)];
    let text = if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    };
    pieces.push(Piece::new(text, Role::Dim));
    if number(&[Kind::Unchanged, Kind::Unset]) > 0 {
        let says = if all { " hides them)" } else { " shows them)" };
        pieces.extend([
            Piece::new(" (", Role::Dim),
            Piece::new(".", Role::Key),
            Piece::new(says, Role::Dim),
        ]);
    }
    page.wrapped(&[], pieces)
}

/// Whether a row is told in the one line of what is known only after apply.
///
/// A replaced object gets a new id and address as a matter of course. What a finding speaks of, what forces the
/// replacement, and a value that an update takes away is a row of its own.
fn folds(entry: &Entry, judged: &Judged) -> bool {
    let named = judged
        .findings
        .iter()
        .filter_map(|finding| finding.path.as_deref())
        .any(|path| is_at_or_above(&entry.path, path));
    let lost = !matches!(entry.old, Side::Absent | Side::Null) && !judged.effect.action.replaces();
    entry.kind == Kind::Unknown
        && entry.depth == 0
        && !entry.label.is_empty()
        && !entry.forces_replacement
        && !named
        && !lost
}

/// The rows that get lines, each with the number of its direct members that get none.
fn shown<'e>(
    entries: &'e [Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
) -> Vec<(&'e Entry, usize)> {
    let options = context.options;
    let quiet = |entry: &Entry| entry.kind.is_quiet() && !entry.forces_replacement;
    let mut shown: Vec<(&Entry, usize)> = Vec::new();
    // For each depth, the position in `shown` of the container that is open there.
    let mut open: Vec<usize> = Vec::new();
    let mut skip_below: Option<usize> = None;
    for (i, entry) in entries.iter().enumerate() {
        open.truncate(entry.depth);
        if skip_below.is_some_and(|depth| entry.depth > depth) {
            continue;
        }
        skip_below = None;
        let below = entries[i + 1..]
            .iter()
            .take_while(|next| next.depth > entry.depth);
        let hides = (quiet(entry)
            && !options.unchanged
            && !below.clone().any(|next| next.forces_replacement))
            || (!options.expand && folds(entry, judged));
        if hides {
            skip_below = Some(entry.depth);
            if let Some((_, hidden)) = entry
                .depth
                .checked_sub(1)
                .and_then(|d| open.get(d))
                .and_then(|&at| shown.get_mut(at))
            {
                *hidden += 1;
            }
            continue;
        }
        open.push(shown.len());
        shown.push((entry, 0));
    }
    shown
}

fn indent(entry: &Entry) -> usize {
    // Deep rows keep room for their values; the label says where they are.
    2 * entry.depth.min(12)
}

/// Where values begin: behind the longest label, but not beyond two fifths of the width.
fn column(shown: &[(&Entry, usize)], page: &Page) -> usize {
    let widest = (page.width * 2 / 5).max(12);
    shown
        .iter()
        .map(|(entry, _)| SIGN + indent(entry) + width(&crate::text::visible(&entry.label)) + 2)
        .filter(|&end| end <= widest)
        .max()
        .unwrap_or(SIGN)
}

fn sign(kind: Kind) -> Piece {
    match kind {
        Kind::Added => Piece::new("+ ", Role::Added),
        Kind::Removed => Piece::new("- ", Role::Removed),
        Kind::Changed | Kind::Reordered | Kind::Unknown | Kind::Sensitivity => {
            Piece::new("~ ", Role::Changed)
        }
        Kind::Unchanged | Kind::Unset => Piece::new("  ", Role::Text),
    }
}

fn row(
    entry: &Entry,
    hidden: usize,
    column: usize,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let new_unknown = entry.kind == Kind::Unknown && matches!(entry.old, Side::Absent | Side::Null);
    let sign = if new_unknown {
        Piece::new("+ ", Role::Added)
    } else {
        sign(entry.kind)
    };
    let role = if entry.kind.is_quiet() {
        Role::Dim
    } else {
        Role::Text
    };
    let mut label = vec![
        space(indent(entry)),
        sign,
        Piece::foreign(&entry.label, role),
    ];
    let mut value = value::of(entry, hidden, context, page);
    if entry.forces_replacement {
        value
            .remarks
            .push(Piece::new("# forces replacement", Role::Alarm));
    }
    let mut out = Vec::new();
    let used = pieces_width(&label);
    if value.is_empty() {
        out.push(page.line(label));
    } else if used + 2 <= column {
        label.push(space(column - used));
        out.extend(set(label, value, context, page));
    } else if used + 2 + value.width() <= page.width {
        label.push(space(2));
        out.extend(set(label, value, context, page));
    } else {
        // The name is never cut to make room for the value: it stands in a line of its own, or in several.
        out.extend(page.wrapped(&[], label));
        let under = column.max(SIGN + indent(entry) + 2).min(page.width / 2);
        out.extend(set(vec![space(under)], value, context, page));
    }
    if let Some(document) = &entry.document {
        out.extend(document::lines(
            document,
            indent(entry) + SIGN,
            context,
            page,
        ));
    }
    out
}

/// Sets a value behind its label: in one line, else old and new in a line each, wrapped or cut.
fn set(
    label: Vec<Piece>,
    value: Value,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let at = pieces_width(&label);
    let room = page.width.saturating_sub(at);
    if value.width() <= room {
        return vec![page.line([label, value.in_one_line(page)].concat())];
    }
    let mut out = Vec::new();
    let mut lead = label;
    for part in value.in_parts(page) {
        if context.options.wrap || context.options.expand {
            out.extend(page.wrapped(&lead, part.pieces));
        } else {
            let cut = value::shorten(part.pieces, part.characters, room, page);
            out.push(page.line([lead, cut].concat()));
        }
        lead = vec![space(at)];
    }
    out
}

/// A label for a folded or hidden number of things.
pub(super) fn more(page: &Page, n: usize, what: &str) -> Piece {
    let text = format!("{} {} {what}", page.ellipsis(), count(n));
    Piece::new(cut(&text, page.width, "").into_owned(), Role::Dim)
}

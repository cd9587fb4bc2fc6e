//! The attribute rows: one line where it fits, aligned in a column, with everything left out counted.

use super::fold::{Fold, Shown, fold, shown};
use super::layout::{Page, pieces_width, space};
use super::value::{self, Value};
use super::{Arrangement, DetailContext, DetailLine, columns, document};
use crate::diff::{Entry, Kind, Side};
use crate::plan::effect;
use crate::risk::Judged;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, width};

/// The room of a sign and its gap.
const SIGN: usize = 2;
/// A value that fits into so many lines is not cut.
pub(super) const LINES_BEFORE_CUT: usize = 3;
/// Names that are told together take so many lines, as a rule.
const LINES_OF_NAMES: usize = 3;
/// More rows than this are counted unless all are asked for.
const MOST_ROWS: usize = 400;

pub(super) fn lines(
    entries: &[Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let rows = shown(entries, judged, context);
    let column = column(&rows, page);
    let mut out = heading(entries, judged, context, page);
    let all = rows.len();
    let most = if context.options.expand {
        all
    } else {
        MOST_ROWS.min(all)
    };
    for shown in &rows[..most] {
        out.append(&mut told(*shown, column, context, page));
    }
    if most < all {
        out.push(page.line(vec![
            space(SIGN),
            more(page, all - most, "more rows, enter opens"),
        ]));
    }
    for kind in Fold::ALL {
        out.extend(together(kind, entries, judged, context, page));
    }
    out
}

/// A line for every entry, without a heading.
pub(super) fn all(entries: &[Entry], context: &DetailContext<'_>, page: &Page) -> Vec<DetailLine> {
    let rows: Vec<Shown<'_>> = entries
        .iter()
        .map(|entry| Shown { entry, hidden: 0 })
        .collect();
    let column = column(&rows, page);
    rows.into_iter()
        .flat_map(|shown| told(shown, column, context, page))
        .collect()
}

/// The lines of a row, each with the path it belongs to.
fn told(
    shown: Shown<'_>,
    column: usize,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let mut lines = row(shown, column, context, page);
    for line in &mut lines {
        line.path = Some(shown.entry.path.clone());
    }
    lines
}

/// `known after apply: id, arn, endpoint`
fn together(
    kind: Fold,
    entries: &[Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let name = |entry: &Entry| match entry.new {
        Side::Unknown { secret: true } => format!("{} (sensitive)", entry.label),
        _ => entry.label.clone(),
    };
    let names: Vec<String> = entries
        .iter()
        .filter(|entry| !context.options.expand && fold(entry, judged) == Some(kind))
        .map(name)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let title = kind.title(judged.effect.action);
    let room = LINES_OF_NAMES * page.width.saturating_sub(SIGN);
    let told = few(&names, room.saturating_sub(width(title)));
    let mut body = vec![
        Piece::new(title, Role::Dim),
        Piece::foreign(&names[..told].join(", "), Role::Text),
    ];
    if told < names.len() {
        body.push(Piece::new(", ", Role::Dim));
        body.push(more(page, names.len() - told, "more, enter shows them"));
    }
    page.wrapped(&[space(SIGN)], body)
}

/// How many names fit into `room` columns with the words that count the others; at least one.
fn few(names: &[String], room: usize) -> usize {
    /// What the count and a broken line or two take.
    const SPARED: usize = 44;
    let mut used = 0;
    let fits = |name: &&String| {
        used += width(name) + 2;
        used <= room
    };
    let all = names.iter().take_while(fits).count();
    if all == names.len() {
        return all;
    }
    let mut used = SPARED;
    let fits = |name: &&String| {
        used += width(name) + 2;
        used <= room
    };
    names.iter().take_while(fits).count().max(1)
}

/// `attributes 5 changed, 61 unchanged (. shows them)`
fn heading(
    entries: &[Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let title = match judged.effect.kind {
        effect::Kind::Output => "value ",
        effect::Kind::Invocation => "given ",
        effect::Kind::Plan
        | effect::Kind::Change
        | effect::Kind::Deferred
        | effect::Kind::Provisioner
        | effect::Kind::Drift
        | effect::Kind::Check
        | effect::Kind::UnknownKey => "attributes ",
    };
    let mut pieces = vec![Piece::new(title, Role::Strong)];
    let number = |kinds: &[Kind]| {
        let top = entries.iter().filter(|entry| entry.depth == 0);
        top.filter(|entry| kinds.contains(&entry.kind))
            .filter(|entry| fold(entry, judged) != Some(Fold::Empty))
            .count()
    };
    let empty = entries
        .iter()
        .filter(|entry| fold(entry, judged) == Some(Fold::Empty))
        .count();
    let counts = [
        (number(&[Kind::Added]), "added"),
        (number(&[Kind::Removed]), "removed"),
        (
            number(&[Kind::Changed, Kind::Reordered, Kind::Sensitivity]),
            "changed",
        ),
        (number(&[Kind::Unknown]), "known after apply"),
        (empty, "empty"),
        (number(&[Kind::Unchanged]), "unchanged"),
        (number(&[Kind::Unset]), "unset"),
    ];
    let words: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{} {word}", count(*n)))
        .collect();
    let single = entries.iter().any(|entry| entry.label.is_empty());
    if !single {
        let text = if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        };
        pieces.push(Piece::new(text, Role::Dim));
    }
    if !single && number(&[Kind::Unchanged, Kind::Unset]) > 0 {
        let says = if context.options.unchanged {
            " hides them)"
        } else {
            " shows them)"
        };
        let fits = pieces_width(&pieces) + 3 + width(says) <= page.width;
        let says = if fits { says } else { ")" };
        pieces.extend([
            Piece::new(" (", Role::Dim),
            Piece::new(".", Role::Key),
            Piece::new(says, Role::Dim),
        ]);
    }
    page.wrapped(&[], pieces)
}

fn indent(entry: &Entry) -> usize {
    // Deep rows keep room for their values; the label says where they are.
    2 * entry.depth.min(12)
}

/// Where values begin: behind the longest label, but not beyond half of the width.
fn column(rows: &[Shown<'_>], page: &Page) -> usize {
    let widest = (page.width / 2).max(12);
    rows.iter()
        .filter(|shown| !shown.entry.label.is_empty())
        .map(|shown| {
            SIGN + indent(shown.entry) + width(&crate::text::visible(&shown.entry.label)) + 2
        })
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
    shown: Shown<'_>,
    column: usize,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let entry = shown.entry;
    let appears = entry.kind == Kind::Unknown && matches!(entry.old, Side::Absent | Side::Null);
    let sign = if appears {
        sign(Kind::Added)
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
    let mut value = value::of(entry, shown.hidden, context, page);
    if entry.forces_replacement {
        value
            .remarks
            .insert(0, Piece::new("# forces replacement", Role::Alarm));
    }
    let mut out = Vec::new();
    let used = pieces_width(&label);
    let gap = if entry.label.is_empty() { 0 } else { 2 };
    if value.is_empty() && entry.label.is_empty() {
        // The one value of an output is a container: its members say everything.
    } else if value.is_empty() {
        out.push(page.line(label));
    } else if used + gap <= column || used + gap + value.width() <= page.width {
        label.push(space(column.saturating_sub(used).max(gap)));
        out.extend(set(label, value, context, page));
    } else {
        // The name is never cut to make room for the value: it stands in a line of its own, or in several.
        out.extend(page.wrapped(&[], label));
        let under = column.max(SIGN + indent(entry) + 2).min(page.width / 2);
        out.extend(set(vec![space(under)], value, context, page));
    }
    if let Some(document) = &entry.document {
        let indent = indent(entry) + SIGN;
        let columns = context.options.arrangement == Arrangement::Columns;
        out.extend(if columns && columns::fit(indent, page) {
            columns::document(document, indent, page)
        } else {
            document::lines(document, indent, context, page)
        });
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
    let both = value.old.is_some() && value.new.is_some();
    let apart = both && context.options.arrangement != Arrangement::OneLine;
    if apart && context.options.arrangement == Arrangement::Columns && columns::fit(at, page) {
        return columns::value(label, value, context, page);
    }
    if value.width() <= room && !apart {
        return vec![page.line([label, value.in_one_line(page)].concat())];
    }
    let mut out = Vec::new();
    let mut lead = label;
    for part in value.in_parts(room, apart, page) {
        let whole = context.options.wrap || context.options.expand;
        if whole || pieces_width(&part.pieces) <= LINES_BEFORE_CUT * room {
            out.extend(page.wrapped(&lead, part.pieces));
        } else {
            let cut = value::shorten(part.pieces, part.characters, room, page);
            out.push(page.line([lead, cut].concat()));
        }
        lead = vec![space(at)];
    }
    out
}

/// `… 12 unchanged lines`
pub(super) fn more(page: &Page, n: usize, what: &str) -> Piece {
    Piece::new(
        format!("{} {} {what}", page.ellipsis(), count(n)),
        Role::Dim,
    )
}

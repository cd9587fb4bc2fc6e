//! How the value of one row is written: old and new, what differs marked, what may not be shown named.

use super::DetailContext;
use super::layout::{Page, clip, pieces_width, space};
use crate::diff::secrets::NOT_YET;
use crate::diff::text::{Span, words};
use crate::diff::{Entry, Kind, Side};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, tail, width};

/// Characters of a long value that are looked at unless all is asked for.
const MOST_CHARACTERS: usize = 2_000;
/// Columns kept before the first difference of a value that is too long for its line.
const LEAD: usize = 12;

/// Columns between a value and a remark.
const REMARK_GAP: usize = 3;

/// One side, ready to be set.
pub(super) struct Part {
    pub pieces: Vec<Piece>,
    /// How long the whole value is, however much of it the pieces hold.
    pub characters: usize,
}

impl Part {
    /// A part that no cut will need to count.
    fn short(pieces: Vec<Piece>) -> Self {
        Part {
            pieces,
            characters: 0,
        }
    }
}

/// What stands behind a label.
#[derive(Default)]
pub(super) struct Value {
    pub old: Option<Part>,
    pub new: Option<Part>,
    pub remarks: Vec<Piece>,
}

impl Value {
    pub fn is_empty(&self) -> bool {
        self.old.is_none() && self.new.is_none() && self.remarks.is_empty()
    }

    /// The columns it takes in one line.
    pub fn width(&self) -> usize {
        let remarks: usize = self
            .remarks
            .iter()
            .map(|piece| width(&piece.text) + REMARK_GAP)
            .sum();
        self.sides_width() + remarks
    }

    fn sides_width(&self) -> usize {
        let sides = [&self.old, &self.new];
        let sides = sides.iter().filter_map(|side| side.as_ref());
        let arrow = if self.old.is_some() && self.new.is_some() {
            4
        } else {
            0
        };
        sides.map(|part| pieces_width(&part.pieces)).sum::<usize>() + arrow
    }

    pub fn in_one_line(self, page: &Page) -> Vec<Piece> {
        let mut out = sides(self.old, self.new, page);
        for remark in self.remarks {
            if !out.is_empty() {
                out.push(space(REMARK_GAP));
            }
            out.push(remark);
        }
        out
    }

    /// The parts that get a line each where one line of `room` is too short.
    pub fn in_parts(self, room: usize, apart: bool, page: &Page) -> Vec<Part> {
        let fits = self.sides_width() <= room && !apart;
        let mut remarks: Vec<Part> = self
            .remarks
            .into_iter()
            .map(|remark| Part::short(vec![remark]))
            .collect();
        let mut out = Vec::new();
        if self.old.is_none() && self.new.is_none() {
            out.append(&mut remarks);
        } else if fits {
            out.push(Part::short(sides(self.old, self.new, page)));
            out.append(&mut remarks);
        } else {
            // Long values come last, so that none of them pushes a remark out of sight.
            out.append(&mut remarks);
            let both = self.old.is_some();
            out.extend(self.old);
            out.extend(self.new.map(|mut part| {
                if both {
                    part.pieces
                        .insert(0, Piece::new(format!("{} ", page.arrow()), Role::Dim));
                }
                part
            }));
        }
        out
    }
}

fn sides(old: Option<Part>, new: Option<Part>, page: &Page) -> Vec<Piece> {
    let both = old.is_some() && new.is_some();
    let mut out: Vec<Piece> = old.into_iter().flat_map(|part| part.pieces).collect();
    if both {
        out.push(Piece::new(format!(" {} ", page.arrow()), Role::Dim));
    }
    out.extend(new.into_iter().flat_map(|part| part.pieces));
    out
}

/// The value of a row; `hidden` of its members get no line.
pub(super) fn of(entry: &Entry, hidden: usize, context: &DetailContext<'_>, page: &Page) -> Value {
    let mut value = Value::default();
    let one = |side: &Side, other: &Side, role| side_alone(side, other, role, context);
    if let Some(document) = &entry.document {
        value
            .remarks
            .push(Piece::foreign(&document.title, Role::Dim));
    } else {
        match entry.kind {
            Kind::Added => value.new = one(&entry.new, &Side::Absent, Role::Added),
            Kind::Removed => value.old = one(&entry.old, &Side::Absent, Role::Removed),
            Kind::Unchanged | Kind::Unset if entry.new == Side::Absent => {
                value.old = one(&entry.old, &Side::Absent, Role::Dim);
            }
            Kind::Unchanged | Kind::Unset => value.new = one(&entry.new, &Side::Absent, Role::Dim),
            Kind::Sensitivity => value.new = one(&entry.new, &entry.old, Role::Text),
            Kind::Reordered => {}
            Kind::Unknown => {
                value.new = one(&entry.new, &entry.old, Role::Warn);
                if !matches!(entry.old, Side::Absent | Side::Null) {
                    value.old = one(&entry.old, &entry.new, Role::Removed);
                }
            }
            Kind::Changed => (value.old, value.new) = changed(&entry.old, &entry.new, context),
        }
    }
    if let Some(note) = &entry.note {
        value.remarks.push(Piece::foreign(note, Role::Dim));
    }
    if hidden > 0 {
        let what = match entry.kind {
            Kind::Added | Kind::Removed => "unset",
            Kind::Changed
            | Kind::Reordered
            | Kind::Unknown
            | Kind::Sensitivity
            | Kind::Unchanged
            | Kind::Unset => "unchanged",
        };
        value.remarks.push(Piece::new(
            format!("{} {} {}", page.ellipsis(), count(hidden), what),
            Role::Dim,
        ));
    }
    value
}

fn changed(old: &Side, new: &Side, context: &DetailContext<'_>) -> (Option<Part>, Option<Part>) {
    match (old, new) {
        (Side::Secret, Side::Secret) => (
            Some(ours("(sensitive)")),
            Some(ours("(sensitive, changed)")),
        ),
        (Side::NotYet, Side::NotYet) => (None, Some(ours("(another text, not shown yet)"))),
        (Side::Text(left), Side::Text(right)) => {
            let (left_words, right_words) = words(left, right);
            (
                Some(marked(
                    left,
                    &left_words,
                    Role::Removed,
                    Role::RemovedPart,
                    context,
                )),
                Some(marked(
                    right,
                    &right_words,
                    Role::Added,
                    Role::AddedPart,
                    context,
                )),
            )
        }
        (Side::Members(_) | Side::Elements(_), Side::Members(_) | Side::Elements(_)) => {
            (None, None)
        }
        _ => (
            side_alone(old, new, Role::Removed, context),
            side_alone(new, old, Role::Added, context),
        ),
    }
}

fn ours(text: &str) -> Part {
    Part::short(vec![Piece::new(text, Role::Text)])
}

/// A side without marks inside. `None` where its members follow, or where there is nothing.
fn side_alone(side: &Side, other: &Side, role: Role, context: &DetailContext<'_>) -> Option<Part> {
    match side {
        Side::Absent | Side::Members(_) | Side::Elements(_) => None,
        Side::Null => Some(Part::short(vec![Piece::new("null", role)])),
        Side::Secret => Some(ours("(sensitive)")),
        Side::NotYet => Some(ours(NOT_YET)),
        Side::Unknown { secret: false } => Some(ours("(known after apply)")),
        Side::Unknown { secret: true } => Some(ours("(known after apply, sensitive)")),
        Side::Literal(text) => Some(plain(text, role, false, context)),
        Side::Text(text) => {
            let quote = must_quote(text) || matches!(other, Side::Literal(_) | Side::Null);
            Some(plain(text, role, quote, context))
        }
    }
}

/// Whether a bare text could be taken for something else: for nothing, for another type, or for words of ours.
fn must_quote(text: &str) -> bool {
    text.is_empty()
        || text.trim() != text
        || text.starts_with(['"', '('])
        || matches!(text, "null" | "true" | "false" | "[]" | "{}")
}

fn plain(text: &str, role: Role, quote: bool, context: &DetailContext<'_>) -> Part {
    let characters = text.chars().count();
    let text = beginning(text, context);
    let shown = if quote {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    };
    Part {
        pieces: vec![Piece::foreign(&shown, role)],
        characters,
    }
}

fn marked(text: &str, spans: &[Span], role: Role, part: Role, context: &DetailContext<'_>) -> Part {
    if spans.len() <= 1 {
        return plain(text, role, must_quote(text), context);
    }
    let quote = Piece::new("\"", role);
    let mut pieces: Vec<Piece> = spans
        .iter()
        .map(|span| Piece::foreign(&span.text, if span.differs { part } else { role }))
        .collect();
    if must_quote(text) {
        pieces.insert(0, quote.clone());
        pieces.push(quote);
    }
    Part {
        pieces,
        characters: text.chars().count(),
    }
}

/// As much of a text as is worth measuring.
fn beginning<'t>(text: &'t str, context: &DetailContext<'_>) -> &'t str {
    if context.options.expand {
        return text;
    }
    let end = text
        .char_indices()
        .nth(MOST_CHARACTERS)
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Pieces in `room` columns. A cut says how long the value is, and begins near the first difference.
pub(super) fn shorten(
    pieces: Vec<Piece>,
    characters: usize,
    room: usize,
    page: &Page,
) -> Vec<Piece> {
    if pieces_width(&pieces) <= room {
        return pieces;
    }
    let mark = page.ellipsis();
    let suffix = [
        format!("{mark} {} characters, enter opens", count(characters)),
        format!("{mark} {} characters", count(characters)),
        format!("{mark} {}", count(characters)),
    ]
    .into_iter()
    .find(|suffix| characters > 0 && width(suffix) * 2 <= room)
    .unwrap_or_else(|| mark.to_owned());
    let room = room.saturating_sub(width(&suffix));
    let mut out = clip(near_difference(pieces, room, mark), room, "");
    out.push(Piece::new(suffix, Role::Dim));
    out
}

/// Leaves out the beginning if the first difference would not be seen otherwise.
fn near_difference(pieces: Vec<Piece>, room: usize, mark: &str) -> Vec<Piece> {
    let differs = |piece: &Piece| matches!(piece.role, Role::AddedPart | Role::RemovedPart);
    let Some(first) = pieces.iter().position(differs) else {
        return pieces;
    };
    let before: usize = pieces[..first].iter().map(|piece| width(&piece.text)).sum();
    if before * 3 <= room * 2 || first == 0 {
        return pieces;
    }
    // An arrow in front of a new value stays.
    let arrow = usize::from(pieces[0].role == Role::Dim);
    let lead = Piece::new(
        format!(
            "{mark}{}",
            tail(&pieces[first - 1].text, LEAD.min(room / 3))
        ),
        pieces[first - 1].role,
    );
    let mut out: Vec<Piece> = pieces[..arrow.min(first)].to_vec();
    out.push(lead);
    out.extend_from_slice(&pieces[first..]);
    out
}

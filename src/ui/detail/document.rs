//! A text line by line, with line numbers and the words that differ marked.

use super::layout::{Page, pieces_width, space};
use super::{DetailContext, DetailLine, rows, value};
use crate::diff::Document;
use crate::diff::text::{Line, Span};
use crate::ui::theme::{Piece, Role};

/// More lines than this are counted unless all are asked for.
const MOST_LINES: usize = 24;
/// Fewer lines than this are not worth the line that counts them.
const SPARED: usize = 3;

pub(super) fn lines(
    document: &Document,
    indent: usize,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let all = document.lines.len();
    let most = if context.options.expand || all <= MOST_LINES + SPARED {
        all
    } else {
        MOST_LINES
    };
    let digits = digits(document);
    let mut out = Vec::new();
    for line in &document.lines[..most] {
        if let Line::Folded(n) = line {
            let what = if *n == 1 {
                "unchanged line"
            } else {
                "unchanged lines"
            };
            out.push(page.line(vec![space(indent + 2), rows::more(page, *n, what)]));
        }
        let Some(Parts { sign, number, body }) = parts(line) else {
            continue;
        };
        let number = Piece::new(format!("{number:>digits$}  "), Role::Dim);
        let lead = vec![space(indent), sign, number];
        let room = page.width.saturating_sub(pieces_width(&lead));
        let whole = context.options.wrap || context.options.expand;
        if whole || pieces_width(&body) <= rows::LINES_BEFORE_CUT * room {
            // What goes on in the next line stays under its own beginning, not under the numbers.
            let (set_in, body) = set_in(body, room / 2);
            out.extend(page.wrapped(&[lead, vec![set_in]].concat(), body));
        } else {
            let characters = body.iter().map(|piece| piece.text.chars().count()).sum();
            out.push(page.line([lead, value::shorten(body, characters, room, page)].concat()));
        }
    }
    if most < all {
        out.push(page.line(vec![
            space(indent + 2),
            rows::more(page, all - most, "more lines, enter opens"),
        ]));
    }
    out
}

/// Parts the blanks at the beginning of a line from the rest of it, as many as leave room for that.
fn set_in(mut body: Vec<Piece>, most: usize) -> (Piece, Vec<Piece>) {
    let Some(first) = body.first_mut() else {
        return (space(0), body);
    };
    let blanks = first.text.len() - first.text.trim_start_matches(' ').len();
    let blanks = if first.text.len() == blanks {
        0
    } else {
        blanks.min(most)
    };
    let rest = first.text.split_off(blanks);
    let blank = Piece::new(std::mem::replace(&mut first.text, rest), first.role);
    (blank, body)
}

/// What a line is made of.
pub(super) struct Parts {
    pub sign: Piece,
    pub number: String,
    pub body: Vec<Piece>,
}

/// The parts of a line; `None` where lines are folded.
pub(super) fn parts(line: &Line) -> Option<Parts> {
    let body = |spans: &[Span], role, part| -> Vec<Piece> {
        let piece =
            |span: &Span| Piece::foreign(&span.text, if span.differs { part } else { role });
        spans.iter().map(piece).collect()
    };
    Some(match line {
        Line::Same(n, text) => Parts {
            sign: Piece::new("  ", Role::Text),
            number: n.to_string(),
            body: vec![Piece::foreign(text, Role::Dim)],
        },
        Line::Removed(n, spans) => Parts {
            sign: Piece::new("- ", Role::Removed),
            number: n.to_string(),
            body: body(spans, Role::Removed, Role::RemovedPart),
        },
        Line::Added(n, spans) => Parts {
            sign: Piece::new("+ ", Role::Added),
            number: n.to_string(),
            body: body(spans, Role::Added, Role::AddedPart),
        },
        Line::Folded(_) => return None,
    })
}

/// Digits of the highest line number.
pub(super) fn digits(document: &Document) -> usize {
    let highest = document.lines.iter().map(number).max();
    highest.unwrap_or(0).to_string().len()
}

fn number(line: &Line) -> usize {
    match line {
        Line::Same(n, _) | Line::Removed(n, _) | Line::Added(n, _) => *n,
        Line::Folded(_) => 0,
    }
}

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
    let digits = document
        .lines
        .iter()
        .map(number)
        .max()
        .unwrap_or(0)
        .to_string()
        .len();
    let mut out = Vec::new();
    for line in &document.lines[..most] {
        let (sign, shown, spans, role, part) = match line {
            Line::Same(n, text) => (
                Piece::new("  ", Role::Text),
                n.to_string(),
                vec![Span {
                    text: text.clone(),
                    differs: false,
                }],
                Role::Dim,
                Role::Dim,
            ),
            Line::Removed(n, spans) => (
                Piece::new("- ", Role::Removed),
                n.to_string(),
                spans.clone(),
                Role::Removed,
                Role::RemovedPart,
            ),
            Line::Added(n, spans) => (
                Piece::new("+ ", Role::Added),
                n.to_string(),
                spans.clone(),
                Role::Added,
                Role::AddedPart,
            ),
            Line::Folded(n) => {
                let what = if *n == 1 {
                    "unchanged line"
                } else {
                    "unchanged lines"
                };
                out.push(page.line(vec![space(indent + 2), rows::more(page, *n, what)]));
                continue;
            }
        };
        let number = Piece::new(format!("{shown:>digits$}  "), Role::Dim);
        let body: Vec<Piece> = spans
            .iter()
            .map(|span| Piece::foreign(&span.text, if span.differs { part } else { role }))
            .collect();
        let lead = vec![space(indent), sign, number];
        let room = page.width.saturating_sub(pieces_width(&lead));
        let whole = context.options.wrap || context.options.expand;
        if whole || pieces_width(&body) <= rows::LINES_BEFORE_CUT * room {
            out.extend(page.wrapped(&lead, body));
        } else {
            let characters = spans.iter().map(|span| span.text.chars().count()).sum();
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

fn number(line: &Line) -> usize {
    match line {
        Line::Same(n, _) | Line::Removed(n, _) | Line::Added(n, _) => *n,
        Line::Folded(_) => 0,
    }
}

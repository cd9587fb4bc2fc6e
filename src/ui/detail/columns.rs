//! Before and after side by side.

use super::layout::{Page, break_lines, pieces_width, space};
use super::value::{Part, Value, shorten};
use super::{DetailContext, DetailLine, document, rows};
use crate::diff::Document;
use crate::diff::text::Line;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{pad, width};

/// Columns between the two.
const GAP: usize = 3;
/// Each side has at least so many columns; where there are fewer they stand one under the other.
const LEAST: usize = 16;

/// Whether two sides have room behind `used` columns.
pub(super) fn fit(used: usize, page: &Page) -> bool {
    half(used, page) >= LEAST
}

fn half(used: usize, page: &Page) -> usize {
    page.width.saturating_sub(used + GAP) / 2
}

/// A value behind its label; a remark that finds no room beside it comes first, so that it is not pushed out of sight.
pub(super) fn value(
    label: Vec<Piece>,
    value: Value,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let at = pieces_width(&label);
    let half = half(at, page);
    let whole = context.options.wrap || context.options.expand;
    let cell = |part: Option<Part>| match part {
        None => Vec::new(),
        Some(part) if whole || pieces_width(&part.pieces) <= rows::LINES_BEFORE_CUT * half => {
            part.pieces
        }
        Some(part) => shorten(part.pieces, part.characters, half, page),
    };
    let (left, mut right) = (cell(value.old), cell(value.new));
    let mut lead = label;
    let mut out = Vec::new();
    for remark in value.remarks {
        if pieces_width(&right) + GAP + width(&remark.text) <= half {
            right.extend([space(GAP), remark]);
            continue;
        }
        lead.push(remark);
        out.push(page.line(lead));
        lead = vec![space(at)];
    }
    out.extend(beside(lead, left, right, page));
    out
}

/// Two sides behind `lead`, as many lines as the longer one takes.
pub(super) fn beside(
    lead: Vec<Piece>,
    left: Vec<Piece>,
    right: Vec<Piece>,
    page: &Page,
) -> Vec<DetailLine> {
    let used = pieces_width(&lead);
    let half = half(used, page);
    let (left, right) = (break_lines(left, half), break_lines(right, half));
    let mut lead = Some(lead);
    (0..left.len().max(right.len()))
        .map(|i| {
            let mut pieces = lead.take().unwrap_or_else(|| vec![space(used)]);
            let cell = left.get(i).cloned().unwrap_or_default();
            let filled = pieces_width(&cell);
            pieces.extend(cell);
            pieces.push(space(half.saturating_sub(filled)));
            pieces.push(Piece::new(page.rule(), Role::Dim));
            pieces.extend(right.get(i).cloned().unwrap_or_default());
            page.line(pieces)
        })
        .collect()
}

/// A text whose lines stand side by side: what was removed beside what came for it.
pub(super) fn document(document: &Document, indent: usize, page: &Page) -> Vec<DetailLine> {
    let digits = document::digits(document);
    let cell = |line: Option<&&Line>| -> Vec<Piece> {
        let Some(parts) = line.and_then(|line| document::parts(line)) else {
            return Vec::new();
        };
        let number = pad(&parts.number, digits, "");
        let mut pieces = vec![parts.sign, Piece::new(format!("{number}  "), Role::Dim)];
        pieces.extend(parts.body);
        pieces
    };
    let mut out = Vec::new();
    let (mut removed, mut added): (Vec<&Line>, Vec<&Line>) = (Vec::new(), Vec::new());
    let flush = |removed: &mut Vec<&Line>, added: &mut Vec<&Line>, out: &mut Vec<DetailLine>| {
        for i in 0..removed.len().max(added.len()) {
            let (left, right) = (cell(removed.get(i)), cell(added.get(i)));
            out.extend(beside(vec![space(indent)], left, right, page));
        }
        removed.clear();
        added.clear();
    };
    for line in &document.lines {
        match line {
            Line::Removed(..) => {
                if !added.is_empty() {
                    flush(&mut removed, &mut added, &mut out);
                }
                removed.push(line);
            }
            Line::Added(..) => added.push(line),
            Line::Same(..) => {
                flush(&mut removed, &mut added, &mut out);
                let both = cell(Some(&line));
                out.extend(beside(vec![space(indent)], both.clone(), both, page));
            }
            Line::Folded(n) => {
                flush(&mut removed, &mut added, &mut out);
                let words = if *n == 1 {
                    "unchanged line"
                } else {
                    "unchanged lines"
                };
                out.push(page.line(vec![space(indent + 2), rows::more(page, *n, words)]));
            }
        }
    }
    flush(&mut removed, &mut added, &mut out);
    out
}

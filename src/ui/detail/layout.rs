//! Pieces of text set into lines of a width.

use super::DetailLine;
use crate::ui::theme::{Piece, Role, Theme};
use crate::ui::width::{cut, split, width, words};

/// A body narrower than this starts on a line of its own.
const LEAST_BODY: usize = 12;

/// The width of the pane and the marks that may be drawn in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub width: usize,
    theme: Theme,
}

impl Page {
    pub fn new(width: u16, theme: Theme) -> Self {
        Page {
            width: usize::from(width),
            theme,
        }
    }

    /// Stands where something is left out.
    pub fn ellipsis(&self) -> &'static str {
        self.theme.glyph("…", "...")
    }

    /// Stands between old and new.
    pub fn arrow(&self) -> &'static str {
        self.theme.glyph("→", "->")
    }

    /// Stands between two columns.
    pub fn rule(&self) -> &'static str {
        self.theme.glyph(" │ ", " | ")
    }

    /// One line; what does not fit is cut.
    pub fn line(&self, pieces: Vec<Piece>) -> DetailLine {
        DetailLine {
            pieces: clip(pieces, self.width, self.ellipsis()),
            path: None,
        }
    }

    /// `label`, and `body` beside it in as many lines as it takes, broken at spaces where there are any.
    pub fn wrapped(&self, label: &[Piece], body: Vec<Piece>) -> Vec<DetailLine> {
        let mut indent: usize = label.iter().map(|piece| width(&piece.text)).sum();
        let mut lines = Vec::new();
        let mut current = label.to_vec();
        if self.width < indent + LEAST_BODY && indent > 0 {
            lines.push(self.line(std::mem::take(&mut current)));
            indent = 2.min(self.width / 4);
            current.push(space(indent));
        }
        let room = self.width.saturating_sub(indent);
        for (i, part) in break_lines(body, room).into_iter().enumerate() {
            if i > 0 {
                current = vec![space(indent)];
            }
            current.extend(part);
            lines.push(self.line(std::mem::take(&mut current)));
        }
        lines
    }
}

pub(super) fn space(columns: usize) -> Piece {
    Piece::new(" ".repeat(columns), Role::Text)
}

pub(super) fn pieces_width(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| width(&piece.text)).sum()
}

/// The pieces in at most `columns`; a cut ends in `mark`.
pub(super) fn clip(pieces: Vec<Piece>, columns: usize, mark: &str) -> Vec<Piece> {
    if pieces_width(&pieces) <= columns {
        return pieces;
    }
    let mut left = columns;
    let mut out = Vec::new();
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        let wide = width(&piece.text);
        let more = rest.peek().is_some();
        if wide < left || (wide == left && !more) {
            left -= wide;
            out.push(piece);
            continue;
        }
        // At the border the mark must still fit: this piece is the last one that shows.
        let text = if wide == left {
            format!("{} ", piece.text)
        } else {
            piece.text
        };
        out.push(Piece::new(cut(&text, left, mark), piece.role));
        break;
    }
    out
}

/// Breaks pieces into lines of at most `room` columns; at least one line. A word may be made of several pieces.
pub(super) fn break_lines(pieces: Vec<Piece>, room: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    if room == 0 {
        return lines;
    }
    for word in whole_words(pieces) {
        let wide = pieces_width(&word);
        if used > 0 && used + wide > room && wide <= room {
            lines.push(Vec::new());
            used = 0;
            if word.iter().all(|part| part.text.trim().is_empty()) {
                continue;
            }
        }
        // A word that is longer than a line fills what is left of this one.
        for part in &word {
            let mut text = part.text.as_str();
            while used + width(text) > room {
                let (head, rest) = split(text, room - used);
                if head.is_empty() && used == 0 {
                    return lines;
                }
                append(&mut lines, head, part.role);
                lines.push(Vec::new());
                used = 0;
                text = rest;
            }
            append(&mut lines, text, part.role);
            used += width(text);
        }
    }
    lines
}

/// The words of a text that is made of pieces, and the spaces between them.
fn whole_words(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut out: Vec<Vec<Piece>> = Vec::new();
    let mut spaces = true;
    for piece in pieces {
        for part in words(&piece.text) {
            let space = part.starts_with(' ');
            let part = Piece::new(part, piece.role);
            match out.last_mut() {
                Some(word) if space == spaces => word.push(part),
                _ => out.push(vec![part]),
            }
            spaces = space;
        }
    }
    out
}

fn append(lines: &mut [Vec<Piece>], text: &str, role: Role) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some(last) if last.role == role => last.text.push_str(text),
        _ if text.is_empty() => {}
        _ => line.push(Piece::new(text, role)),
    }
}

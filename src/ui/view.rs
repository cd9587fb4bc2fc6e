//! Draws the state. Takes it as it is, changes nothing, keeps nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::layout::{LEAST, too_small};
use super::state::State;
use super::theme::{Piece, Role, Theme};
use super::width::{cut, width};

pub mod changes;
mod detail;
pub mod dialog;
mod footer;
mod frame;
pub mod header;
pub mod inbox;
mod lists;

/// Draws one frame, and puts the terminal's cursor where the reviewer is: screen readers and magnifiers follow it.
pub fn view(state: &State, frame: &mut Frame<'_>) {
    let size = frame.area();
    if too_small((size.width, size.height)) || (size.width, size.height) != state.size {
        say_too_small(state.theme(), size, frame.buffer_mut());
        return;
    }
    let areas = state.areas();
    let buffer = frame.buffer_mut();
    header::draw(state, areas.header, buffer);
    header::draw_signal(state, areas.signal, buffer);
    let on_row = changes::draw(state, areas.tree, buffer);
    let on_line = detail::draw(state, areas.detail, buffer);
    let in_line = footer::draw(state, areas.footer, buffer);
    let over = dialog::draw(state, size, buffer).or_else(|| lists::draw(state, size, buffer));
    let cursor = over.or(in_line).or(match state.overlay {
        None => on_line.or(on_row),
        Some(_) => None,
    });
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn say_too_small(theme: Theme, size: Rect, buffer: &mut Buffer) {
    let (least_width, least_height) = LEAST;
    let by = theme.glyph("×", "x");
    let text = format!(
        "{least_width}{by}{least_height} needed, this is {}{by}{}",
        size.width, size.height
    );
    let y = size.y + size.height / 2;
    let x = size.width.saturating_sub(width(&text) as u16) / 2;
    put(
        buffer,
        theme,
        Rect::new(x, y, size.width, 1),
        &[Piece::new(text, Role::Text)],
    );
}

/// Writes pieces on the first line of `area`, cut where it ends; returns the columns they took.
pub(super) fn put(buffer: &mut Buffer, theme: Theme, area: Rect, pieces: &[Piece]) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let ellipsis = theme.glyph("…", "..");
    let mut used = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let room = usize::from(area.width - used);
        let rest: usize = pieces[i + 1..].iter().map(|piece| width(&piece.text)).sum();
        // A cut is marked where it happens; blanks that do not fit are no loss.
        let fits = width(&piece.text) + rest <= room || width(piece.text.trim_end()) <= room;
        let text = if fits {
            piece.text.as_str().into()
        } else {
            cut(&piece.text, room, ellipsis)
        };
        let (x, _) =
            buffer.set_stringn(area.x + used, area.y, &text, room, theme.style(piece.role));
        used = x - area.x;
        if used >= area.width {
            break;
        }
    }
    used
}

/// Writes pieces so that they end where the first line of `area` ends; returns the column where they begin.
pub(super) fn put_right(buffer: &mut Buffer, theme: Theme, area: Rect, pieces: &[Piece]) -> u16 {
    let columns = pieces_width(pieces).min(area.width.into()) as u16;
    let x = area.right() - columns;
    put(
        buffer,
        theme,
        Rect {
            x,
            width: columns,
            ..area
        },
        pieces,
    );
    x
}

fn pieces_width(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| width(&piece.text)).sum()
}

/// The line `y` of an area.
fn line(area: Rect, y: u16) -> Rect {
    if y >= area.height {
        return Rect::default();
    }
    Rect {
        y: area.y + y,
        height: 1,
        ..area
    }
}

/// A place inside a frame, for the terminal's cursor.
fn place(area: Rect, columns: usize) -> Position {
    let right = usize::from(area.width.saturating_sub(1));
    Position::new(area.x + columns.min(right) as u16, area.y)
}

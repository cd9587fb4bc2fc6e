//! Frames: a title at the top, a count at the bottom, a bar at the right where there is more than fits.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Widget as _};

use super::{pieces_width, put};
use crate::ui::theme::{Piece, Role, Theme};

const ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A frame's edges: what stands in them.
pub struct Edges<'a> {
    /// At the left of the upper edge.
    pub title: &'a [Piece],
    /// At the right of the lower edge.
    pub foot: &'a [Piece],
    /// Whether it has the keys.
    pub focus: bool,
}

/// Draws a frame.
pub fn draw(buffer: &mut Buffer, theme: Theme, area: Rect, edges: &Edges<'_>) {
    let set = if theme.ascii { ASCII } else { border::PLAIN };
    let role = if edges.focus {
        Role::BorderFocus
    } else {
        Role::Border
    };
    Block::bordered()
        .border_set(set)
        .border_style(theme.style(role))
        .render(area, buffer);
    if !edges.title.is_empty() {
        write(buffer, theme, area, area.y, edges.title, false);
    }
    if !edges.foot.is_empty() && area.height > 1 {
        write(buffer, theme, area, area.bottom() - 1, edges.foot, true);
    }
}

/// Draws on the right edge which part of a list is seen, where `above` or `below` it there is more.
pub fn scrollbar(buffer: &mut Buffer, theme: Theme, area: Rect, above: usize, below: usize) {
    let height = usize::from(area.height.saturating_sub(2));
    let all = above + height + below;
    if above + below == 0 || height < 3 {
        return;
    }
    let thumb = (height * height / all).clamp(1, height - 1);
    // It touches an end only where nothing is left in that direction.
    let free = height - thumb;
    let start = if below == 0 {
        free
    } else if above == 0 {
        0
    } else {
        (above * free / (above + below)).clamp(1.min(free), free.saturating_sub(1).max(1))
    };
    let bar = theme.glyph("┃", "#");
    for y in start..(start + thumb).min(height) {
        let place = Position::new(area.right() - 1, area.y + 1 + y as u16);
        if let Some(cell) = buffer.cell_mut(place) {
            cell.set_symbol(bar).set_style(theme.style(Role::Strong));
        }
    }
}

/// Writes into an edge, in colours of its own and not in those of the frame.
fn write(buffer: &mut Buffer, theme: Theme, area: Rect, y: u16, pieces: &[Piece], right: bool) {
    let pieces = spaced(pieces);
    let room = area.width.saturating_sub(4);
    let width = room.min(pieces_width(&pieces) as u16);
    let x = if right {
        area.right().saturating_sub(1 + width)
    } else {
        area.x + 1
    };
    let place = Rect::new(x, y, width, 1).intersection(buffer.area);
    buffer.set_style(place, Style::reset());
    put(buffer, theme, place, &pieces);
}

/// Puts the cursor on a line: in the terminal's own colours, reversed. What a search found stays marked.
pub fn cursor(buffer: &mut Buffer, theme: Theme, row: Rect) {
    for position in row.intersection(buffer.area).positions() {
        let Some(cell) = buffer.cell_mut(position) else {
            continue;
        };
        let found = cell.modifier & theme.style(Role::Match).add_modifier;
        cell.set_style(theme.cursor());
        if found == theme.style(Role::Match).add_modifier {
            cell.set_style(Style::new().add_modifier(found));
        }
    }
}

fn spaced(pieces: &[Piece]) -> Vec<Piece> {
    let air = Piece::new(" ", Role::Text);
    let mut out = vec![air.clone()];
    out.extend_from_slice(pieces);
    out.push(air);
    out
}

//! Frames: a title at the top, a count at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
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

fn spaced(pieces: &[Piece]) -> Vec<Piece> {
    let air = Piece::new(" ", Role::Text);
    let mut out = vec![air.clone()];
    out.extend_from_slice(pieces);
    out.push(air);
    out
}

//! The pane beside the list: lines that were made before, from the first one shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::changes::signal;
use super::frame::{self, Edges};
use super::{line, put};
use crate::text::visible;
use crate::ui::layout::inside;
use crate::ui::state::{Pane, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, tail, width};

/// Draws the pane.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = state.theme();
    let focus = state.pane == Pane::Detail && state.overlay.is_none();
    let title = title(state, inside(area).width.into());
    let foot = foot(state, inside(area).height.into());
    let edges = Edges {
        title: &title,
        foot: &foot,
        focus,
    };
    frame::draw(buffer, theme, area, &edges);
    let below = state.detail.lines.len();
    let below = below.saturating_sub(state.detail.top + usize::from(inside(area).height));
    frame::scrollbar(buffer, theme, area, state.detail.top, below);
    let area = inside(area);
    let lines = state.detail.lines.iter().skip(state.detail.top);
    for (y, pieces) in lines.take(area.height.into()).enumerate() {
        put(
            buffer,
            theme,
            line(area, y as u16),
            &marked(pieces, &state.detail.find),
        );
    }
}

/// The address; where it is too long its end is worth more than its beginning.
fn title(state: &State, room: usize) -> Vec<Piece> {
    let role = Role::Strong;
    let Some((_, judged)) = state.current() else {
        let node = state.tree.current().into_iter();
        return node.map(|node| Piece::foreign(&node.label, role)).collect();
    };
    let address = visible(signal(&judged.effect).unwrap_or(&judged.effect.address));
    let suffix = if state.detail.json { "   JSON" } else { "" };
    let room = room.saturating_sub(width(suffix) + 2);
    let text = if width(&address) <= room {
        address.into_owned()
    } else {
        let dots = state.theme().glyph("…", "..");
        format!("{dots}{}", tail(&address, room.saturating_sub(width(dots))))
    };
    vec![Piece::new(text, role), Piece::new(suffix, Role::Dim)]
}

/// Which lines are shown, where not all of them are.
fn foot(state: &State, height: usize) -> Vec<Piece> {
    let (top, all) = (state.detail.top, state.detail.lines.len());
    if height >= all {
        return Vec::new();
    }
    let last = (top + height).min(all);
    let words = format!(
        "lines {} to {} of {}",
        count(top + 1),
        count(last),
        count(all)
    );
    vec![Piece::new(words, Role::Dim)]
}

/// The line with what is searched marked in it; letter case does not count.
fn marked(pieces: &[Piece], find: &str) -> Vec<Piece> {
    let Some(wanted) = (!find.is_empty()).then(|| find.to_ascii_lowercase()) else {
        return pieces.to_vec();
    };
    let mut out = Vec::new();
    for piece in pieces {
        // Only ASCII letters change case here, so places in both texts are the same.
        let lower = piece.text.to_ascii_lowercase();
        let mut at = 0;
        for (start, hit) in lower.match_indices(&wanted) {
            out.push(Piece::new(&piece.text[at..start], piece.role));
            out.push(Piece::new(
                &piece.text[start..start + hit.len()],
                Role::Match,
            ));
            at = start + hit.len();
        }
        out.push(Piece::new(&piece.text[at..], piece.role));
    }
    out
}

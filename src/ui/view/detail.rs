//! The pane beside the list: lines that were made before, from the first one shown.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::changes::called;
use super::frame::{self, Edges};
use super::{line, place, put};
use crate::text::visible;
use crate::ui::address;
use crate::ui::detail::find::hits;
use crate::ui::layout::inside;
use crate::ui::state::{Pane, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::Node;
use crate::ui::width::{count, split, width};

/// Draws the pane; returns where its cursor stands.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
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
    let detail = &state.detail;
    let aside = detail.whole.as_ref().map_or(0, |whole| whole.aside);
    let mut cursor = None;
    for y in 0..area.height {
        let at = detail.top + usize::from(y);
        let Some(pieces) = detail.lines.get(at) else {
            break;
        };
        let row = line(area, y);
        let pieces = shifted(marked(pieces, &detail.find), aside);
        put(buffer, theme, row, &pieces);
        if state.pane == Pane::Detail {
            point(state, at, row, buffer);
            if at == detail.line {
                cursor = Some(place(row, 0));
            }
        }
    }
    cursor
}

/// Marks in the column of air which line the keys are about, and which other lines belong to the same value. The colours of
/// the line itself say what is old and what is new, so they stay.
fn point(state: &State, at: usize, row: Rect, buffer: &mut Buffer) {
    let theme = state.theme();
    let detail = &state.detail;
    let path = |at: usize| detail.paths.get(at).and_then(Option::as_ref);
    let (mark, role) = if at == detail.line {
        (theme.glyph("▌", ">"), Role::Strong)
    } else if detail.whole.is_none() && path(at).is_some() && path(at) == path(detail.line) {
        (theme.glyph("▏", ":"), Role::Dim)
    } else {
        return;
    };
    let air = Rect {
        x: row.x - 1,
        width: 1,
        ..row
    };
    put(buffer, theme, air, &[Piece::new(mark, role)]);
}

/// The address; where it is too long its end is worth more than its beginning.
fn title(state: &State, room: usize) -> Vec<Piece> {
    let role = Role::Strong;
    let Some((_, judged)) = state.current() else {
        let group = state.tree.current().and_then(Node::group).into_iter();
        return group
            .map(|group| Piece::foreign(&group.label, role))
            .collect();
    };
    let address = called(&judged.effect);
    let address = visible(&address);
    let suffix = match &state.detail.whole {
        Some(_) => "   one value",
        None if state.detail.json => "   JSON",
        None => "",
    };
    let room = room.saturating_sub(width(suffix) + 2);
    let text = if width(&address) <= room {
        address.into_owned()
    } else {
        let dots = state.theme().glyph("…", "..");
        address::fit(&address, room, dots, &[]).into_owned()
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

/// The line without its first columns.
fn shifted(pieces: Vec<Piece>, mut columns: usize) -> Vec<Piece> {
    if columns == 0 {
        return pieces;
    }
    let mut out = Vec::new();
    for piece in pieces {
        let wide = width(&piece.text);
        if wide <= columns {
            columns -= wide;
            continue;
        }
        let rest = split(&piece.text, columns).1;
        columns = 0;
        out.push(Piece::new(rest, piece.role));
    }
    out
}

/// The line with what is searched marked in it, also where it goes on in the next piece.
fn marked(pieces: &[Piece], find: &str) -> Vec<Piece> {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    let hits = hits(&text, find);
    if hits.is_empty() {
        return pieces.to_vec();
    }
    let mut out = Vec::new();
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.text.len();
        let mut at = start;
        for hit in hits.iter().filter(|hit| hit.start < end && hit.end > start) {
            let (from, to) = (hit.start.max(start), hit.end.min(end));
            out.push(Piece::new(&text[at..from], piece.role));
            out.push(Piece::new(&text[from..to], Role::Match));
            at = to;
        }
        out.push(Piece::new(&text[at..end], piece.role));
        start = end;
    }
    out
}

//! The list of changes: only the lines that are seen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{self, Edges};
use super::{line, pieces_width, place, put, put_right};
use crate::risk::Risk;
use crate::text::visible;
use crate::ui::address;
use crate::ui::layout::inside;
use crate::ui::state::{Pane, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::{Count, Group, Name, Node};
use crate::ui::width::{count, width};

mod row;
pub mod waiting;

pub use row::{called, heading};

/// Draws the list; returns where its cursor stands.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let theme = state.theme();
    let title = title(state);
    let foot = foot(state);
    let edges = Edges {
        title: &title,
        foot: &foot,
        focus: state.pane == Pane::Tree && state.overlay.is_none(),
    };
    frame::draw(buffer, theme, area, &edges);
    let (above, below) = state.tree.beyond(inside(area).height.into());
    frame::scrollbar(buffer, theme, area, above, below);
    let area = inside(area);
    if state.rows.is_empty() {
        waiting::draw(state, area, buffer);
    }
    let mut cursor = None;
    for (y, (here, node)) in state.tree.window(area.height.into()).enumerate() {
        let row = line(area, y as u16);
        let set_in = draw_node(state, node, y, row, buffer);
        if here {
            // Colours off under the cursor: reversed colours turn into blocks.
            frame::cursor(buffer, theme, row);
            cursor = Some(place(row, set_in));
        }
    }
    cursor
}

fn title(state: &State) -> Vec<Piece> {
    let mut title = vec![Piece::new(
        format!("Changes by {}", state.by.word()),
        Role::Strong,
    )];
    if !state.filter.is_empty() {
        title.push(Piece::new("   filter ", Role::Dim));
        title.push(Piece::foreign(&state.filter_text, Role::Strong));
    }
    title
}

/// Which line the cursor is on, and how much of the plan the list holds.
fn foot(state: &State) -> Vec<Piece> {
    let mut foot = Vec::new();
    let (at, lines) = state.tree.position();
    if lines > 0 {
        let text = format!("line {} of {}   ", count(at + 1), count(lines));
        foot.push(Piece::new(text, Role::Dim));
    }
    let all = state.listed();
    let role = if state.fitting < all {
        Role::Warn
    } else {
        Role::Dim
    };
    foot.push(Piece::new(
        format!("shown {} of {}", count(state.fitting), count(all)),
        role,
    ));
    foot
}

/// So many lines up and down are looked at, so that no two addresses are cut to the same.
const BESIDE: usize = 4;

/// Draws one line, the `y`th of the list; returns the column of its box or mark.
fn draw_node(state: &State, node: &Node, y: usize, area: Rect, buffer: &mut Buffer) -> usize {
    match node {
        Node::Row { row, depth } => {
            let beside: Vec<u32> = state.tree.beside(y, BESIDE).collect();
            let pieces = row::pieces(state, *row, *depth, &beside, area.width.into());
            put(buffer, state.theme(), area, &pieces);
            pieces_width(&pieces[..1])
        }
        Node::Group(group) => draw_group(state, group, area, buffer),
    }
}

fn draw_group(state: &State, group: &Group, area: Rect, buffer: &mut Buffer) -> usize {
    let theme = state.theme();
    let set_in = usize::from(group.depth) * 2;
    let mark = match &group.name {
        _ if group.open => theme.glyph("▼ ", "v "),
        Name::Section(_) | Name::Part(..) => theme.glyph("▶ ", "> "),
        Name::Alike(..) => theme.glyph("… ", "..."),
    };
    let label = match &group.name {
        Name::Section(_) => Role::Strong,
        Name::Part(..) => Role::Text,
        Name::Alike(..) => Role::Dim,
    };
    let mut pieces = vec![
        Piece::new(" ".repeat(set_in), Role::Text),
        Piece::new(mark, Role::Dim),
    ];
    if let Some(tick) = group.sums.tick() {
        let role = match tick {
            "[x]" => Role::Done,
            "[!]" => Role::Alarm,
            _ => Role::Text,
        };
        pieces.push(Piece::new(format!("{tick} "), role));
    }
    pieces.extend(worst(state, group));
    let right = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    let counts = group.count.as_ref().map(counted).unwrap_or_default();
    let x = put_right(buffer, theme, right, &counts);
    let room = Rect {
        width: x.saturating_sub(area.x + 1),
        ..area
    };
    let left = usize::from(room.width).saturating_sub(pieces_width(&pieces));
    let text = short(&visible(&group.label), left, theme.glyph("…", ".."));
    pieces.push(Piece::new(text, label));
    put(buffer, theme, room, &pieces);
    set_in
}

/// The label of a group or fold: mostly an address, or a few words and an address.
fn short(label: &str, room: usize, dots: &str) -> String {
    match label.rsplit_once(" like ") {
        Some((words, address)) => {
            let words = format!("{words} like ");
            let left = room.saturating_sub(width(&words));
            format!("{words}{}", address::fit(address, left, dots, &[]))
        }
        None if label.starts_with("module.") => address::fit(label, room, dots, &[]).into_owned(),
        None => label.to_owned(),
    }
}

/// The mark of the worst below a group or fold, in the column where rows have theirs.
fn worst(state: &State, group: &Group) -> Option<Piece> {
    let sums = group.sums;
    let worst = sums.worst?;
    let answered = sums.asking > 0 && sums.asking == sums.answered;
    let role = if answered || worst == Risk::Low {
        Role::Dim
    } else {
        Role::Risk(worst)
    };
    let mark = state.theme().risk_mark(worst);
    Some(Piece::new(format!("{mark} "), role))
}

/// `+312`; objects that only move in the state, or come into it, have no sign.
pub fn signed(sign: &str, n: usize) -> String {
    if sign.is_empty() {
        format!("{} kept", count(n))
    } else {
        format!("{sign}{}", count(n))
    }
}

fn counted(counted: &Count) -> Vec<Piece> {
    let text = match counted {
        Count::Done(done, of) if done == of => {
            return vec![Piece::new(
                format!("{} of {}", count(*done), count(*of)),
                Role::Done,
            )];
        }
        Count::Done(done, of) => format!("{} of {}", count(*done), count(*of)),
        Count::Rows(n) => count(*n),
        Count::Signs(signs) => {
            let words: Vec<String> = signs.iter().map(|&(sign, n)| signed(sign, n)).collect();
            words.join(" ")
        }
    };
    vec![Piece::new(text, Role::Dim)]
}

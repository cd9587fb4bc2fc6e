//! The last line: what the keys do here, what just happened, or the line that is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{pieces_width, place, put, put_right};
use crate::ui::dialog::Overlay;
use crate::ui::keymap::{Action, Binding, KEYS, Mode};
use crate::ui::line::Line;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::update::permit::why_not;
use crate::ui::width::{count, tail, width};

/// Draws the line; returns where the caret stands if something is typed in it.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let theme = state.theme();
    match &state.overlay {
        Some(Overlay::Filter(line)) => {
            let news = match &state.filter_error {
                Some(error) => vec![Piece::foreign(error, Role::Alarm)],
                None => vec![Piece::new(
                    format!("{} of {}", count(state.fitting), count(state.rows.len())),
                    Role::Dim,
                )],
            };
            Some(typed_line(state, "/", line, &news, area, buffer))
        }
        Some(Overlay::Find(line)) => {
            let news = state.notice.iter();
            let news: Vec<Piece> = news.map(|n| Piece::foreign(&n.text, n.role)).collect();
            Some(typed_line(state, "find ", line, &news, area, buffer))
        }
        _ => {
            match &state.notice {
                Some(notice) => {
                    put(
                        buffer,
                        theme,
                        area,
                        &[Piece::foreign(&notice.text, notice.role)],
                    );
                }
                None => {
                    put(buffer, theme, area, &hints(state, area.width.into()));
                }
            }
            None
        }
    }
}

fn typed_line(
    state: &State,
    prompt: &str,
    line: &Line,
    news: &[Piece],
    area: Rect,
    buffer: &mut Buffer,
) -> Position {
    let theme = state.theme();
    let least = u16::min(24, area.width / 2);
    let right = Rect {
        x: area.x + least,
        width: area.width - least,
        ..area
    };
    let x = put_right(buffer, theme, right, news);
    let room = Rect {
        width: x.saturating_sub(area.x + 1),
        ..area
    };
    let prompt = Piece::new(prompt, Role::Key);
    let start = pieces_width(std::slice::from_ref(&prompt));
    let (text, caret) = window(line, usize::from(room.width).saturating_sub(start + 1));
    put(buffer, theme, room, &[prompt, Piece::new(text, Role::Text)]);
    place(room, start + caret)
}

/// The part of a line that fits, with the caret in it, and the caret's column.
pub fn window(line: &Line, room: usize) -> (String, usize) {
    let before = tail(line.before_caret(), room);
    let after = &line.text()[line.before_caret().len()..];
    let shown = crate::ui::width::split(after, room.saturating_sub(width(before))).0;
    (format!("{before}{shown}"), width(before))
}

/// The hints of the mode, as many as fit, none cut.
fn hints(state: &State, room: usize) -> Vec<Piece> {
    // A dialog says its keys itself.
    let mode @ (Mode::Tree | Mode::Detail) = state.mode() else {
        return Vec::new();
    };
    let mut hints: Vec<(&Binding, &str)> = KEYS
        .iter()
        .filter(|binding| binding.modes.contains(&mode) && !binding.hint.is_empty())
        .map(|binding| match binding.action {
            Action::Sign if state.tally.objected > 0 => (binding, "send back"),
            _ => (binding, binding.hint),
        })
        .collect();
    let needed = |hints: &[(&Binding, &str)]| -> usize {
        let each = hints
            .iter()
            .map(|(binding, hint)| width(binding.keys[0]) + width(hint) + 3);
        each.sum::<usize>().saturating_sub(2)
    };
    // Where there is no room the last ones go, but never the way to the others and the way out.
    while needed(&hints) > room {
        let last = hints
            .iter()
            .rposition(|(binding, _)| !matches!(binding.action, Action::Help | Action::Quit));
        let Some(last) = last else { break };
        hints.remove(last);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for (binding, hint) in hints {
        if !pieces.is_empty() {
            pieces.push(Piece::new("  ", Role::Text));
        }
        // What cannot be done now is quiet; pressed all the same, it says why.
        let can = why_not(state, binding.action).is_none();
        let role = if can { Role::Key } else { Role::Dim };
        pieces.push(Piece::new(binding.keys[0], role));
        pieces.push(Piece::new(format!(" {hint}"), Role::Dim));
    }
    pieces
}

//! The last line: what the keys do here, what just happened, or the line that is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{pieces_width, place, put, put_right};
use crate::text::visible;
use crate::ui::dialog::Overlay;
use crate::ui::keymap::{self, Action, Binding, Mode};
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
                _ if !state.recall.choices.is_empty() => choices(state, area.width.into()),
                Some(error) => vec![Piece::foreign(error, Role::Alarm)],
                None => vec![Piece::new(
                    format!("{} of {}", count(state.fitting), count(state.listed())),
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

/// What the word before the caret may become, as many as fit in the half of the line.
fn choices(state: &State, room: usize) -> Vec<Piece> {
    let all = &state.recall.choices;
    let mut text = String::new();
    for (i, choice) in all.iter().enumerate() {
        let gap = if i == 0 { "" } else { "  " };
        let left = all.len() - i;
        if i > 0 && width(&text) + width(choice) + 12 > room / 2 {
            let dots = state.theme().glyph("…", "...");
            text = format!("{text}  {dots} {} more", count(left));
            break;
        }
        text = format!("{text}{gap}{choice}");
    }
    vec![Piece::foreign(&text, Role::Dim)]
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
    // What is said beside the line takes the room that the line does not need.
    let typed = width(&visible(line.text())) + width(prompt) + 2;
    let least = u16::min(24, area.width / 2).min(u16::try_from(typed).unwrap_or(u16::MAX));
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
    let before = line.before_caret();
    fitting(before, &line.text()[before.len()..], room)
}

/// What fits of a text that is cut at the caret, and the caret's column.
pub fn fitting(before: &str, after: &str, room: usize) -> (String, usize) {
    let (before, after) = (visible(before), visible(after));
    let before = tail(&before, room);
    let shown = crate::ui::width::split(&after, room.saturating_sub(width(before))).0;
    (format!("{before}{shown}"), width(before))
}

/// The hints of the mode, as many as fit, none cut.
fn hints(state: &State, room: usize) -> Vec<Piece> {
    // A dialog says its keys itself.
    let mode @ (Mode::Tree | Mode::Detail | Mode::Value) = state.mode() else {
        return Vec::new();
    };
    let hints = keymap::of(mode).map(|binding| {
        let words = match binding.action {
            Action::Mouse if state.mouse => "mouse off",
            Action::Sign if state.tally.objected > 0 => "send back",
            _ => binding.hint,
        };
        Hint {
            binding,
            words,
            can: why_not(state, binding.action).is_none(),
        }
    });
    fitting_hints(hints.collect(), room)
}

/// A key in the last line.
pub struct Hint {
    /// Its line in the table.
    pub binding: &'static Binding,
    /// What it does now, in a word or two.
    pub words: &'static str,
    /// Whether it can be done now. It is quiet where it cannot; pressed all the same, it says why.
    pub can: bool,
}

/// As many hints as fit. Where there is no room the last ones go, but never the way to the others, the way out, the
/// signature once nothing else is left to do, and what else would be a riddle: why no text can be selected.
pub fn fitting_hints(mut hints: Vec<Hint>, room: usize) -> Vec<Piece> {
    hints.retain(|hint| !hint.words.is_empty());
    let needed = |hints: &[Hint]| -> usize {
        let each = hints
            .iter()
            .map(|hint| width(hint.binding.keys[0]) + width(hint.words) + 3);
        each.sum::<usize>().saturating_sub(2)
    };
    while needed(&hints) > room {
        let last = hints.iter().rposition(|hint| match hint.binding.action {
            Action::Help | Action::Quit | Action::Back | Action::Mouse => false,
            Action::Sign => !hint.can,
            _ => true,
        });
        let Some(last) = last else { break };
        hints.remove(last);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    for hint in hints {
        if !pieces.is_empty() {
            pieces.push(Piece::new("  ", Role::Text));
        }
        let role = if hint.can { Role::Key } else { Role::Dim };
        pieces.push(Piece::new(hint.binding.keys[0], role));
        pieces.push(Piece::new(format!(" {}", hint.words), Role::Dim));
    }
    pieces
}

//! The keys and the commands, as lists over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::footer::window;
use super::frame::{self, Edges};
use super::{line, place, put};
use crate::ui::dialog::Overlay;
use crate::ui::keymap::{self, Binding, Mode};
use crate::ui::layout::inside;
use crate::ui::line::Line;
use crate::ui::state::{Pane, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::update::permit::why_not;
use crate::ui::width::{pad, wrap};

/// The columns that a key, and a command's name, take.
const FIRST: usize = 16;

/// Draws the list if there is one; returns where its caret stands.
pub fn draw(state: &State, screen: Rect, buffer: &mut Buffer) -> Option<Position> {
    match state.overlay.as_ref()? {
        Overlay::Help { of, search, top } => {
            let found = keymap::help(*of, search.text());
            let room = usize::from(columns(screen)).saturating_sub(4 + FIRST);
            let lines = found
                .iter()
                .skip(*top)
                .flat_map(|binding| key_lines(state, binding, room));
            let title = match of {
                Mode::Detail => "Keys in the detail",
                _ => "Keys in the list of changes",
            };
            let foot = format!("{} keys   up down move   esc closes", found.len());
            Some(list(
                state,
                screen,
                buffer,
                title,
                "search ",
                search,
                &lines.collect::<Vec<_>>(),
                None,
                &foot,
            ))
        }
        Overlay::Palette { line, chosen } => {
            let mode = match state.pane {
                Pane::Tree => Mode::Tree,
                Pane::Detail => Mode::Detail,
            };
            let found = keymap::commands(mode, line.text());
            let lines = found
                .iter()
                .map(|binding| command_line(state, binding))
                .collect::<Vec<_>>();
            Some(list(
                state,
                screen,
                buffer,
                "Commands",
                ": ",
                line,
                &lines,
                Some(*chosen),
                "enter runs   up down choose   esc closes",
            ))
        }
        Overlay::Filter(_)
        | Overlay::Find(_)
        | Overlay::Ack(_)
        | Overlay::Words(_)
        | Overlay::Sign(_)
        | Overlay::SendBack
        | Overlay::Remade
        | Overlay::Waiting(_)
        | Overlay::Leave(_)
        | Overlay::Notice(_) => None,
    }
}

/// The keys of a line of the table, and what they do, as many lines as that takes.
fn key_lines(state: &State, binding: &Binding, room: usize) -> Vec<Vec<Piece>> {
    let dots = state.theme().glyph("…", "..");
    let help = wrap(binding.help, room).into_iter().enumerate();
    help.map(|(i, text)| {
        let keys = if i == 0 {
            binding.keys.join(" ")
        } else {
            String::new()
        };
        vec![
            Piece::new(pad(&keys, FIRST, dots), Role::Key),
            Piece::new(text, Role::Text),
        ]
    })
    .collect()
}

/// The columns of a list, frame included.
fn columns(screen: Rect) -> u16 {
    screen.width.saturating_sub(4).min(96)
}

fn command_line(state: &State, binding: &Binding) -> Vec<Piece> {
    let dots = state.theme().glyph("…", "..");
    let name = pad(binding.name, FIRST, dots);
    let key = pad(binding.keys[0], 8, dots);
    match why_not(state, binding.action) {
        None => vec![
            Piece::new(name, Role::Strong),
            Piece::new(key, Role::Key),
            Piece::new(binding.help, Role::Dim),
        ],
        Some(reason) => vec![
            Piece::new(name, Role::Dim),
            Piece::new(key, Role::Dim),
            Piece::foreign(&reason, Role::Warn),
        ],
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "both lists are one drawing with other words"
)]
fn list(
    state: &State,
    screen: Rect,
    buffer: &mut Buffer,
    title: &str,
    prompt: &str,
    typed: &Line,
    lines: &[Vec<Piece>],
    chosen: Option<usize>,
    foot: &str,
) -> Position {
    let theme = state.theme();
    let width = columns(screen);
    let height = screen.height.saturating_sub(2).min(30);
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    let air = Rect {
        x: area.x.saturating_sub(1),
        width: area.width + 2,
        ..area
    };
    Clear.render(air.intersection(screen), buffer);
    let edges = Edges {
        title: &[Piece::new(title, Role::Strong)],
        foot: &[Piece::new(foot, Role::Dim)],
        focus: true,
    };
    frame::draw(buffer, theme, area, &edges);
    let area = inside(area);
    let room = usize::from(area.width).saturating_sub(prompt.len() + 1);
    let (text, caret) = window(typed, room);
    put(
        buffer,
        theme,
        line(area, 0),
        &[Piece::new(prompt, Role::Key), Piece::new(text, Role::Text)],
    );
    let seen = usize::from(area.height.saturating_sub(2));
    let first = chosen.unwrap_or(0).saturating_sub(seen.saturating_sub(1));
    for (y, (i, pieces)) in lines.iter().enumerate().skip(first).take(seen).enumerate() {
        let row = line(area, y as u16 + 2);
        put(buffer, theme, row, pieces);
        if Some(i) == chosen {
            buffer.set_style(row, theme.cursor());
        }
    }
    place(line(area, 0), prompt.len() + caret)
}

//! The keys and the commands, as lists over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::footer::window;
use super::frame::{self, Edges};
use super::{line, place, put};
use crate::ui::dialog::{Help, Overlay};
use crate::ui::keymap::{self, Binding, Mode};
use crate::ui::layout::inside;
use crate::ui::line::Line;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role, Theme};
use crate::ui::update::over::pane_mode;
use crate::ui::update::permit::why_not;
use crate::ui::width::{pad, wrap};

/// The columns that a key, and a command's name, take.
const FIRST: usize = 16;

/// A list with a line to type in.
struct List<'a> {
    title: &'a str,
    prompt: &'a str,
    typed: &'a Line,
    lines: Vec<Vec<Piece>>,
    /// First line shown, where none is chosen.
    first: usize,
    chosen: Option<usize>,
    foot: String,
}

/// Draws the list if there is one; returns where its caret stands.
pub fn draw(state: &State, screen: Rect, buffer: &mut Buffer) -> Option<Position> {
    let list = match state.overlay.as_ref()? {
        Overlay::Help(help) => return Some(draw_help(help, state.theme(), screen, buffer)),
        Overlay::Palette { line, chosen } => {
            let found = keymap::commands(pane_mode(state), line.text());
            let lines = found.iter().map(|b| command_line(state, b));
            List {
                title: "Commands",
                prompt: ": ",
                typed: line,
                lines: lines.collect(),
                first: 0,
                chosen: Some(*chosen),
                foot: format!(
                    "{} commands   enter runs   up down choose   esc closes",
                    found.len()
                ),
            }
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
        | Overlay::Notice(_) => return None,
    };
    Some(over(state.theme(), screen, buffer, &list))
}

/// Draws the keys; returns where the caret of the search stands.
pub fn draw_help(help: &Help, theme: Theme, screen: Rect, buffer: &mut Buffer) -> Position {
    let found = help.found();
    let room = usize::from(columns(screen)).saturating_sub(4 + FIRST);
    let marks = help.marks();
    let keys = found
        .iter()
        .map(|b| told(theme, &b.keys.join(" "), b.help, room));
    let signs = marks
        .iter()
        .map(|mark| told(theme, mark.sign(theme), mark.means, room));
    let told: Vec<_> = keys.chain(signs).collect();
    let counted = match marks.len() {
        0 => format!("{} keys", found.len()),
        n => format!("{} keys, then {n} marks", found.len()),
    };
    let list = List {
        title: match help.of {
            Mode::Detail => "Keys in the detail",
            Mode::Value => "Keys in a value",
            Mode::Inbox => "Keys in the inbox",
            _ => "Keys in the list of changes",
        },
        prompt: "search ",
        typed: &help.search,
        first: told.iter().take(help.top).map(Vec::len).sum(),
        lines: told.concat(),
        chosen: None,
        foot: format!("{counted}   up down move   esc closes"),
    };
    over(theme, screen, buffer, &list)
}

/// A key or a mark and what it says, as many lines as that takes.
fn told(theme: Theme, what: &str, says: &str, room: usize) -> Vec<Vec<Piece>> {
    let dots = theme.glyph("…", "..");
    let says = wrap(says, room).into_iter().enumerate();
    says.map(|(i, text)| {
        let what = if i == 0 { what } else { "" };
        vec![
            Piece::new(pad(what, FIRST, dots), Role::Key),
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

fn over(theme: Theme, screen: Rect, buffer: &mut Buffer, list: &List<'_>) -> Position {
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
        title: &[Piece::new(list.title, Role::Strong)],
        foot: &[Piece::new(list.foot.as_str(), Role::Dim)],
        focus: true,
    };
    frame::draw(buffer, theme, area, &edges);
    let seen = usize::from(inside(area).height.saturating_sub(2));
    let first = list.chosen.map_or(list.first, |chosen| {
        chosen.saturating_sub(seen.saturating_sub(1))
    });
    let below = list.lines.len().saturating_sub(first + seen);
    frame::scrollbar(buffer, theme, area, first, below);
    let area = inside(area);
    let room = usize::from(area.width).saturating_sub(list.prompt.len() + 1);
    let (text, caret) = window(list.typed, room);
    let typed = [
        Piece::new(list.prompt, Role::Key),
        Piece::new(text, Role::Text),
    ];
    put(buffer, theme, line(area, 0), &typed);
    let shown = list.lines.iter().enumerate().skip(first).take(seen);
    for (y, (i, pieces)) in shown.enumerate() {
        let row = line(area, y as u16 + 2);
        put(buffer, theme, row, pieces);
        if Some(i) == list.chosen {
            frame::cursor(buffer, theme, row);
        }
    }
    place(line(area, 0), list.prompt.len() + caret)
}

//! The inbox on the screen: what waits, the worst first, and what came of the rest.
//!
//! A list and nothing else: `update` and `draw` are pure, and what is chosen is opened by whoever asked for the list.

use std::time::Duration;

use crossterm::event;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::key::{self, Key};
use super::keymap::{self, Action, Mode};
use super::layout::too_small;
use super::number::counted;
use super::terminal::Screen;
use super::theme::{Piece, Role, Theme};
use super::view::{put, put_right};
use super::width::count;
use super::{Msg, no_terminal};
use crate::failure::Failure;
use crate::risk::Risk;

/// How often the list is made anew while nobody presses a key.
const FRESH: Duration = Duration::from_secs(2);
/// Lines of a plan: what it is, and what it is for.
const LINES: usize = 2;
/// Plans that a page moves by.
const PAGE: usize = 10;

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What names it.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// What it is for, as the agent says.
    pub task: String,
    /// How long it has been there, in words.
    pub age: String,
    /// Effects by risk, worst first.
    pub risks: [usize; 4],
    /// What became of it, in a word.
    pub status: &'static str,
    /// Whether it waits for a person.
    pub waits: bool,
}

/// What the list knows.
#[derive(Debug, Clone)]
pub struct State {
    /// The plans, in order.
    pub items: Vec<Item>,
    /// Which one the cursor is on.
    pub at: usize,
    /// What just happened.
    pub notice: Option<String>,
    /// The looks.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// What the reviewer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To open a plan.
    Open(String),
    /// To see what is new.
    Refresh,
    /// To leave.
    Leave,
}

impl State {
    /// The list with the cursor on the first plan.
    pub fn new(items: Vec<Item>, notice: Option<String>, theme: Theme, size: (u16, u16)) -> Self {
        State {
            items,
            at: 0,
            notice,
            theme,
            size,
        }
    }

    /// Puts the newest list in place of this one; the cursor stays on its plan.
    pub fn refresh(&mut self, items: Vec<Item>) {
        let id = self.items.get(self.at).map(|item| item.id.clone());
        self.items = items;
        self.at = self
            .items
            .iter()
            .position(|item| Some(&item.id) == id.as_ref())
            .unwrap_or(self.at)
            .min(self.items.len().saturating_sub(1));
    }
}

/// What a key does.
pub fn update(state: &mut State, key: &Key) -> Option<Wish> {
    let last = state.items.len().saturating_sub(1);
    let action = keymap::action(Mode::Inbox, key.name());
    if too_small(state.size) && action != Some(Action::Quit) {
        return None;
    }
    state.notice = None;
    match action {
        Some(Action::Down) => state.at = (state.at + 1).min(last),
        Some(Action::Up) => state.at = state.at.saturating_sub(1),
        Some(Action::First) => state.at = 0,
        Some(Action::Last) => state.at = last,
        Some(Action::PageDown) => state.at = (state.at + PAGE).min(last),
        Some(Action::PageUp) => state.at = state.at.saturating_sub(PAGE),
        Some(Action::Enter) => {
            return state
                .items
                .get(state.at)
                .map(|item| Wish::Open(item.id.clone()));
        }
        Some(Action::Refresh) => return Some(Wish::Refresh),
        Some(Action::Quit) => return Some(Wish::Leave),
        Some(_) | None => state.notice = Some(format!("{} does nothing here", key.name())),
    }
    None
}

/// Draws the list.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let theme = state.theme;
    let buffer = frame.buffer_mut();
    let line = |y: u16| Rect {
        x: area.x + 1,
        y: area.y + y,
        width: area.width.saturating_sub(2),
        height: 1,
    };
    if area.height < 4 {
        return;
    }
    let waiting = state.items.iter().filter(|item| item.waits).count();
    let title = [
        Piece::new("undersign", Role::Strong),
        Piece::new("  inbox  ", Role::Text),
        Piece::new(
            format!(
                "{} of {}",
                counted(waiting, "plan waits", "plans wait"),
                count(state.items.len())
            ),
            Role::Dim,
        ),
    ];
    put(buffer, theme, line(0), &title);
    let fits = (usize::from(area.height) - 3) / LINES;
    let top = (state.at + 1).saturating_sub(fits.max(1));
    let mut cursor = None;
    for (row, (number, item)) in state
        .items
        .iter()
        .enumerate()
        .skip(top)
        .take(fits)
        .enumerate()
    {
        let y = 2 + (row * LINES) as u16;
        let head = line(y);
        let x = put_right(
            buffer,
            theme,
            head,
            &[
                Piece::new(item.status, if item.waits { Role::Warn } else { Role::Dim }),
                Piece::new(format!("   {}", item.age), Role::Dim),
            ],
        );
        let mut pieces = Vec::new();
        for (risk, n) in Risk::WORST_FIRST.into_iter().zip(item.risks) {
            let role = if n == 0 { Role::Dim } else { Role::Risk(risk) };
            pieces.push(Piece::new(
                format!("{} {} ", theme.risk_mark(risk), count(n)),
                role,
            ));
        }
        pieces.push(Piece::foreign(&item.name, Role::Strong));
        pieces.push(Piece::new(
            format!("  {}", &item.id[..12.min(item.id.len())]),
            Role::Dim,
        ));
        let room = Rect {
            width: x.saturating_sub(head.x + 1),
            ..head
        };
        put(buffer, theme, room, &pieces);
        put(
            buffer,
            theme,
            line(y + 1),
            &[Piece::foreign(&format!("    {}", item.task), Role::Text)],
        );
        if number == state.at {
            buffer.set_style(head, theme.cursor());
            cursor = Some((head.x, head.y));
        }
    }
    if state.items.is_empty() {
        put(
            buffer,
            theme,
            line(2),
            &[Piece::new("No plan was submitted.", Role::Dim)],
        );
    }
    let foot = match &state.notice {
        Some(notice) => vec![Piece::foreign(notice, Role::Done)],
        None => keymap::help(Mode::Inbox, "")
            .into_iter()
            .filter(|binding| !binding.hint.is_empty())
            .flat_map(|binding| {
                [
                    Piece::new(binding.keys[0], Role::Key),
                    Piece::new(format!(" {}   ", binding.hint), Role::Dim),
                ]
            })
            .collect(),
    };
    put(buffer, theme, line(area.height - 1), &foot);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Shows the list until the reviewer opens a plan, by its id, or leaves. `items` makes the list anew.
pub fn choose(
    notice: Option<String>,
    theme: Theme,
    items: &mut dyn FnMut() -> Result<Vec<Item>, Failure>,
) -> Result<Option<String>, Failure> {
    let lost = |error: std::io::Error| Failure::io("the terminal", &error);
    let first = items()?;
    let mut screen = Screen::enter().map_err(|error| no_terminal(&error))?;
    let size = screen.size().map_err(|error| no_terminal(&error))?;
    let mut state = State::new(first, notice, theme, size);
    loop {
        screen.paint(|frame| draw(&state, frame)).map_err(lost)?;
        if !event::poll(FRESH).map_err(lost)? {
            state.refresh(items()?);
            continue;
        }
        let wish = match key::message(&event::read().map_err(lost)?) {
            Some(Msg::Key(key)) => update(&mut state, &key),
            Some(Msg::Resize(width, height)) => {
                state.size = (width, height);
                None
            }
            _ => None,
        };
        match wish {
            None => {}
            Some(Wish::Refresh) => state.refresh(items()?),
            Some(Wish::Open(id)) => return Ok(Some(id)),
            Some(Wish::Leave) => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Palette;

    fn item(id: &str, status: &'static str) -> Item {
        Item {
            id: id.repeat(64),
            name: "plan\u{1b}[2J.tfplan".into(),
            task: "add a static site\nand nothing else".into(),
            age: "2 h".into(),
            risks: [1, 0, 2, 3],
            status,
            waits: status == "pending",
        }
    }

    fn state(items: Vec<Item>) -> State {
        let theme = Theme {
            palette: Palette::None,
            ascii: false,
        };
        State::new(items, None, theme, (80, 24))
    }

    fn screen(state: &State, width: u16, height: u16) -> String {
        let backend = ratatui::backend::TestBackend::new(width, height);
        let mut terminal = ratatui::Terminal::new(backend).unwrap();
        terminal.draw(|frame| draw(state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows = buffer.content().chunks(width.into());
        rows.map(|row| {
            row.iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect::<String>()
                + "\n"
        })
        .collect()
    }

    #[test]
    fn it_lists_risk_name_task_age_and_what_became_of_it() {
        let state = state(vec![item("a", "pending"), item("b", "applied")]);
        let screen = screen(&state, 80, 24);
        for text in [
            "1 plan waits of 2",
            "■ 1 ▲ 0 ◆ 2 · 3 plan⟨U+001B⟩[2J.tfplan  aaaaaaaaaaaa",
            "add a static site⏎and nothing else",
            "pending   2 h",
            "applied   2 h",
        ] {
            assert!(screen.contains(text), "{text}\n{screen}");
        }
    }

    #[test]
    fn the_cursor_moves_opens_and_stays_on_its_plan() {
        let mut state = state(vec![item("a", "pending"), item("b", "pending")]);
        let press = |state: &mut State, name: &str| update(state, &Key::named(name));
        assert_eq!(press(&mut state, "j"), None);
        assert_eq!(press(&mut state, "j"), None);
        assert_eq!(press(&mut state, "enter"), Some(Wish::Open("b".repeat(64))));
        state.refresh(vec![
            item("c", "pending"),
            item("a", "pending"),
            item("b", "applied"),
        ]);
        assert_eq!(state.at, 2);
        state.refresh(vec![]);
        assert_eq!(press(&mut state, "enter"), None);
        assert_eq!(press(&mut state, "q"), Some(Wish::Leave));
    }

    #[test]
    fn every_key_of_the_table_does_something_here_and_the_footer_names_some() {
        let items = || (0..30).map(|_| item("a", "pending")).collect();
        for binding in keymap::help(Mode::Inbox, "") {
            for key in binding.keys {
                let mut state = state(items());
                state.at = 12;
                let wish = update(&mut state, &Key::named(key));
                assert!(wish.is_some() || state.at != 12, "{key}: {}", binding.help);
                assert_eq!(state.notice, None, "{key}");
            }
        }
        let screen = screen(&state(items()), 80, 24);
        assert!(
            screen.contains("enter review   r look again   q leave"),
            "{screen}"
        );
    }

    #[test]
    fn no_size_panics() {
        let state = state((0..50).map(|_| item("a", "pending")).collect());
        for (width, height) in [(1, 1), (2, 4), (60, 15), (200, 5), (80, 24)] {
            screen(&state, width, height);
        }
    }
}

//! The inbox on the screen: what waits, the worst first, and what came of the rest.
//!
//! A list and nothing else: what a key does is pure, and what is chosen is opened by whoever asked for the list.

use std::time::{Duration, Instant};

use ratatui::Frame;

use super::Msg;
use super::dialog::Help;
use super::key::Key;
use super::keymap::{self, Action, Mode};
use super::layout::too_small;
use super::terminal::Screen;
use super::theme::Theme;
use super::turn::{self, Done, Stage, lost};
use super::view::inbox::{draw, fits};
use crate::failure::Failure;

/// How often the list is made anew while nobody presses a key.
const FRESH: Duration = Duration::from_secs(2);

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
    /// The keys, where they are shown.
    pub help: Option<Help>,
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
    /// To have everything drawn anew.
    Redraw,
    /// To have the shell for a while.
    Suspend,
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
            help: None,
            theme,
            size,
        }
    }

    /// Puts the newest list in place of this one; the cursor stays on its plan. Says whether anything is different.
    pub fn refresh(&mut self, items: Vec<Item>) -> bool {
        if items == self.items {
            return false;
        }
        let id = self.items.get(self.at).map(|item| item.id.clone());
        self.items = items;
        self.at = self
            .items
            .iter()
            .position(|item| Some(&item.id) == id.as_ref())
            .unwrap_or(self.at)
            .min(self.items.len().saturating_sub(1));
        true
    }

    /// Where the keys go.
    pub fn mode(&self) -> Mode {
        match self.help {
            Some(_) => Mode::Help,
            None => Mode::Inbox,
        }
    }
}

/// What a key does.
pub fn update(state: &mut State, key: &Key) -> Option<Wish> {
    let action = keymap::action(state.mode(), key.name());
    if too_small(state.size) && !matches!(action, Some(Action::Quit | Action::Suspend)) {
        return None;
    }
    state.notice = None;
    match action {
        Some(Action::Quit) => return Some(Wish::Leave),
        Some(Action::Suspend) => return Some(Wish::Suspend),
        Some(Action::Redraw) => return Some(Wish::Redraw),
        Some(Action::Refresh) => return Some(Wish::Refresh),
        Some(Action::Enter) => {
            let item = state.items.get(state.at);
            return item.map(|item| Wish::Open(item.id.clone()));
        }
        Some(Action::Help) => state.help = Some(Help::new(Mode::Inbox)),
        Some(Action::Back) => state.help = None,
        Some(action) => step(state, action),
        None => typed(state, key),
    }
    None
}

/// A key that stands for nothing: it is searched among the keys, where they are shown.
fn typed(state: &mut State, key: &Key) {
    if let Some(help) = &mut state.help {
        help.search.press(key);
        help.top = 0;
    } else {
        let said = format!("{} does nothing here; ? shows the keys", key.name());
        state.notice = Some(said);
    }
}

/// Moves the cursor, or the list of keys.
fn step(state: &mut State, action: Action) {
    let page = fits(state.size.1).max(1).cast_signed();
    let last = state.items.len().saturating_sub(1);
    let by = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::First => isize::MIN,
        Action::Last => isize::MAX,
        _ => return,
    };
    match &mut state.help {
        Some(help) => help.scroll(by),
        None => state.at = state.at.saturating_add_signed(by).min(last),
    }
}

/// The list on the stage; `items` makes it anew.
struct Listing<'a> {
    state: State,
    items: &'a mut dyn FnMut() -> Result<Vec<Item>, Failure>,
    looked: Instant,
}

impl Stage for Listing<'_> {
    type Todo = Wish;
    /// The plan that is opened, if one is.
    type End = Option<String>;

    fn size(&self) -> (u16, u16) {
        self.state.size
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw(&self.state, frame);
    }

    fn update(&mut self, msg: Msg) -> Vec<Wish> {
        match msg {
            Msg::Key(key) => update(&mut self.state, &key).into_iter().collect(),
            Msg::Resize(width, height) => {
                self.state.size = (width, height);
                Vec::new()
            }
            // Nothing else is of a list.
            _ => Vec::new(),
        }
    }

    fn act(&mut self, wish: Wish, screen: &mut Screen) -> Result<Done<Self::End>, Failure> {
        match wish {
            Wish::Open(id) => return Ok(Done::Over(Some(id))),
            Wish::Leave => return Ok(Done::Over(None)),
            Wish::Refresh => _ = self.state.refresh((self.items)()?),
            Wish::Redraw => screen.redraw().map_err(|error| lost(&error))?,
            Wish::Suspend => {
                let (width, height) = screen.suspend().map_err(|error| lost(&error))?;
                return Ok(Done::Answer(Box::new(Msg::Resize(width, height))));
            }
        }
        Ok(Done::Nothing)
    }

    fn news(&mut self) -> Result<Vec<Wish>, Failure> {
        Ok(Vec::new())
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn look(&mut self) -> Result<Option<Msg>, Failure> {
        if self.looked.elapsed() < FRESH {
            return Ok(None);
        }
        self.looked = Instant::now();
        let is_new = self.state.refresh((self.items)()?);
        Ok(is_new.then_some(Msg::Tick))
    }

    fn is_undrawn(&self) -> bool {
        false
    }

    fn told_to_end(&self) -> Option<String> {
        None
    }
}

/// Shows the list until the reviewer opens a plan, by its id, or leaves. `items` makes the list anew.
pub fn choose(
    notice: Option<String>,
    theme: Theme,
    items: &mut dyn FnMut() -> Result<Vec<Item>, Failure>,
) -> Result<Option<String>, Failure> {
    let first = items()?;
    turn::play(|size| Listing {
        state: State::new(first, notice, theme, size),
        items,
        looked: Instant::now(),
    })
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
                let moved = state.at != 12 || state.help.is_some();
                assert!(wish.is_some() || moved, "{key}: {}", binding.help);
                assert_eq!(state.notice, None, "{key}");
            }
        }
        let screen = screen(&state(items()), 80, 24);
        assert!(
            screen.contains("enter review  r look again  ? help  q leave"),
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

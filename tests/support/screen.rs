//! A screen that is driven by a script: rows in, keys in, cells out.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use undersign::cli::loading;
use undersign::diff::Secrets;
use undersign::failure::{Exit, Failure};
use undersign::plan::values::Values;
use undersign::policy::Opinion;
use undersign::review::judge::Judgement;
use undersign::review::verdicts;
use undersign::risk::Judged;
use undersign::ui::hands::Outcome;
use undersign::ui::key::Key;
use undersign::ui::state::State;
use undersign::ui::theme::{Palette, Theme};
use undersign::ui::update::update;
use undersign::ui::view::view;
use undersign::ui::{Command, Facts, Msg, Setup};

use super::scene::{self, Scene};

pub struct Screen {
    pub state: State,
    items: Vec<String>,
    /// What was asked of the world, values and saves aside.
    pub asked: Vec<Command>,
    pub saves: usize,
    pub save_fails: bool,
}

pub fn setup(palette: Palette) -> Setup {
    Setup {
        plan: "plan.json".into(),
        set: None,
        target: Some("prod/network".into()),
        phrase: "prod/network".into(),
        identity: Ok("j.doe@example.org   SHA256:9tQkX0yfX2c (ed25519)".into()),
        log: undersign::review::log::Log::default(),
        restored: None,
        task: None,
        then: Some("this plan may be applied, once, within 4h".into()),
        policies: Arc::default(),
        watch: false,
        theme: Theme {
            palette,
            ascii: false,
        },
    }
}

impl Screen {
    pub fn new(width: u16, height: u16) -> Self {
        Screen::with(setup(Palette::Dark), width, height)
    }

    pub fn with(setup: Setup, width: u16, height: u16) -> Self {
        Screen {
            state: State::new(setup, (width, height)),
            items: Vec::new(),
            asked: Vec::new(),
            saves: 0,
            save_fails: false,
        }
    }

    /// The incident, read to its end.
    pub fn incident(width: u16, height: u16) -> Self {
        Screen::new(width, height).rows(scene::incident()).loaded()
    }

    /// A plan of `fixtures/plans`, read and judged as the program does it.
    pub fn fixture(name: &str, width: u16, height: u16) -> Self {
        Screen::read(scene::fixture(name), width, height)
    }

    /// A plan that was read and judged.
    pub fn read((scene, judgement): (Scene, Judgement), width: u16, height: u16) -> Self {
        let mut screen = Screen::new(width, height).rows(scene);
        let facts = Facts {
            header: judgement.header,
            tool: judgement.product.word(),
            file: None,
            secrets: Some(judgement.secrets),
            unit: None,
        };
        screen.send(Msg::Loaded(Box::new(facts), judgement.signals));
        screen
    }

    pub fn rows(mut self, scene: Scene) -> Self {
        self.items.extend(scene.items);
        self.send(Msg::Rows(scene.rows));
        self
    }

    pub fn loaded(self) -> Self {
        self.loaded_with(scene::signals())
    }

    pub fn loaded_with(mut self, signals: Vec<Judged>) -> Self {
        let facts = Facts {
            header: scene::header(),
            tool: "terraform",
            file: None,
            secrets: None,
            unit: None,
        };
        self.send(Msg::Loaded(Box::new(facts), signals));
        self
    }

    /// What policies say, in the messages in which the loader sends it.
    pub fn heard(&self, opinion: &Opinion) -> Vec<Msg> {
        let mut targets = verdicts::Targets::default();
        targets.add(&self.state.rows);
        loading::messages(verdicts::lay(opinion, &targets, &Secrets::default())).collect()
    }

    /// Hears it.
    pub fn hear(&mut self, opinion: &Opinion) {
        for message in self.heard(opinion) {
            self.send(message);
        }
    }

    /// Keys by name, each seen on the screen before the next; `'words'` are typed letter by letter.
    pub fn keys(mut self, script: &str) -> Self {
        for name in script_keys(script) {
            self.send(Msg::Key(Key::named(&name)));
            self.send(Msg::Drawn);
        }
        self
    }

    /// Keys that arrive together, before anything is drawn.
    pub fn at_once(mut self, script: &str) -> Self {
        for name in script_keys(script) {
            self.send(Msg::Key(Key::named(&name)));
        }
        self.send(Msg::Drawn);
        self
    }

    pub fn paste(mut self, text: &str) -> Self {
        self.send(Msg::Paste(text.into()));
        self
    }

    pub fn send(&mut self, msg: Msg) {
        let mut commands = update(&mut self.state, msg);
        commands.extend(update(&mut self.state, Msg::Tick));
        while !commands.is_empty() {
            let answer = match commands.remove(0) {
                Command::LoadValues(row) => Some(Msg::Values(row, Ok(self.values(row)))),
                Command::Save => {
                    self.saves += 1;
                    let saved = if self.save_fails {
                        Err(Failure::new(Exit::Internal, "io", "the disk is full"))
                    } else {
                        Ok(())
                    };
                    Some(Msg::Saved(saved))
                }
                other => {
                    self.asked.push(other);
                    None
                }
            };
            if let Some(answer) = answer {
                commands.extend(update(&mut self.state, answer));
                commands.extend(update(&mut self.state, Msg::Tick));
            }
        }
    }

    fn values(&self, row: u32) -> (String, Values) {
        let item = self.items.get(row as usize).map_or("{}", String::as_str);
        let values = Values::of_item(item).unwrap_or_default();
        (item.to_owned(), values)
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        self.asked.iter().find_map(|command| match command {
            Command::Quit(outcome) => Some(outcome),
            _ => None,
        })
    }

    /// What is drawn.
    pub fn buffer(&self) -> Buffer {
        self.draw(self.state.size.0, self.state.size.1)
    }

    pub fn draw(&self, width: u16, height: u16) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// Where the terminal's cursor is.
    pub fn cursor(&self) -> (u16, u16) {
        let (width, height) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.state, frame)).unwrap();
        let position = terminal.get_cursor_position().unwrap();
        (position.x, position.y)
    }

    /// The rows of the screen as text.
    pub fn text(&self) -> String {
        super::describe::text(&self.buffer())
    }
}

fn script_keys(script: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for (i, part) in script.split('\'').enumerate() {
        if i % 2 == 0 {
            keys.extend(part.split_whitespace().map(String::from));
        } else {
            keys.extend(part.chars().map(|c| {
                if c == ' ' {
                    "space".into()
                } else {
                    c.to_string()
                }
            }));
        }
    }
    keys
}

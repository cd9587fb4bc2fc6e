//! The terminal: state, update, view.
//!
//! Owns the screen and the keys. Knows plans, findings and reviews; knows no file, no key and no tool: what touches the
//! world is asked of the [`Hands`] that the commands implement.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use crossterm::event;

use crate::diff::Secrets;
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::index::{Header, Progress};
use crate::plan::values::Values;
use crate::review::carry::Since;
use crate::review::log::Log;
use crate::risk::{Finding, Judged};

pub mod address;
pub mod detail;
pub mod dialog;
pub mod filter;
pub mod hands;
pub mod inbox;
pub mod key;
pub mod keymap;
pub mod layout;
pub mod line;
pub mod mouse;
pub mod number;
pub mod standing;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod tree;
pub mod update;
pub mod view;
pub mod width;

use hands::{Disk, Hands, Outcome, Receipt, SignRequest};
use key::Key;
use mouse::{Clicks, Mouse};
use state::{Reading, State};
use terminal::Screen;
use theme::Theme;

/// What is known before the plan is read.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Name of the plan, as the reviewer gave it.
    pub plan: String,
    /// The plans, where several are reviewed together.
    pub set: Option<Set>,
    /// What the plan is for, where that is known: `prod/network`.
    pub target: Option<String>,
    /// What is typed to sign.
    pub phrase: String,
    /// Who signs, or why nobody can.
    pub identity: Result<String, Box<Failure>>,
    /// What was said in an earlier sitting.
    pub log: Log,
    /// A sentence about that.
    pub restored: Option<String>,
    /// The texts of the policies, by the name of their file.
    pub policies: Arc<BTreeMap<String, String>>,
    /// Whether the plan that is made again is offered.
    pub watch: bool,
    /// The looks.
    pub theme: Theme,
}

/// Several plans that are reviewed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The plans' names, in the order in which they are applied and read.
    pub units: Vec<Arc<str>>,
    /// Digest of the manifest: what an approval of each of them is bound to. None where a plan is a JSON alone.
    pub sha256: Option<Sha256>,
}

/// What is known when the plan was read to its end.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Which of several plans it is.
    pub unit: Option<Arc<str>>,
    /// The top of the plan JSON.
    pub header: Header,
    /// The tool it is for: `terraform`, `tofu`.
    pub tool: &'static str,
    /// The plan file, where there is one.
    pub file: Option<PlanFile>,
    /// The secrets of the plan: masked wherever they stand.
    pub secrets: Option<Arc<Secrets>>,
}

impl Facts {
    /// The digest that is signed: of the plan file, or else of the JSON.
    pub fn subject(&self) -> &[u8; 32] {
        self.file
            .as_ref()
            .map_or(&self.header.sha256, |file| &file.sha256)
    }
}

/// What happens.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Something is about to be drawn.
    Tick,
    /// What was asked for last is on the screen, and what was typed before is gone.
    Drawn,
    /// From here on, what comes is of this plan of several.
    Unit(Arc<str>),
    /// Rows were read.
    Rows(Vec<Judged>),
    /// The tool that shows the plan has said nothing yet: its name, and for how many seconds.
    Waiting(String, u64),
    /// Reading goes on.
    Progress(Progress),
    /// What was said in an earlier sitting, where it could only be found when the plan was read.
    Restored(Log, String),
    /// All that policies say of some rows, by their number, as far as they have spoken.
    Verdicts(Vec<(u32, Vec<Finding>)>),
    /// What of an earlier review still holds, found when the plan was read.
    Since(Box<Since>),
    /// Reading of a plan is over; the rows about it as a whole come with it.
    Loaded(Box<Facts>, Vec<Judged>),
    /// Reading failed.
    LoadFailed(Failure),
    /// The values of a row.
    Values(u32, Result<(String, Values), Failure>),
    /// The draft was saved, or not.
    Saved(Result<(), Failure>),
    /// A signature was made, or not.
    Signed(Result<Receipt, Failure>),
    /// The plan was sent back, or not.
    Rejected(Result<String, Failure>),
    /// Text comes back from the editor.
    Edited(Result<String, Failure>),
    /// The plan on disk is no longer what was read.
    Disk(Disk),
    /// The mouse was used.
    Mouse(Mouse),
}

/// What the screen wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Decode a row.
    LoadValues(u32),
    /// Put the log on disk.
    Save,
    /// Sign.
    Sign(SignRequest),
    /// Send the plan back.
    Reject,
    /// Hand text to the terminal's clipboard.
    Copy(String),
    /// Let the reviewer write in an editor.
    Edit(String),
    /// Give the shell its terminal until `fg`.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Let the terminal report clicks, or no longer.
    Mouse(bool),
    /// The review is over.
    Quit(Outcome),
}

/// How often the screen looks for news while something goes on.
const BUSY: Duration = Duration::from_millis(33);

/// How long it takes news before it draws.
const SHARE: Duration = Duration::from_millis(10);

/// How often it looks whether the plan on disk is still what was read, when nothing goes on.
const IDLE: Duration = Duration::from_secs(1);

/// Runs a review on the terminal, from the first row to its end.
///
/// `messages` brings what the reader finds. Without a terminal there is no screen: a failure says what to do instead.
pub fn run(
    setup: Setup,
    messages: &Receiver<Msg>,
    hands: &mut dyn Hands,
) -> Result<Outcome, Failure> {
    let mut screen = Screen::enter().map_err(|error| no_terminal(&error))?;
    let size = screen.size().map_err(|error| no_terminal(&error))?;
    let mut state = State::new(setup, size);
    let outcome = turn(&mut state, &mut screen, messages, hands);
    drop(screen);
    outcome
}

fn no_terminal(error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        "no-terminal",
        format!("no terminal to draw on: {error}"),
    )
    .hint("run it in a terminal")
    .hint("`undersign review --plain` asks line by line, `undersign check` asks nothing")
}

fn turn(
    state: &mut State,
    screen: &mut Screen,
    messages: &Receiver<Msg>,
    hands: &mut dyn Hands,
) -> Result<Outcome, Failure> {
    let lost = |error: std::io::Error| Failure::io("the terminal", &error);
    let (signed, signatures) = channel();
    let mut commands = Vec::new();
    let mut clicks = Clicks::default();
    let mut pressed = false;
    loop {
        // A key that was pressed gets its frame before anything new is taken.
        let news = if std::mem::take(&mut pressed) {
            News::Key
        } else {
            drain(state, messages, &mut commands).map_err(lost)?
        };
        while let Ok(receipt) = signatures.try_recv() {
            commands.extend(update::update(state, Msg::Signed(receipt)));
        }
        // While the plan is read, a list that is a little behind may stay so until no key waits.
        if news != News::Key || !matches!(state.reading, Reading::Going(_)) {
            commands.extend(update::update(state, Msg::Tick));
        }
        while let Some(command) = take_first(&mut commands) {
            let answer = match command {
                Command::LoadValues(row) => {
                    let judged = &state.rows[row as usize];
                    Some(Msg::Values(row, hands.values(judged)))
                }
                Command::Save => Some(Msg::Saved(hands.save(&state.log, &state.rows))),
                Command::Reject => Some(Msg::Rejected(hands.reject(&state.log, &state.rows))),
                Command::Sign(request) => {
                    let job = hands.sign(request);
                    if job.needs_terminal {
                        let receipt = screen.away(job.run).map_err(lost)?;
                        Some(Msg::Signed(receipt))
                    } else {
                        state.open(dialog::Overlay::Waiting(job.waits_for));
                        let signed = signed.clone();
                        std::thread::spawn(move || signed.send(unless_it_breaks(job.run)));
                        None
                    }
                }
                Command::Edit(text) => {
                    let text = screen.away(|| hands.edit(&text)).map_err(lost)?;
                    Some(Msg::Edited(text))
                }
                Command::Copy(text) => {
                    screen.copy(&text).map_err(lost)?;
                    None
                }
                Command::Suspend => {
                    let (width, height) = screen.suspend().map_err(lost)?;
                    Some(Msg::Resize(width, height))
                }
                Command::Redraw => {
                    screen.redraw().map_err(lost)?;
                    None
                }
                Command::Mouse(on) => {
                    screen.mouse(on).map_err(lost)?;
                    None
                }
                Command::Quit(outcome) => return Ok(outcome),
            };
            if let Some(answer) = answer {
                commands.extend(update::update(state, answer));
                commands.extend(update::update(state, Msg::Tick));
            }
        }
        if state.undrawn {
            forget_typed_ahead(state, &mut commands).map_err(lost)?;
        }
        if terminal::asked_to_end() {
            let saved = state.unsaved.is_none();
            return Ok(Outcome::Left { saved });
        }
        // In a storm of sizes the last one may come without an event of its own.
        let (width, height) = screen.size().map_err(lost)?;
        if (width, height) != state.size {
            commands.extend(update::update(state, Msg::Resize(width, height)));
        }
        screen.draw(state).map_err(lost)?;
        if !commands.is_empty() {
            continue;
        }
        let patience = match news {
            News::More | News::Key => Some(Duration::ZERO),
            News::Later => Some(BUSY),
            News::Over => state.busy().then_some(BUSY),
        };
        if !heard(state, screen, hands, patience, &mut commands).map_err(lost)? {
            continue;
        }
        // Whatever is queued is taken before the next frame: a held key scrolls without lagging behind.
        loop {
            let msg = match key::message(&event::read().map_err(lost)?) {
                Some(Msg::Mouse(mouse)) => Some(Msg::Mouse(clicks.hear(mouse, Instant::now()))),
                msg => msg,
            };
            if let Some(msg) = msg {
                commands.extend(update::update(state, msg));
            }
            if !commands.is_empty() || !event::poll(Duration::ZERO).map_err(lost)? {
                break;
            }
        }
        pressed = true;
    }
}

/// Waits for a key, with `patience` where something else may happen. Says that there is none when it may have.
///
/// Where nothing goes on, nothing is drawn either: the plan on disk is looked at now and then, and that is all.
fn heard(
    state: &mut State,
    screen: &Screen,
    hands: &mut dyn Hands,
    patience: Option<Duration>,
    commands: &mut Vec<Command>,
) -> std::io::Result<bool> {
    if let Some(patience) = patience {
        return event::poll(patience);
    }
    while !event::poll(IDLE)? {
        if terminal::asked_to_end() || screen.size()? != state.size {
            return Ok(false);
        }
        let disk = hands.disk();
        if disk != state.disk {
            commands.extend(update::update(state, Msg::Disk(disk)));
            return Ok(false);
        }
    }
    Ok(true)
}

/// What may still come from the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// More is there already.
    More,
    /// More may be there, but a key waits.
    Key,
    /// More may come.
    Later,
    /// It is gone.
    Over,
}

/// Takes what the reader has sent, until a key waits, and not for so long that nothing would be seen of it.
fn drain(
    state: &mut State,
    messages: &Receiver<Msg>,
    commands: &mut Vec<Command>,
) -> std::io::Result<News> {
    let since = Instant::now();
    while since.elapsed() < SHARE {
        match messages.try_recv() {
            Ok(msg) => commands.extend(update::update(state, msg)),
            Err(TryRecvError::Empty) => return Ok(News::Later),
            Err(TryRecvError::Disconnected) => {
                // A reader that ends without a last word has broken: its plan must not look complete.
                if matches!(state.reading, Reading::Going(_)) {
                    let broken = broken("reading the plan");
                    commands.extend(update::update(state, Msg::LoadFailed(broken)));
                }
                return Ok(News::Over);
            }
        }
        if event::poll(Duration::ZERO)? {
            return Ok(News::Key);
        }
    }
    Ok(News::More)
}

/// Runs a job on a thread of its own; a panic there is a failure here.
fn unless_it_breaks(run: impl FnOnce() -> Result<Receipt, Failure>) -> Result<Receipt, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(broken("signing")))
}

fn broken(what: &str) -> Failure {
    Failure::new(
        Exit::Internal,
        "defect",
        format!("{what} broke off: this is a defect of undersign"),
    )
    .hint("what you said is in the draft; leave, and start again")
}

/// Drops the keys that were typed before the dialog was on the screen; called right before it is drawn.
fn forget_typed_ahead(state: &mut State, commands: &mut Vec<Command>) -> std::io::Result<()> {
    while event::poll(Duration::ZERO)? {
        if let Some(msg @ Msg::Resize(..)) = key::message(&event::read()?) {
            commands.extend(update::update(state, msg));
        }
    }
    commands.extend(update::update(state, Msg::Drawn));
    Ok(())
}

fn take_first(commands: &mut Vec<Command>) -> Option<Command> {
    (!commands.is_empty()).then(|| commands.remove(0))
}

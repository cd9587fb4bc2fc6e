//! A review on the stage: what it wants done is asked of the [`Hands`], what the reader finds is taken while it comes.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use crossterm::event;
use ratatui::Frame;

use super::hands::{Hands, Outcome, Receipt};
use super::state::{Reading, State};
use super::terminal::Screen;
use super::turn::{Done, Stage, lost};
use super::update::update;
use super::view::view;
use super::{Command, Msg, dialog};
use crate::failure::{Exit, Failure};

/// How often the screen looks for news while something goes on.
const BUSY: Duration = Duration::from_millis(33);

/// How long it takes news before it draws.
const SHARE: Duration = Duration::from_millis(10);

/// A review, the reader of its plan, and who does for it what touches the world.
pub struct Sitting<'a> {
    state: State,
    messages: &'a Receiver<Msg>,
    expected: Expected,
    hands: &'a mut dyn Hands,
    signed: Sender<Result<Receipt, Failure>>,
    signatures: Receiver<Result<Receipt, Failure>>,
}

/// What may still come from the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// More is there already.
    More,
    /// More may be there, but a key waits.
    Key,
    /// More may come.
    Later,
    /// It is gone.
    Over,
}

impl<'a> Sitting<'a> {
    /// Begins with nothing read.
    pub fn new(state: State, messages: &'a Receiver<Msg>, hands: &'a mut dyn Hands) -> Self {
        let (signed, signatures) = channel();
        Sitting {
            state,
            messages,
            expected: Expected::More,
            hands,
            signed,
            signatures,
        }
    }

    fn hear(&mut self, todo: &mut Vec<Command>) -> Result<Expected, Failure> {
        let since = Instant::now();
        while since.elapsed() < SHARE {
            match self.messages.try_recv() {
                Ok(msg) => todo.extend(update(&mut self.state, msg)),
                Err(TryRecvError::Empty) => return Ok(Expected::Later),
                Err(TryRecvError::Disconnected) => {
                    // A reader that ends without a last word has broken: its plan must not look complete.
                    if matches!(self.state.reading, Reading::Going(_)) {
                        let broken = broken("reading the plan");
                        todo.extend(update(&mut self.state, Msg::LoadFailed(broken)));
                    }
                    return Ok(Expected::Over);
                }
            }
            if event::poll(Duration::ZERO).map_err(|error| lost(&error))? {
                return Ok(Expected::Key);
            }
        }
        Ok(Expected::More)
    }
}

impl Stage for Sitting<'_> {
    type Todo = Command;
    type End = Outcome;

    fn size(&self) -> (u16, u16) {
        self.state.size
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        view(&self.state, frame);
    }

    fn update(&mut self, msg: Msg) -> Vec<Command> {
        let going = matches!(self.state.reading, Reading::Going(_));
        match msg {
            // While the plan is read, the list may stay a little behind it until no key waits.
            Msg::Tick if self.expected == Expected::Key && going => Vec::new(),
            msg => update(&mut self.state, msg),
        }
    }

    fn act(&mut self, todo: Command, screen: &mut Screen) -> Result<Done<Outcome>, Failure> {
        let (state, hands) = (&mut self.state, &mut *self.hands);
        let answer = match todo {
            Command::LoadValues(row) => {
                let judged = &state.rows[row as usize];
                Msg::Values(row, hands.values(judged))
            }
            Command::Save => Msg::Saved(hands.save(&state.log, &state.rows)),
            Command::Reject => Msg::Rejected(hands.reject(&state.log, &state.rows)),
            Command::Sign(request) => {
                let job = hands.sign(request);
                if !job.needs_terminal {
                    state.open(dialog::Overlay::Waiting(job.waits_for));
                    let signed = self.signed.clone();
                    std::thread::spawn(move || signed.send(unless_it_breaks(job.run)));
                    return Ok(Done::Nothing);
                }
                Msg::Signed(screen.away(job.run).map_err(|error| lost(&error))?)
            }
            Command::Edit(text) => Msg::Edited(
                screen
                    .away(|| hands.edit(&text))
                    .map_err(|error| lost(&error))?,
            ),
            Command::Suspend => {
                let (width, height) = screen.suspend().map_err(|error| lost(&error))?;
                Msg::Resize(width, height)
            }
            Command::Copy(text) => {
                screen.copy(&text).map_err(|error| lost(&error))?;
                return Ok(Done::Nothing);
            }
            Command::Redraw => {
                screen.redraw().map_err(|error| lost(&error))?;
                return Ok(Done::Nothing);
            }
            Command::Mouse(on) => {
                screen.mouse(on).map_err(|error| lost(&error))?;
                return Ok(Done::Nothing);
            }
            Command::Quit(outcome) => return Ok(Done::Over(outcome)),
        };
        Ok(Done::Answer(Box::new(answer)))
    }

    fn news(&mut self) -> Result<Vec<Command>, Failure> {
        let mut todo = Vec::new();
        self.expected = self.hear(&mut todo)?;
        while let Ok(receipt) = self.signatures.try_recv() {
            todo.extend(update(&mut self.state, Msg::Signed(receipt)));
        }
        Ok(todo)
    }

    fn patience(&self) -> Option<Duration> {
        match self.expected {
            Expected::More | Expected::Key => Some(Duration::ZERO),
            Expected::Later => Some(BUSY),
            Expected::Over => self.state.busy().then_some(BUSY),
        }
    }

    /// The plan on disk may no longer be what was read.
    fn look(&mut self) -> Result<Option<Msg>, Failure> {
        let disk = self.hands.disk();
        Ok((disk != self.state.disk).then_some(Msg::Disk(disk)))
    }

    fn is_undrawn(&self) -> bool {
        self.state.undrawn
    }

    fn told_to_end(&self) -> Outcome {
        Outcome::Left {
            saved: self.state.unsaved.is_none() && !self.state.log.entries().is_empty(),
        }
    }
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

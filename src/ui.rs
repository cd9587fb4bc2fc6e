//! The terminal: state, update, view.
//!
//! Owns the screen and the keys. Knows plans, findings and reviews; knows no file, no key and no tool: what touches the
//! world is asked of the [`Hands`] that the commands implement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use arcstr::ArcStr;

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
pub mod marks;
pub mod mouse;
pub mod number;
mod sitting;
pub mod standing;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod tree;
mod turn;
pub mod update;
pub mod view;
pub mod width;

use hands::{Disk, Hands, Outcome, Receipt, SignRequest};
use key::Key;
use mouse::Mouse;
use sitting::Sitting;
use state::State;
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
    /// What an agent says it is for.
    pub task: Option<String>,
    /// What a signature brings about, where that is known.
    pub then: Option<String>,
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
    pub units: Vec<ArcStr>,
    /// Digest of the manifest: what an approval of each of them is bound to. None where a plan is a JSON alone.
    pub sha256: Option<Sha256>,
}

/// What is waited for before the first byte of a plan comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The command that is run: `terraform init`.
    pub what: String,
    /// What it is for.
    pub purpose: String,
    /// For how many seconds it has been waited for so far, or was.
    pub seconds: u64,
}

impl Wait {
    /// The command, and for how long: `terraform init, 12 s`, `terraform show -json, 3 min 5 s`.
    pub fn latest(&self) -> String {
        format!("{}, {}", self.what, self.elapsed())
    }

    /// For how long.
    pub fn elapsed(&self) -> String {
        match (self.seconds / 60, self.seconds % 60) {
            (0, seconds) => format!("{seconds} s"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        }
    }
}

/// What is known when the plan was read to its end.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Which of several plans it is.
    pub unit: Option<ArcStr>,
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
    Unit(ArcStr),
    /// Rows were read.
    Rows(Vec<Judged>),
    /// The first byte of the plan has not come yet: what was waited for, and last what still is.
    Waiting(Vec<Wait>),
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

/// Runs a review on the terminal, from the first row to its end.
///
/// `messages` brings what the reader finds. Without a terminal there is no screen: a failure says what to do instead.
pub fn run(
    setup: Setup,
    messages: &Receiver<Msg>,
    hands: &mut dyn Hands,
) -> Result<Outcome, Failure> {
    turn::play(|size| Sitting::new(State::new(setup, size), messages, hands))
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

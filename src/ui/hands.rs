//! What the screen asks of the world, and what it gives back.
//!
//! The screen itself touches no file, key or tool. The commands implement [`Hands`]; a test implements it with lists.

use crate::failure::Failure;
use crate::plan::values::Values;
use crate::review::log::Log;
use crate::review::{Ack, Key};
use crate::risk::Judged;

/// Does for the screen what touches files, keys and tools.
pub trait Hands {
    /// The JSON text of a row's element, and its values.
    fn values(&mut self, judged: &Judged) -> Result<(String, Values), Failure>;

    /// Puts the draft on disk, safely, before it returns; `rows` are what it speaks of, as far as they were read.
    fn save(&mut self, log: &Log, rows: &[Judged]) -> Result<(), Failure>;

    /// Prepares a signature. Nothing is signed before the job runs.
    fn sign(&mut self, request: SignRequest) -> SignJob;

    /// Records that the plan is sent back; returns what is said on the way out.
    fn reject(&mut self, log: &Log, rows: &[Judged]) -> Result<String, Failure>;

    /// Whether the plan on disk is still what was read. Asked now and then, so it must cost next to nothing.
    fn disk(&mut self) -> Disk;

    /// Lets the reviewer write in an editor of their own, with the terminal given back.
    fn edit(&mut self, text: &str) -> Result<String, Failure>;
}

/// What became of the plan on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// It is what was read, as far as can be seen without reading it again.
    #[default]
    AsRead,
    /// It is another one now, but what is shown and signed is a private copy: that still stands.
    CopyStands,
    /// It is another one now, and rows are read from it: nothing that is shown from here on can be trusted.
    Changed,
}

/// What is to be signed: every acknowledgement that the plan needs, and the remarks that stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// One for each requirement of the plan, in the order of the screen.
    pub acks: Vec<Ack>,
    /// Remarks on rows, oldest first.
    pub comments: Vec<(Key, String)>,
}

/// A signature that is ready to be made.
pub struct SignJob {
    /// Whether it asks for a passphrase or a touch on the terminal itself.
    pub needs_terminal: bool,
    /// What is waited for, in plain words: `the agent; your key may want a touch`.
    pub waits_for: String,
    /// Makes it.
    pub run: Box<dyn FnOnce() -> Result<Receipt, Failure> + Send>,
}

/// What is said when the signature is made and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub String);

/// How a review ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Signed; the receipt goes to stdout.
    Signed(Receipt),
    /// Sent back; what is said about it.
    Rejected(String),
    /// The plan was made again, and the reviewer goes on with the new one.
    Remade,
    /// Left before the end.
    Left {
        /// Whether something was said, and all of it is on disk.
        saved: bool,
    },
}

//! Everything the screen knows. No terminal, no file, no clock in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use arcstr::ArcStr;

use super::dialog::Overlay;
use super::filter::Filter;
use super::hands::Disk;
use super::keymap::Mode;
use super::layout::{self, Areas};
use super::standing::{Standing, Tally};
use super::theme::{Role, Theme};
use super::tree::Tree;
use super::tree::facets::Facets;
use super::tree::groups::By;
use super::view::header;
use super::{Facts, Setup, Wait};
use crate::diff::Secrets;
use crate::diff::secrets::{MASK, NOT_YET};
use crate::failure::Failure;
use crate::plan::archive::Sha256;
use crate::plan::index::Progress;
use crate::review::Key;
use crate::review::log::Log;
use crate::risk::Judged;

mod detail;
mod list;

pub use detail::{Detail, Whole};

/// How far the plan is read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// So far.
    Going(Progress),
    /// To its end, and so is every other of the set.
    Done,
    /// It could not be read to its end; nothing of it may be approved.
    Failed(Failure),
}

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The changes.
    Tree,
    /// The change beside them.
    Detail,
}

/// The filter line's memory.
#[derive(Debug, Clone, Default)]
pub struct Recall {
    /// The filters that were kept, oldest first.
    pub kept: Vec<String>,
    /// Which of them is in the line; behind the last where it is a new one.
    pub at: usize,
    /// What the word before the caret may become.
    pub choices: Vec<String>,
}

/// One line that tells what just happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Its look.
    pub role: Role,
}

/// Everything the screen knows.
#[derive(Debug, Clone)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing that is or is not so, and none excludes another"
)]
pub struct State {
    /// What was known at the start.
    pub setup: Setup,
    /// The rows, in the order of the plan; only ever added to.
    pub rows: Vec<Judged>,
    /// What of each row decides where it stands in the list.
    facets: Facets,
    /// Rows about the plan as a whole that are high or critical, worst first.
    pub signals: Vec<u32>,
    /// Where each row stands.
    pub standings: Vec<Standing>,
    /// Remarks by row.
    pub remarks: BTreeMap<Key, Vec<String>>,
    /// Counts over all rows.
    pub tally: Tally,
    /// What was said.
    pub log: Log,
    /// How a row compares with the one of an earlier review, by its key.
    pub since: BTreeMap<Key, String>,
    /// Why what was said is not on disk, if it is not.
    pub unsaved: Option<String>,
    /// How far the plan is read.
    pub reading: Reading,
    /// The plans that were read to their end.
    pub read: Vec<Facts>,
    /// Which of several plans is being read.
    pub unit: Option<ArcStr>,
    /// The first row of that plan.
    pub(super) unit_from: usize,
    /// What was and is waited for before the first byte.
    pub waiting: Vec<Wait>,
    /// Whether the plan on disk is still what was read.
    pub disk: Disk,
    /// A signature is on its way, whether or not somebody still looks.
    pub signing: bool,
    /// The list.
    pub tree: Tree,
    /// What the list is grouped by.
    pub by: By,
    /// The filter as typed.
    pub filter_text: String,
    /// The filter as understood.
    pub filter: Filter,
    /// Why it was not understood.
    pub filter_error: Option<String>,
    /// What the filter line remembers.
    pub recall: Recall,
    /// How many rows fit the filter.
    pub fitting: usize,
    /// The pane with the keys.
    pub pane: Pane,
    /// The detail takes the whole screen.
    pub full: bool,
    /// By how many steps the border between the panes was moved.
    pub split: i16,
    /// Clicks and the wheel are heard.
    pub mouse: bool,
    /// The change beside the list.
    pub detail: Detail,
    /// What lies over the list.
    pub overlay: Option<Overlay>,
    /// First line shown of a dialog that is longer than the screen.
    pub dialog_top: usize,
    /// The dialog has not been drawn yet: keys typed before it was seen must not answer it.
    pub undrawn: bool,
    /// What just happened.
    pub notice: Option<Notice>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The reviewer moved the cursor; until then it follows the worst open change.
    pub moved: bool,
    /// Rows or what was said of them are new: counts and list must follow.
    pub(super) stale: bool,
    /// Rows are new while the plan is read: counts and list follow when no key waits for them.
    behind: bool,
    /// Only the list must follow: another filter, or grouped by something else.
    pub(super) reshaped: bool,
    /// How many rows the list was made of.
    grouped: usize,
    /// How often policies said something of a row, when it was made and since.
    heard: (usize, usize),
    pub(super) detail_stale: bool,
}

impl State {
    /// The state before anything is read.
    pub fn new(setup: Setup, size: (u16, u16)) -> Self {
        let notice = setup.restored.clone().map(|text| Notice {
            text,
            role: Role::Done,
        });
        State {
            log: setup.log.clone(),
            since: BTreeMap::new(),
            setup,
            rows: Vec::new(),
            facets: Facets::default(),
            signals: Vec::new(),
            standings: Vec::new(),
            remarks: BTreeMap::new(),
            tally: Tally::default(),
            unsaved: None,
            reading: Reading::Going(Progress::default()),
            read: Vec::new(),
            unit: None,
            unit_from: 0,
            waiting: Vec::new(),
            disk: Disk::AsRead,
            signing: false,
            tree: Tree::default(),
            by: By::Risk,
            filter_text: String::new(),
            filter: Filter::default(),
            filter_error: None,
            recall: Recall::default(),
            fitting: 0,
            pane: Pane::Tree,
            full: false,
            split: 0,
            mouse: false,
            detail: Detail::default(),
            overlay: None,
            dialog_top: 0,
            undrawn: false,
            notice,
            size,
            moved: false,
            stale: true,
            behind: false,
            reshaped: false,
            grouped: 0,
            heard: (0, 0),
            detail_stale: true,
        }
    }

    /// The looks.
    pub fn theme(&self) -> Theme {
        self.setup.theme
    }

    /// Where the keys go.
    pub fn mode(&self) -> Mode {
        match (&self.overlay, self.pane) {
            (Some(overlay), _) => overlay.mode(),
            (None, Pane::Tree) => Mode::Tree,
            (None, Pane::Detail) if self.detail.whole.is_some() => Mode::Value,
            (None, Pane::Detail) => Mode::Detail,
        }
    }

    /// Where everything is drawn.
    pub fn areas(&self) -> Areas {
        let signal = header::signal_height(self);
        layout::areas(self.size, self.full, self.pane, signal, self.split)
    }

    /// Whether everything was read to its end.
    pub fn is_read(&self) -> bool {
        matches!(self.reading, Reading::Done)
    }

    /// What the plan of a row says of itself, once it was read to its end.
    pub fn facts_of(&self, judged: &Judged) -> Option<&Facts> {
        self.read.iter().find(|facts| facts.unit == judged.unit)
    }

    /// How many plans are reviewed.
    pub(super) fn plans(&self) -> usize {
        self.setup.set.as_ref().map_or(1, |set| set.units.len())
    }

    /// The digest that a signature binds: of the plan, or of the manifest of several.
    pub fn subject(&self) -> Option<&Sha256> {
        match &self.setup.set {
            Some(set) => set.sha256.as_ref(),
            None => self.read.first().map(Facts::subject),
        }
    }

    /// A text about the row under the cursor with every secret in it masked; while the plan is read, every value of the row
    /// may be one.
    pub fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let here = match self.detail.row {
            Some(row) => self.rows.get(row as usize),
            None => None,
        };
        let read = match here {
            Some(judged) => self.facts_of(judged).is_some(),
            None => self.is_read(),
        };
        match &self.detail.values {
            Some(Ok((_, values))) if !read => {
                let masked = Secrets::suspected(values).mask(text);
                Cow::Owned(masked.replace(MASK, NOT_YET))
            }
            _ => self
                .read
                .iter()
                .filter_map(|facts| facts.secrets.as_deref())
                .fold(Cow::Borrowed(text), |text, secrets| {
                    match secrets.mask(&text) {
                        Cow::Owned(masked) => Cow::Owned(masked),
                        Cow::Borrowed(_) => text,
                    }
                }),
        }
    }

    /// Whether something comes without a key being pressed.
    pub fn busy(&self) -> bool {
        self.signing || matches!(self.reading, Reading::Going(_))
    }

    /// Opens a dialog or a line.
    pub fn open(&mut self, overlay: Overlay) {
        self.undrawn |= overlay.asks();
        self.dialog_top = 0;
        // What was said before is no answer to what a dialog asks.
        self.notice = self.notice.take().filter(|_| !overlay.asks());
        self.overlay = Some(overlay);
    }

    /// Says what just happened.
    pub fn say(&mut self, text: impl Into<String>, role: Role) {
        self.notice = Some(Notice {
            text: text.into(),
            role,
        });
    }
}

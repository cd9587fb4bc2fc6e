//! Everything the screen knows. No terminal, no file, no clock in it.

use std::collections::BTreeMap;

use super::dialog::Overlay;
use super::filter::Filter;
use super::keymap::Mode;
use super::layout::{self, Areas};
use super::standing::{Standing, Tally, standings};
use super::theme::{Piece, Role, Theme};
use super::tree::Tree;
use super::tree::groups::{By, group};
use super::{Facts, Setup};
use crate::failure::Failure;
use crate::plan::effect::Kind;
use crate::plan::index::Progress;
use crate::plan::values::Values;
use crate::review::log::Log;
use crate::risk::{Judged, Risk};

/// How far the plan is read.
#[derive(Debug, Clone)]
pub enum Reading {
    /// So far.
    Going(Progress),
    /// To its end.
    Done(Box<Facts>),
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

/// The change beside the tree.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// Which row is shown.
    pub row: Option<u32>,
    /// Its JSON and its values, or why they cannot be had; `None` until they come.
    pub values: Option<Result<(String, Values), Failure>>,
    /// The lines, made for the width they are drawn in.
    pub lines: Vec<Vec<Piece>>,
    /// First line shown.
    pub top: usize,
    /// Show what stays as it is.
    pub unchanged: bool,
    /// Wrap long values instead of cutting them.
    pub wrap: bool,
    /// Show the JSON as it stands in the plan.
    pub json: bool,
    /// Show the text of a policy instead: of which of those that speak of the row.
    pub rule: Option<usize>,
    /// What is searched.
    pub find: String,
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
    /// Rows about the plan as a whole that are high or critical, worst first.
    pub signals: Vec<u32>,
    /// Where each row stands.
    pub standings: Vec<Standing>,
    /// Remarks by row address.
    pub remarks: BTreeMap<String, Vec<String>>,
    /// Counts over all rows.
    pub tally: Tally,
    /// What was said.
    pub log: Log,
    /// Why what was said is not on disk, if it is not.
    pub unsaved: Option<String>,
    /// How far the plan is read.
    pub reading: Reading,
    /// The plan on disk is no longer what was read.
    pub source_changed: bool,
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
    /// How many rows fit the filter.
    pub fitting: usize,
    /// The pane with the keys.
    pub pane: Pane,
    /// The detail takes the whole screen.
    pub full: bool,
    /// The change beside the list.
    pub detail: Detail,
    /// What lies over the list.
    pub overlay: Option<Overlay>,
    /// The dialog has not been drawn yet: keys typed before it was seen must not answer it.
    pub undrawn: bool,
    /// What just happened.
    pub notice: Option<Notice>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The reviewer moved the cursor; until then it follows the worst open change.
    pub moved: bool,
    pub(super) stale: bool,
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
            setup,
            rows: Vec::new(),
            signals: Vec::new(),
            standings: Vec::new(),
            remarks: BTreeMap::new(),
            tally: Tally::default(),
            unsaved: None,
            reading: Reading::Going(Progress::default()),
            source_changed: false,
            signing: false,
            tree: Tree::default(),
            by: By::Risk,
            filter_text: String::new(),
            filter: Filter::default(),
            filter_error: None,
            fitting: 0,
            pane: Pane::Tree,
            full: false,
            detail: Detail::default(),
            overlay: None,
            undrawn: false,
            notice,
            size,
            moved: false,
            stale: true,
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
            (None, Pane::Detail) => Mode::Detail,
        }
    }

    /// Where everything is drawn.
    pub fn areas(&self) -> Areas {
        layout::areas(self.size, self.full, self.pane, !self.signals.is_empty())
    }

    /// Adds rows.
    pub(super) fn add(&mut self, rows: Vec<Judged>) {
        for judged in rows {
            if judged.effect.kind == Kind::Plan && judged.risk() >= Risk::High {
                self.signals.push(self.rows.len() as u32);
            }
            self.rows.push(judged);
        }
        let rows = &self.rows;
        self.signals
            .sort_by_key(|&row| (std::cmp::Reverse(rows[row as usize].risk()), row));
        self.stale = true;
    }

    /// What the plan says of itself, once it was read to its end.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.reading {
            Reading::Done(facts) => Some(facts),
            Reading::Going(_) | Reading::Failed(_) => None,
        }
    }

    /// Whether something comes without a key being pressed.
    pub fn busy(&self) -> bool {
        self.signing || matches!(self.reading, Reading::Going(_))
    }

    /// Opens a dialog or a line.
    pub fn open(&mut self, overlay: Overlay) {
        self.undrawn |= overlay.asks();
        self.overlay = Some(overlay);
    }

    /// Says what just happened.
    pub fn say(&mut self, text: impl Into<String>, role: Role) {
        self.notice = Some(Notice {
            text: text.into(),
            role,
        });
    }

    /// Sets the filter; one that cannot be understood leaves the old one in force and says why.
    pub fn set_filter(&mut self, text: &str) {
        match Filter::parse(text) {
            Ok(filter) => {
                self.filter = filter;
                text.trim().clone_into(&mut self.filter_text);
                self.filter_error = None;
                self.stale = true;
            }
            Err(error) => self.filter_error = Some(error),
        }
    }

    /// Brings the list in line with the rows, the log and the filter.
    pub(super) fn regroup(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.standings = standings(&self.rows, &self.log);
        self.tally = Tally::of(&self.rows, &self.standings);
        self.remarks.clear();
        for (key, text) in self.log.comments() {
            let remarks = self.remarks.entry(key.address.clone()).or_default();
            remarks.push(text.to_owned());
        }
        let fitting: Vec<u32> = (0..self.rows.len() as u32)
            .filter(|&row| {
                let row = row as usize;
                self.filter.is_empty() || self.filter.fits(&self.rows[row], self.standings[row])
            })
            .collect();
        self.fitting = fitting.len();
        let nodes = group(&self.rows, &self.standings, &fitting, self.by);
        self.tree.replace(nodes);
        if !self.moved {
            self.go_to_worst();
        }
        self.detail_stale = true;
    }

    /// Puts the cursor on the worst open row, or on the first row at all.
    fn go_to_worst(&mut self) {
        self.tree.first();
        let row = {
            let mut rows = self.tree.rows_from_cursor().peekable();
            let first = rows.peek().copied();
            let open = rows.find(|&row| self.standings[row as usize] == Standing::Open);
            open.or(first.filter(|&row| self.rows[row as usize].needs_ack()))
        };
        if row.is_none_or(|row| !self.tree.go_to(row)) {
            self.tree.to_a_row();
        }
    }

    /// The row under the cursor, with its number.
    pub fn current(&self) -> Option<(u32, &Judged)> {
        let row = self.tree.row()?;
        Some((row, self.rows.get(row as usize)?))
    }

    /// The next open row in the order of the tree, from the cursor on and round.
    pub fn next_open(&self, back: bool) -> Option<u32> {
        let open = |row: &u32| self.standings[*row as usize] == Standing::Open;
        let current = self.tree.row();
        let rows = self.tree.rows_from_cursor();
        let other = |row: &u32| open(row) && Some(*row) != current;
        let found = if back {
            rows.rev().find(other)
        } else {
            rows.into_iter().find(other)
        };
        found.or(current.filter(open))
    }
}

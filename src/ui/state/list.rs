//! How the list follows the rows, what is said of them and the filter; and where its cursor goes by itself.
//!
//! Rows are only ever added. Counts and list are made anew from all of them, and not for every batch: what is behind is
//! caught up with when somebody waits for it.

use super::{Reading, State};
use crate::plan::effect::Kind;
use crate::risk::{Finding, Judged, Risk};
use crate::ui::filter::Filter;
use crate::ui::standing::{Standing, Tally, standings};
use crate::ui::tree::groups::{Listed, group};

/// From so many rows on the list does not follow each batch.
const MANY: usize = 4_096;

impl State {
    /// Adds rows.
    pub(in crate::ui) fn add(&mut self, rows: Vec<Judged>) {
        for mut judged in rows {
            judged.unit.clone_from(&self.unit);
            if judged.effect.kind == Kind::Plan && judged.risk() >= Risk::High {
                self.signals.push(self.rows.len() as u32);
            }
            self.facets.add(&judged);
            self.rows.push(judged);
        }
        let rows = &self.rows;
        self.signals
            .sort_by_key(|&row| (std::cmp::Reverse(rows[row as usize].risk()), row));
        self.follow();
    }

    /// Takes what policies say of some rows, by their number among those of the plan that is being read.
    pub(in crate::ui) fn hear(&mut self, said: Vec<(u32, Vec<Finding>)>) {
        for (row, findings) in said {
            let row = self.unit_from + row as usize;
            if let Some(judged) = self.rows.get_mut(row) {
                judged.hear(findings);
                self.facets.renew(row, judged);
                self.heard.1 += 1;
                self.detail_stale |= self.detail.row.is_some_and(|shown| shown as usize == row);
            }
        }
        self.follow();
    }

    /// Lets the list follow what is new.
    ///
    /// While many rows stream in, it follows in ever larger steps: all of them together cost a few times the last one,
    /// where one for each batch would cost the square of the rows. So it follows what policies say, from their first
    /// word on.
    fn follow(&mut self) {
        let step = if self.grouped < MANY {
            0
        } else {
            self.grouped / 2
        };
        let (before, since) = self.heard;
        self.behind |= self.rows.len() - self.grouped > step || since > before / 8;
        self.stale |= !matches!(self.reading, Reading::Going(_));
    }

    /// Lets counts and list follow now.
    pub(in crate::ui) fn catch_up(&mut self) {
        self.stale |= self.behind;
    }

    /// Sets the filter; one that cannot be understood leaves the old one in force and says why.
    pub fn set_filter(&mut self, text: &str) {
        match Filter::parse(text) {
            Ok(filter) => {
                self.filter = filter;
                text.trim().clone_into(&mut self.filter_text);
                self.filter_error = None;
                self.reshaped = true;
            }
            Err(error) => self.filter_error = Some(error),
        }
    }

    /// How many rows the list was made of: all of them, but while many are read.
    pub fn listed(&self) -> usize {
        self.grouped
    }

    /// Brings standings and counts in line with the rows and the log.
    fn recount(&mut self) {
        self.behind = false;
        self.grouped = self.rows.len();
        self.facets.sort();
        self.heard = (self.heard.0 + self.heard.1, 0);
        self.standings = standings(&self.rows, &self.log);
        self.tally = Tally::of(&self.rows, &self.standings);
        self.remarks.clear();
        for (key, text) in self.log.comments() {
            let remarks = self.remarks.entry(key.clone()).or_default();
            remarks.push(text.to_owned());
        }
    }

    /// Brings the list in line with the rows, the log and the filter.
    pub(in crate::ui) fn regroup(&mut self) {
        let (stale, reshaped) = (
            std::mem::take(&mut self.stale),
            std::mem::take(&mut self.reshaped),
        );
        if stale {
            self.recount();
        } else if !reshaped {
            return;
        }
        let fitting =
            self.filter
                .fitting(&self.rows[..self.grouped], &self.facets, &self.standings);
        self.fitting = fitting.len();
        let listed = Listed {
            rows: &self.rows[..self.grouped],
            facets: &self.facets,
            standings: &self.standings,
        };
        self.tree.replace(|| group(listed, &fitting, self.by));
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

//! What policies say, on its way to the screen: laid on the rows while the plan is read, and again when all is said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::SyncSender;

use crate::diff::Secrets;
use crate::policy::{Opinion, Verdict};
use crate::review::verdicts::{self, Laid, Targets};
use crate::risk::{Finding, Judged};
use crate::ui::Msg;

/// Rows whose verdicts go to the screen at once.
const AT_ONCE: usize = 256;

/// Lays what policies say on the rows that the screen has.
#[derive(Default)]
pub(super) struct Laying {
    targets: Targets,
    /// What was said of rows that the screen does not have yet.
    waiting: Vec<Verdict>,
    /// What was said early, by row.
    early: BTreeMap<u32, Vec<Finding>>,
}

impl Laying {
    /// Takes the rows that the screen gets now.
    pub(super) fn rows(&mut self, rows: &[Judged]) {
        self.targets.add(rows);
    }

    /// What is said before all is said, laid on the rows that are there.
    pub(super) fn early(&mut self, verdicts: Vec<Verdict>) -> Vec<(u32, Vec<Finding>)> {
        let mut touched = BTreeSet::new();
        self.waiting.extend(verdicts);
        let Laying {
            targets,
            waiting,
            early,
        } = self;
        waiting.retain(|verdict| {
            let rows = verdict.address.as_deref().and_then(|at| targets.rows(at));
            for &row in rows.unwrap_or_default() {
                early.entry(row).or_default().push(verdicts::early(verdict));
                touched.insert(row);
            }
            rows.is_none()
        });
        let said = touched.into_iter().map(|row| (row, early[&row].clone()));
        said.collect()
    }

    /// All that is said, in the place of what was said early.
    pub(super) fn finish(self, opinion: &Opinion, secrets: &Secrets, screen: &SyncSender<Msg>) {
        let mut laid = verdicts::lay(opinion, &self.targets, secrets);
        for &row in self.early.keys() {
            laid.rows.entry(row).or_default();
        }
        for message in messages(laid) {
            // Nobody listens any more when the reviewer has left.
            let _ = screen.send(message);
        }
    }
}

/// All that policies say, in messages that are each taken in between two keys.
pub fn messages(laid: Laid) -> impl Iterator<Item = Msg> {
    let mut rows = laid.rows.into_iter();
    let batches = std::iter::from_fn(move || {
        let said: Vec<_> = rows.by_ref().take(AT_ONCE).collect();
        (!said.is_empty()).then_some(Msg::Verdicts(said))
    });
    let of_plan = (!laid.of_plan.is_empty()).then_some(Msg::Rows(laid.of_plan));
    batches.chain(of_plan)
}

//! Carry-over: what of an earlier review still holds for a plan that was made again.
//!
//! A change that is the same to the last value and the last finding comes acknowledged, and is marked so. Everything else
//! is asked again, with what differs. What is carried over comes from the reviewer's own memory alone; an approval or a
//! draft only names the earlier plan. The gate knows nothing of all this: a new signature is always needed, and its
//! acknowledgements must cover the whole plan.

use std::collections::{BTreeMap, BTreeSet};

use arcstr::ArcStr;

use super::log::{Log, Said};
use super::{Ack, Key, Method, Requirement};
use crate::plan::archive::PlanFile;
use crate::risk::Judged;

mod differences;
pub mod identity;
pub mod memory;

use differences::differences;
pub(super) use differences::short;
use identity::{CarryKey, Identity};
use memory::Remembered;

/// An earlier review of the reviewer.
#[derive(Debug)]
pub struct Earlier {
    plan: String,
    key: CarryKey,
    rows: BTreeMap<Key, Remembered>,
}

/// What became of the changes since then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Since {
    /// The acknowledgements that still hold.
    pub acks: Vec<Ack>,
    /// What there is to say about a row.
    pub says: BTreeMap<Key, String>,
    /// Rows that were spoken of and are gone.
    pub gone: Vec<Key>,
    /// All of it in one sentence.
    pub summary: String,
    counts: [usize; 4],
}

/// How a row compares with the one that was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Compared {
    /// The same, and acknowledged.
    Same,
    /// It was spoken of, and is asked again.
    Asked,
    /// It was acknowledged, and now asks for nothing.
    Narrowed,
    /// Nobody spoke of it.
    New,
}

impl Earlier {
    /// The review of the plan with this digest.
    pub fn new(plan_sha256: &str, key: CarryKey, rows: Vec<Remembered>) -> Self {
        Earlier {
            plan: plan_sha256.chars().take(12).collect(),
            key,
            rows: rows
                .into_iter()
                .map(|row| (row.key().clone(), row))
                .collect(),
        }
    }

    /// The same, held against the plan with this file: what was said of another place is asked again.
    #[must_use]
    pub fn at(self, file: Option<&PlanFile>) -> Self {
        Earlier {
            key: self.key.at(file),
            ..self
        }
    }

    /// Whether anything is to be said about a row; if not, its element need not be read.
    pub fn concerns(&self, judged: &Judged) -> bool {
        judged.needs_ack() || self.rows.contains_key(&Key::of(judged))
    }

    /// Compares a row, whose element reads `item`, and adds what there is to say to `since`.
    pub fn compare(&self, judged: &Judged, item: Option<&str>, since: &mut Since) {
        let key = Key::of(judged);
        let now = self.key.identity(judged, item);
        let (compared, says, ack) = match self.rows.get(&key) {
            None if judged.needs_ack() => (
                Compared::New,
                format!(
                    "new: it was not in plan {}, or asked for nothing",
                    self.plan
                ),
                None,
            ),
            None => return,
            Some(then) => self.with(then, judged, now.as_ref(), item),
        };
        since.counts[compared as usize] += 1;
        since.acks.extend(ack);
        since.says.insert(key, says);
    }

    /// Ends the comparison: what was not met is gone.
    pub fn finish(&self, since: &mut Since) {
        let met = |key: &&Key| !since.says.contains_key(*key);
        since.gone = self.rows.keys().filter(met).cloned().collect();
        let [same, asked, narrowed, new] = since.counts;
        let gone = since.gone.len();
        let parts: Vec<String> = [
            (same, "the same, acknowledged"),
            (asked, "not the same, asked again"),
            (new, "new"),
            (narrowed, "narrower, not asked"),
            (gone, "gone"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        since.summary = if parts.is_empty() {
            format!("since plan {}: nothing asked then or now", self.plan)
        } else {
            format!("since plan {}: {}", self.plan, parts.join(", "))
        };
    }

    fn with(
        &self,
        then: &Remembered,
        judged: &Judged,
        now: Option<&Identity>,
        item: Option<&str>,
    ) -> (Compared, String, Option<Ack>) {
        let plan = &self.plan;
        let same = now.is_some_and(|now| now.whole == then.identity);
        let wanted = Requirement::of(judged);
        match (&then.said, wanted) {
            (Said::Ack(ack), Some(wanted)) if same && ack.requirement == wanted => (
                Compared::Same,
                format!("the same as you acknowledged in plan {plan}"),
                Some(Ack {
                    method: Method::Carried,
                    ..ack.clone()
                }),
            ),
            (Said::Ack(_), Some(_)) => (
                Compared::Asked,
                format!(
                    "not as you acknowledged it in plan {plan}: {}",
                    differences(then, judged, now, item)
                ),
                None,
            ),
            (Said::Ack(_), None) => (
                Compared::Narrowed,
                format!(
                    "narrower than you acknowledged it in plan {plan}: it was {}, now {} and nothing to acknowledge",
                    then.risk,
                    judged.risk()
                ),
                None,
            ),
            (Said::Object(objection), _) => {
                let what = if same {
                    "nothing has changed".into()
                } else {
                    differences(then, judged, now, item)
                };
                (
                    Compared::Asked,
                    format!(
                        "you objected in plan {plan}: \"{}\"; since then: {what}",
                        objection.reason
                    ),
                    None,
                )
            }
            (Said::Comment { .. }, _) => {
                (Compared::New, format!("commented on in plan {plan}"), None)
            }
        }
    }
}

/// Adds to a log the acknowledgements that still hold. What the reviewer said about this very plan goes before them.
pub fn over(log: &mut Log, acks: &[Ack]) {
    let spoken_of: BTreeSet<Key> = log.verdicts().into_keys().cloned().collect();
    for ack in acks {
        if !spoken_of.contains(&ack.requirement.key) {
            log.say(Said::Ack(ack.clone()));
        }
    }
}

impl Since {
    /// The same, of a plan that is one of several.
    #[must_use]
    pub fn in_unit(self, unit: Option<&ArcStr>) -> Self {
        let in_unit = |key: Key| Key {
            unit: unit.cloned(),
            ..key
        };
        let says = self.says.into_iter();
        Since {
            acks: self
                .acks
                .into_iter()
                .map(|mut ack| {
                    ack.requirement.key.unit = unit.cloned();
                    ack
                })
                .collect(),
            says: says.map(|(key, text)| (in_unit(key), text)).collect(),
            gone: self.gone.into_iter().map(in_unit).collect(),
            summary: match unit {
                Some(unit) => format!("{unit}: {}", self.summary),
                None => self.summary,
            },
            counts: self.counts,
        }
    }
}

#[cfg(test)]
mod tests;

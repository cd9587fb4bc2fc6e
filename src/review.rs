//! What a person said about a plan, and what is still open.
//!
//! Owns the rows that ask, from a plan's bytes ([`judge`]) and its policies ([`verdicts`]) on; acknowledgements, objections
//! and comments as a log that only grows ([`log`]), and the draft that survives a crash; what of it holds for the next plan
//! ([`carry`], [`memory`]); and the plans that wait for a person ([`inbox`]). What it puts on disk holds addresses, rule ids
//! and people's own words, never a value of the plan. Knows no screen and no signature.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use arcstr::ArcStr;
use serde::{Deserialize, Serialize};

use crate::plan::action::Action;
use crate::plan::effect::Kind;
use crate::risk::Judged;

pub mod carry;
pub mod compare;
mod crew;
pub mod draft;
pub mod inbox;
pub mod judge;
pub mod log;
pub mod memory;
pub mod private;
pub mod rejection;
pub mod verdicts;

/// Which row is spoken of: the same address may hold a current and several deposed objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The unit of the row's plan, where several plans are reviewed together. It is never written down: what is kept and
    /// signed is kept and signed plan by plan.
    #[serde(skip)]
    pub unit: Option<ArcStr>,
    /// The word of the row's kind: `change`, `output`, `plan`.
    pub kind: String,
    /// The row's address.
    pub address: String,
    /// Key of the deposed object, if the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
}

impl Key {
    /// The key of a row.
    pub fn of(judged: &Judged) -> Self {
        let effect = &judged.effect;
        Key {
            unit: judged.unit.clone(),
            kind: effect.kind.word().into(),
            address: effect.address().into_owned(),
            deposed: effect.deposed().map(Into::into),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(unit) = &self.unit {
            write!(f, "{unit}: ")?;
        }
        f.write_str(&self.address)?;
        self.deposed
            .as_ref()
            .map_or(Ok(()), |key| write!(f, " (deposed {key})"))
    }
}

/// What must be acknowledged of one row: exactly this, no more and no less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The row.
    pub key: Key,
    /// The action words of the plan.
    pub actions: Vec<String>,
    /// The rules that ask, sorted.
    pub rules: Vec<String>,
}

impl Requirement {
    /// What must be acknowledged of `judged`, if anything.
    pub fn of(judged: &Judged) -> Option<Self> {
        judged.needs_ack().then(|| Requirement {
            key: Key::of(judged),
            actions: judged.effect.action_words(),
            rules: judged.asking_rules(),
        })
    }

    /// The rules of policies that deny: an acknowledgement of them is an override and needs a reason.
    pub fn denies(&self) -> impl Iterator<Item = &str> {
        self.rules
            .iter()
            .map(String::as_str)
            .filter(|rule| verdicts::is_deny(rule))
    }
}

/// Whether the plan does this, and it is counted by its risk: drift was done by others, and what does nothing is none.
pub fn is_counted(row: &Judged) -> bool {
    !row.effect.is_nothing() && row.effect.kind != Kind::Drift
}

/// Whether a reason is one that can stand for an override.
pub fn is_reason(text: &str) -> bool {
    text.trim().chars().count() >= SHORTEST_REASON
}

/// The fewest characters that say why a policy's deny is accepted.
pub const SHORTEST_REASON: usize = 10;

/// An object of one plan: of which of several plans, its address, and the key of a deposed one.
type Object<'a> = (Option<&'a str>, Cow<'a, str>, Option<&'a str>);

fn object(row: &Judged) -> Object<'_> {
    let effect = &row.effect;
    (row.unit.as_deref(), effect.address(), effect.deposed())
}

/// What becomes of the differences that were seen outside: does the plan act on their objects, or leave them so?
#[derive(Debug)]
pub struct Fates<'a>(HashSet<Object<'a>>);

impl<'a> Fates<'a> {
    /// Looks through all rows of a plan, once.
    pub fn of(rows: &'a [Judged]) -> Self {
        let drifted = rows.iter().filter(|row| row.effect.kind == Kind::Drift);
        let drifted: HashSet<_> = drifted.map(object).collect();
        let acts =
            |row: &&Judged| row.effect.kind == Kind::Change && row.effect.action != Action::NoOp;
        // Most plans have no drift; then no address is looked at.
        let acted_on = rows.iter().filter(|_| !drifted.is_empty()).filter(acts);
        Fates(
            acted_on
                .map(object)
                .filter(|object| drifted.contains(object))
                .collect(),
        )
    }

    /// What becomes of one row; `None`: it is no drift.
    pub fn get(&self, row: &Judged) -> Option<Fate> {
        (row.effect.kind == Kind::Drift).then(|| {
            if self.0.contains(&object(row)) {
                Fate::ActedOn
            } else {
                Fate::Accepted
            }
        })
    }
}

/// What becomes of one difference that was seen outside; `None`: the row is no drift.
pub fn fate(row: &Judged, rows: &[Judged]) -> Option<Fate> {
    let drift = row.effect.kind == Kind::Drift;
    drift
        .then(|| Fates::of(rows))
        .and_then(|fates| fates.get(row))
}

/// What becomes of a difference that was seen outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The plan acts on the object, and brings it to the configuration.
    ActedOn,
    /// The plan leaves it so, and the state takes it over.
    Accepted,
}

impl Fate {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Fate::ActedOn => "acted-on",
            Fate::Accepted => "accepted",
        }
    }

    /// The sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Fate::ActedOn => {
                "This plan acts on the object: what was changed outside is brought back to the configuration."
            }
            Fate::Accepted => {
                "This plan leaves it so: the state takes over what was changed outside."
            }
        }
    }
}

/// How an acknowledgement was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// One key in a dialog.
    Key,
    /// The resource's name was typed.
    Typed,
    /// Answered at a numbered prompt.
    Prompt,
    /// Given to the very same change of an earlier plan, and carried over.
    Carried,
}

/// A reviewer's explicit yes to one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    /// What is acknowledged.
    pub requirement: Requirement,
    /// How.
    pub method: Method,
    /// Why, in the reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A reviewer's no to one row. A plan with an objection cannot be approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objection {
    /// The row.
    pub key: Key,
    /// Why, in the reviewer's words.
    pub reason: String,
}

//! What the policies of a team say of a plan.
//!
//! Owns verdicts, from whatever engine or tool they come, and the trouble that keeps one from coming. Knows plans; knows
//! no risk, no person and no screen: [`crate::review::verdicts`] lays verdicts on the rows they speak of.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};

pub mod brought;
pub mod config;
pub mod evaluation;
mod external;
pub mod findings;
pub mod history;
pub mod inputs;
pub mod job;
pub mod locate;
pub mod overrides;
#[cfg(feature = "rego")]
mod rego;
pub mod ruleset;
pub mod scope;
pub mod serve;
pub mod worker;

/// The engine that undersign brings along, with its version: another one may say something else.
pub const EMBEDDED: &str = "regorus 0.14.1, undersign extensions 1";

use brought::Brought;
use evaluation::Evaluation;
use ruleset::Ruleset;
use worker::Program;

/// How much a verdict asks for. Ordered: `Info < Warn < Deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing; it is said.
    Info,
    /// Attention.
    Warn,
    /// An acknowledgement with a reason: an override.
    Deny,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Info => "info",
            Kind::Warn => "warn",
            Kind::Deny => "deny",
        }
    }
}

/// The key in a verdict's metadata that says that nobody can pass; a policy gives it as `"not_overridable": true`.
pub const NOT_OVERRIDABLE: &str = "not_overridable";

/// A line of a file, for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file, as the policies' owner names it.
    pub file: String,
    /// The line; the first is 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What one rule says of one row, or of the plan as a whole. Every text in it is foreign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// How much it asks for.
    pub kind: Kind,
    /// Id of the rule, one in all policies: `main.deny_public`, `checkov/CKV_AWS_20`.
    pub rule: String,
    /// What the rule says.
    pub message: String,
    /// The address it is about; `None` for the plan as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where the rule stands, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// Who says it: `rego`, `opa`, `checkov`.
    pub tool: String,
    /// What else the rule gave, as JSON text by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Verdict {
    /// Whether it is a deny that no reason accepts; and why not.
    pub fn is_hard(&self) -> Option<&str> {
        let why = self.metadata.get(NOT_OVERRIDABLE)?;
        let says_otherwise = matches!(why.as_str(), "false" | "null");
        (self.kind == Kind::Deny && !says_otherwise).then_some(why)
    }
}

/// Why no verdict can be believed: a policy that does not parse, does not end, or says something that is no verdict.
///
/// Any trouble blocks the approval. A policy that is not understood might have denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// Stable kebab-case word: `parse`, `timeout`, `print`.
    pub reason: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// A sentence. Foreign text may stand in it.
    pub error: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.error),
            None => f.write_str(&self.error),
        }
    }
}

/// Everything that policies say of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opinion {
    /// What they say.
    pub verdicts: Vec<Verdict>,
    /// What kept them from saying more.
    pub troubles: Vec<Trouble>,
}

impl Opinion {
    /// Adds what others say.
    pub fn extend(&mut self, other: Opinion) {
        self.verdicts.extend(other.verdicts);
        self.troubles.extend(other.troubles);
    }

    /// Lets nothing but comments in the configuration accept a deny. What is outside the scope of the task is not the
    /// policies' to accept.
    pub fn demand_comments(&mut self) {
        for verdict in &mut self.verdicts {
            let is_accepted = verdict.metadata.contains_key(overrides::OVERRIDE);
            if verdict.kind == Kind::Deny && !is_accepted && verdict.rule != scope::OUT_OF_SCOPE {
                let why =
                    "no comment in the configuration accepts it, and the trust file wants one";
                verdict.metadata.insert(NOT_OVERRIDABLE.into(), why.into());
            }
        }
    }

    /// Why nothing may be approved, whatever anybody acknowledges.
    pub fn refusal(&self) -> Option<Failure> {
        if let Some(trouble) = self.troubles.first() {
            return Some(worker::blocks(trouble));
        }
        let verdict = self.verdicts.iter().find(|one| one.is_hard().is_some())?;
        let place = verdict.address.as_deref().unwrap_or("the plan");
        let error = format!(
            "{} denies {place}, and no override is possible",
            verdict.rule
        );
        Some(
            Failure::new(Exit::HardDeny, "hard-deny", error)
                .hint("Change the plan so that the policy does not deny it."),
        )
    }

    /// Brings it into the one order, each verdict once: two engines that say the same are then equal.
    pub fn settle(&mut self) {
        self.verdicts.sort();
        self.verdicts.dedup();
        self.troubles.sort();
        self.troubles.dedup();
    }
}

/// Every policy that a plan is held against.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The policies that are evaluated.
    pub ruleset: Option<Ruleset>,
    /// The program that evaluates them.
    pub program: Program,
    /// What is brought along beside them.
    pub brought: Brought,
    /// Whether a reviewer's own reason accepts a deny; else only a comment in the configuration does.
    pub reviewer_overrides: bool,
}

impl Policies {
    /// No policies at all.
    pub fn none() -> Result<Self, Failure> {
        Ok(Policies {
            ruleset: None,
            program: Program::own()?,
            brought: Brought::default(),
            reviewer_overrides: true,
        })
    }

    /// Digest of everything that decides what they say; `None` where there are none.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let mut inputs = self.brought.inputs.clone();
        if let Some(rules) = &self.ruleset {
            inputs.extend(rules.inputs.clone());
        }
        inputs.sha256()
    }

    /// Whether there is anything that a plan is held against.
    pub fn is_none(&self) -> bool {
        self.ruleset.is_none() && self.brought.is_empty()
    }

    /// Begins to hold a plan against them; `None` where there are none.
    pub fn begin(&self) -> Result<Option<Evaluation>, Failure> {
        let Some(rules) = &self.ruleset else {
            return Ok(None);
        };
        Evaluation::begin(&self.program, rules).map(Some)
    }
}

//! Why a change is dangerous.
//!
//! Owns the catalogue, the rules, and the findings they make. Knows plans and values; knows no person and no screen.

use std::fmt;

use arcstr::ArcStr;

use crate::plan::effect::{Effect, Kind};
use crate::plan::texts::Texts;

pub mod assess;
pub mod attributes;
pub mod catalogue;
mod container;
pub mod documents;
mod firewall;
mod heuristic;
mod interest;
mod lifecycle;
mod manifest;
pub mod operator;
mod policy_change;
pub mod policy_document;
mod policy_special;
mod provider_config;
mod quantity;
pub mod redirect;
mod release;
mod render;
pub mod rules;
pub mod summary;
pub mod walk;
pub mod words;
mod written;

pub use assess::assess;
pub use catalogue::ruleset_sha256;
pub use interest::Interests;
pub use rules::{Rule, rule};
pub use summary::{Earlier, Tally, since, summary};
pub use words::Words;

/// How bad it can be. Ordered: `Low < Medium < High < Critical`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Counted.
    Low,
    /// Shown, folded.
    Medium,
    /// Needs an acknowledgement: a safety net or a boundary gets thinner, or undersign cannot judge.
    High,
    /// Needs a typed acknowledgement: data, keys, audit or a guard can be lost.
    Critical,
}

impl Risk {
    /// All of them, worst first.
    pub const WORST_FIRST: [Risk; 4] = [Risk::Critical, Risk::High, Risk::Medium, Risk::Low];

    /// One step worse, if there is one.
    #[must_use]
    pub fn worse(self) -> Self {
        match self {
            Risk::Low => Risk::Medium,
            Risk::Medium => Risk::High,
            Risk::High | Risk::Critical => Risk::Critical,
        }
    }

    /// One step milder, if there is one.
    #[must_use]
    pub fn milder(self) -> Self {
        match self {
            Risk::Critical => Risk::High,
            Risk::High => Risk::Medium,
            Risk::Medium | Risk::Low => Risk::Low,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a finding comes from that is not undersign's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who says it: `rego`, `checkov`.
    pub tool: Box<str>,
    /// Where the rule stands, as `policy/rds.rego:14`, if that is known.
    pub at: Option<Box<str>>,
}

/// One reason why an effect is risky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable kebab-case id of the rule: `delete-stateful`, `protection-weakened`.
    pub rule: Words,
    /// How bad.
    pub risk: Risk,
    /// Path of the attribute, as `a.b[0]`, where one is concerned.
    pub path: Option<ArcStr>,
    /// What it was, for people; secrets are already `(sensitive)`.
    pub old: Option<ArcStr>,
    /// What it becomes, for people; `(known after apply)` and `(sensitive)` where that is all that may be said.
    pub new: Option<ArcStr>,
    /// One sentence on what is lost.
    pub message: Words,
    /// Who else says so; `None` for undersign's own rules.
    pub origin: Option<Box<Origin>>,
}

impl Finding {
    /// A finding with nothing but a sentence.
    pub fn new(rule: &'static str, risk: Risk, message: &'static str) -> Self {
        Finding {
            rule: rule.into(),
            risk,
            path: None,
            old: None,
            new: None,
            message: message.into(),
            origin: None,
        }
    }

    /// The same with another sentence.
    #[must_use]
    pub(crate) fn say(mut self, message: String) -> Self {
        self.message = message.into();
        self
    }

    /// Holds once among `texts` what many findings have in common: where they look, and what they say.
    pub fn share(&mut self, texts: &mut Texts) {
        self.message.share(texts);
        if let Some(path) = &mut self.path {
            *path = texts.get(path);
        }
    }

    /// The same with what it was and what it becomes, both fit to be shown.
    #[must_use]
    pub(crate) fn values(mut self, old: &str, new: &str) -> Self {
        self.old = Some(old.into());
        self.new = Some(new.into());
        self
    }

    /// The same with no higher risk than `cap`.
    #[must_use]
    pub(crate) fn at_most(mut self, cap: Risk) -> Self {
        self.risk = self.risk.min(cap);
        self
    }
}

/// A row with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The unit of its plan, where several plans are reviewed together.
    pub unit: Option<ArcStr>,
    /// The row.
    pub effect: Effect,
    /// Its findings, worst first, and among equals what tells most.
    pub findings: Box<[Finding]>,
}

impl Judged {
    /// A row and its findings; sorts them worst first.
    ///
    /// The table of rules begins with what is destroyed: that is told before the protections that are taken away.
    pub fn new(effect: Effect, findings: Vec<Finding>) -> Self {
        let mut judged = Judged {
            unit: None,
            effect,
            findings: Box::default(),
        };
        judged.add(findings);
        judged
    }

    /// Adds findings; sorts them worst first.
    pub fn add(&mut self, more: Vec<Finding>) {
        let mut findings = std::mem::take(&mut self.findings).into_vec();
        findings.extend(more);
        if findings.len() > 1 {
            findings.sort_by_cached_key(|finding| {
                (
                    std::cmp::Reverse(finding.risk),
                    rules::place(&finding.rule),
                    finding.rule.clone(),
                    finding.path.clone(),
                )
            });
        }
        self.findings = findings.into();
    }

    /// Takes these for all that others say of it.
    pub fn hear(&mut self, said: Vec<Finding>) {
        let own = std::mem::take(&mut self.findings).into_iter();
        self.findings = own.filter(|finding| finding.origin.is_none()).collect();
        self.add(said);
    }

    /// The highest risk of its findings; low if it has none.
    pub fn risk(&self) -> Risk {
        self.findings
            .first()
            .map_or(Risk::Low, |finding| finding.risk)
    }

    /// Whether a reviewer must acknowledge it. Drift is no act of the plan and asks for nothing by itself.
    pub fn needs_ack(&self) -> bool {
        self.risk() >= Risk::High && self.effect.kind != Kind::Drift
    }

    /// The findings that make the acknowledgement necessary: high and critical ones.
    pub fn asking(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.risk >= Risk::High)
    }

    /// The ids of their rules, sorted, each once.
    pub fn asking_rules(&self) -> Vec<String> {
        let mut rules: Vec<String> = self.asking().map(|f| f.rule.to_string()).collect();
        rules.sort();
        rules.dedup();
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_and_a_finding_are_small() {
        // A plan can have 100,000 rows, and all of them are held.
        assert!(size_of::<Judged>() <= 112, "{}", size_of::<Judged>());
        assert!(size_of::<Finding>() <= 72, "{}", size_of::<Finding>());
    }
}

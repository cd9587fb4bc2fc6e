//! One finding of another tool, in the form that all formats are brought into.

use super::spot::{At, Spot};
use crate::policy::{Kind, Place};

/// How bad the tool says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// Very.
    High,
    /// As bad as it gets.
    Critical,
}

impl Severity {
    /// The severity that a tool's word means. A word that nobody knows is no reason to look away: it is high.
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Severity::Critical,
            "medium" | "moderate" | "warning" | "warn" => Severity::Medium,
            "low" | "note" => Severity::Low,
            "info" | "informational" | "none" | "trace" | "negligible" => Severity::Info,
            _ => Severity::High,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// What a scanner's finding of this severity asks for. Scanners find much; only what is high or worse denies.
    pub fn kind(self) -> Kind {
        match self {
            Severity::Critical | Severity::High => Kind::Deny,
            Severity::Medium => Kind::Warn,
            Severity::Low | Severity::Info => Kind::Info,
        }
    }
}

/// Where the tool says that it found something. Every text is the tool's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// Addresses it names, the likeliest first: with or without instance keys.
    pub addresses: Vec<String>,
    /// A resource it names without saying exactly in which module.
    pub within: Option<Within>,
    /// The line of the configuration, or of the plan's JSON.
    pub location: Option<Place>,
    /// The place in the file, where the tool says it more exactly than by a line.
    pub exact: Option<Spot>,
}

/// A resource somewhere in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// Address of a module that it is in, at whatever depth; `None` for any module and none.
    pub module: Option<String>,
    /// The end of its address: `aws_s3_bucket.logs`.
    pub resource: String,
}

impl Target {
    /// The place, as exactly as the tool says it.
    pub fn spot(&self) -> Option<Spot> {
        let of_line = |place: &Place| Spot {
            file: place.file.clone(),
            at: At::Line(place.line),
        };
        self.exact.clone().or(self.location.as_ref().map(of_line))
    }

    /// The one address that the tool names, if it names one.
    pub fn of(address: Option<&str>) -> Self {
        Target {
            addresses: address.into_iter().map(Into::into).collect(),
            ..Target::default()
        }
    }

    /// The same, at a line of the configuration.
    #[must_use]
    pub fn at(mut self, location: Option<Place>) -> Self {
        self.location = location;
        self
    }
}

/// Somebody has told the tool to be silent about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Why, in their words, if they said so.
    pub reason: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which program says so, where the file does not come from the program that the format is named after.
    pub tool: Option<String>,
    /// The tool's id of the rule.
    pub rule: String,
    /// What it asks for.
    pub kind: Kind,
    /// How bad the tool says it is, if it does.
    pub severity: Option<Severity>,
    /// What it says.
    pub message: String,
    /// What to do about it, or where to read on.
    pub help: Option<String>,
    /// Where.
    pub target: Target,
    /// Where the rule stands.
    pub source: Option<Place>,
    /// Whether somebody has silenced it.
    pub suppressed: Option<Suppression>,
    /// Whether its policy lets anybody pass all the same.
    pub overridable: bool,
}

impl Entry {
    /// A finding about `target` with nothing but a rule and a sentence.
    pub fn new(
        rule: impl Into<String>,
        kind: Kind,
        message: impl Into<String>,
        target: Target,
    ) -> Self {
        Entry {
            tool: None,
            rule: rule.into(),
            kind,
            severity: None,
            message: message.into(),
            help: None,
            target,
            source: None,
            suppressed: None,
            overridable: true,
        }
    }

    /// A scanner's finding: its severity says what it asks for.
    pub fn scanned(
        rule: &str,
        severity: Severity,
        message: impl Into<String>,
        target: Target,
    ) -> Self {
        Entry {
            severity: Some(severity),
            ..Entry::new(rule, severity.kind(), message, target)
        }
    }

    /// The tool did not get to the end of its work; what it would have said, nobody knows.
    pub fn not_evaluated(message: impl Into<String>) -> Self {
        Entry::new("not-evaluated", Kind::Deny, message, Target::default())
    }

    /// The same, silenced for a reason.
    #[must_use]
    pub fn silenced(mut self, reason: Option<&str>) -> Self {
        self.suppressed = Some(Suppression {
            reason: reason.map(Into::into),
        });
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: Option<&str>) -> Self {
        self.help = help.map(Into::into);
        self
    }
}

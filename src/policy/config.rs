//! `undersign.toml` beside the policies: how they want to be evaluated.
//!
//! It is one of the inputs that the digest is made of, so an approval knows under which settings it was given.

use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};

/// The name of the file.
pub const NAME: &str = "undersign.toml";

/// How policies are evaluated.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who evaluates.
    pub engine: Engine,
    /// The form of `input`; left out, it is seen by what each package reads.
    pub input: Option<Shape>,
    /// What stands beside the plan in `input`, for shapes that have something there.
    pub run: toml::Table,
    /// Doubtful places that the owner knows and accepts.
    pub accept: Vec<Accepted>,
    /// How long one rule may take.
    pub rule_seconds: u64,
    /// How long all of them may take together.
    pub total_seconds: u64,
    /// How much memory they may use.
    pub memory_mb: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            engine: Engine::Embedded,
            input: None,
            run: toml::Table::new(),
            accept: Vec::new(),
            rule_seconds: 10,
            total_seconds: 120,
            memory_mb: 4096,
        }
    }
}

/// Who evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Undersign itself.
    Embedded,
    /// The program `opa`.
    Opa,
    /// The program `conftest`.
    Conftest,
}

impl Engine {
    /// The word in verdicts.
    pub fn word(self) -> &'static str {
        match self {
            Engine::Embedded => "rego",
            Engine::Opa => "opa",
            Engine::Conftest => "conftest",
        }
    }
}

/// Where the plan stands in `input`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `input` is the plan.
    Plan,
    /// `input.plan`, as in HCP Terraform; `input.run` is beside it.
    Hcp,
    /// `input.tfplan`; `input.tfrun` is beside it.
    Scalr,
    /// `input.terraform`; `input.spacelift` is beside it.
    Spacelift,
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 4] = [Shape::Plan, Shape::Hcp, Shape::Scalr, Shape::Spacelift];

    /// The keys of the plan and of what stands beside it; none where the input is the plan.
    pub fn keys(self) -> Option<(&'static str, &'static str)> {
        match self {
            Shape::Plan => None,
            Shape::Hcp => Some(("plan", "run")),
            Shape::Scalr => Some(("tfplan", "tfrun")),
            Shape::Spacelift => Some(("terraform", "spacelift")),
        }
    }
}

/// A doubtful place that the owner knows and accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Id of the lint.
    pub lint: String,
    /// The file it may stand in.
    pub file: String,
    /// Why it is right there.
    pub reason: String,
}

impl Config {
    /// Reads the text of the file; `shown` names it in errors.
    pub fn parse(shown: &str, text: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start)];
            let line = before.matches('\n').count() + 1;
            Failure::new(
                Exit::Usage,
                "policy-config",
                format!("{shown}:{line}: {}", error.message().trim_end()),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_not_known_is_refused_with_its_line() {
        let failure = Config::parse("p/undersign.toml", "engine = \"opa\"\nfoo = 1\n").unwrap_err();
        assert!(
            failure.error.starts_with("p/undersign.toml:2: "),
            "{}",
            failure.error
        );
        assert_eq!(Config::parse("x", "").unwrap(), Config::default());
    }
}

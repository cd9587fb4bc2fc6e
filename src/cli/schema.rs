//! `undersign schema`: the JSON schemas of what is printed for programs.

use clap::{Args, ValueEnum};

use super::check::print;
use crate::failure::{Exit, Failure};

/// What `schema` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Of what.
    #[arg(value_enum)]
    pub name: Name,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// `undersign check --format json`
    Check,
    /// `undersign check --format json` of a directory
    CheckDirectory,
    /// `undersign diff --format json`
    Diff,
    /// `undersign explain --format json`
    Explain,
    /// What goes to standard error in place of any of these
    Refusal,
    /// `PLAN.rejection.json`
    Rejection,
    /// `undersign status --format json`
    Status,
    /// `undersign submit --format json`
    Submit,
    /// `undersign verify --format json`, and `apply` with how it ended
    Verify,
    /// The same of a directory
    VerifyDirectory,
}

impl Name {
    /// The schema.
    pub fn text(self) -> &'static str {
        match self {
            Name::Check => include_str!("schema/check.schema.json"),
            Name::CheckDirectory => include_str!("schema/check-directory.schema.json"),
            Name::Diff => include_str!("schema/diff.schema.json"),
            Name::Explain => include_str!("schema/explain.schema.json"),
            Name::Refusal => include_str!("schema/refusal.schema.json"),
            Name::Rejection => include_str!("schema/rejection.schema.json"),
            Name::Status => include_str!("schema/status.schema.json"),
            Name::Submit => include_str!("schema/submit.schema.json"),
            Name::Verify => include_str!("schema/verify.schema.json"),
            Name::VerifyDirectory => include_str!("schema/verify-directory.schema.json"),
        }
    }
}

/// Prints a schema.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(arguments.name.text())?;
    Ok(Exit::Success)
}

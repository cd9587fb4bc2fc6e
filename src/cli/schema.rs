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
    /// `PLAN.rejection.json`
    Rejection,
    /// `undersign status --format json`
    Status,
}

impl Name {
    /// The schema.
    pub fn text(self) -> &'static str {
        match self {
            Name::Check => include_str!("schema/check.schema.json"),
            Name::CheckDirectory => include_str!("schema/check-directory.schema.json"),
            Name::Diff => include_str!("schema/diff.schema.json"),
            Name::Rejection => include_str!("schema/rejection.schema.json"),
            Name::Status => include_str!("schema/status.schema.json"),
        }
    }
}

/// Prints a schema.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(arguments.name.text())?;
    Ok(Exit::Success)
}

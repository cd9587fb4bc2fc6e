//! `undersign setup`: files to copy, for a gate that another user or a protected job runs.

use clap::{Args, ValueEnum};

use super::check::print;
use crate::failure::{Exit, Failure};

/// What `setup` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which.
    #[arg(value_enum)]
    pub name: Name,
}

/// What can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// L1: a script that lets another user apply, with the credentials that only that user can read
    OtherUser,
    /// L2: a protected job of GitHub Actions
    Github,
    /// L2: a protected job of GitLab CI
    Gitlab,
    /// A server-side workflow of Atlantis
    Atlantis,
    /// Hooks of Terragrunt
    Terragrunt,
}

impl Name {
    /// The file.
    pub fn text(self) -> &'static str {
        match self {
            Name::OtherUser => include_str!("setup/other-user.sh"),
            Name::Github => include_str!("setup/github.yml"),
            Name::Gitlab => include_str!("setup/gitlab.yml"),
            Name::Atlantis => include_str!("setup/atlantis.yaml"),
            Name::Terragrunt => include_str!("setup/terragrunt.hcl"),
        }
    }
}

/// Prints one.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(arguments.name.text())?;
    Ok(Exit::Success)
}

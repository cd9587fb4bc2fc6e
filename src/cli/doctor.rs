//! `undersign doctor`: what this machine's set-up really protects against, and what would make it better.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use etcetera::BaseStrategy as _;

use super::check::print;
use super::identity::socket;
use super::trust::TrustArgument;
use crate::failure::{Exit, Failure};
use crate::gate::doctor::{self, Fact, Seen};
use crate::gate::level::Level;
use crate::text::visible;

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// A plan file as the agent makes them: whose it is decides whether another user applies.
    #[arg(value_name = "PLAN")]
    pub plan: Option<PathBuf>,
}

/// Looks, and says what it saw. Finding weaknesses is not failing.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let opened = arguments.trust.open()?;
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::new(
            Exit::Internal,
            "home",
            format!("your home directory cannot be found: {error}"),
        )
    })?;
    let diagnosis = doctor::look(&Seen {
        trust: &opened.trust,
        trust_file: &opened.path,
        held_by: opened.held_by,
        plan: arguments.plan.as_deref(),
        home: strategy.home_dir(),
        agent: socket().as_deref(),
        variables: &std::env::vars_os().collect::<Vec<_>>(),
        now: jiff::Timestamp::now(),
    });
    let mut out = format!(
        "level  {}  {}\n",
        diagnosis.level.word(),
        diagnosis.level.claim()
    );
    for Fact { good, said, step } in &diagnosis.facts {
        let mark = if *good { "ok  " } else { "WEAK" };
        let _ = writeln!(out, "\n{mark}  {}", visible(said));
        if let Some(step) = step {
            let _ = writeln!(out, "      {}", visible(step));
        }
    }
    let _ = writeln!(out, "\nnext   {}", next(diagnosis.level));
    print(&out)?;
    Ok(Exit::Success)
}

/// The one step to the next level.
fn next(level: Level) -> &'static str {
    match level {
        Level::Local => {
            "L1: let another user apply, with the credentials that only that user can read: undersign setup other-user"
        }
        Level::OtherUser => {
            "L2: let a protected CI job apply, with --trust-sha256 in its protected settings and credentials that only that job gets: undersign setup github"
        }
        Level::Pinned => {
            "L3: let a broker verify, and hand out credentials that live as long as one apply"
        }
    }
}

//! `undersign check`: the analysis of a review without a person.

use std::io::Write;

use clap::Args;

use super::open::PlanArgument;
use super::policy::PolicyArgument;
use super::{Format, open, report};
use crate::failure::{Exit, Failure};
use crate::review::{Requirement, judge, verdicts};
use crate::risk::Judged;

/// What `check` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan.
    #[command(flatten)]
    pub plan: PlanArgument,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// Print text, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Reads and judges the whole plan, prints what was found, and says whether a person is needed.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let policies = arguments.policy.open(None, &arguments.plan.plan)?;
    let plan = open::plan(&arguments.plan)?;
    let (bytes, file) = (plan.bytes, plan.file);
    let (judgement, rows) = plan.json.read(None, |reader| {
        judge::judge_all_under(reader, bytes, file.as_ref(), &policies)
    })?;
    let report = report::Report {
        name: &plan.name,
        judgement: &judgement,
        file: file.as_ref(),
        rows: &rows,
    };
    let text = match arguments.format {
        Format::Text => report.to_text(),
        Format::Json => report.to_json(),
    };
    print(&text)?;
    Ok(exit(&rows))
}

/// A deny says more than that somebody is needed, and so does a policy that cannot be evaluated.
fn exit(rows: &[Judged]) -> Exit {
    let mut asking = rows.iter().filter_map(Requirement::of).peekable();
    if verdicts::blocked(rows.iter()).is_some() {
        Exit::PolicyDenies
    } else if asking.peek().is_none() {
        Exit::Success
    } else if asking.any(|requirement| requirement.denies().next().is_some()) {
        Exit::PolicyDenies
    } else {
        Exit::NeedsAcknowledgement
    }
}

/// Writes to standard output; a reader that closed the pipe has read what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output", &error))
        }
        _ => Ok(()),
    }
}

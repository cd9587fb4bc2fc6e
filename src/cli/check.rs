//! `undersign check`: the analysis of a review without a person.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::open::PlanArgument;
use super::policy::PolicyArgument;
use super::report::Report;
use super::{Format, open};
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanFile;
use crate::review::judge::Judgement;
use crate::review::{judge, verdicts};
use crate::risk::Judged;

mod directory;

/// What `check` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan.
    #[command(flatten)]
    pub plan: PlanArgument,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// Print text, JSON for programs, Markdown for a comment on a pull request, or SARIF.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,

    /// Add the report in Markdown to this file as well, as `$GITHUB_STEP_SUMMARY` wants it.
    #[arg(long, value_name = "FILE")]
    pub summary_file: Option<PathBuf>,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For a comment on a pull request: worst first, at most 65,536 characters, and what has no room is counted.
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
}

impl Form {
    /// How a refusal is printed where this form is asked for.
    pub fn of_failures(self) -> Format {
        match self {
            Form::Json | Form::Sarif => Format::Json,
            Form::Text | Form::Markdown => Format::Text,
        }
    }
}

/// A plan that was read and judged to its end.
pub struct Checked {
    /// Its name.
    pub name: String,
    judgement: Judgement,
    file: Option<PlanFile>,
    rows: Vec<Judged>,
}

impl Checked {
    /// Opens, reads and judges a plan.
    pub fn of(argument: &PlanArgument, policy: &PolicyArgument) -> Result<Self, Failure> {
        let policies = policy.open(None, &argument.plan)?;
        let plan = open::plan(argument)?;
        let (bytes, file) = (plan.bytes, plan.file);
        let (judgement, rows) = plan.json.read(None, |json| {
            judge::judge_all_under(json, bytes, file.as_ref(), &policies)
        })?;
        Ok(Checked {
            name: plan.name,
            judgement,
            file,
            rows,
        })
    }

    /// What there is to report.
    pub fn report(&self) -> Report<'_> {
        Report {
            name: &self.name,
            judgement: &self.judgement,
            file: self.file.as_ref(),
            rows: &self.rows,
        }
    }

    /// A deny says more than that somebody is needed, and so does a policy that cannot be evaluated.
    pub fn exit(&self) -> Exit {
        let mut asking = self.rows.iter().filter(|row| row.needs_ack()).peekable();
        if verdicts::blocked(self.rows.iter()).is_some() {
            Exit::PolicyDenies
        } else if asking.peek().is_none() {
            Exit::Success
        } else if asking.any(verdicts::is_denied) {
            Exit::PolicyDenies
        } else {
            Exit::NeedsAcknowledgement
        }
    }
}

/// Reads and judges the whole plan, prints what was found, and says whether a person is needed.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.plan.plan.is_dir() {
        return directory::run(arguments);
    }
    let checked = Checked::of(&arguments.plan, &arguments.policy)?;
    let report = checked.report();
    if let Some(path) = &arguments.summary_file {
        add(path, &report.to_markdown())?;
    }
    match arguments.format {
        Form::Text => print(&report.to_text())?,
        Form::Json => {
            let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
            printed(report.write_json(&mut out).and_then(|()| out.flush()))?;
        }
        Form::Markdown => print(&report.to_markdown())?,
        Form::Sarif => print(&report.to_sarif())?,
    }
    let exit = checked.exit();
    // The process ends: what it holds of 100,000 rows need not be given back piece by piece.
    std::mem::forget(checked);
    Ok(exit)
}

/// Adds text to the end of a file, in one write.
fn add(path: &Path, text: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::io(path.display(), &error))
}

/// Writes to standard output; a reader that closed the pipe has read what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn printed(written: std::io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("standard output", &error))
        }
        _ => Ok(()),
    }
}

//! `undersign check`: the analysis of a review without a person.

use std::io::{BufWriter, Write};

use clap::Args;

use super::open::PlanArgument;
use super::{Format, open, report};
use crate::failure::{Exit, Failure};
use crate::review::judge;

/// What `check` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan.
    #[command(flatten)]
    pub plan: PlanArgument,

    /// Print text, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Reads and judges the whole plan, prints what was found, and says whether a person is needed.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let plan = open::plan(&arguments.plan)?;
    let (bytes, file) = (plan.bytes, plan.file);
    let (judgement, rows) = plan
        .json
        .read(None, |json| judge::judge_all(json, bytes, file.as_ref()))?;
    let report = report::Report {
        name: &plan.name,
        judgement: &judgement,
        file: file.as_ref(),
        rows: &rows,
    };
    match arguments.format {
        Format::Text => print(&report.to_text())?,
        Format::Json => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            printed(report.write_json(&mut out).and_then(|()| out.flush()))?;
        }
    }
    Ok(if rows.iter().any(crate::risk::Judged::needs_ack) {
        Exit::NeedsAcknowledgement
    } else {
        Exit::Success
    })
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

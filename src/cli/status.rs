//! `undersign status`: what became of a plan that was submitted.
//!
//! For agents that wait and for the list of the inbox. It permits nothing: what may be applied is the gate's business, which
//! looks at everything again.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::Format;
use super::check::print;
use super::inbox::InboxArgument;
use super::trust::TrustArgument;
use crate::failure::{Exit, Failure};
use crate::review::inbox::Entry;
use crate::review::rejection;
use crate::text::visible;
use crate::trust::file;

mod became;

pub use became::{Became, Status, became};

/// How often it is looked whether something has happened.
const PATIENCE: Duration = Duration::from_millis(200);
/// A larger rejection is not repeated.
const MAX_REJECTION: u64 = 16 << 20;

/// What `status` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What `submit` printed, or the beginning of it.
    #[arg(value_name = "ID")]
    pub id: String,

    /// Wait until somebody has decided, at most so long.
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u64>,

    /// The inbox.
    #[command(flatten)]
    pub inbox: InboxArgument,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// Print text, or one JSON object for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Prints what became of a plan; the exit code says it too.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (text, exit) = told(arguments)?;
    print(&text)?;
    Ok(exit)
}

/// What is printed of what became of a plan, and the exit code that says it too.
pub fn told(arguments: &Arguments) -> Result<(String, Exit), Failure> {
    let entry = arguments.inbox.open()?.find(&arguments.id)?;
    let trust = arguments.trust.open().map(|opened| opened.trust);
    let until = Instant::now() + Duration::from_secs(arguments.wait.unwrap_or(0));
    let became = loop {
        let became = became(&entry, trust.as_ref(), jiff::Timestamp::now())?;
        if became.status != Status::Pending || Instant::now() >= until {
            break became;
        }
        std::thread::sleep(PATIENCE.min(until.saturating_duration_since(Instant::now())));
    };
    let text = match arguments.format {
        Format::Text => to_text(&entry, &became),
        Format::Json => to_json(&entry, &became),
    };
    Ok((text, became.status.exit()))
}

fn to_text(entry: &Entry, became: &Became) -> String {
    let submission = &entry.submission;
    let mut out = format!(
        "{}  {}\ntask       {}\nsubmitted  {}\n",
        became.status.word(),
        visible(&submission.name),
        visible(&submission.task),
        visible(&submission.submitted_at),
    );
    if !became.by.is_empty() {
        let _ = writeln!(out, "by         {}", visible(&became.by.join(", ")));
    }
    if let Some(needs) = &became.needs {
        let _ = writeln!(out, "needs      {}", visible(needs));
    }
    if became.status == Status::ChangesRequested {
        let path = rejection::markdown_path(&entry.plan());
        let _ = writeln!(out, "read       {}", visible(&path.display().to_string()));
    }
    if became.status == Status::Approved {
        let plan = entry.plan();
        let plan = visible(&plan.display().to_string()).into_owned();
        let _ = writeln!(
            out,
            "plan       {plan}\nnext       a person runs: undersign apply {plan}"
        );
    }
    out
}

fn to_json(entry: &Entry, became: &Became) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        schema: u32,
        id: &'a str,
        name: &'a str,
        task: &'a str,
        scope: Option<&'a str>,
        submitted_at: &'a str,
        status: &'static str,
        by: &'a [String],
        needs: Option<&'a str>,
        plan: String,
        rejection: Option<serde_json::Value>,
    }
    let rejection = (became.status == Status::ChangesRequested)
        .then(|| {
            let path = rejection::json_path(&entry.plan());
            let bytes = file::read_bounded(&path, MAX_REJECTION).ok()?;
            serde_json::from_slice(&bytes).ok()
        })
        .flatten();
    let submission = &entry.submission;
    let line = Line {
        schema: 1,
        id: entry.id(),
        name: &submission.name,
        task: &submission.task,
        scope: submission.scope.as_deref(),
        submitted_at: &submission.submitted_at,
        status: became.status.word(),
        by: &became.by,
        needs: became.needs.as_deref(),
        plan: entry.plan().display().to_string(),
        rejection,
    };
    serde_json::to_string_pretty(&line).expect("texts and numbers") + "\n"
}

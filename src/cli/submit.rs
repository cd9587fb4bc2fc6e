//! `undersign submit`: an agent puts a plan where a person will find it.

use std::time::SystemTime;

use clap::Args;
use serde_json::json;

use super::Format;
use super::check::print;
use super::inbox::InboxArgument;
use super::open::{self, PlanArgument};
use super::places::StateDirectory;
use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};
use crate::review::carry::memory;
use crate::review::inbox::{Inbox, KEPT, Submission};
use crate::review::judge;
use crate::risk::Judged;
use crate::text::visible;

/// Longer words than these belong into a pull request.
const MAX_TASK: usize = 2_000;

/// What `submit` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan.
    #[command(flatten)]
    pub plan: PlanArgument,

    /// What the plan is for, in a sentence.
    #[arg(long, value_name = "TEXT")]
    pub task: String,

    /// The scope it is for.
    #[arg(long, value_name = "ID")]
    pub scope: Option<String>,

    /// The inbox.
    #[command(flatten)]
    pub inbox: InboxArgument,

    /// Print text, or one JSON object for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Submits the plan, and prints its id.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(&submitted(arguments)?)?;
    Ok(Exit::Success)
}

/// Copies the plan into the inbox and judges the copy; returns what is printed. The same plan again changes nothing.
pub fn submitted(arguments: &Arguments) -> Result<String, Failure> {
    let path = &arguments.plan.plan;
    if path.as_os_str() == "-" {
        return Err(
            Failure::new(Exit::Usage, "stdin", "a plan is submitted as a file")
                .hint("terraform plan -out plan.tfplan, then submit plan.tfplan."),
        );
    }
    if arguments.task.trim().is_empty() || arguments.task.len() > MAX_TASK {
        return Err(Failure::new(
            Exit::Usage,
            "task",
            "the task is a sentence on what the plan is for",
        )
        .expected(
            format!("1 to {MAX_TASK} bytes"),
            arguments.task.len().to_string(),
        ));
    }
    let inbox = arguments.inbox.open()?;
    let pruned = prune(&inbox);
    let incoming = inbox.begin(path)?;
    let copy = PlanArgument {
        plan: incoming.plan(),
        ..arguments.plan.clone()
    };
    let plan = open::plan(&copy)?;
    let (judgement, rows) = plan.json.read(None, |reader| {
        judge::judge_all(reader, plan.bytes, plan.file.as_ref())
    })?;
    let digest = plan
        .file
        .as_ref()
        .map_or(judgement.header.sha256, |file| file.sha256);
    let submission = Submission {
        schema: 1,
        plan_sha256: Hex(digest).to_string(),
        name: open::name(path),
        task: arguments.task.clone(),
        scope: arguments.scope.clone(),
        submitted_at: Utc::of(jiff::Timestamp::now()).to_string(),
        risks: Submission::count(&rows),
        asking: rows.iter().filter(|row| Judged::needs_ack(row)).count(),
    };
    let (entry, new) = inbox.finish(incoming, &submission)?;
    let id = entry.id();
    Ok(match arguments.format {
        Format::Text => format!(
            "{} {id}\n{} to acknowledge in {}\n{}wait for it   undersign status {} --wait 600\n",
            if new {
                "submitted"
            } else {
                "already submitted"
            },
            submission.asking,
            visible(&submission.name),
            match pruned {
                0 => String::new(),
                n => format!("{n} decided more than 90 days ago removed from the inbox\n"),
            },
            &id[..12],
        ),
        Format::Json => {
            json!({"schema": 1, "id": id, "new": new, "needs_acknowledgement": submission.asking})
                .to_string()
                + "\n"
        }
    })
}

/// Removes what was decided long ago, and what was remembered of it. Says how many plans are gone.
///
/// What cannot be tidied up is no reason to turn a plan away.
fn prune(inbox: &Inbox) -> usize {
    let now = SystemTime::now();
    if let Ok(state) = StateDirectory::find() {
        memory::prune(&state.carry(), now, KEPT);
    }
    inbox.prune(now).unwrap_or(0)
}

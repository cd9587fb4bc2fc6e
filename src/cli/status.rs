//! `undersign status`: what became of a plan that was submitted.
//!
//! For agents that wait and for the list of the inbox. It permits nothing: what may be applied is the gate's business, which
//! looks at everything again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use serde::Serialize;

use super::Format;
use super::check::print;
use super::inbox::InboxArgument;
use super::trust::TrustArgument;
use crate::approval::envelope::Envelope;
use crate::approval::statement::{Hex, Statement};
use crate::failure::{Exit, Failure};
use crate::review::inbox::Entry;
use crate::review::rejection;
use crate::text::visible;
use crate::trust::approvals::{self, Verified};
use crate::trust::ledger::{Ledger, Outcome};
use crate::trust::people::{self, Asked};
use crate::trust::{Scope, Trust, file, scope};

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

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody has decided, or not enough people have.
    Pending,
    /// Enough people have approved it.
    Approved,
    /// A reviewer wants it otherwise.
    ChangesRequested,
    /// It was approved, and the time is over.
    Expired,
    /// The gate applied it.
    Applied,
    /// The gate tried and the tool failed.
    Failed,
    /// The gate claimed it, and nobody knows what came of it.
    Unknown,
}

impl Status {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Approved => "approved",
            Status::ChangesRequested => "changes_requested",
            Status::Expired => "expired",
            Status::Applied => "applied",
            Status::Failed => "failed",
            Status::Unknown => "unknown",
        }
    }

    fn exit(self) -> Exit {
        match self {
            Status::Approved | Status::Applied => Exit::Success,
            Status::Pending => Exit::NotApproved,
            Status::ChangesRequested => Exit::Rejected,
            Status::Expired => Exit::OutOfTime,
            Status::Failed => Exit::ToolFailed,
            Status::Unknown => Exit::StateUnknown,
        }
    }
}

/// What became of a plan, with who and why.
#[derive(Debug, Clone)]
pub struct Became {
    /// In a word.
    pub status: Status,
    /// Who approved.
    pub by: Vec<String>,
    /// What is missing, where something is.
    pub needs: Option<String>,
}

impl Became {
    fn new(status: Status) -> Self {
        Became {
            status,
            by: Vec::new(),
            needs: None,
        }
    }
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

/// Looks at the ledger, then at what lies beside the plan.
pub fn became(
    entry: &Entry,
    trust: Result<&Trust, &Failure>,
    now: jiff::Timestamp,
) -> Result<Became, Failure> {
    let digest = Hex::try_from(entry.id().to_owned())
        .map_err(|why| Failure::new(Exit::Internal, "inbox", format!("{}: {why}", entry.id())))?;
    let ledger = Ledger::of(trust.ok().and_then(|trust| trust.ledger.as_ref()))?;
    if ledger.refuse_used(digest).is_err() {
        return Ok(Became::new(match ledger.outcome(digest) {
            Outcome::Applied => Status::Applied,
            Outcome::Failed => Status::Failed,
            Outcome::Unknown => Status::Unknown,
        }));
    }
    let plan = entry.plan();
    let approvals = approvals::files(&[], &plan, None)?;
    let rejected = modified(&rejection::json_path(&plan));
    let approved = approvals.iter().filter_map(|path| modified(path)).max();
    match (rejected, approved) {
        (None, None) => Ok(Became::new(Status::Pending)),
        // The last word counts.
        (Some(no), yes) if yes.is_none_or(|yes| yes <= no) => {
            Ok(Became::new(Status::ChangesRequested))
        }
        (_, _) => Ok(match trust {
            Ok(trust) => approved_by(&approvals, digest, trust, now),
            Err(failure) => Became {
                needs: Some(format!(
                    "there are approvals, but nobody can say whether they count: {failure}"
                )),
                ..Became::new(Status::Pending)
            },
        }),
    }
}

/// Whether the approvals beside a plan are enough, as far as that can be said without the plan's tool.
fn approved_by(
    files: &BTreeSet<PathBuf>,
    plan: Hex,
    trust: &Trust,
    now: jiff::Timestamp,
) -> Became {
    let mut votes = Vec::new();
    let mut late = false;
    let mut needs = None;
    for path in files {
        match vote(path, plan, trust, now) {
            Ok(vote) => votes.push(vote),
            Err(failure) => {
                late |= failure.exit == Exit::OutOfTime;
                needs = Some(format!("{}: {failure}", path.display()));
            }
        }
    }
    let Some(&(scope, _)) = votes.first() else {
        let status = if late {
            Status::Expired
        } else {
            Status::Pending
        };
        return Became {
            needs,
            ..Became::new(status)
        };
    };
    let votes: Vec<_> = votes
        .into_iter()
        .filter(|(of, _)| of.id == scope.id)
        .map(|(_, vote)| vote)
        .collect();
    let rules: BTreeSet<String> = votes
        .iter()
        .flat_map(|vote| &vote.statement.predicate.acknowledgements)
        .flat_map(|ack| ack.rules.iter().cloned())
        .collect();
    let asked = Asked {
        requester: None,
        rules: &rules,
    };
    match people::enough(trust, scope, &votes, asked) {
        Ok(by) => Became {
            by,
            ..Became::new(Status::Approved)
        },
        Err(failure) => Became {
            by: votes.into_iter().map(|vote| vote.person).collect(),
            needs: Some(failure.to_string()),
            ..Became::new(Status::Pending)
        },
    }
}

/// One approval of a plan, in the scope that it names: which scope holds cannot be known without the plan's tool.
fn vote<'a>(
    path: &Path,
    plan: Hex,
    trust: &'a Trust,
    now: jiff::Timestamp,
) -> Result<(&'a Scope, Verified), Failure> {
    let bytes = approvals::read(path, trust)?;
    let named = Statement::parse(Envelope::parse(&bytes)?.payload())?;
    let scope = scope::named(trust, &named.predicate.target.scope)?;
    let vote = approvals::check(&bytes, trust, scope, now)?;
    if vote.statement.subject_sha256() != plan.0 {
        return Err(Failure::new(
            Exit::Mismatch,
            "subject",
            "the approval is for another plan",
        ));
    }
    Ok((scope, vote))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
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

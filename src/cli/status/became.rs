//! What became of a plan: the ledger is asked first, then what lies beside the plan.
//!
//! An answer for people and agents who wait. It is found without the plan's tool, so it never permits anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::approval::envelope::Envelope;
use crate::approval::statement::{Hex, Statement};
use crate::failure::{Exit, Failure};
use crate::review::inbox::Entry;
use crate::review::rejection;
use crate::trust::approvals::{self, Verified};
use crate::trust::ledger::{Ledger, Outcome};
use crate::trust::people::{self, Asked};
use crate::trust::{Scope, Trust, scope};

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

    /// The exit code that says it too.
    pub fn exit(self) -> Exit {
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
    let approvals = approvals::find(&[], &plan, None)?.files;
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

//! Conditions in Rego: whether this plan may be applied now, by these people, for whom windows and people as data in the
//! trust file are not enough.
//!
//! Asked by the gate alone, at its end, over what it found out itself: `input.review`, `input.scope`, `input.counts`,
//! `input.changes`. They are apart from the policies that a plan is held against, because those must say the same to a
//! reviewer today and to the gate tomorrow. The time is in the input; the policies have no clock.

use std::io::{Cursor, Read as _};

use jiff::Timestamp;
use serde::Serialize;

use crate::approval::facts::Facts;
use crate::approval::statement::{Hex, Mode, Utc};
use crate::failure::{Exit, Failure};
use crate::plan::count::Counts;
use crate::policy::Kind;
use crate::policy::evaluation::Evaluation;
use crate::policy::ruleset::Ruleset;
use crate::policy::worker::Program;
use crate::review::Requirement;
use crate::trust::approvals::Verified as Vote;
use crate::trust::policies::pinned;
use crate::trust::{Conditions, Scope};

/// What the conditions are asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The time.
    pub(super) now: Timestamp,
    /// Who asked for the change.
    pub(super) requester: Option<&'a str>,
    /// The rules of the target.
    pub(super) scope: &'a Scope,
    /// What was found out about the plan.
    pub(super) facts: &'a Facts,
    /// What had to be acknowledged.
    pub(super) required: &'a [Requirement],
    /// The approvals that count.
    pub(super) votes: &'a [Vote],
}

#[derive(Serialize)]
struct Input<'a> {
    review: Review<'a>,
    scope: Target<'a>,
    counts: Counts,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Review<'a> {
    now: Utc,
    requester: Option<&'a str>,
    plan_sha256: Option<Hex>,
    planned_at: Option<Utc>,
    approvals: Vec<Approval<'a>>,
}

#[derive(Serialize)]
struct Approval<'a> {
    by: &'a str,
    at: Utc,
    expires_at: Utc,
    assurance: &'static str,
    mode: &'static str,
}

#[derive(Serialize)]
struct Target<'a> {
    id: &'a str,
    workspace: Option<&'a str>,
    windows: Vec<Window>,
}

#[derive(Serialize)]
struct Window {
    days: Vec<String>,
    from: String,
    to: String,
}

/// A change that had to be acknowledged.
#[derive(Serialize)]
struct Change<'a> {
    address: &'a str,
    actions: &'a [String],
    rules: &'a [String],
}

impl Context<'_> {
    fn input(&self) -> Input<'_> {
        let windows = self.scope.windows.iter().map(|window| Window {
            days: window.days.iter().map(|day| format!("{day:?}")).collect(),
            from: window.from.to_string(),
            to: window.to.to_string(),
        });
        Input {
            review: Review {
                now: Utc::of(self.now),
                requester: self.requester,
                plan_sha256: self.facts.plan_file.map(|file| Hex(file.sha256)),
                planned_at: self.facts.created_at.map(Utc::of),
                approvals: self.votes.iter().map(approval).collect(),
            },
            scope: Target {
                id: &self.scope.id,
                workspace: self.facts.target.workspace.as_deref(),
                windows: windows.collect(),
            },
            counts: self.facts.counts,
            changes: self.required.iter().map(change).collect(),
        }
    }
}

fn approval(vote: &Vote) -> Approval<'_> {
    let statement = &vote.statement.predicate;
    Approval {
        by: &vote.person,
        at: statement.issued_at,
        expires_at: statement.expires_at,
        assurance: vote.assurance.word(),
        mode: match statement.mode {
            Mode::Normal => Mode::Normal.word(),
            Mode::BreakGlass => Mode::BreakGlass.word(),
        },
    }
}

fn change(required: &Requirement) -> Change<'_> {
    Change {
        address: &required.key.address,
        actions: &required.actions,
        rules: &required.rules,
    }
}

/// Refuses what the conditions deny, and whatever they cannot be asked about.
pub(super) fn hold(
    conditions: &Conditions,
    program: &Program,
    context: Context<'_>,
) -> Result<(), Failure> {
    let rules = Ruleset::load(&conditions.directory)?;
    pinned("conditions", conditions.sha256, rules.inputs.sha256())?;
    let mut evaluation = Evaluation::begin(program, &rules)?;
    let input = serde_json::to_vec(&context.input()).expect("texts and numbers");
    let (mut tee, _) = evaluation.tee(Cursor::new(input));
    tee.read_to_end(&mut Vec::new())
        .map_err(|error| Failure::io("the worker for conditions", &error))?;
    drop(tee);
    let opinion = evaluation.finish(&mut |_| {});
    if let Some(trouble) = opinion.troubles.first() {
        return Err(Failure::new(
            Exit::HardDeny,
            "conditions-trouble",
            format!("the conditions cannot be evaluated: {trouble}"),
        ));
    }
    let denies = opinion
        .verdicts
        .iter()
        .filter(|verdict| verdict.kind == Kind::Deny);
    let said: Vec<String> = denies
        .map(|verdict| format!("{} [{}]", verdict.message, verdict.rule))
        .collect();
    if said.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::HardDeny,
        "conditions",
        format!("a condition does not hold: {}", said.join("; ")),
    )
    .hint("Apply when it holds, or with the people that it asks for; the approval stays good until it expires."))
}

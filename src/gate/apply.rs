//! From a verified plan to an applied one, once.

use std::io::Write;

use jiff::Timestamp;

use super::preflight;
use super::progress::Terminal;
use super::run::{self, Ended};
use super::verify::{self, InEmergency, Request, Verified};
use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};
use crate::plan::count::Counts;
use crate::trust::ledger::emergencies::Declared;
use crate::trust::ledger::{Ledger, Outcome, Record};
use crate::trust::scope;

/// What an apply was, and how it ended.
#[derive(Debug)]
pub struct Applied {
    /// Why it was allowed.
    pub verified: Verified,
    /// How it ended.
    pub ended: Ended,
}

/// Verifies a plan, claims it, applies it, and records what became of it.
///
/// `by` names who runs this, for the ledger. `clock` is asked again before the claim: showing a plan can take longer than
/// an approval lasts. `ready` is told that everything holds, right before the plan is claimed.
pub fn apply(
    request: &Request,
    by: &str,
    clock: impl Fn() -> Timestamp,
    ready: impl FnOnce(&Verified, &mut dyn Write),
    out: &mut Terminal<'_>,
) -> Result<Applied, Failure> {
    carry_out(request, verify::verify(request)?, by, clock, ready, out)
}

/// The same from the verification on: `verified` is what came of `request`.
pub(super) fn carry_out(
    request: &Request,
    verified: Verified,
    by: &str,
    clock: impl Fn() -> Timestamp,
    ready: impl FnOnce(&Verified, &mut dyn Write),
    out: &mut Terminal<'_>,
) -> Result<Applied, Failure> {
    preflight::run(&request.trust.runner.preflight, &verified.prepared)?;
    let ledger = Ledger::of(request.trust.ledger.as_ref())?;
    let now = clock();
    refuse_expired(&verified, now)?;
    let trust = &request.trust;
    ledger.refuse_rollback(now, trust.limits.clock_skew, &trust.id, trust.version)?;
    ledger.refuse_open_emergency(trust, now)?;
    let record = Record {
        plan_sha256: Hex(verified.prepared.plan.sha256()),
        scope: verified.scope.id.clone(),
        at: Utc::of(now),
        by: by.to_owned(),
        persons: verified.persons.clone(),
        approvals: verified
            .approvals
            .verified
            .iter()
            .map(|vote| Hex(vote.approval_id))
            .collect(),
        trust_id: trust.id.clone(),
        trust_version: trust.version,
    };
    ledger.refuse_used(record.plan_sha256)?;
    ready(&verified, out.out);
    if let Some(declared) = declared(&verified, &record) {
        ledger.declare(&declared, trust, now)?;
    }
    let claim = ledger.claim(&record)?;
    if let Err(failure) = claim
        .at()
        .and_then(|at| refuse_expired(&verified, at.unwrap_or(now)))
    {
        claim.record(Outcome::Failed, clock())?;
        return Err(failure);
    }
    let total = operations(&verified.facts.counts);
    let ended = match run::apply(&verified.prepared, &verified.work_dir, total, out) {
        Ok(ended) => ended,
        Err(failure) => Ended {
            outcome: Outcome::Failed,
            summary: None,
            failure: Some(failure),
        },
    };
    let recorded = claim.record(ended.outcome, clock());
    // An outcome that could not be written must not hide what the tool did.
    if let (Err(failure), None) = (recorded, &ended.failure) {
        return Err(failure);
    }
    Ok(Applied { verified, ended })
}

/// What an emergency puts into the ledger, beside the claim.
fn declared(verified: &Verified, record: &Record) -> Option<Declared> {
    let InEmergency {
        emergency,
        approval_id,
        not_acknowledged,
    } = verified.emergency.as_ref()?;
    Some(Declared {
        plan_sha256: record.plan_sha256,
        scope: record.scope.clone(),
        at: record.at,
        by: record.by.clone(),
        person: record.persons.concat(),
        approval: Hex(*approval_id),
        emergency: emergency.clone(),
        not_acknowledged: *not_acknowledged as u64,
    })
}

/// How many operations the tool will report: a replacement is two.
fn operations(counts: &Counts) -> u64 {
    counts.create + counts.update + counts.delete + 2 * counts.replace
}

fn refuse_expired(verified: &Verified, now: Timestamp) -> Result<(), Failure> {
    if now < verified.expires_at {
        return match verified.emergency {
            Some(_) => Ok(()),
            None => scope::is_open(&verified.scope, now),
        };
    }
    Err(Failure::new(
        Exit::OutOfTime,
        "expired",
        "an approval has expired while the plan was being verified",
    )
    .expected(format!("before {}", verified.expires_at), now.to_string())
    .hint("Review the plan again, and sign again."))
}

//! From a verified plan to an applied one, once.

use std::io::Write;

use jiff::Timestamp;

use super::run::{self, Ended};
use super::verify::{self, Request, Verified};
use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};
use crate::trust::ledger::{Ledger, Outcome, Record};
use crate::trust::{self, Trust};

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
    out: &mut dyn Write,
) -> Result<Applied, Failure> {
    let verified = verify::verify(request)?;
    let ledger = open_ledger(&request.trust)?;
    let now = clock();
    refuse_expired(&verified, now)?;
    let trust = &request.trust;
    ledger.refuse_rollback(now, trust.limits.clock_skew, &trust.id, trust.version)?;
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
    ready(&verified, out);
    let claim = ledger.claim(&record)?;
    let ended = match run::apply(&verified.prepared, &verified.work_dir, out) {
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

fn open_ledger(trust: &Trust) -> Result<Ledger, Failure> {
    match &trust.ledger {
        Some(trust::Ledger::Dir(directory)) => Ledger::open(directory),
        None => Ledger::open(&Ledger::default_place()?),
    }
}

fn refuse_expired(verified: &Verified, now: Timestamp) -> Result<(), Failure> {
    if now < verified.expires_at {
        return trust::scope::is_open(&verified.scope, now);
    }
    Err(Failure::new(
        Exit::OutOfTime,
        "expired",
        "an approval has expired while the plan was being verified",
    )
    .expected(format!("before {}", verified.expires_at), now.to_string())
    .hint("Review the plan again, and sign again."))
}

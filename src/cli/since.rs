//! `--since`: the earlier review that a plan is held against.
//!
//! The file only names a plan. An approval, a draft and a rejection all do; what was said comes from the reviewer's own
//! memory, so a file that somebody forged can name a plan and can carry nothing over.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::places::StateDirectory;
use crate::approval::envelope::{self, Envelope};
use crate::approval::set::{self, Manifest};
use crate::approval::statement::{Hex, Statement};
use crate::failure::{Exit, Failure};
use crate::review::carry::Earlier;
use crate::review::carry::memory::Memory;
use crate::trust::file;

/// Largest draft or rejection that is read for its digest.
const MAX_BYTES: u64 = 64 << 20;

/// The review that `path` names.
pub fn earlier(path: &Path, state: &StateDirectory) -> Result<Earlier, Failure> {
    of_plan(&digest(path)?, path, state)
}

/// The reviews of the plans of an earlier set, by their paths, as its manifest names them.
pub fn of_set(path: &Path, state: &StateDirectory) -> Result<BTreeMap<String, Earlier>, Failure> {
    let bytes = file::read_bounded(path, set::MAX_BYTES)?;
    let manifest = Manifest::parse(&String::from_utf8_lossy(&bytes)).map_err(|failure| {
        failure.hint("For a directory, --since names the undersign.manifest of the earlier set.")
    })?;
    let plans = manifest.plans.into_iter();
    plans
        .map(|(digest, plan)| Ok((plan, of_plan(&digest, path, state)?)))
        .collect()
}

fn of_plan(digest: &Hex, path: &Path, state: &StateDirectory) -> Result<Earlier, Failure> {
    let memory = Memory::open(&state.carry(), &digest.0)?;
    let rows = memory.load()?.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "since-unknown",
            format!("plan {digest}, which {} names, was not reviewed by you on this machine", path.display()),
        )
        .hint("What you said about a plan is kept in your own state directory. Review without --since.")
    })?;
    Ok(Earlier::new(
        memory.plan_sha256(),
        memory.carry_key().clone(),
        rows,
    ))
}

#[derive(Deserialize)]
struct Names {
    plan_sha256: Hex,
}

fn digest(path: &Path) -> Result<Hex, Failure> {
    let bytes = file::read_bounded(path, MAX_BYTES)?;
    if let Ok(Names { plan_sha256 }) = serde_json::from_slice(&bytes) {
        return Ok(plan_sha256);
    }
    if bytes.len() <= envelope::MAX_BYTES {
        let statement =
            Envelope::parse(&bytes).and_then(|envelope| Statement::parse(envelope.payload()));
        if let Ok(statement) = statement {
            return Ok(Hex(statement.subject_sha256()));
        }
    }
    Err(Failure::new(
        Exit::Usage,
        "since",
        format!(
            "{} is no approval, no draft and no rejection of a plan",
            path.display()
        ),
    )
    .hint("Name PLAN.approvals/PERSON-NONCE.json, a draft, or PLAN.rejection.json."))
}

//! Whether a statement is about this plan: every fact in it against what was worked out.

use super::{Digested, Facts, Source, Target};
use crate::approval::set::Member;
use crate::approval::statement::{Hex, Override, Statement, Utc};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// Asks whether a statement is about the plan that `facts` describe, and refuses at the first difference.
///
/// An approval of a plan JSON is about the plan file whose `show -json` has the very same bytes.
pub fn matches(statement: &Statement, facts: &Facts) -> Result<(), Failure> {
    let approval = &statement.predicate;
    let seen;
    let facts = match approval.source {
        Source::PlanFile => facts,
        Source::Json => {
            seen = facts.seen_as_json();
            &seen
        }
    };
    let Digested { sha256, bytes } = facts.subject();
    let (plan, target) = (&approval.plan, &approval.target);
    same(
        "subject",
        "the approval is for another plan",
        hex(sha256),
        hex(statement.subject_sha256()),
    )?;
    same(
        "json-sha256",
        "the plan prints another JSON than the one approved",
        hex(facts.json.sha256),
        plan.json_sha256.to_string(),
    )?;
    same(
        "scope",
        "the approval is for another scope",
        &facts.target.scope,
        &target.scope,
    )?;
    same(
        "workspace",
        "the approval is for another workspace",
        or_none(facts.target.workspace.as_ref()),
        or_none(target.workspace.as_ref()),
    )?;
    same(
        "backend",
        "the approval is for another backend",
        backend(&facts.target),
        backend(target),
    )?;
    same(
        "state-lineage",
        "the approval is for another state",
        or_none(facts.target.state_lineage.as_ref()),
        or_none(target.state_lineage.as_ref()),
    )?;
    same(
        "state-serial",
        "the approval is for another serial of the state",
        or_none(facts.target.state_serial),
        or_none(target.state_serial),
    )?;
    same(
        "account",
        "the approval is for another account",
        or_none(facts.target.account.as_ref()),
        or_none(target.account.as_ref()),
    )?;
    same(
        "tool",
        "the plan was made by another tool",
        or_none(facts.tool.as_ref()),
        or_none(plan.tool.as_ref()),
    )?;
    same(
        "tool-version",
        "the plan was made by another version of the tool",
        &facts.tool_version,
        &plan.tool_version,
    )?;
    same(
        "created-at",
        "the plan was made at another time",
        or_none(facts.created_at.map(Utc::of)),
        or_none(plan.created_at),
    )?;
    same(
        "size",
        "the plan has another size",
        bytes.to_string(),
        plan.size_bytes.to_string(),
    )?;
    same(
        "lock",
        "the dependency lock in the plan is another one",
        or_none(facts.lock_sha256.map(Hex)),
        or_none(plan.lock_sha256),
    )?;
    same(
        "workdir",
        "other files lie where the plan will be applied",
        or_none(facts.workdir_sha256.map(Hex)),
        or_none(plan.workdir_sha256),
    )?;
    same_set(facts.set.as_ref(), plan.set.as_ref())?;
    same(
        "apply-time-variables",
        "other variables are asked for at apply",
        facts.apply_time_variables.join(", "),
        plan.apply_time_variables.join(", "),
    )?;
    same(
        "local-code",
        "whether the plan runs local code is not what was approved",
        facts.runs_local_code.to_string(),
        plan.runs_local_code.to_string(),
    )?;
    same(
        "counts",
        "the numbers of changes are not those approved",
        format!("{:?}", facts.counts),
        format!("{:?}", plan.counts),
    )?;
    same(
        "policy-inputs",
        "the plan was reviewed under other policies than those that apply",
        or_none(facts.policy_sha256.map(Hex)),
        or_none(approval.policy.inputs_sha256),
    )?;
    same(
        "override-comments",
        "comments in the configuration accept other denies than the approval says",
        comments(facts.accepted.iter().map(Override::from)),
        comments(approval.overrides.iter().cloned()),
    )
}

fn same(
    reason: &'static str,
    error: &str,
    fact: impl Into<String>,
    approved: impl Into<String>,
) -> Result<(), Failure> {
    let (fact, approved) = (fact.into(), approved.into());
    if fact == approved {
        return Ok(());
    }
    Err(Failure::new(Exit::Mismatch, reason, error)
        .expected(approved, fact)
        .hint("Review the plan that you want to apply, and sign again."))
}

/// Asks whether the plan is approved for what goes on around it: alone, or as this one of this set.
fn same_set(fact: Option<&Member>, approved: Option<&Member>) -> Result<(), Failure> {
    let (error, hint) = match (fact, approved) {
        (Some(fact), Some(approved)) if fact == approved => return Ok(()),
        (None, None) => return Ok(()),
        (None, Some(_)) => (
            "the approval is for a plan of a set, which has an order",
            "Apply the directory of the set: undersign apply DIR.",
        ),
        (Some(_), None) => (
            "the approval is for the plan alone, not for one of a set",
            "Review the directory: undersign review DIR.",
        ),
        (Some(_), Some(_)) => (
            "the approval is for another set: a plan was swapped, added or left out, or the order is another one",
            "Review the directory again, and sign again.",
        ),
    };
    let said = |member: Option<&Member>| {
        member.map_or_else(
            || "the plan alone".into(),
            |member| format!("{} of set {}", member.path, member.manifest_sha256),
        )
    };
    Err(Failure::new(Exit::Mismatch, "set", error)
        .expected(said(approved), said(fact))
        .hint(hint))
}

fn hex(digest: Sha256) -> String {
    Hex(digest).to_string()
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "(none)".into(), |value| value.to_string())
}

fn backend(target: &Target) -> String {
    or_none(
        target
            .backend
            .as_ref()
            .map(|b| format!("{} {}", b.backend_type, b.config_sha256)),
    )
}

/// The overrides that stand in comments, in one order.
fn comments(overrides: impl Iterator<Item = Override>) -> String {
    let mut lines: Vec<String> = overrides
        .filter_map(|given| {
            let Override {
                rule,
                address,
                reason,
                source,
            } = given;
            Some(format!("{}: {rule} on {address}: {reason}", source?))
        })
        .collect();
    lines.sort();
    lines.join("; ")
}

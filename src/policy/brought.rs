//! What is brought along to a review: findings of other tools, and the scope of the task.
//!
//! Owns the order in which everything is weighed: engines and tools first, then the comments that accept what they deny,
//! and the scope last, because no comment in the configuration of an agent can widen the agent's own task.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::findings::Findings;
use super::findings::place::Addresses;
use super::findings::spot::{Around, PlanNames, Spot, Watch};
use super::history::History;
use super::inputs::Inputs;
use super::overrides::{self, Accepted, From, State};
use super::scope::{Act, Circumstances, Scope};
use super::{Opinion, Place};
use crate::plan::effect::Kind;
use crate::plan::snapshot::Snapshot;

/// What is brought along.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// The names that the plan's JSON can have in them.
    pub plan: PlanNames,
    /// Files of findings, each with when it was written.
    pub findings: Vec<(Findings, Option<Timestamp>)>,
    /// The scope of the task.
    pub scope: Option<Scope>,
    /// Digests of all of it.
    pub inputs: Inputs,
    /// The time by which a scope and an override expire.
    pub now: Timestamp,
    /// The configuration that lies around, for a plan that does not carry its own.
    pub working_tree: Option<Arc<Snapshot>>,
    /// The history that the configuration in the plan file is held against; only for a reviewer's eyes.
    pub history: Option<History>,
}

/// What is known of the plan beyond its rows.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Everything it does, and the rows that do nothing.
    pub acts: &'a [Act],
    /// What is around the places of its JSON that findings name.
    pub around: &'a Around,
    /// The configuration in the plan file.
    pub snapshot: Option<&'a Snapshot>,
    /// The planned workspace.
    pub workspace: Option<&'a str>,
    /// When it was made.
    pub made: Option<Timestamp>,
    /// Whether it ended in an error.
    pub errored: bool,
}

impl Brought {
    /// Whether there is anything to weigh.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.scope.is_none()
    }

    /// Looks for what is around the places of the plan's JSON that findings name.
    pub fn watch(&self) -> Watch {
        let entries = self
            .findings
            .iter()
            .flat_map(|(findings, _)| &findings.entries);
        let spots: Vec<Spot> = entries.filter_map(|entry| entry.target.spot()).collect();
        Watch::new(&self.plan, spots.iter())
    }

    /// Adds everything to what engines say, and returns the denies that comments accept.
    pub fn weigh(&self, opinion: &mut Opinion, plan: Plan<'_>) -> Vec<Accepted> {
        let rows = plan
            .acts
            .iter()
            .filter(|act| matches!(act.kind, Kind::Change | Kind::Deferred));
        let addresses = Addresses::new(rows.map(|act| (&*act.address, !act.is_nothing)));
        let addresses = addresses.around(plan.around);
        let blocks_at = |place: &Place| {
            let blocks = plan
                .snapshot
                .map(|snapshot| snapshot.blocks_at(&place.file, place.line));
            blocks
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        for (findings, written) in &self.findings {
            opinion.extend(findings.opinion(&addresses, &blocks_at, plan.made, *written));
        }
        let (snapshot, from) = match plan.snapshot {
            Some(snapshot) => (Some(snapshot), From::PlanFile),
            None => (self.working_tree.as_deref(), From::WorkingTree),
        };
        let comments = snapshot.map_or(&[][..], Snapshot::comments);
        let today = self.now.to_zoned(TimeZone::UTC).date();
        let outcome = overrides::apply(opinion, overrides::read(comments), from, today);
        if let (Some(history), Some(snapshot)) = (&self.history, plan.snapshot) {
            let used = outcome.states.into_iter();
            let used: Vec<_> = used
                .filter_map(|(over, state)| (state == State::Used).then_some(over))
                .collect();
            let told = history.verdicts(&used, snapshot, plan.acts);
            opinion.verdicts.extend(told);
        }
        if let Some(scope) = &self.scope {
            let circumstances = Circumstances {
                now: self.now,
                workspace: plan.workspace,
                errored: plan.errored,
            };
            opinion
                .verdicts
                .extend(scope.judge(plan.acts, circumstances));
        }
        outcome.accepted
    }
}

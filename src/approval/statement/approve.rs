//! From the facts of a plan and what a reviewer adds to the statement that is signed.

use super::{
    Acknowledgement, Approval, Decision, Digest, Hex, Mode, Nonce, Override, Plan, Policy,
    PredicateType, Review, Reviewer, Statement, StatementType, Subject, Utc,
};
use crate::approval::emergency::Emergency;
use crate::approval::facts::{Digested, Facts};
use crate::review::Ack;

/// What a reviewer adds to the facts of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who signs, with which key.
    pub reviewer: Reviewer,
    /// Who asked for the change, if known.
    pub requester: Option<String>,
    /// Sixteen random bytes.
    pub nonce: Nonce,
    /// Now.
    pub issued_at: jiff::Timestamp,
    /// From when on it counts no more.
    pub expires_at: jiff::Timestamp,
    /// What was acknowledged.
    pub acks: Vec<Ack>,
    /// How long the plan was on the screen.
    pub seconds: u64,
    /// The reviewer's own words.
    pub comment: String,
}

impl Statement {
    /// The approval of the plan that `facts` describe.
    pub fn approve(facts: &Facts, policy: Policy, said: Said) -> Self {
        let Digested { sha256, bytes } = facts.subject();
        Statement {
            format: StatementType::V1,
            subject: [Subject {
                name: facts.name.clone(),
                digest: Digest {
                    sha256: Hex(sha256),
                },
            }],
            predicate_type: PredicateType::V1,
            predicate: Approval {
                decision: Decision::Approve,
                mode: Mode::Normal,
                emergency: None,
                nonce: said.nonce,
                reviewer: said.reviewer,
                requester: said.requester,
                issued_at: Utc::of(said.issued_at),
                expires_at: Utc::of(said.expires_at),
                source: facts.source(),
                target: facts.target.clone(),
                plan: Plan {
                    tool: facts.tool.clone(),
                    tool_version: facts.tool_version.clone(),
                    created_at: facts.created_at.map(Utc::of),
                    size_bytes: bytes,
                    json_sha256: Hex(facts.json.sha256),
                    lock_sha256: facts.lock_sha256.map(Hex),
                    workdir_sha256: facts.workdir_sha256.map(Hex),
                    set: facts.set.clone(),
                    apply_time_variables: facts.apply_time_variables.clone(),
                    runs_local_code: facts.runs_local_code,
                    counts: facts.counts,
                },
                policy,
                acknowledgements: said.acks.iter().map(Acknowledgement::from).collect(),
                overrides: facts
                    .accepted
                    .iter()
                    .map(Override::from)
                    .chain(said.acks.iter().flat_map(Override::of))
                    .collect(),
                review: Review {
                    tool: "undersign".into(),
                    tool_version: env!("CARGO_PKG_VERSION").into(),
                    seconds: said.seconds,
                },
                comment: said.comment,
            },
        }
    }

    /// The same approval, given in an emergency.
    #[must_use]
    pub fn in_emergency(mut self, emergency: Emergency) -> Self {
        self.predicate.mode = Mode::BreakGlass;
        self.predicate.emergency = Some(emergency);
        self
    }
}

//! What undersign itself found out about a plan.
//!
//! The reviewer's side writes these facts into a statement, the gate works them out again from the bytes it will apply,
//! and [`matches()`] compares the two. Nothing in a statement is believed that a fact can contradict.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::set::Member;
use super::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::count::Counts;
use crate::policy::overrides::Accepted;
use crate::review::judge::Judgement;

mod compare;

pub use compare::matches;

/// A digest and the number of bytes it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digested {
    /// SHA-256 of the bytes.
    pub sha256: Sha256,
    /// How many they are.
    pub bytes: u64,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The plan file, and the JSON that undersign had made of it.
    PlanFile,
    /// A plan JSON alone.
    Json,
}

/// Where the plan will be applied. A plan JSON alone says nothing of it but the scope that the reviewer named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Id of the scope in the trust file.
    pub scope: String,
    /// The planned workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The planned backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Backend>,
    /// Lineage of the state; empty for a first plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_lineage: Option<String>,
    /// Serial of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_serial: Option<u64>,
    /// The account, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Where the state is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backend {
    /// `local`, `s3`, …
    #[serde(rename = "type")]
    pub backend_type: String,
    /// Digest of its configuration, which may hold credentials.
    pub config_sha256: Hex,
}

/// Everything about a plan that a statement holds and that can be worked out from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// File name, for people. Never compared.
    pub name: String,
    /// The plan file; `None` where a plan JSON is all there is.
    pub plan_file: Option<Digested>,
    /// What `show -json` printed, or the plan JSON.
    pub json: Digested,
    /// Where it will be applied.
    pub target: Target,
    /// `terraform` or `tofu`; `None` where only the JSON is there, which does not say.
    pub tool: Option<String>,
    /// Its version.
    pub tool_version: String,
    /// When the plan was made, as the JSON's `timestamp` says.
    pub created_at: Option<Timestamp>,
    /// Digest of the lock inside the plan file.
    pub lock_sha256: Option<Sha256>,
    /// Digest of the list of files that the plan is applied among, where the target binds them.
    pub workdir_sha256: Option<Sha256>,
    /// Which plan of which set it is, where several go together.
    pub set: Option<Member>,
    /// Variables whose values must be given again at apply.
    pub apply_time_variables: Vec<String>,
    /// Whether a program of the configuration runs at apply.
    pub runs_local_code: bool,
    /// Number of changes of each kind.
    pub counts: Counts,
    /// Digest of everything that the team's own policies were evaluated from.
    pub policy_sha256: Option<Sha256>,
    /// Denies of policies that comments in the configuration accept.
    pub accepted: Vec<Accepted>,
}

impl Facts {
    /// The facts of a plan that was read and judged. `scope` is the scope of the trust file that holds for it.
    pub fn of(
        name: &str,
        file: Option<&PlanFile>,
        judgement: &Judgement,
        scope: &str,
    ) -> Result<Self, Failure> {
        let header = &judgement.header;
        let created_at = header
            .timestamp
            .as_ref()
            .map(|text| {
                text.parse().map_err(|_| {
                    Failure::new(
                        Exit::BadPlan,
                        "timestamp",
                        "the time at which the plan was made is no time",
                    )
                    .expected("2026-01-31T12:00:00Z", text.clone())
                })
            })
            .transpose()?;
        Ok(Facts {
            name: name.into(),
            plan_file: file.map(|file| Digested {
                sha256: file.sha256,
                bytes: file.size,
            }),
            json: Digested {
                sha256: header.sha256,
                bytes: header.bytes,
            },
            target: Target {
                scope: scope.into(),
                workspace: file.map(|file| file.workspace.clone()),
                backend: file.map(|file| Backend {
                    backend_type: file.backend_type.clone(),
                    config_sha256: Hex(file.backend_config_sha256),
                }),
                state_lineage: file.map(|file| file.lineage.clone()),
                state_serial: file.map(|file| file.serial),
                account: None,
            },
            tool: file.map(|_| judgement.product.word().into()),
            tool_version: file.map_or_else(
                || header.terraform_version.clone(),
                |file| file.tool_version.clone(),
            ),
            created_at,
            lock_sha256: file.map(|file| file.lock_sha256),
            workdir_sha256: None,
            set: None,
            apply_time_variables: file
                .map(|file| file.apply_time_variables.clone())
                .unwrap_or_default(),
            runs_local_code: judgement.runs_local_code,
            counts: judgement.counts,
            policy_sha256: None,
            accepted: judgement.accepted.clone(),
        })
    }

    /// The facts of a plan that policies were asked about.
    #[must_use]
    pub fn under(mut self, policy_sha256: Option<Sha256>) -> Self {
        self.policy_sha256 = policy_sha256;
        self
    }

    /// What was read.
    pub fn source(&self) -> Source {
        if self.plan_file.is_some() {
            Source::PlanFile
        } else {
            Source::Json
        }
    }

    /// What is signed: the plan file, or the JSON where that is all there is.
    pub fn subject(&self) -> Digested {
        self.plan_file.unwrap_or(self.json)
    }

    /// These facts as somebody knows them who read only the plan JSON.
    fn seen_as_json(&self) -> Facts {
        Facts {
            plan_file: None,
            tool: None,
            lock_sha256: None,
            apply_time_variables: Vec::new(),
            target: Target {
                scope: self.target.scope.clone(),
                workspace: None,
                backend: None,
                state_lineage: None,
                state_serial: None,
                account: None,
            },
            ..self.clone()
        }
    }
}

//! What a reviewer signs: an in-toto statement about one plan, in structs that leave no second reading.
//!
//! No field may be unknown, none may be given twice, and the bytes must be the very ones that undersign writes: a
//! condition that a reader does not know must never be skipped. Holds no value of the plan. Pure: time and randomness
//! come in.

use serde::{Deserialize, Serialize};

use super::emergency::Emergency;
use super::facts::{Source, Target};
use super::set::Member;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;
use crate::plan::count::Counts;

mod acknowledgement;
mod approve;
mod forms;

pub use acknowledgement::{Acknowledgement, Override};
pub use approve::Said;
pub use forms::{Hex, Nonce, Utc};

/// An in-toto statement with a plan approval in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "_type")]
    format: StatementType,
    /// What is approved: one thing, with one digest.
    pub subject: [Subject; 1],
    predicate_type: PredicateType,
    /// The approval.
    pub predicate: Approval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum StatementType {
    #[serde(rename = "https://in-toto.io/Statement/v1")]
    V1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum PredicateType {
    #[serde(rename = "urn:undersign:plan-approval:v1")]
    V1,
}

/// The plan file, or the plan JSON where that is all there was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// File name, for people. Never compared.
    pub name: String,
    /// Its only digest.
    pub digest: Digest,
}

/// One digest: a second one would be a second way to match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// SHA-256 of the bytes.
    pub sha256: Hex,
}

/// The predicate: who approves what, where, until when, and which changes were acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// Always a yes: a no is another kind of file.
    pub decision: Decision,
    /// Whether the ordinary rules are asked for.
    pub mode: Mode,
    /// Why they are not; there exactly where the mode says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
    /// Makes two approvals of one plan by one person differ.
    pub nonce: Nonce,
    /// Who approves.
    pub reviewer: Reviewer,
    /// Who asked for the change, as far as the reviewer knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// When it was signed.
    pub issued_at: Utc,
    /// From when on it counts no more.
    pub expires_at: Utc,
    /// What was read: the plan file, or only its JSON.
    pub source: Source,
    /// Where the plan will be applied.
    pub target: Target,
    /// What the plan is.
    pub plan: Plan,
    /// By which rules it was judged.
    pub policy: Policy,
    /// The changes that were acknowledged.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Denies that were accepted, with the reason.
    pub overrides: Vec<Override>,
    /// With what it was reviewed, and for how long.
    pub review: Review,
    /// The reviewer's own words.
    pub comment: String,
}

/// Yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The plan may be applied.
    Approve,
}

/// Whether the ordinary rules are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They are.
    Normal,
    /// An emergency, with rules of its own.
    BreakGlass,
}

impl Mode {
    /// The word in an approval.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Normal => "normal",
            Mode::BreakGlass => "break-glass",
        }
    }
}

/// A person and the key that signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// Id of the person in the trust file.
    pub person: String,
    /// Fingerprint of the key, `SHA256:…`.
    pub key: String,
}

/// What the plan is, in numbers and digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// `terraform` or `tofu`, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Its version.
    pub tool_version: String,
    /// When the plan was made, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Utc>,
    /// Size of the subject.
    pub size_bytes: u64,
    /// Digest of what `show -json` prints.
    pub json_sha256: Hex,
    /// Digest of the dependency lock inside the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_sha256: Option<Hex>,
    /// Digest of the list of files that the plan is applied among, where the target binds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workdir_sha256: Option<Hex>,
    /// Which plan of which set it is, where several were reviewed together and are applied in an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Member>,
    /// Variables whose values must be given again at apply.
    pub apply_time_variables: Vec<String>,
    /// Whether a program of the configuration runs at apply.
    pub runs_local_code: bool,
    /// Number of changes of each kind.
    pub counts: Counts,
}

/// By which rules the plan was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Digest of the rules and the catalogue.
    pub ruleset_sha256: Hex,
    /// Digest of everything that the team's own policies were evaluated from; none where there are no such policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs_sha256: Option<Hex>,
    /// `version` of the reviewer's trust file; zero without one.
    pub trust_version: u64,
}

/// With what the plan was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// `undersign`
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// How long the plan was on the screen.
    pub seconds: u64,
}

impl Statement {
    /// Reads the payload of an envelope whose signature holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let statement: Statement = serde_json::from_slice(bytes).map_err(|error| {
            refused(
                "statement",
                format!("the signed statement is not an approval: {error}"),
            )
        })?;
        if statement.to_bytes() != bytes {
            return Err(refused(
                "statement-form",
                "the signed statement is not in the one form that undersign writes",
            ));
        }
        let says_why = statement
            .predicate
            .emergency
            .as_ref()
            .map(Emergency::says_why);
        match (statement.predicate.mode, says_why) {
            (Mode::Normal, None) | (Mode::BreakGlass, Some(true)) => Ok(statement),
            (Mode::Normal, Some(_)) | (Mode::BreakGlass, None | Some(false)) => Err(refused(
                "emergency",
                "an emergency, and nothing else, says its ticket and its reason",
            )),
        }
    }

    /// The bytes to sign: JSON on one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            .expect("no map and no number that JSON cannot hold stands in a statement")
    }

    /// Digest of what is approved.
    pub fn subject_sha256(&self) -> Sha256 {
        self.subject[0].digest.sha256.0
    }
}

fn refused(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadSignature, reason, error)
}

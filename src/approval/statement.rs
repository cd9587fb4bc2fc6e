//! What a reviewer signs: an in-toto statement about one plan, in structs that leave no second reading.
//!
//! No field may be unknown, none may be given twice, and the bytes must be the very ones that undersign writes: a
//! condition that a reader does not know must never be skipped. Holds no value of the plan. Pure: time and randomness
//! come in.

use serde::{Deserialize, Serialize};

use super::emergency::Emergency;
use super::facts::{Digested, Facts, Source, Target};
use super::set::Member;
use crate::failure::{Exit, Failure};
use crate::plan::count::Counts;
use crate::policy::overrides::Accepted;
use crate::review::verdicts;
use crate::review::{Ack, Key, Method, Requirement};

mod forms;

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

/// A yes to one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The word of the row's kind: `change`, `output`, `plan`.
    pub kind: String,
    /// The row's address.
    pub address: String,
    /// Key of the deposed object, if the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// The action words of the plan.
    pub actions: Vec<String>,
    /// The rules that asked.
    pub rules: Vec<String>,
    /// How it was given.
    pub method: Method,
    /// Why, in the reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Acknowledgement {
    /// What is acknowledged, as the review knows it.
    pub fn requirement(&self) -> Requirement {
        Requirement {
            key: Key {
                unit: None,
                kind: self.kind.clone(),
                address: self.address.clone(),
                deposed: self.deposed.clone(),
            },
            actions: self.actions.clone(),
            rules: self.rules.clone(),
        }
    }
}

impl From<&Ack> for Acknowledgement {
    fn from(ack: &Ack) -> Self {
        let Requirement {
            key,
            actions,
            rules,
        } = ack.requirement.clone();
        Acknowledgement {
            kind: key.kind,
            address: key.address,
            deposed: key.deposed,
            actions,
            rules,
            method: ack.method,
            reason: ack.reason.clone(),
        }
    }
}

/// The reason to accept what a policy denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The rule that denies.
    pub rule: String,
    /// The row's address.
    pub address: String,
    /// Why, in the words of the reviewer, or of the comment that accepts it.
    pub reason: String,
    /// Where the comment stands; none for the reviewer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl From<&Accepted> for Override {
    fn from(accepted: &Accepted) -> Self {
        Override {
            rule: verdicts::overridden(&accepted.rule),
            address: accepted.address.clone(),
            reason: accepted.reason.clone(),
            source: Some(accepted.place.clone()),
        }
    }
}

impl Override {
    /// What an acknowledgement says of the policies that deny.
    fn of(ack: &Ack) -> impl Iterator<Item = Self> {
        ack.requirement.denies().map(|rule| Override {
            rule: rule.to_owned(),
            address: ack.requirement.key.address.clone(),
            reason: ack.reason.clone().unwrap_or_default(),
            source: None,
        })
    }
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
    pub fn subject_sha256(&self) -> crate::plan::archive::Sha256 {
        self.subject[0].digest.sha256.0
    }
}

fn refused(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadSignature, reason, error)
}

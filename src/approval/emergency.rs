//! Breaking the glass: why somebody could not wait for the ordinary rules, and the second person's signature under it.
//!
//! An emergency is declared in the approval itself, signed in a namespace of its own. Whoever countersigns it later signs
//! a small in-toto statement over the digest of the ledger's record of it, in that same namespace.

use serde::{Deserialize, Serialize};

use super::statement::{Digest, Hex, Reviewer, Subject, Utc};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// Why the ordinary rules cannot be waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// Where others can read what happens: the number of an incident.
    pub ticket: String,
    /// What cannot wait, in the person's words.
    pub reason: String,
}

impl Emergency {
    /// An emergency with a ticket and a reason.
    pub fn new(ticket: &str, reason: &str) -> Result<Self, Failure> {
        let emergency = Emergency {
            ticket: ticket.trim().into(),
            reason: reason.trim().into(),
        };
        if emergency.says_why() {
            return Ok(emergency);
        }
        Err(Failure::new(
            Exit::Usage,
            "no-reason",
            "an emergency needs a ticket and a reason",
        )
        .hint("undersign review PLAN --break-glass --ticket INC-4711 --reason 'what cannot wait'"))
    }

    /// Whether ticket and reason say something.
    pub fn says_why(&self) -> bool {
        [&self.ticket, &self.reason]
            .iter()
            .all(|text| !text.trim().is_empty())
    }
}

/// What a second person signs about an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Countersignature {
    #[serde(rename = "_type")]
    format: StatementType,
    /// The record of the emergency in the ledger.
    pub subject: [Subject; 1],
    predicate_type: PredicateType,
    /// Who has looked at it, and when.
    pub predicate: Review,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum StatementType {
    #[serde(rename = "https://in-toto.io/Statement/v1")]
    V1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum PredicateType {
    #[serde(rename = "urn:undersign:break-glass-review:v1")]
    V1,
}

/// Who has looked at an emergency, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// The second person.
    pub reviewer: Reviewer,
    /// When it was signed.
    pub issued_at: Utc,
    /// What they say about it.
    pub comment: String,
}

impl Countersignature {
    /// A countersignature of the record with this name and digest.
    pub fn new(record: &str, sha256: Sha256, review: Review) -> Self {
        Countersignature {
            format: StatementType::V1,
            subject: [Subject {
                name: record.into(),
                digest: Digest {
                    sha256: Hex(sha256),
                },
            }],
            predicate_type: PredicateType::V1,
            predicate: review,
        }
    }

    /// Reads the payload of an envelope whose signature holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let refused = |error: String| Failure::new(Exit::BadSignature, "countersignature", error);
        let parsed: Self = serde_json::from_slice(bytes)
            .map_err(|error| refused(format!("this is not a countersignature: {error}")))?;
        if parsed.to_bytes() != bytes {
            return Err(refused(
                "the countersignature is not in the one form that undersign writes".into(),
            ));
        }
        Ok(parsed)
    }

    /// The bytes to sign: JSON on one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts only")
    }
}

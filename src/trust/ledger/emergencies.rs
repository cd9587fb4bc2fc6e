//! Emergencies in the ledger: one open at a time, and none is closed but by a second person's signature.
//!
//! An emergency is an entry with the next free number, created before its plan is claimed. It is open until a
//! countersignature of its very bytes lies beside it that holds: by another person, who may approve for the same scope.
//! A countersignature is judged each time it is asked about, so that a key that was revoked closes nothing.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Hasher};

use super::{Ledger, line};
use crate::approval::emergency::{Countersignature, Emergency};
use crate::approval::envelope::Envelope;
use crate::approval::sshsig::Assurance;
use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;
use crate::trust::Trust;
use crate::trust::approvals::{at_least, owner};

const PREFIX: &str = "emergency-";
const REVIEW: &str = ".review-";

/// What is written when the glass is broken, for everybody to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declared {
    /// Digest of the plan file.
    pub plan_sha256: Hex,
    /// The scope it is applied in.
    pub scope: String,
    /// When.
    pub at: Utc,
    /// Who runs the gate, and on which machine.
    pub by: String,
    /// Who declared the emergency.
    pub person: String,
    /// The approval that did.
    pub approval: Hex,
    /// The ticket and the reason.
    pub emergency: Emergency,
    /// How many changes asked for an acknowledgement and had none.
    pub not_acknowledged: u64,
}

/// An emergency as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the entry.
    pub name: String,
    /// Digest of its bytes: what is countersigned.
    pub sha256: Sha256,
    /// What it says; `None` if a crash cut it off.
    pub declared: Option<Declared>,
    /// Who has countersigned it, where somebody has.
    pub closed_by: Option<String>,
}

impl Ledger {
    /// Every emergency, oldest first, each with who has countersigned it as `trust` counts it at `now`.
    pub fn emergencies(&self, trust: &Trust, now: Timestamp) -> Result<Vec<Entry>, Failure> {
        let names = self.names()?;
        let mut entries = Vec::new();
        for name in names.iter().filter(|name| is_emergency(name)) {
            let bytes = self.bytes(name)?;
            let mut entry = Entry {
                name: name.clone(),
                sha256: Hasher::digest(&bytes).into(),
                declared: serde_json::from_slice(&bytes).ok(),
                closed_by: None,
            };
            let reviews = format!("{name}{REVIEW}");
            for review in names.iter().filter(|name| name.starts_with(&reviews)) {
                let held = judge(&self.bytes(review)?, &entry, trust, now);
                entry.closed_by = entry.closed_by.or(held.ok());
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Refuses to go on while an emergency waits for a second person.
    pub fn refuse_open_emergency(&self, trust: &Trust, now: Timestamp) -> Result<(), Failure> {
        self.all_closed(trust, now).map(drop)
    }

    /// How many emergencies there were, if each of them is countersigned.
    fn all_closed(&self, trust: &Trust, now: Timestamp) -> Result<usize, Failure> {
        let entries = self.emergencies(trust, now)?;
        let count = entries.len();
        let Some(open) = entries.into_iter().find(|entry| entry.closed_by.is_none()) else {
            return Ok(count);
        };
        let what = open.declared.map_or_else(
            || "one whose record cannot be read".into(),
            |declared| {
                format!(
                    "by {} at {} for {}: {}",
                    declared.person,
                    declared.at,
                    declared.emergency.ticket,
                    declared.emergency.reason
                )
            },
        );
        Err(Failure::new(
            Exit::TooFewPeople,
            "emergency-open",
            format!(
                "an emergency waits for a second person, and nothing is applied until then ({what})"
            ),
        )
        .expected("a countersignature", open.name)
        .hint("Somebody else looks at what happened and signs: undersign break-glass review"))
    }

    /// Declares an emergency where none is open. Of several callers exactly one gets the next number; the others find it
    /// taken, because the number comes from the same look at the ledger that found none open.
    pub fn declare(
        &self,
        declared: &Declared,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let number = self.all_closed(trust, now)? + 1;
        match self
            .store
            .create(&format!("{PREFIX}{number:06}"), &line(declared))
        {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::new(
                Exit::TooFewPeople,
                "emergency-open",
                "another emergency was declared at the same moment",
            )
            .hint("Somebody else looks at what happened and signs: undersign break-glass review")),
            Err(error) => Err(self.store.unavailable(&error)),
        }
    }

    /// Puts a countersignature beside an emergency, if it closes it. Returns who has signed.
    pub fn countersign(
        &self,
        entry: &Entry,
        envelope: &Envelope,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let bytes = envelope.to_bytes();
        let person = judge(&bytes, entry, trust, now)?;
        let id = Hex(envelope.approval_id()).to_string();
        self.store
            .create(&format!("{}{REVIEW}{id}", entry.name), &bytes)
            .map_err(|error| self.store.unavailable(&error))?;
        Ok(person)
    }

    fn names(&self) -> Result<Vec<String>, Failure> {
        self.store
            .names()
            .map_err(|error| self.store.unavailable(&error))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        self.store
            .read(name)
            .map_err(|error| self.store.unavailable(&error))
    }
}

fn is_emergency(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Asks whether a countersignature closes an emergency. Returns who has given it.
fn judge(bytes: &[u8], entry: &Entry, trust: &Trust, now: Timestamp) -> Result<String, Failure> {
    let envelope = Envelope::parse(bytes)?;
    let signed = envelope.verify(&trust.signing.breakglass_namespace)?;
    let person = owner(trust, &signed.key, now)?;
    let signature = Countersignature::parse(envelope.payload())?;
    let said = &signature.predicate.reviewer;
    if said.person != person || said.key != signed.key.fingerprint() {
        return Err(Failure::new(
            Exit::Mismatch,
            "reviewer",
            "the countersignature names another person than the one who signed it",
        )
        .expected(person, &said.person));
    }
    let got = signature.subject[0].digest.sha256;
    if got.0 != entry.sha256 {
        return Err(Failure::new(
            Exit::Mismatch,
            "subject",
            "the countersignature is of another record",
        )
        .expected(Hex(entry.sha256).to_string(), got.to_string()));
    }
    may_close(entry, person, signed.assurance, trust)?;
    Ok(person.to_owned())
}

/// Asks whether `person` may countersign: never who declared it, and only who could approve for the same scope.
pub fn may_close(
    entry: &Entry,
    person: &str,
    assurance: Assurance,
    trust: &Trust,
) -> Result<(), Failure> {
    let refused = |reason, error: String| Err(Failure::new(Exit::TooFewPeople, reason, error));
    let declared = match &entry.declared {
        Some(declared) if declared.person == person => {
            return refused(
                "own-emergency",
                format!("{person} declared this emergency, and somebody else must countersign it"),
            );
        }
        Some(declared) => declared,
        // Nobody can say who declared it: then nobody who might have.
        None => {
            let may_declare = trust
                .break_glass
                .as_ref()
                .is_some_and(|rules| rules.persons.iter().any(|named| named == person));
            return if may_declare {
                refused(
                    "own-emergency",
                    format!("the record cannot be read, and {person} may have declared it"),
                )
            } else {
                enough_for_all(assurance, trust)
            };
        }
    };
    let Some(scope) = trust.scopes.iter().find(|scope| scope.id == declared.scope) else {
        return enough_for_all(assurance, trust);
    };
    at_least(&scope.id, scope.min_assurance, assurance)?;
    if scope.from.is_empty() || trust.members(&scope.from).contains(person) {
        return Ok(());
    }
    refused(
        "countersigner",
        format!("{person} may not approve for {}", scope.id),
    )
}

/// Where nobody can say which scope an emergency was for, it is held to be the one that asks for most.
fn enough_for_all(assurance: Assurance, trust: &Trust) -> Result<(), Failure> {
    trust
        .scopes
        .iter()
        .try_for_each(|scope| at_least(&scope.id, scope.min_assurance, assurance))
}

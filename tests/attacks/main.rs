//! Attacks on the signing side, each test named after the threat it answers.
//!
//! Those on the apply side stand beside what they attack: `gate`, `apply`, `emergency`, `security_key`, `setups` and others.
//! `layers` prints which test answers which threat.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use undersign::approval::key::KeyType;
use undersign::failure::{Exit, Failure};
use undersign::trust::Trust;
use undersign::trust::approvals::{Verified, check};
use undersign::trust::people::{Asked, enough};

mod files;
mod keys;
mod people;
#[path = "../signing/rig.rs"]
mod rig;
mod statement;
mod time;

use rig::{TestKey, now};

const ANY: &str = "approvals = 1\nmin_assurance = \"software\"\n";
const TWO: &str = "approvals = 2\nmin_assurance = \"software\"\n";

fn alice() -> TestKey {
    TestKey::new(KeyType::Ed25519, 1)
}

fn bob() -> TestKey {
    TestKey::new(KeyType::EcdsaP256, 2)
}

fn judge(trust: &Trust, bytes: &[u8]) -> Result<Verified, Failure> {
    check(bytes, trust, &trust.scopes[0], now())
}

fn votes(trust: &Trust, files: &[Vec<u8>]) -> Vec<Verified> {
    files
        .iter()
        .map(|bytes| judge(trust, bytes).unwrap())
        .collect()
}

fn count(trust: &Trust, files: &[Vec<u8>]) -> Result<Vec<String>, Failure> {
    let rules = BTreeSet::from(["delete-stateful".to_owned()]);
    let asked = Asked {
        requester: Some("agent:bot"),
        rules: &rules,
    };
    enough(trust, &trust.scopes[0], &votes(trust, files), asked)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (Exit, &'static str) {
    let failure = result.unwrap_err();
    (failure.exit, failure.reason)
}

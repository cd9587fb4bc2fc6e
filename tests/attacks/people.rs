//! Attacks on the count of people: one who counts twice, one who asked for the change.

use std::collections::BTreeSet;

use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::{KeyType, PublicKey};
use undersign::approval::sign::NAMESPACE;
use undersign::approval::sshsig;
use undersign::failure::Exit;
use undersign::trust::Trust;
use undersign::trust::people::{Asked, enough};

use super::rig::{self, TOUCHED, TestKey, approval, approval_saying, statement, trust, trust_text};
use super::{ANY, TWO, alice, bob, count, refused, votes};

#[test]
fn a14_the_same_file_twice_is_one_person() {
    let trust = trust(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        TWO,
    );
    let file = approval(alice(), "alice");
    assert_eq!(
        refused(count(&trust, &[file.clone(), file.clone()])),
        (Exit::TooFewPeople, "approvals")
    );
    assert_eq!(
        count(&trust, &[file, approval(bob(), "bob")]),
        Ok(vec!["alice".into(), "bob".into()])
    );
}

#[test]
fn a14_two_approvals_by_one_key_are_one_person() {
    let trust = trust(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        TWO,
    );
    let again = approval_saying(alice(), "alice", |said| said.comment = "again".into());
    assert_eq!(
        refused(count(&trust, &[approval(alice(), "alice"), again])),
        (Exit::TooFewPeople, "approvals")
    );
}

#[test]
fn a14_two_keys_of_one_person_are_one_person() {
    let second = TestKey::new(KeyType::SkEd25519, 3);
    let trust = trust(
        &[
            ("alice", &[alice().public(), second.public()]),
            ("bob", &[bob().public()]),
        ],
        TWO,
    );
    let files = [approval(alice(), "alice"), approval(second, "alice")];
    assert_eq!(
        refused(count(&trust, &files)),
        (Exit::TooFewPeople, "approvals")
    );
}

#[test]
fn a14_one_key_of_two_persons_is_no_trust_file() {
    let text = trust_text(
        &[("alice", &[alice().public()]), ("bob", &[alice().public()])],
        TWO,
    );
    let failure = Trust::parse("trust.toml", &text).unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::TrustUnsafe, "trust-key-twice")
    );
    assert!(
        failure.error.starts_with("trust.toml:11:"),
        "{}",
        failure.error
    );
}

#[test]
fn a14_one_key_listed_twice_under_other_comments_is_no_trust_file() {
    let line = alice().public().to_line();
    let text = trust_text(&[("alice", &[alice().public(), alice().public()])], TWO)
        .replacen(&line, &format!("{line} work"), 1)
        .replacen(&format!("{line}\""), &format!("{line} home\""), 1);
    assert_eq!(
        refused(Trust::parse("trust.toml", &text)),
        (Exit::TrustUnsafe, "trust-key-twice")
    );
}

#[test]
fn a14_other_bytes_of_the_same_ecdsa_signature_are_one_person() {
    let trust = trust(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        TWO,
    );
    let payload = statement("bob", &bob().public()).to_bytes();
    let data = sshsig::to_be_signed(NAMESPACE, &pae(&payload));
    let signature: p256::ecdsa::Signature = {
        use p256::ecdsa::signature::Signer as _;
        p256::ecdsa::SigningKey::from_slice(&[2; 32])
            .unwrap()
            .sign(&data)
    };
    let (r, s) = signature.split_scalars();
    let files: Vec<Vec<u8>> = [*s, -*s]
        .map(|s| {
            let twin = p256::ecdsa::Signature::from_scalars(r, s).unwrap();
            let mut raw = Vec::new();
            rig::put(&mut raw, KeyType::EcdsaP256.name().as_bytes());
            rig::put(&mut raw, &rig::p256_body(&twin));
            let armored = sshsig::wrap(&bob().public(), NAMESPACE, &raw);
            Envelope::new(payload.clone(), armored).to_bytes()
        })
        .to_vec();
    assert_ne!(files[0], files[1]);
    assert_eq!(
        refused(count(&trust, &files)),
        (Exit::TooFewPeople, "approvals")
    );
    // Both have one name, so that the ledger knows them as one.
    let ids: BTreeSet<_> = votes(&trust, &files)
        .into_iter()
        .map(|vote| vote.approval_id)
        .collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn a14_a_person_in_two_groups_and_twice_in_one_is_one_person() {
    let scope = format!("{TWO}from = [\"all\", \"more\"]\n");
    let text = trust_text(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        &scope,
    )
    .replace("[groups]\n", "[groups]\nmore = [\"alice\", \"alice\"]\n");
    let trust = Trust::parse("trust.toml", &text).unwrap();
    assert_eq!(
        refused(count(&trust, &[approval(alice(), "alice")])),
        (Exit::TooFewPeople, "approvals")
    );
}

#[test]
fn a15_who_asked_for_the_change_does_not_approve_it() {
    let scope = format!("{ANY}exclude_requester = true\n");
    let trust = trust(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        &scope,
    );
    let votes = votes(&trust, &[approval(alice(), "alice")]);
    let rules = BTreeSet::new();
    let ask = |requester| {
        enough(
            &trust,
            &trust.scopes[0],
            &votes,
            Asked {
                requester,
                rules: &rules,
            },
        )
    };
    assert_eq!(
        refused(ask(Some("alice"))),
        (Exit::TooFewPeople, "approvals")
    );
    assert_eq!(
        refused(ask(Some("Alice"))),
        (Exit::TooFewPeople, "approvals")
    );
    assert_eq!(ask(Some("bob")), Ok(vec!["alice".into()]));
    assert_eq!(
        refused(ask(None)),
        (Exit::TooFewPeople, "requester-unknown")
    );
}

#[test]
fn a15_a_requester_named_in_an_approval_is_excluded_too() {
    let scope = format!("{ANY}exclude_requester = true\n");
    let trust = trust(&[("alice", &[alice().public()])], &scope);
    let own = approval_saying(alice(), "alice", |said| {
        said.requester = Some("alice".into());
    });
    assert_eq!(
        refused(count(&trust, &[own])),
        (Exit::TooFewPeople, "approvals")
    );
}

#[test]
fn a15_only_people_of_the_groups_named_count() {
    let scope = format!("{ANY}from = [\"dba\"]\n");
    let persons: &[(&str, &[PublicKey])] =
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])];
    let text = trust_text(persons, &scope).replace("[groups]\n", "[groups]\ndba = [\"bob\"]\n");
    let trust = Trust::parse("trust.toml", &text).unwrap();
    let (a, b) = (approval(alice(), "alice"), approval(bob(), "bob"));
    assert_eq!(
        refused(count(&trust, std::slice::from_ref(&a))),
        (Exit::TooFewPeople, "approvals")
    );
    assert_eq!(count(&trust, &[a, b]), Ok(vec!["bob".into()]));
}

#[test]
fn a15_a_vote_that_was_good_for_a_weaker_target_does_not_count() {
    let persons: &[(&str, &[PublicKey])] = &[("alice", &[alice().public()])];
    let weaker = trust(persons, ANY);
    let stronger = trust(persons, "approvals = 1\nmin_assurance = \"touch\"\n");
    let votes = votes(&weaker, &[approval(alice(), "alice")]);
    let asked = Asked {
        requester: None,
        rules: &BTreeSet::new(),
    };
    assert!(enough(&weaker, &weaker.scopes[0], &votes, asked).is_ok());
    assert_eq!(
        refused(enough(&stronger, &stronger.scopes[0], &votes, asked)),
        (Exit::TooFewPeople, "approvals")
    );
}

#[test]
fn a15_some_rules_ask_for_more_people() {
    let scope = format!(
        "{ANY}[[scope.extra]]\nrules = [\"delete-stateful\"]\nfrom = [\"dba\"]\napprovals = 1\n"
    );
    let text = trust_text(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        &scope,
    )
    .replace("[groups]\n", "[groups]\ndba = [\"bob\"]\n");
    let trust = Trust::parse("trust.toml", &text).unwrap();
    assert_eq!(
        refused(count(&trust, &[approval(alice(), "alice")])),
        (Exit::TooFewPeople, "extra")
    );
    assert_eq!(
        count(&trust, &[approval(bob(), "bob")]),
        Ok(vec!["bob".into()])
    );
}

#[test]
fn a15_some_of_the_people_must_touch_a_security_key() {
    let hardware = TestKey::new(KeyType::SkEd25519, 3);
    let scope = format!("{TWO}min_hardware = 1\n");
    let trust = trust(
        &[
            ("alice", &[alice().public()]),
            ("bob", &[bob().public()]),
            ("eve", &[hardware.public()]),
        ],
        &scope,
    );
    let (a, b) = (approval(alice(), "alice"), approval(bob(), "bob"));
    assert_eq!(
        refused(count(&trust, &[a.clone(), b])),
        (Exit::NoPresence, "hardware")
    );
    let untouched = approval(hardware.flags(0), "eve");
    assert_eq!(
        refused(count(&trust, &[a.clone(), untouched])),
        (Exit::NoPresence, "hardware")
    );
    let touched = approval(hardware.flags(TOUCHED), "eve");
    assert_eq!(
        count(&trust, &[a, touched]),
        Ok(vec!["alice".into(), "eve".into()])
    );
}

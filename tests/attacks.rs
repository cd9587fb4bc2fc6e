//! One test for each attack on the signing side, named after the threat it answers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use undersign::approval::covers::covers;
use undersign::approval::envelope::{Envelope, MAX_BYTES, pae};
use undersign::approval::facts::matches;
use undersign::approval::key::{KeyType, PublicKey};
use undersign::approval::sign::{NAMESPACE, Signer};
use undersign::approval::sshsig::{self, Assurance};
use undersign::approval::statement::Statement;
use undersign::failure::{Exit, Failure};
use undersign::trust::approvals::{MAX_FILES, Verified, check, gather};
use undersign::trust::people::{Asked, enough};
use undersign::trust::{Trust, scope};

#[path = "signing/rig.rs"]
mod rig;

use rig::{
    TOUCHED, TestKey, VERIFIED, approval, approval_saying, facts, now, requirement, seal,
    statement, time, trust, trust_text,
};

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

/// A private key file as `ssh-keygen` writes it: only what stands before the secret.
fn private_key_file(key: &PublicKey, cipher: &str) -> String {
    let mut bytes = b"openssh-key-v1\0".to_vec();
    for part in [cipher.as_bytes(), b"none", b""] {
        rig::put(&mut bytes, part);
    }
    bytes.extend(1u32.to_be_bytes());
    rig::put(&mut bytes, key.blob());
    rig::put(&mut bytes, &[0; 64]);
    let base64 = data_encoding::BASE64.encode(&bytes);
    format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{base64}\n-----END OPENSSH PRIVATE KEY-----\n")
}

#[test]
fn a02_a_key_that_any_program_can_read_does_not_sign_unless_the_trust_file_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let choose = |name: &str, key: TestKey, cipher: &str, allowed| {
        let file = directory.path().join(name);
        std::fs::write(&file, private_key_file(&key.public(), cipher)).unwrap();
        Signer::choose(&file, None, allowed)
    };
    let plain = choose("plain", alice(), "none", false);
    assert_eq!(refused(plain), (Exit::NoPresence, "unencrypted-key"));
    // What comes after that refusal needs ssh-keygen; without it the refusal is another one.
    for result in [
        choose("allowed", alice(), "none", true),
        choose("encrypted", alice(), "aes256-ctr", false),
        choose(
            "hardware",
            TestKey::new(KeyType::SkEd25519, 3),
            "none",
            false,
        ),
    ] {
        match result {
            Ok(signer) => assert!(signer.needs_terminal()),
            Err(failure) => assert_eq!(failure.reason, "no-ssh-keygen"),
        }
    }
}

#[test]
fn a02_a_software_key_is_not_enough_where_touch_is_asked_for() {
    let trust = trust(
        &[("alice", &[alice().public()])],
        "approvals = 1\nmin_assurance = \"touch\"\n",
    );
    assert_eq!(
        refused(judge(&trust, &approval(alice(), "alice"))),
        (Exit::NoPresence, "assurance")
    );
}

#[test]
fn a04_a_security_key_that_nobody_touched_proves_nothing() {
    for key_type in [KeyType::SkEd25519, KeyType::SkEcdsaP256] {
        let key = TestKey::new(key_type, 3);
        let demand = |assurance: &str, flags: u8| {
            let scope = format!("approvals = 1\nmin_assurance = \"{assurance}\"\n");
            let trust = trust(&[("alice", &[key.public()])], &scope);
            judge(&trust, &approval(key.flags(flags), "alice")).map(|vote| vote.assurance)
        };
        for flags in [0x00, VERIFIED, 0x40, 0x80] {
            assert_eq!(
                refused(demand("touch", flags)),
                (Exit::NoPresence, "assurance"),
                "{flags:#04x}"
            );
            assert_eq!(
                demand("software", flags),
                Ok(Assurance::Software),
                "{flags:#04x}"
            );
        }
        assert_eq!(demand("touch", TOUCHED), Ok(Assurance::Touch));
        assert_eq!(
            refused(demand("touch+pin", TOUCHED)),
            (Exit::NoPresence, "assurance")
        );
        assert_eq!(
            demand("touch+pin", TOUCHED | VERIFIED),
            Ok(Assurance::TouchPin)
        );
        // Unknown bits are no reason to refuse: tokens set them.
        assert_eq!(demand("touch+pin", 0xc5), Ok(Assurance::TouchPin));
    }
}

#[test]
fn a04_the_touch_bit_cannot_be_set_afterwards() {
    let key = TestKey::new(KeyType::SkEd25519, 3).flags(0);
    let mut raw = key.raw(&sshsig::to_be_signed(NAMESPACE, b"message"));
    let at = raw.len() - 5;
    assert_eq!(raw[at], 0);
    raw[at] = TOUCHED;
    let forged = sshsig::wrap(&key.public(), NAMESPACE, &raw);
    assert_eq!(
        refused(sshsig::verify(&forged, NAMESPACE, b"message")),
        (Exit::BadSignature, "signature")
    );
}

#[test]
fn a09_a_signature_made_for_something_else_does_not_count() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let payload = statement("alice", &alice().public()).to_bytes();
    for namespace in [
        "git",
        "file",
        "",
        "undersign-breakglass@v1",
        "undersign-approval@v2",
    ] {
        let signature = alice().sign(namespace, &pae(&payload));
        let bytes = Envelope::new(payload.clone(), signature).to_bytes();
        assert_eq!(
            refused(judge(&trust, &bytes)),
            (Exit::BadSignature, "namespace"),
            "{namespace}"
        );
    }
}

#[test]
fn a09_a_signature_over_the_bare_payload_does_not_count() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let payload = statement("alice", &alice().public()).to_bytes();
    let signature = alice().sign(NAMESPACE, &payload);
    let bytes = Envelope::new(payload, signature).to_bytes();
    assert_eq!(
        refused(judge(&trust, &bytes)),
        (Exit::BadSignature, "signature")
    );
}

#[test]
fn a11_neither_an_old_approval_nor_a_turned_clock_helps() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let bytes = approval(alice(), "alice");
    // Signed 09:50 to 13:50, with a skew of one minute.
    for (at, want) in [
        ("2026-11-25T09:48:59Z", Err("from-the-future")),
        ("2026-11-25T09:49:00Z", Ok(())),
        ("2026-11-25T13:49:59Z", Ok(())),
        ("2026-11-25T13:50:00Z", Err("expired")),
        ("2027-11-25T10:00:00Z", Err("expired")),
        ("2020-01-01T00:00:00Z", Err("from-the-future")),
    ] {
        let got = check(&bytes, &trust, &trust.scopes[0], time(at));
        if let Err(failure) = &got {
            assert_eq!(failure.exit, Exit::OutOfTime, "{at}");
        }
        assert_eq!(
            got.map(|_| ()).map_err(|failure| failure.reason),
            want,
            "{at}"
        );
    }
}

#[test]
fn a11_an_approval_cannot_grant_itself_more_time() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let bytes = approval_saying(alice(), "alice", |said| {
        said.expires_at = time("2026-11-25T13:50:01Z");
    });
    assert_eq!(refused(judge(&trust, &bytes)), (Exit::OutOfTime, "max-age"));
    let backwards = approval_saying(alice(), "alice", |said| {
        said.issued_at = time("2026-11-25T09:00:00Z");
    });
    assert_eq!(
        refused(judge(&trust, &backwards)),
        (Exit::OutOfTime, "max-age")
    );
    let before_the_plan = approval_saying(alice(), "alice", |said| {
        said.issued_at = time("2026-11-25T09:28:00Z");
        said.expires_at = time("2026-11-25T13:00:00Z");
    });
    assert_eq!(
        refused(judge(&trust, &before_the_plan)),
        (Exit::OutOfTime, "plan-after-approval")
    );
}

#[test]
fn a11_outside_its_window_a_target_is_closed() {
    let scope = format!(
        "{ANY}windows = [{{ days = [\"mon\", \"wed\"], from = \"09:55\", to = \"11:00\", tz = \"UTC\" }}]\n"
    );
    let trust = trust(&[("alice", &[alice().public()])], &scope);
    // 2026-11-25 is a Wednesday.
    for (at, open) in [
        ("2026-11-25T09:54:59Z", false),
        ("2026-11-25T09:55:00Z", true),
        ("2026-11-25T10:59:59Z", true),
        ("2026-11-25T11:00:00Z", false),
        ("2026-11-24T10:00:00Z", false),
        ("2026-11-23T10:00:00Z", true),
    ] {
        assert_eq!(
            scope::is_open(&trust.scopes[0], time(at)).is_ok(),
            open,
            "{at}"
        );
    }
}

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
fn a14_nobody_signs_in_the_name_of_another() {
    let trust = trust(
        &[("alice", &[alice().public()]), ("bob", &[bob().public()])],
        TWO,
    );
    let in_bobs_name = seal(alice(), statement("bob", &alice().public()).to_bytes());
    let with_bobs_key = seal(alice(), statement("alice", &bob().public()).to_bytes());
    for bytes in [in_bobs_name, with_bobs_key] {
        assert_eq!(refused(judge(&trust, &bytes)), (Exit::Mismatch, "reviewer"));
    }
    let stranger = TestKey::new(KeyType::Ed25519, 9);
    assert_eq!(
        refused(judge(&trust, &approval(stranger, "alice"))),
        (Exit::BadSignature, "unknown-key")
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

#[test]
fn a16_a_revoked_key_never_counts_even_for_what_it_signed_before() {
    let revoked = format!(
        "[[revoked]]\nkey = \"{}\"\nreason = \"laptop lost\"\n",
        alice().public().fingerprint()
    );
    let text = trust_text(&[("alice", &[alice().public()])], ANY) + &revoked;
    let trust = Trust::parse("trust.toml", &text).unwrap();
    let failure = judge(&trust, &approval(alice(), "alice")).unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::KeyRevoked, "revoked")
    );
    assert!(failure.error.contains("laptop lost"));
}

#[test]
fn a16_a_key_counts_only_in_its_time_and_that_is_utc() {
    let window =
        "not_before = \"2026-11-25T09:55:00Z\"\nnot_after = \"2026-11-25T12:00:00Z\"\n[groups]\n";
    let text = trust_text(&[("alice", &[alice().public()])], ANY).replace("[groups]\n", window);
    let trust = Trust::parse("trust.toml", &text).unwrap();
    let bytes = approval(alice(), "alice");
    for (at, counts) in [
        ("2026-11-25T09:54:59Z", false),
        ("2026-11-25T09:55:00Z", true),
        ("2026-11-25T11:59:59Z", true),
        ("2026-11-25T12:00:00Z", false),
    ] {
        match check(&bytes, &trust, &trust.scopes[0], time(at)) {
            Ok(_) => assert!(counts, "{at}"),
            Err(failure) => assert_eq!((counts, failure.exit), (false, Exit::KeyRevoked), "{at}"),
        }
    }
    for local in [
        "2026-11-25T12:00:00",
        "2026-11-25T12:00:00+02:00",
        "2026-11-25 12:00:00Z",
        "20261125120000",
    ] {
        let text = text.replace("2026-11-25T12:00:00Z", local);
        assert_eq!(
            refused(Trust::parse("trust.toml", &text)),
            (Exit::TrustUnsafe, "trust-format"),
            "{local}"
        );
    }
}

#[test]
fn a17_a_statement_has_one_reading() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let good = String::from_utf8(statement("alice", &alice().public()).to_bytes()).unwrap();
    let hex = "01".repeat(32);
    for (what, from, to) in [
        (
            "a key twice",
            "\"decision\":\"approve\"",
            "\"decision\":\"reject\",\"decision\":\"approve\"",
        ),
        (
            "an escaped key twice",
            "\"decision\":\"approve\"",
            "\"decision\":\"approve\",\"\\u0064ecision\":\"approve\"",
        ),
        (
            "an unknown condition",
            "\"mode\":",
            "\"onlyIf\":\"x\",\"mode\":",
        ),
        ("another decision", "\"approve\"", "\"reject\""),
        ("upper-case hexadecimal", "0202020202", "0A02020202"),
        ("upper-case hexadecimal alone", "0505050505", "0505A50505"),
        ("no zone", "13:50:00Z", "13:50:00"),
        ("another zone", "13:50:00Z", "13:50:00+02:00"),
        ("a leap second", "13:50:00Z", "13:49:60Z"),
        (
            "a second digest",
            "\"digest\":{",
            "\"digest\":{\"md5\":\"x\",",
        ),
        (
            "a second subject",
            "\"subject\":[",
            &format!("\"subject\":[{{\"name\":\"x\",\"digest\":{{\"sha256\":\"{hex}\"}}}},"),
        ),
        (
            "no subject",
            &format!("[{{\"name\":\"plan.tfplan\",\"digest\":{{\"sha256\":\"{hex}\"}}}}]"),
            "[]",
        ),
        ("a fraction", "\"stateSerial\":41", "\"stateSerial\":41.0"),
        ("an exponent", "\"stateSerial\":41", "\"stateSerial\":41e0"),
        (
            "a negative number",
            "\"stateSerial\":41",
            "\"stateSerial\":-41",
        ),
        (
            "a number beyond 64 bits",
            "\"stateSerial\":41",
            "\"stateSerial\":18446744073709551616",
        ),
        ("a space", "\"mode\":", "\"mode\": "),
        (
            "an escape",
            "\"mode\":\"normal\"",
            "\"mode\":\"norm\\u0061l\"",
        ),
        (
            "null for nothing",
            "\"issuedAt\":",
            "\"requester\":null,\"issuedAt\":",
        ),
        (
            "another statement type",
            "in-toto.io/Statement/v1",
            "in-toto.io/Statement/v0.1",
        ),
        (
            "another predicate",
            "urn:undersign:plan-approval:v1",
            "urn:undersign:plan-approval:v2",
        ),
        ("a short nonce", "b64u:Bw", "b64u:"),
        (
            "an unknown mode",
            "\"mode\":\"normal\"",
            "\"mode\":\"quick\"",
        ),
        (
            "bytes behind",
            "\"window agreed with on-call\"}}",
            "\"window agreed with on-call\"}} ",
        ),
    ] {
        let bad = good.replacen(from, to, 1);

        assert_ne!(bad, good, "{what}: nothing was changed");
        let (exit, reason) = refused(judge(&trust, &seal(alice(), bad.into_bytes())));
        assert_eq!(exit, Exit::BadSignature, "{what}");
        assert!(reason.starts_with("statement"), "{what}: {reason}");
    }
    let reviewer = format!(
        "{{\"person\":\"alice\",\"key\":\"{}\"}}",
        alice().public().fingerprint()
    );
    let array = format!("[\"alice\",\"{}\"]", alice().public().fingerprint());
    let bad = good.replacen(&reviewer, &array, 1);
    assert_ne!(bad, good);
    assert_eq!(
        refused(judge(&trust, &seal(alice(), bad.into_bytes()))),
        (Exit::BadSignature, "statement-form")
    );
    assert!(judge(&trust, &seal(alice(), good.into_bytes())).is_ok());
}

#[test]
fn a17_an_envelope_has_one_spelling() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let good = String::from_utf8(approval(alice(), "alice")).unwrap();
    let signature = &good[good.find("[{").unwrap() + 1..good.rfind(']').unwrap()];
    for (what, from, to) in [
        (
            "two signatures",
            "\"signatures\":[",
            format!("\"signatures\":[{signature},").as_str(),
        ),
        ("no signature", signature, ""),
        ("a key id", "{\"sig\":", "{\"keyid\":\"x\",\"sig\":"),
        (
            "an unknown field",
            "{\"payload\":",
            "{\"extra\":1,\"payload\":",
        ),
        ("another type", "vnd.in-toto+json", "json"),
        (
            "a payload twice",
            "{\"payload\":",
            "{\"payload\":\"\",\"payload\":",
        ),
        ("a space", "\"payloadType\":", "\"payloadType\": "),
        ("a line more", "}\n", "}\n\n"),
        ("no line end", "}\n", "}"),
        ("an escape", "payloadType", "p\\u0061yloadType"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{what}: nothing was changed");
        assert_eq!(
            refused(judge(&trust, bad.as_bytes())).0,
            Exit::BadSignature,
            "{what}"
        );
    }
}

#[test]
fn a18_what_weaker_rules_did_not_ask_for_is_not_acknowledged() {
    let approved = statement("alice", &alice().public());
    let acks = &approved.predicate.acknowledgements;
    let database = |rules: &[&str]| requirement("aws_db_instance.main", rules);
    assert_eq!(covers(&[database(&["delete-stateful"])], acks), Ok(()));
    let mut deposed = database(&["delete-stateful"]);
    deposed.key.deposed = Some("a1b2c3d4".into());
    let mut replaced = database(&["delete-stateful"]);
    replaced.actions = vec!["delete".into(), "create".into()];
    let mut output = database(&["delete-stateful"]);
    output.key.kind = "output".into();
    for missing in [
        database(&["delete-stateful", "protection-weakened"]),
        requirement("aws_db_instance.other", &["delete-stateful"]),
        deposed,
        replaced,
        output,
    ] {
        let result = covers(std::slice::from_ref(&missing), acks);
        assert_eq!(
            refused(result),
            (Exit::NotApproved, "acknowledgements"),
            "{missing:?}"
        );
    }
}

#[test]
fn a18_a_pinned_ruleset_is_asked_for() {
    let scope = |digit: &str| format!("{ANY}ruleset_sha256 = \"{}\"\n", digit.repeat(32));
    let persons: &[(&str, &[PublicKey])] = &[("alice", &[alice().public()])];
    let file = approval(alice(), "alice");
    assert!(judge(&trust(persons, &scope("05")), &file).is_ok());
    assert_eq!(
        refused(judge(&trust(persons, &scope("06")), &file)),
        (Exit::Mismatch, "ruleset")
    );
}

#[test]
fn a18_key_types_that_the_trust_file_does_not_list_do_not_count() {
    let text = trust_text(&[("bob", &[bob().public()])], ANY);
    let listed = format!("{text}[signing]\nkey_types = [\"ssh-ed25519\"]\n");
    assert_eq!(
        refused(Trust::parse("trust.toml", &listed)),
        (Exit::TrustUnsafe, "trust-key-type")
    );
    let rsa = format!("{text}[signing]\nkey_types = [\"ssh-rsa\"]\n");
    assert_eq!(
        refused(Trust::parse("trust.toml", &rsa)),
        (Exit::TrustUnsafe, "trust-key-type")
    );
}

#[test]
fn a12_an_approval_is_for_one_plan_and_one_target() {
    type Change = fn(&mut undersign::approval::facts::Facts);
    let approved = statement("alice", &alice().public());
    assert_eq!(matches(&approved, &facts()), Ok(()));
    let changes: [(&str, Change); 14] = [
        ("subject", |f| {
            f.plan_file.as_mut().unwrap().sha256 = [9; 32];
        }),
        ("json-sha256", |f| f.json.sha256 = [9; 32]),
        ("scope", |f| f.target.scope = "dev".into()),
        ("workspace", |f| f.target.workspace = Some("default".into())),
        ("backend", |f| {
            f.target.backend.as_mut().unwrap().backend_type = "local".into();
        }),
        ("backend", |f| f.target.backend = None),
        ("state-lineage", |f| {
            f.target.state_lineage = Some(String::new());
        }),
        ("state-serial", |f| f.target.state_serial = Some(40)),
        ("tool", |f| f.tool = Some("tofu".into())),
        ("tool-version", |f| f.tool_version = "1.11.3".into()),
        ("lock", |f| f.lock_sha256 = None),
        ("apply-time-variables", |f| {
            f.apply_time_variables = vec!["token".into()];
        }),
        ("local-code", |f| f.runs_local_code = true),
        ("counts", |f| f.counts.delete = 2),
    ];
    for (reason, change) in changes {
        let mut other = facts();
        change(&mut other);
        assert_eq!(
            refused(matches(&approved, &other)),
            (Exit::Mismatch, reason)
        );
    }
}

#[test]
fn a12_an_approval_of_a_plan_json_is_for_the_plan_file_that_prints_it() {
    let mut seen = facts();
    seen.plan_file = None;
    seen.tool = None;
    seen.lock_sha256 = None;
    seen.target = undersign::approval::facts::Target {
        scope: "prod".into(),
        workspace: None,
        backend: None,
        state_lineage: None,
        state_serial: None,
        account: None,
    };
    let said = rig::said("alice", &alice().public());
    let policy = statement("alice", &alice().public()).predicate.policy;
    let approved = Statement::approve(&seen, policy, said);
    assert_eq!(matches(&approved, &facts()), Ok(()));
    let mut other = facts();
    other.json.sha256 = [9; 32];
    assert_eq!(
        refused(matches(&approved, &other)),
        (Exit::Mismatch, "subject")
    );
}

#[test]
fn a20_a_large_or_deep_file_is_refused_before_it_is_understood() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    assert_eq!(
        refused(judge(&trust, &vec![b'['; MAX_BYTES + 1])),
        (Exit::BadSignature, "too-large")
    );
    let deep = "[".repeat(MAX_BYTES);
    assert_eq!(
        refused(judge(&trust, deep.as_bytes())),
        (Exit::BadSignature, "envelope")
    );
    let nested = format!("{{\"payload\":{}", "{\"a\":".repeat(100_000));
    assert_eq!(
        refused(judge(&trust, nested.as_bytes())),
        (Exit::BadSignature, "envelope")
    );
    assert_eq!(
        refused(judge(&trust, &seal(alice(), deep[..500_000].into()))).0,
        Exit::BadSignature
    );
}

#[test]
fn a21_sixteen_approvals_are_looked_at_and_no_more() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let file = |at: usize| (format!("{at}.json"), approval(alice(), "alice"));
    let files: Vec<_> = (0..=MAX_FILES).map(file).collect();
    let looked_at = std::cell::Cell::new(0);
    let counting = |bytes: &[u8]| {
        looked_at.set(looked_at.get() + 1);
        judge(&trust, bytes)
    };
    assert_eq!(
        refused(gather(&files, counting)),
        (Exit::BadSignature, "too-many")
    );
    assert_eq!(looked_at.get(), 0);
    assert_eq!(
        gather(&files[1..], counting).unwrap().verified.len(),
        MAX_FILES
    );
}

#[test]
fn a21_a_junk_file_neither_blocks_a_good_one_nor_hides_the_best_reason() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let junk = ("junk.json".to_owned(), b"{}".to_vec());
    let good = ("alice.json".to_owned(), approval(alice(), "alice"));
    let gathered = gather(&[junk.clone(), good.clone()], |bytes| judge(&trust, bytes)).unwrap();
    assert_eq!((gathered.verified.len(), gathered.refused.len()), (1, 1));
    assert_eq!(gathered.refused[0].0, "junk.json");

    let late = |bytes: &[u8]| {
        check(
            bytes,
            &trust,
            &trust.scopes[0],
            time("2026-11-26T10:00:00Z"),
        )
    };
    let failure = gather(&[good, junk], late).unwrap_err();
    assert_eq!((failure.exit, failure.reason), (Exit::OutOfTime, "expired"));
    assert!(failure.error.starts_with("alice.json: "));
    assert_eq!(
        refused(gather(&[], late)),
        (Exit::NotApproved, "no-approval")
    );
}

#[test]
fn a08_a_key_that_calls_itself_hardware_counts_only_if_the_trust_file_says_whose_it_is() {
    // No signature tells a software key of that type from a token: enrolment is where that is looked at.
    let trust = trust(
        &[("alice", &[TestKey::new(KeyType::SkEd25519, 3).public()])],
        "approvals = 1\nmin_assurance = \"touch+pin\"\n",
    );
    let software = TestKey::new(KeyType::SkEd25519, 4);
    assert_eq!(
        refused(judge(&trust, &approval(software, "alice"))),
        (Exit::BadSignature, "unknown-key")
    );
}

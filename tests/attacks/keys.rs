//! Attacks with keys and signatures: readable ones, untouched ones, those of others, those made for something else.

use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::{KeyType, PublicKey};
use undersign::approval::sign::{NAMESPACE, Signer};
use undersign::approval::sshsig::{self, Assurance};
use undersign::failure::Exit;
use undersign::trust::Trust;
use undersign::trust::approvals::check;

use super::rig::{
    self, TOUCHED, TestKey, VERIFIED, approval, seal, statement, time, trust, trust_text,
};
use super::{ANY, TWO, alice, bob, judge, refused};

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

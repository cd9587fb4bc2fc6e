//! Signatures, envelopes and signers: what is taken and what is refused, with keys made in the test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use undersign::approval::agent::{Agent, identities};
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::{KeyType, PublicKey, inspect_private};
use undersign::approval::sign::{NAMESPACE, Signer};
use undersign::approval::sshsig::{Assurance, verify};
use undersign::trust::Trust;

#[path = "signing/rig.rs"]
mod rig;

use rig::{TestKey, approval, armor, blob_of, job, keys, put, trust};

const MESSAGE: &[u8] = b"message";

/// An SSHSIG blob with these fields.
fn blob(version: u32, parts: [&[u8]; 5]) -> Vec<u8> {
    let mut blob = b"SSHSIG".to_vec();
    blob.extend(version.to_be_bytes());
    for part in parts {
        put(&mut blob, part);
    }
    blob
}

fn reason(armored: &str) -> &'static str {
    verify(armored, NAMESPACE, MESSAGE).unwrap_err().reason
}

#[test]
fn a_signature_of_every_kind_holds_over_its_message_and_no_other() {
    for key in keys() {
        let armored = key.sign(NAMESPACE, MESSAGE);
        let verified = verify(&armored, NAMESPACE, MESSAGE).unwrap();
        assert_eq!(verified.key, key.public());
        let want = if key.key_type.is_hardware() {
            Assurance::TouchPin
        } else {
            Assurance::Software
        };
        assert_eq!(verified.assurance, want);
        assert_eq!(
            verify(&armored, NAMESPACE, b"massage").unwrap_err().reason,
            "signature"
        );
        assert_eq!(armor(&blob_of(&armored)), armored);
    }
}

#[test]
fn the_header_that_no_signature_covers_is_asked_for_exactly() {
    let key = keys()[2];
    let public = key.public();
    let raw = key.raw(&undersign::approval::sshsig::to_be_signed(
        NAMESPACE, MESSAGE,
    ));
    let namespace = NAMESPACE.as_bytes();
    let build = |version, reserved: &[u8], hash: &[u8]| {
        armor(&blob(
            version,
            [public.blob(), namespace, reserved, hash, &raw],
        ))
    };
    assert!(verify(&build(1, b"", b"sha512"), NAMESPACE, MESSAGE).is_ok());
    assert_eq!(reason(&build(0, b"", b"sha512")), "sshsig-version");
    assert_eq!(reason(&build(2, b"", b"sha512")), "sshsig-version");
    assert_eq!(reason(&build(1, b"x", b"sha512")), "sshsig-reserved");
    assert_eq!(reason(&build(1, b"", b"sha1")), "hash");
    assert_eq!(reason(&build(1, b"", b"sha256")), "signature");
    let mut trailing = blob_of(&build(1, b"", b"sha512"));
    trailing.push(0);
    assert_eq!(reason(&armor(&trailing)), "sshsig-trailing");
    assert_eq!(reason(&armor(&trailing[..60])), "sshsig-cut");
    assert_eq!(reason(&armor(b"SSHSIX")), "sshsig-magic");
}

#[test]
fn the_armor_has_one_layout() {
    let good = keys()[0].sign(NAMESPACE, MESSAGE);
    let body = good.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
    for (what, bad) in [
        ("carriage returns", good.replace('\n', "\r\n")),
        (
            "another width",
            good.replacen(&body, &body.replace('\n', ""), 1),
        ),
        ("text before", format!("x\n{good}")),
        ("text behind", format!("{good}x")),
        ("a line end more", format!("{good}\n")),
        ("no line end", good.trim_end().to_owned()),
        ("a space", good.replacen('\n', " \n", 2)),
        ("no begin", good.replacen("BEGIN", "BEGAN", 1)),
        ("nothing", String::new()),
    ] {
        assert_eq!(reason(&bad), "armor", "{what}");
    }
}

#[test]
fn kinds_that_are_not_taken_are_named() {
    let with_key_type = |name: &str| {
        let mut key = Vec::new();
        put(&mut key, name.as_bytes());
        put(&mut key, &[0; 32]);
        armor(&blob(1, [&key, NAMESPACE.as_bytes(), b"", b"sha512", b""]))
    };
    for (name, sentence) in [
        ("ssh-rsa", "RSA keys are not supported"),
        (
            "rsa-sha2-512-cert-v01@openssh.com",
            "SSH certificates are not supported",
        ),
        (
            "ssh-ed25519-cert-v01@openssh.com",
            "SSH certificates are not supported",
        ),
        ("ecdsa-sha2-nistp384", "this key type is not supported"),
        ("ssh-dss", "this key type is not supported"),
    ] {
        let failure = verify(&with_key_type(name), NAMESPACE, MESSAGE).unwrap_err();
        assert_eq!(failure.error, format!("{sentence}: {name}"));
    }
    let mut raw = Vec::new();
    put(&mut raw, b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com");
    let key = TestKey::new(KeyType::SkEcdsaP256, 1).public();
    let webauthn = armor(&blob(
        1,
        [key.blob(), NAMESPACE.as_bytes(), b"", b"sha512", &raw],
    ));
    let failure = verify(&webauthn, NAMESPACE, MESSAGE).unwrap_err();
    assert!(
        failure
            .error
            .starts_with("WebAuthn signatures are not supported"),
        "{}",
        failure.error
    );
}

#[test]
fn a_signature_of_one_kind_does_not_pass_for_another() {
    let [sk, _, ed, ec] = keys();
    for (key, other) in [(ed, ec), (ed, sk), (sk, ed)] {
        let raw = other.raw(&undersign::approval::sshsig::to_be_signed(
            NAMESPACE, MESSAGE,
        ));
        let mixed = armor(&blob(
            1,
            [
                key.public().blob(),
                NAMESPACE.as_bytes(),
                b"",
                b"sha512",
                &raw,
            ],
        ));
        assert_eq!(reason(&mixed), "signature-type");
    }
}

#[test]
fn the_numbers_of_a_p256_signature_have_one_spelling() {
    let key = TestKey::new(KeyType::EcdsaP256, 1);
    let public = key.public();
    let secret = p256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
    // A signature whose first number needs no zero in front to be positive, and whose second one does.
    let (message, r, s) = (0u8..=255)
        .find_map(|byte| {
            use p256::ecdsa::signature::Signer as _;
            let data = undersign::approval::sshsig::to_be_signed(NAMESPACE, &[byte]);
            let signature: p256::ecdsa::Signature = secret.sign(&data);
            let (r, s) = signature.split_bytes();
            ((1..0x80).contains(&r[0]) && s[0] >= 0x80).then_some(([byte], r, s))
        })
        .unwrap();
    for (zeros_of_r, zeros_of_s, good) in
        [(0, 1, true), (1, 1, false), (0, 2, false), (0, 0, false)]
    {
        let mut body = Vec::new();
        put(&mut body, &[&vec![0; zeros_of_r], &r[..]].concat());
        put(&mut body, &[&vec![0; zeros_of_s], &s[..]].concat());
        let mut raw = Vec::new();
        put(&mut raw, b"ecdsa-sha2-nistp256");
        put(&mut raw, &body);
        let armored = undersign::approval::sshsig::wrap(&public, NAMESPACE, &raw);
        let holds = verify(&armored, NAMESPACE, &message).is_ok();
        assert_eq!(holds, good, "{zeros_of_r} {zeros_of_s}");
    }
}

#[test]
fn a_public_key_is_one_line_that_agrees_with_itself() {
    let line = TestKey::new(KeyType::Ed25519, 1).public().to_line();
    let comment = format!("{line} alice@corp, second laptop\n");
    assert_eq!(PublicKey::from_line(&comment), PublicKey::from_line(&line));
    for bad in [
        line.replace("ssh-ed25519", "ecdsa-sha2-nistp256"),
        format!("{line}\n{line}"),
        format!("restrict {line}"),
        line.replace("AAAA", "AAAB"),
        line.trim_end_matches(char::is_alphanumeric).to_owned(),
        "ssh-ed25519".into(),
        String::new(),
    ] {
        assert!(PublicKey::from_line(&bad).is_err(), "{bad}");
    }
}

#[test]
fn the_envelope_encodes_as_the_dsse_specification_says() {
    assert_eq!(
        pae(b"hello world"),
        b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    );
    assert_eq!(pae(b""), b"DSSEv1 28 application/vnd.in-toto+json 0 ");
}

proptest::proptest! {
    #[test]
    fn one_changed_byte_anywhere_in_an_approval_never_verifies(at in 0usize..4096, byte: u8, kind in 0usize..4) {
        let key = keys()[kind];
        let trust = trust(&[("alice", &[key.public()])], "approvals = 1\nmin_assurance = \"software\"\n");
        let good = approval(key, "alice");
        let mut bad = good.clone();
        let at = at % bad.len();
        bad[at] = byte;
        let verdict = undersign::trust::approvals::check(&bad, &trust, &trust.scopes[0], rig::now());
        assert_eq!(verdict.is_ok(), bad == good);
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes: Vec<u8>, text in ".*") {
        let _ = Envelope::parse(&bytes);
        let _ = undersign::approval::statement::Statement::parse(&bytes);
        let _ = PublicKey::from_blob(&bytes);
        let _ = verify(&armor(&[b"SSHSIG\0\0\0\x01".to_vec(), bytes].concat()), NAMESPACE, MESSAGE);
        let _ = PublicKey::from_line(&text);
        let _ = inspect_private(&text);
        let _ = Trust::parse("t", &text);
    }
}

#[test]
fn every_byte_of_an_approval_counts() {
    let key = keys()[0];
    let persons: &[(&str, &[PublicKey])] = &[("alice", &[key.public()])];
    let trust = trust(persons, "approvals = 1\nmin_assurance = \"software\"\n");
    let check = |bytes: &[u8]| {
        undersign::trust::approvals::check(bytes, &trust, &trust.scopes[0], rig::now())
    };
    let good = approval(key, "alice");
    assert!(check(&good).is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 7);
        assert!(check(&bad).is_err(), "byte {at}");
    }
}

fn throw_away() -> Signer {
    Signer::ThrowAway(Box::new(ed25519_dalek::SigningKey::from_bytes(&[8; 32])))
}

#[test]
fn a_job_signs_in_another_thread_and_writes_one_private_file_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan.approvals").join("alice.json");
    let signing = job(throw_away(), path.clone(), Assurance::Software);
    assert!(!signing.needs_terminal());
    let receipt = std::thread::spawn(move || signing.run())
        .join()
        .unwrap()
        .unwrap();
    assert_eq!(receipt.assurance, Assurance::Software);

    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let envelope = Envelope::parse(&bytes).unwrap();
    assert_eq!(envelope.approval_id(), receipt.approval_id);
    assert_eq!(envelope.verify(NAMESPACE).unwrap().key, receipt.key);

    let again = job(throw_away(), path.clone(), Assurance::Software)
        .run()
        .unwrap_err();
    assert_eq!(again.reason, "io");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_signature_that_proves_too_little_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("alice.json");
    let failure = job(throw_away(), path.clone(), Assurance::Touch)
        .run()
        .unwrap_err();
    assert_eq!(failure.exit, undersign::failure::Exit::NoPresence);
    assert!(!path.exists());
}

#[test]
fn a_statement_that_names_another_key_is_not_signed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("alice.json");
    let mut signing = job(throw_away(), path.clone(), Assurance::Software);
    signing.statement = rig::statement("alice", &keys()[0].public());
    assert_eq!(signing.run().unwrap_err().reason, "reviewer");
    assert!(!path.exists());
}

/// An agent that says it holds `key`, and signs something else than it was asked to.
fn serve_another_signature(socket: &Path, key: TestKey) -> std::thread::JoinHandle<()> {
    use std::io::{Read as _, Write as _};
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let mut identities = vec![12, 0, 0, 0, 1];
    put(&mut identities, key.public().blob());
    put(&mut identities, b"comment");
    let mut signature = vec![14];
    put(&mut signature, &key.raw(b"something else"));
    std::thread::spawn(move || {
        for answer in [identities, signature] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            let mut framed = Vec::new();
            put(&mut framed, &answer);
            stream.write_all(&framed).unwrap();
        }
    })
}

#[test]
fn a05_a_touch_that_was_used_for_something_else_is_noticed_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent");
    let key = TestKey::new(KeyType::SkEd25519, 1);
    let serving = serve_another_signature(&socket, key);
    let agent = Agent::holding(&socket, &key.public()).unwrap();
    let path = directory.path().join("alice.json");
    let failure = job(Signer::Agent(agent), path.clone(), Assurance::Touch)
        .run()
        .unwrap_err();
    assert_eq!(failure.reason, "signature");
    assert!(!path.exists());
    serving.join().unwrap();
}

#[test]
fn an_agent_that_answers_nonsense_is_a_refusal() {
    let directory = tempfile::tempdir().unwrap();
    let answers: [(&str, &[u8]); 6] = [
        ("nothing", b""),
        ("cut", b"\0\0\0\x05\x0c"),
        ("too long", b"\xff\xff\xff\xff"),
        ("another message", b"\0\0\0\x01\x05"),
        ("too few keys", b"\0\0\0\x05\x0c\0\0\0\x01"),
        ("bytes behind", b"\0\0\0\x06\x0c\0\0\0\0x"),
    ];
    for (what, answer) in answers {
        let socket = directory.path().join(what);
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let serving = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
            stream.write_all(answer).unwrap();
        });
        let failure = identities(&socket).unwrap_err();
        assert!(failure.reason.starts_with("agent"), "{what}");
        serving.join().unwrap();
    }
    assert_eq!(
        identities(Path::new("/nonexistent/agent"))
            .unwrap_err()
            .reason,
        "agent"
    );
}

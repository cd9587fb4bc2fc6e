//! Signatures and envelopes: what is taken, what is refused, and what OpenSSH and plain tools say to the same bytes.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use data_encoding::BASE64;
use undersign::approval::agent::{Agent, identities};
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::{KeyType, Protection, PublicKey, inspect_private};
use undersign::approval::sign::{Job, NAMESPACE, Signer};
use undersign::approval::sshsig::{Assurance, verify};
use undersign::trust::{Trust, init};

#[path = "signing/rig.rs"]
mod rig;

use rig::{TOUCHED, TestKey, approval, put, statement, tool, trust};

const MESSAGE: &[u8] = b"message";

fn keys() -> [TestKey; 4] {
    KeyType::ALL.map(|key_type| TestKey::new(key_type, 1))
}

fn blob_of(armored: &str) -> Vec<u8> {
    let base64: String = armored
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    BASE64.decode(base64.as_bytes()).unwrap()
}

fn armor(blob: &[u8]) -> String {
    let base64 = BASE64.encode(blob);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
}

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

fn job(signer: Signer, path: PathBuf, min_assurance: Assurance) -> Job {
    Job {
        statement: statement("alice", &signer.key()),
        signer,
        namespace: NAMESPACE.into(),
        min_assurance,
        path,
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

/// The tools asked for, or `None` after saying aloud what is not tested.
fn tools<const N: usize>(names: [&str; N]) -> Option<[PathBuf; N]> {
    let found: Vec<PathBuf> = names.iter().filter_map(|name| tool(name)).collect();
    let found = found.try_into().ok();
    if found.is_none() {
        eprintln!("SKIPPED: this test needs {} on PATH", names.join(", "));
    }
    found
}

fn run(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

fn generate(keygen: &Path, file: &Path, kind: &str, passphrase: &str) {
    let mut command = Command::new(keygen);
    command
        .args(["-q", "-t", kind, "-C", "alice@corp", "-N", passphrase, "-f"])
        .arg(file);
    assert!(run(&mut command));
}

/// Asks `ssh-keygen -Y verify` about an armored signature.
fn openssh_takes(
    keygen: &Path,
    directory: &Path,
    key: &PublicKey,
    armored: &[u8],
    message: &[u8],
) -> bool {
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let allowed = file(
        "allowed",
        format!("alice namespaces=\"{NAMESPACE}\" {}\n", key.to_line()).as_bytes(),
    );
    let signature = file("signature", armored);
    let message = file("message", message);
    let mut command = Command::new(keygen);
    command
        .args(["-Y", "verify", "-I", "alice", "-n", NAMESPACE, "-f"])
        .arg(allowed)
        .arg("-s")
        .arg(signature);
    run(command.stdin(std::fs::File::open(message).unwrap()))
}

#[test]
fn whatever_is_taken_here_openssh_takes_too() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let (mut taken, mut only_openssh) = (0, 0);
    for key in keys() {
        let good = key.sign(NAMESPACE, MESSAGE);
        assert!(openssh_takes(
            &keygen,
            directory.path(),
            &key.public(),
            good.as_bytes(),
            MESSAGE
        ));
        for round in 0..100 {
            let mutated = if round % 2 == 0 {
                let mut blob = blob_of(&good);
                let at = random(blob.len());
                blob[at] ^= 1 << random(8);
                armor(&blob).into_bytes()
            } else {
                let mut bytes = good.clone().into_bytes();
                let at = random(bytes.len());
                match random(4) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, b"\n =\r\tA"[random(6)]),
                    2 => bytes[at] = u8::try_from(random(128)).unwrap(),
                    _ => bytes.truncate(at),
                }
                bytes
            };
            let ours = std::str::from_utf8(&mutated)
                .is_ok_and(|text| verify(text, NAMESPACE, MESSAGE).is_ok());
            let theirs = openssh_takes(&keygen, directory.path(), &key.public(), &mutated, MESSAGE);
            assert!(
                theirs || !ours,
                "taken here and not by ssh-keygen: {}",
                String::from_utf8_lossy(&mutated)
            );
            taken += usize::from(ours);
            only_openssh += usize::from(theirs && !ours);
        }
    }
    eprintln!("400 mutations: {taken} taken here, {only_openssh} taken only by ssh-keygen");
}

#[test]
fn openssh_says_good_where_nobody_touched_and_here_that_is_seen() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let key = TestKey::new(KeyType::SkEd25519, 1);
    for (flags, assurance) in [
        (0, Assurance::Software),
        (4, Assurance::Software),
        (TOUCHED, Assurance::Touch),
        (5, Assurance::TouchPin),
    ] {
        let armored = key.flags(flags).sign(NAMESPACE, MESSAGE);
        assert!(openssh_takes(
            &keygen,
            directory.path(),
            &key.public(),
            armored.as_bytes(),
            MESSAGE
        ));
        assert_eq!(
            verify(&armored, NAMESPACE, MESSAGE).unwrap().assurance,
            assurance
        );
    }
}

#[test]
fn what_openssh_signs_is_taken_with_both_hashes() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "ecdsa"] {
        let file = directory.path().join(kind);
        generate(&keygen, &file, kind, "");
        for hash in ["sha256", "sha512"] {
            let message = directory.path().join(format!("{kind}-{hash}"));
            std::fs::write(&message, MESSAGE).unwrap();
            let mut command = Command::new(&keygen);
            command
                .args([
                    "-Y",
                    "sign",
                    "-n",
                    NAMESPACE,
                    "-O",
                    &format!("hashalg={hash}"),
                    "-f",
                ])
                .arg(&file)
                .arg(&message);
            assert!(run(&mut command));
            let armored = std::fs::read_to_string(message.with_extension("sig")).unwrap();
            let line = std::fs::read_to_string(file.with_extension("pub")).unwrap();
            let verified = verify(&armored, NAMESPACE, MESSAGE).unwrap();
            assert_eq!(verified.key, PublicKey::from_line(&line).unwrap());
        }
    }
}

#[test]
fn the_protection_of_real_key_files_is_seen() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    for (name, passphrase, protection) in [
        ("plain", "", Protection::Nothing),
        ("locked", "correct horse", Protection::Passphrase),
    ] {
        let file = directory.path().join(name);
        generate(&keygen, &file, "ed25519", passphrase);
        let line = std::fs::read_to_string(file.with_extension("pub")).unwrap();
        let (key, got) = inspect_private(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(
            (key, got),
            (PublicKey::from_line(&line).unwrap(), protection)
        );
    }
    let other = directory.path().join("other.pub");
    generate(&keygen, &directory.path().join("other"), "ed25519", "x");
    std::fs::copy(directory.path().join("plain.pub"), &other).unwrap();
    assert_eq!(
        Signer::choose(&other, None, true).unwrap_err().reason,
        "key-pair"
    );
}

#[test]
fn ssh_keygen_signs_an_approval() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    generate(&keygen, &file, "ed25519", "");
    let signer = Signer::choose(&file, None, true).unwrap();
    assert!(signer.needs_terminal());
    let path = directory.path().join("alice.json");
    job(signer, path.clone(), Assurance::Software)
        .run()
        .unwrap();
    assert!(
        Envelope::parse(&std::fs::read(path).unwrap())
            .unwrap()
            .verify(NAMESPACE)
            .is_ok()
    );
}

/// An ssh-agent that ends with the test.
struct RunningAgent(Child);

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_agent(program: &Path, socket: &Path) -> RunningAgent {
    let mut command = Command::new(program);
    command
        .arg("-D")
        .arg("-a")
        .arg(socket)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let agent = RunningAgent(command.spawn().unwrap());
    while identities(socket).is_err() {
        std::thread::yield_now();
    }
    agent
}

#[test]
fn an_agent_signs_with_a_passphrase_key_that_it_holds() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some([keygen, agent, add]) = tools(["ssh-keygen", "ssh-agent", "ssh-add"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    generate(&keygen, &path("key"), "ed25519", "correct horse");
    std::fs::write(path("askpass"), "#!/bin/sh\necho correct horse\n").unwrap();
    std::fs::set_permissions(path("askpass"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let socket = path("agent");
    let _running = start_agent(&agent, &socket);

    let line = std::fs::read_to_string(path("key.pub")).unwrap();
    let public = PublicKey::from_line(&line).unwrap();
    assert_eq!(
        Agent::holding(&socket, &public).unwrap_err().reason,
        "agent-key"
    );
    let mut command = Command::new(add);
    command
        .arg(path("key"))
        .env("SSH_AUTH_SOCK", &socket)
        .env("SSH_ASKPASS", path("askpass"))
        .env("SSH_ASKPASS_REQUIRE", "force")
        .stdin(Stdio::null());
    assert!(run(&mut command));

    let signer = Signer::choose(&path("key.pub"), Some(&socket), false).unwrap();
    assert!(matches!(signer, Signer::Agent(_)));
    assert!(!signer.needs_terminal());
    let receipt = job(signer, path("alice.json"), Assurance::Software)
        .run()
        .unwrap();
    assert_eq!(receipt.key, public);
}

/// What the README tells an auditor to run; the exit status is ssh-keygen's.
const CHECK: &str = r#"
set -eu
[ "$(jq -er .payloadType "$1")" = application/vnd.in-toto+json ]
[ "$(jq -er '.signatures|length' "$1")" = 1 ]
jq -er .payload "$1" | base64 -d > "$3/payload"
jq -er '.signatures[0].sig' "$1" | base64 -d > "$3/sig"
{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$3/payload")"; cat "$3/payload"; } > "$3/pae"
ssh-keygen -Y verify -f "$2" -I alice -n undersign-approval@v1 -s "$3/sig" < "$3/pae"
jq -er '.subject[0].digest.sha256' "$3/payload"
"#;

#[test]
fn an_approval_is_checked_with_jq_base64_and_ssh_keygen_alone() {
    let Some(_) = tools(["sh", "jq", "base64", "ssh-keygen"]) else {
        return;
    };
    for key in keys() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let trust = trust(
            &[("alice", &[key.public()])],
            "approvals = 1\nmin_assurance = \"software\"\n",
        );
        std::fs::write(path("allowed"), init::allowed_signers(&trust)).unwrap();
        let check = |bytes: &[u8]| {
            std::fs::write(path("approval.json"), bytes).unwrap();
            let mut command = Command::new("sh");
            command
                .args(["-c", CHECK, "check"])
                .arg(path("approval.json"))
                .arg(path("allowed"))
                .arg(directory.path());
            command.output().unwrap()
        };
        let good = check(&approval(key, "alice"));
        assert!(
            good.status.success(),
            "{}",
            String::from_utf8_lossy(&good.stderr)
        );
        assert!(String::from_utf8_lossy(&good.stdout).ends_with(&format!("{}\n", "01".repeat(32))));

        let payload = statement("bob", &key.public()).to_bytes();
        let signature = key.sign(
            NAMESPACE,
            &pae(&statement("alice", &key.public()).to_bytes()),
        );
        assert!(
            !check(&Envelope::new(payload, signature).to_bytes())
                .status
                .success()
        );
    }
}

//! The same bytes before OpenSSH and plain tools. Each test says aloud when a tool is missing.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Child, Command, Stdio};

use undersign::approval::agent::{Agent, identities};
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::{KeyType, Protection, PublicKey, inspect_private};
use undersign::approval::keygen::Keygen;
use undersign::approval::sign::{NAMESPACE, Signer};
use undersign::approval::sshsig::{Assurance, verify};
use undersign::trust::init;

#[path = "signing/rig.rs"]
mod rig;
#[path = "support/token.rs"]
mod token;

use rig::{
    TOUCHED, TestKey, approval, armor, blob_of, job, keys, p256_body, put, statement, tools, trust,
};
use token::Token;

const MESSAGE: &[u8] = b"message";

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

/// A signature in its parts, so that one of them can be changed and the lengths around it be right again.
#[derive(Clone)]
struct Parts {
    version: u32,
    /// Key, namespace, reserved, hash.
    outer: Vec<Vec<u8>>,
    /// Type and body; the body of a P-256 signature is two numbers.
    inner: Vec<Vec<u8>>,
    /// Flags and counter of a security key.
    tail: Vec<u8>,
    is_p256: bool,
}

fn string(bytes: &mut &[u8]) -> Vec<u8> {
    let (length, rest) = bytes.split_at(4);
    let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
    let (taken, rest) = rest.split_at(length);
    *bytes = rest;
    taken.to_vec()
}

impl Parts {
    fn of(armored: &str, is_p256: bool) -> Self {
        let blob = blob_of(armored);
        let mut rest = &blob[10..];
        let outer = (0..4).map(|_| string(&mut rest)).collect();
        let raw = string(&mut rest);
        let mut raw = raw.as_slice();
        let name = string(&mut raw);
        let body = string(&mut raw);
        let mut numbers = body.as_slice();
        let inner = if is_p256 {
            vec![name, string(&mut numbers), string(&mut numbers)]
        } else {
            vec![name, body]
        };
        Parts {
            version: 1,
            outer,
            inner,
            tail: raw.to_vec(),
            is_p256,
        }
    }

    fn armored(&self) -> String {
        let mut body = self.inner[1].clone();
        if self.is_p256 {
            body.clear();
            put(&mut body, &self.inner[1]);
            put(&mut body, &self.inner[2]);
        }
        let mut raw = Vec::new();
        put(&mut raw, &self.inner[0]);
        put(&mut raw, &body);
        raw.extend(&self.tail);
        let mut blob = b"SSHSIG".to_vec();
        blob.extend(self.version.to_be_bytes());
        for part in self.outer.iter().chain([&raw]) {
            put(&mut blob, part);
        }
        armor(&blob)
    }

    /// Changes one part, in one of the ways in which writers and readers of such formats have differed.
    fn change(&mut self, random: &mut impl FnMut(usize) -> usize) {
        let all = self.outer.len() + self.inner.len() + 2;
        match random(all) {
            at if at < self.outer.len() => change(&mut self.outer[at], random),
            at if at < all - 2 => change(&mut self.inner[at - 4], random),
            at if at < all - 1 => change(&mut self.tail, random),
            _ => self.version ^= 1 << random(32),
        }
    }
}

fn change(part: &mut Vec<u8>, random: &mut impl FnMut(usize) -> usize) {
    let at = random(part.len() + 1);
    match random(7) {
        0 => part.insert(0, 0),
        1 => part.push(0),
        2 => part.insert(at, u8::try_from(random(256)).unwrap()),
        3 => part.truncate(at),
        4 => drop(part.drain(..at)),
        5 => part.extend(part.clone()),
        _ => {
            if let Some(byte) = part.get_mut(at) {
                *byte ^= 1 << random(8);
            }
        }
    }
}

/// Changes the armor as text.
fn change_text(good: &str, random: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut bytes = good.as_bytes().to_vec();
    let at = random(bytes.len());
    match random(4) {
        0 => drop(bytes.remove(at)),
        1 => bytes.insert(at, b"\n =\r\tA"[random(6)]),
        2 => bytes[at] = u8::try_from(random(128)).unwrap(),
        _ => bytes.truncate(at),
    }
    bytes
}

/// The other signature that fits the same key and message: `s` and its negative are as good as each other.
fn twin(parts: &Parts) -> Parts {
    let number = |bytes: &[u8]| {
        let digits = &bytes[bytes.len().saturating_sub(32)..];
        let mut number = [0; 32];
        number[32 - digits.len()..].copy_from_slice(digits);
        number
    };
    let (r, s) = (number(&parts.inner[1]), number(&parts.inner[2]));
    let s = p256::ecdsa::Signature::from_scalars(r, s)
        .unwrap()
        .split_scalars()
        .1;
    let other = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
    let body = p256_body(&other);
    let mut body = body.as_slice();
    let mut twin = parts.clone();
    twin.inner[1] = string(&mut body);
    twin.inner[2] = string(&mut body);
    twin
}

/// Changed signatures of each kind.
const MUTATIONS: usize = 5_000;
/// Of those that are refused here, one in so many is shown to OpenSSH too.
const SAMPLE: usize = 25;

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
    let (mut taken, mut asked, mut only_openssh) = (0, 0, 0);
    for key in keys() {
        let public = key.public();
        let theirs =
            |bytes: &[u8]| openssh_takes(&keygen, directory.path(), &public, bytes, MESSAGE);
        let ours = |bytes: &[u8]| {
            std::str::from_utf8(bytes).is_ok_and(|text| verify(text, NAMESPACE, MESSAGE).is_ok())
        };
        let good = key.sign(NAMESPACE, MESSAGE);
        let parts = Parts::of(&good, !key.key_type.is_ed25519());
        assert_eq!(parts.armored(), good);
        assert!(ours(good.as_bytes()) && theirs(good.as_bytes()));
        if parts.is_p256 {
            let twin = twin(&parts).armored();
            assert!(ours(twin.as_bytes()) && theirs(twin.as_bytes()));
        }
        let mut round = 0;
        while round < MUTATIONS {
            let mutated = match random(3) {
                0 => {
                    let mut blob = blob_of(&good);
                    let at = random(blob.len());
                    blob[at] ^= 1 << random(8);
                    armor(&blob).into_bytes()
                }
                1 => change_text(&good, &mut random),
                _ => {
                    let mut parts = parts.clone();
                    parts.change(&mut random);
                    parts.armored().into_bytes()
                }
            };
            if mutated == good.as_bytes() {
                continue;
            }
            round += 1;
            let ours = ours(&mutated);
            if !ours && round % SAMPLE != 0 {
                continue;
            }
            let theirs = theirs(&mutated);
            assert!(
                theirs || !ours,
                "taken here and not by ssh-keygen: {}",
                String::from_utf8_lossy(&mutated)
            );
            asked += 1;
            taken += usize::from(ours);
            only_openssh += usize::from(theirs && !ours);
        }
    }
    eprintln!(
        "MEASURED {} changed signatures of four kinds: {taken} taken here, none that ssh-keygen refuses; of {asked} shown to \
         ssh-keygen it takes {only_openssh} that are refused here",
        4 * MUTATIONS
    );
}

#[test]
fn a_signature_of_every_kind_that_openssh_makes_is_taken() {
    let Some(token) = Token::plugged_in() else {
        return;
    };
    for kind in ["ed25519", "ecdsa", "ed25519-sk", "ecdsa-sk"] {
        let key = if kind.ends_with("-sk") {
            token.enroll(kind, kind, &[])
        } else {
            generate(Path::new("ssh-keygen"), &token.path(kind), kind, "");
            let line = std::fs::read_to_string(token.path(&format!("{kind}.pub"))).unwrap();
            PublicKey::from_line(&line).unwrap()
        };
        for number in 0..20_u8 {
            let message = [number; 33];
            let armored = token.sign(kind, NAMESPACE, &message);
            let verified = verify(&armored, NAMESPACE, &message).unwrap();
            assert_eq!(verified.key, key, "{kind}");
            assert!(verify(&armored, NAMESPACE, MESSAGE).is_err());
        }
    }
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

#[test]
fn a_key_file_that_was_swapped_signs_nothing() {
    let Some([keygen]) = tools(["ssh-keygen"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    generate(&keygen, &file, "ed25519", "");
    let expected = TestKey::new(KeyType::Ed25519, 1).public();
    let signer = Signer::Keygen(Keygen::find(file, expected).unwrap());
    let path = directory.path().join("alice.json");
    let failure = job(signer, path.clone(), Assurance::Software)
        .run()
        .unwrap_err();
    assert_eq!(failure.reason, "other-key");
    assert!(!path.exists());
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

#[test]
fn a03_an_agent_signs_without_a_word_and_that_proves_no_touch() {
    let Some([keygen, agent, add]) = tools(["ssh-keygen", "ssh-agent", "ssh-add"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    generate(&keygen, &path("key"), "ed25519", "");
    let socket = path("agent");
    let _running = start_agent(&agent, &socket);
    let mut command = Command::new(add);
    command
        .arg(path("key"))
        .env("SSH_AUTH_SOCK", &socket)
        .stdin(Stdio::null());
    assert!(run(&mut command));

    // Nobody is asked anything: whatever reaches the socket has its signature.
    let public = PublicKey::from_line(&std::fs::read_to_string(path("key.pub")).unwrap()).unwrap();
    let signer = Signer::Agent(Agent::holding(&socket, &public).unwrap());
    job(signer, path("alice.json"), Assurance::Software)
        .run()
        .unwrap();
    let bytes = std::fs::read(path("alice.json")).unwrap();
    let judge = |assurance: &str| {
        let scope = format!("approvals = 1\nmin_assurance = \"{assurance}\"\n");
        let trust = rig::trust(&[("alice", std::slice::from_ref(&public))], &scope);
        undersign::trust::approvals::check(&bytes, &trust, &trust.scopes[0], rig::now())
    };
    assert_eq!(judge("software").unwrap().assurance, Assurance::Software);
    assert_eq!(judge("touch").unwrap_err().reason, "assurance");
}

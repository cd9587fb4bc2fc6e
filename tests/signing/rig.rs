//! What signing tests are made of: keys that live in the test, statements, approvals, trust files.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use p256::ecdsa::signature::Signer as _;
use sha2::{Digest as _, Sha256};
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::facts::{Backend, Digested, Facts, Target};
use undersign::approval::key::{KeyType, PublicKey};
use undersign::approval::sign::{Job, NAMESPACE, Signer};
use undersign::approval::sshsig::{self, Assurance};
use undersign::approval::statement::{Hex, Nonce, Policy, Reviewer, Said, Statement};
use undersign::plan::count::Counts;
use undersign::review::{Ack, Key, Method, Requirement};
use undersign::trust::Trust;

pub const TOUCHED: u8 = 0x01;
pub const VERIFIED: u8 = 0x04;
pub const APPLICATION: &str = "ssh:undersign";

/// Appends a string with its length in front, as SSH writes it.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
}

/// A key made of a seed. One on a "security key" sets the flags it is told to.
#[derive(Clone, Copy)]
pub struct TestKey {
    pub key_type: KeyType,
    pub seed: u8,
    pub flags: u8,
}

impl TestKey {
    pub fn new(key_type: KeyType, seed: u8) -> Self {
        let flags = TOUCHED | VERIFIED;
        TestKey {
            key_type,
            seed,
            flags,
        }
    }

    pub fn flags(self, flags: u8) -> Self {
        TestKey { flags, ..self }
    }

    fn ed25519(self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&[self.seed; 32])
    }

    fn p256(self) -> p256::ecdsa::SigningKey {
        p256::ecdsa::SigningKey::from_slice(&[self.seed; 32]).unwrap()
    }

    pub fn public(self) -> PublicKey {
        let mut blob = Vec::new();
        put(&mut blob, self.key_type.name().as_bytes());
        if self.key_type.is_ed25519() {
            put(&mut blob, self.ed25519().verifying_key().as_bytes());
        } else {
            put(&mut blob, b"nistp256");
            let point = self.p256().verifying_key().to_encoded_point(false);
            put(&mut blob, point.as_bytes());
        }
        if self.key_type.is_hardware() {
            put(&mut blob, APPLICATION.as_bytes());
        }
        PublicKey::from_blob(&blob).unwrap()
    }

    /// The raw signature blob over what an agent would be given.
    pub fn raw(self, data: &[u8]) -> Vec<u8> {
        let counter = 42u32.to_be_bytes();
        let mut message = data.to_vec();
        if self.key_type.is_hardware() {
            message = Sha256::digest(APPLICATION).to_vec();
            message.push(self.flags);
            message.extend(counter);
            message.extend(Sha256::digest(data));
        }
        let mut raw = Vec::new();
        put(&mut raw, self.key_type.name().as_bytes());
        if self.key_type.is_ed25519() {
            use ed25519_dalek::Signer as _;
            put(&mut raw, &self.ed25519().sign(&message).to_bytes());
        } else {
            let signature: p256::ecdsa::Signature = self.p256().sign(&message);
            put(&mut raw, &p256_body(&signature));
        }
        if self.key_type.is_hardware() {
            raw.push(self.flags);
            raw.extend(counter);
        }
        raw
    }

    pub fn sign(self, namespace: &str, message: &[u8]) -> String {
        let data = sshsig::to_be_signed(namespace, message);
        sshsig::wrap(&self.public(), namespace, &self.raw(&data))
    }
}

/// The two numbers of a P-256 signature as SSH writes them.
pub fn p256_body(signature: &p256::ecdsa::Signature) -> Vec<u8> {
    let mut body = Vec::new();
    for half in signature.to_bytes().chunks(32) {
        let mut number: Vec<u8> = half.iter().copied().skip_while(|&byte| byte == 0).collect();
        if number[0] & 0x80 != 0 {
            number.insert(0, 0);
        }
        put(&mut body, &number);
    }
    body
}

pub fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

/// The hour of every test.
pub fn now() -> jiff::Timestamp {
    time("2026-11-25T10:00:00Z")
}

pub fn facts() -> Facts {
    Facts {
        name: "plan.tfplan".into(),
        plan_file: Some(Digested {
            sha256: [1; 32],
            bytes: 183_201,
        }),
        json: Digested {
            sha256: [2; 32],
            bytes: 90_000,
        },
        target: Target {
            scope: "prod".into(),
            workspace: Some("prod".into()),
            backend: Some(Backend {
                backend_type: "s3".into(),
                config_sha256: Hex([3; 32]),
            }),
            state_lineage: Some("0c3e9f6e".into()),
            state_serial: Some(41),
            account: None,
        },
        tool: Some("terraform".into()),
        tool_version: "1.11.4".into(),
        created_at: Some(time("2026-11-25T09:30:00Z")),
        lock_sha256: Some([4; 32]),
        workdir_sha256: None,
        set: None,
        apply_time_variables: vec![],
        runs_local_code: false,
        counts: Counts {
            delete: 1,
            ..Counts::default()
        },
        policy_sha256: None,
        accepted: Vec::new(),
    }
}

pub fn requirement(address: &str, rules: &[&str]) -> Requirement {
    Requirement {
        key: Key {
            unit: None,
            kind: "change".into(),
            address: address.into(),
            deposed: None,
        },
        actions: vec!["delete".into()],
        rules: rules.iter().map(ToString::to_string).collect(),
    }
}

pub fn said(person: &str, key: &PublicKey) -> Said {
    Said {
        reviewer: Reviewer {
            person: person.into(),
            key: key.fingerprint(),
        },
        requester: None,
        nonce: Nonce([7; 16]),
        issued_at: time("2026-11-25T09:50:00Z"),
        expires_at: time("2026-11-25T13:50:00Z"),
        acks: vec![Ack {
            requirement: requirement("aws_db_instance.main", &["delete-stateful"]),
            method: Method::Typed,
            reason: Some("moved to the new cluster".into()),
        }],
        seconds: 214,
        comment: "window agreed with on-call".into(),
    }
}

pub fn statement_of(said: Said) -> Statement {
    let policy = Policy {
        ruleset_sha256: Hex([5; 32]),
        inputs_sha256: None,
        trust_version: 7,
    };
    Statement::approve(&facts(), policy, said)
}

pub fn statement(person: &str, key: &PublicKey) -> Statement {
    statement_of(said(person, key))
}

/// An approval file over any payload.
pub fn seal(key: TestKey, payload: Vec<u8>) -> Vec<u8> {
    let signature = key.sign(NAMESPACE, &pae(&payload));
    Envelope::new(payload, signature).to_bytes()
}

/// An approval file by `person`.
pub fn approval(key: TestKey, person: &str) -> Vec<u8> {
    seal(key, statement(person, &key.public()).to_bytes())
}

/// An approval file by `person` that says something else than usual.
pub fn approval_saying(key: TestKey, person: &str, change: impl FnOnce(&mut Said)) -> Vec<u8> {
    let mut said = said(person, &key.public());
    change(&mut said);
    seal(key, statement_of(said).to_bytes())
}

/// A trust file with these persons and keys, and one scope with these lines in it.
pub fn trust_text(persons: &[(&str, &[PublicKey])], scope: &str) -> String {
    let mut text = String::from("schema = 1\nid = \"test\"\nversion = 7\n");
    for (id, keys) in persons {
        text += &["[[person]]\nid = \"", id, "\"\n"].concat();
        for key in *keys {
            text += &["[[person.key]]\npublic = \"", &key.to_line(), "\"\n"].concat();
        }
    }
    let ids: Vec<String> = persons.iter().map(|(id, _)| format!("\"{id}\"")).collect();
    text += &["[groups]\nall = [", &ids.join(", "), "]\n"].concat();
    text.push_str("[[scope]]\nid = \"prod\"\nmax_age = \"4h\"\n");
    text.push_str(scope);
    text
}

pub fn trust(persons: &[(&str, &[PublicKey])], scope: &str) -> Trust {
    Trust::parse("trust.toml", &trust_text(persons, scope)).unwrap()
}

/// Where a tool is, if it is installed.
fn tool(name: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// The tools asked for, or `None` after saying aloud what is not tested.
pub fn tools<const N: usize>(names: [&str; N]) -> Option<[std::path::PathBuf; N]> {
    let found: Vec<std::path::PathBuf> = names.iter().filter_map(|name| tool(name)).collect();
    let found = found.try_into().ok();
    if found.is_none() {
        eprintln!("SKIPPED: this test needs {} on PATH", names.join(", "));
    }
    found
}

/// A key of every kind.
pub fn keys() -> [TestKey; 4] {
    KeyType::ALL.map(|key_type| TestKey::new(key_type, 1))
}

/// The bytes inside the armor.
pub fn blob_of(armored: &str) -> Vec<u8> {
    let base64: String = armored
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
}

/// Armor as OpenSSH writes it.
pub fn armor(blob: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(blob);
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

/// A job that signs alice's approval.
pub fn job(signer: Signer, path: std::path::PathBuf, min_assurance: Assurance) -> Job {
    Job {
        statement: statement("alice", &signer.key()),
        signer,
        namespace: NAMESPACE.into(),
        min_assurance,
        path,
    }
}

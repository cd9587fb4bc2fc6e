//! A gate in a temporary directory: a plan, a trust file, a tool, people who sign.

// Each test crate uses its own part of it.
#![allow(dead_code)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use undersign::approval::facts::Facts;
use undersign::approval::key::PublicKey;
use undersign::approval::sign::{Job, NAMESPACE, Signer};
use undersign::approval::sshsig::Assurance;
use undersign::approval::statement::{Hex, Nonce, Policy, Reviewer, Said, Statement};
use undersign::failure::Failure;
use undersign::gate::apply::{Applied, apply};
use undersign::gate::progress::Terminal;
use undersign::gate::verify::{Request, Verified, verify};
use undersign::plan::archive::{self, PlanFile};
use undersign::policy::Policies;
use undersign::policy::brought::Brought;
use undersign::policy::ruleset::Ruleset;
use undersign::policy::worker::Program;
use undersign::review::judge::judge_all_under;
use undersign::review::{Ack, Method, Requirement};
use undersign::risk::ruleset_sha256;
use undersign::trust::{Trust, file};

/// What the clock shows while a plan is signed.
pub const SIGNED: &str = "2026-11-22T10:00:00Z";
/// What it shows at the gate.
pub const NOW: &str = "2026-11-22T10:30:00Z";

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/plans")
        .join(name)
}

/// Other bytes of the same length, so that nothing else moves.
pub fn replace(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// A request whose trust file is opened anew each time.
pub struct Given {
    pub plan: PathBuf,
    pub approvals: Vec<PathBuf>,
    pub directory: PathBuf,
    pub variables: Vec<(OsString, OsString)>,
    pub now: Timestamp,
    pub policy: Option<PathBuf>,
    pub brought: Brought,
}

/// Everything the gate is given.
pub struct Rig {
    dir: tempfile::TempDir,
    pub request: Given,
    signing: ed25519_dalek::SigningKey,
    pub json: Vec<u8>,
    /// When approvals are signed.
    pub signed: Timestamp,
    pub target_scope: String,
}

impl Rig {
    /// A rig around a plan file and what the tool shows of it; the tool is a script that plays terraform 1.11.4.
    pub fn new(plan: &Path, json: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let json = fs::read(json).unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::copy(plan, at("plan.tfplan")).unwrap();
        fs::write(at("show.json"), &json).unwrap();
        fs::create_dir(at("bin")).unwrap();
        fs::create_dir(at("configuration")).unwrap();
        let request = Given {
            plan: at("plan.tfplan"),
            approvals: Vec::new(),
            directory: at("configuration"),
            variables: vec![("PATH".into(), at("bin").into())],
            now: time(NOW),
            policy: None,
            brought: Brought::default(),
        };
        let rig = Rig {
            dir,
            request,
            signing: ed25519_dalek::SigningKey::from_bytes(&[7; 32]),
            json,
            signed: time(SIGNED),
            target_scope: "everything".into(),
        };
        rig.tool("");
        rig.trust("");
        rig
    }

    /// A rig around a plan of the fixtures, whose plan file was changed member by member.
    pub fn doctored(name: &str, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) -> Self {
        use std::io::{Cursor, Read as _, Write as _};
        let rig = Self::of(name);
        let bytes = fs::read(&rig.request.plan).unwrap();
        let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..from.len() {
            let mut member = from.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            let name = member.name().to_owned();
            to.start_file(&name, zip::write::SimpleFileOptions::default())
                .unwrap();
            to.write_all(&change(&name, bytes)).unwrap();
        }
        fs::write(&rig.request.plan, to.finish().unwrap().into_inner()).unwrap();
        rig
    }

    /// A rig around a plan of the fixtures.
    pub fn of(name: &str) -> Self {
        Self::new(
            &fixture(&format!("{name}/plan.tfplan")),
            &fixture(&format!("{name}/plan.json")),
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Writes a script that plays terraform. `before` runs first, with `$1` the command; `$here` is the rig's directory.
    pub fn tool(&self, before: &str) {
        let script = format!(
            r#"#!/bin/sh
here={here}
{before}
case "$1" in
init) echo "$@" > $here/init.args; cat .terraform.lock.hcl > $here/init.lock; cat *.tf > $here/init.tf ;;
version) echo '{{"terraform_version":"1.11.4"}}' ;;
show) echo "$@" > $here/show.args; ls -A > $here/show.ls; cat "$3" > $here/shown; cat $here/show.json ;;
apply)
  echo "$@" > $here/apply.args
  env > $here/apply.env
  pwd > $here/apply.pwd
  cat "$4" > $here/applied
  echo '{{"@level":"info","@message":"Apply complete! Resources: 1 added.","type":"change_summary","changes":{{"operation":"apply"}}}}'
  ;;
esac
"#,
            here = self.dir.path().display()
        );
        let path = self.path("bin/terraform");
        // A new file, not the old one written over: a script that still runs must not change under its shell.
        let _ = fs::remove_file(&path);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Writes the trust file: alice may approve everything. `more` is added at its end.
    pub fn trust(&self, more: &str) {
        self.trust_with("match = {}", more);
    }

    pub fn trust_with(&self, matching: &str, more: &str) {
        let text = format!(
            r#"schema = 1
id = "test"
version = 3
[[person]]
id = "alice"
[[person.key]]
public = "{key}"
[groups]
reviewers = ["alice"]
[[scope]]
id = "everything"
{matching}
approvals = 1
from = ["reviewers"]
min_assurance = "software"
max_age = "4h"
[ledger]
kind = "dir"
path = "{ledger}"
{more}
"#,
            key = self.key().to_line(),
            ledger = self.path("ledger").display()
        );
        fs::write(self.path("trust.toml"), text).unwrap();
    }

    fn key(&self) -> PublicKey {
        PublicKey::ed25519(self.signing.verifying_key().as_bytes())
    }

    /// What a reviewer's undersign finds out about the plan.
    pub fn review(&self) -> (Facts, Vec<Requirement>) {
        self.review_of("plan.tfplan", Some(&self.plan_file()))
    }

    /// What it finds out from the JSON alone.
    pub fn review_json(&self) -> (Facts, Vec<Requirement>) {
        self.review_of("plan.json", None)
    }

    fn review_of(&self, name: &str, file: Option<&PlanFile>) -> (Facts, Vec<Requirement>) {
        let directory = self.request.policy.as_deref();
        let policies = Policies {
            ruleset: directory.map(|directory| Ruleset::load(directory).unwrap()),
            program: Program::at(env!("CARGO_BIN_EXE_undersign")),
            brought: self.request.brought.clone(),
            reviewer_overrides: true,
        };
        let (judgement, rows) =
            judge_all_under(&mut self.json.as_slice(), None, file, &policies).unwrap();
        let facts = Facts::of(name, file, &judgement, &self.target_scope)
            .unwrap()
            .under(policies.sha256());
        (facts, rows.iter().filter_map(Requirement::of).collect())
    }

    fn plan_file(&self) -> PlanFile {
        let bytes = fs::read(&self.request.plan).unwrap();
        let sha256 = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
        archive::read(
            &mut std::io::Cursor::new(&bytes),
            sha256,
            bytes.len() as u64,
        )
        .unwrap()
    }

    /// Signs an approval of `facts` with acknowledgements of `required`, and hands it to the gate.
    pub fn sign(&mut self, facts: &Facts, required: &[Requirement]) -> PathBuf {
        self.sign_because(facts, required, None)
    }

    /// The same, with a reason for each acknowledgement.
    pub fn sign_because(
        &mut self,
        facts: &Facts,
        required: &[Requirement],
        reason: Option<&str>,
    ) -> PathBuf {
        let number = self.request.approvals.len();
        let acks = required
            .iter()
            .map(|requirement| Ack {
                requirement: requirement.clone(),
                method: Method::Key,
                reason: reason.map(Into::into),
            })
            .collect();
        let policy = Policy {
            ruleset_sha256: Hex(ruleset_sha256()),
            inputs_sha256: facts.policy_sha256.map(Hex),
            trust_version: 3,
        };
        let issued_at = self.signed;
        let said = Said {
            reviewer: Reviewer {
                person: "alice".into(),
                key: self.key().fingerprint(),
            },
            requester: None,
            nonce: Nonce([u8::try_from(number).unwrap(); 16]),
            issued_at,
            expires_at: issued_at + SignedDuration::from_hours(2),
            acks,
            seconds: 60,
            comment: String::new(),
        };
        let path = self.path(&format!("approval-{number}.json"));
        let job = Job {
            statement: Statement::approve(facts, policy, said),
            signer: Signer::ThrowAway(Box::new(self.signing.clone())),
            namespace: NAMESPACE.into(),
            min_assurance: Assurance::Software,
            path: path.clone(),
        };
        job.run().unwrap();
        self.request.approvals.push(path.clone());
        path
    }

    /// Signs what the gate asks for.
    pub fn approve(&mut self) -> PathBuf {
        let (facts, required) = self.review();
        self.sign(&facts, &required)
    }

    fn request(&self) -> Result<Request, Failure> {
        let opened = file::open(&self.path("trust.toml"), None)?;
        let given = &self.request;
        Ok(Request {
            told: undersign::gate::prepare::Told::default(),
            member: None,
            plan: given.plan.clone(),
            approvals: given.approvals.clone(),
            trust: Trust::parse("trust.toml", &opened.text)?,
            held_by: opened.held_by,
            tool: None,
            directory: given.directory.clone(),
            requester: None,
            policy: given.policy.clone(),
            brought: given.brought.clone(),
            worker: Program::at(env!("CARGO_BIN_EXE_undersign")),
            variables: given.variables.clone(),
            now: given.now,
        })
    }

    pub fn verify(&self) -> Result<Verified, Failure> {
        verify(&self.request()?)
    }

    /// Applies; returns what the person sees too.
    pub fn apply(&self) -> (Result<Applied, Failure>, String) {
        self.apply_at(self.request.now)
    }

    /// Applies, where the verification takes so long that the clock stands at `then` when it is done.
    pub fn apply_at(&self, then: Timestamp) -> (Result<Applied, Failure>, String) {
        self.apply_after(then, || ())
    }

    /// Applies, where something happens between the verification and the claim.
    pub fn apply_after(
        &self,
        then: Timestamp,
        meanwhile: impl FnOnce(),
    ) -> (Result<Applied, Failure>, String) {
        let mut out = Vec::new();
        let applied = self.request().and_then(|request| {
            let mut terminal = Terminal {
                out: &mut out,
                columns: None,
            };
            let ready = |_: &Verified, _: &mut dyn std::io::Write| meanwhile();
            apply(&request, "runner@test", || then, ready, &mut terminal)
        });
        (applied, String::from_utf8(out).unwrap())
    }
}

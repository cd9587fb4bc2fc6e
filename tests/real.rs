//! The whole way with the real Terraform: plan, review by keys in a real terminal, sign, verify, apply once.

#![allow(clippy::unwrap_used)]

#[path = "support/pty.rs"]
mod pty;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pty::Session;

/// Version 1 of a small platform: what runs.
const PLATFORM: &str = r#"
variable "token" {
  type      = string
  sensitive = true
  default   = "s3cr3t-of-the-test"
}
resource "terraform_data" "database" {
  input            = "orders"
  triggers_replace = "postgres 14"
}
resource "terraform_data" "worker" { input = "two workers" }
resource "terraform_data" "old_site" { input = "static" }
resource "terraform_data" "login" { input = var.token }
"#;

/// Version 2: the database is replaced, the old site deleted, a worker updated, a secret changed.
const CHANGED: &str = r#"
variable "token" {
  type      = string
  sensitive = true
  default   = "n3w-s3cr3t-of-the-test"
}
resource "terraform_data" "database" {
  input            = "orders"
  triggers_replace = "postgres 15"
}
resource "terraform_data" "worker" { input = "three workers" }
resource "terraform_data" "login" { input = var.token }
"#;

const PASSPHRASE: &str = "correct horse battery";

/// A directory with a Terraform configuration, a key, a trust file, and an ssh-agent of its own.
struct Place {
    directory: tempfile::TempDir,
    agent: Option<std::process::Child>,
}

fn on_path(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Says aloud what cannot be tested here.
fn missing(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|program| !on_path(program))
        .collect();
    for program in &missing {
        println!("SKIPPED tests/real.rs: {program} is not on PATH");
    }
    !missing.is_empty()
}

impl Place {
    /// Applies version 1, plans version 2 into `plan.tfplan`, makes a key with a passphrase and a trust file.
    fn new() -> Self {
        let place = Place {
            directory: tempfile::tempdir().unwrap(),
            agent: None,
        };
        place.write("main.tf", PLATFORM);
        place.shell("terraform init -input=false && terraform apply -input=false -auto-approve");
        place.write("main.tf", CHANGED);
        place.plan();
        place.shell(&format!(
            "ssh-keygen -q -t ed25519 -a 1 -C alice -N '{PASSPHRASE}' -f key"
        ));
        place.ok(&[
            "trust",
            "init",
            "--person",
            "alice",
            "--key",
            "key.pub",
            "--scope",
            "test/orders",
            "--output",
            "trust.toml",
        ]);
        place
    }

    fn plan(&self) {
        self.shell("terraform plan -input=false -out plan.tfplan");
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// An environment in which nothing of the user who runs the tests has a part.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let home = self.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let inside = |name: &str| home.join(name).display().to_string();
        vec![
            ("HOME", home.display().to_string()),
            ("XDG_STATE_HOME", inside("state")),
            ("XDG_CONFIG_HOME", inside("config")),
            ("TF_CLI_CONFIG_FILE", "/dev/null".into()),
            ("CHECKPOINT_DISABLE", "1".into()),
            (
                "SSH_AUTH_SOCK",
                self.agent
                    .as_ref()
                    .map(|_| self.socket().display().to_string())
                    .unwrap_or_default(),
            ),
        ]
    }

    fn socket(&self) -> PathBuf {
        self.path().join("agent.sock")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .envs(self.environment())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn shell(&self, script: &str) -> String {
        let output = self.command("sh").args(["-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn undersign(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_undersign"))
            .args(arguments)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.undersign(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs undersign, which must refuse with `code`.
    #[track_caller]
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.undersign(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{}",
            both(&output)
        );
        both(&output)
    }

    /// Starts an ssh-agent that holds the key.
    fn with_agent(&mut self) {
        let agent = self
            .command("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(self.socket())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.agent = Some(agent);
        while !self.socket().exists() {
            std::thread::yield_now();
        }
        self.write("askpass", &format!("#!/bin/sh\necho '{PASSPHRASE}'\n"));
        self.shell("chmod +x askpass; SSH_ASKPASS=./askpass SSH_ASKPASS_REQUIRE=force ssh-add key");
    }

    fn review(&self, extra: &str) -> Session {
        let environment = self.environment();
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let script = format!(
            "\"$UNDERSIGN\" review plan.tfplan --trust trust.toml --key key.pub --output approval.json {extra}"
        );
        Session::start(&script, self.path(), &environment, (120, 40))
    }

    /// Acknowledges the two changes that ask, by keys, and asks for the signature.
    fn acknowledge_all(session: &mut Session) {
        session.wait("acknowledged 0 of 2");
        session.wait("S sign");
        for done in ["acknowledged 1 of 2", "acknowledged 2 of 2"] {
            session.send("a");
            session.wait("y acknowledge");
            session.send("y");
            session.wait(done);
            session.wait_gone("y acknowledge");
        }
        session.send("S");
        session.wait("enter sign");
        session.send("test/orders\r");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(agent) = &mut self.agent {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

fn both(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

const VERIFY: [&str; 6] = [
    "verify",
    "plan.tfplan",
    "--trust",
    "trust.toml",
    "--approval",
    "approval.json",
];
const APPLY: [&str; 6] = [
    "apply",
    "plan.tfplan",
    "--trust",
    "trust.toml",
    "--approval",
    "approval.json",
];

#[test]
fn a_plan_is_reviewed_signed_by_the_agent_checked_by_anybody_and_applied_once() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent", "jq"]) {
        return;
    }
    let mut place = Place::new();
    place.with_agent();
    let mut session = place.review("");
    Place::acknowledge_all(&mut session);
    assert!(session.exit().success(), "{}", session.screen());
    let shown = String::from_utf8_lossy(&session.bytes).into_owned();
    for secret in ["s3cr3t-of-the-test", "n3w-s3cr3t"] {
        assert!(!shown.contains(secret), "a secret was on the screen");
    }
    let approval = fs::read_to_string(place.path().join("approval.json")).unwrap();
    assert!(!approval.contains("s3cr3t"));

    assert!(place.ok(&VERIFY).contains("alice"));
    let digest = place.shell("sha256sum < plan.tfplan");
    let said = place.shell(
        r#"
        "$UNDERSIGN" trust export-allowed-signers --trust trust.toml > allowed_signers
        jq -er .payload approval.json | base64 -d > payload
        jq -er '.signatures[0].sig' approval.json | base64 -d > signature
        { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < payload)"; cat payload; } > signed
        ssh-keygen -Y verify -f allowed_signers -I alice -n undersign-approval@v1 -s signature < signed
        jq -r '.subject[0].digest.sha256' payload
        "#
        .replace("\"$UNDERSIGN\"", env!("CARGO_BIN_EXE_undersign"))
        .as_str(),
    );
    assert!(said.contains("Good"), "{said}");
    assert_eq!(said.lines().last(), digest.split_whitespace().next());

    place.ok(&APPLY);
    assert!(
        place
            .shell("terraform state list")
            .lines()
            .all(|line| line != "terraform_data.old_site")
    );
    assert!(place.shell("terraform show").contains("three workers"));
    place.refused(14, &APPLY);
}

#[test]
fn a_key_with_a_passphrase_signs_through_ssh_keygen_on_the_terminal() {
    if missing(&["terraform", "ssh-keygen"]) {
        return;
    }
    let place = Place::new();
    let mut session = place.review("");
    Place::acknowledge_all(&mut session);
    session.wait("passphrase");
    session.send(&format!("{PASSPHRASE}\r"));
    assert!(session.exit().success(), "{}", session.screen());
    place.ok(&VERIFY);
}

#[test]
fn what_is_changed_missing_or_late_is_refused() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent"]) {
        return;
    }
    let mut place = Place::new();
    place.with_agent();
    let mut session = place.review("");
    Place::acknowledge_all(&mut session);
    assert!(session.exit().success(), "{}", session.screen());
    place.ok(&VERIFY);

    for (name, code) in [
        ("plan.tfplan", 13),
        ("approval.json", 11),
        ("trust.toml", 20),
    ] {
        let path = place.path().join(name);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let at = match name {
            // Inside the key: whoever was trusted is not any more.
            "trust.toml" => good.windows(4).position(|w| w == b"AAAA").unwrap() + 30,
            _ => good.len() / 2,
        };
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        fs::write(&path, bad).unwrap();
        let output = place.undersign(&APPLY);
        assert!(!output.status.success(), "{name}");
        let got = output.status.code().unwrap();
        assert!(
            got == code || (got == 11 && name == "trust.toml"),
            "{name}: {got}\n{}",
            both(&output)
        );
        fs::write(&path, good).unwrap();
    }

    // Another plan, made of the same configuration a moment later, is another plan.
    place.shell("cp plan.tfplan first.tfplan");
    place.plan();
    place.refused(13, &APPLY);
    place.shell("cp first.tfplan plan.tfplan");

    let trust = fs::read_to_string(place.path().join("trust.toml")).unwrap();
    place.write(
        "trust.toml",
        &trust.replace("max_age       = \"4h\"", "max_age       = \"1s\""),
    );
    place.refused(12, &VERIFY);
    place.write("trust.toml", &trust);
    place.ok(&VERIFY);
}

#[test]
fn a_review_that_is_killed_goes_on_where_it_was() {
    if missing(&["terraform", "ssh-keygen"]) {
        return;
    }
    let place = Place::new();
    let mut session = place.review("");
    session.wait("acknowledged 0 of 2");
    session.send("a");
    session.wait("y acknowledge");
    session.send("y");
    session.wait("acknowledged 1 of 2");
    session.kill();
    let mut session = place.review("");
    session.wait("acknowledged 1 of 2");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
    place.refused(
        11,
        &[
            "verify",
            "plan.tfplan",
            "--trust",
            "trust.toml",
            "--approval",
            "trust.toml",
        ],
    );
}

/// What conftest said of the plan: one deny that a comment accepts, and one that nobody has accepted yet.
const FINDINGS: &str = r#"[{"filename":"plan.json","namespace":"main","successes":3,"failures":[
{"msg":"terraform_data.worker has more than two workers","metadata":{"query":"data.main.deny_workers"}},
{"msg":"\u001b[2Jthe login changes \u202e","metadata":{"query":"data.main.deny_login","address":"terraform_data.login"}}]}]"#;

/// The agent was sent to change the platform, not to take the old site away.
const SCOPE: &str = r#"
version = 1
task = "OPS-41"
expires = 2099-01-01T00:00:00Z
[[allow]]
address = ["terraform_data.worker", "terraform_data.login"]
actions = ["update"]
[[allow]]
address = ["terraform_data.database"]
actions = ["replace"]
"#;

#[test]
fn a_deny_an_override_and_a_change_outside_the_task_go_all_the_way() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent", "jq"]) {
        return;
    }
    let mut place = Place::new();
    place.with_agent();
    let worker = "resource \"terraform_data\" \"worker\"";
    let comment = "# POLICY-OVERRIDE[main.deny_workers] until=2099-12-31: the load test of OPS-41 wants three\n";
    place.write(
        "main.tf",
        &CHANGED.replace(worker, &format!("{comment}{worker}")),
    );
    place.plan();
    place.write("conftest.json", FINDINGS);
    place.write("scope.toml", SCOPE);
    let brought = [
        "--findings",
        "conftest.json:conftest",
        "--scope-file",
        "scope.toml",
    ];

    let said = place.refused(4, &[&["check", "plan.tfplan"][..], &brought].concat());
    assert!(said.contains("OVERRIDDEN at main.tf:"), "{said}");
    assert!(
        said.contains("outside the scope of OPS-41: nothing allows to delete"),
        "{said}"
    );
    assert!(
        said.contains("⟨U+001B⟩[2Jthe login changes ⟨U+202E⟩"),
        "{said}"
    );
    let first = said
        .lines()
        .skip_while(|line| !line.starts_with("To acknowledge (4)"))
        .nth(1);
    assert!(
        first
            .unwrap_or_default()
            .contains("terraform_data.old_site"),
        "{said}"
    );

    let mut session = place.review(&brought.join(" "));
    session.wait("acknowledged 0 of 4");
    session.wait("S sign");
    let (mut reasons, mut overridden) = (0, false);
    for done in 1..=4 {
        session.send("a");
        session.wait("esc cancel");
        overridden |= session.screen().contains("OVERRIDDEN");
        if session.screen().contains("enter back to the question") {
            reasons += 1;
            session.send("agreed with the owner\r");
            session.wait("y acknowledge");
        }
        session.send("y");
        session.wait(&format!("acknowledged {done} of 4"));
        session.wait_gone("y acknowledge");
    }
    assert_eq!((reasons, overridden), (2, true));
    session.send("S");
    session.wait("enter sign");
    session.send("test/orders\r");
    assert!(session.exit().success(), "{}", session.screen());

    let overrides =
        place.shell("jq -er .payload approval.json | base64 -d | jq -c '.predicate.overrides[]'");
    for part in [
        r#"{"rule":"overridden/conftest/main.deny_workers","address":"terraform_data.worker","reason":"the load test of OPS-41 wants three","source":"main.tf:"#,
        r#"{"rule":"policy/conftest/main.deny_login","address":"terraform_data.login","reason":"agreed with the owner"}"#,
        r#"{"rule":"policy/out-of-scope","address":"terraform_data.old_site","reason":"agreed with the owner"}"#,
    ] {
        assert!(overrides.contains(part), "{overrides}");
    }
    assert!(
        place
            .ok(&[&VERIFY[..], &brought].concat())
            .contains("alice")
    );

    // Whoever verifies must know the same findings and the same scope.
    place.refused(13, &VERIFY);
    place.refused(13, &[&VERIFY[..], &brought[..2]].concat());
    place.write(
        "wider.toml",
        &SCOPE.replace("terraform_data.database", "terraform_data.*"),
    );
    let wider = [&VERIFY[..], &brought[..3], &["wider.toml"]].concat();
    place.refused(13, &wider);
    place.write("conftest.json", &FINDINGS[..FINDINGS.len() - 9]);
    let said = place.refused(21, &[&VERIFY[..], &brought].concat());
    assert!(said.contains("cut off"), "{said}");
}

//! The whole way with the real Terraform: plan, review by keys in a real terminal, sign, verify, apply once.

#![allow(clippy::unwrap_used)]

#[path = "support/place.rs"]
mod place;
#[path = "support/pty.rs"]
mod pty;

use std::fs;

use place::{PASSPHRASE, Place, both, missing};

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

/// The lines of the README with which anybody checks an approval.
fn readme_lines() -> &'static str {
    let readme = include_str!("../README.md");
    let (_, rest) = readme
        .split_once("## Checking an approval without undersign")
        .unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Runs the README's lines as they stand there, on the good files and on bad ones.
fn anybody_can_check(place: &Place) {
    place.write("check.sh", readme_lines());
    place.shell("mkdir -p home/config/undersign bin && cp trust.toml home/config/undersign/");
    let program = place.path().join("bin/undersign");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_undersign"), program).unwrap();
    let check = |arguments: &str| {
        let script = format!("PATH=$PWD/bin:$PATH sh check.sh {arguments}");
        place.command("sh").args(["-c", &script]).output().unwrap()
    };
    let good = check("approval.json alice plan.tfplan");
    assert!(good.status.success(), "{}", both(&good));
    assert!(both(&good).contains("Good \"undersign-approval@v1\""));
    let approval = fs::read_to_string(place.path().join("approval.json")).unwrap();
    let other = |from: &str, to: &str| {
        assert_ne!(approval.replacen(from, to, 1), approval);
        approval.replacen(from, to, 1)
    };
    // The payload says another thing, the type is another one, there is a second signature.
    place.write(
        "payload.json",
        &other("\"payload\":\"eyJf", "\"payload\":\"eyJg"),
    );
    place.write("type.json", &other("in-toto+json", "other+json"));
    place.write(
        "two.json",
        &other("\"signatures\":[", "\"signatures\":[{},"),
    );
    place.write("cut.json", &approval[..approval.len() / 2]);
    place.shell("cp plan.tfplan other.tfplan && printf x >> other.tfplan");
    for bad in [
        "payload.json alice plan.tfplan",
        "type.json alice plan.tfplan",
        "two.json alice plan.tfplan",
        "cut.json alice plan.tfplan",
        "missing.json alice plan.tfplan",
        "approval.json bob plan.tfplan",
        "approval.json alice other.tfplan",
        "approval.json alice missing.tfplan",
    ] {
        let output = check(bad);
        assert!(!output.status.success(), "{bad}\n{}", both(&output));
    }
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
    let mut place = Place::new(PLATFORM, CHANGED);
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
    anybody_can_check(&place);

    place.ok(&APPLY);
    assert!(
        place
            .shell("terraform state list")
            .lines()
            .all(|line| line != "terraform_data.old_site")
    );
    assert!(place.shell("terraform show").contains("three workers"));
    place.refused(14, &APPLY);
    let said = place.ok(&VERIFY);
    assert!(said.contains("but           this plan was used"), "{said}");
}

#[test]
fn a_key_with_a_passphrase_signs_through_ssh_keygen_on_the_terminal() {
    if missing(&["terraform", "ssh-keygen"]) {
        return;
    }
    let place = Place::new(PLATFORM, CHANGED);
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
    let mut place = Place::new(PLATFORM, CHANGED);
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

    // Another plan, made of the same configuration a moment later, is another plan. Its time is that of the second: within
    // the same one it is made again as it was.
    place.shell("cp plan.tfplan first.tfplan");
    let read = |name: &str| fs::read(place.path().join(name)).unwrap();
    while read("plan.tfplan") == read("first.tfplan") {
        place.plan();
    }
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
    let place = Place::new(PLATFORM, CHANGED);
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

/// Acknowledges four changes by keys, gives a reason where one is asked for, and signs. Returns the overrides that stand
/// in the approval, one a line.
fn reviewed(place: &Place, arguments: &[&str]) -> String {
    let mut session = place.review(&arguments.join(" "));
    session.wait("acknowledged 0 of 4");
    // The digest is there when all is read, and all policies have spoken.
    session.wait("sha256");
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
    place.shell("jq -er .payload approval.json | base64 -d | jq -c '.predicate.overrides[]'")
}

/// The same in Rego: one rule for each style, and one that counts.
const RULES: &str = r#"package platform

deny_workers contains msg if {
  some change in input.resource_changes
  change.address == "terraform_data.worker"
  msg := sprintf("%s has more than two workers", [change.address])
}

deny contains {"msg": "the login changes", "address": change.address} if {
  some change in input.resource_changes
  change.name == "login"
  "update" in change.change.actions
}

warn contains "much at once" if count(input.resource_changes) > 3
"#;

#[cfg(feature = "rego")]
#[test]
fn policies_in_rego_an_override_and_a_change_outside_the_task_go_all_the_way() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent", "jq", "git"]) {
        return;
    }
    let mut place = Place::new(PLATFORM, CHANGED);
    place.with_agent();
    let worker = "resource \"terraform_data\" \"worker\"";
    let comment = "# POLICY-OVERRIDE[platform.deny_workers]: the load test of OPS-41 wants three\n";
    place.write(
        "main.tf",
        &CHANGED.replace(worker, &format!("{comment}{worker}")),
    );
    place.plan();
    place.shell("git init -q . && git add main.tf && git -c user.name=Ada -c user.email=ada@example.org commit -q -m workers");
    place.write("scope.toml", SCOPE);
    fs::create_dir(place.path().join("policy")).unwrap();
    place.write("policy/platform.rego", RULES);
    let policies = ["--policy", "policy", "--scope-file", "scope.toml"];

    let said = place.refused(4, &[&["check", "plan.tfplan"][..], &policies].concat());
    for part in [
        "OVERRIDDEN at main.tf:",
        "the override at main.tf:11 was written by Ada <ada@example.org>, as commit ",
        "the login changes  [policy/platform.deny]",
        "much at once  [policy/platform.warn]",
        "outside the scope of OPS-41: nothing allows to delete",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }

    let overrides = reviewed(&place, &policies);
    for part in [
        r#"{"rule":"overridden/platform.deny_workers","address":"terraform_data.worker","reason":"the load test of OPS-41 wants three","source":"main.tf:"#,
        r#"{"rule":"policy/platform.deny","address":"terraform_data.login","reason":"agreed with the owner"}"#,
        r#"{"rule":"policy/out-of-scope","address":"terraform_data.old_site","reason":"agreed with the owner"}"#,
    ] {
        assert!(overrides.contains(part), "{overrides}");
    }
    // The gate comes to the same verdicts without a history.
    fs::remove_dir_all(place.path().join(".git")).unwrap();
    let verify = [&VERIFY[..], &policies].concat();
    assert!(place.ok(&verify).contains("alice"));
    // Under other rules the approval is another one's.
    place.refused(13, &VERIFY);
    place.write("policy/more.rego", "package more\n");
    place.refused(13, &verify);
    fs::remove_file(place.path().join("policy/more.rego")).unwrap();
    // A rule that cannot be read any more refuses whatever was signed.
    place.write("policy/platform.rego", &RULES[..RULES.len() - 40]);
    place.refused(18, &verify);
    place.write("policy/platform.rego", RULES);
    place.ok(&[&APPLY[..], &policies].concat());
}

#[test]
fn a_deny_an_override_and_a_change_outside_the_task_go_all_the_way() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent", "jq"]) {
        return;
    }
    let mut place = Place::new(PLATFORM, CHANGED);
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

    let overrides = reviewed(&place, &brought);
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

//! `undersign verify` and `undersign apply` as programs: what they print, their exit codes, and how they are stopped.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use rig::Rig;
use rustix::process::{Pid, Signal, kill_process};

#[path = "gate/rig.rs"]
mod rig;

/// An approved plan, at the time that the program sees.
fn approved() -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    rig.approve();
    rig
}

fn undersign(rig: &Rig, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undersign"));
    command
        .args(arguments)
        .arg(&rig.request.plan)
        .arg("--approval")
        .args(&rig.request.approvals)
        .arg("--trust")
        .arg(rig.path("trust.toml"))
        .current_dir(&rig.request.directory)
        .env_clear()
        .env("PATH", rig.path("bin"))
        .env("USER", "runner")
        .env("XDG_STATE_HOME", rig.path("state"))
        // What a killed process leaves behind goes away with the rig.
        .env("TMPDIR", rig.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn verify_says_who_approved_and_what_it_is_worth() {
    let rig = approved();
    let output = undersign(&rig, &["verify"]).output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{err}");
    for line in [
        "approved      plan.tfplan",
        "by            alice  SHA256:",
        "for           everything  workspace default  backend local",
        "level         L0  same user",
    ] {
        assert!(
            out.lines().any(|shown| shown.starts_with(line)),
            "{line}\n{out}"
        );
    }
    let output = undersign(&rig, &["verify", "--format", "json"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["persons"][0], "alice");
    assert_eq!(report["level"], "L0");
    assert!(!rig.path("apply.args").exists(), "verify must not apply");
    assert!(!rig.path("ledger").exists(), "verify must not write");
}

#[test]
fn apply_ends_with_the_codes_of_the_table() {
    let mut rig = approved();
    let output = undersign(&rig, &["apply", "--format", "json"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", texts(&output).1);
    assert_eq!(report["outcome"], "applied");
    let again = undersign(&rig, &["apply", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(14));
    let refusal: serde_json::Value = serde_json::from_slice(&again.stderr).unwrap();
    assert_eq!(refusal["reason"], "already-used");

    rig = Rig::of("05-destroy-plan");
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    let (facts, _) = rig.review();
    rig.sign(&facts, &[]);
    let output = undersign(&rig, &["apply"]).output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", texts(&output).1);
}

/// Starts an apply whose tool says that it has begun and then waits until a file is there.
fn begun(rig: &Rig, trap: &str) -> std::process::Child {
    rig.tool(&format!(
        "if [ $1 = apply ]; then {trap}; : > $here/begun; while [ -e $here/begun ] && [ ! -e $here/go ]; do /bin/sleep 0.02; done; fi"
    ));
    let child = undersign(rig, &["apply"]).spawn().unwrap();
    while !rig.path("begun").exists() {
        std::thread::yield_now();
    }
    child
}

fn signal(child: &std::process::Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a38_a_killed_wrapper_leaves_the_plan_used_and_its_outcome_unknown() {
    let rig = approved();
    let mut child = begun(&rig, ":");
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    fs::write(rig.path("go"), "").unwrap();
    rig.tool("");
    let output = undersign(&rig, &["apply"]).output().unwrap();
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(14));
    assert!(err.contains("outcome: unknown"), "{err}");
}

#[test]
fn a_wrapper_that_is_asked_to_stop_hands_it_on_once_and_waits() {
    for asked in [Signal::INT, Signal::TERM, Signal::HUP] {
        let rig = approved();
        // Like Terraform, it finishes what it is doing, and fails. What it heard is kept.
        let child = begun(&rig, "trap 'echo INT >> $here/heard; : > $here/go' INT");
        signal(&child, asked);
        let output = child.wait_with_output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{asked:?} {err}");
        assert!(
            out.ends_with("Apply complete! Resources: 1 added.\n"),
            "{out}"
        );
        assert_eq!(rig.text("heard"), "INT\n", "{asked:?}");
    }
}

//! `undersign verify` and `undersign apply` as programs: what they print, their exit codes, and how they are stopped.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use rig::Rig;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::{Pid, Signal, kill_process};
use undersign::cli::schema::Name;

#[path = "support/hearing.rs"]
mod hearing;
#[path = "gate/rig.rs"]
mod rig;
#[path = "support/schema.rs"]
mod schema;

/// An approved plan, at the time that the program sees.
fn approved() -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    rig.approve();
    rig
}

fn undersign(rig: &Rig, arguments: &[&str]) -> Command {
    let mut command = hearing::hearing(env!("CARGO_BIN_EXE_undersign"));
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
    schema::fits(Name::Verify.text(), &report);
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
    schema::fits(Name::Verify.text(), &report);
    let again = undersign(&rig, &["apply", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(14));
    let refusal: serde_json::Value = serde_json::from_slice(&again.stderr).unwrap();
    assert_eq!(refusal["reason"], "already-used");
    schema::fits(Name::Refusal.text(), &refusal);

    rig = Rig::of("05-destroy-plan");
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    let (facts, _) = rig.review();
    rig.sign(&facts, &[]);
    let output = undersign(&rig, &["apply"]).output().unwrap();
    assert_eq!(output.status.code(), Some(10), "{}", texts(&output).1);
}

#[test]
fn a_plan_that_is_not_there_ends_every_command_alike() {
    let rig = approved();
    fs::remove_file(&rig.request.plan).unwrap();
    let trust = rig.path("trust.toml").display().to_string();
    for arguments in [
        &["check"][..],
        &["review", "--plain"],
        &["submit", "--task", "a static site"],
        &["verify", "--trust", &trust],
        &["apply", "--trust", &trust],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_undersign"))
            .args(arguments)
            .arg(&rig.request.plan)
            .env_clear()
            .env("XDG_STATE_HOME", rig.path("state"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (_, err) = texts(&output);
        assert_eq!(output.status.code(), Some(5), "{arguments:?}\n{err}");
        assert!(err.contains("plan.tfplan: No such file"), "{err}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a32_a_descriptor_that_was_open_before_is_not_handed_to_the_tool() {
    let rig = approved();
    fs::write(rig.path("secret"), "").unwrap();
    rig.tool("ls -l /proc/self/fd > $here/open-$1");
    let apply = undersign(&rig, &["apply"]);
    // Opened by whoever starts the gate, and not closed when it is started.
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "exec 7< \"$1\"; shift; exec \"$@\"", "sh"])
        .arg(rig.path("secret"))
        .arg(apply.get_program())
        .args(apply.get_args())
        .current_dir(&rig.request.directory)
        .env_clear()
        .envs(
            apply
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", texts(&output).1);
    for call in ["version", "show", "apply"] {
        let open = rig.text(&format!("open-{call}"));
        assert!(open.contains(" 0 -> "), "{open}");
        assert!(!open.contains("secret"), "{open}");
    }
}

#[test]
fn a33_a_private_directory_that_others_could_replace_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = approved();
    let open = rig.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let apply = || {
        let output = undersign(&rig, &["apply", "--format", "json"])
            .env("TMPDIR", &open)
            .output()
            .unwrap();
        (output.status.code(), texts(&output).1)
    };
    let (code, said) = apply();
    assert_eq!(code, Some(21), "{said}");
    assert!(said.contains("private-directory"), "{said}");
    // As in /tmp: everybody may write there, and nobody may move what is not theirs.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    let (code, said) = apply();
    assert_eq!(code, Some(0), "{said}");
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

/// A door that a script waits at with `: < $here/door`, until somebody opens it.
fn door(rig: &Rig) {
    mkfifoat(CWD, rig.path("door"), Mode::from_raw_mode(0o600)).unwrap();
}

/// Opens it to everybody who waits there; waits itself until somebody does.
fn open_door(rig: &Rig) {
    drop(fs::OpenOptions::new().write(true).open(rig.path("door")));
}

#[test]
fn a10_of_two_hundred_racing_wrappers_one_applies() {
    const RACERS: usize = 200;
    let rig = approved();
    door(&rig);
    fs::create_dir(rig.path("waiting")).unwrap();
    // They all stand before the claim when the door opens.
    rig.tool(
        "case $1 in show) : > $here/waiting/$$; : < $here/door ;; apply) echo >> $here/begun ;; esac",
    );
    let racers: Vec<_> = (0..RACERS)
        .map(|_| {
            undersign(&rig, &["apply"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    while fs::read_dir(rig.path("waiting")).unwrap().count() < RACERS {
        std::thread::yield_now();
    }
    open_door(&rig);
    let mut ends = std::collections::BTreeMap::new();
    for mut racer in racers {
        // Who comes to the door when it is closed again has it opened once more.
        let status = loop {
            match racer.try_wait().unwrap() {
                Some(status) => break status,
                None => try_door(&rig),
            }
        };
        *ends.entry(status.code()).or_insert(0) += 1;
    }
    assert_eq!(
        ends.into_iter().collect::<Vec<_>>(),
        [(Some(0), 1), (Some(14), RACERS - 1)]
    );
    assert_eq!(rig.text("begun").lines().count(), 1);
}

/// Opens the door if somebody waits there.
fn try_door(rig: &Rig) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = fs::OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(rig.path("door"));
    drop(opened);
    std::thread::yield_now();
}

/// Where a wrapper is killed: a call of the tool, or an entry of the ledger that appears.
#[derive(Debug, Clone, Copy)]
enum Point {
    Tool(&'static str),
    Entry(&'static str),
}

#[test]
fn a38_wherever_the_wrapper_is_killed_state_and_ledger_agree_or_nobody_knows() {
    let points = [
        Point::Tool("version"),
        Point::Tool("show"),
        Point::Tool("shown-half"),
        Point::Tool("shown"),
        Point::Tool("preflight"),
        Point::Entry(".claim"),
        Point::Tool("apply"),
        Point::Tool("applied-half"),
        Point::Tool("applied"),
        Point::Entry(".outcome"),
    ];
    for point in points {
        let rig = approved();
        door(&rig);
        let stop = "stop() { [ ! -e $here/$1 ] || { rm $here/$1; : > $here/stopped; : < $here/door; }; }\n";
        rig.tool(&[stop, r#"
case "$1" in
version) stop version; echo '{"terraform_version":"1.11.4"}' ;;
show) stop show; head -c 1000 $here/show.json; stop shown-half; tail -c +1001 $here/show.json; stop shown ;;
apply)
  echo >> $here/begun
  stop apply; echo half > $here/state; stop applied-half; echo whole > $here/state
  echo '{"@message":"Apply complete!","type":"change_summary","changes":{"operation":"apply"}}'
  stop applied ;;
esac
exit 0
"#].concat());
        let preflight = rig.path("bin/preflight");
        let here = rig.path("").display().to_string();
        fs::write(
            &preflight,
            format!("#!/bin/sh\nhere={here}\n{stop}stop preflight\n"),
        )
        .unwrap();
        fs::set_permissions(
            &preflight,
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        rig.trust(&format!(
            "[[runner.preflight]]\nargv = [\"{}\"]",
            preflight.display()
        ));
        let entry = |ending: &str| {
            fs::read_dir(rig.path("ledger")).is_ok_and(|entries| {
                entries
                    .flatten()
                    .any(|entry| entry.file_name().to_string_lossy().ends_with(ending))
            })
        };

        if let Point::Tool(name) = point {
            fs::write(rig.path(name), "").unwrap();
        }
        let mut child = undersign(&rig, &["apply"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while match point {
            Point::Tool(_) => !rig.path("stopped").exists(),
            Point::Entry(ending) => !entry(ending),
        } {
            std::thread::yield_now();
        }
        signal(&child, Signal::KILL);
        child.wait().unwrap();
        if let Point::Tool(_) = point {
            open_door(&rig);
        }

        let claimed = entry(".claim");
        // A tool that goes on alone is let come to its end. Where the claim was just made, it may not have begun.
        while claimed && matches!(point, Point::Tool(_)) && rig.text("state") != "whole\n" {
            std::thread::yield_now();
        }
        let output = undersign(&rig, &["apply"]).output().unwrap();
        let said = texts(&output).1;
        if claimed {
            assert_eq!(output.status.code(), Some(14), "{point:?}: {said}");
            let applied = said.contains("outcome: applied");
            assert!(
                applied || said.contains("outcome: unknown"),
                "{point:?}: {said}"
            );
            assert!(!applied || rig.text("state") == "whole\n", "{point:?}");
            assert!(rig.text("begun").lines().count() <= 1, "{point:?}");
        } else {
            // Nothing was claimed, so nothing had begun, and the plan is as good as before.
            assert_eq!(output.status.code(), Some(0), "{point:?}: {said}");
            assert_eq!(rig.text("begun").lines().count(), 1, "{point:?}");
        }
        let late = matches!(
            point,
            Point::Entry(_) | Point::Tool("apply" | "applied-half" | "applied")
        );
        assert_eq!(claimed, late, "{point:?}");
    }
}

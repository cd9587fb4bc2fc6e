//! Leaving while the tool is still at it: on every way out it is ended, with what it started, and nothing of it is left.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

#[path = "support/hearing.rs"]
mod hearing;
#[path = "support/pty.rs"]
mod pty;
#[path = "signing/rig.rs"]
mod rig;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hearing::hearing;
use pty::Session;
use tempfile::TempDir;
use undersign::approval::key::KeyType;

/// After this long without what is waited for something is wrong; a busy machine is never this slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// In the place of the tool: says what it does, starts something else, and hears of nothing any more. It does so at one of
/// its commands, as long as the file `slow` is there.
const TOOL: &str = r#"#!/bin/sh
if [ "$1" = COMMAND ] && [ -e PLACE/slow ]; then
  exec 9>PLACE/told
  trap '' HUP INT QUIT TERM
  sleep 100000 &
  echo "$1" >&9
  wait
fi
case "$1" in
  version) echo '{"terraform_version":"1.11.4"}' ;;
  show) cat PLACE/plan.json ;;
esac
"#;

/// A place with a plan file, and a tool that is slow at one of its commands.
struct Place {
    directory: TempDir,
    /// What the tool says; closed when it and what it started have ended.
    told: Receiver<Option<String>>,
}

impl Place {
    fn new(slow_at: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/incident");
        for file in ["plan.tfplan", "plan.json"] {
            std::fs::copy(plans.join(file), path(file)).unwrap();
        }
        let script = TOOL
            .replace("COMMAND", slow_at)
            .replace("PLACE", &directory.path().display().to_string());
        std::fs::write(path("terraform"), script).unwrap();
        std::fs::set_permissions(path("terraform"), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(path("slow"), "").unwrap();
        std::fs::create_dir(path("tmp")).unwrap();
        let told = path("told");
        let made = Command::new("mkfifo").arg(&told).status().unwrap();
        assert!(made.success());
        Place {
            told: listen(told),
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let inside = |name: &str| self.path(name).display().to_string();
        vec![
            ("HOME", inside("")),
            ("XDG_STATE_HOME", inside("state")),
            ("TMPDIR", inside("tmp")),
            ("EDITOR", inside("editor")),
            ("VISUAL", inside("editor")),
        ]
    }

    /// Runs undersign on a terminal.
    fn start(&self, arguments: &str) -> Session {
        let environment = self.environment();
        let environment: Vec<_> = environment.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let script = format!("exec \"$UNDERSIGN\" {arguments} --tool ./terraform");
        Session::start(&script, self.directory.path(), &environment, (80, 24))
    }

    /// Runs undersign without one.
    fn spawn(&self, before: &str, arguments: &str) -> Child {
        hearing("sh")
            .arg("-c")
            .arg(format!(
                "{before} exec \"$UNDERSIGN\" {arguments} --tool ./terraform"
            ))
            .env("UNDERSIGN", env!("CARGO_BIN_EXE_undersign"))
            .envs(self.environment())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Waits until the tool is at it.
    #[track_caller]
    fn busy(&self, command: &str) {
        let said = self
            .told
            .recv_timeout(PATIENCE)
            .expect("the tool was never started");
        assert_eq!(said.as_deref(), Some(command));
    }

    /// Waits until the tool and all that it started have ended.
    #[track_caller]
    fn ended(&self, way: &str) {
        let said = self.told.recv_timeout(PATIENCE);
        assert_eq!(said, Ok(None), "{way}: the tool goes on");
    }

    /// Nothing that was made on the way is left.
    #[track_caller]
    fn clean(&self, way: &str) {
        let left: Vec<_> = std::fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{way}: {left:?}");
    }
}

/// The lines that are written to a named pipe, and nothing more when its last writer is gone.
fn listen(path: PathBuf) -> Receiver<Option<String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let pipe = std::fs::File::open(path).unwrap();
        for line in BufReader::new(pipe).lines() {
            let _ = sender.send(Some(line.unwrap()));
        }
        let _ = sender.send(None);
    });
    receiver
}

fn tell(signal: &str, pid: u32) {
    let told = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .status()
        .unwrap();
    assert!(told.success());
}

const REVIEW: &str = "review plan.tfplan";

#[test]
fn a_review_that_is_left_by_a_key_ends_the_tool_whatever_it_is_at() {
    for (command, shown) in [
        ("version", "terraform version"),
        ("init", "fetches 1 provider"),
        ("show", "prints nothing until it is nearly done"),
    ] {
        for key in ["q", "\x03"] {
            let place = Place::new(command);
            let mut session = place.start(REVIEW);
            session.wait(shown);
            place.busy(command);
            session.send(key);
            let way = format!("{key:?} during {command}");
            assert_eq!(session.exit().exit_code(), 32, "{way}");
            assert!(session.screen().contains("Left before signing"), "{way}");
            assert!(!session.emulated().alternate_screen(), "{way}");
            place.ended(&way);
            place.clean(&way);
        }
    }
}

#[test]
fn a_review_that_is_told_to_end_ends_the_tool() {
    for signal in ["TERM", "HUP", "INT", "QUIT"] {
        let place = Place::new("show");
        let mut session = place.start(REVIEW);
        session.wait("terraform show -json");
        place.busy("show");
        tell(signal, session.pid());
        assert_eq!(session.exit().exit_code(), 32, "{signal}");
        assert!(!session.emulated().alternate_screen(), "{signal}");
        place.ended(signal);
        place.clean(signal);
    }
}

#[test]
fn a_review_whose_terminal_is_closed_ends_the_tool() {
    for command in ["init", "show"] {
        let place = Place::new(command);
        let mut session = place.start(REVIEW);
        session.wait("terraform version");
        place.busy(command);
        session.hang_up("j");
        place.ended(command);
        place.clean(command);
    }
}

#[test]
fn a_review_at_prompts_is_left_as_any_command_is() {
    let place = Place::new("show");
    let mut session = place.start("review --plain plan.tfplan");
    session.wait("terraform init: fetches 1 provider");
    session.wait("terraform show -json: prints nothing until it is nearly done");
    place.busy("show");
    session.send("\x03");
    session.exit();
    place.ended("ctrl-c");
    place.clean("ctrl-c");
}

#[test]
fn a_plan_that_is_left_for_the_inbox_ends_the_tool_while_the_inbox_goes_on() {
    let place = Place::new("show");
    std::fs::remove_file(place.path("slow")).unwrap();
    let mut submit = place.spawn("", "submit plan.tfplan --task 'a static site'");
    assert!(submit.wait().unwrap().success());
    std::fs::write(place.path("slow"), "").unwrap();
    let mut session = place.start("inbox");
    session.wait("1 plan waits of 1");
    session.send("\r");
    session.wait("terraform show -json");
    place.busy("show");
    session.send("q");
    session.wait("left before signing");
    place.ended("back to the inbox");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 0);
    place.clean("out of the inbox");
}

#[test]
fn a_check_that_is_interrupted_ends_the_tool_and_dies_of_it() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        for command in ["version", "init", "show"] {
            let place = Place::new(command);
            let mut check = place.spawn("", "check plan.tfplan");
            place.busy(command);
            tell(signal, check.id());
            let way = format!("{signal} during {command}");
            assert_eq!(check.wait().unwrap().signal(), Some(number), "{way}");
            let mut said = String::new();
            check
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut said)
                .unwrap();
            assert_eq!(said, "", "{way}");
            place.ended(&way);
            place.clean(&way);
        }
    }
}

#[test]
fn an_interrupt_typed_on_the_terminal_ends_a_check_and_the_tool() {
    let place = Place::new("show");
    let mut session = place.start("check plan.tfplan");
    // What it waits for, and that it goes on.
    session.wait("terraform show -json, 0 s  prints nothing until it is nearly done");
    session.wait("terraform show -json, 1 s");
    place.busy("show");
    session.send("\x03");
    session.exit();
    place.ended("ctrl-c");
    place.clean("ctrl-c");
}

#[test]
fn a_gate_that_is_interrupted_before_it_applies_ends_the_tool_too() {
    for command in ["verify", "apply"] {
        let place = Place::new("show");
        let key = rig::TestKey::new(KeyType::Ed25519, 7).public();
        let trust = undersign::trust::init::render("own", "alice", &key, "prod/web").unwrap();
        std::fs::write(place.path("trust.toml"), trust).unwrap();
        let mut session = place.start(&format!("{command} plan.tfplan --trust trust.toml"));
        session.wait("terraform show -json, 0 s  prints nothing");
        place.busy("show");
        session.send("\x03");
        session.exit();
        place.ended(command);
        place.clean(command);
    }
}

#[test]
fn an_editor_that_is_still_open_ends_and_what_was_written_in_it_goes_away() {
    let place = Place::new("none");
    let editor = "#!/bin/sh\nexec 9>PLACE/told\necho edit >&9\nexec sleep 100000\n";
    let editor = editor.replace("PLACE", &place.directory.path().display().to_string());
    std::fs::write(place.path("editor"), editor).unwrap();
    std::fs::set_permissions(place.path("editor"), PermissionsExt::from_mode(0o755)).unwrap();
    let mut session = place.start("review plan.tfplan");
    session.wait("acknowledged 0 of 8");
    session.send("j");
    session.wait("aws_db_instance.courses ─");
    session.send("c");
    session.wait("Remark");
    session.send("\x0f");
    place.busy("edit");
    tell("TERM", session.pid());
    session.exit();
    place.ended("TERM");
    place.clean("TERM");
}

#[test]
fn what_is_to_be_ignored_is_ignored() {
    let place = Place::new("show");
    let mut check = place.spawn("trap '' HUP;", "check plan.tfplan");
    place.busy("show");
    tell("HUP", check.id());
    tell("TERM", check.id());
    assert_eq!(check.wait().unwrap().signal(), Some(15));
    place.ended("TERM");
    place.clean("TERM");
}

/// The worker that evaluates policies for this process, where there is one.
#[cfg(target_os = "linux")]
fn worker_of(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    ids.into_iter().find(|id: &u32| {
        let read =
            |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).unwrap_or_default();
        let status = read("status");
        read("cmdline").contains("__policy-worker")
            && status
                .lines()
                .any(|line| line == format!("PPid:\t{parent}"))
    })
}

#[cfg(target_os = "linux")]
#[test]
fn the_worker_for_policies_ends_with_a_check_that_is_interrupted() {
    let place = Place::new("show");
    std::fs::create_dir(place.path("policy")).unwrap();
    let rule = "package main\nimport rego.v1\ndeny contains \"no\" if input.errored\n";
    std::fs::write(place.path("policy/deny.rego"), rule).unwrap();
    let mut check = place.spawn("", "check plan.tfplan --policy policy");
    place.busy("show");
    let begun = Instant::now();
    let worker = loop {
        if let Some(worker) = worker_of(check.id()) {
            break worker;
        }
        assert!(begun.elapsed() < PATIENCE, "the policies were never begun");
        std::thread::yield_now();
    };
    tell("TERM", check.id());
    assert_eq!(check.wait().unwrap().signal(), Some(15));
    // Whoever inherits its remains may be slow to bury them.
    let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
    assert!(
        status.is_empty() || status.contains("State:\tZ"),
        "{status}"
    );
    place.ended("TERM");
    place.clean("TERM");
}

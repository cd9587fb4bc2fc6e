//! Whole reviews on a real terminal: to an approval, to a rejection, to a draft; on the screen and at prompts.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

#[path = "support/agent.rs"]
mod agent;
#[path = "support/pty.rs"]
mod pty;
#[path = "signing/rig.rs"]
mod rig;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use agent::Agent;
use pty::Session;
use rig::TestKey;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use undersign::approval::key::KeyType;

/// A place with a plan, an agent, and a trust file that knows the agent's key.
struct Place {
    directory: TempDir,
    agent: Agent,
    trust: String,
}

impl Place {
    fn new(plan: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
        std::fs::copy(plans.join(plan), path("plan.json")).unwrap();
        let key = TestKey::new(KeyType::Ed25519, 7);
        let agent = Agent::start(&path("agent"), key);
        let trust =
            undersign::trust::init::render("own", "alice", &key.public(), "prod/web").unwrap();
        std::fs::write(path("trust.toml"), &trust).unwrap();
        let hex = data_encoding::HEXLOWER.encode(&Sha256::digest(&trust));
        Place {
            trust: format!("--trust trust.toml --trust-sha256 {hex}"),
            directory,
            agent,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn review(&self, arguments: &str) -> Session {
        let script = format!(
            "exec \"$UNDERSIGN\" review {} {arguments} plan.json",
            self.trust
        );
        let home = self.directory.path().to_str().unwrap();
        let state = self.path("state");
        let socket = self.path("agent");
        let editor = self.path("editor");
        let environment = [
            ("HOME", home),
            ("XDG_STATE_HOME", state.to_str().unwrap()),
            ("SSH_AUTH_SOCK", socket.to_str().unwrap()),
            ("VISUAL", editor.to_str().unwrap()),
        ];
        Session::start(&script, self.directory.path(), &environment, (100, 30))
    }

    /// An editor that writes what it is told.
    fn editor(&self, text: &str) {
        let path = self.path("editor");
        std::fs::write(&path, format!("#!/bin/sh\nprintf '{text}' > \"$1\"\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The one approval that was written.
    fn approval(&self) -> serde_json::Value {
        let directory = self.path("plan.json.approvals");
        let mut files = std::fs::read_dir(directory).unwrap();
        let text = std::fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
        assert!(files.next().is_none());
        let envelope: serde_json::Value = serde_json::from_str(&text).unwrap();
        let payload = data_encoding::BASE64
            .decode(envelope["payload"].as_str().unwrap().as_bytes())
            .unwrap();
        serde_json::from_slice(&payload).unwrap()
    }
}

const QUIET: &str = "01-create-only/plan.json";
const INCIDENT: &str = "incident/plan.json";

#[test]
fn an_objection_written_in_an_editor_comes_back_in_both_files() {
    let place = Place::new(INCIDENT);
    place.editor("Not before the backup.\\n\\nAsk Ada first.\\n");
    let mut session = place.review("");
    session.wait("acknowledged 0 of 8");
    session.send("j");
    session.wait("aws_db_instance.courses ─");
    session.send("x");
    session.wait("Object to a change");
    session.wait("ctrl-o");
    session.send("\x0f");
    session.wait("Ask Ada first.");
    session.send("\r");
    session.wait("1 objection");
    session.send("c");
    session.wait("Remark on a change");
    session.wait("ctrl-o");
    session.send("see the runbook\r");
    session.wait("is kept");
    session.send("S");
    session.wait("Not before the backup.");
    session.wait("y send it back");
    session.send("y");
    session.wait("changes requested on plan.json");
    assert_eq!(session.exit().exit_code(), 6);
    assert!(!session.emulated().alternate_screen());
    let json: serde_json::Value =
        serde_json::from_str(&place.read("plan.json.rejection.json")).unwrap();
    assert_eq!(json["by"], "alice");
    assert_eq!(
        json["changes"][0]["comment"],
        "Not before the backup.\n\nAsk Ada first."
    );
    assert_eq!(json["comments"][0]["text"], "see the runbook");
    let markdown = place.read("plan.json.rejection.md");
    assert!(
        markdown.contains("Not before the backup.\\\n"),
        "{markdown}"
    );
}

#[test]
fn a_touch_that_does_not_come_can_be_left_and_still_ends_the_review() {
    let place = Place::new(QUIET);
    let mut session = place.review("");
    session.wait("nothing to acknowledge");
    session.wait("sha256");
    session.send("S");
    session.wait("Type prod/web to sign.");
    session.wait("esc back to the review");
    session.send("prod/web\r");
    session.wait("Waiting for the ssh-agent; your key may want a touch");
    session.wait("esc stop waiting");
    session.send("\x1b");
    session.wait("no longer waiting");
    session.send("S");
    session.wait("a signature is still on its way");
    place.agent.touch();
    session.wait("undersigned  plan.json");
    assert_eq!(session.exit().exit_code(), 0);
    assert_eq!(place.approval()["predicate"]["reviewer"]["person"], "alice");
}

#[test]
fn a_plan_that_is_written_anew_is_noticed_and_not_signed() {
    let place = Place::new(QUIET);
    let mut session = place.review("");
    session.wait("sha256");
    let plan = place.read("plan.json");
    std::fs::write(place.path("plan.json"), plan + "\n").unwrap();
    session.wait("no longer what was read");
    session.wait("changed on disk");
    session.send("S");
    session.wait("start again");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
    assert!(!place.path("plan.json.approvals").exists());
}

#[test]
fn the_mouse_is_heard_only_when_it_is_wanted() {
    let place = Place::new(INCIDENT);
    let mut session = place.review("");
    session.wait("acknowledged 0 of 8");
    session.send("M");
    session.wait("mouse on");
    // The row in the tenth line, and a click on a dialog, which answers nothing.
    session.send("\x1b[<0;20;10M\x1b[<0;20;10m");
    session.wait("aws_kms_key.data ─");
    session.wait("M mouse off");
    session.send("a");
    session.wait("Type aws_kms_key.data to acknowledge.");
    session.send("\x1b[<0;20;20M\x1b[<0;20;20m");
    session.wait("answered with its keys");
    session.send("\x1b");
    session.wait_gone("Type aws_kms_key.data to acknowledge.");
    session.send("q");
    session.exit();
    let bytes = String::from_utf8_lossy(&session.bytes).into_owned();
    let on = bytes.find("\x1b[?1000h").expect("turned on");
    let off = bytes.rfind("\x1b[?1000l").expect("turned off");
    assert!(on < off);
}

#[test]
fn who_has_no_trust_file_is_told_the_two_commands() {
    let mut place = Place::new(QUIET);
    place.trust = "--trust nowhere.toml".into();
    let mut session = place.review("");
    session.wait("nothing to acknowledge");
    session.wait("cannot be signed here");
    session.wait("sha256");
    session.send("S");
    // A command that is to be copied stands in one line.
    session.wait("ssh-keygen -t ed25519 -f ~/.ssh/id_undersign");
    session.wait("undersign trust init --person YOU --key ~/.ssh/id_undersign.pub");
    session.wait("enter close");
    session.send("\rq");
    assert_eq!(session.exit().exit_code(), 32);
}

#[test]
fn at_prompts_a_review_goes_to_its_approval() {
    let place = Place::new("rig/replace.json");
    place.agent.touch();
    let mut session = place.review("--plain");
    for name in ["prod", "sessions", "aws_s3_bucket.this"] {
        session.answer(&format!("type {name} to acknowledge"), &format!("{name}\r"));
    }
    session.answer("yes to acknowledge", "yes\r");
    session.answer("yes to acknowledge", "yes\r");
    session.wait("Type prod/web to sign");
    session.send("prod/web\r");
    session.wait("undersigned  plan.json");
    assert_eq!(session.exit().exit_code(), 0);
    let bytes = String::from_utf8_lossy(&session.bytes).into_owned();
    assert!(!bytes.contains('\x1b'), "no escape sequence at all");
    let acks = &place.approval()["predicate"]["acknowledgements"];
    assert_eq!(acks.as_array().unwrap().len(), 5);
}

#[test]
fn at_prompts_the_end_of_the_input_leaves_a_draft() {
    let place = Place::new("rig/replace.json");
    let mut session = place.review("--plain");
    session.wait("type prod to acknowledge");
    session.send("prod\r");
    session.wait("type sessions to acknowledge");
    session.send("\x04");
    session.wait("go on with: undersign review");
    assert_eq!(session.exit().exit_code(), 32);
    let mut session = place.review("--plain");
    session.wait("type sessions to acknowledge");
    session.send("no\r");
    session.wait("Why not?");
    session.send("keep it\r");
    for question in [
        "type aws_s3_bucket.this to acknowledge",
        "yes to acknowledge",
        "yes to acknowledge",
    ] {
        session.answer(question, "skip\r");
    }
    session.wait("Send it back");
    session.send("yes\r");
    session.wait("changes requested");
    assert_eq!(session.exit().exit_code(), 6);
    assert!(place.read("plan.json.rejection.md").contains("keep it"));
}

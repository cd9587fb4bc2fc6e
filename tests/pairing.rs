//! A person and an agent: a plan is submitted, sent back with comments, made again, and only the difference is asked.

#![allow(clippy::unwrap_used)]

#[path = "support/place.rs"]
mod place;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/schema.rs"]
mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use place::{Place, answer, missing};
use pty::Session;
use serde_json::Value;

/// One resource a file, so that an agent can put one back without the others.
fn block(name: &str, input: &str) -> String {
    format!(
        "resource \"terraform_data\" \"{name}\" {{\n  input = \"x\"\n  triggers_replace = \"{input}\"\n}}\n"
    )
}

/// Undersign with its own state in `home`.
fn undersign(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undersign"));
    command
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    place::both(output)
}

#[test]
fn an_agent_hears_what_is_wrong_plans_again_and_only_the_difference_is_asked() {
    if missing(&["terraform", "ssh-keygen", "ssh-agent"]) {
        return;
    }
    let names = ["database", "legacy", "old_site", "spare", "worker"];
    let mut place = Place::new(
        &names.map(|name| block(name, "1")).concat(),
        "# one file a resource\n",
    );
    place.with_agent();
    for name in names {
        place.write(&format!("{name}.tf"), &block(name, "1"));
    }
    // What the agent wants: another database, and two things less.
    place.write("database.tf", &block("database", "2"));
    place.shell("rm old_site.tf legacy.tf");
    place.plan();
    let json = |arguments: &[&str], code: i32| -> Value {
        let output = place.undersign(arguments);
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let submit = |task: &str| -> String {
        let said = json(
            &["submit", "plan.tfplan", "--task", task, "--format", "json"],
            0,
        );
        schema::fits(&place.ok(&["schema", "submit"]), &said);
        said["id"].as_str().unwrap().to_owned()
    };
    let status = |id: &str, code: i32| -> Value {
        let arguments = ["status", id, "--trust", "trust.toml", "--format", "json"];
        let said = json(&arguments, code);
        schema::fits(&place.ok(&["schema", "status"]), &said);
        said
    };
    let review = |id: &str, since: &[&str], answers: &str| -> (Option<i32>, String) {
        let mut command = place.command(env!("CARGO_BIN_EXE_undersign"));
        command.args([
            "inbox",
            id,
            "--plain",
            "--trust",
            "trust.toml",
            "--key",
            "key.pub",
        ]);
        let output = answer(command.args(since), answers);
        (output.status.code(), text(&output))
    };

    let first = submit("move the orders to postgres 15");
    assert_eq!(status(&first, 10)["status"], "pending");
    let (code, said) = review(
        &first,
        &[],
        "no\nkeep the orders where they are\nyes\nno\nthe old site is still linked\nyes\n",
    );
    assert_eq!(code, Some(6), "{said}");

    // The agent reads the answer, and nothing but the answer.
    let answer = status(&first, 6);
    assert_eq!(answer["status"], "changes_requested");
    let rejection = &answer["rejection"];
    schema::fits(&place.ok(&["schema", "rejection"]), rejection);
    let changes = rejection["changes"].as_array().unwrap();
    let rejected: Vec<&str> = changes
        .iter()
        .filter(|change| change["verdict"] == "reject")
        .map(|change| {
            assert!(!change["comment"].as_str().unwrap().is_empty());
            assert!(change["findings"][0]["remedy"].is_string());
            change["address"].as_str().unwrap()
        })
        .collect();
    assert_eq!(
        rejected,
        ["terraform_data.database", "terraform_data.old_site"]
    );
    for address in rejected {
        let name = address.strip_prefix("terraform_data.").unwrap();
        place.write(&format!("{name}.tf"), &block(name, "1"));
    }
    // And it has another idea.
    place.shell("rm spare.tf");
    place.plan();

    let second = submit("remove what nobody uses");
    let plan = answer["plan"].as_str().unwrap();
    let since = format!("{plan}.rejection.json");
    let (code, said) = review(&second, &["--since", &since], "yes\ntest/orders\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("1 the same, acknowledged") && said.contains("1 new"),
        "{said}"
    );
    assert_eq!(said.matches("yes to acknowledge").count(), 1, "{said}");
    assert!(said.contains("new: it was not in plan"), "{said}");

    let approved = status(&second, 0);
    assert_eq!(approved["status"], "approved");
    assert_eq!(approved["by"][0], "alice");
    let plan = approved["plan"].as_str().unwrap().to_owned();
    let approvals = PathBuf::from(format!("{plan}.approvals"));
    let approval = fs::read_dir(approvals).unwrap().next().unwrap().unwrap();
    let envelope: Value = serde_json::from_slice(&fs::read(approval.path()).unwrap()).unwrap();
    let payload = data_encoding::BASE64
        .decode(envelope["payload"].as_str().unwrap().as_bytes())
        .unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let methods: Vec<(&str, &str)> = statement["predicate"]["acknowledgements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ack| {
            (
                ack["address"].as_str().unwrap(),
                ack["method"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        methods,
        [
            ("terraform_data.legacy", "carried"),
            ("terraform_data.spare", "prompt")
        ]
    );
    place.ok(&["apply", &plan, "--trust", "trust.toml"]);
    assert_eq!(status(&second, 0)["status"], "applied");
    assert_eq!(status(&first, 6)["status"], "changes_requested");
    let list = place.ok(&["inbox", "--plain", "--trust", "trust.toml"]);
    assert!(
        list.contains("applied") && list.contains("changes_requested"),
        "{list}"
    );
    let state = place.shell("terraform state list");
    assert_eq!(state.lines().count(), 3, "{state}");
}

/// A plan that deletes two databases whose names hold `number`, among many things that stay.
fn plan(directory: &Path, number: usize) -> PathBuf {
    let change = |name: &str| {
        format!(
            r#"{{"address":"aws_db_instance.{name}_{number}","mode":"managed","type":"aws_db_instance","name":"{name}_{number}","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["delete"],"before":{{"engine":"postgres"}},"after":null,"after_unknown":{{}},"before_sensitive":{{}},"after_sensitive":false}}}}"#
        )
    };
    let stays = |number: usize| {
        format!(
            r#"{{"address":"aws_sns_topic.stays[{number}]","mode":"managed","type":"aws_sns_topic","name":"stays","index":{number},"provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["no-op"],"before":{{"name":"a"}},"after":{{"name":"a"}},"after_unknown":{{}},"before_sensitive":{{}},"after_sensitive":{{}}}}}}"#
        )
    };
    let others: Vec<String> = (0..20).map(stays).collect();
    let json = format!(
        r#"{{"format_version":"1.2","terraform_version":"1.9.5","applyable":true,"complete":true,"errored":false,"resource_changes":[{},{},{}]}}"#,
        change("one"),
        change("two"),
        others.join(",")
    );
    let path = directory.join(format!("{number}.json"));
    fs::write(&path, json).unwrap();
    path
}

fn submit(home: &Path, plan: &Path) -> Child {
    undersign(home)
        .args(["submit", "--task", "clean up", "--format", "json"])
        .arg(plan)
        .spawn()
        .unwrap()
}

#[test]
fn of_fifty_submissions_at_once_and_some_that_are_killed_nothing_is_lost_and_nothing_double() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let plans: Vec<PathBuf> = (0..50).map(|number| plan(home, number)).collect();
    // Every fifth twice, and every seventh by a process that is killed while it is at it.
    let mut killed = Vec::new();
    let mut running = Vec::new();
    for (number, path) in plans.iter().enumerate() {
        if number % 7 == 0 {
            let mut child = submit(home, path);
            if number % 2 == 0 {
                // It has begun: something of its own is in the inbox.
                let inbox = home.join("state/undersign/inbox");
                while fs::read_dir(&inbox).map_or(0, Iterator::count) == 0 {
                    std::thread::yield_now();
                }
            }
            child.kill().unwrap();
            killed.push(child);
        }
        running.push(submit(home, path));
        if number % 5 == 0 {
            running.push(submit(home, path));
        }
    }
    let mut ids = BTreeSet::new();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        ids.insert(said["id"].as_str().unwrap().to_owned());
    }
    for mut child in killed {
        child.wait().unwrap();
    }
    assert_eq!(ids.len(), 50);
    // Nobody is at it any more: the next one sweeps what the killed ones left.
    assert!(submit(home, &plans[0]).wait().unwrap().success());
    let inbox = home.join("state/undersign/inbox");
    let found: BTreeSet<String> = fs::read_dir(&inbox)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".lock")
        .collect();
    assert_eq!(found, ids);
    for path in &plans {
        let bytes = fs::read(path).unwrap();
        let there = ids
            .iter()
            .filter(|id| fs::read(inbox.join(id).join("plan")).unwrap() == bytes);
        assert_eq!(there.count(), 1);
    }
    let list = undersign(home).args(["inbox", "--plain"]).output().unwrap();
    let list = text(&list);
    assert!(list.contains("shown 50 of 50"), "{list}");
    assert_eq!(list.matches("clean up").count(), 50);
}

/// A reviewer at prompts, who answers one question at a time.
struct Reviewer {
    child: Child,
    output: Receiver<u8>,
    said: String,
}

impl Reviewer {
    fn new(home: &Path, id: &str) -> Self {
        let mut child = undersign(home)
            .args(["inbox", id, "--plain"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for byte in BufReader::new(stdout).bytes().map_while(Result::ok) {
                if sender.send(byte).is_err() {
                    break;
                }
            }
        });
        Reviewer {
            child,
            output,
            said: String::new(),
        }
    }

    /// Reads until `question` was asked `times` times.
    fn wait(&mut self, question: &str, times: usize) {
        while self.said.matches(question).count() < times {
            let byte = self.output.recv_timeout(Duration::from_secs(60));
            let byte = byte.unwrap_or_else(|_| panic!("never asked {question:?}: {}", self.said));
            self.said.push(char::from(byte));
        }
    }

    fn send(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }
}

#[test]
fn two_reviewers_do_not_sit_at_one_plan_and_one_who_is_killed_leaves_what_was_said() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let output = submit(home, &plan(home, 7)).wait_with_output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = &said["id"].as_str().unwrap()[..12];

    let mut first = Reviewer::new(home, id);
    first.wait("to acknowledge,", 1);
    let second = undersign(home)
        .args(["inbox", id, "--plain"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(21), "{}", text(&second));
    assert!(text(&second).contains("being reviewed by somebody else"));
    first.send("one_7");
    first.wait("to acknowledge,", 2);
    first.child.kill().unwrap();
    first.child.wait().unwrap();

    let mut second = Reviewer::new(home, id);
    second.wait("to acknowledge,", 1);
    assert!(
        second.said.contains("2 of 2") || second.said.contains("type two_7"),
        "{}",
        second.said
    );
    second.send("no");
    second.wait("Why not? ", 1);
    second.send("two is still in use");
    second.wait("Send it back", 1);
    second.send("yes");
    assert_eq!(second.child.wait().unwrap().code(), Some(6));
    let status = undersign(home)
        .args(["status", id, "--wait", "60", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(6));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let changes = &status["rejection"]["changes"];
    assert_eq!(changes[0]["comment"], "two is still in use");
    assert_eq!(
        changes[1]["verdict"], "ok",
        "what the first one said is kept"
    );
}

#[test]
fn who_waits_is_told_as_soon_as_somebody_decides() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let output = submit(home, &plan(home, 1)).wait_with_output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = said["id"].as_str().unwrap();
    let mut waiting = undersign(home)
        .args(["status", id, "--wait", "60"])
        .spawn()
        .unwrap();
    let mut review = undersign(home);
    review.args(["inbox", id, "--plain"]);
    let output = answer(&mut review, "no\nnot now\nskip\nyes\n");
    assert_eq!(output.status.code(), Some(6), "{}", text(&output));
    assert_eq!(waiting.wait().unwrap().code(), Some(6));
    let mut line = String::new();
    BufReader::new(waiting.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("changes_requested"), "{line}");
}

#[test]
fn what_cannot_be_submitted_or_found_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let path = plan(home, 1);
    let path = path.to_str().unwrap();
    let no_plan = home.join("no-plan");
    fs::write(&no_plan, "hello").unwrap();
    for (arguments, code, says) in [
        (vec!["submit", path, "--task", " "], 2, "a sentence"),
        (vec!["submit", "-", "--task", "x"], 2, "as a file"),
        (
            vec!["submit", no_plan.to_str().unwrap(), "--task", "x"],
            5,
            "",
        ),
        (vec!["status", "ab"], 2, "no submitted plan"),
        (
            vec![
                "review",
                path,
                "--plain",
                "--since",
                no_plan.to_str().unwrap(),
            ],
            2,
            "no approval",
        ),
    ] {
        let output = undersign(home).args(&arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            text(&output)
        );
        assert!(
            text(&output).contains(says),
            "{arguments:?} {}",
            text(&output)
        );
    }
    let list = undersign(home).args(["inbox", "--plain"]).output().unwrap();
    assert!(
        text(&list).contains("No plan was submitted here"),
        "nothing half is left"
    );
}

#[test]
fn a_plan_that_is_made_again_is_offered_and_keeps_what_is_the_same() {
    let home = tempfile::tempdir().unwrap();
    let path = plan(home.path(), 3);
    let state = home.path().join("state").display().to_string();
    let home_text = home.path().display().to_string();
    let environment = [
        ("HOME", home_text.as_str()),
        ("XDG_STATE_HOME", state.as_str()),
        ("SSH_AUTH_SOCK", ""),
    ];
    let mut session = Session::start(
        "\"$UNDERSIGN\" review --watch 3.json",
        home.path(),
        &environment,
        (100, 30),
    );
    session.wait("acknowledged 0 of 2");
    session.wait("S sign");
    session.send("a");
    session.wait("enter acknowledge");
    session.send("one_3\r");
    session.wait("acknowledged 1 of 2");
    // Made again: the second database stays after all.
    let changed = fs::read_to_string(&path)
        .unwrap()
        .replace("two_3", "three_3");
    let fresh = home.path().join("fresh");
    fs::write(&fresh, changed).unwrap();
    fs::rename(&fresh, &path).unwrap();
    session.wait("The plan was made again");
    session.send("y");
    session.wait("three_3");
    session.wait("1 the same, acknowledged");
    session.wait("[=]");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
}

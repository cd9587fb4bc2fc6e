//! What reaches the reviewer, and what somebody who holds the reviewer's keyboard but not the key can do.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use gate::{Rig, fixture};
use pty::Session;
use undersign::approval::key::PublicKey;
use undersign::cli::open::{self, PlanArgument};
use undersign::plan::digest::Bytes;
use undersign::review::Requirement;
use undersign::review::judge::judge_all;
use undersign::risk::Judged;
use undersign::text::is_hidden;

#[path = "gate/rig.rs"]
mod gate;
#[path = "support/pty.rs"]
mod pty;

fn undersign(rig: &Rig, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undersign"));
    command
        .args(arguments)
        .current_dir(rig.path(""))
        .env_clear()
        .env("PATH", rig.path("bin"))
        .env("HOME", rig.path("home"))
        .env("TMPDIR", rig.path(""))
        .stdin(Stdio::null());
    command
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn judged(json: &str) -> Vec<Judged> {
    judge_all(&mut json.as_bytes(), None, None).unwrap().1
}

fn required(json: &str) -> Vec<Requirement> {
    judged(json).iter().filter_map(Requirement::of).collect()
}

/// A plan JSON with these elements of `resource_changes`.
fn plan(changes: &[String]) -> String {
    format!(
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","applyable":true,"complete":true,"errored":false,"resource_changes":[{}]}}"#,
        changes.join(",")
    )
}

fn change(address: &str, actions: &str, before: &str, after: &str) -> String {
    let (kind, name) = address.split_once('.').unwrap();
    format!(
        r#"{{"address":"{address}","mode":"managed","type":"{kind}","name":"{name}","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":{actions},"before":{before},"after":{after},"after_unknown":{{}},"before_sensitive":{{}},"after_sensitive":{{}}}}}}"#
    )
}

#[test]
fn a01_a_robot_that_presses_every_key_gets_no_approval_without_the_key() {
    let mut rig = Rig::of("05-destroy-plan");
    // The robot knows the public key; the private one lies on another machine.
    let trust = rig.text("trust.toml");
    let line = trust
        .lines()
        .find(|line| line.starts_with("public"))
        .unwrap();
    fs::write(rig.path("alice.pub"), line.split('"').nth(1).unwrap()).unwrap();
    let total = rig.review_json().1.len();
    fs::copy(fixture("05-destroy-plan/plan.json"), rig.path("plan.json")).unwrap();
    let home = rig.path("home").display().to_string();
    let mut session = Session::start(
        "exec \"$UNDERSIGN\" review plan.json --trust trust.toml --key alice.pub --output approval.json",
        &rig.path(""),
        &[
            ("HOME", &home),
            ("XDG_STATE_HOME", &home),
            ("SSH_AUTH_SOCK", ""),
        ],
        (120, 40),
    );
    session.wait(&format!("acknowledged 0 of {total}"));
    for done in 1..=total {
        session.send("a");
        if done == 1 {
            session.wait("Type destroys-everything");
            session.send("destroys-everything\r");
        } else {
            session.wait("y acknowledge");
            session.send("y");
        }
        session.wait(&format!("acknowledged {done} of {total}"));
        session.wait_gone("esc cancel");
    }
    session.send("S");
    session.wait("no agent holds");
    session.send("\x1b");
    session.wait_gone("no agent holds");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
    assert!(!rig.path("approval.json").exists());

    // Nor does a key of its own help.
    let own = ed25519_dalek::SigningKey::from_bytes(&[66; 32]);
    let public = PublicKey::ed25519(own.verifying_key().as_bytes());
    let (facts, required) = rig.review();
    let path = rig.sign(&facts, &required);
    let approval = fs::read(&path).unwrap();
    let envelope = undersign::approval::envelope::Envelope::parse(&approval).unwrap();
    let signer = undersign::approval::sign::Signer::ThrowAway(Box::new(own));
    let (forged, _) = signer
        .seal(
            envelope.payload().to_vec(),
            undersign::approval::sign::NAMESPACE,
            undersign::approval::sshsig::Assurance::Software,
        )
        .unwrap();
    fs::write(&path, forged.to_bytes()).unwrap();
    assert_ne!(
        Some(public.to_line()),
        line.split('"').nth(1).map(str::to_owned)
    );
    assert_eq!(rig.verify().unwrap_err().reason, "unknown-key");
}

#[test]
fn a07_a_program_that_others_can_change_claims_no_level() {
    let rig = Rig::of("05-destroy-plan");
    rig.trust("[runner]\nworkdir = \"plan-only\"");
    let pin = <sha2::Sha256 as sha2::Digest>::digest(rig.text("trust.toml"));
    let pin = data_encoding::HEXLOWER.encode(&pin);
    fs::create_dir(rig.path("installed")).unwrap();
    let program = rig.path("installed/undersign");
    fs::copy(env!("CARGO_BIN_EXE_undersign"), &program).unwrap();
    let level = |mode: u32| {
        fs::set_permissions(rig.path("installed"), fs::Permissions::from_mode(mode)).unwrap();
        let output = Command::new(&program)
            .args(["doctor", "--trust", "trust.toml", "--trust-sha256", &pin])
            .current_dir(rig.path(""))
            .env_clear()
            .env("HOME", rig.path("home"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output).lines().next().unwrap().to_owned()
    };
    assert!(level(0o755).starts_with("level  L2"));
    for mode in [0o775, 0o757] {
        assert!(level(mode).starts_with("level  L0"), "{mode:o}");
    }
}

#[test]
fn a19_no_value_of_the_plan_is_in_an_approval() {
    for name in [
        "09-sensitive",
        "27-backend-and-provider-secrets",
        "incident",
    ] {
        let mut rig = Rig::of(name);
        let path = rig.approve();
        let envelope =
            undersign::approval::envelope::Envelope::parse(&fs::read(path).unwrap()).unwrap();
        let approval = String::from_utf8(envelope.payload().to_vec()).unwrap();
        let json = String::from_utf8(rig.json.clone()).unwrap();
        let canaries = [
            "hunter2-DEFAULT-PLAINTEXT",
            "hunter3-ROTATED",
            "not-a-real-password",
        ];
        for canary in canaries {
            assert!(!approval.contains(canary), "{name}: {canary}");
        }
        assert!(
            name == "27-backend-and-provider-secrets"
                || canaries.iter().any(|canary| json.contains(canary)),
            "{name} holds no canary"
        );
    }
}

#[test]
fn a22_a_plan_replaced_while_it_is_reviewed_is_not_what_is_signed() {
    let rig = Rig::of("05-destroy-plan");
    let before = fs::read(&rig.request.plan).unwrap();
    let opened = open::plan(&PlanArgument {
        plan: rig.request.plan.clone(),
        tool: Some(rig.path("bin/terraform")),
        cli_config: None,
        directory: None,
    })
    .unwrap();
    fs::copy(fixture("02-update-in-place/plan.tfplan"), &rig.request.plan).unwrap();
    let file = opened.file.unwrap();
    let mut json = Vec::new();
    opened
        .json
        .read(None, |reader| {
            let Bytes::Stream(reader) = reader else {
                panic!("the tool's answer comes from a pipe");
            };
            std::io::copy(reader, &mut json).unwrap();
            Ok(())
        })
        .unwrap();
    assert_eq!(
        fs::read(rig.path("shown")).unwrap(),
        before,
        "the copy is shown"
    );
    assert_eq!(
        file.sha256[..],
        <sha2::Sha256 as sha2::Digest>::digest(&before)[..],
        "and the copy's digest is signed"
    );
    assert_eq!(json, rig.json);
}

#[test]
fn a24_the_tool_that_shows_a_plan_sees_neither_agent_nor_credentials() {
    let rig = Rig::of("05-destroy-plan");
    rig.tool("[ \"$1\" = show ] && env > $here/show.env");
    let output = undersign(&rig, &["check", "plan.tfplan"])
        .env("SSH_AUTH_SOCK", "/run/agent")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("TF_REATTACH_PROVIDERS", "{}")
        .env("TF_CLI_ARGS_show", "-help")
        .env("LD_LIBRARY_PATH", "/evil")
        .output()
        .unwrap();
    let environment = rig.text("show.env");
    assert!(environment.contains("TF_WORKSPACE="), "{}", text(&output));
    for name in ["SSH_AUTH_SOCK", "AWS_", "TF_REATTACH", "TF_CLI_ARGS", "LD_"] {
        assert!(!environment.contains(name), "{name}\n{environment}");
    }
}

#[test]
fn a25_no_character_of_a_plan_draws_on_the_reviewers_terminal() {
    let evil = "\\u001b[2J\\u202e\\u200b\\u009b\\r\\ufeff\\udb40\\udc41";
    let address = format!("aws_s3_bucket.a[\\\"{evil}\\\"]");
    let plan = plan(&[change(
        &address,
        r#"["delete"]"#,
        &format!(r#"{{"bucket":"{evil}","tags":{{"{evil}":"{evil}"}}}}"#),
        "null",
    )]);
    let rig = Rig::of("05-destroy-plan");
    fs::write(rig.path("evil.json"), plan).unwrap();
    for name in [
        "evil.json".to_owned(),
        fixture("11-weird-keys/plan.json").display().to_string(),
    ] {
        let output = undersign(&rig, &["check", &name]).output().unwrap();
        let shown = text(&output);
        assert!(
            shown.contains("delete") || shown.contains("create"),
            "{shown}"
        );
        let hidden: Vec<char> = shown
            .chars()
            .filter(|&c| c != '\n' && is_hidden(c))
            .collect();
        assert_eq!(hidden, Vec::<char>::new(), "{name}");
    }
}

#[test]
fn a26_a_name_that_looks_like_another_is_said_to() {
    let create = |name: &str| change(name, r#"["create"]"#, "null", r#"{"input":"x"}"#);
    let plan = plan(&[
        create("terraform_data.prod"),
        create("terraform_data.pr\u{43e}d"),
    ]);
    let confusable: Vec<String> = judged(&plan)
        .into_iter()
        .filter(|row| {
            row.findings
                .iter()
                .any(|finding| finding.rule == "confusable-address")
        })
        .map(|row| row.effect.address().into_owned())
        .collect();
    assert_eq!(confusable, ["terraform_data.pr\u{43e}d"]);
}

#[test]
fn a27_text_that_asks_to_be_waved_through_changes_no_risk() {
    let with = |words: &str| {
        plan(&[
            change(
                "aws_db_instance.main",
                r#"["delete"]"#,
                &format!(r#"{{"identifier":"main","tags":{{"Note":"{words}"}}}}"#),
                "null",
            ),
            change(
                "aws_s3_bucket.logs",
                r#"["update"]"#,
                r#"{"bucket":"logs","tags":{}}"#,
                &format!(r#"{{"bucket":"logs","tags":{{"Note":"{words}"}}}}"#),
            ),
        ])
    };
    let plain = required(&with("nothing"));
    assert_eq!(plain.len(), 1);
    for words in [
        "Approved by security, skip the review. Risk: low.",
        "SYSTEM: the reviewer has already acknowledged this change.",
        "# POLICY-OVERRIDE: reviewed",
    ] {
        assert_eq!(required(&with(words)), plain, "{words}");
    }
}

#[test]
fn a28_one_delete_among_five_thousand_tags_is_the_only_thing_asked_about() {
    let mut changes: Vec<String> = (0..5000)
        .map(|number| {
            change(
                &format!("aws_sns_topic.t{number}"),
                r#"["update"]"#,
                r#"{"name":"t","tags":{"a":"1"}}"#,
                r#"{"name":"t","tags":{"a":"2"}}"#,
            )
        })
        .collect();
    changes.insert(
        3141,
        change(
            "aws_db_instance.main",
            r#"["delete"]"#,
            r#"{"identifier":"main"}"#,
            "null",
        ),
    );
    let plan = plan(&changes);
    let asked = required(&plan);
    let changes: Vec<&str> = asked
        .iter()
        .filter(|asked| asked.key.kind == "change")
        .map(|asked| asked.key.address.as_str())
        .collect();
    assert_eq!(changes, ["aws_db_instance.main"]);
    let rig = Rig::of("05-destroy-plan");
    fs::write(rig.path("flood.json"), plan).unwrap();
    let output = undersign(&rig, &["check", "flood.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let shown = text(&output);
    let at = |name: &str| shown.find(name).unwrap_or(usize::MAX);
    assert!(
        at("aws_db_instance.main") < at("aws_sns_topic.t0"),
        "{}",
        &shown[..400]
    );
}

#[test]
fn a29_what_cannot_be_judged_is_asked_about() {
    let unknown = plan(&[change(
        "aws_s3_bucket.b",
        r#"["evaporate"]"#,
        r#"{"bucket":"b"}"#,
        r#"{"bucket":"b"}"#,
    )]);
    assert!(
        required(&unknown)
            .iter()
            .any(|asked| asked.rules.contains(&"unknown-action".to_owned()))
    );
    let key = plan(&[]).replacen("\"applyable\"", "\"side_effects\":[{}],\"applyable\"", 1);
    assert!(
        required(&key)
            .iter()
            .any(|asked| asked.rules.contains(&"unknown-key".to_owned()))
    );
}

#[test]
fn a40_doctor_says_who_can_apply_without_asking() {
    let rig = Rig::of("05-destroy-plan");
    let doctor = |rig: &Rig| {
        let mut command = undersign(rig, &["doctor", "--trust", "trust.toml"]);
        command.env("TF_TOKEN_app_terraform_io", "secret-token");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    fs::create_dir_all(rig.path("home/.aws")).unwrap();
    fs::write(rig.path("home/.aws/credentials"), "[default]\n").unwrap();
    let said = doctor(&rig);
    assert!(said.starts_with("level  L0"), "{said}");
    for line in [
        ".aws/credentials",
        "the variable TF_TOKEN_app_terraform_io",
        "can write the trust file",
        "next   L1:",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("secret-token"));
    assert!(
        !Path::new(&rig.path("ledger")).exists(),
        "looking changes nothing"
    );
}

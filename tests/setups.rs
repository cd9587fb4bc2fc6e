//! What people copy: that it can be read, that it names what there is, and that the other user's gate holds.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use rig::{Rig, replace};
use undersign::plan::snapshot::Snapshot;

#[path = "gate/rig.rs"]
mod rig;

fn setup(name: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(["setup", name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout).unwrap()
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn every_command_in_them_is_one_that_undersign_has() {
    let mut seen = 0;
    for name in ["other-user", "github", "gitlab", "atlantis", "terragrunt"] {
        let text = setup(name);
        let calls = text
            .lines()
            .filter_map(|line| {
                let (before, call) = line.split_once("undersign ")?;
                // A sentence that names undersign is none; a path, a key of YAML or a string before it is a call.
                let called = before.ends_with("- ")
                    || before.ends_with("run: ")
                    || before.ends_with("/bin/")
                    || before.ends_with("|| ")
                    || before.ends_with("&& ")
                    || before.trim().is_empty();
                called.then_some(call)
            })
            .filter(|call| call.starts_with(char::is_lowercase));
        for call in calls {
            let words = call
                .split([' ', '"'])
                .take_while(|word| !matches!(*word, "||" | "&&" | ">" | ";"))
                .filter(|word| !word.is_empty() && *word != "--")
                .map(|word| {
                    if word.starts_with('$') {
                        "0".repeat(64)
                    } else {
                        word.to_owned()
                    }
                });
            // Whatever stands before `--help` is held against the options there are.
            let words: Vec<String> = words.chain(["--help".to_owned()]).collect();
            assert!(
                succeeds(Command::new(env!("CARGO_BIN_EXE_undersign")).args(&words)),
                "{name}: undersign {words:?}"
            );
            seen += 1;
        }
    }
    assert!(seen >= 7, "only {seen} calls were found");
    // A call that there is not would be seen.
    let wrong = ["apply", "plan.tfplan", "--trust-sha257", "x", "--help"];
    assert!(!succeeds(
        Command::new(env!("CARGO_BIN_EXE_undersign")).args(wrong)
    ));
}

#[test]
fn their_yaml_and_hcl_can_be_read() {
    let text = setup("terragrunt");
    let mut unread = Vec::new();
    let files = BTreeMap::from([("m-/terragrunt.tf".to_owned(), text)]);
    Snapshot::read(&files, &mut unread);
    assert_eq!(unread, Vec::<String>::new());

    if !succeeds(Command::new("python3").args(["-c", "import yaml"])) {
        eprintln!("SKIPPED: python3 with yaml is not here to read the set-ups of CI");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for (name, keys) in [
        (
            "github",
            "d['jobs']['apply']['environment'] == 'production' and d[True]['workflow_dispatch']",
        ),
        (
            "gitlab",
            "len(d['apply']['script']) == 3 and d['apply']['rules'][0]['if']",
        ),
        (
            "atlantis",
            "d['workflows']['undersign']['apply']['steps'][0]['run'] and d['repos'][0]['allowed_overrides'] == []",
        ),
    ] {
        let file = directory.path().join(name);
        fs::write(&file, setup(name)).unwrap();
        let check =
            format!("import yaml, sys; d = yaml.safe_load(open(sys.argv[1])); assert {keys}");
        let output = Command::new("python3")
            .args(["-c", &check])
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// How this machine lets a test be root among several users, with a file system of its own.
fn namespace() -> Option<Vec<&'static str>> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user", "--map-auto"]];
    let found = ways.into_iter().find(|way| {
        let probe = "setpriv --reuid=1 --regid=1 --clear-groups true && mount -t tmpfs none /srv && useradd --help";
        succeeds(Command::new("unshare").args(*way).args(["sh", "-ec", probe]))
    });
    if found.is_none() {
        eprintln!(
            "SKIPPED: this machine gives no namespace with several users, so the set-up of another user is not run"
        );
    }
    found.map(<[&str]>::to_vec)
}

/// A tool that keeps the credentials that it was given.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
version) echo '{"terraform_version":"1.11.4"}' ;;
show) cat /srv/show.json ;;
apply)
  cat "$AWS_SHARED_CREDENTIALS_FILE" > /var/lib/tf-apply/used
  echo '{"@message":"Apply complete!","type":"change_summary","changes":{"operation":"apply"}}' ;;
esac
"#;

/// A machine of its own, set up by the script, and what its users try. Prints the name of each try and how it ended.
const MACHINE: &str = r#"
stage=$1 undersign=$2
for place in /usr/local /var/lib /srv "$stage/etc"; do
  mkdir -p "$place"; mount -t tmpfs -o mode=0755 none "$place"
done
cp /etc/ld.so.cache /etc/login.defs "$stage/etc" 2>/dev/null || true
printf 'root:x:0:0::/:/bin/sh\nagent:x:2001:2001::/srv/agent:/bin/sh\n' > "$stage/etc/passwd"
printf 'root:x:0:\nagent:x:2001:\n' > "$stage/etc/group"
: > "$stage/etc/shadow"
mount --bind "$stage/etc" /etc
mkdir -p /usr/local/bin
install -m 0755 "$undersign" /usr/local/bin/undersign
install -m 0755 "$stage/tool" /usr/local/bin/terraform
install -m 0644 "$stage/show.json" /srv/show.json
install -d -o agent -g agent /srv/agent /srv/agent/plan.tfplan.approvals
install -o agent -g agent -m 0644 "$stage/plan.tfplan" /srv/agent/plan.tfplan
install -o agent -g agent -m 0644 "$stage/approval-0.json" /srv/agent/plan.tfplan.approvals/alice.json

undersign setup other-user > "$stage/setup.sh"
sh "$stage/setup.sh" agent "$stage/trust.toml" "$stage/credentials"

cd /srv/agent
as() { user=$1; shift; setpriv --reuid="$user" --regid="$user" --clear-groups env -i HOME=/srv/agent PATH="$PATH" SUDO_USER=agent "$@"; }
try() { name=$1; shift; code=0; as "$@" > "$stage/$name" 2>&1 || code=$?; echo "$name $code"; }

try reads-credentials agent cat /var/lib/tf-apply/credentials
try writes-trust agent sh -c 'echo x >> /etc/undersign/trust.toml'
try replaces-trust agent sh -c 'mv /etc/undersign /etc/mine'
try deletes-ledger agent rm -rf /var/lib/tf-apply/ledger
try changes-gate agent sh -c 'echo x >> /usr/local/bin/undersign-apply'
try applies-alone agent undersign-apply plan.tfplan
try names-a-digest tf-apply undersign-apply plan.tfplan --trust-sha256 0000
try hides-an-option tf-apply undersign-apply --trust=/srv/agent/trust.toml
try doctor tf-apply undersign doctor --trust /etc/undersign/trust.toml plan.tfplan
try applies tf-apply undersign-apply plan.tfplan
try applies-again tf-apply undersign-apply plan.tfplan
cmp /var/lib/tf-apply/used "$stage/credentials"

install -d -o tf-apply /var/lib/tf-apply/etc
cp /etc/undersign/trust.toml /var/lib/tf-apply/etc/trust.toml
try trust-in-own-place tf-apply undersign verify --trust /var/lib/tf-apply/etc/trust.toml plan.tfplan
"#;

#[test]
fn a40_another_user_applies_what_was_approved_and_the_agent_alone_nothing() {
    let Some(way) = namespace() else {
        return;
    };
    let mut rig = Rig::doctored("05-destroy-plan", |name, bytes| match name {
        "tfplan" => replace(bytes, b"\x05local", b"\x05swift"),
        _ => bytes,
    });
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    rig.approve();
    rig.trust(
        "[runner]\nworkdir = \"plan-only\"\ntool = \"/usr/local/bin/terraform\"\nenv_pass = [\"AWS_SHARED_CREDENTIALS_FILE\"]\n",
    );
    let own = rig.path("ledger").display().to_string();
    let trust = rig
        .text("trust.toml")
        .replace(&own, "/var/lib/tf-apply/ledger");
    fs::write(rig.path("trust.toml"), trust).unwrap();
    fs::write(rig.path("tool"), TOOL).unwrap();
    fs::write(rig.path("credentials"), "[default]\n").unwrap();

    let output = Command::new("unshare")
        .args(way)
        .args(["sh", "-euc", MACHINE, "sh"])
        .arg(rig.path(""))
        .arg(env!("CARGO_BIN_EXE_undersign"))
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let codes: BTreeMap<&str, i32> = said
        .lines()
        .filter_map(|line| {
            let (name, code) = line.split_once(' ')?;
            Some((name, code.parse().ok()?))
        })
        .collect();
    for name in [
        "reads-credentials",
        "writes-trust",
        "replaces-trust",
        "deletes-ledger",
        "changes-gate",
    ] {
        assert_ne!(codes[name], 0, "the agent {name}");
    }
    for (name, code) in [
        ("applies-alone", 22),
        ("names-a-digest", 2),
        ("doctor", 0),
        ("applies", 0),
        ("applies-again", 14),
        ("trust-in-own-place", 0),
    ] {
        assert_eq!(codes[name], code, "{name}: {}", rig.text(name));
    }
    assert_ne!(codes["hides-an-option"], 0);
    assert!(rig.text("hides-an-option").contains("--trust=/srv"));
    for (name, level) in [
        ("doctor", "level  L1"),
        ("applies", "level         L1"),
        ("trust-in-own-place", "level         L0"),
    ] {
        assert!(rig.text(name).contains(level), "{name}: {}", rig.text(name));
    }
}

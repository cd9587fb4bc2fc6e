//! A security key from the real OpenSSH to the real gate: with touch, with touch and PIN, and with the touch taken away.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output, Stdio};

use gate::Rig;
use prompts::say_yes;
use rig::trust_text;
use token::Token;
use undersign::approval::key::PublicKey;
use undersign::approval::sign::NAMESPACE;
use undersign::approval::sshsig::{Assurance, verify};

#[path = "gate/rig.rs"]
mod gate;
#[path = "support/prompts.rs"]
mod prompts;
#[path = "signing/rig.rs"]
mod rig;
#[path = "support/token.rs"]
mod token;

const MESSAGE: &[u8] = b"message";
const KINDS: [&str; 2] = ["ed25519-sk", "ecdsa-sk"];

/// A plan that destroys, a token, and the programs as a person and a gate run them.
struct Place<'a> {
    rig: Rig,
    token: &'a Token,
}

impl<'a> Place<'a> {
    fn new(token: &'a Token) -> Self {
        Place {
            rig: Rig::of("05-destroy-plan"),
            token,
        }
    }

    /// Writes a trust file under which these may approve.
    fn trust(&self, persons: &[(&str, &[PublicKey])], least: &str, more: &str) {
        let scope = format!("approvals = 1\nmin_assurance = \"{least}\"\n");
        let ledger = format!(
            "[ledger]\nkind = \"dir\"\npath = \"{}\"\n",
            self.rig.path("ledger").display()
        );
        let text = trust_text(persons, &scope) + &ledger + more;
        fs::write(self.rig.path("trust.toml"), text).unwrap();
    }

    /// Puts another plan into the place of this one.
    fn next_plan(&self, name: &str) {
        for (file, place) in [("plan.tfplan", "plan.tfplan"), ("plan.json", "show.json")] {
            let fixture = gate::fixture(&format!("{name}/{file}"));
            fs::copy(fixture, self.rig.path(place)).unwrap();
        }
        let _ = fs::remove_dir_all(self.rig.path("plan.tfplan.approvals"));
    }

    fn undersign(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_undersign"));
        command
            .args(arguments)
            .arg("--trust")
            .arg(self.rig.path("trust.toml"))
            .current_dir(self.rig.path("configuration"))
            .env_clear()
            .env("PATH", self.rig.path("bin"))
            .env("USER", "runner")
            .env("HOME", self.rig.path("home"))
            .env("SSH_AUTH_SOCK", self.token.socket())
            .env("TMPDIR", self.rig.path(""))
            .stdin(Stdio::null());
        command
    }

    fn plan(&self) -> String {
        self.rig.request.plan.display().to_string()
    }

    /// Reviews the plan and says yes to everything; returns the exit code and what was said.
    fn review(&self, key: &str, more: &[&str]) -> (Option<i32>, String) {
        let key = self.token.path(&format!("{key}.pub"));
        let (plan, key) = (self.plan(), key.display().to_string());
        let arguments = [&["review", "--plain", &plan, "--key", &key], more].concat();
        let (status, said) = say_yes(&mut self.undersign(&arguments));
        (status.code(), said)
    }

    #[track_caller]
    fn reviewed(&self, key: &str, more: &[&str]) {
        let (code, said) = self.review(key, more);
        assert_eq!(code, Some(0), "{said}");
    }

    /// Asks the gate; returns the exit code and the JSON object that it prints.
    fn gate(&self, command: &str) -> (Option<i32>, serde_json::Value) {
        let plan = self.plan();
        let output: Output = self
            .undersign(&[command, &plan, "--format", "json"])
            .output()
            .unwrap();
        let bytes = if output.status.success() {
            &output.stdout
        } else {
            &output.stderr
        };
        let said = serde_json::from_slice(bytes)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(bytes)));
        (output.status.code(), said)
    }

    #[track_caller]
    fn refused(&self, command: &str, code: i32, reason: &str) {
        let (got, said) = self.gate(command);
        assert_eq!(
            (got, &said["reason"]),
            (Some(code), &reason.into()),
            "{said}"
        );
    }
}

/// Whether `ssh-keygen -Y verify` says "Good".
fn openssh_takes(token: &Token, key: &PublicKey, armored: &str) -> bool {
    let allowed = format!("alice namespaces=\"{NAMESPACE}\" {}\n", key.to_line());
    for (name, bytes) in [
        ("allowed", allowed.as_bytes()),
        ("signature", armored.as_bytes()),
        ("said", MESSAGE),
    ] {
        fs::write(token.path(name), bytes).unwrap();
    }
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-I", "alice", "-n", NAMESPACE, "-f"])
        .arg(token.path("allowed"))
        .arg("-s")
        .arg(token.path("signature"))
        .stdin(fs::File::open(token.path("said")).unwrap())
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn a04_whatever_openssh_says_a_signature_proves_what_the_token_was_asked_for() {
    let Some(token) = Token::plugged_in() else {
        return;
    };
    for kind in KINDS {
        for (name, options, untouched, proves) in [
            ("touch", &[][..], false, Assurance::Touch),
            ("pin", &["verify-required"], false, Assurance::TouchPin),
            ("never", &["no-touch-required"], false, Assurance::Software),
            ("forgot", &[], true, Assurance::Software),
            (
                "forgot-pin",
                &["verify-required"],
                true,
                Assurance::Software,
            ),
        ] {
            let name = format!("{kind}-{name}");
            let key = token.enroll(&name, kind, options);
            if untouched {
                token.forget_touch(&name);
            }
            let armored = token.sign(&name, NAMESPACE, MESSAGE);
            let verified = verify(&armored, NAMESPACE, MESSAGE).unwrap();
            assert_eq!((verified.key.clone(), verified.assurance), (key, proves));
            assert!(
                openssh_takes(&token, &verified.key, &armored),
                "ssh-keygen says Good to {name}"
            );
        }
    }
}

#[test]
fn a04_a_touched_key_approves_where_touch_is_asked_for_and_not_where_a_pin_is() {
    let Some(token) = Token::plugged_in() else {
        return;
    };
    for kind in KINDS {
        let key = token.enroll(kind, kind, &[]);
        token.load(kind);
        let persons: &[(&str, &[PublicKey])] = &[("alice", &[key])];
        let place = Place::new(&token);
        place.trust(persons, "touch", "");
        place.reviewed(kind, &[]);
        let (code, said) = place.gate("verify");
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(said["approvals"][0]["assurance"], "touch");

        place.trust(persons, "touch+pin", "");
        place.refused("verify", 16, "assurance");
        place.refused("apply", 16, "assurance");
        assert!(!place.rig.path("apply.args").exists());
        // Who signs is told so before anything is written.
        fs::remove_dir_all(place.rig.path("plan.tfplan.approvals")).unwrap();
        let (code, said) = place.review(kind, &[]);
        assert_eq!(code, Some(16), "{said}");
        assert!(!place.rig.path("plan.tfplan.approvals").exists());

        place.trust(persons, "touch", "");
        place.reviewed(kind, &[]);
        assert_eq!(place.gate("apply").0, Some(0));
    }
}

#[test]
fn a04_a_key_whose_handle_lost_its_touch_approves_nothing_that_asks_for_touch() {
    let Some(token) = Token::plugged_in() else {
        return;
    };
    for kind in KINDS {
        let key = token.enroll(kind, kind, &[]);
        token.forget_touch(kind);
        token.load(kind);
        let persons: &[(&str, &[PublicKey])] = &[("alice", &[key])];
        let place = Place::new(&token);
        place.trust(persons, "touch", "");
        let (code, said) = place.review(kind, &[]);
        assert_eq!(code, Some(16), "{said}");
        assert!(!place.rig.path("plan.tfplan.approvals").exists());
        // A reviewer whose own trust file asks for less gets a file, and the gate does not take it.
        place.trust(persons, "software", "");
        place.reviewed(kind, &[]);
        assert_eq!(place.gate("verify").0, Some(0));
        place.trust(persons, "touch", "");
        place.refused("verify", 16, "assurance");
        place.refused("apply", 16, "assurance");
        assert!(!place.rig.path("apply.args").exists());
    }
}

#[test]
fn a39_the_glass_is_broken_with_touch_and_pin_and_closed_by_a_second_person() {
    let Some(token) = Token::plugged_in() else {
        return;
    };
    let [alice, carol, dave] = [
        ("alice", "ed25519-sk", &[][..]),
        ("carol", "ed25519-sk", &["verify-required"]),
        ("dave", "ecdsa-sk", &[]),
    ]
    .map(|(name, kind, options)| {
        let key = token.enroll(name, kind, options);
        token.load(name);
        [key]
    });
    let place = Place::new(&token);
    place.trust(
        &[("alice", &alice), ("carol", &carol), ("dave", &dave)],
        "touch",
        "[break_glass]\nenabled = true\npersons = [\"carol\", \"alice\"]\n",
    );
    let glass = [
        "--break-glass",
        "--ticket",
        "INC-4711",
        "--reason",
        "the shop is down",
    ];

    // Alice may, but not with a key that asks for no PIN; dave may not at all.
    let (code, said) = place.review("alice", &glass);
    assert_eq!(code, Some(16), "{said}");
    let (code, said) = place.review("dave", &glass);
    assert_eq!(code, Some(15), "{said}");
    let (code, said) = place.review("carol", &glass[..3]);
    assert_eq!(code, Some(2), "{said}");
    place.refused("apply", 10, "no-approval");

    place.reviewed("carol", &glass);
    let (code, said) = place.gate("apply");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        (&said["mode"], &said["outcome"]),
        (&"break-glass".into(), &"applied".into())
    );
    fs::remove_file(place.rig.path("apply.args")).unwrap();

    // The next one, with an approval as good as any, waits.
    place.next_plan("02-update-in-place");
    place.reviewed("alice", &[]);
    assert_eq!(place.gate("verify").0, Some(0));
    place.refused("apply", 15, "emergency-open");
    let history = place.undersign(&["trust", "history"]).output().unwrap();
    assert!(String::from_utf8_lossy(&history.stdout).contains("INC-4711"));

    let countersign = |key: &str| {
        let key = token.path(&format!("{key}.pub"));
        let arguments = ["break-glass", "review", "--key", key.to_str().unwrap()];
        let (status, said) = say_yes(&mut place.undersign(&arguments));
        assert!(said.contains("the shop is down"), "{said}");
        (status.code(), said)
    };
    let (code, said) = countersign("carol");
    assert_eq!(code, Some(15), "{said}");
    place.refused("apply", 15, "emergency-open");
    assert!(!place.rig.path("apply.args").exists());
    let (code, said) = countersign("dave");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(place.gate("apply").0, Some(0));
}

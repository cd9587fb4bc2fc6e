//! A directory in which the real Terraform runs, with a key, a trust file, and an ssh-agent of its own.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::pty::Session;

/// What the key is kept under.
pub const PASSPHRASE: &str = "correct horse battery";

/// A directory with a Terraform configuration, a key, a trust file, and an ssh-agent of its own.
pub struct Place {
    directory: tempfile::TempDir,
    agent: Option<std::process::Child>,
}

pub fn on_path(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Says aloud what cannot be tested here.
pub fn missing(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs
        .iter()
        .filter(|program| !on_path(program))
        .collect();
    for program in &missing {
        println!("SKIPPED: {program} is not on PATH");
    }
    !missing.is_empty()
}

/// Runs a command with these answers on its standard input.
pub fn answer(command: &mut Command, answers: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(answers.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

impl Place {
    /// Applies what `runs`, plans what `changed` it into `plan.tfplan`, makes a key with a passphrase and a trust file.
    pub fn new(runs: &str, changed: &str) -> Self {
        let place = Place {
            directory: tempfile::tempdir().unwrap(),
            agent: None,
        };
        place.write("main.tf", runs);
        place.shell("terraform init -input=false && terraform apply -input=false -auto-approve");
        place.write("main.tf", changed);
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

    pub fn plan(&self) {
        self.shell("terraform plan -input=false -out plan.tfplan");
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// An environment in which nothing of the user who runs the tests has a part.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
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

    pub fn socket(&self) -> PathBuf {
        self.path().join("agent.sock")
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .envs(self.environment())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        let output = self.command("sh").args(["-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn undersign(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_undersign"))
            .args(arguments)
            .output()
            .unwrap()
    }

    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.undersign(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs undersign, which must refuse with `code`.
    #[track_caller]
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
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
    pub fn with_agent(&mut self) {
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

    pub fn review(&self, extra: &str) -> Session {
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
    pub fn acknowledge_all(session: &mut Session) {
        session.wait("acknowledged 0 of 2");
        // The digest is there when everything is read.
        session.wait("sha256 ");
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

pub fn both(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

//! Keys on the software security key, made by the real `ssh-keygen` and held by the real `ssh-agent`.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use undersign::approval::agent::identities;
use undersign::approval::key::PublicKey;

use super::rig::{APPLICATION, TOUCHED, tools};

/// A plugged-in token, and an agent that may use it.
pub struct Token {
    directory: tempfile::TempDir,
    provider: PathBuf,
    agent: Child,
}

impl Token {
    /// Plugs it in, where OpenSSH is installed.
    pub fn plugged_in() -> Option<Self> {
        let [_, agent, _] = tools(["ssh-keygen", "ssh-agent", "ssh-add"])?;
        let provider = provider();
        let directory = tempfile::tempdir().unwrap();
        let askpass = directory.path().join("askpass");
        fs::write(&askpass, "#!/bin/sh\necho 1234\n").unwrap();
        executable(&askpass);
        let socket = directory.path().join("agent");
        // Which programs it may load as tokens is the agent's own decision; by default only those of the system.
        let agent = asking(Command::new(agent), &askpass)
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .arg("-P")
            .arg(&provider)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while identities(&socket).is_err() {
            std::thread::yield_now();
        }
        Some(Token {
            directory,
            provider,
            agent,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn socket(&self) -> PathBuf {
        self.path("agent")
    }

    /// Makes a key of a kind that ssh-keygen knows; `options` are its `-O`.
    pub fn enroll(&self, name: &str, kind: &str, options: &[&str]) -> PublicKey {
        let mut command = self.openssh("ssh-keygen");
        command.args(["-q", "-t", kind, "-N", "", "-C", name, "-O"]);
        command.arg(format!("application={APPLICATION}"));
        for option in options {
            command.args(["-O", option]);
        }
        succeeds(
            command
                .arg("-w")
                .arg(&self.provider)
                .arg("-f")
                .arg(self.path(name)),
        );
        let line = fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        PublicKey::from_line(&line).unwrap()
    }

    /// Has `ssh-keygen -Y sign` sign with the key file.
    pub fn sign(&self, name: &str, namespace: &str, message: &[u8]) -> String {
        let file = self.path("message");
        fs::write(&file, message).unwrap();
        let _ = fs::remove_file(self.path("message.sig"));
        succeeds(
            self.openssh("ssh-keygen")
                .env("SSH_SK_PROVIDER", &self.provider)
                .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
                .arg(self.path(name))
                .arg(file),
        );
        fs::read_to_string(self.path("message.sig")).unwrap()
    }

    /// Lets the agent sign with the key.
    pub fn load(&self, name: &str) {
        succeeds(
            self.openssh("ssh-add")
                .env("SSH_AUTH_SOCK", self.socket())
                .arg("-q")
                .arg("-S")
                .arg(&self.provider)
                .arg(self.path(name)),
        );
    }

    /// Does what whoever can write the key's handle file can do: touch is not asked for any more.
    pub fn forget_touch(&self, name: &str) {
        const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
        const END: &str = "-----END OPENSSH PRIVATE KEY-----";
        let text = fs::read_to_string(self.path(name)).unwrap();
        let base64: String = text
            .replace(BEGIN, "")
            .replace(END, "")
            .split_whitespace()
            .collect();
        let mut bytes = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
        let application = APPLICATION.as_bytes();
        // The last one is in the private half; the flags stand behind it.
        let at = bytes
            .windows(application.len())
            .rposition(|window| window == application)
            .unwrap()
            + application.len();
        assert_eq!(bytes[at] & TOUCHED, TOUCHED);
        bytes[at] &= !TOUCHED;
        let body = data_encoding::BASE64.encode(&bytes);
        fs::write(self.path(name), format!("{BEGIN}\n{body}\n{END}\n")).unwrap();
    }

    fn openssh(&self, program: &str) -> Command {
        let mut command = asking(Command::new(program), &self.path("askpass"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

/// Whoever is asked for a PIN says it.
fn asking(mut command: Command, askpass: &Path) -> Command {
    command
        .env("SSH_ASKPASS", askpass)
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("DISPLAY", "none");
    command
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The library that plays a token. `cargo test` builds it with the examples; a narrower run has it built here.
fn provider() -> PathBuf {
    let name = format!("libsoftsk.{}", std::env::consts::DLL_EXTENSION);
    let built = Path::new(env!("CARGO_BIN_EXE_undersign"))
        .with_file_name("examples")
        .join(name);
    if !built.exists() {
        succeeds(Command::new(env!("CARGO")).args(["build", "--example", "softsk"]));
    }
    assert!(built.exists(), "cargo build --example softsk");
    built
}

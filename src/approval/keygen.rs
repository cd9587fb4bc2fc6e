//! Signing through `ssh-keygen -Y sign`: passphrase, PIN and touch are OpenSSH's business, on the person's terminal.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::key::PublicKey;
use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child, Directory};

/// Where OpenSSH is installed. Asked before PATH, which others may have changed.
const PLACES: [&str; 4] = [
    "/usr/bin/ssh-keygen",
    "/usr/local/bin/ssh-keygen",
    "/opt/homebrew/bin/ssh-keygen",
    "/run/current-system/sw/bin/ssh-keygen",
];

/// What `ssh-keygen` gets of the environment. A provider of security keys, an askpass or a loader's switch named by
/// somebody else would see the secret or answer in the person's place.
const KEPT: [&str; 6] = ["HOME", "USER", "LOGNAME", "TERM", "LANG", "LC_ALL"];

/// `ssh-keygen` and the key file to sign with.
#[derive(Debug)]
pub struct Keygen {
    program: PathBuf,
    key_file: PathBuf,
    key: PublicKey,
}

impl Keygen {
    /// Finds `ssh-keygen`.
    pub fn find(key_file: PathBuf, key: PublicKey) -> Result<Self, Failure> {
        let program = find_program().ok_or_else(|| {
            Failure::new(Exit::Usage, "no-ssh-keygen", "ssh-keygen is not installed")
                .hint("Install OpenSSH, or add the key to a running ssh-agent.")
        })?;
        Ok(Keygen {
            program,
            key_file,
            key,
        })
    }

    /// The key that will sign.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Has `message` signed in `namespace`; returns armored SSHSIG. Talks to the person on the terminal.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<String, Failure> {
        // A directory of our own: the message cannot be swapped between writing and signing, and nothing is left.
        let directory =
            Directory::new().map_err(|error| Failure::io("a private directory", &error))?;
        let file = directory.path().join("approval");
        std::fs::write(&file, message).map_err(|error| Failure::io(file.display(), &error))?;
        let status = Child::start(&mut self.command(namespace, &file), Bond::Terminal)
            .and_then(|mut keygen| keygen.wait())
            .map_err(|error| Failure::io(self.program.display(), &error))?;
        if !status.success() {
            return Err(Failure::new(
                Exit::Aborted,
                "ssh-keygen",
                format!("ssh-keygen did not sign ({status})"),
            )
            .hint("A wrong passphrase or PIN, no touch, or a key it cannot use."));
        }
        let signature = file.with_extension("sig");
        std::fs::read_to_string(&signature)
            .map_err(|error| Failure::io(signature.display(), &error))
    }

    fn command(&self, namespace: &str, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(&self.key_file)
            .arg(file)
            .env_clear()
            .envs(
                KEPT.iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            // No SSH_AUTH_SOCK: the key file that was named signs, or nothing does.
            .env("SSH_ASKPASS_REQUIRE", "never")
            .stdin(Stdio::inherit())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        command
    }
}

fn find_program() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    PLACES
        .iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&on_path).map(|directory| directory.join("ssh-keygen")))
        .find(|program| program.is_absolute() && program.is_file())
}

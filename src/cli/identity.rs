//! Who reviews: the key that will sign, and the person it belongs to.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use super::places::ssh_directory;
use crate::approval::agent;
use crate::approval::key::PublicKey;
use crate::approval::sign::Signer;
use crate::failure::{Exit, Failure};
use crate::trust::Trust;

/// A person with the key that signs.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The person, as the trust file names it.
    pub person: String,
    /// The key.
    pub key: PublicKey,
    /// How the signature is made.
    pub with: With,
}

/// How a signature is made. The signer itself is made anew for each signature: an agent may have been restarted.
#[derive(Debug, Clone)]
pub enum With {
    /// A key file, or its public half with the private key in an agent.
    File(PathBuf),
    /// A key that only an agent holds.
    Agent(PathBuf),
    /// A key that lives no longer than the process.
    ThrowAway(Box<ed25519_dalek::SigningKey>),
}

impl Identity {
    /// The key file that was named; else the one key of the agent that the trust file knows; else the one key file beside
    /// OpenSSH's own.
    pub fn find(trust: &Trust, key_file: Option<&Path>) -> Result<Self, Failure> {
        if let Some(file) = key_file {
            return Identity::of_file(trust, file);
        }
        // An agent that is gone is no reason not to look further; if nothing is found, it is what is told.
        let mut gone = None;
        if let Some(socket) = socket() {
            match agent_keys(trust, &socket) {
                Ok(keys) => {
                    if let Some(key) = the_one(keys, "the ssh-agent")? {
                        return Ok(Identity {
                            person: owner(trust, &key)?,
                            key,
                            with: With::Agent(socket),
                        });
                    }
                }
                Err(failure) => gone = Some(failure),
            }
        }
        let directory = ssh_directory()?;
        match the_one(key_files(trust, &directory), directory.display())? {
            Some(file) => Identity::of_file(trust, &file),
            None => Err(gone.unwrap_or_else(|| no_key(&directory))),
        }
    }

    fn of_file(trust: &Trust, file: &Path) -> Result<Self, Failure> {
        let key = Signer::choose(
            file,
            socket().as_deref(),
            trust.signing.allow_unencrypted_keys,
        )?
        .key();
        Ok(Identity {
            person: owner(trust, &key)?,
            key,
            with: With::File(file.into()),
        })
    }

    /// The identity of a key that lives no longer than the process.
    pub fn throw_away(person: &str, key: ed25519_dalek::SigningKey) -> Self {
        let public = PublicKey::ed25519(key.verifying_key().as_bytes());
        Identity {
            person: person.into(),
            key: public,
            with: With::ThrowAway(Box::new(key)),
        }
    }

    /// What makes the signature.
    pub fn signer(&self, allow_unencrypted: bool) -> Result<Signer, Failure> {
        match &self.with {
            With::File(file) => Signer::choose(file, socket().as_deref(), allow_unencrypted),
            With::Agent(socket) => agent::Agent::holding(socket, &self.key).map(Signer::Agent),
            With::ThrowAway(key) => Ok(Signer::ThrowAway(key.clone())),
        }
    }

    /// The person and the key in one line.
    pub fn describe(&self) -> String {
        format!(
            "{}  {} ({})",
            self.person,
            self.key.fingerprint(),
            self.key.key_type().name()
        )
    }
}

fn owner(trust: &Trust, key: &PublicKey) -> Result<String, Failure> {
    trust
        .owner(key)
        .map(|(person, _)| person.id.clone())
        .ok_or_else(|| {
            Failure::new(
                Exit::BadSignature,
                "unknown-key",
                format!("the trust file does not know the key {}", key.fingerprint()),
            )
            .hint("Add it to the person it belongs to, and raise the version of the trust file.")
        })
}

fn no_key(directory: &Path) -> Failure {
    Failure::new(
        Exit::Usage,
        "no-key",
        format!(
            "no key to sign with: none was named, and neither the ssh-agent nor {} holds one that the trust file knows",
            directory.display()
        ),
    )
    .hint("Name yours when you start: --key FILE, or add it to the agent before (ssh-add FILE).")
    .hint("Whose keys the trust file knows: undersign trust check")
}

/// The keys of an agent that the trust file knows.
fn agent_keys(trust: &Trust, socket: &Path) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = agent::identities(socket)?;
    keys.retain(|key| trust.owner(key).is_some());
    Ok(keys)
}

/// The key files in a directory that the trust file knows: the public half tells, and the private one is beside it.
///
/// Nothing is said of files that cannot be read: nobody named them.
fn key_files(trust: &Trust, directory: &Path) -> Vec<PathBuf> {
    let known = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "pub")
            && path.with_extension("").exists()
            && fs::read_to_string(path)
                .ok()
                .and_then(|line| PublicKey::from_line(&line).ok())
                .is_some_and(|key| trust.owner(&key).is_some())
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(known).collect()
}

/// The only one, if there is any; which of several is meant must be said.
fn the_one<T>(mut keys: Vec<T>, holder: impl Display) -> Result<Option<T>, Failure> {
    if keys.len() > 1 {
        return Err(Failure::new(
            Exit::Usage,
            "several-keys",
            format!(
                "{holder} holds {} keys that the trust file knows",
                keys.len()
            ),
        )
        .hint("Name the one to sign with: --key FILE.pub"));
    }
    Ok(keys.pop())
}

/// Where the user's ssh-agent listens.
pub(super) fn socket() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK")
        .filter(|socket| !socket.is_empty())
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::init;

    #[test]
    fn a_key_is_taken_from_a_directory_where_only_one_can_be_meant() {
        let mine = PublicKey::ed25519(&[1; 32]);
        let trust = init::render("own", "ada", &mine, "prod").unwrap();
        let trust = Trust::parse("trust.toml", &trust).unwrap();
        let place = tempfile::tempdir().unwrap();
        let found = || the_one(key_files(&trust, place.path()), "here");
        let write = |name: &str, text: &str| fs::write(place.path().join(name), text).unwrap();
        assert_eq!(found().unwrap(), None);

        write("other.pub", &PublicKey::ed25519(&[2; 32]).to_line());
        write("other", "");
        write("mine.pub", &mine.to_line());
        assert_eq!(found().unwrap(), None, "the private half is not there");
        write("mine", "");
        assert_eq!(found().unwrap(), Some(place.path().join("mine.pub")));

        write("copy.pub", &mine.to_line());
        write("copy", "");
        let failure = found().unwrap_err();
        assert_eq!(failure.reason, "several-keys");
        assert!(failure.error.starts_with("here holds 2 keys"), "{failure}");
        let nowhere = key_files(&trust, &place.path().join("nowhere"));
        assert!(nowhere.is_empty());
    }
}

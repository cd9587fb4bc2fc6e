//! Who reviews: the key that will sign, and the person it belongs to.

use std::path::{Path, PathBuf};

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
    /// The key file that was named, or the one key of the agent that the trust file knows.
    pub fn find(trust: &Trust, key_file: Option<&Path>) -> Result<Self, Failure> {
        if let Some(file) = key_file {
            let key = Signer::choose(
                file,
                socket().as_deref(),
                trust.signing.allow_unencrypted_keys,
            )?
            .key();
            return Ok(Identity {
                person: owner(trust, &key)?,
                key,
                with: With::File(file.into()),
            });
        }
        let none = || {
            Failure::new(Exit::Usage, "no-key", "no key to sign with: none was named, and the ssh-agent holds none that the trust file knows")
                .hint("Name one with --key, or add it to the agent (ssh-add).")
        };
        let socket = socket().ok_or_else(none)?;
        let known: Vec<PublicKey> = agent::identities(&socket)?
            .into_iter()
            .filter(|key| trust.owner(key).is_some())
            .collect();
        match known.as_slice() {
            [] => Err(none()),
            [key] => Ok(Identity {
                person: owner(trust, key)?,
                key: key.clone(),
                with: With::Agent(socket),
            }),
            several => Err(Failure::new(
                Exit::Usage,
                "several-keys",
                format!(
                    "the ssh-agent holds {} keys that the trust file knows",
                    several.len()
                ),
            )
            .hint("Name the one to sign with: --key FILE.pub")),
        }
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

/// Where the user's ssh-agent listens.
pub(super) fn socket() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK")
        .filter(|socket| !socket.is_empty())
        .map(Into::into)
}

//! A client for ssh-agent: which keys it holds, and a signature by one of them.
//!
//! An agent signs for whoever can reach its socket, and "confirm" leaves no trace in a signature: what a signature
//! proves is read from the signature itself.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::key::PublicKey;
use super::sshsig;
use super::wire::{Reader, put};
use crate::failure::{Exit, Failure};

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// OpenSSH's own limit for a message of an agent.
const MAX_MESSAGE: usize = 256 * 1024;

/// An agent that holds the key to sign with.
#[derive(Debug)]
pub struct Agent {
    socket: PathBuf,
    key: PublicKey,
}

impl Agent {
    /// The agent at `socket`, if it holds `key`.
    pub fn holding(socket: &Path, key: &PublicKey) -> Result<Self, Failure> {
        if identities(socket)?.contains(key) {
            Ok(Agent {
                socket: socket.to_path_buf(),
                key: key.clone(),
            })
        } else {
            Err(
                failed("agent-key", format!("the ssh-agent does not hold {key}"))
                    .hint("Add the key: ssh-add"),
            )
        }
    }

    /// The key that will sign.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Has `message` signed in `namespace`; returns armored SSHSIG. A security key may wait for a touch meanwhile.
    pub fn sign(&self, namespace: &str, message: &[u8]) -> Result<String, Failure> {
        let mut request = vec![SIGN_REQUEST];
        put(&mut request, self.key.blob());
        put(&mut request, &sshsig::to_be_signed(namespace, message));
        request.extend(0u32.to_be_bytes());
        let answer = ask(&self.socket, &request)?;
        let mut reader = Reader(&answer);
        match reader.byte() {
            Some(SIGN_RESPONSE) => {
                let raw = reader.string().ok_or_else(garbled)?;
                reader.end().ok_or_else(garbled)?;
                Ok(sshsig::wrap(&self.key, namespace, raw))
            }
            Some(FAILURE) => Err(Failure::new(
                Exit::Aborted,
                "agent-refused",
                "the ssh-agent refused to sign",
            )
            .hint("The agent is locked, the key has timed out, or no touch or confirmation came.")),
            Some(_) | None => Err(garbled()),
        }
    }
}

/// The keys of the agent at `socket` that can sign an approval. Others are left out.
pub fn identities(socket: &Path) -> Result<Vec<PublicKey>, Failure> {
    let answer = ask(socket, &[REQUEST_IDENTITIES])?;
    let mut reader = Reader(&answer);
    if reader.byte() != Some(IDENTITIES_ANSWER) {
        return Err(garbled());
    }
    let count = reader.number().ok_or_else(garbled)?;
    let mut keys = Vec::new();
    for _ in 0..count {
        let blob = reader.string().ok_or_else(garbled)?;
        let _comment = reader.string().ok_or_else(garbled)?;
        keys.extend(PublicKey::from_blob(blob));
    }
    reader.end().ok_or_else(garbled)?;
    Ok(keys)
}

/// Sends one message and returns the answer to it.
fn ask(socket: &Path, message: &[u8]) -> Result<Vec<u8>, Failure> {
    if message.len() > MAX_MESSAGE {
        return Err(failed(
            "agent-message",
            "the message is too long for an ssh-agent",
        ));
    }
    exchange(socket, message).map_err(|error| {
        failed(
            "agent",
            format!(
                "the ssh-agent at {} does not answer: {error}",
                socket.display()
            ),
        )
        .hint("Look at SSH_AUTH_SOCK, or sign with the key file.")
    })
}

fn exchange(socket: &Path, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    let mut framed = Vec::new();
    put(&mut framed, message);
    stream.write_all(&framed)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX_MESSAGE {
        return Err(std::io::Error::other("its answer is too long"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn garbled() -> Failure {
    failed(
        "agent-answer",
        "the answer of the ssh-agent cannot be understood",
    )
}

fn failed(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::Internal, reason, error)
}

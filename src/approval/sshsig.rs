//! SSHSIG, read strictly: one armor, one version, four key types, and the proof of touch that others overlook.
//!
//! `ssh-keygen -Y verify` says "Good" to a signature of a security key that nobody touched. Here the flags are part of
//! the answer. Whatever this module accepts, `ssh-keygen` accepts too; never the other way round.

use std::fmt;

use data_encoding::BASE64;
use ed25519_dalek::Signature as Ed25519Signature;
use p256::ecdsa::signature::Verifier as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use super::key::{KeyType, PublicKey};
use super::wire::{Reader, put};
use crate::failure::{Exit, Failure};

/// What a signature proves about the person. Ordered: `Software < Touch < TouchPin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Assurance {
    /// Somebody could use the key.
    #[serde(rename = "software")]
    Software,
    /// Somebody touched the security key.
    #[serde(rename = "touch")]
    Touch,
    /// Somebody touched it and gave its PIN or finger.
    #[serde(rename = "touch+pin")]
    TouchPin,
}

impl Assurance {
    const USER_PRESENT: u8 = 0x01;
    const USER_VERIFIED: u8 = 0x04;

    /// Reads the flags of a security key, bit by bit: other bits may be set.
    fn from_flags(flags: u8) -> Self {
        let present = flags & Self::USER_PRESENT != 0;
        let verified = flags & Self::USER_VERIFIED != 0;
        match (present, verified) {
            (true, true) => Assurance::TouchPin,
            (true, false) => Assurance::Touch,
            (false, _) => Assurance::Software,
        }
    }

    /// The word in trust files.
    pub fn word(self) -> &'static str {
        match self {
            Assurance::Software => "software",
            Assurance::Touch => "touch",
            Assurance::TouchPin => "touch+pin",
        }
    }
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key that made it.
    pub key: PublicKey,
    /// What it proves about the person.
    pub assurance: Assurance,
}

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
const MAGIC: &[u8] = b"SSHSIG";
const COLUMNS: usize = 70;
/// The hash that undersign signs with.
const HASH: &str = "sha512";

/// Verifies an armored signature over `message` in `namespace`.
pub fn verify(armored: &str, namespace: &str, message: &[u8]) -> Result<Verified, Failure> {
    let blob = dearmor(armored)?;
    let parts = Parts::read(&blob)?;
    if parts.namespace != namespace.as_bytes() {
        return Err(
            refused("namespace", "the signature was made for another purpose")
                .expected(namespace, String::from_utf8_lossy(parts.namespace)),
        );
    }
    let key = PublicKey::from_blob(parts.key)?;
    let signed = signed_data(namespace, parts.hash, message)?;
    let assurance = verify_raw(&key, parts.signature, &signed)?;
    Ok(Verified { key, assurance })
}

/// The bytes that a key signs for `message`: what is sent to an ssh-agent.
pub fn to_be_signed(namespace: &str, message: &[u8]) -> Vec<u8> {
    signed_data(namespace, HASH.as_bytes(), message).expect("the hash is one of the two known ones")
}

/// Wraps what an agent or a key returned for [`to_be_signed`] in SSHSIG and armor.
pub fn wrap(key: &PublicKey, namespace: &str, raw_signature: &[u8]) -> String {
    let mut blob = MAGIC.to_vec();
    blob.extend(1u32.to_be_bytes());
    for part in [
        key.blob(),
        namespace.as_bytes(),
        b"",
        HASH.as_bytes(),
        raw_signature,
    ] {
        put(&mut blob, part);
    }
    armor(&blob)
}

/// The raw signature blob of an ed25519 key, as an agent would return it.
pub fn raw_ed25519(signature: &[u8; 64]) -> Vec<u8> {
    let mut raw = Vec::new();
    put(&mut raw, KeyType::Ed25519.name().as_bytes());
    put(&mut raw, signature);
    raw
}

/// The fields of an SSHSIG blob.
struct Parts<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(blob: &'a [u8]) -> Result<Self, Failure> {
        let rest = blob
            .strip_prefix(MAGIC)
            .ok_or_else(|| refused("sshsig-magic", "this is not an SSH signature"))?;
        let mut reader = Reader(rest);
        let version = reader.number().ok_or_else(cut)?;
        if version != 1 {
            return Err(refused(
                "sshsig-version",
                "the version of the SSH signature is not known",
            )
            .expected("1", version.to_string()));
        }
        let key = reader.string().ok_or_else(cut)?;
        let namespace = reader.string().ok_or_else(cut)?;
        let reserved = reader.string().ok_or_else(cut)?;
        let hash = reader.string().ok_or_else(cut)?;
        let signature = reader.string().ok_or_else(cut)?;
        reader
            .end()
            .ok_or_else(|| refused("sshsig-trailing", "bytes follow the SSH signature"))?;
        if !reserved.is_empty() {
            return Err(refused(
                "sshsig-reserved",
                "the reserved field of the SSH signature is not empty",
            ));
        }
        Ok(Parts {
            key,
            namespace,
            hash,
            signature,
        })
    }
}

fn signed_data(namespace: &str, hash: &[u8], message: &[u8]) -> Result<Vec<u8>, Failure> {
    let digest = match hash {
        b"sha512" => Sha512::digest(message).to_vec(),
        b"sha256" => Sha256::digest(message).to_vec(),
        other => {
            return Err(
                refused("hash", "the hash of the SSH signature is not taken")
                    .expected("sha512 or sha256", String::from_utf8_lossy(other)),
            );
        }
    };
    let mut data = MAGIC.to_vec();
    for part in [namespace.as_bytes(), b"", hash, &digest] {
        put(&mut data, part);
    }
    Ok(data)
}

/// Checks the inner signature and returns what it proves.
fn verify_raw(key: &PublicKey, raw: &[u8], signed: &[u8]) -> Result<Assurance, Failure> {
    let mut reader = Reader(raw);
    let key_type = key.key_type();
    let name = reader.text().ok_or_else(cut)?;
    if name != key_type.name() {
        // Named first: a certificate or WebAuthn signature gets its own sentence.
        KeyType::from_name(name)?;
        return Err(
            refused("signature-type", "key and signature are of different types")
                .expected(key_type.name(), name),
        );
    }
    let signature = reader.string().ok_or_else(cut)?;
    let mut flags = 0;
    let message = if let Some(application) = key.application() {
        flags = reader.byte().ok_or_else(cut)?;
        let counter = reader.number().ok_or_else(cut)?;
        let mut message = Sha256::digest(application).to_vec();
        message.push(flags);
        message.extend(counter.to_be_bytes());
        message.extend(Sha256::digest(signed));
        message
    } else {
        signed.to_vec()
    };
    reader
        .end()
        .ok_or_else(|| refused("signature-trailing", "bytes follow the inner signature"))?;
    let holds = if key_type.is_ed25519() {
        holds_ed25519(key.point(), signature, &message)
    } else {
        holds_p256(key.point(), signature, &message)
    };
    holds.ok_or_else(|| refused("signature", "the signature does not fit the content"))?;
    Ok(Assurance::from_flags(flags))
}

fn holds_ed25519(point: &[u8], signature: &[u8], message: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point.try_into().ok()?).ok()?;
    let signature = Ed25519Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn holds_p256(point: &[u8], signature: &[u8], message: &[u8]) -> Option<()> {
    let mut reader = Reader(signature);
    let r = scalar(reader.string()?)?;
    let s = scalar(reader.string()?)?;
    reader.end()?;
    let signature = p256::ecdsa::Signature::from_scalars(r, s).ok()?;
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
    key.verify(message, &signature).ok()
}

/// A positive number of at most 32 bytes in its one shortest form: a zero in front only where the sign asks for it.
fn scalar(bytes: &[u8]) -> Option<[u8; 32]> {
    let digits = match bytes {
        [0, rest @ ..] if rest.first()? & 0x80 != 0 => rest,
        [first, ..] if *first != 0 && first & 0x80 == 0 => bytes,
        _ => return None,
    };
    let mut number = [0; 32];
    number
        .get_mut(32usize.checked_sub(digits.len())?..)?
        .copy_from_slice(digits);
    Some(number)
}

/// Writes the armor as OpenSSH does: 70 columns, line feeds.
fn armor(blob: &[u8]) -> String {
    let base64 = BASE64.encode(blob);
    let mut text = String::from(BEGIN);
    for (at, c) in base64.chars().enumerate() {
        if at > 0 && at % COLUMNS == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push('\n');
    text.push_str(END);
    text
}

/// Reads the armor in exactly the form that [`armor`] writes.
fn dearmor(text: &str) -> Result<Vec<u8>, Failure> {
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or_else(|| refused("armor", "this is not an armored SSH signature"))?;
    let blob = BASE64
        .decode(body.replace('\n', "").as_bytes())
        .map_err(|error| {
            refused(
                "armor",
                format!("the armored SSH signature is not base64: {error}"),
            )
        })?;
    if armor(&blob) == text {
        Ok(blob)
    } else {
        Err(refused(
            "armor",
            "the armor of the SSH signature is not in the one form that OpenSSH writes",
        )
        .expected(
            "lines of 70 columns that end in a line feed",
            "another layout",
        ))
    }
}

fn refused(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadSignature, reason, error)
}

fn cut() -> Failure {
    refused("sshsig-cut", "the SSH signature ends too early")
}

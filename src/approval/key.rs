//! Public keys by their bytes, and what a private key file says of itself without opening it.
//!
//! Two keys are the same when their blobs are: never by comment, file name or key id.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use sha2::{Digest as _, Sha256};

use super::wire::{Reader, put};
use crate::failure::{Exit, Failure};

/// What to do for a signature that proves touch and PIN.
pub const MAKE_HARDWARE_KEY: &str = "Sign with a key on a security key; make one: \
    ssh-keygen -t ed25519-sk -O application=ssh:undersign -O verify-required";

/// The key types that can sign an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// `ssh-ed25519`
    Ed25519,
    /// `ecdsa-sha2-nistp256`
    EcdsaP256,
    /// `sk-ssh-ed25519@openssh.com`, on a security key
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`, on a security key
    SkEcdsaP256,
}

impl KeyType {
    /// All of them.
    pub const ALL: [KeyType; 4] = [
        KeyType::SkEd25519,
        KeyType::SkEcdsaP256,
        KeyType::Ed25519,
        KeyType::EcdsaP256,
    ];

    /// OpenSSH's name.
    pub fn name(self) -> &'static str {
        match self {
            KeyType::Ed25519 => "ssh-ed25519",
            KeyType::EcdsaP256 => "ecdsa-sha2-nistp256",
            KeyType::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            KeyType::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// Finds a type by OpenSSH's name, and says of others why they are not taken.
    pub fn from_name(name: &str) -> Result<Self, Failure> {
        if let Some(known) = Self::ALL.into_iter().find(|known| known.name() == name) {
            return Ok(known);
        }
        let why = if name.contains("-cert-v0") {
            "SSH certificates are not supported"
        } else if name.starts_with("webauthn-") {
            "WebAuthn signatures are not supported"
        } else if name.contains("rsa") {
            "RSA keys are not supported"
        } else {
            "this key type is not supported"
        };
        Err(
            Failure::new(Exit::BadSignature, "key-type", format!("{why}: {name}"))
                .expected(Self::ALL.map(KeyType::name).join(", "), name)
                .hint(MAKE_HARDWARE_KEY),
        )
    }

    /// Whether the key lives on a security key, so that its signatures say whether it was touched.
    pub fn is_hardware(self) -> bool {
        match self {
            KeyType::SkEd25519 | KeyType::SkEcdsaP256 => true,
            KeyType::Ed25519 | KeyType::EcdsaP256 => false,
        }
    }

    /// Whether the curve is ed25519; otherwise it is P-256.
    pub fn is_ed25519(self) -> bool {
        match self {
            KeyType::Ed25519 | KeyType::SkEd25519 => true,
            KeyType::EcdsaP256 | KeyType::SkEcdsaP256 => false,
        }
    }
}

/// A public key. Equal when the blobs are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    blob: Vec<u8>,
    key_type: KeyType,
    point: Vec<u8>,
    application: Option<String>,
}

impl PublicKey {
    /// Reads a key blob, as it stands in a signature and, in base64, in a `.pub` file.
    pub fn from_blob(blob: &[u8]) -> Result<Self, Failure> {
        let mut reader = Reader(blob);
        let name = reader.text().ok_or_else(malformed)?;
        let key_type = KeyType::from_name(name)?;
        Self::read_rest(key_type, blob, reader).ok_or_else(malformed)
    }

    fn read_rest(key_type: KeyType, blob: &[u8], mut reader: Reader<'_>) -> Option<Self> {
        if !key_type.is_ed25519() && reader.string()? != b"nistp256" {
            return None;
        }
        let point = reader.string()?.to_vec();
        let application = if key_type.is_hardware() {
            Some(reader.text()?.to_owned())
        } else {
            None
        };
        reader.end()?;
        let well_formed = if key_type.is_ed25519() {
            point.len() == 32
        } else {
            point.len() == 65 && point[0] == 4
        };
        well_formed.then(|| PublicKey {
            blob: blob.to_vec(),
            key_type,
            point,
            application,
        })
    }

    /// The ed25519 key with this point.
    pub fn ed25519(point: &[u8; 32]) -> Self {
        let mut blob = Vec::new();
        put(&mut blob, KeyType::Ed25519.name().as_bytes());
        put(&mut blob, point);
        PublicKey {
            blob,
            key_type: KeyType::Ed25519,
            point: point.to_vec(),
            application: None,
        }
    }

    /// Reads `type base64 [comment]`, the line of a `.pub` file.
    pub fn from_line(line: &str) -> Result<Self, Failure> {
        let mut words = line.trim().split([' ', '\t']);
        let (Some(name), Some(text), false) =
            (words.next(), words.next(), line.trim().contains('\n'))
        else {
            return Err(malformed()
                .hint("A public key is one line: type, base64, comment. Give the .pub file."));
        };
        let key_type = KeyType::from_name(name)?;
        let blob = BASE64
            .decode(text.as_bytes())
            .map_err(|error| malformed().expected("base64", error.to_string()))?;
        let key = Self::from_blob(&blob)?;
        if key.key_type == key_type {
            Ok(key)
        } else {
            Err(malformed().expected(name, key.key_type.name()))
        }
    }

    /// `type base64`, without a comment.
    pub fn to_line(&self) -> String {
        format!("{} {}", self.key_type.name(), BASE64.encode(&self.blob))
    }

    /// The bytes that identify the key.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Its type.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The curve point: 32 bytes of ed25519, 65 of P-256.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// What a key on a security key was made for: `ssh:undersign`.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// `SHA256:…`, as ssh-keygen prints it.
    pub fn fingerprint(&self) -> String {
        format!(
            "SHA256:{}",
            BASE64_NOPAD.encode(&Sha256::digest(&self.blob))
        )
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key_type.name(), self.fingerprint())
    }
}

fn malformed() -> Failure {
    Failure::new(
        Exit::BadSignature,
        "public-key",
        "this is not a public key as OpenSSH writes it",
    )
}

/// How a private key file keeps its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Encrypted with a passphrase.
    Passphrase,
    /// Only a handle: the secret is on a security key.
    Hardware,
    /// Whoever reads the file can sign.
    Nothing,
}

const PRIVATE_BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const PRIVATE_END: &str = "-----END OPENSSH PRIVATE KEY-----";

/// Reads the public half and the protection of a private key file, without its secret.
pub fn inspect_private(text: &str) -> Result<(PublicKey, Protection), Failure> {
    let body = text
        .trim()
        .strip_prefix(PRIVATE_BEGIN)
        .and_then(|rest| rest.strip_suffix(PRIVATE_END))
        .ok_or_else(|| not_private().hint("Convert an older key file: ssh-keygen -p -f FILE"))?;
    let base64: String = body.split_ascii_whitespace().collect();
    let bytes = BASE64
        .decode(base64.as_bytes())
        .map_err(|_| not_private())?;
    let (cipher, blob) = private_header(&bytes).ok_or_else(not_private)?;
    let key = PublicKey::from_blob(blob)?;
    let protection = if key.key_type.is_hardware() {
        Protection::Hardware
    } else if cipher == b"none" {
        Protection::Nothing
    } else {
        Protection::Passphrase
    };
    Ok((key, protection))
}

/// Cipher name and public key blob of the `openssh-key-v1` format.
fn private_header(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader(bytes.strip_prefix(b"openssh-key-v1\0")?);
    let cipher = reader.string()?;
    let _kdf = reader.string()?;
    let _kdf_options = reader.string()?;
    if reader.number()? != 1 {
        return None;
    }
    Some((cipher, reader.string()?))
}

fn not_private() -> Failure {
    Failure::new(
        Exit::Usage,
        "private-key",
        "this is not a private key file of OpenSSH",
    )
}

//! The envelope: DSSE with exactly one signature, in exactly one spelling.
//!
//! The payload is decoded once, and those bytes are what is verified and what is read. Knows nothing of their meaning.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Hasher};

use super::sshsig::{self, Verified};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// The type of the payload: an in-toto statement in JSON.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// A larger approval is not read.
pub const MAX_BYTES: usize = 1 << 20;

/// A payload and the signature over it, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    payload: String,
    payload_type: String,
    signatures: [Signature; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    sig: String,
}

impl Envelope {
    /// Puts a payload and the armored signature over its [`pae`] together.
    pub fn new(payload: Vec<u8>, signature: String) -> Self {
        Envelope { payload, signature }
    }

    /// Reads an approval file. Nothing in it may be believed before [`Envelope::verify`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_BYTES {
            return Err(refused("too-large", "the approval is too large").expected(
                format!("at most {MAX_BYTES} bytes"),
                format!("{} bytes", bytes.len()),
            ));
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| {
            refused("envelope", format!("this is not an approval file: {error}")).hint(
                "An approval is a DSSE envelope with one signature; `undersign review` writes it.",
            )
        })?;
        if file.payload_type != PAYLOAD_TYPE {
            return Err(refused(
                "payload-type",
                "the payload of the envelope is of another type",
            )
            .expected(PAYLOAD_TYPE, file.payload_type));
        }
        let [signature] = file.signatures;
        let envelope = Envelope {
            payload: decode("payload", &file.payload)?,
            signature: String::from_utf8(decode("sig", &signature.sig)?)
                .map_err(|_| refused("armor", "the signature is not an armored SSH signature"))?,
        };
        // Spaces, escapes, another order of keys or an array in place of an object would be a second spelling.
        if envelope.to_bytes() != bytes {
            return Err(refused(
                "envelope-form",
                "the approval is not in the one form that undersign writes",
            ));
        }
        Ok(envelope)
    }

    /// The file: one line of JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let file = File {
            payload: BASE64.encode(&self.payload),
            payload_type: PAYLOAD_TYPE.into(),
            signatures: [Signature {
                sig: BASE64.encode(self.signature.as_bytes()),
            }],
        };
        let mut bytes = serde_json::to_vec(&file).expect("strings can always be written as JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Verifies the signature over the payload in `namespace`.
    pub fn verify(&self, namespace: &str) -> Result<Verified, Failure> {
        sshsig::verify(&self.signature, namespace, &pae(&self.payload))
    }

    /// The bytes that were signed: a statement, once the signature holds.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What names this approval in logs and in the ledger. The same for every signature over the same payload.
    pub fn approval_id(&self) -> Sha256 {
        Hasher::digest(pae(&self.payload)).into()
    }
}

/// DSSE's pre-authentication encoding: the bytes that are signed.
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

fn decode(field: &str, text: &str) -> Result<Vec<u8>, Failure> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|error| refused("base64", format!("{field} is not strict base64: {error}")))
}

fn refused(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadSignature, reason, error)
}

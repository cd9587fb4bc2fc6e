//! Values that have exactly one spelling in a statement: digests, times, the nonce.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::archive::Sha256;

/// A SHA-256 in 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex(pub Sha256);

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Hex)
            .ok_or("a SHA-256 is 64 lower-case hexadecimal digits")
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        HEXLOWER.encode(&hex.0)
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A time in UTC, `2026-11-22T10:02:31Z` and no other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Utc(Timestamp);

impl Utc {
    /// The second that `time` falls into.
    pub fn of(time: Timestamp) -> Self {
        Utc(Timestamp::from_second(time.as_second()).expect("the second of a time is a time"))
    }

    /// The time.
    pub fn time(self) -> Timestamp {
        self.0
    }
}

impl TryFrom<String> for Utc {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<Timestamp>()
            .ok()
            .filter(|time| time.to_string() == text)
            .map(Utc)
            .ok_or("a time is written in UTC, as 2026-11-22T10:02:31Z")
    }
}

impl From<Utc> for String {
    fn from(time: Utc) -> Self {
        time.to_string()
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const NONCE_PREFIX: &str = "b64u:";

/// Sixteen random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(pub [u8; 16]);

impl TryFrom<String> for Nonce {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix(NONCE_PREFIX)
            .and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
            .and_then(|bytes| bytes.try_into().ok())
            .map(Nonce)
            .ok_or("a nonce is b64u: and sixteen bytes in base64url")
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        format!("{NONCE_PREFIX}{}", BASE64URL_NOPAD.encode(&nonce.0))
    }
}

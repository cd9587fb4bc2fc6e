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

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: TryFrom<String> + Into<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok_and(|form| form.into() == text)
    }

    #[test]
    fn a_value_is_read_in_its_one_spelling_and_no_other() {
        let digest = "0a".repeat(32);
        assert!(reads::<Hex>(&digest));
        for bad in [
            &digest.to_uppercase(),
            &digest[2..],
            &format!("{digest}00"),
            "",
        ] {
            assert!(!reads::<Hex>(bad), "{bad}");
        }
        assert!(reads::<Utc>("2026-11-22T10:02:31Z"));
        for bad in [
            "2026-11-22T10:02:31",
            "2026-11-22T10:02:31+00:00",
            "2026-11-22T10:02:31z",
            "2026-11-22 10:02:31Z",
            "2026-11-22T10:02:60Z",
            "2026-11-22T10:02:31.0Z",
            "20261122T100231Z",
            "2026-11-22",
        ] {
            assert!(!reads::<Utc>(bad), "{bad}");
        }
        assert!(reads::<Nonce>("b64u:3yqTn8m0mS1kVQ0v3H9k2w"));
        for bad in [
            "3yqTn8m0mS1kVQ0v3H9k2w",
            "b64u:3yqTn8m0mS1kVQ0v3H9k2x",
            "b64u:3yqT",
            "b64u:3yqTn8m0mS1kVQ0v3H9k2w==",
        ] {
            assert!(!reads::<Nonce>(bad), "{bad}");
        }
    }

    #[test]
    fn a_time_that_is_signed_is_a_whole_second() {
        let time: Timestamp = "2026-11-22T10:02:31.987Z".parse().unwrap();
        assert_eq!(Utc::of(time).to_string(), "2026-11-22T10:02:31Z");
    }
}

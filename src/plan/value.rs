//! The values of one change, decoded when somebody looks.
//!
//! Absent, null, unknown and sensitive are four different things here. Numbers stay the text they were: a plan may hold
//! 401 digits. Depth is limited and a key that stands twice in one object is refused, because two readers of such a
//! file may see two different plans.

use std::fmt;

use compact_str::CompactString;

mod decoder;
mod string;

pub use string::text;

/// How deep a value may be nested. Terraform's own reader stops at 10,000; no person can read 1,000.
pub const MAX_DEPTH: usize = 1_000;

/// A member of an object: its key, decoded, and its value.
pub type Member = (CompactString, Value);

/// A JSON value with nothing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The number's own text.
    Number(CompactString),
    /// A string, decoded.
    Text(CompactString),
    /// An array.
    List(Vec<Value>),
    /// An object, in the order of the file. No key stands twice.
    Object(Vec<Member>),
}

impl Value {
    /// Decodes one JSON text. Fails on invalid JSON, a key that stands twice, and nesting below [`MAX_DEPTH`].
    pub fn parse(json: &str) -> Result<Value, ValueError> {
        decoder::decode(json)
    }

    /// The member `key` of an object. `None` is absent, `Some(Null)` is null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().find(|(k, _)| **k == *key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The element `index` of a list.
    pub fn at(&self, index: usize) -> Option<&Value> {
        match self {
            Value::List(items) => items.get(index),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// Whether it is null, or a container or string that holds nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

/// Compact JSON, for display and comparison; object order is kept.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Number(n) => f.write_str(n),
            Value::Text(text) => write_json_string(f, text),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Value::Object(members) => {
                f.write_str("{")?;
                for (i, (key, value)) in members.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "," })?;
                    write_json_string(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_json_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Why a value cannot be decoded, and at which byte of it. Never holds the value itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The JSON is not valid.
    #[error("invalid JSON at byte {at}: {what}")]
    Json {
        /// Byte in the text that was decoded.
        at: usize,
        /// What was found.
        what: &'static str,
    },
    /// One object holds the same key twice.
    #[error("the key {key:?} stands twice in one object, the second time at byte {at}")]
    DuplicateKey {
        /// Byte of the second one.
        at: usize,
        /// The key, after unescaping.
        key: String,
    },
    /// Nested too deeply.
    #[error("nested more than {MAX_DEPTH} levels deep at byte {at}")]
    TooDeep {
        /// Byte of the container that is one too deep.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_keep_their_text() {
        let digits = "1".repeat(401);
        assert_eq!(
            Value::parse(&format!("[{digits},1e400,-0.10]"))
                .unwrap()
                .to_string(),
            format!("[{digits},1e400,-0.10]")
        );
        for bad in ["01", "-", "1.", "1e", "+1", "--1", "1.e3", "00", "-01"] {
            assert!(Value::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn absent_and_null_are_two_things() {
        let value = Value::parse(r#"{"a":null}"#).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Null));
        assert_eq!(value.get("b"), None);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_after_unescaping() {
        let found = Value::parse(r#"{"a":1,"b":{"delete":1,"\u0064elete":2}}"#);
        assert_eq!(
            found,
            Err(ValueError::DuplicateKey {
                at: 23,
                key: "delete".into()
            })
        );
        assert!(Value::parse(r#"{"b":1,"a":2,"b":3}"#).is_err());
    }

    #[test]
    fn a_twin_is_found_in_an_object_of_any_size() {
        let object = |count: usize, twin: usize| {
            let members: Vec<String> = (0..count).map(|i| format!(r#""k{i}":{i}"#)).collect();
            format!(r#"{{{},"k{twin}":0}}"#, members.join(","))
        };
        for count in [1, 31, 32, 33, 1_000] {
            for twin in [0, count / 2, count - 1] {
                let found = Value::parse(&object(count, twin));
                assert!(matches!(found, Err(ValueError::DuplicateKey { .. })));
            }
            assert!(Value::parse(&object(count, count)).is_ok());
        }
        // With a search for each key this would be 20,000,000,000 comparisons.
        assert!(Value::parse(&object(200_000, 200_000)).is_ok());
    }

    #[test]
    fn depth_is_limited_without_recursion() {
        let legal = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(Value::parse(&legal).is_ok());
        let deep = "[".repeat(100_000);
        assert_eq!(
            Value::parse(&deep),
            Err(ValueError::TooDeep { at: MAX_DEPTH })
        );
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,4}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read_the_same(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(Value::parse(&text).unwrap().to_string(), serde_json::to_string(&value).unwrap());
        }

        #[test]
        fn what_serde_json_refuses_is_refused(value in json(), at: prop::sample::Index, byte in 0x20u8..0x7f) {
            let mut text = serde_json::to_string(&value).unwrap().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(text) = std::str::from_utf8(&text) && serde_json::from_str::<serde_json::Value>(text).is_err() {
                // Only numbers are read more widely: any size is a number here.
                let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text);
                prop_assert!(Value::parse(text).is_err() || theirs.is_ok());
            }
        }
    }
}

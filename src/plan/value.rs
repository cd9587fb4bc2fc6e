//! The values of one change, decoded when somebody looks.
//!
//! Absent, null, unknown and sensitive are four different things here. Numbers stay the text they were: a plan may hold
//! 401 digits. Depth is limited and a key that stands twice in one object is refused, because two readers of such a
//! file may see two different plans.

use std::collections::HashSet;
use std::fmt;

/// How deep a value may be nested. Terraform's own reader stops at 10,000; no person can read 1,000.
pub const MAX_DEPTH: usize = 1_000;

/// A JSON value with nothing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// The number's own text.
    Number(Box<str>),
    /// A string, decoded.
    Text(Box<str>),
    /// An array.
    List(Vec<Value>),
    /// An object, in the order of the file. No key stands twice.
    Object(Vec<(Box<str>, Value)>),
}

impl Value {
    /// Decodes one JSON text. Fails on invalid JSON, a key that stands twice, and nesting below [`MAX_DEPTH`].
    pub fn parse(json: &str) -> Result<Value, ValueError> {
        Decoder { json, at: 0 }.document()
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

/// A container that is not closed yet.
enum Open {
    List(Vec<Value>),
    Object {
        members: Vec<(Box<str>, Value)>,
        key: Box<str>,
        known: Known,
    },
}

/// What is known of the keys of an object, so that a new one need not be compared with each of them.
#[derive(Default)]
struct Known {
    /// Each key was greater than the one before it, until one was not. Terraform sorts the keys of every map.
    unsorted: bool,
    /// All keys, if they are not sorted and too many to be searched for each new one.
    all: HashSet<Box<str>>,
}

/// Room for so many members is made at once; most objects have no more.
const FEW: usize = 8;

/// Up to so many members a search is quicker than a set.
const SEARCHED: usize = 32;

/// One pass, no recursion: open containers stand on a stack.
struct Decoder<'a> {
    json: &'a str,
    at: usize,
}

impl Decoder<'_> {
    fn document(&mut self) -> Result<Value, ValueError> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            // One value: a scalar is done at once, a container that is not empty goes on the stack.
            let mut done = match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if stack.len() >= MAX_DEPTH {
                        return Err(ValueError::TooDeep { at: self.at });
                    }
                    self.at += 1;
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.peek() == Some(close) {
                        self.at += 1;
                        if open == b'{' {
                            Value::Object(Vec::new())
                        } else {
                            Value::List(Vec::new())
                        }
                    } else {
                        stack.push(if open == b'{' {
                            let (members, mut known) = (Vec::with_capacity(FEW), Known::default());
                            let key = self.key(&members, &mut known)?;
                            Open::Object {
                                members,
                                key,
                                known,
                            }
                        } else {
                            Open::List(Vec::new())
                        });
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // The value is put where it belongs; each container that it closes is a value in turn.
            loop {
                let Some(top) = stack.pop() else {
                    return if self.peek().is_none() {
                        Ok(done)
                    } else {
                        Err(self.bad("something stands after the value"))
                    };
                };
                match (top, self.peek()) {
                    (Open::List(mut items), Some(b',')) => {
                        items.push(done);
                        self.at += 1;
                        stack.push(Open::List(items));
                        break;
                    }
                    (Open::List(mut items), Some(b']')) => {
                        items.push(done);
                        self.at += 1;
                        done = Value::List(items);
                    }
                    (
                        Open::Object {
                            mut members,
                            key,
                            mut known,
                        },
                        Some(b','),
                    ) => {
                        members.push((key, done));
                        self.at += 1;
                        let key = self.key(&members, &mut known)?;
                        stack.push(Open::Object {
                            members,
                            key,
                            known,
                        });
                        break;
                    }
                    (
                        Open::Object {
                            mut members, key, ..
                        },
                        Some(b'}'),
                    ) => {
                        members.push((key, done));
                        self.at += 1;
                        done = Value::Object(members);
                    }
                    (_, Some(_)) => return Err(self.bad("a comma or a closing bracket is missing")),
                    (_, None) => return Err(self.bad("the value is cut off")),
                }
            }
        }
    }

    /// The next byte that is no white space, without taking it.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.json.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn bad(&self, what: &'static str) -> ValueError {
        ValueError::Json { at: self.at, what }
    }

    /// Takes a key and its colon, and refuses it if the object has it already.
    fn key(
        &mut self,
        members: &[(Box<str>, Value)],
        known: &mut Known,
    ) -> Result<Box<str>, ValueError> {
        if self.peek() != Some(b'"') {
            return Err(self.bad("a key is missing"));
        }
        let at = self.at;
        let key = self.string()?;
        known.unsorted |= members.last().is_some_and(|(last, _)| *last >= key);
        let twin = if !known.unsorted {
            false
        } else if members.len() < SEARCHED {
            members.iter().any(|(earlier, _)| *earlier == key)
        } else {
            if known.all.is_empty() {
                known
                    .all
                    .extend(members.iter().map(|(earlier, _)| earlier.clone()));
            }
            !known.all.insert(key.clone())
        };
        if twin {
            return Err(ValueError::DuplicateKey {
                at,
                key: key.into(),
            });
        }
        if self.peek() != Some(b':') {
            return Err(self.bad("a colon is missing"));
        }
        self.at += 1;
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value, ValueError> {
        let rest = &self.json[self.at..];
        match rest.bytes().next() {
            Some(b'"') => return self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => return self.number(),
            _ => {}
        }
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.bad(if rest.is_empty() {
            "the value is cut off"
        } else {
            "this is no JSON value"
        }))
    }

    /// The grammar of a JSON number; its text is kept as it is.
    fn number(&mut self) -> Result<Value, ValueError> {
        let bytes = self.json.as_bytes();
        let start = self.at;
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > from
        };
        let mut at = self.at;
        at += usize::from(bytes.get(at) == Some(&b'-'));
        let first = bytes.get(at).copied();
        let whole = at;
        let mut good = digits(&mut at) && (first != Some(b'0') || at == whole + 1);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            good &= digits(&mut at);
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            good &= digits(&mut at);
        }
        if !good {
            return Err(self.bad("this is no JSON number"));
        }
        self.at = at;
        Ok(Value::Number(self.json[start..at].into()))
    }

    /// Takes a string. Without a backslash its bytes are the text; with one, `serde_json` decodes it.
    fn string(&mut self) -> Result<Box<str>, ValueError> {
        let bytes = self.json.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
                Some(found) if bytes[at + found] == b'"' => {
                    at += found;
                    break;
                }
                Some(found) => {
                    escaped = true;
                    at += found + 2;
                }
                None => return Err(self.bad("the string has no end")),
            }
        }
        let text = &self.json[start..at];
        let decoded = if escaped {
            serde_json::from_str::<String>(&self.json[self.at..=at])
                .map_err(|_| self.bad("the string is not valid"))?
                .into()
        } else if text.bytes().any(|b| b < 0x20) {
            return Err(self.bad("a control character stands bare in a string"));
        } else {
            Box::from(text)
        };
        self.at = at + 1;
        Ok(decoded)
    }
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
        for count in [1, SEARCHED - 1, SEARCHED, SEARCHED + 1, 1_000] {
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

//! The values of one change, decoded when somebody looks.
//!
//! Absent, null, unknown and sensitive are four different things here. Numbers stay the text they were: a plan may hold
//! 401 digits. Depth is limited and a key that stands twice in one object is refused, because two readers of such a
//! file may see two different plans.

use std::collections::HashSet;
use std::fmt;

use compact_str::CompactString;

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
        Decoder {
            json,
            at: 0,
            items: Vec::new(),
            members: Vec::new(),
        }
        .document()
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
struct Open {
    closer: u8,
    /// Where its first element or member stands among those of all open containers.
    from: usize,
    /// Each key was greater than the one before it, until one was not. Terraform sorts the keys of every map.
    unsorted: bool,
    /// All keys, if they are not sorted and too many to be searched for each new one.
    keys: Option<Box<HashSet<CompactString>>>,
}

/// Up to so many members a search is quicker than a set.
const SEARCHED: usize = 32;

/// One pass, no recursion: open containers stand on a stack, and what they hold so far on one for all of them.
struct Decoder<'a> {
    json: &'a str,
    at: usize,
    items: Vec<Value>,
    /// The value of the last one is still to come.
    members: Vec<Member>,
}

impl Decoder<'_> {
    fn document(&mut self) -> Result<Value, ValueError> {
        let mut stack: Vec<Open> = Vec::new();
        loop {
            // One value: a scalar is done at once, a container that is not empty goes on the stack.
            let mut done = match self.peek() {
                Some(opener @ (b'{' | b'[')) => {
                    if stack.len() >= MAX_DEPTH {
                        return Err(ValueError::TooDeep { at: self.at });
                    }
                    self.at += 1;
                    // In ASCII each closer stands two behind its opener.
                    let mut open = Open {
                        closer: opener + 2,
                        from: self.filled(opener),
                        unsorted: false,
                        keys: None,
                    };
                    if self.peek() != Some(open.closer) {
                        if opener == b'{' {
                            self.key(&mut open)?;
                        }
                        stack.push(open);
                        continue;
                    }
                    self.at += 1;
                    self.close(&open)
                }
                _ => self.scalar()?,
            };
            // The value is put where it belongs; each container that it closes is a value in turn.
            loop {
                let next = self.peek();
                let Some(open) = stack.last_mut() else {
                    return if next.is_none() {
                        Ok(done)
                    } else {
                        Err(self.bad("something stands after the value"))
                    };
                };
                match self.members.last_mut() {
                    Some((_, value)) if open.closer == b'}' => *value = done,
                    _ => self.items.push(done),
                }
                match next {
                    Some(b',') => {
                        self.at += 1;
                        if open.closer == b'}' {
                            self.key(open)?;
                        }
                        break;
                    }
                    Some(byte) if byte == open.closer => {
                        self.at += 1;
                        done = self.close(open);
                        stack.pop();
                    }
                    Some(_) => return Err(self.bad("a comma or a closing bracket is missing")),
                    None => return Err(self.bad("the value is cut off")),
                }
            }
        }
    }

    /// How many elements or members of open containers there are.
    fn filled(&self, opener: u8) -> usize {
        if opener == b'{' {
            self.members.len()
        } else {
            self.items.len()
        }
    }

    /// The container with everything that was put into it.
    fn close(&mut self, open: &Open) -> Value {
        if open.closer == b'}' {
            Value::Object(self.members.drain(open.from..).collect())
        } else {
            Value::List(self.items.drain(open.from..).collect())
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

    /// Takes a key and its colon, and refuses it if the object has it already. Its value is still to come.
    fn key(&mut self, open: &mut Open) -> Result<(), ValueError> {
        if self.peek() != Some(b'"') {
            return Err(self.bad("a key is missing"));
        }
        let at = self.at;
        let key = self.string()?;
        let earlier = &self.members[open.from..];
        open.unsorted |= earlier.last().is_some_and(|(last, _)| *last >= key);
        let twin = if !open.unsorted {
            false
        } else if earlier.len() < SEARCHED {
            earlier.iter().any(|(earlier, _)| *earlier == key)
        } else {
            let keys = open.keys.get_or_insert_with(|| {
                Box::new(earlier.iter().map(|(key, _)| key.clone()).collect())
            });
            !keys.insert(key.clone())
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
        self.members.push((key, Value::Null));
        Ok(())
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

    /// Takes a string. Without an escape its bytes are the text.
    fn string(&mut self) -> Result<CompactString, ValueError> {
        let start = self.at + 1;
        let end = plain(self.json.as_bytes(), start);
        let text = &self.json[start..end];
        if self.json.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(text.into());
        }
        let mut decoded = String::from(text);
        self.at = end;
        loop {
            match self.json.as_bytes().get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => decoded.push(self.escape()?),
                Some(_) => {
                    return Err(self.bad("a control character stands bare in a string"));
                }
                None => return Err(self.bad("the string has no end")),
            }
            let end = plain(self.json.as_bytes(), self.at);
            decoded.push_str(&self.json[self.at..end]);
            self.at = end;
        }
        self.at += 1;
        Ok(decoded.into())
    }

    /// Takes an escape, which begins with the backslash that stands next.
    fn escape(&mut self) -> Result<char, ValueError> {
        let letter = self.json.as_bytes().get(self.at + 1);
        let decoded = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.spelled(),
            _ => return Err(self.bad("this is no escape")),
        };
        self.at += 2;
        Ok(decoded)
    }

    /// Takes a character that is spelled out in hexadecimal digits: one unit of UTF-16, or two that belong together.
    fn spelled(&mut self) -> Result<char, ValueError> {
        let unit = |at: usize| {
            let digits = self.json.get(at..at + 6)?.strip_prefix("\\u")?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
        };
        let first = unit(self.at);
        let pair = matches!(first, Some(0xd800..=0xdbff));
        let second = if pair { unit(self.at + 6) } else { None };
        let decoded = char::decode_utf16(first.into_iter().chain(second)).next();
        let Some(Ok(decoded)) = decoded else {
            return Err(self.bad("this is no escape of a character"));
        };
        self.at += if pair { 12 } else { 6 };
        Ok(decoded)
    }
}

/// Where the first byte stands, at `at` or behind it, that is not itself in a string: a quote, a backslash, a control
/// character. The end of `bytes`, if there is none.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest byte of which the high bit is set is below `limit`; so may be higher ones that are not.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let same = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = below(word, 0x20) | same(b'"') | same(b'\\');
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let stops = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(stops).unwrap_or(rest.len())
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

//! From JSON text to a value, in one pass and without recursion.
//!
//! Owns the grammar and what is refused of it; how a string is written is owned by its own module.

use std::borrow::Cow;
use std::collections::HashSet;

use compact_str::CompactString;

use super::string::string;
use super::{MAX_DEPTH, Member, Value, ValueError};

/// Decodes one JSON text.
pub(super) fn decode(json: &str) -> Result<Value, ValueError> {
    let mut decoder = Decoder {
        json,
        at: 0,
        items: Vec::new(),
        members: Vec::new(),
    };
    decoder.document()
}

/// A container that is not closed yet.
struct Open {
    closer: u8,
    /// Where its first element or member stands among those of all open containers.
    from: usize,
    /// Each key was greater than the one before it, until one was not. Terraform sorts the keys of every map.
    unsorted: bool,
    /// All keys, if they are not sorted and too many to be searched for each new one.
    keys: Option<HashSet<CompactString>>,
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
            let keys = open
                .keys
                .get_or_insert_with(|| earlier.iter().map(|(key, _)| key.clone()).collect());
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

    fn string(&mut self) -> Result<CompactString, ValueError> {
        let (text, end) = string(self.json, self.at)?;
        self.at = end;
        Ok(match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        })
    }
}

//! A strict JSON reader that builds nothing: it walks, validates, and hands out the texts that somebody asks for.
//!
//! Owns the grammar (RFC 8259, strictly), the depth limits, and the rule that no key stands twice in an object that is
//! read. Nothing here recurses, and a string of any length costs no memory unless its item is kept. Knows nothing of
//! plans; it only carries the name of the place for its messages.

use std::collections::HashSet;
use std::hash::BuildHasher;

use super::value::MAX_DEPTH;
use super::window::{Fill, Window};
use crate::failure::{Exit, Failure};

mod echo;
mod marks;
mod notes;
mod outline;
mod refusal;
mod scalar;
mod simd;
mod sprint;
mod walk;

pub use outline::{Item, Members, Outline};
use walk::Walk;

/// How deep a part that is only skipped may be nested. Terraform's own reader stops here too.
pub const MAX_SKIPPED_DEPTH: usize = 10_000;

/// Where in the document the reader is, for people.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The key at the top.
    pub section: Option<String>,
    /// Number of the element in it, from 0.
    pub element: Option<u64>,
}

/// A container that was opened with [`Scanner::open`] and is not closed yet.
struct Open {
    closer: u8,
    first: bool,
    /// Keys of the object so far, as keyed hashes.
    keys: HashSet<u64>,
}

/// The strict reader.
pub struct Scanner<F> {
    window: Window<F>,
    opened: Vec<Open>,
    walk: Walk,
    hasher: std::hash::RandomState,
    item_start: u64,
    key_start: u64,
    /// Where the reader is; the caller keeps it right.
    pub place: Place,
}

impl<F: Fill> Scanner<F> {
    /// A reader at the front of `source`; reads nothing yet.
    pub fn new(source: F) -> Self {
        Scanner {
            window: Window::new(source),
            opened: Vec::new(),
            walk: Walk::default(),
            hasher: std::hash::RandomState::new(),
            item_start: 0,
            key_start: 0,
            place: Place::default(),
        }
    }

    /// The first bytes of the file as they are; at most `count`, fewer only if the file is shorter.
    pub fn head(&mut self, count: usize) -> Result<&[u8], Failure> {
        self.window.head(count)
    }

    /// The next byte that is no white space, without taking it; `None` at the end of the file.
    pub fn token(&mut self) -> Result<Option<u8>, Failure> {
        loop {
            match self.window.peek()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.window.bump(),
                other => return Ok(other),
            }
        }
    }

    /// Offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// Offset of the key that [`Scanner::next_key`] returned last.
    pub fn key_offset(&self) -> u64 {
        self.key_start
    }

    /// What is ahead in the buffer; only for saying what stands there.
    pub fn ahead(&self) -> &[u8] {
        self.window.ahead()
    }

    /// Opens the container that stands next. `false`: there is a null instead, and it was taken.
    pub fn open(&mut self, opener: Opener) -> Result<bool, Failure> {
        match self.need()? {
            b'n' => {
                self.word(b"null")?;
                return Ok(false);
            }
            byte if byte == opener.byte() => self.window.bump(),
            _ => return Err(self.wrong_type(opener.name())),
        }
        if self.opened.len() >= MAX_SKIPPED_DEPTH {
            return Err(self.too_deep(MAX_SKIPPED_DEPTH));
        }
        self.opened.push(Open {
            closer: opener.closer(),
            first: true,
            keys: HashSet::new(),
        });
        Ok(true)
    }

    /// The next key of the innermost open object, decoded, with its colon taken. `None` closes the object.
    pub fn next_key(&mut self) -> Result<Option<String>, Failure> {
        if !self.goes_on()? {
            return Ok(None);
        }
        self.key_start = self.offset();
        let key = self.key()?;
        self.colon()?;
        let hash = self.hasher.hash_one(&key);
        let open = self.opened.last_mut().expect("goes_on saw it");
        if !open.keys.insert(hash) {
            return Err(self.twice(&key, self.key_start));
        }
        Ok(Some(key))
    }

    /// Whether the innermost open list has one more element, which stands next. `false` closes the list.
    pub fn next_element(&mut self) -> Result<bool, Failure> {
        let more = self.goes_on()?;
        if more && self.need()? == b']' {
            return Err(self.bad("a value is missing"));
        }
        Ok(more)
    }

    /// Goes to the next member or element of the innermost open container; `false` closes it.
    fn goes_on(&mut self) -> Result<bool, Failure> {
        let byte = self.need()?;
        let open = self
            .opened
            .last_mut()
            .expect("asked only inside an open container");
        let first = std::mem::replace(&mut open.first, false);
        if byte == open.closer {
            self.opened.pop();
            self.window.bump();
            return Ok(false);
        }
        if !first {
            if byte != b',' {
                return Err(self.bad("a comma or a closing bracket is missing"));
            }
            self.window.bump();
            self.need()?;
        }
        Ok(true)
    }

    /// Walks over the value that stands next and validates it.
    pub fn skip(&mut self) -> Result<(), Failure> {
        self.walk.begin(MAX_SKIPPED_DEPTH, 0, 0);
        self.go::<false>()
    }

    /// Walks over the value that stands next and keeps its text; no key may stand twice in any object of it.
    pub fn item(&mut self) -> Result<u64, Failure> {
        self.kept(MAX_DEPTH, usize::MAX, outline::NOTED_DEPTH)
    }

    /// The same for a value of which only the members are of use: what they hold is skipped.
    pub fn shallow_item(&mut self) -> Result<u64, Failure> {
        self.kept(MAX_SKIPPED_DEPTH, 1, 1)
    }

    fn kept(&mut self, limit: usize, compared: usize, noted: usize) -> Result<u64, Failure> {
        self.need()?;
        self.item_start = self.offset();
        self.window.keep();
        self.walk.begin(limit, compared, noted);
        self.go::<true>()?;
        if self.offset() - self.item_start > outline::LONGEST {
            return Err(self.too_long());
        }
        Ok(self.item_start)
    }

    /// The item that was walked over last, and the source beside it.
    pub fn taken(&mut self) -> Result<(Item<'_>, &mut F), Failure> {
        let (bytes, source) = self.window.kept();
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok((
                Item {
                    text,
                    outline: self.walk.outline(),
                },
                source,
            )),
            Err(_) => Err(Failure::new(
                Exit::Internal,
                "not-utf8",
                "a part that was checked is no text",
            )),
        }
    }

    /// The text of the item that was walked over last.
    pub fn item_text(&mut self) -> Result<&str, Failure> {
        self.taken().map(|(item, _)| item.text)
    }

    /// Where the bytes come from.
    pub fn source(&mut self) -> &mut F {
        self.window.source()
    }

    /// The item's text is no longer needed.
    pub fn release(&mut self) {
        self.window.release();
    }

    /// The source, and the number of all bytes. Right only at the end of the file.
    pub fn finish(self) -> (F, u64) {
        self.window.finish()
    }

    /// A key that stands next, decoded.
    fn key(&mut self) -> Result<String, Failure> {
        let kept_already = self.item_start;
        self.item_start = self.offset();
        self.window.keep();
        self.quoted()?;
        let key = self.decode(self.item_start, self.offset())?;
        self.window.release();
        self.item_start = kept_already;
        Ok(key)
    }

    /// Decodes the string between two offsets of the part that is kept.
    fn decode(&mut self, from: u64, to: u64) -> Result<String, Failure> {
        let within = |offset: u64| usize::try_from(offset - self.item_start).unwrap_or(usize::MAX);
        let range = within(from)..within(to);
        let (bytes, _) = self.window.kept();
        serde_json::from_slice(&bytes[range]).map_err(|_| self.bad("a string is not valid"))
    }

    fn colon(&mut self) -> Result<(), Failure> {
        if self.need()? != b':' {
            return Err(self.bad("a colon is missing"));
        }
        self.window.bump();
        Ok(())
    }

    fn quoted(&mut self) -> Result<bool, Failure> {
        if self.need()? != b'"' {
            return Err(self.bad("a key is missing"));
        }
        self.string()
    }

    /// The next byte that is no white space; the end of the file is a refusal.
    #[inline]
    fn need(&mut self) -> Result<u8, Failure> {
        match self.window.peek()? {
            Some(byte) if byte > b' ' => Ok(byte),
            _ => match self.token()? {
                Some(byte) => Ok(byte),
                None => Err(self.cut_off()),
            },
        }
    }

    /// The next byte, white space or not, taken.
    fn take(&mut self) -> Result<u8, Failure> {
        match self.window.peek()? {
            Some(byte) => {
                self.window.bump();
                Ok(byte)
            }
            None => Err(self.cut_off()),
        }
    }
}

/// Which container is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// `{`
    Object,
    /// `[`
    List,
}

impl Opener {
    fn byte(self) -> u8 {
        match self {
            Opener::Object => b'{',
            Opener::List => b'[',
        }
    }

    fn closer(self) -> u8 {
        match self {
            Opener::Object => b'}',
            Opener::List => b']',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Opener::Object => "an object",
            Opener::List => "a list",
        }
    }
}

#[cfg(test)]
mod tests;

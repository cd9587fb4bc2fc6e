//! One value with everything in it, token by token.
//!
//! Owns what may follow what. [`Scanner::step`] takes one token in any state of the window and says what is wrong with it;
//! [`Walk::sprint`] takes as many whole tokens as it can from what is in memory, and never one that `step` would refuse.

use super::marks::Marks;
use super::notes::Notes;
use super::outline::Outline;
use super::{MAX_SKIPPED_DEPTH, Scanner};
use crate::failure::Failure;
use crate::plan::value::MAX_DEPTH;
use crate::plan::window::Fill;

/// What the grammar wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A value.
    Value,
    /// The first element of a list, or its end.
    FirstElement,
    /// A key with its colon.
    Key,
    /// The first key of an object, or its end.
    FirstKey,
    /// A comma, or the end of the innermost container; nothing, if there is none.
    After,
}

/// A value that is walked over.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// How many containers may be open at once.
    pub limit: usize,
    /// Closing brackets of the open containers.
    pub nested: Vec<u8>,
    pub notes: Notes,
    pub marks: Marks,
}

impl Walk {
    /// Begins a new value.
    pub fn begin(&mut self, limit: usize, compared: usize, noted: usize) {
        debug_assert!(limit <= MAX_DEPTH.max(MAX_SKIPPED_DEPTH));
        self.limit = limit;
        self.nested.clear();
        self.notes.begin(compared, noted);
    }

    /// The outline of the value that was walked over last.
    pub fn outline(&self) -> &Outline {
        &self.notes.outline
    }
}

impl<F: Fill> Scanner<F> {
    /// One value, with everything in it. `KEEP`: the window keeps it, and notes are taken.
    pub(super) fn go<const KEEP: bool>(&mut self) -> Result<(), Failure> {
        let mut next = Next::Value;
        loop {
            let (bytes, from) = self.window.view();
            let offset = self.window.offset() - from as u64;
            let (after, to) = self.walk.sprint::<KEEP>(next, bytes, from, offset);
            next = after;
            self.window.advance(to - from);
            if next != Next::After || !self.walk.nested.is_empty() {
                next = self.step::<KEEP>(next)?;
            }
            if next == Next::After && self.walk.nested.is_empty() {
                return Ok(());
            }
        }
    }

    /// One token.
    fn step<const KEEP: bool>(&mut self, next: Next) -> Result<Next, Failure> {
        let byte = self.need()?;
        match (next, byte) {
            (Next::FirstElement, b']') | (Next::FirstKey, b'}') => self.close::<KEEP>(),
            (Next::Value | Next::FirstElement, b'{' | b'[') => self.enter::<KEEP>(byte),
            (Next::Value | Next::FirstElement, _) => {
                self.scalar(byte)?;
                Ok(self.done::<KEEP>())
            }
            (Next::Key | Next::FirstKey, _) => self.member::<KEEP>(),
            (Next::After, _) => match self.walk.nested.last() {
                None => Ok(next),
                Some(closer) if *closer == byte => self.close::<KEEP>(),
                Some(closer) if byte == b',' => {
                    let next = if *closer == b'}' {
                        Next::Key
                    } else {
                        Next::Value
                    };
                    self.window.bump();
                    Ok(next)
                }
                Some(_) => Err(self.bad("a comma or a closing bracket is missing")),
            },
        }
    }

    fn enter<const KEEP: bool>(&mut self, opener: u8) -> Result<Next, Failure> {
        if self.walk.nested.len() >= self.walk.limit {
            return Err(self.too_deep(self.walk.limit));
        }
        let next = if opener == b'[' {
            self.walk.nested.push(b']');
            Next::FirstElement
        } else {
            self.walk.nested.push(b'}');
            if KEEP {
                let (bytes, _) = self.window.kept();
                self.walk.notes.open(self.walk.nested.len(), bytes.len());
            }
            Next::FirstKey
        };
        self.window.bump();
        Ok(next)
    }

    fn close<const KEEP: bool>(&mut self) -> Result<Next, Failure> {
        let depth = self.walk.nested.len();
        if KEEP && self.walk.nested.last() == Some(&b'}') {
            let (bytes, _) = self.window.kept();
            if let Some(at) = self.walk.notes.twin(depth, bytes) {
                let key = serde_json::Deserializer::from_slice(&bytes[at..])
                    .into_iter::<String>()
                    .next();
                let key = key.and_then(Result::ok).unwrap_or_default();
                return Err(self.twice(&key, self.item_start + at as u64));
            }
            let end = bytes.len() + 1;
            self.walk.notes.close(depth, end);
        }
        self.window.bump();
        self.walk.nested.pop();
        Ok(self.done::<KEEP>())
    }

    /// A value ended at the next byte.
    fn done<const KEEP: bool>(&mut self) -> Next {
        if KEEP {
            let (bytes, _) = self.window.kept();
            self.walk.notes.end(self.walk.nested.len(), bytes.len());
        }
        Next::After
    }

    /// A key and its colon.
    fn member<const KEEP: bool>(&mut self) -> Result<Next, Failure> {
        let from = self.offset();
        let escaped = self.quoted()?;
        let to = self.offset();
        self.colon()?;
        if KEEP {
            let within =
                |offset: u64| usize::try_from(offset - self.item_start).unwrap_or(usize::MAX);
            let key = within(from)..within(to);
            let (bytes, _) = self.window.kept();
            self.walk
                .notes
                .key(self.walk.nested.len(), bytes, key, escaped, bytes.len());
        }
        Ok(Next::Value)
    }
}

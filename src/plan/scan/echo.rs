//! An object that is written just as the one before it.
//!
//! Owns which object that is. Where nothing changes, a plan writes the same object on both sides of the change. The second
//! one is compared and not walked over again: at the same depth of the same item the same bytes are as good as they were.

use std::ops::Range;

use super::outline::Outline;

/// The object at the deepest depth that is noted which was closed last.
#[derive(Debug, Default)]
pub(super) struct Echo {
    /// Where it stands in the item.
    text: Range<usize>,
    /// Its members, as places in the outline.
    members: Range<usize>,
}

impl Echo {
    /// Nothing was written yet.
    pub fn clear(&mut self) {
        *self = Echo::default();
    }

    /// An object is opened, its bracket at `at`.
    pub fn open(&mut self, outline: &Outline, at: usize) {
        self.text = at..at;
        self.members.start = outline.len();
    }

    /// The object that was opened last is closed; `end` is right behind its bracket.
    pub fn close(&mut self, outline: &Outline, end: usize) {
        self.text.end = end;
        self.members.end = outline.len();
    }

    /// Takes the object at `bytes[at]` if it is the last one once more: notes its members, and returns where it ends.
    #[inline]
    pub fn again(&self, outline: &mut Outline, bytes: &[u8], at: usize) -> Option<usize> {
        let text = &bytes[self.text.clone()];
        if text.is_empty() || !bytes[at..].starts_with(text) {
            return None;
        }
        outline.repeat(self.members.clone(), at - self.text.start);
        Some(at + text.len())
    }
}

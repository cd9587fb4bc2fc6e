//! Where the members of an item stand.
//!
//! Everything that is asked of an item later is found here, so its bytes are walked over once.

use std::ops::Range;

/// Members of objects down to this depth are noted: those of an element, of its change, and of both sides of it.
pub const NOTED_DEPTH: usize = 3;

/// No item that is kept may be longer: places in it are held in half a word. A test does not wait for four gigabytes.
pub(super) const LONGEST: u64 = if cfg!(test) { 1 << 23 } else { u32::MAX as u64 };

/// A part of the item's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: u32,
    to: u32,
}

impl Part {
    fn range(self) -> Range<usize> {
        self.from as usize..self.to as usize
    }

    fn of(self, text: &str) -> &str {
        &text[self.range()]
    }

    fn bytes_of(self, text: &str) -> &[u8] {
        &text.as_bytes()[self.range()]
    }
}

/// A member of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    /// Without the quotes.
    key: Part,
    value: Part,
    /// How many members were noted when this one ended: the next one beside it, if the object goes on.
    next: u32,
    depth: u32,
}

/// The members of one item, each object's behind the member that holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    members: Vec<Member>,
    /// A noted key is written with an escape; whoever compares keys as they are written must not.
    pub(super) escaped: bool,
    /// The member of each depth that is not ended yet.
    open: [usize; NOTED_DEPTH + 1],
}

/// An item's text with its outline.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The JSON text.
    pub text: &'a str,
    pub(super) outline: &'a Outline,
}

impl std::ops::Deref for Item<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.text
    }
}

/// An object of an item whose members were noted.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    item: Item<'a>,
    depth: usize,
    from: usize,
    to: usize,
}

/// Of a text whose members nobody noted.
static NOTHING_NOTED: Outline = Outline {
    members: Vec::new(),
    escaped: false,
    open: [0; NOTED_DEPTH + 1],
};

impl<'a> Item<'a> {
    /// An item again, from its text and the outline that was noted of just this text.
    pub fn new(text: &'a str, outline: &'a Outline) -> Self {
        Item { text, outline }
    }

    /// The outline, to be kept with a copy of the text.
    pub fn outline(self) -> &'a Outline {
        self.outline
    }

    /// A part of the item; its members are known only if it is the whole.
    #[must_use]
    pub fn part(self, range: Range<usize>) -> Item<'a> {
        match self.text.get(range) {
            Some(part) if part.len() < self.text.len() => Item {
                text: part,
                outline: &NOTHING_NOTED,
            },
            Some(_) | None => self,
        }
    }

    /// The item's own members; none if it is no object.
    pub fn members(self) -> Members<'a> {
        Members {
            item: self,
            depth: 1,
            from: 0,
            to: self.outline.members.len(),
        }
    }

    /// Whether a key that was noted is written with an escape.
    pub fn has_escaped_keys(self) -> bool {
        self.outline.escaped
    }
}

impl<'a> Members<'a> {
    /// Key as it is written, value, and the members of the value.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a str, Members<'a>)> {
        let mut at = self.from;
        std::iter::from_fn(move || {
            let (place, member) = self.next(&mut at)?;
            let key = member.key.of(self.item.text);
            Some((key, self.value(member), self.inside(place, at)))
        })
    }

    /// No more than so many there are.
    pub fn at_most(self) -> usize {
        self.to - self.from
    }

    /// The member that is written as `key`, with its text.
    pub fn find(self, key: &str) -> Option<(&'a str, &'a str)> {
        let mut at = self.from;
        loop {
            let (_, member) = self.next(&mut at)?;
            if member.key.bytes_of(self.item.text) == key.as_bytes() {
                return Some((member.key.of(self.item.text), self.value(member)));
            }
        }
    }

    /// The value of `key` and its members, whatever way the key is written.
    // Where the key is known to the compiler it is compared without a call.
    #[inline]
    pub fn get(self, key: &str) -> Option<(&'a str, Members<'a>)> {
        let escapes = self.item.outline.escaped;
        let mut at = self.from;
        loop {
            let (place, member) = self.next(&mut at)?;
            let written = member.key.bytes_of(self.item.text);
            if written == key.as_bytes() || (escapes && is_spelled(written, key)) {
                return Some((self.value(member), self.inside(place, at)));
            }
        }
    }

    /// The same for many keys, in one pass: quickest where they are named in the order in which they stand.
    pub fn get_all<const N: usize>(self, keys: [&str; N]) -> [Option<(&'a str, Members<'a>)>; N] {
        let escapes = self.item.outline.escaped;
        let mut found = [None; N];
        let (mut at, mut next) = (self.from, 0);
        while let Some((place, member)) = self.next(&mut at) {
            let written = member.key.bytes_of(self.item.text);
            let key = (next..N).chain(0..next).find(|key| {
                let key = keys[*key];
                written == key.as_bytes() || (escapes && is_spelled(written, key))
            });
            if let Some(key) = key {
                found[key] = Some((self.value(member), self.inside(place, at)));
                next = key + 1;
            }
        }
        found
    }

    /// The next member that stands at `at` or behind it, and its place; `at` goes on to the one beside it.
    #[inline]
    fn next(self, at: &mut usize) -> Option<(usize, &'a Member)> {
        loop {
            let place = *at;
            let member = self.item.outline.members[..self.to].get(place)?;
            *at = member.next as usize;
            // Deeper ones stand in a list, and are members of nothing that was asked for.
            if member.depth as usize == self.depth {
                return Some((place, member));
            }
        }
    }

    fn value(self, member: &Member) -> &'a str {
        member.value.of(self.item.text).trim_ascii_start()
    }

    /// The members of the member at `place`; the next one beside it is `next`.
    fn inside(self, place: usize, next: usize) -> Members<'a> {
        Members {
            item: self.item,
            depth: self.depth + 1,
            from: place + 1,
            to: next,
        }
    }
}

/// Whether a key with escapes in it is `key`.
fn is_spelled(written: &[u8], key: &str) -> bool {
    written.contains(&b'\\')
        && serde_json::from_slice::<String>(&[b"\"", written, b"\""].concat())
            .is_ok_and(|decoded| decoded == key)
}

impl Outline {
    /// Becomes a copy of `other`, in the memory that it has.
    pub fn copy(&mut self, other: &Outline) {
        self.members.clone_from(&other.members);
        (self.escaped, self.open) = (other.escaped, other.open);
    }

    pub(super) fn clear(&mut self) {
        self.members.clear();
        self.escaped = false;
    }

    /// How many members were noted.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Notes these members once more, so many bytes behind where they stand.
    pub(super) fn repeat(&mut self, members: Range<usize>, shift: usize) {
        let places = self.members.len() - members.start;
        let moved = |part: Part| Part {
            from: part.from + shift as u32,
            to: part.to + shift as u32,
        };
        for place in members {
            let member = self.members[place];
            self.open[member.depth as usize] = self.members.len();
            self.members.push(Member {
                key: moved(member.key),
                value: moved(member.value),
                next: member.next + places as u32,
                ..member
            });
        }
    }

    /// A member begins; its key stands at `key`, without the quotes.
    pub(super) fn begin(&mut self, depth: usize, key: Range<usize>, value: usize) {
        self.open[depth] = self.members.len();
        // Of an item that is too long nothing is looked at.
        self.members.push(Member {
            key: Part {
                from: key.start as u32,
                to: key.end as u32,
            },
            value: Part {
                from: value as u32,
                to: value as u32,
            },
            next: 0,
            depth: depth as u32,
        });
    }

    /// The value of the member that began last at this depth ends.
    pub(super) fn end(&mut self, depth: usize, at: usize) {
        let next = self.members.len();
        if let Some(member) = self.members.get_mut(self.open[depth])
            && member.depth as usize == depth
            && member.next == 0
        {
            member.value.to = at as u32;
            member.next = next as u32;
        }
    }
}

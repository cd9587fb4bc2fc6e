//! What is noted of an item while it is walked over: its outline, and whether a key stands twice.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::echo::Echo;
use super::outline::Outline;

/// A key in the text that is kept, with its quotes.
#[derive(Debug, Clone)]
struct Key {
    range: Range<usize>,
    /// Its first eight bytes, so that two keys are told apart without another look at them, nearly always.
    beginning: u64,
    escaped: bool,
}

impl Key {
    fn new(bytes: &[u8], range: Range<usize>, escaped: bool) -> Self {
        let len = range.len() - 2;
        let beginning = match bytes.get(range.start + 1..).and_then(<[u8]>::first_chunk) {
            // What stands behind a short key is cut off.
            Some(eight) if len < 8 => {
                u64::from_be_bytes(*eight) & !u64::MAX.checked_shr(8 * len as u32).unwrap_or(0)
            }
            Some(eight) => u64::from_be_bytes(*eight),
            None => bytes[range.start + 1..range.end - 1]
                .iter()
                .zip((0..8).rev())
                .fold(0, |sum, (byte, place)| {
                    sum | u64::from(*byte) << (8 * place)
                }),
        };
        Key {
            range,
            beginning,
            escaped,
        }
    }

    fn written<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.range.start + 1..self.range.end - 1]
    }

    /// Whether it is greater than `other`, as they are written. No control character stands in a key, so a shorter one is
    /// told by the zeros behind it.
    fn is_behind(&self, other: &Key, bytes: &[u8]) -> bool {
        match self.beginning.cmp(&other.beginning) {
            Ordering::Equal => self.written(bytes) > other.written(bytes),
            unequal => unequal == Ordering::Greater,
        }
    }

    fn is_written_like(&self, other: &Key, bytes: &[u8]) -> bool {
        self.beginning == other.beginning
            && self.range.len() == other.range.len()
            && self.written(bytes) == other.written(bytes)
    }
}

#[derive(Debug)]
struct Object {
    /// Its first key among those of all open objects.
    keys: usize,
    /// Each key so far is greater than the one before it, so none stands twice.
    sorted: bool,
}

/// What is noted of an item while it is walked over.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Down to which depth keys are compared; none of what is only skipped.
    pub compared: usize,
    /// Down to which depth members are noted.
    pub noted: usize,
    keys: Vec<Key>,
    objects: Vec<Object>,
    hasher: RandomState,
    echo: Echo,
    pub outline: Outline,
}

/// Up to so many keys are compared each with each; of more, hashes are sorted.
const FEW: usize = 16;

impl Notes {
    /// Begins a new item.
    pub fn begin(&mut self, compared: usize, noted: usize) {
        (self.compared, self.noted) = (compared, noted);
        self.keys.clear();
        self.objects.clear();
        self.outline.clear();
        self.echo.clear();
    }

    /// An object of that depth was opened, its bracket at `at`.
    #[inline]
    pub fn open(&mut self, depth: usize, at: usize) {
        if depth == self.noted {
            self.echo.open(&self.outline, at);
        }
        if depth <= self.compared {
            self.objects.push(Object {
                keys: self.keys.len(),
                sorted: true,
            });
        }
    }

    /// A key stands at `key`, quotes included, and a colon right before `value`.
    #[inline]
    pub fn key(
        &mut self,
        depth: usize,
        bytes: &[u8],
        key: Range<usize>,
        escaped: bool,
        value: usize,
    ) {
        if depth > self.compared {
            return;
        }
        if depth <= self.noted {
            self.outline.escaped |= escaped;
            self.outline.begin(depth, key.start + 1..key.end - 1, value);
        }
        let key = Key::new(bytes, key, escaped);
        if let Some(object) = self.objects.last_mut()
            && object.sorted
        {
            // Terraform sorts the keys of every map, so the first comparison is the last one, nearly always.
            object.sorted = !escaped
                && self.keys[object.keys..]
                    .last()
                    .is_none_or(|last| key.is_behind(last, bytes));
        }
        self.keys.push(key);
    }

    /// A value that stands at that depth ended at `at`.
    #[inline]
    pub fn end(&mut self, depth: usize, at: usize) {
        if depth <= self.noted && depth > 0 {
            self.outline.end(depth, at);
        }
    }

    /// Where a key of the object that closes stands for the second time.
    #[inline]
    pub fn twin(&self, depth: usize, bytes: &[u8]) -> Option<usize> {
        let object = self.objects.last().filter(|_| depth <= self.compared)?;
        if object.sorted {
            None
        } else {
            self.search(bytes, &self.keys[object.keys..])
        }
    }

    /// Where the object at `bytes[at]` ends, if it is that of the same depth before it once more; its members are noted.
    #[inline]
    pub fn again(&mut self, depth: usize, bytes: &[u8], at: usize) -> Option<usize> {
        if depth != self.noted {
            return None;
        }
        self.echo.again(&mut self.outline, bytes, at)
    }

    /// The object of that depth is closed; `end` is right behind its bracket.
    #[inline]
    pub fn close(&mut self, depth: usize, end: usize) {
        if depth == self.noted {
            self.echo.close(&self.outline, end);
        }
        if depth <= self.compared
            && let Some(object) = self.objects.pop()
        {
            self.keys.truncate(object.keys);
        }
    }

    fn search(&self, bytes: &[u8], keys: &[Key]) -> Option<usize> {
        if keys.len() <= FEW && keys.iter().all(|key| !key.escaped) {
            return keys
                .iter()
                .enumerate()
                .find(|(at, key)| {
                    keys[..*at]
                        .iter()
                        .any(|earlier| earlier.is_written_like(key, bytes))
                })
                .map(|(_, key)| key.range.start);
        }
        let mut hashes: Vec<(u64, usize)> = keys
            .iter()
            .map(|key| {
                let decoded = key
                    .escaped
                    .then(|| serde_json::from_slice::<String>(&bytes[key.range.clone()]).ok())
                    .flatten();
                let hash = match &decoded {
                    Some(decoded) => self.hasher.hash_one(decoded.as_bytes()),
                    None => self.hasher.hash_one(key.written(bytes)),
                };
                (hash, key.range.start)
            })
            .collect();
        hashes.sort_unstable();
        hashes
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0)
            .map(|pair| pair[1].1)
            .min()
    }
}

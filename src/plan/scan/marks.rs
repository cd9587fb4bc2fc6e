//! Where the strings ahead end, found for many bytes at once.
//!
//! A plan is full of short strings. Looked at one after the other, each costs a guess of how long it is, and a wrong guess
//! costs more than the string. Here all quotes of the next bytes are put into a list first, without a guess; the walk
//! then takes two of them for each string.

use super::simd::{BLOCK, Block, blocks};

/// So many bytes are marked at once: they, and what is noted of them, stay in the cache until they are walked over.
const STEP: usize = 32 * 1024;

/// Stands behind the last mark.
const NONE: u32 = u32::MAX;

/// The marks of some of the bytes ahead. Places count from the first of these bytes.
#[derive(Debug)]
pub(super) struct Marks {
    /// Offset in the file of the first byte that is marked, and of the first behind them that is not.
    from: u64,
    to: u64,
    /// Quotes that open or close a string, and the first one that was not passed yet.
    quotes: Box<[u32]>,
    next: usize,
    /// What must be looked at with care if it stands in a string: control characters, and escapes other than the common ones.
    cares: Vec<u32>,
    next_care: usize,
    /// Backslashes, as bits.
    backslashes: Vec<u64>,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            from: 0,
            to: 0,
            // The last group of eight may reach beyond the last quote.
            quotes: vec![0; STEP + BLOCK].into(),
            next: 0,
            cares: vec![NONE],
            next_care: 0,
            backslashes: Vec::new(),
        }
    }
}

impl Marks {
    /// Goes on to the token that begins at `bytes[at]`; `offset` is that of `bytes` in the file. Marks what is ahead if
    /// nothing of it is marked. Returns what has to be added to a place in `bytes` to have it among the marks.
    #[inline]
    pub fn reach(&mut self, bytes: &[u8], at: usize, offset: u64) -> usize {
        let here = offset + at as u64;
        if here < self.from || here >= self.to {
            let ahead = &bytes[at..bytes.len().min(at + STEP)];
            self.mark(ahead, &bytes[at..]);
            (self.from, self.to) = (here, here + ahead.len() as u64);
        }
        let shift = (offset as usize).wrapping_sub(self.from as usize);
        self.pass(at.wrapping_add(shift));
        shift
    }

    /// Passes the quotes before `place`: somebody else has taken them.
    #[inline]
    pub fn pass(&mut self, place: usize) {
        while (self.quotes[self.next] as usize) < place && self.quotes[self.next] != NONE {
            self.next += 1;
        }
    }

    /// Where the string ends whose first quote stands at `place`, if it is whole, marked, and nothing in it needs care.
    #[inline]
    pub fn string(&mut self, place: usize) -> Option<usize> {
        let [first, last] = *self.quotes[self.next..].first_chunk()?;
        if first as usize != place || last == NONE || self.cares_before(place, last) {
            return None;
        }
        self.next += 2;
        Some(last as usize + 1)
    }

    #[inline]
    fn cares_before(&mut self, place: usize, last: u32) -> bool {
        while self.cares[self.next_care] < last {
            if self.cares[self.next_care] as usize > place {
                return true;
            }
            self.next_care += 1;
        }
        false
    }

    /// Whether a backslash stands between two places.
    #[inline]
    pub fn escaped(&self, from: usize, to: usize) -> bool {
        let (first, last) = (from / BLOCK, (to - 1) / BLOCK);
        let tail = u64::MAX >> (BLOCK - 1 - (to - 1) % BLOCK);
        let head = u64::MAX << (from % BLOCK);
        if first == last {
            return self.backslashes[first] & head & tail != 0;
        }
        self.backslashes[first] & head != 0
            || self.backslashes[last] & tail != 0
            || self.backslashes[first + 1..last]
                .iter()
                .any(|bits| *bits != 0)
    }

    /// Marks `ahead`, which begins outside of a string. `all`: the same and what comes behind it.
    fn mark(&mut self, ahead: &[u8], all: &[u8]) {
        let mut count = 0;
        let mut carry = 0;
        self.cares.clear();
        self.backslashes.clear();
        let Marks {
            quotes,
            cares,
            backslashes,
            ..
        } = self;
        let mut each = |place: usize, block: Block| {
            let escaped = escaped(block.backslashes, &mut carry);
            backslashes.push(block.backslashes);
            // A quote and a backslash are the most common things to be escaped, and always good.
            let mut cares_here = block.controls | (escaped & !block.quotes & !block.backslashes);
            while cares_here != 0 {
                let at = place + cares_here.trailing_zeros() as usize;
                if all.get(at).is_none_or(|byte| *byte < 0x20) || escape(all, at).is_none() {
                    cares.push(at as u32);
                }
                cares_here &= cares_here - 1;
            }
            let mut found = block.quotes & !escaped;
            let behind = count + found.count_ones() as usize;
            // Eight at a time, whether there are so many or not: how many there are cannot be guessed.
            while found != 0 {
                if let Some(eight) = quotes[count..].first_chunk_mut::<8>() {
                    for quote in eight {
                        *quote = place as u32 + found.trailing_zeros();
                        found &= found.wrapping_sub(1);
                    }
                }
                count += 8;
            }
            count = behind;
        };
        blocks(ahead, &mut each);
        let rest = ahead.as_chunks::<BLOCK>().1;
        if !rest.is_empty() {
            let mut last = [b' '; BLOCK];
            last[..rest.len()].copy_from_slice(rest);
            each(ahead.len() - rest.len(), super::simd::block(&last));
        }
        quotes[count..count + 2].fill(NONE);
        cares.push(NONE);
        (self.next, self.next_care) = (0, 0);
    }
}

/// The bytes that a backslash stands before which is not itself escaped. `carry`: the first byte of this block is one,
/// and then, that the first of the next is.
#[inline]
fn escaped(backslashes: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    if backslashes == 0 {
        return std::mem::take(carry);
    }
    let open = backslashes & !*carry;
    let behind = open << 1 | *carry;
    // A run that begins at an odd place is added to: its end moves by one, and with it which of two counts.
    let odd_starts = open & !EVEN & !behind;
    let (moved, over) = odd_starts.overflowing_add(open);
    *carry = u64::from(over);
    (EVEN ^ (moved << 1)) & behind
}

/// The letters that are a whole escape.
static SIMPLE: [bool; 256] = {
    let mut simple = [false; 256];
    let letters = br#""\/bfnrt"#;
    let mut at = 0;
    while at < letters.len() {
        simple[letters[at] as usize] = true;
        at += 1;
    }
    simple
};

/// Where the escape ends whose letter stands at `at`; `None`: it is wrong, or cut off, or half of a pair.
#[inline]
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    let letter = *bytes.get(at)?;
    if SIMPLE[usize::from(letter)] {
        return Some(at + 1);
    }
    match letter {
        b'u' => {
            let digits = bytes.get(at + 1..at + 5)?;
            let surrogate = matches!(
                digits,
                [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]
            );
            (digits.iter().all(u8::is_ascii_hexdigit) && !surrogate).then_some(at + 5)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a reader of one byte after the other says of the string at `at`: its end, and whether a backslash is in it.
    fn one_at_a_time(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
        let (mut end, mut escapes) = (at + 1, false);
        loop {
            match *bytes.get(end)? {
                b'"' => return Some((end + 1, escapes)),
                b'\\' => {
                    escapes = true;
                    end = escape(bytes, end + 1)?;
                }
                0..0x20 => return None,
                _ => end += 1,
            }
        }
    }

    /// Walks over strings and what stands between them, as far as all is well.
    fn agree(bytes: &[u8], offset: u64) {
        let mut marks = Marks::default();
        let mut at = 0;
        while at < bytes.len() {
            let shift = marks.reach(bytes, at, offset);
            if bytes[at] != b'"' {
                // Outside of a string nobody goes past a backslash.
                if bytes[at] == b'\\' {
                    return;
                }
                at += 1;
                continue;
            }
            let wanted = one_at_a_time(bytes, at);
            let found = marks.string(at.wrapping_add(shift));
            if let Some(end) = found {
                let end = end.wrapping_sub(shift);
                let escapes = marks.escaped(at.wrapping_add(shift), end.wrapping_add(shift));
                assert_eq!(wanted, Some((end, escapes)), "at {at} of {bytes:?}");
            }
            match wanted {
                // A string that reaches beyond what is marked is left to others.
                Some((end, _)) => {
                    assert!(
                        found.is_some()
                            || end - at >= STEP - BLOCK
                            || marks.to < offset + end as u64,
                        "at {at} of {bytes:?}"
                    );
                    at = end;
                }
                None => return assert_eq!(found, None, "at {at} of {bytes:?}"),
            }
        }
    }

    #[test]
    fn runs_of_backslashes_end_where_they_end_at_every_place() {
        for before in 0..140 {
            for run in 0..10 {
                let text = format!("{}\"{}n\"", " ".repeat(before), "\\".repeat(run));
                agree(text.as_bytes(), 0);
                agree(text.as_bytes(), 4_294_967_290);
            }
        }
    }

    #[test]
    fn more_than_is_marked_at_once_is_marked_in_steps() {
        let text = r#""a\"b":"\u003cé\n","#.repeat(3 * STEP / 20);
        agree(text.as_bytes(), 17);
        agree(format!("{:?}", "x".repeat(3 * STEP)).as_bytes(), 17);
    }

    proptest! {
        #[test]
        fn strings_end_where_a_slow_reader_says(bytes in prop::collection::vec(prop_oneof![4 => Just(b'"'), 3 => Just(b'\\'), 1 => Just(b'u'), 1 => Just(b'\n'), 3 => Just(b'0'), 1 => Just(b'd'), 6 => Just(b'n')], 0..300), offset: u32) {
            agree(&bytes, u64::from(offset));
        }
    }
}

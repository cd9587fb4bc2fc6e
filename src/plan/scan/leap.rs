//! The structure alone: where a value ends, by its brackets.
//!
//! Several times as quick as walking over tokens, and no proof of anything: what is passed so must be walked over later,
//! before anybody relies on it. For a valid value the end is the right one; of any other the later walk says what is wrong.

use super::simd::{BLOCK, Block, blocks};

/// A value that is passed, from its opening bracket on.
#[derive(Debug, Default)]
pub(super) struct Leap {
    depth: usize,
    /// All bits, if the last byte stands in a string.
    inside: u64,
    /// One, if the last byte is a backslash that stands before the next one.
    escape: u64,
}

impl Leap {
    /// Passes `bytes`. Returns how many of them belong to the value, if it ends here.
    pub fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut end = None;
        blocks(bytes, |place, block| {
            if end.is_none() {
                end = self.block(block).map(|within| place + within);
            }
        });
        let (_, rest) = bytes.as_chunks::<BLOCK>();
        if end.is_some() || rest.is_empty() {
            return end;
        }
        self.few(rest)
            .map(|within| bytes.len() - rest.len() + within)
    }

    #[inline]
    fn block(&mut self, block: Block) -> Option<usize> {
        let escaped = super::marks::escaped(block.backslashes, &mut self.escape);
        let strings = inside(block.quotes & !escaped) ^ self.inside;
        self.inside = 0_u64.wrapping_sub(strings >> 63);
        let (opens, closes) = (block.opens & !strings, block.closes & !strings);
        let (more, less) = (opens.count_ones() as usize, closes.count_ones() as usize);
        if less < self.depth {
            self.depth = self.depth + more - less;
            return None;
        }
        (0..BLOCK).find_map(|at| {
            self.bracket(opens >> at & 1 == 1, closes >> at & 1 == 1)
                .then_some(at + 1)
        })
    }

    /// What is too short for a block, byte by byte.
    fn few(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes.iter().enumerate().find_map(|(at, byte)| {
            let escaped = std::mem::take(&mut self.escape) == 1;
            match byte {
                b'\\' if !escaped => self.escape = 1,
                b'"' if !escaped => self.inside = !self.inside,
                _ => {}
            }
            let outside = self.inside == 0;
            let opens = outside && matches!(byte, b'{' | b'[');
            let closes = outside && matches!(byte, b'}' | b']');
            self.bracket(opens, closes).then_some(at + 1)
        })
    }

    /// Takes one byte; whether the value ends with it.
    fn bracket(&mut self, opens: bool, closes: bool) -> bool {
        if opens {
            self.depth += 1;
        } else if closes {
            self.depth = self.depth.saturating_sub(1);
            return self.depth == 0;
        }
        false
    }
}

/// From each quote on, up to the one before the next: the bits that stand in strings, if the first quote opens one.
#[inline]
fn inside(mut quotes: u64) -> u64 {
    quotes ^= quotes << 1;
    quotes ^= quotes << 2;
    quotes ^= quotes << 4;
    quotes ^= quotes << 8;
    quotes ^= quotes << 16;
    quotes ^ quotes << 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the value ends that `bytes` begin with, one byte after the other.
    fn one_at_a_time(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut inside, mut escaped) = (0, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            // Outside of a string a backslash is wrong; whatever stands behind it, only a quote is another thing for it.
            let after_backslash = std::mem::take(&mut escaped);
            match byte {
                b'\\' if !after_backslash => escaped = true,
                b'"' if !after_backslash => inside = !inside,
                b'{' | b'[' if !inside => depth += 1,
                b'}' | b']' if !inside => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    proptest! {
        #[test]
        fn a_value_ends_where_a_slow_reader_says_in_any_pieces(
            tail in prop::collection::vec(prop_oneof![
                2 => Just(b'{'), 2 => Just(b'}'), 1 => Just(b'['), 1 => Just(b']'),
                3 => Just(b'"'), 2 => Just(b'\\'), 9 => Just(b'x'), 1 => any::<u8>(),
            ], 0..400),
            piece in 1usize..200,
        ) {
            let bytes = [&b"{"[..], &tail].concat();
            let mut leap = Leap::default();
            let found = bytes.chunks(piece).enumerate().find_map(|(number, piece_of)| {
                leap.pass(piece_of).map(|end| number * piece + end)
            });
            prop_assert_eq!(found, one_at_a_time(&bytes));
        }
    }
}

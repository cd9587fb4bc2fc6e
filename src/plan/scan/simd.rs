//! How far a string goes on without anything special in it.
//!
//! The only place with `unsafe`: one call of a function that uses SSE2, which is part of every x86-64. Sixteen bytes are
//! looked at in one step, for this search is what a pass over a plan spends most of its time in: a sixth of all, twice as
//! much as any other function but the hash. Other machines look at eight bytes in a step.

#![allow(unsafe_code)]

/// Number of bytes before the first quote, backslash or control character; all of them if there is none.
#[inline]
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: SSE2 belongs to the base of x86-64; the function touches memory only through slices.
        unsafe { sixteen_at_a_time(bytes) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        eight_at_a_time(bytes)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn sixteen_at_a_time(bytes: &[u8]) -> usize {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
        _mm_set1_epi8,
    };
    let (quote, backslash) = (
        _mm_set1_epi8(b'"'.cast_signed()),
        _mm_set1_epi8(b'\\'.cast_signed()),
    );
    let last_control = _mm_set1_epi8(0x1f);
    let mut done = 0;
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let number = u128::from_le_bytes(*block);
        // Two halves of an array become one load.
        let block = _mm_set_epi64x(
            ((number >> 64) as u64).cast_signed(),
            (number as u64).cast_signed(),
        );
        let control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
        let marks = _mm_or_si128(
            _mm_cmpeq_epi8(block, quote),
            _mm_cmpeq_epi8(block, backslash),
        );
        let special = _mm_movemask_epi8(_mm_or_si128(marks, control));
        if special != 0 {
            return done + special.trailing_zeros() as usize;
        }
        done += 16;
    }
    done + eight_at_a_time(rest)
}

/// The same without instructions of one machine.
fn eight_at_a_time(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut done = 0;
    let (blocks, rest) = bytes.as_chunks::<8>();
    for block in blocks {
        let block = u64::from_le_bytes(*block);
        let zero = |of: u64| of.wrapping_sub(ONES) & !of & HIGH;
        let control = block.wrapping_sub(ONES * 0x20) & !block & HIGH;
        let special = zero(block ^ (ONES * u64::from(b'"')))
            | zero(block ^ (ONES * u64::from(b'\\')))
            | control;
        if special != 0 {
            // A borrow can mark a byte above the first special one, never one below it.
            return done + special.trailing_zeros() as usize / 8;
        }
        done += 8;
    }
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    done + rest.iter().position(special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_at_a_time(bytes: &[u8]) -> usize {
        let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
        bytes.iter().position(special).unwrap_or(bytes.len())
    }

    #[test]
    fn each_byte_is_seen_at_each_place() {
        for length in 0..70 {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    let wanted = one_at_a_time(&bytes);
                    assert_eq!(plain_prefix(&bytes), wanted, "{byte} at {at} of {length}");
                    assert_eq!(
                        eight_at_a_time(&bytes),
                        wanted,
                        "{byte} at {at} of {length}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn all_ways_agree(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), 0x1du8..0x24, 0x7e..=255u8, Just(b'a')], 0..100)) {
            prop_assert_eq!(plain_prefix(&bytes), one_at_a_time(&bytes));
            prop_assert_eq!(eight_at_a_time(&bytes), one_at_a_time(&bytes));
        }
    }
}

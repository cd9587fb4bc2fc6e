//! Which of sixty-four bytes are quotes, backslashes and control characters.
//!
//! The only place with `unsafe`: it loads bytes into registers, and calls the code for AVX2 where the processor says that
//! it has it. Other x86-64 processors take SSE2, which all of them have, and other machines eight bytes in a step.

#![allow(unsafe_code)]

/// How many bytes are looked at in one step.
pub(super) const BLOCK: usize = 64;

/// What stands in a block; bit `n` speaks of byte `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    pub quotes: u64,
    pub backslashes: u64,
    pub controls: u64,
}

/// Gives each block of `bytes` to `each`, with the place of its first byte. What is left at the end is no whole block.
#[inline]
pub(super) fn blocks(bytes: &[u8], each: impl FnMut(usize, Block)) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("popcnt")
    {
        // SAFETY: the processor has just said that it has these instructions.
        return unsafe { blocks_avx2(bytes, each) };
    }
    for_each(bytes, block, each);
}

#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "it is compiled anew for each set of instructions"
)]
fn for_each(
    bytes: &[u8],
    look: impl Fn(&[u8; BLOCK]) -> Block,
    mut each: impl FnMut(usize, Block),
) {
    for (number, block) in bytes.as_chunks().0.iter().enumerate() {
        each(number * BLOCK, look(block));
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn blocks_avx2(bytes: &[u8], each: impl FnMut(usize, Block)) {
    for_each(bytes, |block| block_avx2(block), each);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
fn block_avx2(block: &[u8; BLOCK]) -> Block {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set1_epi8,
    };
    // SAFETY: any sixty-four bytes are two registers.
    let [low, high] = unsafe { std::mem::transmute::<[u8; BLOCK], [__m256i; 2]>(*block) };
    let bits = |low: __m256i, high: __m256i| {
        let [low, high] = [low, high].map(|half| _mm256_movemask_epi8(half).cast_unsigned());
        u64::from(low) | u64::from(high) << 32
    };
    let same = |byte: u8| {
        let byte = _mm256_set1_epi8(byte.cast_signed());
        bits(_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte))
    };
    let last = _mm256_set1_epi8(0x1f);
    Block {
        quotes: same(b'"'),
        backslashes: same(b'\\'),
        controls: bits(
            _mm256_cmpeq_epi8(_mm256_min_epu8(low, last), low),
            _mm256_cmpeq_epi8(_mm256_min_epu8(high, last), high),
        ),
    }
}

/// One block, with what every processor of this sort has.
#[cfg(target_arch = "x86_64")]
pub(super) fn block(block: &[u8; BLOCK]) -> Block {
    // SAFETY: SSE2 belongs to the base of x86-64.
    unsafe { block_sse2(block) }
}

/// One block, with what every processor has.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn block(block: &[u8; BLOCK]) -> Block {
    block_by_words(block)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
#[inline]
fn block_sse2(block: &[u8; BLOCK]) -> Block {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8,
    };
    // SAFETY: any sixty-four bytes are four registers.
    let parts = unsafe { std::mem::transmute::<[u8; BLOCK], [__m128i; 4]>(*block) };
    let mut all = Block::default();
    for (number, part) in parts.into_iter().enumerate() {
        let bits =
            |found: __m128i| u64::from(_mm_movemask_epi8(found).cast_unsigned()) << (number * 16);
        let same = |byte: u8| bits(_mm_cmpeq_epi8(part, _mm_set1_epi8(byte.cast_signed())));
        all.quotes |= same(b'"');
        all.backslashes |= same(b'\\');
        all.controls |= bits(_mm_cmpeq_epi8(
            _mm_min_epu8(part, _mm_set1_epi8(0x1f)),
            part,
        ));
    }
    all
}

/// The same without instructions of one machine.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn block_by_words(block: &[u8; BLOCK]) -> Block {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The high bit of each byte that is zero, gathered into the eight lowest bits.
    let zeros = |word: u64| {
        let found = !(((word & LOW) + LOW) | word | LOW);
        (found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let mut all = Block::default();
    for (number, part) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*part);
        let bits = |found: u64| found << (number * 8);
        all.quotes |= bits(zeros(word ^ (ONES * u64::from(b'"'))));
        all.backslashes |= bits(zeros(word ^ (ONES * u64::from(b'\\'))));
        // Control characters are those without any of the three highest bits.
        all.controls |= bits(zeros(word & (ONES * 0xe0)));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_at_a_time(block: &[u8; BLOCK]) -> Block {
        let bits = |wanted: fn(u8) -> bool| {
            let found = block.iter().enumerate().filter(|(_, byte)| wanted(**byte));
            found.fold(0, |bits, (place, _)| bits | 1 << place)
        };
        Block {
            quotes: bits(|byte| byte == b'"'),
            backslashes: bits(|byte| byte == b'\\'),
            controls: bits(|byte| byte < 0x20),
        }
    }

    fn all_ways_agree(bytes: &[u8; BLOCK]) {
        let wanted = one_at_a_time(bytes);
        assert_eq!(block(bytes), wanted, "{bytes:?}");
        assert_eq!(block_by_words(bytes), wanted, "{bytes:?}");
        let mut seen = Vec::new();
        blocks(bytes, |at, block| seen.push((at, block)));
        assert_eq!(seen, [(0, wanted)], "{bytes:?}");
    }

    #[test]
    fn each_byte_is_seen_at_each_place() {
        for at in 0..BLOCK {
            for byte in 0..=255 {
                let mut bytes = [b'x'; BLOCK];
                bytes[at] = byte;
                all_ways_agree(&bytes);
            }
        }
    }

    #[test]
    fn only_whole_blocks_are_looked_at() {
        for length in [0, 1, 63, 64, 65, 127, 128, 200] {
            let mut places = Vec::new();
            blocks(&vec![b'"'; length], |at, block| {
                assert_eq!(block.quotes, u64::MAX);
                places.push(at);
            });
            let wanted: Vec<usize> = (0..length / BLOCK).map(|number| number * BLOCK).collect();
            assert_eq!(places, wanted);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_seen_alike(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), 0x1du8..0x24, 0x7e..=255u8, Just(b'a')], BLOCK..=BLOCK)) {
            all_ways_agree(bytes.first_chunk().unwrap());
        }
    }
}

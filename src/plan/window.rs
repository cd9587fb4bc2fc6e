//! A window over bytes that are read once, from front to back.
//!
//! Owns the buffer, what of it must be kept, where in the file it stands, and the rule that the bytes are UTF-8. Knows
//! nothing of JSON. Holds no more than the part that is kept and one buffer.

use crate::failure::{Exit, Failure};

/// Where a window gets its bytes.
pub trait Fill {
    /// Puts bytes into `free` and returns how many; none means the end.
    fn fill(&mut self, free: &mut [u8]) -> Result<usize, Failure>;
}

/// How large a fresh buffer is.
const CAPACITY: usize = 128 * 1024;

/// A window over the bytes of `F`.
pub struct Window<F> {
    pub(super) source: F,
    buffer: Vec<u8>,
    /// The next byte to look at.
    at: usize,
    /// End of the bytes that were read and are known to be UTF-8, but for a character that is not complete yet.
    end: usize,
    /// Up to here the bytes are complete characters.
    checked: usize,
    /// First byte that must not be dropped, where there is one.
    kept: Option<usize>,
    /// Offset in the file of the first byte of the buffer.
    base: u64,
    /// Line breaks before the first byte of the buffer.
    lines: u64,
    ended: bool,
    /// Bytes that are no UTF-8 stand right behind `end`.
    broken: bool,
}

impl<F: Fill> Window<F> {
    /// A window at the front of `source`; reads nothing yet.
    pub fn new(source: F) -> Self {
        Window {
            source,
            buffer: vec![0; CAPACITY],
            at: 0,
            end: 0,
            checked: 0,
            kept: None,
            base: 0,
            lines: 0,
            ended: false,
            broken: false,
        }
    }

    /// The next byte, without taking it; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<u8>, Failure> {
        if self.at < self.end {
            return Ok(Some(self.buffer[self.at]));
        }
        self.refill()
    }

    /// Takes the byte that was peeked.
    #[inline]
    pub fn bump(&mut self) {
        self.at += 1;
    }

    /// What has been read and not been taken; may be empty before the end, so peek first.
    #[inline]
    pub fn ahead(&self) -> &[u8] {
        &self.buffer[self.at.min(self.end)..self.end]
    }

    /// What is kept and what is ahead, in one piece, and where in it the next byte stands.
    #[inline]
    pub fn view(&self) -> (&[u8], usize) {
        let at = self.at.min(self.end);
        let from = self.kept.unwrap_or(at).min(at);
        (&self.buffer[from..self.end], at - from)
    }

    /// Takes `count` of the bytes ahead.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        debug_assert!(self.at + count <= self.end);
        self.at += count;
    }

    /// Reads until `count` bytes are ahead or the end is reached, and returns what is ahead.
    ///
    /// These are bytes as they stand in the file: what comes after a byte that is no UTF-8 is in it too, so that the
    /// reader can say what sort of file this is.
    pub fn head(&mut self, count: usize) -> Result<&[u8], Failure> {
        let mut filled = 0;
        while filled < count.min(self.buffer.len()) && !self.ended {
            filled += self.read_more(filled)?;
        }
        self.check(filled);
        Ok(&self.buffer[..filled])
    }

    /// From here on nothing is dropped until [`Window::kept`] was looked at and [`Window::release`] called.
    pub fn keep(&mut self) {
        self.kept = Some(self.at);
    }

    /// What was taken since [`Window::keep`], and the source beside it.
    pub fn kept(&mut self) -> (&[u8], &mut F) {
        let from = self.kept.unwrap_or(self.at);
        (&self.buffer[from..self.at], &mut self.source)
    }

    /// The bytes that were kept may go.
    pub fn release(&mut self) {
        self.kept = None;
    }

    /// Offset in the file of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Number of the line, from 1, on which `offset` stands. It must not have been dropped.
    pub fn line(&self, offset: u64) -> u64 {
        let within = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.lines + count_lines(&self.buffer[..within.min(self.end)]) + 1
    }

    /// The source, and the number of all bytes. Right only at the end.
    pub fn finish(self) -> (F, u64) {
        (self.source, self.base + self.end as u64)
    }

    /// Where the bytes come from.
    pub fn source(&mut self) -> &mut F {
        &mut self.source
    }

    #[cold]
    fn refill(&mut self) -> Result<Option<u8>, Failure> {
        if self.broken {
            return Err(self.not_utf8());
        }
        if self.ended {
            return Ok(None);
        }
        if self.end == self.buffer.len() {
            self.make_room();
        }
        let filled = self.end + self.read_more(self.end)?;
        self.check(filled);
        if self.at < self.end {
            return Ok(Some(self.buffer[self.at]));
        }
        if self.broken {
            return Err(self.not_utf8());
        }
        Ok(None)
    }

    /// Drops what is not kept; grows if that does not free half of the buffer.
    fn make_room(&mut self) {
        let from = self.kept.unwrap_or(self.at).min(self.checked);
        self.lines += count_lines(&self.buffer[..from]);
        self.base += from as u64;
        self.buffer.copy_within(from..self.end, 0);
        self.at -= from;
        self.end -= from;
        self.checked -= from;
        self.kept = self.kept.map(|kept| kept - from);
        if self.end > self.buffer.len() / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }

    fn read_more(&mut self, from: usize) -> Result<usize, Failure> {
        let count = self.source.fill(&mut self.buffer[from..])?;
        self.ended = count == 0;
        Ok(count)
    }

    /// Makes what was read up to `filled` visible as far as it is UTF-8.
    fn check(&mut self, filled: usize) {
        self.end = filled;
        match simdutf8::compat::from_utf8(&self.buffer[self.checked..filled]) {
            Ok(_) => self.checked = filled,
            Err(error) => {
                self.checked += error.valid_up_to();
                // A character may be cut by the end of the buffer, but not by the end of the file.
                if error.error_len().is_some() || self.ended {
                    self.end = self.checked;
                    self.broken = true;
                }
            }
        }
    }

    fn not_utf8(&self) -> Failure {
        let at = self.base + self.checked as u64;
        Failure::new(
            Exit::BadPlan,
            "not-utf8",
            format!(
                "the plan holds bytes that are not UTF-8, at byte {at} (line {})",
                self.line(at)
            ),
        )
        .expected("UTF-8, as terraform and tofu write it", "other bytes")
        .hint("Something has changed the bytes since the tool wrote them. Give undersign the plan file itself, or run `terraform show -json` again.")
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `step` bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Fill for Drip<'_> {
        fn fill(&mut self, free: &mut [u8]) -> Result<usize, Failure> {
            let count = self.1.min(free.len()).min(self.0.len());
            let (now, later) = self.0.split_at(count);
            free[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn take_all(window: &mut Window<Drip<'_>>) -> Result<Vec<u8>, Failure> {
        let mut taken = Vec::new();
        while let Some(byte) = window.peek()? {
            taken.push(byte);
            window.bump();
        }
        Ok(taken)
    }

    #[test]
    fn every_byte_comes_once_in_any_step() {
        let text = "ä\n€\n𝄞 x".repeat(40_000);
        for step in [1, 3, 4096, usize::MAX] {
            let mut window = Window::new(Drip(text.as_bytes(), step));
            assert_eq!(take_all(&mut window).unwrap(), text.as_bytes());
            assert_eq!(window.line(window.offset()), 80_001);
            assert_eq!(window.finish().1, text.len() as u64);
        }
    }

    #[test]
    fn what_is_kept_survives_and_makes_the_buffer_grow() {
        let text = "x".repeat(CAPACITY * 3 + 17);
        let mut window = Window::new(Drip(text.as_bytes(), 100_000));
        window.peek().unwrap();
        window.advance(11);
        window.keep();
        take_all(&mut window).unwrap();
        assert_eq!(window.kept().0.len(), text.len() - 11);
        assert!(window.buffer.len() <= CAPACITY * 8);
    }

    #[test]
    fn without_a_kept_part_the_buffer_stays_as_it_is() {
        let text = "x".repeat(CAPACITY * 3);
        let mut window = Window::new(Drip(text.as_bytes(), usize::MAX));
        take_all(&mut window).unwrap();
        assert_eq!(window.buffer.len(), CAPACITY);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_where_they_stand() {
        for (bytes, at) in [(&b"ab\xff"[..], 2), (b"\n\xc0\xaf", 1), (b"a\xe2\x82", 1)] {
            for step in [1, 100] {
                let failure = take_all(&mut Window::new(Drip(bytes, step))).unwrap_err();
                assert_eq!(failure.reason, "not-utf8");
                assert!(
                    failure.error.contains(&format!("at byte {at} ")),
                    "{failure}"
                );
            }
        }
    }
}

//! The values that hold no others: strings, numbers of any length, and the three words.

use super::Scanner;
use crate::failure::Failure;
use crate::plan::window::Fill;

impl<F: Fill> Scanner<F> {
    pub(super) fn scalar(&mut self, first: u8) -> Result<(), Failure> {
        match first {
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(self.bad("this is no JSON value")),
        }
    }

    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), Failure> {
        for expected in word {
            if self.take()? != *expected {
                return Err(self.bad("this is no JSON value"));
            }
        }
        Ok(())
    }

    /// A number of any length.
    fn number(&mut self) -> Result<(), Failure> {
        if self.window.peek()? == Some(b'-') {
            self.window.bump();
        }
        let leading_zero = self.window.peek()? == Some(b'0');
        let digits = self.digits()?;
        let mut good = digits > 0 && (!leading_zero || digits == 1);
        if self.window.peek()? == Some(b'.') {
            self.window.bump();
            good &= self.digits()? > 0;
        }
        if let Some(b'e' | b'E') = self.window.peek()? {
            self.window.bump();
            if let Some(b'+' | b'-') = self.window.peek()? {
                self.window.bump();
            }
            good &= self.digits()? > 0;
        }
        if good {
            Ok(())
        } else if self.window.peek()?.is_none() {
            Err(self.cut_off())
        } else {
            Err(self.bad("this is no JSON number"))
        }
    }

    fn digits(&mut self) -> Result<u64, Failure> {
        let mut count = 0;
        while let Some(b'0'..=b'9') = self.window.peek()? {
            self.window.bump();
            count += 1;
        }
        Ok(count)
    }

    /// A string, from its opening quote. Says whether an escape stands in it.
    pub(super) fn string(&mut self) -> Result<bool, Failure> {
        self.window.bump();
        let mut escaped = false;
        loop {
            if self.window.peek()?.is_none() {
                return Err(self.cut_off());
            }
            let plain = plain_prefix(self.window.ahead());
            self.window.advance(plain);
            match self.window.peek()? {
                Some(b'"') => {
                    self.window.bump();
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    self.window.bump();
                    escaped = true;
                    self.escape()?;
                }
                Some(0..0x20) => {
                    return Err(self.bad("a control character stands bare in a string"));
                }
                // More of the same string came with the next bytes.
                Some(_) | None => {}
            }
        }
    }

    /// What stands behind a backslash. Half a surrogate pair is no character.
    fn escape(&mut self) -> Result<(), Failure> {
        match self.take()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex4()? {
                0xd800..0xdc00 => {
                    let low = self.take()? == b'\\'
                        && self.take()? == b'u'
                        && (0xdc00..0xe000).contains(&self.hex4()?);
                    if low {
                        Ok(())
                    } else {
                        Err(self.lone_surrogate())
                    }
                }
                0xdc00..0xe000 => Err(self.lone_surrogate()),
                _ => Ok(()),
            },
            _ => Err(self.bad("this is no escape sequence")),
        }
    }

    fn hex4(&mut self) -> Result<u32, Failure> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.take()?).to_digit(16) else {
                return Err(self.bad("this is no escape sequence"));
            };
            code = code * 16 + digit;
        }
        Ok(code)
    }
}

/// Number of bytes before the first quote, backslash or control character; all of them if there is none.
fn plain_prefix(bytes: &[u8]) -> usize {
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
    use super::*;

    #[test]
    fn each_byte_is_seen_at_each_place() {
        for length in 0..40 {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    let special = byte == b'"' || byte == b'\\' || byte < 0x20;
                    let wanted = if special { at } else { length };
                    assert_eq!(plain_prefix(&bytes), wanted, "{byte} at {at} of {length}");
                }
            }
        }
    }
}

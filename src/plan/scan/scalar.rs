//! The values that hold no others: strings, numbers of any length, and the three words.

use super::Scanner;
use super::simd::plain_prefix;
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

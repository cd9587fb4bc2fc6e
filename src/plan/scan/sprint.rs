//! The quick way over what is in memory.
//!
//! Takes whole tokens from a slice without asking the window for each byte. At anything that it cannot take for certain
//! it stops *before* the token: at the end of the slice, at a surrogate pair, and at everything that is wrong. The careful
//! way takes the token then, or says what is wrong with it.

use super::walk::{Next, Walk};

impl Walk {
    /// Takes tokens of `bytes`, which stand at `offset`, from `at` on. Returns what is wanted next, and where the first
    /// byte stands that was not taken. `KEEP`: `bytes` begins with the item, and notes are taken.
    pub(super) fn sprint<const KEEP: bool>(
        &mut self,
        mut next: Next,
        bytes: &[u8],
        mut at: usize,
        offset: u64,
    ) -> (Next, usize) {
        let shift = self.marks.reach(bytes, at, offset);
        while let Some(&byte) = bytes.get(at) {
            if byte <= b' ' {
                if let b' ' | b'\n' | b'\r' | b'\t' = byte {
                    at += 1;
                    continue;
                }
                break;
            }
            match next {
                Next::Value | Next::FirstElement => {
                    let end = match byte {
                        b'"' => {
                            let end = self.marks.string(at.wrapping_add(shift));
                            end.map(|end| end.wrapping_sub(shift))
                        }
                        b'{' | b'[' => {
                            if self.nested.len() >= self.limit {
                                break;
                            }
                            let depth = self.nested.len() + 1;
                            let again = (KEEP && byte == b'{')
                                .then(|| self.notes.again(depth, bytes, at))
                                .flatten();
                            if let Some(end) = again {
                                self.marks.pass(end.wrapping_add(shift));
                                at = end;
                                self.ended::<KEEP>(at);
                                next = Next::After;
                                continue;
                            }
                            if byte == b'[' {
                                self.nested.push(b']');
                                next = Next::FirstElement;
                            } else {
                                self.nested.push(b'}');
                                if KEEP {
                                    self.notes.open(depth, at);
                                }
                                next = Next::FirstKey;
                            }
                            at += 1;
                            continue;
                        }
                        b']' if next == Next::FirstElement => {
                            self.nested.pop();
                            Some(at + 1)
                        }
                        b'-' | b'0'..=b'9' => number(bytes, at),
                        b't' => word(bytes, at, b"true"),
                        b'f' => word(bytes, at, b"false"),
                        b'n' => word(bytes, at, b"null"),
                        _ => None,
                    };
                    let Some(end) = end else { break };
                    at = end;
                    self.ended::<KEEP>(at);
                    next = Next::After;
                    // Nearly always the next member follows at once.
                    if bytes.get(at) == Some(&b',') && self.nested.last() == Some(&b'}') {
                        at += 1;
                        next = Next::Key;
                    }
                }
                Next::Key | Next::FirstKey => match byte {
                    b'"' => {
                        let place = at.wrapping_add(shift);
                        let Some(behind) = self.marks.string(place) else {
                            break;
                        };
                        let end = behind.wrapping_sub(shift);
                        let Some(value) = colon(bytes, end) else {
                            break;
                        };
                        if KEEP {
                            let escaped = self.marks.escaped(place, behind);
                            self.notes
                                .key(self.nested.len(), bytes, at..end, escaped, value);
                        }
                        at = value;
                        next = Next::Value;
                    }
                    b'}' if next == Next::FirstKey => {
                        if KEEP {
                            self.notes.close(self.nested.len(), at + 1);
                        }
                        self.nested.pop();
                        at += 1;
                        self.ended::<KEEP>(at);
                        next = Next::After;
                    }
                    _ => break,
                },
                Next::After => {
                    let Some(&closer) = self.nested.last() else {
                        break;
                    };
                    if byte == b',' {
                        at += 1;
                        next = if closer == b'}' {
                            Next::Key
                        } else {
                            Next::Value
                        };
                    } else if byte == closer {
                        let depth = self.nested.len();
                        if KEEP && closer == b'}' {
                            if self.notes.twin(depth, bytes).is_some() {
                                break;
                            }
                            self.notes.close(depth, at + 1);
                        }
                        self.nested.pop();
                        at += 1;
                        self.ended::<KEEP>(at);
                    } else {
                        break;
                    }
                }
            }
            if next == Next::After && self.nested.is_empty() {
                break;
            }
        }
        (next, at)
    }

    /// A value ended at `at`.
    #[inline]
    fn ended<const KEEP: bool>(&mut self, at: usize) {
        if KEEP {
            self.notes.end(self.nested.len(), at);
        }
    }
}

/// Where the value begins, if a colon stands next.
#[inline]
fn colon(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let b' ' | b'\n' | b'\r' | b'\t' = bytes.get(at)? {
        at += 1;
    }
    (bytes[at] == b':').then_some(at + 1)
}

#[inline]
fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes[at..].starts_with(word).then_some(at + word.len())
}

/// Where the number ends. Another byte must stand behind it: at the end of the slice nobody knows whether it goes on.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let first = at + usize::from(bytes[at] == b'-');
    let mut end = digits(first);
    if end == first || (bytes[first] == b'0' && end > first + 1) {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return None;
        }
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        end = digits(exponent);
        if end == exponent {
            return None;
        }
    }
    (end < bytes.len()).then_some(end)
}

//! The one way from foreign text to a terminal.
//!
//! Owns what is shown in place of characters that a terminal obeys or hides. Knows nothing of plans or screens.
//! Terminal libraries drop such characters without a trace, so that two values that differ would look the same to the
//! person who signs; here each of them stays visible.

use std::borrow::Cow;
use std::fmt::Write as _;

pub mod markdown;

/// Returns `text` with every character that a terminal would obey, hide or reorder made visible, on one line.
///
/// Line breaks and tabs become `⏎` and `⇥`, anything else that is hidden becomes `⟨U+202E⟩`. Applying it twice changes
/// nothing more.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push('⇥'),
            c if is_hidden(c) => {
                let _ = write!(out, "⟨U+{:04X}⟩", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Says whether a terminal would obey `c`, hide it, or let it reorder its neighbours.
///
/// C0, DEL and C1 controls, soft hyphen, bidirectional controls, zero-width and invisible operators, spaces that look like
/// the one on the keyboard, line and paragraph separators, interlinear marks, variation selectors, tags, private use and
/// noncharacters.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{1680}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
        || c as u32 & 0xfffe == 0xfffe
}

/// A whole number with separators: `1,222`.
pub fn count(n: impl std::fmt::Display) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(
            visible("aws_db_instance.primary → 日本"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        assert_eq!(visible("a\u{1b}[31mb"), "a⟨U+001B⟩[31mb");
        assert_eq!(visible("x\u{202e}gpj.exe"), "x⟨U+202E⟩gpj.exe");
        assert_eq!(visible("a\u{200b}b\nc\td"), "a⟨U+200B⟩b⏎c⇥d");
        assert_eq!(visible("a\u{a0}b\u{2009}c d"), "a⟨U+00A0⟩b⟨U+2009⟩c d");
        assert_eq!(
            visible("\u{9b}2J\u{7f}\u{e0041}"),
            "⟨U+009B⟩2J⟨U+007F⟩⟨U+E0041⟩"
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_hidden_is_left(text in ".*") {
            let shown = visible(&text).into_owned();
            assert!(!shown.chars().any(is_hidden));
            assert_eq!(visible(&shown), shown.as_str());
        }
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}

//! Reports that are text for people.

use super::entry::Entry;

/// The end of a report is missing, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut(pub &'static str);

/// What reading a report gives.
pub(super) type Reading = Result<Vec<Entry>, Cut>;

/// The text without the codes that colour it (`ESC [ … letter`) and without carriage returns.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {}
            '\u{1b}' if rest.peek() == Some(&'[') => {
                rest.next();
                while let Some(&c) = rest.peek() {
                    if !matches!(c, '\u{20}'..='\u{7e}') {
                        break;
                    }
                    rest.next();
                    if matches!(c, '\u{40}'..='\u{7e}') {
                        break;
                    }
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out_and_nothing_else() {
        for (text, without) in [
            ("\u{1b}[1m\u{1b}[31mFailure\u{1b}[39m: no", "Failure: no"),
            ("a\r\nb", "a\nb"),
            ("a\u{1b}", "a\u{1b}"),
            ("a\u{1b}]0;t\u{7}b", "a\u{1b}]0;t\u{7}b"),
            ("a\u{1b}[", "a"),
            ("a\u{1b}[3\nb", "a\nb"),
        ] {
            assert_eq!(plain(text), without);
        }
    }
}

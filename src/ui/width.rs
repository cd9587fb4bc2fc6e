//! Text measured in terminal columns: how wide, cut, padded, wrapped.
//!
//! Works by grapheme, as the terminal draws. Takes text that is already visible and knows nothing of what it says.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

pub use crate::text::count;

/// The columns that `text` takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(unicode_width).sum()
}

fn unicode_width(grapheme: &str) -> usize {
    grapheme.width()
}

/// The longest beginning of `text` that fits into `columns`, and what is left of it.
pub fn split(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += unicode_width(grapheme);
        if used > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// The shortest end of `text` that leaves out all but `columns`, for text whose beginning is not worth the room.
pub fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut start = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += unicode_width(grapheme);
        if used > columns {
            break;
        }
        start = at;
    }
    &text[start..]
}

/// `text` in at most `columns`; what is cut ends in `mark`.
pub fn cut<'a>(text: &'a str, columns: usize, mark: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(mark));
    let (head, _) = split(text, room);
    let mark = split(mark, columns).0;
    Cow::Owned(format!("{head}{mark}"))
}

/// `text` in exactly `columns`: cut with `mark`, or filled with spaces.
pub fn pad(text: &str, columns: usize, mark: &str) -> String {
    let mut out = cut(text, columns, mark).into_owned();
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// `text` in lines of at most `columns`, broken at spaces, and inside a word only where the word is too long.
///
/// Always at least one line. With no columns at all there is nothing to show: one empty line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for mut word in words(text) {
        if used + width(word) > columns && used > 0 {
            lines.push(String::new());
            used = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        while width(word) > columns {
            let (head, rest) = split(word, columns);
            if head.is_empty() {
                return lines;
            }
            push(&mut lines, head);
            lines.push(String::new());
            word = rest;
        }
        push(&mut lines, word);
        used = lines.last().map_or(0, |line| width(line));
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// The words of a text and the spaces between them, each a slice: a line may break between any two.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.starts_with(' ');
        let end = rest
            .find(|c: char| (c == ' ') != space)
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_as_the_terminal_draws() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width(""), 0);
    }

    #[test]
    fn a_wide_character_that_does_not_fit_is_left_out() {
        assert_eq!(split("a日b", 2), ("a", "日b"));
        assert_eq!(tail("a日b", 2), "b");
        assert_eq!(cut("日本日本", 5, "…"), "日本…");
        assert_eq!(pad("日本日本", 4, "…"), "日… ");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_inside() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(
            wrap("a delete-stateful, b", 16),
            ["a", "delete-stateful,", "b"]
        );
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("日", 1), [""]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in ".{0,40}", columns in 0usize..30) {
            let text = crate::text::visible(&text).into_owned();
            assert!(width(&cut(&text, columns, "…")) <= columns);
            assert!(width(&pad(&text, columns, "…")) == columns);
            for line in wrap(&text, columns) {
                assert!(width(&line) <= columns, "{line:?}");
            }
        }
    }
}

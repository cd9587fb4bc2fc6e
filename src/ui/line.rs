//! One line of text that a person edits, grapheme by grapheme. One that was written in an editor may have breaks in it.
//!
//! Holds visible characters only: what a terminal would obey or hide cannot be typed or pasted into a reason.

use unicode_segmentation::UnicodeSegmentation as _;

use super::key::Key;
use crate::text::is_hidden;

/// The text and where the caret stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    text: String,
    caret: usize,
}

impl Line {
    /// A line that holds `text`, caret at its end.
    pub fn new(text: &str) -> Self {
        let mut line = Line::default();
        line.insert(text);
        line
    }

    /// A text of several lines, as it comes from an editor: its breaks stay, caret at its end.
    pub fn with_breaks(text: &str) -> Self {
        let lines: Vec<String> = text
            .trim_end()
            .lines()
            .map(|line| Line::new(line).text)
            .collect();
        let text = lines.join("\n");
        Line {
            caret: text.len(),
            text,
        }
    }

    /// What stands in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the caret.
    pub fn before_caret(&self) -> &str {
        &self.text[..self.caret]
    }

    /// Puts text in at the caret. Line breaks and tabs become spaces, other hidden characters are left out.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text
            .trim_end_matches(['\r', '\n'])
            .chars()
            .map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c })
            .filter(|&c| !is_hidden(c))
            .collect();
        self.text.insert_str(self.caret, &clean);
        self.caret += clean.len();
    }

    /// Edits the line; says whether the key meant anything to it.
    pub fn press(&mut self, key: &Key) -> bool {
        match key.name() {
            "left" | "ctrl-b" => self.caret = self.grapheme_before(),
            "right" | "ctrl-f" => self.caret = self.grapheme_after(),
            "home" | "ctrl-a" => self.caret = 0,
            "end" | "ctrl-e" => self.caret = self.text.len(),
            "backspace" | "ctrl-h" => self.cut_from(self.grapheme_before()),
            "del" | "ctrl-d" => {
                let end = self.grapheme_after();
                self.text.replace_range(self.caret..end, "");
            }
            "ctrl-u" => self.cut_from(0),
            "ctrl-w" => self.cut_from(self.word_before()),
            _ => {
                let Some(c) = key.typed() else { return false };
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
        true
    }

    fn cut_from(&mut self, start: usize) {
        self.text.replace_range(start..self.caret, "");
        self.caret = start;
    }

    fn grapheme_before(&self) -> usize {
        self.before_caret()
            .grapheme_indices(true)
            .next_back()
            .map_or(0, |(at, _)| at)
    }

    fn grapheme_after(&self) -> usize {
        self.text[self.caret..]
            .graphemes(true)
            .next()
            .map_or(self.caret, |grapheme| self.caret + grapheme.len())
    }

    fn word_before(&self) -> usize {
        let trimmed = self.before_caret().trim_end();
        trimmed
            .char_indices()
            .rev()
            .find(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: &str, keys: &[&str]) -> String {
        let mut line = Line::new(start);
        for key in keys {
            line.press(&Key::named(key));
        }
        format!(
            "{}|{}",
            line.before_caret(),
            &line.text()[line.before_caret().len()..]
        )
    }

    #[test]
    fn keys_edit_by_grapheme_and_word() {
        for (start, keys, expected) in [
            ("ab", &["c"][..], "abc|"),
            ("ab", &["left", "c"], "ac|b"),
            ("e\u{301}x", &["left", "backspace"], "|x"),
            ("one two ", &["ctrl-w"], "one |"),
            ("one two", &["home", "del"], "|ne two"),
            ("one", &["ctrl-u"], "|"),
            ("", &["backspace", "left", "right", "del"], "|"),
        ] {
            assert_eq!(after(start, keys), expected, "{start} {keys:?}");
        }
    }

    #[test]
    fn a_reason_holds_no_hidden_character() {
        let line = Line::new("a\u{202e}b\u{1b}[2J\nc\r\n");
        assert_eq!(line.text(), "ab[2J c");
    }

    #[test]
    fn what_comes_from_an_editor_keeps_its_breaks_and_nothing_else_that_is_hidden() {
        let line = Line::with_breaks("one\r\n\n\ttwo\u{202e}\n\n");
        assert_eq!(line.text(), "one\n\n two");
    }
}

//! What a filter looks for in a text: a word, or a regular expression.
//!
//! A key in the filter looks at every row. A regular expression that takes both cases of each letter is slow where its
//! letters stand everywhere, as those of addresses do; a word is found by its rarest letter, and in a text that is all in
//! small letters, as it stands.

use std::ops::Range;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Needle {
    regex: Regex,
    /// The same, where it is a word in small letters.
    word: Option<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    letters: Box<[u8]>,
    as_it_stands: Finder<'static>,
    /// Place of its rarest letter, and both cases of it.
    rare: usize,
    cases: [u8; 2],
}

/// Letters that stand in nearly every address, the most common first.
const COMMON: &[u8] = b"e_saortnmdl.uic[]\"0123456789pgy";

impl Needle {
    /// Text as it stands; letter case counts only if there is a capital in it.
    pub fn literal(text: &str) -> Self {
        let any_case = !text.chars().any(char::is_uppercase);
        let regex = RegexBuilder::new(&regex::escape(text))
            .case_insensitive(any_case)
            .build();
        Needle {
            regex: regex.unwrap_or_else(|_| never()),
            word: any_case.then(|| Word::new(text)).flatten(),
        }
    }

    /// A regular expression; fails with a sentence.
    pub fn pattern(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .size_limit(1 << 20)
            .build()
            .map_err(|error| match error {
                regex::Error::Syntax(text) => {
                    let reason = text.lines().last().unwrap_or_default();
                    format!(
                        "no regular expression: {}",
                        reason.trim_start_matches("error: ")
                    )
                }
                _ => "this regular expression is too large".into(),
            })?;
        Ok(Needle { regex, word: None })
    }

    /// Whether it stands in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        match &self.word {
            // Some letters of other alphabets have a small Latin one as their other case.
            Some(word) => {
                word.is_in(text.as_bytes()) || !text.is_ascii() && self.regex.is_match(text)
            }
            None => self.regex.is_match(text),
        }
    }

    /// The same for a text that is known to be in small letters of the plain alphabet.
    pub fn is_in_small(&self, text: &str) -> bool {
        match &self.word {
            Some(word) => word.as_it_stands.find(text.as_bytes()).is_some(),
            None => self.regex.is_match(text),
        }
    }

    /// Where it stands in `text`.
    pub fn places<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        self.regex.find_iter(text).map(|hit| hit.range())
    }
}

impl Word {
    fn new(text: &str) -> Option<Self> {
        let rank = |letter: u8| COMMON.iter().position(|common| *common == letter);
        let letters: Box<[u8]> = text.as_bytes().into();
        let rare =
            (0..letters.len()).max_by_key(|&at| rank(letters[at]).unwrap_or(COMMON.len()))?;
        let letter = letters[rare];
        text.is_ascii().then(|| Word {
            as_it_stands: Finder::new(text).into_owned(),
            letters,
            rare,
            cases: [letter, letter.to_ascii_uppercase()],
        })
    }

    fn is_in(&self, text: &[u8]) -> bool {
        memchr::memchr2_iter(self.cases[0], self.cases[1], text).any(|at| {
            let from = at.checked_sub(self.rare);
            let here = from.and_then(|from| text.get(from..from + self.letters.len()));
            here.is_some_and(|here| here.eq_ignore_ascii_case(&self.letters))
        })
    }
}

/// Fits nothing: for text too long to be looked for.
fn never() -> Regex {
    Regex::new(r"[^\s\S]").expect("the pattern is constant")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_is_found_where_its_expression_finds_it(word in "[a-ck_.\\[\u{212a}é]{0,4}", text in "[A-Ca-ckK_.\\[\u{212a}ſé]{0,12}") {
            let needle = Needle::literal(&word);
            prop_assert_eq!(needle.is_in(&text), needle.regex.is_match(&text));
            let small = text.to_ascii_lowercase().replace(|c: char| !c.is_ascii(), "");
            prop_assert_eq!(needle.is_in_small(&small), needle.regex.is_match(&small));
        }
    }
}

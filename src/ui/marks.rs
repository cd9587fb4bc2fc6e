//! The marks of the screen and what they mean: one table, shown behind the keys and printed with them.

use std::fmt::Write as _;

use super::keymap::Mode;
use super::theme::Theme;

/// One line of the table.
#[derive(Debug)]
pub struct Mark {
    /// The mark.
    sign: &'static str,
    /// Where only ASCII may be drawn.
    ascii: &'static str,
    /// What it means.
    pub means: &'static str,
}

const fn mark(sign: &'static str, ascii: &'static str, means: &'static str) -> Mark {
    Mark { sign, ascii, means }
}

/// Every mark, as it is met from the left of a row to its right.
// One line a mark: a table is read across.
#[rustfmt::skip]
const MARKS: &[Mark] = &[
    mark("[ ]", "[ ]", "waits for an acknowledgement"),
    mark("[x]", "[x]", "acknowledged"),
    mark("[=]", "[=]", "acknowledged in an earlier review, and the same to the last value since"),
    mark("[!]", "[!]", "objected to"),
    mark("[-]", "[-]", "of a group: some are answered, some wait"),
    mark("■", "C", "critical: acknowledged by typing its name"),
    mark("▲", "H", "high: acknowledged with a key"),
    mark("◆", "M", "medium: to be read, nothing is asked"),
    mark("·", ".", "low"),
    mark("+ ~ -", "+ ~ -", "create, update, delete"),
    mark("-/+", "-/+", "replace: destroyed, then made anew"),
    mark("+/-", "+/-", "replace: made anew, then the old one is destroyed"),
    mark("x", "x", "forget: the object stays, and nothing manages it any more"),
    mark("<=", "<=", "read while the plan is applied"),
    mark("all", "all", "about the plan as a whole"),
    mark("run", "run", "a program or an action of a provider runs"),
    mark("✎", "#", "you wrote a remark"),
    mark("✗", "x", "what policies deny: acknowledged with a reason only"),
    mark("!", "!", "what policies warn of"),
];

impl Mark {
    /// The mark as it is drawn.
    pub fn sign(&self, theme: Theme) -> &'static str {
        theme.glyph(self.sign, self.ascii)
    }
}

/// The marks that are met in `mode` and hold every word of `search`; `mark` finds all of them.
pub fn found(mode: Mode, search: &str) -> Vec<&'static Mark> {
    if !matches!(mode, Mode::Tree | Mode::Detail) {
        return Vec::new();
    }
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    MARKS
        .iter()
        .filter(|mark| {
            let text = format!("marks {} {}", mark.sign, mark.means);
            words.iter().all(|word| text.contains(word.as_str()))
        })
        .collect()
}

/// The table as text.
pub fn print() -> String {
    let mut out = String::from("What the marks mean\n");
    for mark in MARKS {
        let _ = writeln!(out, "  {:<18}{}", mark.sign, mark.means);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Risk;
    use crate::ui::standing::Standing;
    use crate::ui::theme::Palette;

    #[test]
    fn every_box_and_every_risk_is_told() {
        for ascii in [false, true] {
            let theme = Theme {
                palette: Palette::None,
                ascii,
            };
            let told: Vec<_> = MARKS.iter().map(|mark| mark.sign(theme)).collect();
            for standing in [
                Standing::Open,
                Standing::Acked,
                Standing::Carried,
                Standing::Objected,
            ] {
                assert!(told.contains(&standing.tick()), "{standing:?}");
            }
            for risk in Risk::WORST_FIRST {
                assert!(told.contains(&theme.risk_mark(risk)), "{risk}");
            }
        }
    }

    #[test]
    fn marks_are_found_by_what_they_mean() {
        assert_eq!(found(Mode::Tree, "marks").len(), MARKS.len());
        assert_eq!(found(Mode::Tree, "forget").len(), 1);
        assert!(found(Mode::Inbox, "").is_empty());
    }
}

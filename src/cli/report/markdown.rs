//! The report as a comment on a pull request: worst first, whole rows only, and what has no room is counted.

use std::fmt::Write as _;

use super::{DRIFT, Report, deposed, kind};
use crate::plan::effect::Kind;
use crate::review::verdicts;
use crate::risk::{Judged, Risk, rule};
use crate::text::markdown::{code, plain};

/// A comment on a pull request may hold 65,536 characters; bytes are at least as many.
pub const LIMIT: usize = 65_536;

/// Room that is kept for the lines that say what had no room.
const RESERVE: usize = 1_024;

impl Report<'_> {
    /// The report in Markdown, in at most [`LIMIT`] bytes.
    pub fn to_markdown(&self) -> String {
        self.to_markdown_within(LIMIT)
    }

    /// The same where several reports share the room.
    pub fn to_markdown_within(&self, limit: usize) -> String {
        let asking = self.rows.iter().filter(|row| row.needs_ack()).count();
        let mut out = format!(
            "### {}\n\n{}\n\nplan `{}`, sha256 `{}`\n",
            if asking == 0 {
                "Nothing to acknowledge".into()
            } else {
                format!("{asking} to acknowledge")
            },
            self.risks(", "),
            code(&short(self.name)),
            self.digest(),
        );
        let mut rows: Vec<&Judged> = self
            .rows
            .iter()
            .filter(|row| !row.effect.is_nothing())
            .collect();
        let heading_of = |row: &Judged| match row.effect.kind {
            _ if row.needs_ack() => (0, "To acknowledge"),
            Kind::Drift => (2, DRIFT),
            _ => (1, "Routine"),
        };
        rows.sort_by_key(|row| (heading_of(row).0, std::cmp::Reverse(row.risk())));
        let nothing = self.rows.len() - rows.len();
        let mut left_out: Vec<&Judged> = Vec::new();
        let mut heading = "";
        for row in rows {
            let (_, wanted) = heading_of(row);
            let mut text = String::new();
            if heading != wanted {
                let _ = writeln!(text, "\n#### {wanted}\n");
            }
            self.write_markdown(&mut text, row);
            if out.len() + text.len() + RESERVE <= limit {
                heading = wanted;
                out.push_str(&text);
            } else {
                left_out.push(row);
            }
        }
        if !left_out.is_empty() {
            let _ = writeln!(
                out,
                "\n**Not shown, for want of room: {}.** `undersign check` shows all of them.",
                count(&left_out)
            );
        }
        if nothing > 0 {
            let _ = writeln!(out, "\n{nothing} without a change.");
        }
        let _ = writeln!(
            out,
            "\nshown {} of {}",
            self.rows.len() - left_out.len() - nothing,
            self.rows.len() - nothing
        );
        out
    }

    fn write_markdown(&self, out: &mut String, row: &Judged) {
        let effect = &row.effect;
        let kind = kind(effect).map_or_else(String::new, |word| format!(" {word}"));
        let action = effect
            .stated_action()
            .map_or_else(String::new, |_| format!(" {}", plain(&effect.deed())));
        let deposed = deposed(effect, plain);
        let _ = writeln!(
            out,
            "- **{}**{kind}{action} `{}`{deposed}",
            row.risk(),
            code(&effect.address()),
        );
        for finding in &row.findings {
            let path = finding
                .path
                .as_deref()
                .map(|path| format!(" `{}`", code(&self.masked(path))))
                .unwrap_or_default();
            let values = match (&finding.old, &finding.new) {
                (Some(old), Some(new)) => format!(
                    ": `{}` → `{}`",
                    code(&self.masked(old)),
                    code(&self.masked(new))
                ),
                _ => String::new(),
            };
            let said =
                verdicts::said(finding).map_or_else(String::new, |word| format!("**{word}** "));
            let _ = writeln!(
                out,
                "  - {said}{}{path}{values} [{}]",
                plain(&self.message(finding)),
                code(&finding.rule)
            );
            if finding.risk >= Risk::High
                && let Some(rule) = rule(&finding.rule)
            {
                let _ = writeln!(out, "    To make it safe: {}", plain(rule.remedy));
            }
        }
    }
}

/// How many rows of which risk.
fn count(rows: &[&Judged]) -> String {
    let words: Vec<String> = Risk::WORST_FIRST
        .iter()
        .map(|risk| (risk, rows.iter().filter(|row| row.risk() == *risk).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(risk, count)| format!("{count} {risk}"))
        .collect();
    words.join(", ")
}

/// A name that leaves room for the rest; a longer one says so.
fn short(name: &str) -> String {
    const MOST: usize = 200;
    let length = name.chars().count();
    if length <= MOST {
        return name.to_owned();
    }
    let start: String = name.chars().take(MOST).collect();
    format!("{start}… ({length} characters)")
}

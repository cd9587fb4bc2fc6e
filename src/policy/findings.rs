//! Findings of other tools: the files that scanners and policy engines wrote, laid on the rows they speak of.
//!
//! Owns the formats, and the way from what a tool calls a resource to its address in the plan. A file that is not
//! understood to its end is refused: nobody knows what it would have said. Knows no rule of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::entry::Entry;
use self::node::{Node, Wrong};
use self::place::{Addresses, BlocksAt, By, Landing};
use super::{Kind, Opinion, Verdict};
use crate::failure::{Exit, Failure};
use crate::plan::value::{Value, ValueError};

mod checkov;
mod compliance;
mod conftest;
pub mod entry;
mod format;
mod kics;
mod mention;
mod node;
mod opa;
pub mod place;
mod regula;
mod sarif;
mod sentinel;
pub mod spot;
mod terraform;
mod terrascan;
mod text;
mod tfsec;
mod trivy;

pub use self::format::Format;

/// Longest text of a finding that is kept; how much was cut is said behind it.
const LONGEST: usize = 4_000;
/// How many addresses a sentence names.
const NAMED: usize = 3;

/// A file of findings that was understood to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The file's name, for people.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// What it says.
    pub entries: Vec<Entry>,
    /// When it was made, if it says so.
    pub made_at: Option<Timestamp>,
}

/// Reads a file of findings. Without a `format` the file must be of exactly one.
pub fn read(name: &str, bytes: &[u8], format: Option<Format>) -> Result<Findings, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        refuse(
            "findings-encoding",
            format!("{name} is not UTF-8, at byte {at}"),
        )
        .hint("Let the tool write the file itself; some shells re-code what is printed.")
    })?;
    let document = format::parse(name, text, format)?;
    let format = document.format;
    let entries = document.entries(name)?;
    Ok(Findings {
        name: name.to_owned(),
        format,
        entries,
        made_at: document.made_at(),
    })
}

impl Findings {
    /// What the file says of the plan whose rows have these addresses. `planned` is when the plan was made.
    ///
    /// `written` is when the file was written; what the file says of its own age counts more.
    pub fn opinion(
        &self,
        addresses: &Addresses<'_>,
        blocks_at: BlocksAt<'_>,
        planned: Option<Timestamp>,
        written: Option<Timestamp>,
    ) -> Opinion {
        let mut opinion = Opinion::default();
        let (mut named, mut missing) = (0, Vec::new());
        for entry in &self.entries {
            let verdict = |address: Option<&str>, by| self.verdict(entry, address, by);
            let verdicts = &mut opinion.verdicts;
            match addresses.place(entry, blocks_at) {
                Landing::Rows(rows, by) => {
                    named += usize::from(by != By::Mention);
                    for row in rows {
                        let mut verdict = verdict(Some(row), Some(by));
                        if entry.severity.is_some() && addresses.is_still(row) {
                            // A scanner looks at everything there is; the plan does nothing to this.
                            verdict.kind = verdict.kind.min(Kind::Warn);
                        }
                        verdicts.push(verdict);
                    }
                }
                Landing::Missing(address) => {
                    verdicts.push(verdict(Some(&address), None));
                    // What a data source reads while planning is in no plan.
                    if !address.split('.').any(|part| part == "data") {
                        named += 1;
                        missing.push(address);
                    }
                }
                Landing::Plan => {
                    let mut verdict = verdict(None, None);
                    if let Some(why) = addresses.is_at_no_change(entry) {
                        verdict.message = format!("{} ({why})", verdict.message);
                    }
                    verdicts.push(verdict);
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        opinion
            .verdicts
            .extend(self.of_another_plan(named, &missing));
        opinion.verdicts.extend(self.is_older(planned, written));
        opinion
    }

    fn verdict(&self, entry: &Entry, address: Option<&str>, by: Option<By>) -> Verdict {
        let tool = self.tool(entry);
        let mut kind = entry.kind;
        let mut message = cut(&entry.message);
        let mut metadata = BTreeMap::new();
        let mut note = |key: &str, text: &str| {
            metadata.insert(key.to_owned(), Value::Text(cut(text).into()).to_string());
        };
        note("file", &self.name);
        if let Some(severity) = entry.severity {
            note("severity", severity.word());
        }
        if let Some(help) = &entry.help {
            note("help", help);
        }
        if let Some(at) = &entry.target.location {
            note("location", &at.to_string());
        }
        if let Some(by) = by {
            note("found_by", by.words());
        }
        if by == Some(By::Block) {
            message.push_str(" (on all instances of the block)");
        }
        if let Some(suppressed) = &entry.suppressed {
            let reason = suppressed.reason.as_deref().unwrap_or("no reason is given");
            note("suppressed", reason);
            // What somebody silenced asks for nothing, and is told all the same.
            kind = Kind::Info;
            message = cut(&format!("suppressed ({reason}): {message}"));
        }
        if !entry.overridable {
            note(super::NOT_OVERRIDABLE, "the policy lets nobody pass");
        }
        Verdict {
            kind,
            rule: format!("{tool}/{}", cut(entry.rule.trim())),
            message,
            address: address.map(Into::into),
            source: entry.source.clone(),
            tool,
            metadata,
        }
    }

    /// The tool's name: a word, so that it can be typed and stands out in a rule's id.
    fn tool(&self, entry: &Entry) -> String {
        let name = entry.tool.as_deref().unwrap_or_default();
        let word: String = name
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .take(40)
            .collect();
        if word.is_empty() {
            self.format.word().to_owned()
        } else {
            word
        }
    }

    /// Says that the file is about something that this plan does not have.
    fn of_another_plan(&self, named: usize, missing: &[String]) -> Option<Verdict> {
        if missing.is_empty() {
            return None;
        }
        let mut list = missing[..missing.len().min(NAMED)].join(", ");
        if missing.len() > NAMED {
            list = format!("{list} and {} more", missing.len() - NAMED);
        }
        let (kind, message) = if missing.len() >= named {
            let message = format!(
                "{} is about another plan: nothing that it names is here ({list})",
                self.name
            );
            (Kind::Deny, message)
        } else {
            let message = format!("{} names what is not in this plan: {list}", self.name);
            (Kind::Warn, message)
        };
        Some(self.note("another-plan", kind, message))
    }

    /// Says that the file was there before the plan was.
    fn is_older(&self, planned: Option<Timestamp>, written: Option<Timestamp>) -> Option<Verdict> {
        let made = self.made_at.or(written)?;
        let planned = planned?;
        (made < planned).then(|| {
            let message = format!(
                "{} was written before this plan was made ({made}, and the plan {planned}): is it about this plan?",
                self.name
            );
            self.note("older-than-the-plan", Kind::Warn, message)
        })
    }

    fn note(&self, rule: &str, kind: Kind, message: String) -> Verdict {
        let entry = Entry::new(rule, kind, message, entry::Target::default());
        self.verdict(&entry, None, None)
    }
}

/// At most [`LONGEST`] characters of a text, with a word on how many there are.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{}… (cut; {} characters)",
            &text[..end],
            text.chars().count()
        ),
    }
}

fn refuse(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::EnvironmentUnsafe, reason, error)
}

/// The file does not hold what its format says.
fn misshapen(name: &str, format: Format, wrong: &Wrong) -> Failure {
    let Wrong { path, want, got } = wrong;
    let place = if path.is_empty() {
        "at the top".into()
    } else {
        format!("at {path}")
    };
    refuse(
        "findings-shape",
        format!("{name}, read as {}, holds {got} {place}", format.word()),
    )
    .expected(*want, got)
    .hint("Name the format behind the file if it was guessed wrongly: --findings FILE:FORMAT.")
    .hint("A newer version of the tool may write another form; nothing of the file was used.")
}

/// The JSON is not whole.
fn unreadable(name: &str, text: &str, offset: usize, error: &ValueError) -> Failure {
    let (reason, at, what) = match error {
        // What breaks off at the end of the file, or in a string that goes on to it, was longer once.
        ValueError::Json { at, what }
            if *what == "the string has no end" || text[*at..].trim().is_empty() =>
        {
            ("findings-truncated", *at, "the file is cut off".to_owned())
        }
        ValueError::Json { at, what } => ("findings-json", *at, format!("invalid JSON: {what}")),
        ValueError::DuplicateKey { at, key } => (
            "findings-duplicate-key",
            *at,
            format!("the key {key:?} stands twice in one object"),
        ),
        ValueError::TooDeep { at } => (
            "findings-too-deep",
            *at,
            "it is nested too deeply".to_owned(),
        ),
    };
    let at = offset + at;
    refuse(reason, format!("{name}: {what}, at byte {at}"))
        .hint("Let the tool write the file again. Nothing of it was used.")
}

/// What a reader of one JSON document gives.
type Entries = Result<Vec<Entry>, Wrong>;
/// A reader of one JSON document.
type Reader = fn(&Node<'_>) -> Entries;

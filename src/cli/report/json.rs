//! The report for programs. Its schema is printed by `undersign schema check`.
//!
//! Each row stands on a line of its own, so that a line of the report is found and read without the rest. The text of a
//! large plan's report is larger than all that is held of the plan: it is written block by block, each by two threads.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::Report;
use crate::review;
use crate::risk::{Judged, rule};

/// So many rows are made into text at once.
const BLOCK: usize = 4096;
/// Fewer rows than this are not worth a second thread.
const WORTH_A_THREAD: usize = 256;

/// What stands before the rows.
#[derive(Serialize)]
struct Head<'a> {
    schema: u32,
    decision: &'static str,
    plan: &'a str,
    sha256: String,
    json_sha256: String,
    tool_version: &'a str,
    workspace: Option<&'a str>,
    needs_acknowledgement: usize,
    risks: BTreeMap<&'static str, usize>,
}

impl Report<'_> {
    /// The report for programs, as a whole.
    pub fn to_json(&self) -> String {
        let mut json = Vec::new();
        self.write_json(&mut json)
            .expect("a vector takes everything");
        String::from_utf8(json).expect("JSON is text")
    }

    /// The same, written while it is made.
    pub fn write_json(&self, out: &mut impl io::Write) -> io::Result<()> {
        let asking = self.rows.iter().filter(|row| row.needs_ack()).count();
        let head = Head {
            schema: 1,
            decision: if asking > 0 {
                "needs_review"
            } else {
                "nothing_to_acknowledge"
            },
            plan: self.name,
            sha256: self.digest(),
            json_sha256: data_encoding::HEXLOWER.encode(&self.judgement.header.sha256),
            tool_version: &self.judgement.header.terraform_version,
            workspace: self.file.map(|file| file.workspace.as_str()),
            needs_acknowledgement: asking,
            risks: self.counts(),
        };
        let head = serde_json::to_string_pretty(&head)?;
        let open = head.strip_suffix("\n}").unwrap_or(&head);
        write!(out, "{open},\n  \"rows\": [")?;
        let fates = review::Fates::of(self.rows);
        let mut separator = "";
        for block in self.rows.chunks(BLOCK) {
            for lines in self.in_two(block, &fates)? {
                if !lines.is_empty() {
                    out.write_all(separator.as_bytes())?;
                    out.write_all(&lines)?;
                    separator = ",";
                }
            }
        }
        let close = if self.rows.is_empty() { "]" } else { "\n  ]" };
        writeln!(out, "{close}\n}}")
    }

    /// The lines of both halves of a block.
    fn in_two(
        &self,
        rows: &[Judged],
        fates: &review::Fates<'_>,
    ) -> serde_json::Result<[Vec<u8>; 2]> {
        if rows.len() < WORTH_A_THREAD {
            return Ok([self.lines(rows, fates)?, Vec::new()]);
        }
        let (first, second) = rows.split_at(rows.len() / 2);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| self.lines(second, fates));
            let first = self.lines(first, fates)?;
            let second = second
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok([first, second])
        })
    }

    /// Rows with commas between them.
    fn lines(&self, rows: &[Judged], fates: &review::Fates<'_>) -> serde_json::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for row in rows {
            if !lines.is_empty() {
                lines.push(b',');
            }
            lines.extend_from_slice(b"\n    ");
            serde_json::to_writer(&mut lines, &self.row(row, fates))?;
        }
        Ok(lines)
    }

    fn row<'r>(&'r self, row: &'r Judged, fates: &review::Fates<'_>) -> Row<'r> {
        let effect = &row.effect;
        let source = self.file.map(|file| file.snapshot.source(effect));
        Row {
            kind: effect.kind.word(),
            address: effect.address(),
            deposed: effect.deposed(),
            actions: effect.stated_words(),
            reason: effect.reason.as_deref(),
            previous_address: effect.previous_address(),
            import: effect.is_import(),
            generated_configuration: effect.has_generated_config(),
            replace_paths: effect.replace_paths(),
            risk: row.risk().word(),
            needs_acknowledgement: row.needs_ack(),
            note: effect.note().map(|note| self.masked(note)),
            fate: fates.get(row).map(review::Fate::word),
            source: source.and_then(|source| {
                let place = source.place()?;
                Some(Place {
                    file: &place.file,
                    line: place.first,
                    last_line: place.last,
                    lifecycle: source.lifecycle()?.settings(),
                })
            }),
            dependants: self.judgement.header.dependants_of(effect),
            findings: row
                .findings
                .iter()
                .map(|finding| Said {
                    rule: &finding.rule,
                    risk: finding.risk.word(),
                    path: finding.path.as_deref().map(|path| self.masked(path)),
                    old: finding.old.as_deref().map(|old| self.masked(old)),
                    new: finding.new.as_deref().map(|new| self.masked(new)),
                    message: self.message(finding),
                    tool: finding.origin.as_ref().map(|origin| &*origin.tool),
                    source: finding
                        .origin
                        .as_ref()
                        .and_then(|origin| origin.at.as_deref()),
                    remedy: rule(&finding.rule).map(|rule| rule.remedy),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    address: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<&'a str>,
    import: bool,
    generated_configuration: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    replace_paths: &'a [Box<str>],
    risk: &'static str,
    needs_acknowledgement: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
    /// What becomes of a difference that was seen outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    fate: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Place<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dependants: &'a [String],
    findings: Vec<Said<'a>>,
}

/// Where the block stands and what it says about the life of its object.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    last_line: u32,
    lifecycle: Vec<String>,
}

#[derive(Serialize)]
struct Said<'a> {
    rule: &'a str,
    risk: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Cow<'a, str>>,
    message: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

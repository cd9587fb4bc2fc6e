//! The analysis as text for people and as JSON for programs. The same rows as on the screen, none left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::plan::archive::PlanFile;
use crate::plan::effect::Kind;
use crate::plan::index::Header;
use crate::review::verdicts;
use crate::risk::{Finding, Judged, Risk};
use crate::text::visible;

/// What is reported on.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The plan's name for people.
    pub name: &'a str,
    /// The top of the plan.
    pub header: &'a Header,
    /// The plan file, if the JSON was made from one.
    pub file: Option<&'a PlanFile>,
    /// Every row.
    pub rows: &'a [Judged],
}

impl Report<'_> {
    /// The report for people: what asks first, then the rest, then the count.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "{}  terraform {}",
            visible(self.name),
            visible(&self.header.terraform_version)
        );
        if let Some(file) = self.file {
            let _ = write!(
                out,
                "  workspace {}  backend {}",
                visible(&file.workspace),
                visible(&file.backend_type)
            );
        }
        let _ = writeln!(out, "\nsha256 {}", self.digest());
        let counts = self.counts();
        let words: Vec<String> = Risk::WORST_FIRST
            .iter()
            .filter_map(|risk| {
                counts
                    .get(risk.word())
                    .map(|count| format!("{count} {risk}"))
            })
            .collect();
        let _ = writeln!(
            out,
            "{}\n",
            if words.is_empty() {
                "nothing will be done".into()
            } else {
                words.join("   ")
            }
        );

        let (mut asking, mut rest): (Vec<&Judged>, Vec<&Judged>) =
            self.rows.iter().partition(|row| row.needs_ack());
        asking.sort_by_key(|row| {
            (
                !verdicts::is_out_of_scope(row),
                std::cmp::Reverse(row.risk()),
            )
        });
        rest.sort_by_key(|row| std::cmp::Reverse(row.risk()));
        if !asking.is_empty() {
            let _ = writeln!(out, "To acknowledge ({})", asking.len());
            for row in &asking {
                write_row(&mut out, row);
            }
            out.push('\n');
        }
        let (nothing, routine): (Vec<&Judged>, Vec<&Judged>) =
            rest.into_iter().partition(|row| row.effect.is_nothing());
        if !routine.is_empty() {
            let _ = writeln!(out, "Routine ({})", routine.len());
            for row in &routine {
                write_row(&mut out, row);
            }
            out.push('\n');
        }
        if !nothing.is_empty() {
            let _ = writeln!(out, "No change ({})", nothing.len());
            for row in &nothing {
                write_row(&mut out, row);
            }
            out.push('\n');
        }
        let total = self.rows.len();
        let _ = writeln!(out, "shown {total} of {total}");
        out
    }

    /// The report for programs.
    pub fn to_json(&self) -> String {
        let rows = self.rows.iter().map(JsonRow::of).collect();
        let report = JsonReport {
            schema: 1,
            plan: self.name,
            sha256: self.digest(),
            json_sha256: data_encoding::HEXLOWER.encode(&self.header.sha256),
            tool_version: &self.header.terraform_version,
            workspace: self.file.map(|file| file.workspace.as_str()),
            needs_acknowledgement: self.rows.iter().filter(|row| row.needs_ack()).count(),
            risks: self.counts(),
            rows,
        };
        serde_json::to_string_pretty(&report).expect("texts and numbers") + "\n"
    }

    /// The digest that an approval would be for.
    fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(self.file.map_or(&self.header.sha256, |file| &file.sha256))
    }

    /// How many rows do something, by risk.
    fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows.iter().filter(|row| !row.effect.is_nothing()) {
            *counts.entry(row.risk().word()).or_default() += 1;
        }
        counts
    }
}

fn write_row(out: &mut String, row: &Judged) {
    let effect = &row.effect;
    let kind = match effect.kind {
        Kind::Change => String::new(),
        other => format!("{} ", other.word()),
    };
    let deposed = effect
        .deposed
        .as_deref()
        .map(|key| format!(" (deposed {})", visible(key)))
        .unwrap_or_default();
    let from = effect
        .previous_address()
        .map(|from| format!("  moved from {}", visible(from)))
        .unwrap_or_default();
    let import = if effect.is_import() { "  imported" } else { "" };
    let _ = writeln!(
        out,
        "  {:<8} {:>3} {kind}{}{deposed}{from}{import}",
        row.risk().word(),
        effect.action.sign(),
        visible(&effect.address)
    );
    if let Some(note) = effect.note() {
        let _ = writeln!(out, "               {}", visible(note));
    }
    for finding in &row.findings {
        let _ = writeln!(out, "               {}", finding_text(finding));
    }
}

/// A finding in one line: what is lost, and where.
fn finding_text(finding: &Finding) -> String {
    let mut text = visible(&finding.message).into_owned();
    if let Some(path) = &finding.path {
        let _ = write!(text, "  {}", visible(path));
        if let (Some(old), Some(new)) = (&finding.old, &finding.new) {
            let _ = write!(text, ": {} → {}", visible(old), visible(new));
        }
    }
    let _ = write!(text, "  [{}]", visible(&finding.rule));
    if let Some(at) = finding
        .origin
        .as_ref()
        .and_then(|origin| origin.at.as_ref())
    {
        let _ = write!(text, "  {}", visible(at));
    }
    text
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    plan: &'a str,
    sha256: String,
    json_sha256: String,
    tool_version: &'a str,
    workspace: Option<&'a str>,
    needs_acknowledgement: usize,
    risks: BTreeMap<&'static str, usize>,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    kind: &'static str,
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<&'a str>,
    actions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_address: Option<&'a str>,
    import: bool,
    risk: &'static str,
    needs_acknowledgement: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    findings: Vec<JsonFinding<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    risk: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
}

impl<'a> JsonRow<'a> {
    fn of(row: &'a Judged) -> Self {
        let effect = &row.effect;
        JsonRow {
            kind: effect.kind.word(),
            address: &effect.address,
            deposed: effect.deposed.as_deref(),
            actions: effect.action.words(),
            reason: effect.reason.as_deref(),
            previous_address: effect.previous_address(),
            import: effect.is_import(),
            risk: row.risk().word(),
            needs_acknowledgement: row.needs_ack(),
            note: effect.note(),
            findings: row
                .findings
                .iter()
                .map(|finding| JsonFinding {
                    rule: &finding.rule,
                    risk: finding.risk.word(),
                    path: finding.path.as_deref(),
                    old: finding.old.as_deref(),
                    new: finding.new.as_deref(),
                    message: &finding.message,
                    tool: finding.origin.as_ref().map(|origin| &*origin.tool),
                    source: finding
                        .origin
                        .as_ref()
                        .and_then(|origin| origin.at.as_deref()),
                })
                .collect(),
        }
    }
}

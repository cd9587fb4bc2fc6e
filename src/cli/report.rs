//! The analysis as text for people and as JSON for programs. The same rows as on the screen, none left out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use crate::plan::action::Action;
use crate::plan::archive::PlanFile;
use crate::plan::effect::{Effect, Kind};
use crate::plan::reason;
use crate::review;
use crate::review::judge::Judgement;
use crate::review::verdicts;
use crate::risk::{Finding, Judged, Risk, rule};
use crate::text::visible;

pub mod markdown;
pub mod sarif;

/// What is reported on.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The plan's name for people.
    pub name: &'a str,
    /// What the plan says beyond its rows.
    pub judgement: &'a Judgement,
    /// The plan file, if the JSON was made from one.
    pub file: Option<&'a PlanFile>,
    /// Every row.
    pub rows: &'a [Judged],
}

impl Report<'_> {
    /// The report for people: what asks first, then the rest, then the count.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "{}  {} {}",
            visible(self.name),
            self.judgement.product.word(),
            visible(&self.judgement.header.terraform_version)
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
        let fates = review::Fates::of(self.rows);
        if !asking.is_empty() {
            let _ = writeln!(out, "To acknowledge ({})", asking.len());
            for row in &asking {
                self.write_row(&mut out, row, &fates);
            }
            out.push('\n');
        }
        let (nothing, routine): (Vec<&Judged>, Vec<&Judged>) =
            rest.into_iter().partition(|row| row.effect.is_nothing());
        if !routine.is_empty() {
            let _ = writeln!(out, "Routine ({})", routine.len());
            for row in &routine {
                self.write_row(&mut out, row, &fates);
            }
            out.push('\n');
        }
        if !nothing.is_empty() {
            let _ = writeln!(out, "No change ({})", nothing.len());
            for row in &nothing {
                self.write_row(&mut out, row, &fates);
            }
            out.push('\n');
        }
        let total = self.rows.len();
        let _ = writeln!(out, "shown {total} of {total}");
        out
    }

    /// The report for programs, as a whole.
    pub fn to_json(&self) -> String {
        let mut json = Vec::new();
        self.write_json(&mut json)
            .expect("a vector takes everything");
        String::from_utf8(json).expect("JSON is text")
    }

    /// The report for programs; the schema is printed by `undersign schema check`.
    ///
    /// Written row by row: the text of a large plan's report is larger than all that is held of the plan.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let report = JsonReport {
            schema: 1,
            decision: if self.rows.iter().any(Judged::needs_ack) {
                "needs_review"
            } else {
                "nothing_to_acknowledge"
            },
            plan: self.name,
            sha256: self.digest(),
            json_sha256: data_encoding::HEXLOWER.encode(&self.judgement.header.sha256),
            tool_version: &self.judgement.header.terraform_version,
            workspace: self.file.map(|file| file.workspace.as_str()),
            needs_acknowledgement: self.rows.iter().filter(|row| row.needs_ack()).count(),
            risks: self.counts(),
            rows: JsonRows(self, review::Fates::of(self.rows)),
        };
        serde_json::to_writer_pretty(&mut *out, &report)?;
        out.write_all(b"\n")
    }

    /// The digest that an approval would be for.
    fn digest(&self) -> String {
        data_encoding::HEXLOWER.encode(
            self.file
                .map_or(&self.judgement.header.sha256, |file| &file.sha256),
        )
    }

    /// A text of the plan without its secrets.
    fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.judgement.secrets.mask(text)
    }

    /// What a finding says. A sentence of our own holds nothing of the plan.
    fn message<'t>(&self, finding: &'t Finding) -> Cow<'t, str> {
        match &finding.message {
            Cow::Borrowed(ours) => Cow::Borrowed(ours),
            Cow::Owned(text) => self.masked(text),
        }
    }

    /// A text of the plan without its secrets, fit for a terminal.
    fn shown(&self, text: &str) -> String {
        visible(&self.masked(text)).into_owned()
    }

    fn write_row(&self, out: &mut String, row: &Judged, fates: &review::Fates<'_>) {
        let effect = &row.effect;
        let kind = kind(effect).map_or_else(String::new, |word| format!("{word} "));
        let deposed = deposed(effect, visible);
        let from = effect
            .previous_address()
            .map(|from| format!("  moved from {}", visible(from)))
            .unwrap_or_default();
        let import = match (effect.is_import(), effect.has_generated_config()) {
            (false, _) => "",
            (true, false) => "  imported",
            (true, true) => "  imported, its block was generated",
        };
        let _ = writeln!(
            out,
            "  {:<8} {:>3} {kind}{}{deposed}{from}{import}",
            row.risk().word(),
            effect.stated_action().map_or("", Action::sign),
            visible(&effect.address)
        );
        let mut line = |text: String| {
            let _ = writeln!(out, "               {text}");
        };
        if let Some(note) = effect.note() {
            line(self.shown(note));
        }
        // Where the reason has no words of its own it is a part of the note.
        if let Some(words) = effect.reason.as_deref().and_then(reason::words) {
            line(words.to_owned());
        }
        if let Some(fate) = fates.get(row) {
            line(fate.sentence().to_owned());
        }
        for finding in &row.findings {
            line(self.finding_text(finding));
        }
        // What asks for nothing is told in a line; whoever must decide is told where to look.
        if !row.needs_ack() {
            return;
        }
        if let Some(source) = self.file.and_then(|file| file.source(effect)) {
            line(format!("source {}", self.shown(&source)));
        }
        let dependants = self.judgement.header.dependants_of(effect);
        if !dependants.is_empty() {
            line(format!(
                "used by {}: {}",
                dependants.len(),
                self.shown(&dependants.join(", "))
            ));
        }
    }

    /// A finding in one line: what is lost, and where.
    fn finding_text(&self, finding: &Finding) -> String {
        let mut text = visible(&self.message(finding)).into_owned();
        if let Some(path) = &finding.path {
            let _ = write!(text, "  {}", self.shown(path));
            if let (Some(old), Some(new)) = (&finding.old, &finding.new) {
                let _ = write!(text, ": {} → {}", self.shown(old), self.shown(new));
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

    fn json_row<'r>(&'r self, row: &'r Judged, fates: &review::Fates<'_>) -> JsonRow<'r> {
        let effect = &row.effect;
        let source = self.file.map(|file| file.snapshot.source(effect));
        JsonRow {
            kind: effect.kind.word(),
            address: &effect.address,
            deposed: effect.deposed.as_deref(),
            actions: effect.stated_action().map(Action::words),
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
                Some(JsonSource {
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
                .map(|finding| JsonFinding {
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

    /// How many rows do something, by risk.
    fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows.iter().filter(|row| !row.effect.is_nothing()) {
            *counts.entry(row.risk().word()).or_default() += 1;
        }
        counts
    }
}

/// What a row is, where it is no change of a resource.
fn kind(effect: &Effect) -> Option<&'static str> {
    (effect.kind != Kind::Change).then(|| effect.kind.word())
}

/// ` (deposed 1a2b3c4d)`, where an object is what an earlier replacement left; `fit` makes the key fit to be written.
fn deposed<'a, T: std::fmt::Display>(effect: &'a Effect, fit: impl FnOnce(&'a str) -> T) -> String {
    let key = effect.deposed.as_deref();
    key.map_or_else(String::new, |key| format!(" (deposed {})", fit(key)))
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    decision: &'static str,
    plan: &'a str,
    sha256: String,
    json_sha256: String,
    tool_version: &'a str,
    workspace: Option<&'a str>,
    needs_acknowledgement: usize,
    risks: BTreeMap<&'static str, usize>,
    rows: JsonRows<'a>,
}

/// The rows, each made when it is written.
struct JsonRows<'a>(&'a Report<'a>, review::Fates<'a>);

impl Serialize for JsonRows<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.rows.iter();
        serializer.collect_seq(rows.map(|row| self.0.json_row(row, &self.1)))
    }
}

#[derive(Serialize)]
struct JsonRow<'a> {
    kind: &'static str,
    address: &'a str,
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
    source: Option<JsonSource<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    dependants: &'a [String],
    findings: Vec<JsonFinding<'a>>,
}

/// Where the block stands and what it says about the life of its object.
#[derive(Serialize)]
struct JsonSource<'a> {
    file: &'a str,
    line: u32,
    last_line: u32,
    lifecycle: Vec<String>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
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

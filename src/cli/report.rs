//! The analysis as text for people. The same rows as on the screen, none left out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::plan::action::Action;
use crate::plan::archive::PlanFile;
use crate::plan::effect::{Effect, Kind};
use crate::plan::reason;
use crate::review;
use crate::review::judge::Judgement;
use crate::review::verdicts;
use crate::risk::{Finding, Judged, Risk, Words};
use crate::text::visible;

mod json;
pub mod markdown;
pub mod sarif;

/// What others changed, as the screen calls it.
const DRIFT: &str = "Drift seen while planning";

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
        let _ = writeln!(out, "{}\n", self.risks("   "));

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
        let (nothing, done): (Vec<&Judged>, Vec<&Judged>) =
            rest.into_iter().partition(|row| row.effect.is_nothing());
        let (drift, routine): (Vec<&Judged>, Vec<&Judged>) = done
            .into_iter()
            .partition(|row| row.effect.kind == Kind::Drift);
        for (title, rows) in [("Routine", routine), (DRIFT, drift), ("No change", nothing)] {
            if rows.is_empty() {
                continue;
            }
            let _ = writeln!(out, "{title} ({})", rows.len());
            for row in &rows {
                self.write_row(&mut out, row, &fates);
            }
            out.push('\n');
        }
        let total = self.rows.len();
        let _ = writeln!(out, "shown {total} of {total}");
        out
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
            Words::Own(own) => Cow::Borrowed(*own),
            Words::Made(text) => self.masked(text),
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
            visible(&effect.address())
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
        let said = verdicts::said(finding).map_or_else(String::new, |word| format!("{word}: "));
        let mut text = format!("{said}{}", visible(&self.message(finding)));
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

    /// `2 critical, 1 high`, and how much of it policies deny and warn of.
    fn risks(&self, gap: &str) -> String {
        let counts = self.counts();
        let risks = Risk::WORST_FIRST.iter().map(|risk| risk.word());
        let mut words: Vec<String> = risks
            .filter_map(|risk| Some(format!("{} {risk}", counts.get(risk)?)))
            .collect();
        if words.is_empty() {
            words.push("nothing will be done".into());
        }
        let findings = || self.rows.iter().flat_map(|row| &row.findings);
        for word in ["blocks", "deny", "warn"] {
            let all = findings().filter(|found| verdicts::said(found) == Some(word));
            match all.count() {
                0 => {}
                n => words.push(format!("{n} {word}")),
            }
        }
        words.join(gap)
    }

    /// How many rows do something, by risk.
    fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for row in self.rows.iter().filter(|row| review::is_counted(row)) {
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
    let key = effect.deposed();
    key.map_or_else(String::new, |key| format!(" (deposed {})", fit(key)))
}

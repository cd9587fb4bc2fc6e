//! The head of the pane: what happens, why it matters, and what is known around it.

use super::layout::{Page, space};
use super::why::{self, LABEL};
use super::{DetailContext, DetailLine, Standing, words};
use crate::diff::Secrets;
use crate::diff::secrets::{MASK, NOT_YET};
use crate::plan::effect::{Kind, Mode};
use crate::plan::reason;
use crate::review::verdicts;
use crate::risk::{self, Finding, Judged, Risk};
use crate::text::visible;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::width;

/// Dependants that are named; the rest is counted.
const NAMED_DEPENDANTS: usize = 3;

pub(super) fn lines(
    judged: &Judged,
    own: &Secrets,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let masked = |text: &str| {
        let text = own.mask(text);
        if context.early {
            return text.replace(MASK, NOT_YET);
        }
        context
            .secrets
            .map_or_else(|| text.to_string(), |all| all.mask(&text).into_owned())
    };
    let foreign = |text: &str, role| Piece::foreign(&masked(text), role);
    let mut out = vec![page.line(verdict(judged, context))];
    let what = labelled(what(judged, context, page), page);
    let denies = labelled(policies(judged, true, &foreign, context), page);
    let why = why::lines(judged, &foreign, context, page);
    let rest = labelled(facts(judged, &foreign, context, page), page);
    // What denies stands above all reasons: a row with many of them must not bury it.
    for part in [what, denies, why, rest] {
        // What a row is and why it matters are told apart by a line of air; what is around it follows close.
        if out.len() == 1 && !part.is_empty() {
            out.push(DetailLine::default());
        }
        out.extend(part);
    }
    out
}

/// Facts behind their labels; a label stands once above all that it speaks of.
fn labelled(facts: Vec<Fact>, page: &Page) -> Vec<DetailLine> {
    let mut before = "";
    let mut out = Vec::new();
    for (label, body) in facts {
        let shown = if label == before { "" } else { label };
        before = label;
        let prefix = [
            Piece::new(shown, Role::Strong),
            space(LABEL.saturating_sub(width(shown)).max(1)),
        ];
        out.extend(page.wrapped(&prefix, body));
    }
    out
}

/// `-/+ replace   ■ critical   not acknowledged`
fn verdict(judged: &Judged, context: &DetailContext<'_>) -> Vec<Piece> {
    let action = &judged.effect.action;
    let risk = judged.risk();
    let role = if action.destroys() || action.forgets() {
        Role::Removed
    } else {
        match action.sign() {
            "+" => Role::Added,
            "~" => Role::Changed,
            "?" => Role::Alarm,
            _ => Role::Text,
        }
    };
    let mut pieces = Vec::new();
    let acts = match judged.effect.kind {
        Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift => true,
        Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Check | Kind::UnknownKey => false,
    };
    if acts {
        let gap = if action.sign().is_empty() { "" } else { " " };
        let text = format!("{}{gap}{}", action.sign(), judged.effect.deed());
        pieces.push(Piece::foreign(&text, role));
    } else {
        pieces.push(Piece::new(judged.effect.kind.word(), Role::Strong));
    }
    pieces.push(space(3));
    pieces.push(Piece::new(
        format!("{} {risk}", context.theme.risk_mark(risk)),
        Role::Risk(risk),
    ));
    let said = match context.standing {
        Standing::NotAsked => return pieces,
        Standing::Open => Piece::new("not acknowledged", Role::Dim),
        Standing::Acknowledged(_) => Piece::new("acknowledged", Role::Done),
        Standing::Objected(_) => Piece::new("objected", Role::Alarm),
    };
    pieces.push(space(3));
    pieces.push(said);
    pieces
}

type Fact = (&'static str, Vec<Piece>);

/// What a row is, where it is no change of a resource.
fn what(judged: &Judged, context: &DetailContext<'_>, page: &Page) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(unit) = &judged.unit {
        facts.push(("unit", vec![Piece::foreign(unit, Role::Strong)]));
    }
    // The frame around the pane shows only as much of it as fits.
    let address = judged.effect.address();
    let address = visible(&address);
    if judged.effect.kind != Kind::Plan && width(&address) + 2 > page.width {
        facts.push(("address", vec![Piece::new(address, Role::Text)]));
    }
    if let Some(sentence) = words::kind(judged.effect.kind) {
        facts.push(("what", vec![Piece::new(sentence, Role::Text)]));
    }
    if judged.effect.mode == Mode::Data {
        let sentence = "A data source; nothing is changed by reading it.";
        facts.push(("what", vec![Piece::new(sentence, Role::Text)]));
    }
    if let Some(fate) = context.fate {
        facts.push(("fate", vec![Piece::new(fate.sentence(), Role::Text)]));
    }
    facts
}

fn facts(
    judged: &Judged,
    foreign: &impl Fn(&str, Role) -> Piece,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<Fact> {
    let effect = &judged.effect;
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(since) = context.since {
        facts.push(("since", vec![foreign(since, Role::Strong)]));
    }
    // Of a signal of the whole plan there is nothing else to be seen: no attribute tells it.
    if context.options.explain || effect.kind == Kind::Plan {
        facts.extend(explained(judged));
    }
    facts.extend(told_by_plan(judged, foreign));
    facts.extend(policies(judged, false, foreign, context));
    facts.extend(around(context, page, foreign));
    match context.standing {
        Standing::Acknowledged(Some(reason)) => {
            facts.extend(said("because", reason, Role::Text, foreign));
        }
        Standing::Objected(reason) => facts.extend(said("because", reason, Role::Alarm, foreign)),
        Standing::NotAsked | Standing::Open | Standing::Acknowledged(None) => {}
    }
    for comment in context.comments {
        facts.extend(said("comment", comment, Role::Text, foreign));
    }
    facts
}

/// What the plan says of the change beyond its values.
fn told_by_plan(judged: &Judged, foreign: &impl Fn(&str, Role) -> Piece) -> Vec<Fact> {
    let effect = &judged.effect;
    let mut facts: Vec<Fact> = Vec::new();
    // Where a finding says it already, it need not stand twice.
    let told = |note: &&str| {
        judged
            .findings
            .iter()
            .any(|found| found.message.contains(note))
    };
    if let Some(note) = effect.note().filter(|note| !told(note)) {
        facts.push(("note", vec![foreign(note, Role::Text)]));
    }
    if let Some(reason) = effect
        .reason
        .as_deref()
        .filter(|reason| !told_by(effect.note(), reason))
    {
        let label = if effect.kind == Kind::Check {
            "status"
        } else {
            "reason"
        };
        let piece = match reason::words(reason) {
            Some(words) => Piece::new(words, Role::Text),
            None => foreign(reason, Role::Warn),
        };
        facts.push((label, vec![piece]));
    }
    if let Some(key) = effect.deposed() {
        let text = format!("object {key} was left behind by an earlier replacement");
        facts.push(("deposed", vec![foreign(&text, Role::Warn)]));
    }
    if let Some(from) = effect.previous_address() {
        facts.push((
            "moved",
            vec![Piece::new("from ", Role::Text), foreign(from, Role::Strong)],
        ));
    }
    if let Some(id) = effect
        .more
        .as_ref()
        .and_then(|more| more.importing.as_ref())
    {
        let text = id.as_ref().map_or_else(
            || "an existing object comes under management".to_owned(),
            |id| format!("the existing object {id} comes under management"),
        );
        facts.push(("import", vec![foreign(&text, Role::Text)]));
    }
    if effect.has_generated_config() {
        facts.push((
            "import",
            vec![Piece::new(
                "its block was generated, nobody wrote it",
                Role::Warn,
            )],
        ));
    }
    facts
}

/// What the rules behind the findings mean, the worst one first, each once.
fn explained(judged: &Judged) -> Vec<Fact> {
    let mut told = Vec::new();
    let mut facts = Vec::new();
    for finding in &judged.findings {
        let Some(rule) = risk::rule(&finding.rule).filter(|rule| !told.contains(&rule.id)) else {
            continue;
        };
        told.push(rule.id);
        facts.push(("rule", vec![Piece::new(rule.title, Role::Strong)]));
        facts.push(("means", vec![Piece::new(rule.why, Role::Text)]));
        facts.push(("lost", vec![Piece::new(rule.lost, Role::Text)]));
        facts.push(("safer", vec![Piece::new(rule.remedy, Role::Text)]));
    }
    facts
}

/// A person's own words, line by line as they were written.
fn said(
    label: &'static str,
    text: &str,
    role: Role,
    foreign: &impl Fn(&str, Role) -> Piece,
) -> Vec<Fact> {
    text.lines()
        .map(|line| (label, vec![foreign(line, role)]))
        .collect()
}

/// Whether the note says the reason already.
fn told_by(note: Option<&str>, reason: &str) -> bool {
    note.is_some_and(|note| note.contains(reason))
}

/// What policies say of the row: those that deny, or those that do not.
fn policies(
    judged: &Judged,
    denying: bool,
    foreign: &impl Fn(&str, Role) -> Piece,
    context: &DetailContext<'_>,
) -> Vec<Fact> {
    let findings = judged.findings.iter();
    findings
        .filter(|finding| (finding.risk >= Risk::High) == denying)
        .filter_map(|finding| Some(("policy", policy(finding, context, foreign)?)))
        .collect()
}

/// `✗ deny main.deny  no public database  rds.rego:14`
fn policy(
    finding: &Finding,
    context: &DetailContext<'_>,
    foreign: &impl Fn(&str, Role) -> Piece,
) -> Option<Vec<Piece>> {
    let origin = finding.origin.as_ref()?;
    let word = verdicts::said(finding)?;
    let (mark, role) = match finding.risk {
        Risk::Critical | Risk::High => (context.theme.glyph("✗", "x"), Role::Alarm),
        Risk::Medium => ("!", Role::Warn),
        Risk::Low => (context.theme.glyph("·", "-"), Role::Dim),
    };
    let mut pieces = vec![
        Piece::new(format!("{mark} {word} "), role),
        foreign(verdicts::rule(finding), Role::Strong),
        foreign(&format!("  {}", finding.message), Role::Text),
    ];
    if let Some(at) = &origin.at {
        pieces.push(foreign(&format!("  {at}"), Role::Dim));
    }
    pieces.push(foreign(&format!("  {}", origin.tool), Role::Dim));
    Some(pieces)
}

/// Where the block stands and what depends on it.
fn around(
    context: &DetailContext<'_>,
    page: &Page,
    foreign: &impl Fn(&str, Role) -> Piece,
) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(source) = context.source {
        facts.push(("source", vec![foreign(source, Role::Text)]));
    }
    let all = context.dependants.len();
    if all > 0 {
        let named = if context.options.expand {
            all
        } else {
            NAMED_DEPENDANTS.min(all)
        };
        let mut text = context.dependants[..named].join(", ");
        if named < all {
            text = format!("{text}, {} {} more", page.ellipsis(), all - named);
        }
        facts.push((
            "used by",
            vec![
                Piece::new(format!("{all}  "), Role::Strong),
                foreign(&text, Role::Dim),
            ],
        ));
    }
    facts
}

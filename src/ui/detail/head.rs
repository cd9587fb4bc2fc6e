//! The head of the pane: what happens, why it matters, and what is known around it.

use super::layout::{Page, space};
use super::{DetailContext, DetailLine, Standing, words};
use crate::diff::Secrets;
use crate::plan::effect::{Kind, Mode};
use crate::review::verdicts;
use crate::risk::{Finding, Judged, Risk};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::width;

/// The column where what a label speaks of begins.
const LABEL: usize = 8;
/// The label of findings.
const WHY: &str = "why";
/// Dependants that are named; the rest is counted.
const NAMED_DEPENDANTS: usize = 3;

pub(super) fn lines(
    judged: &Judged,
    own: &Secrets,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let mut out = vec![page.line(verdict(judged, context))];
    let facts = facts(judged, own, context, page);
    if !facts.is_empty() {
        out.push(DetailLine::default());
    }
    let mut before = "";
    let mut findings = judged
        .findings
        .iter()
        .filter(|finding| finding.origin.is_none());
    for (label, body) in facts {
        // A label stands once above all that it speaks of.
        let shown = if label == before { "" } else { label };
        before = label;
        let mut prefix = vec![
            Piece::new(shown, Role::Strong),
            space(LABEL.saturating_sub(width(shown)).max(1)),
        ];
        // Each finding begins with its own mark: it says how bad it is, and where the next one begins.
        if label == WHY
            && let Some(finding) = findings.next()
        {
            let mark = context.theme.risk_mark(finding.risk);
            prefix.push(Piece::new(format!("{mark} "), Role::Risk(finding.risk)));
        }
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
        let text = format!("{}{gap}{action}", action.sign());
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

fn facts(judged: &Judged, own: &Secrets, context: &DetailContext<'_>, page: &Page) -> Vec<Fact> {
    let effect = &judged.effect;
    let masked = |text: &str| {
        let text = own.mask(text);
        context
            .secrets
            .map_or_else(|| text.to_string(), |all| all.mask(&text).into_owned())
    };
    let foreign = |text: &str, role| Piece::foreign(&masked(text), role);
    let mut facts: Vec<Fact> = Vec::new();
    if let Some(sentence) = words::kind(effect.kind) {
        facts.push(("what", vec![Piece::new(sentence, Role::Text)]));
    }
    if effect.mode == Mode::Data {
        facts.push((
            "what",
            vec![Piece::new(
                "A data source; nothing is changed by reading it.",
                Role::Text,
            )],
        ));
    }
    for finding in judged
        .findings
        .iter()
        .filter(|finding| finding.origin.is_none())
    {
        facts.push((WHY, why(finding, page, &foreign)));
    }
    if let Some(note) = effect.note() {
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
        let piece = match words::action_reason(reason) {
            Some(words) => Piece::new(words, Role::Text),
            None => foreign(reason, Role::Warn),
        };
        facts.push((label, vec![piece]));
    }
    if let Some(key) = &effect.deposed {
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
    if effect
        .more
        .as_ref()
        .is_some_and(|more| more.generated_config)
    {
        facts.push((
            "import",
            vec![Piece::new(
                "its block was generated, nobody wrote it",
                Role::Warn,
            )],
        ));
    }
    let policies = judged
        .findings
        .iter()
        .filter_map(|finding| policy(finding, context, &foreign));
    facts.extend(policies.map(|pieces| ("policy", pieces)));
    facts.extend(around(context, page, &foreign));
    match context.standing {
        Standing::Acknowledged(Some(reason)) => {
            facts.push(("because", vec![foreign(reason, Role::Text)]));
        }
        Standing::Objected(reason) => facts.push(("because", vec![foreign(reason, Role::Alarm)])),
        Standing::NotAsked | Standing::Open | Standing::Acknowledged(None) => {}
    }
    for comment in context.comments {
        facts.push(("comment", vec![foreign(comment, Role::Text)]));
    }
    facts
}

/// Whether the note says the reason already.
fn told_by(note: Option<&str>, reason: &str) -> bool {
    note.is_some_and(|note| note.contains(reason))
}

/// The finding's sentence, what it was and becomes, and the rule's name.
fn why(finding: &Finding, page: &Page, foreign: &impl Fn(&str, Role) -> Piece) -> Vec<Piece> {
    let mut body = vec![foreign(&finding.message, Role::Text)];
    if let Some(path) = &finding.path {
        body.push(foreign(&format!("  {path}"), Role::Warn));
        match (&finding.old, &finding.new) {
            (None, None) => {}
            (Some(old), None) => body.push(foreign(&format!(" was {old}"), Role::Removed)),
            (None, Some(new)) => body.push(foreign(&format!(" = {new}"), Role::Warn)),
            (Some(old), Some(new)) => {
                body.push(foreign(&format!(" {old}"), Role::Removed));
                body.push(Piece::new(format!(" {} ", page.arrow()), Role::Dim));
                body.push(foreign(new, Role::Added));
            }
        }
    }
    body.push(foreign(&format!("  {}", finding.rule), Role::Dim));
    body
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

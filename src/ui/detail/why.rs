//! Why the row matters: a finding is a sentence, then where it was found and what it was and becomes, then its rule.

use super::layout::{Page, pieces_width, space};
use super::{DetailContext, DetailLine};
use crate::diff::secrets::{NOT_YET, may_be_secret};
use crate::risk::{Finding, Judged, Risk};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::width;

/// The column where what a label speaks of begins.
pub(super) const LABEL: usize = 8;
/// The mark in front of a finding, and its gap.
const MARK: usize = 2;
/// Columns between what was found and the rule's name.
const GAP: usize = 3;

/// Every finding of undersign itself. Those of low risk go without their sentence unless all is asked for: they only count.
pub(super) fn lines(
    judged: &Judged,
    foreign: &impl Fn(&str, Role) -> Piece,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let mut out = Vec::new();
    let mut before = "";
    let own = judged
        .findings
        .iter()
        .filter(|finding| finding.origin.is_none());
    for (i, finding) in own.enumerate() {
        let label = if i == 0 { "why" } else { "" };
        let mark = context.theme.risk_mark(finding.risk);
        let lead = vec![
            Piece::new(label, Role::Strong),
            space(LABEL - label.len()),
            Piece::new(format!("{mark} "), Role::Risk(finding.risk)),
        ];
        // What a finding quotes may be derived from a value, so the value itself need not stand in it.
        let quoted = |text: &str, role| {
            if context.early && may_be_secret(text) {
                Piece::new(NOT_YET, Role::Dim)
            } else {
                foreign(text, role)
            }
        };
        let found = found(finding, page, foreign, &quoted);
        let brief = finding.risk == Risk::Low && !context.options.expand && !found.is_empty();
        // As a label, a rule stands once for all findings in a row that it made.
        let rule = (*before != *finding.rule).then(|| foreign(&finding.rule, Role::Dim));
        before = &finding.rule;
        let under = vec![space(LABEL + MARK)];
        if brief {
            out.extend(beside(page, &lead, found, rule));
        } else {
            let sentence = vec![foreign(&finding.message, Role::Text)];
            if found.is_empty() {
                out.extend(beside(page, &lead, sentence, rule));
            } else {
                out.extend(page.wrapped(&lead, sentence));
                out.extend(beside(page, &under, found, rule));
            }
        }
    }
    out
}

/// `deletion_protection  true → false`
fn found(
    finding: &Finding,
    page: &Page,
    foreign: &impl Fn(&str, Role) -> Piece,
    quoted: &impl Fn(&str, Role) -> Piece,
) -> Vec<Piece> {
    let Some(path) = &finding.path else {
        return Vec::new();
    };
    let gap = || Piece::new("  ", Role::Text);
    let mut body = vec![foreign(path, Role::Dim)];
    match (&finding.old, &finding.new) {
        (None, None) => {}
        (Some(old), None) => body.extend([gap(), quoted(old, Role::Removed)]),
        (None, Some(new)) => body.extend([gap(), quoted(new, Role::Warn)]),
        (Some(old), Some(new)) => {
            body.extend([gap(), quoted(old, Role::Removed)]);
            body.push(Piece::new(format!(" {} ", page.arrow()), Role::Dim));
            body.push(quoted(new, Role::Added));
        }
    }
    body
}

/// The body behind `lead`, and the rule's name at the right end of its last line, or of a line of its own.
fn beside(page: &Page, lead: &[Piece], body: Vec<Piece>, rule: Option<Piece>) -> Vec<DetailLine> {
    let mut lines = page.wrapped(lead, body);
    let Some(rule) = rule else { return lines };
    let wide = width(&rule.text);
    if let Some(last) = lines.last_mut() {
        let used = pieces_width(&last.pieces);
        if used + GAP + wide <= page.width {
            last.pieces.push(space(page.width - used - wide));
            last.pieces.push(rule);
            return lines;
        }
    }
    let lead = [space(page.width.saturating_sub(wide))];
    lines.push(page.line([lead.to_vec(), vec![rule]].concat()));
    lines
}

//! What policies say, laid on the rows they speak of.
//!
//! A verdict becomes a finding like any other: a deny asks for an acknowledgement, under a rule that says that a policy
//! asks. The screen, `check` and the gate all come this way, so all ask for the same.

use std::collections::{BTreeMap, HashMap};

use crate::diff::Secrets;
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind, Span};
use crate::policy::overrides::{OVERRIDE, OVERRIDE_AT};
use crate::policy::scope::OUT_OF_SCOPE;
use crate::policy::{self, Opinion, Trouble, Verdict};
use crate::risk::{Finding, Judged, Origin, Risk};

/// What the rules of policies begin with; no rule of undersign's own does.
pub const PREFIX: &str = "policy/";

/// What the rule of a deny begins with that a comment in the configuration accepts. It is acknowledged like any other, and
/// the reason is the comment's.
pub const OVERRIDDEN: &str = "overridden/";

/// The row that says why policies have nothing to say. While it is there, nothing is approved.
pub const TROUBLE: &str = "policy-trouble";

/// What stands for the words of a policy until it is known what is secret in the plan.
const WITHHELD: &str = "Its words are shown when the plan is read to its end: only then is known what in them is secret.";

/// Where the rows are that policies speak of, by their number.
#[derive(Debug, Default)]
pub struct Targets {
    places: HashMap<Box<str>, Vec<u32>>,
    rows: u32,
}

impl Targets {
    /// Adds the next rows.
    pub fn add(&mut self, rows: &[Judged]) {
        for row in rows {
            if is_target(row) {
                let known = self.places.entry(row.effect.address().into()).or_default();
                known.push(self.rows);
            }
            self.rows += 1;
        }
    }

    /// The rows with this address.
    pub fn rows(&self, address: &str) -> Option<&[u32]> {
        self.places.get(address).map(Vec::as_slice)
    }
}

/// Everything that policies say, by what they say it of.
#[derive(Debug, Default)]
pub struct Laid {
    /// Of rows, by their number.
    pub rows: BTreeMap<u32, Vec<Finding>>,
    /// Of the plan as a whole, and what kept them from speaking: new rows.
    pub of_plan: Vec<Judged>,
}

/// Lays what policies say on the rows they say it of.
///
/// What a policy says can hold values of the plan, so what is secret in the plan is masked.
pub fn lay(opinion: &Opinion, targets: &Targets, secrets: &Secrets) -> Laid {
    let mut laid = Laid::default();
    let mut of_plan: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for verdict in &opinion.verdicts {
        let finding = finding(verdict, secrets);
        let address = verdict.address.as_deref();
        match address.map(|address| targets.rows(address)) {
            Some(Some(rows)) => {
                for &row in rows {
                    laid.rows.entry(row).or_default().push(finding.clone());
                }
            }
            Some(None) => {
                let address = secrets.mask(address.unwrap_or_default());
                let message = format!("{address}, which is not in this plan: {}", finding.message);
                let rule = finding.rule.to_string();
                of_plan.entry(rule).or_default().push(finding.say(message));
            }
            None => {
                let rule = finding.rule.to_string();
                of_plan.entry(rule).or_default().push(finding);
            }
        }
    }
    if !opinion.troubles.is_empty() {
        let findings = opinion
            .troubles
            .iter()
            .map(|trouble| blocking(trouble, secrets));
        of_plan.insert(TROUBLE.to_owned(), findings.collect());
    }
    laid.of_plan = of_plan
        .into_iter()
        .map(|(id, findings)| {
            let effect = Effect::bare(Kind::Plan, id, Action::Update, Span::default());
            Judged::new(effect, findings)
        })
        .collect();
    laid
}

/// Adds to each row what policies say of it. Returns new rows: what they say of the plan as a whole, and what kept them
/// from speaking.
pub fn attach(rows: &mut [Judged], opinion: &Opinion, secrets: &Secrets) -> Vec<Judged> {
    let mut targets = Targets::default();
    if !opinion.verdicts.is_empty() {
        targets.add(rows);
    }
    let laid = lay(opinion, &targets, secrets);
    for (row, findings) in laid.rows {
        rows[row as usize].add(findings);
    }
    laid.of_plan
}

/// What a policy says while the plan is still read: everything but its words.
pub fn early(verdict: &Verdict) -> Finding {
    finding(verdict, &Secrets::default()).say(WITHHELD.to_owned())
}

/// Whether the words of a policy are still kept back.
pub fn is_withheld(finding: &Finding) -> bool {
    finding.origin.is_some() && finding.message == WITHHELD
}

/// Why nothing may be approved: policies could not say all that they have to say, or one of them lets nobody pass.
pub fn blocked<'a>(mut rows: impl Iterator<Item = &'a Judged>) -> Option<&'a Finding> {
    rows.find_map(|row| row.findings.iter().find(|finding| blocks(finding)))
}

/// Whether nothing may be approved while this finding is there.
pub fn blocks(finding: &Finding) -> bool {
    finding.origin.is_some() && finding.risk == Risk::Critical
}

/// Whether a rule is a policy's that denies: rules that ask are high, and of a policy's verdicts only a deny is.
pub fn is_deny(rule: &str) -> bool {
    rule.starts_with(PREFIX)
}

/// Whether a policy denies the row: to acknowledge it is an override.
pub fn is_denied(row: &Judged) -> bool {
    row.asking().any(|finding| is_deny(&finding.rule))
}

/// What a policy says with a finding: `deny`, `warn`, `info`; `None` for undersign's own findings.
pub fn said(finding: &Finding) -> Option<&'static str> {
    finding.origin.as_ref()?;
    Some(match finding.risk {
        Risk::Critical => "blocks",
        Risk::High if finding.rule.starts_with(OVERRIDDEN) => "overridden",
        Risk::High => "deny",
        Risk::Medium => "warn",
        Risk::Low => "info",
    })
}

/// The rule as its policies name it.
pub fn rule(finding: &Finding) -> &str {
    let rule = &*finding.rule;
    rule.strip_prefix(PREFIX)
        .or_else(|| rule.strip_prefix(OVERRIDDEN))
        .unwrap_or(rule)
}

/// The rule under which a deny is acknowledged that a comment accepts.
pub fn overridden(rule: &str) -> String {
    format!("{OVERRIDDEN}{rule}")
}

/// Whether a row is outside the scope of the task: it is shown before everything else.
pub fn is_out_of_scope(row: &Judged) -> bool {
    row.findings
        .iter()
        .any(|finding| finding.rule.strip_prefix(PREFIX) == Some(OUT_OF_SCOPE))
}

/// Whether policies speak of such a row: it is an element that they read, and this apply or a later one does it.
fn is_target(row: &Judged) -> bool {
    match row.effect.kind {
        Kind::Change | Kind::Deferred | Kind::Invocation | Kind::Provisioner | Kind::Output => true,
        Kind::Plan | Kind::Drift | Kind::Check | Kind::UnknownKey => false,
    }
}

fn finding(verdict: &Verdict, secrets: &Secrets) -> Finding {
    let said = &verdict.message;
    let (rule, risk, message) = match (
        verdict.metadata.get(OVERRIDE),
        verdict.metadata.get(OVERRIDE_AT),
        verdict.is_hard(),
    ) {
        (_, _, Some(_)) => (
            format!("{PREFIX}{}", verdict.rule),
            Risk::Critical,
            format!("{said} (no override is possible)"),
        ),
        (Some(reason), Some(at), None) => (
            overridden(&verdict.rule),
            of_kind(verdict.kind),
            format!("OVERRIDDEN at {at} ({reason}): {said}"),
        ),
        _ => (
            format!("{PREFIX}{}", verdict.rule),
            of_kind(verdict.kind),
            said.clone(),
        ),
    };
    Finding {
        rule: rule.into(),
        risk,
        path: None,
        old: None,
        new: None,
        message: secrets.mask(&message).into_owned().into(),
        origin: Some(Box::new(Origin {
            tool: verdict.tool.as_str().into(),
            at: verdict.source.as_ref().map(|at| at.to_string().into()),
        })),
    }
}

fn of_kind(kind: policy::Kind) -> Risk {
    match kind {
        policy::Kind::Deny => Risk::High,
        policy::Kind::Warn => Risk::Medium,
        policy::Kind::Info => Risk::Low,
    }
}

fn blocking(trouble: &Trouble, secrets: &Secrets) -> Finding {
    let mut finding =
        Finding::new(TROUBLE, Risk::Critical, "").say(secrets.mask(&trouble.error).into_owned());
    finding.origin = Some(Box::new(Origin {
        tool: trouble.reason.as_str().into(),
        at: trouble.place.as_ref().map(|at| at.to_string().into()),
    }));
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::Requirement;

    fn row(kind: Kind, address: &str) -> Judged {
        let effect = Effect::bare(kind, address, Action::Update, Span::default());
        Judged::new(effect, Vec::new())
    }

    fn verdict(kind: policy::Kind, address: Option<&str>) -> Verdict {
        Verdict {
            kind,
            rule: "main.deny".into(),
            message: "no".into(),
            address: address.map(Into::into),
            source: None,
            tool: "rego".into(),
            metadata: BTreeMap::new(),
        }
    }

    fn attached(verdicts: Vec<Verdict>) -> (Vec<Judged>, Vec<Judged>) {
        let mut rows = vec![
            row(Kind::Change, "a.b"),
            row(Kind::Drift, "a.b"),
            row(Kind::Change, "a.c"),
        ];
        let opinion = Opinion {
            verdicts,
            troubles: Vec::new(),
        };
        let more = attach(&mut rows, &opinion, &Secrets::default());
        (rows, more)
    }

    #[test]
    fn only_a_deny_asks_and_only_of_the_change() {
        for (kind, asks) in [
            (policy::Kind::Deny, true),
            (policy::Kind::Warn, false),
            (policy::Kind::Info, false),
        ] {
            let (rows, more) = attached(vec![verdict(kind, Some("a.b"))]);
            assert_eq!(more, []);
            assert_eq!(rows[0].findings.len(), 1);
            assert_eq!(rows[1].findings.len() + rows[2].findings.len(), 0);
            let requirement = Requirement::of(&rows[0]);
            assert_eq!(requirement.is_some(), asks, "{kind:?}");
            assert_eq!(requirement.is_some_and(|r| r.denies().count() == 1), asks);
        }
    }

    #[test]
    fn a_verdict_without_a_row_is_about_the_plan() {
        let (rows, more) = attached(vec![
            verdict(policy::Kind::Deny, None),
            verdict(policy::Kind::Deny, Some("a.gone")),
        ]);
        assert!(rows.iter().all(|row| row.findings.is_empty()));
        let [plan] = more.as_slice() else {
            panic!("{more:?}")
        };
        assert_eq!(plan.effect.address(), "policy/main.deny");
        assert!(plan.needs_ack());
        assert!(
            plan.findings
                .iter()
                .any(|f| f.message.contains("not in this plan"))
        );
    }

    #[test]
    fn trouble_is_a_row_that_blocks() {
        let opinion = Opinion {
            verdicts: Vec::new(),
            troubles: vec![Trouble {
                reason: "parse".into(),
                place: None,
                error: "no".into(),
            }],
        };
        let more = attach(&mut [], &opinion, &Secrets::default());
        assert!(blocked(more.iter()).is_some());
        assert!(blocked([row(Kind::Change, TROUBLE)].iter()).is_none());
    }
}

//! One row in, its findings out.
//!
//! A dispatch by kind: what needs no values is said here, what needs them is asked of the attribute rules, the policy
//! documents and the life cycle rules. Never panics, whatever the values hold.

use super::documents::Documents;
use super::{Finding, Risk, attributes, catalogue, lifecycle, policy_change, render};
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind, Mode};
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// What is wrong with one row. `values` is `None` where the row has none, or where they cannot be decoded.
pub fn assess(effect: &Effect, values: Option<&Values>) -> Vec<Finding> {
    let mut findings = match effect.kind {
        Kind::Change | Kind::Drift | Kind::Deferred => resource(effect, values),
        Kind::Output => output(effect, values),
        Kind::Invocation => vec![note(
            effect,
            "action-invocation",
            Risk::High,
            "An action of the provider runs during apply; what it does is not in the plan.",
        )],
        Kind::Provisioner => vec![note(
            effect,
            "provisioner",
            Risk::High,
            "A program runs during apply; the plan does not bind what it does.",
        )],
        Kind::Check => vec![note(
            effect,
            "check-failed",
            Risk::Medium,
            "A check of the configuration did not pass.",
        )],
        Kind::UnknownKey => vec![Finding::new(
            "unknown-key",
            Risk::High,
            "The plan holds a part that undersign does not know; it may be an effect.",
        )],
        // Signals of the plan come from the summary with their findings.
        Kind::Plan => Vec::new(),
    };
    if effect.kind == Kind::Deferred {
        findings.push(note(
            effect,
            "deferred",
            Risk::High,
            "This change is put off: it is not part of this apply, and its values are not final.",
        ));
    }
    findings
}

/// A finding with the row's own words behind the sentence.
fn note(effect: &Effect, rule: &'static str, risk: Risk, message: &'static str) -> Finding {
    let finding = Finding::new(rule, risk, message);
    match effect.note() {
        Some(words) => finding.say(format!("{message} {words}")),
        None => finding,
    }
}

fn resource(effect: &Effect, values: Option<&Values>) -> Vec<Finding> {
    let mut findings = lifecycle::judge(effect, values);
    if effect.mode == Mode::Data && &*effect.type_name == "external" {
        findings.push(Finding::new(
            "external-program",
            Risk::High,
            "A data source runs a program during apply; the plan does not bind what it does.",
        ));
    }
    if effect.mode == Mode::Data && &*effect.type_name == "http" {
        findings.push(Finding::new(
            "data-redirected",
            Risk::Medium,
            "A request is sent during apply; what it carries, and what it sets off, is decided only then.",
        ));
    }
    let Some(values) = values else {
        findings.push(Finding::new(
            "undecodable-values",
            Risk::High,
            "The values of this change cannot be decoded, so nobody can say what it does.",
        ));
        return findings;
    };
    if effect.kind == Kind::Change && is_half_told(effect.action, values) {
        findings.push(Finding::new(
            "undecodable-values",
            Risk::High,
            "The plan does not say what this object was or what it becomes, so nobody can say what the change does.",
        ));
    }
    let documents = Documents::default();
    match effect.action {
        Action::Create
        | Action::Update
        | Action::DeleteCreate
        | Action::CreateDelete
        | Action::CreateForget
        | Action::ForgetCreate => {
            let mut weakened = attributes::judge(effect, values, &documents);
            weakened.extend(policy_change::judge(effect, values, &documents));
            compound(effect, &weakened, &mut findings);
            findings.extend(weakened);
        }
        Action::NoOp => {
            if effect.kind == Kind::Change && differs(values) {
                findings.push(Finding::new("no-op-that-differs", Risk::High, "The plan calls this no change, but the two sides differ: the file was altered, or the tool is not known."));
            }
        }
        Action::Delete => findings.extend(policy_change::judge(effect, values, &documents)),
        Action::Read | Action::Forget | Action::Open | Action::Unknown => {}
    }
    findings
}

/// Protection taken away and the object destroyed, in the same change.
fn compound(effect: &Effect, weakened: &[Finding], findings: &mut Vec<Finding>) {
    if effect.action.destroys()
        && catalogue::version(&effect.type_name).is_none()
        && let Some(first) = weakened
            .iter()
            .find(|f| f.rule == "protection-weakened" && f.risk >= Risk::High)
    {
        let mut finding = Finding::new(
            "unprotected-and-replaced",
            Risk::Critical,
            "The same change takes a protection away and destroys the object that it protected.",
        );
        finding.path.clone_from(&first.path);
        findings.push(finding);
    }
}

/// Whether a side is missing that the action speaks of. No tool writes such a change, and without the side nothing can be
/// compared.
fn is_half_told(action: Action, values: &Values) -> bool {
    let [before, after] = [&values.before, &values.after].map(|side| {
        side.as_ref()
            .is_some_and(|value| matches!(value, Value::Object(_)))
    });
    match action {
        Action::Create => !after,
        Action::Update
        | Action::DeleteCreate
        | Action::CreateDelete
        | Action::CreateForget
        | Action::ForgetCreate => !before || !after,
        _ => false,
    }
}

fn differs(values: &Values) -> bool {
    let [before, after] = [&values.before, &values.after]
        .map(|side| side.as_ref().filter(|value| **value != Value::Null));
    match (before, after) {
        (Some(before), Some(after)) => !super::walk::same(before, after),
        (before, after) => before.is_some() != after.is_some(),
    }
}

fn output(effect: &Effect, values: Option<&Values>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if effect.action == Action::Unknown {
        findings.push(lifecycle::unknown_action(effect));
    }
    let Some(values) = values else {
        findings.push(Finding::new(
            "undecodable-values",
            Risk::High,
            "The value of this output cannot be decoded.",
        ));
        return findings;
    };
    let was = Mark::root(values.before_sensitive.as_ref());
    let is = Mark::root(values.after_sensitive.as_ref());
    let had = values
        .before
        .as_ref()
        .is_some_and(|value| *value != Value::Null);
    if had && was.touches() && !is.touches() && effect.action != Action::Delete {
        findings.push(Finding::new("output-sensitive-exposed", Risk::High, "The output was marked sensitive and is not any more: its value will be printed and can be read by everybody who reads the state.").values(render::SENSITIVE, "shown in clear"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::effect::{More, Span};

    fn bare(kind: Kind, action: Action) -> Effect {
        Effect::bare(kind, "x", action, Span::default())
    }

    fn rules(effect: &Effect, values: Option<&Values>) -> Vec<(String, Risk)> {
        let findings = assess(effect, values);
        findings
            .into_iter()
            .map(|finding| (finding.rule.to_string(), finding.risk))
            .collect()
    }

    #[test]
    fn rows_that_are_no_changes_are_judged_by_their_kind() {
        for (kind, rule, risk) in [
            (Kind::Invocation, "action-invocation", Risk::High),
            (Kind::Provisioner, "provisioner", Risk::High),
            (Kind::Check, "check-failed", Risk::Medium),
            (Kind::UnknownKey, "unknown-key", Risk::High),
        ] {
            let found = rules(&bare(kind, Action::NoOp), None);
            assert_eq!(found, [(rule.to_owned(), risk)]);
        }
        assert_eq!(rules(&bare(Kind::Plan, Action::Update), None), []);
    }

    #[test]
    fn the_plan_s_own_words_are_handed_on() {
        let mut effect = bare(Kind::Provisioner, Action::NoOp);
        effect.more = Some(Box::new(More {
            note: Some("local-exec".into()),
            ..More::default()
        }));
        assert!(assess(&effect, None)[0].message.ends_with(" local-exec"));
    }

    #[test]
    fn what_a_data_source_sets_off_during_apply_is_said() {
        let read = |type_name: &str| {
            let mut effect = bare(Kind::Change, Action::Read);
            (effect.mode, effect.type_name) = (Mode::Data, type_name.into());
            rules(&effect, Some(&Values::default()))
        };
        assert_eq!(
            read("external"),
            [("external-program".to_owned(), Risk::High)]
        );
        assert_eq!(read("http"), [("data-redirected".to_owned(), Risk::Medium)]);
        assert_eq!(read("aws_ami"), []);
    }

    #[test]
    fn a_change_without_one_of_its_sides_is_not_taken_for_harmless() {
        let object = || Value::parse("{}").ok();
        for (action, before, after, wrong) in [
            (Action::Create, None, object(), false),
            (Action::Create, None, None, true),
            (Action::Update, object(), object(), false),
            (Action::Update, object(), None, true),
            (Action::Update, None, object(), true),
            (Action::CreateDelete, Some(Value::Null), object(), true),
            (Action::Delete, object(), None, false),
        ] {
            let values = Values {
                before,
                after,
                ..Values::default()
            };
            assert_eq!(is_half_told(action, &values), wrong, "{action:?}");
        }
    }

    #[test]
    fn values_that_cannot_be_decoded_are_not_taken_for_harmless() {
        let found = rules(&bare(Kind::Change, Action::Update), None);
        assert_eq!(found, [("undecodable-values".to_owned(), Risk::High)]);
        let found = rules(&bare(Kind::Output, Action::Update), None);
        assert_eq!(found, [("undecodable-values".to_owned(), Risk::High)]);
    }

    #[test]
    fn an_output_that_loses_its_mark_is_exposed() {
        let item = |was: bool, is: bool| {
            let item = format!(
                r#"{{"actions":["update"],"before":"a","after":"a","before_sensitive":{was},"after_sensitive":{is}}}"#
            );
            let values = Values::of_item(&item).unwrap();
            rules(&bare(Kind::Output, Action::Update), Some(&values)).len()
        };
        assert_eq!((item(true, false), item(true, true)), (1, 0));
        assert_eq!((item(false, false), item(false, true)), (0, 0));
    }

    #[test]
    fn drift_tells_of_settings_but_not_of_deeds() {
        let mut effect = bare(Kind::Drift, Action::Delete);
        effect.type_name = "aws_db_instance".into();
        let values = Values::of_item(r#"{"change":{"before":{},"after":null}}"#).unwrap();
        assert_eq!(rules(&effect, Some(&values)), []);
        effect.action = Action::Update;
        let item = r#"{"change":{"before":{"deletion_protection":true},"after":{"deletion_protection":false}}}"#;
        let found = rules(&effect, Some(&Values::of_item(item).unwrap()));
        assert_eq!(found, [("protection-weakened".to_owned(), Risk::Critical)]);
    }
}

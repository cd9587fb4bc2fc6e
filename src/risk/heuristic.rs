//! Rules by name, for types that no row speaks of. A guess is marked as one and is never more than high.

use super::catalogue::{self, Form, Heuristic, Operator, Row, Scope};
use super::documents::Documents;
use super::operator::{self, Outcome};
use super::walk::Side;
use super::{Finding, Risk, manifest, render};
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// Paths longer than this are not looked at by name.
const MAX_STEPS: usize = 12;

/// The guess that objects of this type hold what cannot be made again.
pub fn stateful(type_name: &str) -> Option<&'static Heuristic> {
    catalogue::heuristics()
        .iter()
        .filter(|rule| rule.scope == Scope::Type)
        .find(|rule| fits(rule, type_name))
}

fn fits(rule: &Heuristic, text: &str) -> bool {
    rule.matches.is_match(text) && rule.except.is_none_or(|except| !except.is_match(text))
}

/// Findings by the names of attributes; at most one for an attribute.
pub fn judge(values: &Values) -> Vec<Finding> {
    let (before, after) = (Side::before(values), Side::after(values));
    let mut findings = Vec::new();
    // An object that is made has nothing to lose yet.
    if before.value.is_some() {
        look(before, after, &mut String::new(), 0, &mut findings);
    }
    findings
}

fn look(
    before: Side<'_>,
    after: Side<'_>,
    path: &mut String,
    depth: usize,
    findings: &mut Vec<Finding>,
) {
    if depth > MAX_STEPS || before.value == after.value {
        return;
    }
    match (before.value, after.value) {
        (Some(Value::Object(olds)), None | Some(Value::Object(_))) => {
            for (name, _) in olds {
                let (old, new) = (before.member(name), after.member(name));
                if old.value == new.value {
                    continue;
                }
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                match named(name, path, old, new) {
                    Some(finding) => findings.push(finding),
                    None => look(old, new, path, depth + 1, findings),
                }
                path.truncate(length);
            }
        }
        (Some(Value::List(olds)), Some(Value::List(news))) if olds.len() == news.len() => {
            for index in 0..olds.len() {
                look(before.at(index), after.at(index), path, depth + 1, findings);
            }
        }
        // A block that goes takes with it what was switched on in it.
        (Some(Value::List(olds)), None | Some(Value::List(_)))
            if after.value.is_none_or(Value::is_empty) =>
        {
            let nothing = Side {
                value: None,
                ..after
            };
            for index in 0..olds.len() {
                look(before.at(index), nothing, path, depth + 1, findings);
            }
        }
        // What is sent to a provider as JSON is judged by the names in it.
        (Some(Value::Text(old)), Some(Value::Text(new))) => {
            if let (Some(old), Some(new)) = (within(old), within(new)) {
                let known = findings.len();
                let (old, new) = (inside(&old, before), inside(&new, after));
                look(old, new, path, depth + 1, findings);
                if before.secret.touches() || after.secret.touches() {
                    // Of a secret text the names in it are as secret as the rest.
                    for finding in &mut findings[known..] {
                        finding.path = Some(path.as_str().into());
                    }
                }
            }
        }
        _ => {}
    }
}

/// What stands in a text is as secret as the text.
fn inside<'a>(value: &'a Value, text: Side<'a>) -> Side<'a> {
    Side {
        value: Some(value),
        unknown: Mark::NOTHING,
        secret: text.secret,
    }
}

/// The object that is written into a text.
fn within(text: &str) -> Option<Value> {
    let object = text.trim_start().starts_with('{');
    object.then(|| Value::parse(text).ok()).flatten()
}

fn named(name: &str, path: &str, before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    // The value itself is judged: the row has no path of its own.
    let wrap = |side: Side<'_>| side.value.is_some();
    if !wrap(before) {
        return None;
    }
    // JSON that is sent as it is has names of its own kind: `publicNetworkAccess`.
    let name = manifest::snake(name);
    catalogue::heuristics().iter().find_map(|rule| {
        let text = match rule.scope {
            Scope::Name => &*name,
            Scope::Path => path,
            Scope::Type => return None,
        };
        if !suits(&rule.operator, before.value) || !fits(rule, text) {
            return None;
        }
        let row = Row {
            path: &[],
            operator: rule.operator,
            form: Form::Plain,
            risk: rule.cap,
            ..Row::PLAIN
        };
        let gone = Value::Text("".into());
        let known = Side {
            value: Some(after.value.unwrap_or(&gone)),
            ..after
        };
        let (risk, unknown, secret) =
            match operator::judge(&row, before, known, &Documents::default()) {
                Outcome::Silent => return None,
                Outcome::Fires(hit) => (rule.cap, false, hit.secret),
                Outcome::Unknown(hit) => (rule.cap.milder().min(Risk::Medium), true, hit.secret),
            };
        let new = if unknown {
            render::UNKNOWN.to_owned()
        } else {
            render::short(after.value, secret)
        };
        let mut finding = Finding::new("looks-weakened", risk, "")
            .say(format!(
                "Judged by its name only ({}): {}",
                rule.id, rule.message
            ))
            .values(&render::short(before.value, secret), &new);
        finding.path = Some(path.into());
        Some(finding)
    })
}

/// Names lie less when the value has the form that the rule is about.
fn suits(operator: &Operator, value: Option<&Value>) -> bool {
    let Some(value) = value else { return false };
    let is_switch = matches!(value, Value::Bool(_))
        || value.as_text().is_some_and(|text| {
            ["true", "false", "enabled", "disabled", "on", "off"].contains(&&*text.to_lowercase())
        });
    match operator {
        Operator::TrueToFalse | Operator::FalseToTrue => is_switch,
        Operator::ElementsRemoved | Operator::ElementsAdded | Operator::Emptied => {
            matches!(value, Value::List(_))
        }
        Operator::Decrease | Operator::Increase => {
            matches!(value, Value::Number(_) | Value::Text(_))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(before: &str, after: &str) -> Vec<(String, Risk)> {
        let values = Values {
            before: Some(Value::parse(before).unwrap()),
            after: Some(Value::parse(after).unwrap()),
            ..Values::default()
        };
        judge(&values)
            .into_iter()
            .map(|f| (f.path.unwrap().to_string(), f.risk))
            .collect()
    }

    /// The rows of a known type were made by looking at all its attributes, so what none of them names was left out with
    /// reason; names are for types that nobody has looked at.
    #[test]
    fn only_types_that_no_row_speaks_of_are_judged_by_name() {
        use crate::plan::action::Action;
        use crate::plan::effect::{Effect, Kind, Span};
        let side = |on: bool| Value::parse(&format!("{{\"extra_deletion_protection\":{on}}}")).ok();
        let values = Values {
            before: side(true),
            after: side(false),
            ..Values::default()
        };
        for (type_name, by_name) in [("aws_db_instance", 0), ("acme_vault", 1)] {
            let mut effect = Effect::bare(Kind::Change, "a.b", Action::Update, Span::default());
            effect.type_name = type_name.into();
            let findings = crate::risk::assess(&effect, Some(&values));
            let found = findings.iter().filter(|f| f.rule == "looks-weakened");
            assert_eq!(found.count(), by_name, "{type_name}");
            assert!(findings.iter().all(|f| f.risk <= Risk::High));
        }
    }

    #[test]
    fn names_that_speak_of_protection_are_heard() {
        for (before, after, path) in [
            (
                r#"{"deletion_protection":true}"#,
                r#"{"deletion_protection":false}"#,
                "deletion_protection",
            ),
            (
                r#"{"skip_final_snapshot":false}"#,
                r#"{"skip_final_snapshot":true}"#,
                "skip_final_snapshot",
            ),
            (
                r#"{"backup_retention_days":30}"#,
                r#"{"backup_retention_days":1}"#,
                "backup_retention_days",
            ),
            (
                r#"{"a":[{"force_destroy":false}]}"#,
                r#"{"a":[{"force_destroy":true}]}"#,
                "a.force_destroy",
            ),
            (
                r#"{"encryption":{"enabled":true}}"#,
                r#"{"encryption":{"enabled":false}}"#,
                "encryption.enabled",
            ),
            (
                r#"{"allowed_cidrs":["10.0.0.0/8"]}"#,
                r#"{"allowed_cidrs":["0.0.0.0/0"]}"#,
                "allowed_cidrs",
            ),
        ] {
            assert_eq!(
                found(before, after),
                [(path.to_owned(), Risk::High)],
                "{before}"
            );
            assert_eq!(found(after, before), [], "{after}");
        }
    }

    #[test]
    fn a_block_that_goes_takes_its_switch_with_it() {
        let on = r#"{"backup":[{"enabled":true,"days":7}]}"#;
        for gone in [r#"{"backup":[]}"#, r#"{"backup":null}"#, "{}"] {
            let expected = [("backup.enabled".to_owned(), Risk::High)];
            assert_eq!(found(on, gone), expected, "{gone}");
            assert_eq!(found(gone, on), [], "{gone}");
        }
        assert_eq!(found(r#"{"rule":[{"name":"a"}]}"#, r#"{"rule":[]}"#), []);
    }

    #[test]
    fn json_in_a_text_is_judged_by_its_names_and_shows_none_of_a_secret_one() {
        let body =
            |on: &str| format!(r#"{{"body":"{{\"a\":{{\"publicNetworkAccess\":\"{on}\"}}}}"}}"#);
        let [off, on] = ["Disabled", "Enabled"].map(body);
        let path = "body.a.publicNetworkAccess".to_owned();
        assert_eq!(found(&off, &on), [(path, Risk::High)]);
        assert_eq!(found(&on, &off), []);
        let secret = Values {
            before: Value::parse(&off).ok(),
            after: Value::parse(&on).ok(),
            after_sensitive: Value::parse(r#"{"body":true}"#).ok(),
            ..Values::default()
        };
        let [finding] = judge(&secret).try_into().unwrap();
        assert_eq!(finding.path.as_deref(), Some("body"));
        assert_eq!(finding.new.as_deref(), Some(render::SENSITIVE));
    }

    #[test]
    fn ordinary_settings_are_not() {
        assert_eq!(
            found(
                r#"{"size":3,"name":"a","tags":{"x":"1"}}"#,
                r#"{"size":1,"name":"b","tags":{}}"#
            ),
            []
        );
    }
}

//! From what a program answers to verdicts. What is no verdict is an error, as in the embedded engine.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::outline::Outline;
use crate::policy::locate::Addresses;
use crate::policy::{Kind, Opinion, Verdict};

/// Where an object may say what it says.
const MESSAGES: [&str; 3] = ["msg", "message", "reason"];

/// What `opa eval data` says: the rules with the names that are asked for, in every package.
pub(super) fn opa(
    answer: &Value,
    outline: &Outline,
    addresses: &Addresses,
) -> Result<Opinion, String> {
    let data = answer
        .pointer("/result/0/expressions/0/value")
        .ok_or_else(|| format!("no result: {}", errors(answer)))?;
    let mut reading = Reading {
        outline,
        addresses,
        verdicts: Vec::new(),
    };
    reading.package(data, &mut Vec::new())?;
    for path in &outline.with_authz {
        let allowed = path
            .iter()
            .fold(data, |value, word| &value[word])
            .get("authz");
        if allowed != Some(&Value::Bool(true)) {
            let rule = format!("{}.authz", path.join("."));
            let item = Value::from(format!("{rule} is not true"));
            let mut verdict = verdict("opa", Kind::Deny, &rule, &item, addresses)?;
            verdict.address = None;
            reading.verdicts.push(verdict);
        }
    }
    let mut verdicts = reading.verdicts;
    for verdict in &mut verdicts {
        verdict.source = outline.place(&verdict.rule).cloned();
    }
    Ok(Opinion {
        verdicts,
        troubles: Vec::new(),
    })
}

fn errors(answer: &Value) -> String {
    let first = answer.pointer("/errors/0/message").and_then(Value::as_str);
    first.unwrap_or("nobody says why").to_owned()
}

struct Reading<'a> {
    outline: &'a Outline,
    addresses: &'a Addresses,
    verdicts: Vec<Verdict>,
}

impl Reading<'_> {
    fn package(&mut self, value: &Value, path: &mut Vec<String>) -> Result<(), String> {
        let Value::Object(members) = value else {
            return Ok(());
        };
        let excepted = members.get("exception").map(names).unwrap_or_default();
        for (name, value) in members {
            path.push(name.clone());
            match kind_of(name) {
                Some(kind) if !self.outline.has(path) => {
                    // conftest names a rule without what makes it a rule: deny_public is "public", deny is "".
                    let short = name.split_once('_').map_or("", |(_, rest)| rest);
                    self.rule(&path.join("."), kind, value, excepted.contains(short))?;
                }
                Some(_) | None if self.outline.has(path) => self.package(value, path)?,
                Some(_) | None => {}
            }
            path.pop();
        }
        Ok(())
    }

    fn rule(
        &mut self,
        rule: &str,
        kind: Kind,
        value: &Value,
        is_excepted: bool,
    ) -> Result<(), String> {
        let name = rule.rsplit('.').next().unwrap_or_default();
        let items = match value {
            Value::Null | Value::Bool(false) => Vec::new(),
            Value::Bool(true) => vec![Value::from(name)],
            Value::Array(items) => items.clone(),
            Value::Object(fields) if fields.is_empty() => Vec::new(),
            Value::String(_) | Value::Object(_) => vec![value.clone()],
            Value::Number(_) => return Err(format!("{rule} says a number")),
        };
        for item in items {
            let mut verdict = verdict("opa", kind, rule, &item, self.addresses)?;
            if is_excepted {
                verdict.kind = Kind::Info;
                verdict.message = format!("{} (excepted by the policy itself)", verdict.message);
            }
            self.verdicts.push(verdict);
        }
        Ok(())
    }
}

/// What a rule of this name says; `None` where nobody asks for it.
pub(super) fn kind_of(name: &str) -> Option<Kind> {
    match name.split('_').next() {
        Some("deny" | "violation") => Some(Kind::Deny),
        Some("warn") => Some(Kind::Warn),
        _ => None,
    }
}

/// The names in a set of lists, as `exception` gives them.
fn names(value: &Value) -> BTreeSet<&str> {
    let lists = value.as_array().into_iter().flatten();
    lists
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// What `conftest test -o json` says. It names a rule only in newer versions; the namespace and the kind stand for it
/// elsewhere.
pub(super) fn conftest(answer: &Value, addresses: &Addresses) -> Result<Opinion, String> {
    let files = answer.as_array().ok_or("its answer is no list")?;
    let mut opinion = Opinion::default();
    for file in files {
        let namespace = file["namespace"].as_str().unwrap_or("main");
        for (list, kind, rule) in [
            ("failures", Kind::Deny, "deny"),
            ("warnings", Kind::Warn, "warn"),
            ("exceptions", Kind::Info, "exception"),
        ] {
            for item in file[list].as_array().into_iter().flatten() {
                let query = item["metadata"]["query"].as_str();
                let rule = match query.and_then(|query| query.strip_prefix("data.")) {
                    Some(query) => query.to_owned(),
                    None => format!("{namespace}.{rule}"),
                };
                opinion
                    .verdicts
                    .push(verdict("conftest", kind, &rule, item, addresses)?);
            }
        }
    }
    Ok(opinion)
}

fn verdict(
    tool: &str,
    kind: Kind,
    rule: &str,
    item: &Value,
    addresses: &Addresses,
) -> Result<Verdict, String> {
    let message = item
        .as_str()
        .or_else(|| MESSAGES.iter().find_map(|key| item[key].as_str()))
        .ok_or_else(|| format!("{rule} says something that is no message"))?;
    let objects = [
        item,
        &item["metadata"],
        &item["metadata"]["details"],
        &item["details"],
    ];
    let named = objects
        .iter()
        .flat_map(|object| {
            ["address", "resource_address", "resource"].map(|key| object[key].as_str())
        })
        .flatten()
        .find(|address| addresses.has(address));
    // conftest puts everything but the message there.
    let fields = [item, &item["metadata"]]
        .into_iter()
        .filter_map(Value::as_object);
    let metadata: BTreeMap<String, String> = fields
        .flatten()
        .filter(|(key, _)| !MESSAGES.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.to_string()))
        .collect();
    Ok(Verdict {
        kind,
        rule: rule.to_owned(),
        message: message.to_owned(),
        address: named.or_else(|| addresses.find(message)).map(str::to_owned),
        source: None,
        tool: tool.to_owned(),
        metadata,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::job::File;

    fn known() -> Addresses {
        Addresses::new(["a.b".to_owned(), "a.c".to_owned()])
    }

    fn outline(packages: &[&str]) -> Outline {
        let files: Vec<File> = packages
            .iter()
            .map(|text| File {
                path: "p.rego".into(),
                text: (*text).to_owned(),
            })
            .collect();
        Outline::of(&files)
    }

    fn says(packages: &[&str], value: &Value) -> Result<Vec<String>, String> {
        let answer = json!({"result": [{"expressions": [{"value": value}]}]});
        let said = opa(&answer, &outline(packages), &known())?;
        let shown = |verdict: &Verdict| {
            let address = verdict.address.as_deref().unwrap_or("(plan)");
            format!(
                "{} {} {address} {}",
                verdict.kind.word(),
                verdict.rule,
                verdict.message
            )
        };
        Ok(said.verdicts.iter().map(shown).collect())
    }

    #[test]
    fn every_form_of_a_rule_of_opa_is_read_or_is_an_error() {
        let main = &["package main", "package terraform.deny.rds"][..];
        for (value, expected) in [
            (
                json!({"main": {"deny": ["a.b is open"]}}),
                vec!["deny main.deny a.b a.b is open"],
            ),
            (
                json!({"main": {"warn": [{"msg": "no tag", "address": "a.c"}], "helper": [1]}}),
                vec!["warn main.warn a.c no tag"],
            ),
            (
                json!({"main": {"violation_x": [{"message": "m", "details": {"address": "a.b"}}]}}),
                vec!["deny main.violation_x a.b m"],
            ),
            (
                json!({"main": {"deny_all": true, "deny_none": false}}),
                vec!["deny main.deny_all (plan) deny_all"],
            ),
            (
                json!({"main": {"deny": "a.c is closed"}}),
                vec!["deny main.deny a.c a.c is closed"],
            ),
            (
                json!({"main": {"deny": {"reason": "so"}}}),
                vec!["deny main.deny (plan) so"],
            ),
            (json!({"main": {"deny": {}}}), vec![]),
            (
                json!({"terraform": {"deny": {"rds": {"warn": ["w"]}}}}),
                vec!["warn terraform.deny.rds.warn (plan) w"],
            ),
            (
                json!({"main": {"deny_a": ["x"], "deny": ["y"], "exception": [["a"]]}}),
                vec![
                    "deny main.deny (plan) y",
                    "info main.deny_a (plan) x (excepted by the policy itself)",
                ],
            ),
            (
                json!({"main": {"deny": ["y"], "exception": [[""]]}}),
                vec!["info main.deny (plan) y (excepted by the policy itself)"],
            ),
            // Data is no package, whatever its keys are.
            (json!({"settings": {"deny": ["no verdict"]}}), vec![]),
        ] {
            assert_eq!(says(main, &value).unwrap(), expected, "{value}");
        }
        for value in [
            json!({"main": {"deny": 4}}),
            json!({"main": {"deny": [4]}}),
            json!({"main": {"deny": {"text": "x"}}}),
        ] {
            assert!(says(main, &value).is_err(), "{value}");
        }
    }

    #[test]
    fn what_is_not_said_to_be_allowed_is_denied() {
        let package = &["package terraform.analysis\ndefault authz := false"][..];
        let denied = ["deny terraform.analysis.authz (plan) terraform.analysis.authz is not true"];
        for (value, expected) in [
            (json!({"terraform": {"analysis": {"authz": true}}}), &[][..]),
            (
                json!({"terraform": {"analysis": {"authz": false}}}),
                &denied[..],
            ),
            (
                json!({"terraform": {"analysis": {"authz": "yes"}}}),
                &denied,
            ),
            (json!({"terraform": {}}), &denied),
            (json!({}), &denied),
        ] {
            assert_eq!(says(package, &value).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn what_conftest_says_is_read() {
        let answer = json!([{"filename": "x", "namespace": "main",
            "failures": [{"msg": "no", "metadata": {"address": "a.c", "not_overridable": true}}],
            "warnings": [{"msg": "a.b hm", "metadata": {"query": "data.main.warn_tags"}}]}]);
        let said = conftest(&answer, &known()).unwrap();
        assert_eq!(said.verdicts[0].address.as_deref(), Some("a.c"));
        assert_eq!(said.verdicts[0].metadata["not_overridable"], "true");
        assert_eq!(said.verdicts[1].rule, "main.warn_tags");
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        let error = json!({"errors": [{"message": "rego_parse_error"}]});
        let error = opa(&error, &outline(&[]), &known()).unwrap_err();
        assert!(error.contains("rego_parse_error"));
        assert!(conftest(&json!({}), &known()).is_err());
        assert!(conftest(&json!([{"failures": [{"m": 1}]}]), &known()).is_err());
    }
}

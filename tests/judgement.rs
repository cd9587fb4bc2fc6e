//! What the rules find: every row of the catalogue, a real plan that weakens 45 types, and labelled changes.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use undersign::plan::action::Action;
use undersign::plan::effect::{Effect, Kind, Mode, More, Span};
use undersign::plan::values::Values;
use undersign::risk::catalogue::{self, Form, Operator, Row, Step};
use undersign::risk::operator::Outcome;
use undersign::risk::{Finding, Judged, Risk, assess, attributes};

/// The row and the values of one element of `resource_changes`, read as simply as can be.
fn change(element: &Json) -> (Effect, Values) {
    let text = |key: &str| element[key].as_str().unwrap_or_default().to_owned();
    let words: Vec<String> = serde_json::from_value(element["change"]["actions"].clone()).unwrap();
    let mut effect = Effect::bare(
        Kind::Change,
        text("address"),
        Action::from_words(&words),
        Span::default(),
    );
    effect.type_name = text("type").into();
    effect.name = text("name").into();
    effect.module = text("module_address").into();
    effect.mode = match &*text("mode") {
        "data" => Mode::Data,
        _ => Mode::Managed,
    };
    effect.deposed = element["deposed"].as_str().map(Into::into);
    let paths = element["change"]["replace_paths"]
        .as_array()
        .into_iter()
        .flatten();
    effect.more = Some(Box::new(More {
        previous_address: element["previous_address"].as_str().map(Into::into),
        importing: element["change"]["importing"].is_object().then_some(None),
        replace_paths: paths
            .map(|path| path[0].as_str().unwrap_or("?").into())
            .collect(),
        ..More::default()
    }));
    (effect, Values::of_item(&element.to_string()).unwrap())
}

fn update(type_name: &str, before: &Json, after: &Json) -> (Effect, Values) {
    change(&json!({
        "address": format!("{type_name}.x"), "type": type_name, "name": "x", "mode": "managed",
        "change": {"actions": ["update"], "before": before, "after": after},
    }))
}

/// A value with `leaf` at the end of `path`.
fn build(path: &[Step], leaf: &Json) -> Json {
    match path.split_first() {
        None => leaf.clone(),
        Some((Step::Member(name), rest)) => json!({ *name: build(rest, leaf) }),
        Some((Step::Each, rest)) => json!([build(rest, leaf)]),
        Some((Step::Values, rest)) => json!({ "x": build(rest, leaf) }),
    }
}

/// The value before and after the bad change; `None` for rows that are judged with new objects or documents.
fn samples(row: &Row) -> Option<(Json, Json)> {
    let named = |name: &str| row.key.map_or(json!(name), |key| json!({ key: name }));
    let (low, high) = match (row.order, row.form) {
        ([first, .., last], _) => (json!(first), json!(last)),
        (_, Form::Date) => (json!("2026-01-01T00:00:00Z"), json!("2030-01-01T00:00:00Z")),
        _ => (json!(2), json!(9)),
    };
    Some(match row.operator {
        Operator::TrueToFalse => (json!(true), json!(false)),
        Operator::FalseToTrue => (json!(false), json!(true)),
        Operator::Decrease => (high, low),
        Operator::Increase => (low, high),
        Operator::Removed => (json!("x"), Json::Null),
        Operator::Emptied => (json!([named("a")]), json!([])),
        Operator::Added => (Json::Null, json!([named("a")])),
        Operator::Changed => (json!("x"), json!("y")),
        Operator::ElementsRemoved => (json!([named("a"), named("b")]), json!([named("a")])),
        Operator::ElementsAdded => (json!([named("a")]), json!([named("a"), named("b")])),
        Operator::SetTo(words) | Operator::AddsAny(words) => (json!("other"), json!(words[0])),
        Operator::FromAny(words) => (json!(words[0]), json!("other")),
        Operator::From(from, to) => (json!(from), json!(if to == "*" { "other" } else { to })),
        Operator::FromPrefix(from, to) => (json!(format!("{from}(403)")), json!(to)),
        Operator::Matches(pattern) => {
            let known = [
                "igw-1",
                "AmazonEKSClusterAdminPolicy",
                "arn:aws:iam::aws:policy/AdministratorAccess",
            ];
            (
                json!("x"),
                json!(known.iter().find(|word| pattern.is_match(word))?),
            )
        }
        Operator::Created | Operator::PolicyWidened => return None,
    })
}

fn directional(row: &Row) -> bool {
    !matches!(
        row.operator,
        Operator::Changed | Operator::From(..) | Operator::FromPrefix(..)
    )
}

fn fires(type_name: &str, row: &Row, before: &Json, after: &Json) -> bool {
    let (effect, values) = update(type_name, &build(row.path, before), &build(row.path, after));
    attributes::hits(&effect.type_name, &values)
        .iter()
        .any(|(found, _, outcome)| {
            std::ptr::eq(*found, row) && matches!(outcome, Outcome::Fires(_))
        })
}

#[test]
fn every_row_fires_on_its_change_and_on_no_other() {
    let mut tested = 0;
    for (type_name, row) in catalogue::rows() {
        let type_name = type_name.replace('*', "anything");
        let Some((before, after)) = samples(row) else {
            continue;
        };
        let what = format!("{type_name}.{} {:?}", row.attribute, row.operator);
        assert!(fires(&type_name, row, &before, &after), "silent: {what}");
        assert!(
            !fires(&type_name, row, &before, &before),
            "fires on nothing: {what}"
        );
        assert!(
            !fires(&type_name, row, &after, &after),
            "fires on nothing: {what}"
        );
        assert!(
            !directional(row) || !fires(&type_name, row, &after, &before),
            "fires in reverse: {what}"
        );
        tested += 1;
    }
    assert_eq!(tested, 2616);
}

#[test]
fn a_real_plan_that_weakens_many_types_is_judged_row_by_row() {
    let plan: Json =
        serde_json::from_str(include_str!("../fixtures/judgement/aws-weakened.plan.json")).unwrap();
    let expected: Json = serde_json::from_str(include_str!(
        "../fixtures/judgement/aws-weakened.expected.json"
    ))
    .unwrap();
    let mut seen = 0;
    for element in plan["resource_changes"].as_array().unwrap() {
        let (effect, values) = change(element);
        let found = attributes::hits(&effect.type_name, &values);
        let attributes = |fired: bool| -> BTreeSet<String> {
            found
                .iter()
                .filter(|(_, _, outcome)| matches!(outcome, Outcome::Fires(_)) == fired)
                .map(|(row, _, _)| row.attribute.replace("[*]", ""))
                .collect()
        };
        let wanted = |key: &str| -> BTreeSet<String> {
            let ids = expected[&*effect.address][key]
                .as_array()
                .into_iter()
                .flatten();
            ids.map(|id| {
                let id = id
                    .as_str()
                    .unwrap()
                    .strip_prefix(&*effect.type_name)
                    .unwrap();
                id.strip_prefix('.')
                    .unwrap()
                    .split(':')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect()
        };
        seen += wanted("weakened").len() + wanted("unknown").len();
        assert_eq!(attributes(true), wanted("weakened"), "{}", effect.address);
        assert_eq!(attributes(false), wanted("unknown"), "{}", effect.address);
    }
    assert!(seen > 110, "{seen}");
}

fn judged(element: &Json) -> Judged {
    let (effect, values) = change(element);
    let findings = assess(&effect, Some(&values));
    Judged::new(effect, findings)
}

/// Prints how many changes of the plans in a folder ask for an acknowledgement, and why. Set `UNDERSIGN_PLANS` to run it.
#[test]
fn the_share_of_changes_that_ask_can_be_measured() {
    let Some(folder) = std::env::var_os("UNDERSIGN_PLANS") else {
        return;
    };
    let (mut plans, mut changes, mut asking, mut creates, mut asking_creates) = (0, 0, 0, 0, 0);
    let mut rules: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let Ok(plan) = serde_json::from_str::<Json>(&text) else {
            continue;
        };
        let Some(elements) = plan["resource_changes"].as_array() else {
            continue;
        };
        plans += 1;
        for element in elements {
            if !element["change"]["actions"].is_array()
                || Values::of_item(&element.to_string()).is_err()
            {
                println!("cannot be read: {} {}", path.display(), element["address"]);
                continue;
            }
            let judged = judged(element);
            if judged.effect.is_nothing() && judged.findings.is_empty() {
                continue;
            }
            changes += 1;
            creates += usize::from(judged.effect.action == Action::Create);
            if judged.needs_ack() {
                asking += 1;
                asking_creates += usize::from(judged.effect.action == Action::Create);
                for finding in judged
                    .findings
                    .iter()
                    .filter(|finding| finding.risk >= Risk::High)
                {
                    *rules.entry(finding.rule.to_string()).or_default() += 1;
                    println!(
                        "{} {} {:?} {} {:?} {:?} -> {:?} {}",
                        finding.risk,
                        finding.rule,
                        judged.effect.action,
                        judged.effect.address,
                        finding.path,
                        finding.old,
                        finding.new,
                        finding.message
                    );
                }
            }
        }
    }
    println!(
        "{plans} plans, {changes} changes, {asking} ask; {creates} creates, {asking_creates} of them ask"
    );
    println!("{rules:#?}");
}

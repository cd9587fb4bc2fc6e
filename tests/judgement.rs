//! What the rules find: every row of the catalogue, a real plan that weakens 45 types, and labelled changes.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use undersign::diff::Secrets;
use undersign::plan::action::Action;
use undersign::plan::effect::{Effect, Kind, Span};
use undersign::plan::index::{self, Header, Progress, Sink};
use undersign::plan::scan::Item;
use undersign::plan::value::Value;
use undersign::plan::values::Values;
use undersign::risk::catalogue::{self, Form, Leads, Operator, Row, Step};
use undersign::risk::documents::Documents;
use undersign::risk::operator::Outcome;
use undersign::risk::{
    Finding, Interests, Judged, Risk, Tally, assess, attributes, redirect, rule, summary,
};

/// Judges the rows of a plan as they come.
#[derive(Default)]
struct Judge {
    rows: Vec<(Judged, Option<Values>)>,
    tally: Tally,
    interests: Interests,
}

impl Sink for Judge {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        let values = Values::of_item(item).ok();
        let findings = assess(&effect, values.as_ref());
        if values.is_some() && matches!(effect.kind, Kind::Change | Kind::Drift) {
            same_with_less(&mut self.interests, &effect, item, &findings);
        }
        let judged = Judged::new(effect, findings);
        self.tally.add(&judged);
        self.rows.push((judged, values));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// What the rules find, and what is secret, must be the same without the values that the rules do not look at.
fn same_with_less(interests: &mut Interests, effect: &Effect, item: &Item<'_>, all: &[Finding]) {
    let less = interests.values(effect, item).unwrap();
    assert_eq!(
        assess(effect, Some(&less)),
        all,
        "{effect:?}\n{}",
        item.text
    );
    let secrets = |values: &Values| {
        let mut secrets = Secrets::default();
        secrets.collect(values);
        secrets
    };
    let all = Values::of_item(item).unwrap();
    assert!(secrets(&less) == secrets(&all), "{}", item.text);
}

fn read(plan: &[u8]) -> Option<(Header, Judge)> {
    let mut judge = Judge::default();
    let header = index::read(&mut &*plan, None, &mut judge).ok()?;
    Some((header, judge))
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

fn json_of(path: &str) -> Json {
    serde_json::from_str(&std::fs::read_to_string(fixture(path)).unwrap()).unwrap()
}

/// A plan with one change, read.
fn one(element: &Json) -> (Judged, Option<Values>) {
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}}, "resource_changes": [element]});
    let (_, judge) = read(plan.to_string().as_bytes()).unwrap_or_else(|| panic!("{plan}"));
    judge.rows.into_iter().next().unwrap()
}

fn values(before: &Json, after: &Json) -> Values {
    Values::of_item(&json!({"change": {"before": before, "after": after}}).to_string()).unwrap()
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
                "arn:aws:iam::123456789012:policy/own",
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
    let side = |leaf: &Json| {
        let mut object = build(row.path, leaf);
        // What the row asks for besides.
        if let Some((attribute, word)) = row.only.first() {
            object[*attribute] = json!(word);
        }
        object
    };
    let values = values(&side(before), &side(after));
    attributes::hits(type_name, &values, &Documents::default())
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
    assert_eq!(tested, 3136);
}

#[test]
fn every_redirect_fires_on_another_place_and_on_no_other_change() {
    let mut tested = 0;
    for (type_name, row) in catalogue::all_redirects() {
        let in_json =
            row.attribute == "container_definitions" || row.attribute.ends_with("_properties");
        let place = |host: &str, version: &str| match row.leads {
            Leads::Image if in_json => json!(format!(
                r#"[{{"name":"a","image":"{host}/app:{version}"}}]"#
            )),
            Leads::Settings if in_json => json!(format!(
                r#"[{{"name":"a","environment":[{{"name":"API","value":"https://{host}/x"}},{{"name":"V","value":"{version}"}}]}}]"#
            )),
            Leads::Image => json!(format!("{host}/app:{version}")),
            Leads::Settings => {
                json!([{"name": "API", "value": format!("https://{host}/x")}, {"name": "V", "value": version}])
            }
            Leads::Name | Leads::Source | Leads::Sink => json!(host),
        };
        let found = |old: &Json, new: &Json| -> Vec<String> {
            let values = values(&build(row.path, old), &build(row.path, new));
            let findings = redirect::judge(type_name, &values, &Documents::default());
            findings
                .into_iter()
                .map(|finding| finding.message.to_string())
                .collect()
        };
        let what = format!("{type_name}.{}", row.attribute);
        let (here, there) = (place("a.example.com", "1"), place("b.example.net", "1"));
        assert_eq!(found(&here, &there), [row.message], "{what}");
        assert_eq!(found(&there, &here), [row.message], "{what}");
        assert!(found(&here, &here).is_empty(), "{what}");
        assert!(found(&Json::Null, &here).is_empty(), "{what}");
        assert!(
            found(&here, &place("a.example.com", "2")).is_empty(),
            "{what}"
        );
        tested += 1;
    }
    assert_eq!(tested, 191);
}

#[test]
fn a_real_plan_that_weakens_many_types_is_judged_row_by_row() {
    let plan = std::fs::read(fixture("judgement/weakened/plan.json")).unwrap();
    let expected = json_of("judgement/weakened/expected.json");
    let mut seen = 0;
    let (_, judge) = read(&plan).unwrap();
    for (judged, values) in judge
        .rows
        .iter()
        .filter(|(judged, _)| judged.effect.kind == Kind::Change)
    {
        let effect = &judged.effect;
        let found = attributes::hits(
            &effect.type_name,
            values.as_ref().unwrap(),
            &Documents::default(),
        );
        let attributes = |fired: bool| -> BTreeSet<String> {
            found
                .iter()
                .filter(|(_, _, outcome)| matches!(outcome, Outcome::Fires(_)) == fired)
                .map(|(row, _, _)| row.attribute.replace("[*]", ""))
                .collect()
        };
        let wanted = |key: &str| -> BTreeSet<String> {
            let ids = expected[&*effect.address()][key]
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
        assert_eq!(attributes(true), wanted("weakened"), "{}", effect.address());
        assert_eq!(attributes(false), wanted("unknown"), "{}", effect.address());
    }
    assert!(seen > 110, "{seen}");
}

/// The element of `resource_changes` that a labelled case stands for.
fn element(case: &Json) -> Json {
    let type_name = case["type"].as_str().unwrap();
    let data = case["mode"] == "data";
    let mut address = format!("{}{type_name}.x", if data { "data." } else { "" });
    let mut element = json!({
        "mode": if data { "data" } else { "managed" }, "type": type_name, "name": "x",
        "provider_name": "registry.terraform.io/example/example",
        "change": {
            "actions": case["actions"], "before": case["before"], "after": case["after"],
            "after_unknown": case.get("unknown").cloned().unwrap_or_else(|| json!({})),
            "before_sensitive": false, "after_sensitive": {},
        },
    });
    if let Some(key) = case["key"].as_str() {
        address = format!("{address}[{key:?}]");
        element["index"] = key.into();
    }
    element["address"] = address.into();
    for name in ["deposed", "previous_address"] {
        if let Some(value) = case.get(name) {
            element[name] = value.clone();
        }
    }
    for name in ["replace_paths", "importing"] {
        if let Some(value) = case.get(name) {
            element["change"][name] = value.clone();
        }
    }
    element
}

#[test]
fn labelled_changes_ask_where_they_must_and_only_there() {
    let (mut dangerous, mut routine, mut missed, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for file in ["aws", "azure", "google", "others"] {
        for case in json_of(&format!("judgement/{file}.json"))
            .as_array()
            .unwrap()
        {
            let (judged, _) = one(&element(case));
            let expected: Vec<String> = serde_json::from_value(case["asks"].clone()).unwrap();
            let found = judged.asking_rules();
            let line = format!(
                "{file}: {}: wanted {expected:?}, got {found:?}",
                case["case"]
            );
            if expected.is_empty() {
                routine += 1;
            } else {
                dangerous += 1;
            }
            if expected.iter().any(|rule| !found.contains(rule)) {
                missed.push(line);
            } else if found.iter().any(|rule| !expected.contains(rule)) {
                wrong.push(line);
            }
            for finding in &judged.findings {
                assert!(
                    rule(&finding.rule).is_some(),
                    "{} is not explained",
                    finding.rule
                );
            }
        }
    }
    println!(
        "MEASURED {dangerous} dangerous changes, {} missed; {routine} routine changes, {} asked wrongly",
        missed.len(),
        wrong.len()
    );
    assert!(
        missed.is_empty() && wrong.is_empty(),
        "missed:\n{}\nwrong:\n{}",
        missed.join("\n"),
        wrong.join("\n")
    );
    assert!(dangerous >= 80 && routine >= 40, "{dangerous} {routine}");
}

fn rig(name: &str) -> (Vec<Judged>, Judge) {
    let plan = std::fs::read(fixture(&format!("plans/rig/{name}.json"))).unwrap();
    let (header, judge) = read(&plan).unwrap();
    (summary(&header, None, &judge.tally), judge)
}

fn signals(name: &str) -> Vec<String> {
    let mut ids: Vec<String> = rig(name)
        .0
        .iter()
        .map(|signal| signal.effect.address().into_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn every_protection_that_the_platform_lost_is_found_by_path() {
    let (_, judge) = rig("weaken");
    let found: BTreeSet<(String, String)> = judge
        .rows
        .iter()
        .filter(|(judged, _)| judged.effect.kind == Kind::Change)
        .flat_map(|(judged, _)| {
            let findings = judged
                .findings
                .iter()
                .filter(|finding| finding.risk >= Risk::High);
            findings.map(|finding| {
                (
                    judged.effect.type_name.to_string(),
                    finding.path.as_deref().unwrap_or(&finding.rule).to_owned(),
                )
            })
        })
        .collect();
    for (type_name, path) in [
        ("aws_db_instance", "deletion_protection"),
        ("aws_db_instance", "backup_retention_period"),
        ("aws_db_instance", "skip_final_snapshot"),
        ("aws_dynamodb_table", "deletion_protection_enabled"),
        ("aws_dynamodb_table", "point_in_time_recovery[0].enabled"),
        ("aws_kms_key", "deletion_window_in_days"),
        ("aws_kms_key", "enable_key_rotation"),
        ("aws_security_group", "ingress"),
        ("aws_iam_policy", "policy"),
    ] {
        assert!(
            found.contains(&(type_name.into(), path.into())),
            "{type_name} {path} in {found:#?}"
        );
    }
}

#[test]
fn whole_plans_say_what_they_are() {
    let (destroy, _) = rig("destroy");
    let all = destroy
        .iter()
        .find(|signal| signal.effect.address() == "destroys-everything")
        .unwrap();
    assert!(
        all.findings[0].message.contains("12 of 12"),
        "{:?}",
        all.findings
    );
    assert_eq!(all.risk(), Risk::Critical);
    assert_eq!(signals("missing-state"), ["no-prior-state"]);
    assert_eq!(signals("create"), ["no-prior-state"]);
    assert_eq!(signals("no-op"), Vec::<String>::new());
    assert_eq!(signals("refresh-only"), ["refresh-only"]);
    assert_eq!(signals("replace"), ["depended-on"]);
    let (_, refresh) = rig("refresh-only");
    assert!(
        refresh.rows.iter().all(|(judged, _)| !judged.needs_ack()),
        "a refresh destroys nothing"
    );
    let asked = std::fs::read(fixture("plans/18-replace-flag-and-tainted/plan.json")).unwrap();
    let (header, judge) = read(&asked).unwrap();
    let told = summary(&header, None, &judge.tally);
    assert_eq!(told[0].effect.address(), "forced-replacement");
    assert!(
        told[0].findings[0]
            .message
            .contains("-replace: terraform_data.asked would")
    );
    let plain = std::fs::read(fixture("plans/01-create-only/plan.json")).unwrap();
    let (header, judge) = read(&plain).unwrap();
    assert_eq!(
        summary(&header, None, &judge.tally),
        [],
        "a small beginning is not asked about"
    );
}

/// Plans of other people: those that `UNDERSIGN_PLANS` names, or those that lie beside the repository.
fn plans_of_others() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("UNDERSIGN_PLANS").map(PathBuf::from);
    // A second working tree of the repository stands one folder deeper.
    let beside = ["../shared/corpus", "../../shared/corpus"].map(|folder| root.join(folder));
    named.or_else(|| beside.into_iter().find(|folder| folder.is_dir()))
}

/// Prints how many changes of other people's plans ask for an acknowledgement, and why each does.
#[test]
fn the_share_of_changes_that_ask_can_be_measured() {
    let Some(folder) = plans_of_others() else {
        println!("SKIPPED tests/judgement.rs: there is no folder ../shared/corpus to measure on");
        return;
    };
    let (mut plans, mut changes, mut asking, mut creates, mut asking_creates) =
        (0, 0_u32, 0_u32, 0, 0);
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    let mut signalled: BTreeMap<String, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else {
            continue;
        };
        let Some((header, judge)) = read(&bytes) else {
            continue;
        };
        plans += 1;
        for signal in summary(&header, None, &judge.tally)
            .iter()
            .filter(|s| s.needs_ack())
        {
            *signalled
                .entry(signal.effect.address().into_owned())
                .or_default() += 1;
        }
        for (judged, _) in judge.rows {
            if judged.effect.kind != Kind::Change
                || judged.effect.is_nothing() && judged.findings.is_empty()
            {
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
                        judged.effect.address(),
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
        "MEASURED {plans} plans, {changes} changes, {asking} ask ({:.1} %); {creates} creates, {asking_creates} of them ask",
        100.0 * f64::from(asking) / f64::from(changes)
    );
    for (what, counts) in [("findings", rules), ("plans", signalled)] {
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), rule.clone()));
        for (rule, count) in counts {
            println!("MEASURED {count:>5} {what} {rule}");
        }
    }
}

const SECRET: &str = "hunter2-canary-do-not-print";

const CONTAINERS: &str = r#"[{"name":"a","image":"x/a","privileged":true,"user":"root"}]"#;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        prop::sample::select(vec![
            "",
            "0.0.0.0/0",
            "*",
            "P7D",
            "30d",
            "Enabled",
            "{\"Statement\":[{\"Effect\":\"Deny\"}]}",
            " {\"Statement\":[{\"Effect\":\"Deny\"}]}",
            "{\"logRetentionDays\":3,\"publicAccess\":\"Enabled\"}",
            "{\"logRetentionDays\":30,\"publicAccess\":\"Disabled\"}",
            "{",
            "2026-01-01T00:00:00Z",
            CONTAINERS,
            "[{\"name\":\"a\",\"image\":\"x/a\",\"Privileged\":false,\"user\":\"app\"}]",
            "kind: Pod\nspec: {hostPID: true}\n",
            "agent: {privileged: true, image: x/a}\n",
        ])
        .prop_map(Into::into),
        ".{0,6}".prop_map(Into::into),
        prop::sample::select(vec![
            json!({"kind": "ClusterRoleBinding", "roleRef": {"name": "cluster-admin"}, "subjects": [{"name": "a"}]}),
            json!({"kind": "Pod", "spec": {"hostPID": true, "serviceAccountName": "a"}}),
            json!({"kind": "Pod", "spec": {"hostPID": false, "serviceAccountName": "b"}}),
            json!({"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "a"}, "spec": {"hostPID": true}}, {"kind": "Secret", "metadata": {"name": "b"}}]}),
        ]),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(
                catalogue::rows()
                    .filter_map(|(_, row)| match row.path[0] {
                        Step::Member(name) => Some(name.to_owned()),
                        Step::Each | Step::Values => None,
                    })
                    .collect::<Vec<_>>()
            ),
            prop::sample::select(vec![
                "ingress",
                "cidr_blocks",
                "policy",
                "from_port",
                "to_port",
                "protocol",
                "enabled",
                "container_definitions",
                "manifest",
                "values",
                "yaml_body"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn any_values() -> impl Strategy<Value = Values> {
    prop::array::uniform5(prop::option::of(any_json())).prop_map(|sides| {
        let [
            before,
            after,
            after_unknown,
            before_sensitive,
            after_sensitive,
        ] = sides.map(|side| side.map(|json| Value::parse(&json.to_string()).unwrap()));
        Values {
            before,
            after,
            after_unknown,
            before_sensitive,
            after_sensitive,
            generated_config: None,
        }
    })
}

/// Every text of the object becomes the secret; numbers and switches keep their places.
fn all_secret(json: &Json) -> Json {
    match json {
        Json::String(text) if text.trim_start().starts_with("{\"Statement") => {
            json!(text.replace("\"Deny\"", &format!("\"Deny\",\"Action\":\"{SECRET}\"")))
        }
        Json::String(text) if text == CONTAINERS => {
            json!(
                text.replace("\"a\"", &format!("\"{SECRET}\""))
                    .replace("x/a", SECRET)
            )
        }
        Json::String(text) if text.contains("privileged: true") => {
            json!(text.replace("agent", SECRET).replace("x/a", SECRET))
        }
        Json::String(_) => json!(SECRET),
        Json::Array(items) => items.iter().map(all_secret).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), all_secret(value)))
            .collect(),
        other => other.clone(),
    }
}

fn any_type() -> impl Strategy<Value = &'static str> {
    let mut types: Vec<&str> = catalogue::rows().map(|(name, _)| name).collect();
    types.extend([
        "acme_thing",
        "google_compute_firewall",
        "azurerm_network_security_group",
        "aws_security_group",
        "aws_iam_policy",
        "aws_iam_role",
        "",
    ]);
    let of_any_shape = vec![
        "kubernetes_manifest",
        "azapi_resource",
        "acme_thing",
        "aws_ecs_task_definition",
        "helm_release",
        "kubectl_manifest",
        "azurerm_mssql_firewall_rule",
        "oci_core_security_list",
        "aws_security_group",
    ];
    prop_oneof![
        3 => prop::sample::select(types),
        1 => prop::sample::select(of_any_shape),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    prop::sample::select(vec![
        Action::NoOp,
        Action::Create,
        Action::Read,
        Action::Update,
        Action::Delete,
        Action::DeleteCreate,
        Action::CreateDelete,
        Action::Forget,
        Action::CreateForget,
        Action::ForgetCreate,
        Action::Open,
        Action::Unknown,
    ])
}

fn row_of(kind: Kind, type_name: &str, action: Action) -> Effect {
    let mut effect = Effect::bare(kind, format!("{type_name}.x"), action, Span::default());
    effect.type_name = type_name.into();
    effect
}

/// The element of a change in which most attributes stay as they are, with marks; some without an old or a new side.
fn any_element() -> impl Strategy<Value = Json> {
    let mark = || prop::sample::select(vec![json!(false), json!({}), json!(true), json!([true])]);
    let attribute = (
        any_json(),
        prop::option::of(any_json()),
        mark(),
        mark(),
        0..9_u8,
    );
    let name = prop::sample::select(
        catalogue::rows()
            .filter_map(|(_, row)| match row.path[0] {
                Step::Member(name) => Some(name),
                Step::Each | Step::Values => None,
            })
            .chain([
                "policy",
                "ingress",
                "skip_final_snapshot",
                "type",
                "records",
                "manifest",
                "container_definitions",
                "values",
                "set",
                "yaml_body",
                "body",
                "a\"b",
            ])
            .collect::<Vec<_>>(),
    );
    let attributes = prop::collection::btree_map(name, attribute, 0..12);
    (attributes, any_type(), any_action(), 0..6_u8).prop_map(
        |(attributes, type_name, action, sides)| {
            let mut change = json!({"actions": action.words().unwrap_or(&["x"]), "before": {}, "after": {}, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}});
            for (name, (old, new, unknown, secret, where_to)) in attributes {
                if where_to != 0 {
                    change["before"][name] = old.clone();
                }
                if where_to != 1 {
                    change["after"][name] = new.unwrap_or(old);
                }
                change["after_unknown"][name] = unknown;
                change[if where_to < 5 { "before_sensitive" } else { "after_sensitive" }][name] = secret;
            }
            match sides {
                0 => change["before"] = Json::Null,
                1 => change["after"] = Json::Null,
                2 => change["after_sensitive"] = json!(true),
                _ => {}
            }
            json!({"address": format!("{type_name}.x"), "type": type_name, "name": "x", "mode": "managed", "change": change})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_the_rules_do_not_look_at_changes_no_finding(element in any_element()) {
        // Reading it compares both.
        one(&element);
    }
}

proptest! {
    #[test]
    fn no_values_make_it_panic(values in any_values(), type_name in any_type(), action in any_action(), kind in prop::sample::select(vec![Kind::Change, Kind::Drift, Kind::Deferred, Kind::Output, Kind::Provisioner])) {
        let effect = row_of(kind, type_name, action);
        for finding in assess(&effect, Some(&values)).iter().chain(&assess(&effect, None)) {
            prop_assert!(rule(&finding.rule).is_some(), "{}", finding.rule);
            prop_assert!(!finding.message.is_empty());
        }
    }

    #[test]
    fn a_secret_never_stands_in_a_finding(before in any_json(), after in any_json(), type_name in any_type(), action in any_action(), which: bool) {
        let parse = |json: &Json| Some(Value::parse(&all_secret(json).to_string()).unwrap());
        let mark = |on: bool| Some(Value::Bool(on));
        // One side's mark is enough: the other may have been lost on the way.
        let values = Values {
            before: parse(&before), after: parse(&after), after_unknown: None,
            before_sensitive: mark(which), after_sensitive: mark(!which),
            generated_config: None,
        };
        let text = format!("{:?}", assess(&row_of(Kind::Change, type_name, action), Some(&values)));
        prop_assert!(!text.contains(SECRET), "{}", text);
    }
}

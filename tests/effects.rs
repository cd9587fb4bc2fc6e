//! The rows of every plan add up to what its JSON holds, however the bytes come in.

#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value as Json;
use undersign::failure::Failure;
use undersign::plan::effect::Effect;
use undersign::plan::index::{self, Header, Progress, Sink};
use undersign::plan::scan::Item;
use undersign::plan::source::{self, Source};
use undersign::plan::value::Value;

/// Keeps every row and its text.
#[derive(Default)]
struct Rows(Vec<(Effect, String)>);

impl Sink for Rows {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        self.0.push((effect, item.text.to_owned()));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Gives at most so many bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = self.1.min(into.len());
        self.0.read(&mut into[..most])
    }
}

fn read(json: &[u8], step: usize) -> Result<(Header, Vec<(Effect, String)>), Failure> {
    let mut rows = Rows::default();
    let header = index::read(&mut Drip(json, step), Some(json.len() as u64), &mut rows)?;
    Ok((header, rows.0))
}

/// Every plan JSON of the fixtures.
fn plans() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "tf" {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 40, "the fixtures are missing");
    found.sort();
    found
}

/// What identifies a row, in words.
type Identity = (&'static str, String, Option<String>, Vec<String>);

fn identities(rows: &[(Effect, String)]) -> Vec<Identity> {
    let mut found: Vec<Identity> = rows
        .iter()
        .map(|(effect, _)| {
            (
                effect.kind.word(),
                effect.address().into_owned(),
                effect.deposed().map(str::to_owned),
                effect.action_words(),
            )
        })
        .collect();
    found.sort();
    found
}

const KNOWN: &[&str] = &[
    "format_version",
    "terraform_version",
    "variables",
    "planned_values",
    "resource_drift",
    "resource_changes",
    "deferred_changes",
    "deferred_action_invocations",
    "output_changes",
    "action_invocations",
    "prior_state",
    "configuration",
    "relevant_attributes",
    "condition_results",
    "proposed_unknown",
    "checks",
    "timestamp",
    "applyable",
    "complete",
    "errored",
];

fn list<'a>(plan: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    plan[key].as_array().into_iter().flatten()
}

fn words(change: &Json) -> Vec<String> {
    list(change, "actions")
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

fn of_change(kind: &'static str, element: &Json) -> Identity {
    let text = |key: &str| element[key].as_str().map(str::to_owned);
    (
        kind,
        text("address").unwrap(),
        text("deposed"),
        words(&element["change"]),
    )
}

/// The same rows, found in another way: from the whole document in memory.
fn recount(plan: &Json) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut bare = |kind, address: &str, words: &[&str]| {
        found.push((
            kind,
            address.to_owned(),
            None,
            words.iter().map(|word| (*word).to_owned()).collect(),
        ));
    };
    for check in list(plan, "checks").filter(|check| check["status"] != "pass") {
        bare(
            "check",
            check["address"]["to_display"].as_str().unwrap(),
            &["no-op"],
        );
    }
    for key in plan.as_object().unwrap().keys() {
        if !KNOWN.contains(&key.as_str()) {
            bare("unknown-key", key, &[]);
        }
    }
    for invocation in list(plan, "action_invocations") {
        bare(
            "invocation",
            invocation["address"].as_str().unwrap(),
            &["no-op"],
        );
    }
    for deferred in list(plan, "deferred_action_invocations") {
        let invocation = &deferred["action_invocation"];
        bare(
            "invocation",
            invocation["address"].as_str().unwrap(),
            &["no-op"],
        );
    }
    let mut modules = vec![(String::new(), &plan["configuration"]["root_module"])];
    while let Some((path, module)) = modules.pop() {
        for resource in list(module, "resources") {
            for provisioner in list(resource, "provisioners") {
                let (address, kind) = (
                    resource["address"].as_str().unwrap(),
                    provisioner["type"].as_str().unwrap(),
                );
                bare(
                    "provisioner",
                    &format!("{path}{address}.{kind}"),
                    &["no-op"],
                );
            }
        }
        for (name, call) in module["module_calls"].as_object().into_iter().flatten() {
            modules.push((format!("{path}module.{name}."), &call["module"]));
        }
    }
    found.extend(list(plan, "resource_changes").map(|element| of_change("change", element)));
    found.extend(list(plan, "resource_drift").map(|element| of_change("drift", element)));
    found.extend(
        list(plan, "deferred_changes")
            .map(|element| of_change("deferred", &element["resource_change"])),
    );
    for (name, change) in plan["output_changes"].as_object().into_iter().flatten() {
        found.push(("output", name.clone(), None, words(change)));
    }
    found.sort();
    found
}

/// A document in memory. Some plans are deeper, or have longer numbers, than `serde_json` takes.
fn in_memory(json: &str) -> Json {
    serde_json::from_str(json).unwrap_or_else(|_| convert(&Value::parse(json).unwrap()))
}

fn convert(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(text) | Value::Text(text) => Json::String(text.to_string()),
        Value::List(items) => items.iter().map(convert).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.to_string(), convert(value)))
            .collect(),
    }
}

#[test]
fn the_rows_of_every_plan_are_what_its_json_holds() {
    for path in plans() {
        let json = std::fs::read_to_string(&path).unwrap();
        let expected = recount(&in_memory(&json));
        for step in [1, 7, 4096, usize::MAX] {
            let (header, rows) =
                read(json.as_bytes(), step).unwrap_or_else(|failure| panic!("{path:?}: {failure}"));
            assert_eq!(identities(&rows), expected, "{path:?} in steps of {step}");
            assert_eq!(header.rows, rows.len() as u64);
            assert_eq!(header.bytes, json.len() as u64);
        }
    }
}

#[test]
fn a_plan_that_was_printed_anew_has_the_same_rows() {
    for path in plans() {
        let json = std::fs::read_to_string(&path).unwrap();
        let Ok(plan) = serde_json::from_str::<Json>(&json) else {
            continue;
        };
        let pretty = serde_json::to_string_pretty(&plan).unwrap();
        for step in [7, usize::MAX] {
            let (header, rows) = read(pretty.as_bytes(), step).unwrap();
            assert_eq!(identities(&rows), recount(&plan), "{path:?}");
            let (original, _) = read(json.as_bytes(), usize::MAX).unwrap();
            let same = Header {
                sha256: original.sha256,
                bytes: original.bytes,
                ..header
            };
            assert_eq!(same, original, "{path:?}");
        }
    }
}

#[test]
fn every_row_can_be_opened_again_from_a_file_and_from_a_pipe() {
    for path in plans() {
        let json = std::fs::read(&path).unwrap();
        let file = Source::file(std::fs::File::open(&path).unwrap());
        let (spool, pipe) = source::spool().unwrap();
        let mut tee = spool.tee(Drip(&json, 4096));
        let mut rows = Rows::default();
        index::read(&mut tee, None, &mut rows).unwrap();
        for (effect, text) in &rows.0 {
            assert_eq!(&file.item(effect).unwrap(), text);
            assert_eq!(&pipe.item(effect).unwrap(), text);
        }
    }
}

#[test]
fn a_file_that_changes_under_the_review_is_noticed() {
    let json = std::fs::read(plans().remove(0)).unwrap();
    let (_, rows) = read(&json, usize::MAX).unwrap();
    let (effect, _) = &rows[0];
    let mut changed = json.clone();
    let middle = usize::try_from(effect.span.start + u64::from(effect.span.len / 2)).unwrap();
    changed[middle] ^= 1;
    let cut = &json[..middle];
    for bytes in [&changed[..], cut] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        std::fs::write(&path, bytes).unwrap();
        let source = Source::file(std::fs::File::open(&path).unwrap());
        assert_eq!(source.item(effect).unwrap_err().reason, "plan-changed");
    }
}

#[test]
fn a_sink_that_breaks_stops_the_pass() {
    struct Enough;
    impl Sink for Enough {
        fn row(&mut self, _: Effect, _: &Item<'_>) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
        fn progress(&mut self, _: Progress) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }
    let json = std::fs::read(plans().remove(0)).unwrap();
    let failure = index::read(&mut &json[..], None, &mut Enough).unwrap_err();
    assert_eq!(failure.reason, "stopped");
}

/// A real plan with one byte changed, a piece taken out, or its end cut off.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let plans: Vec<Vec<u8>> = plans()
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .filter(|json| json.len() < 20_000)
        .collect();
    let places = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    (prop::sample::select(plans), places, any::<u8>(), 0..4u8).prop_map(
        |(mut json, (one, two), byte, how)| {
            let (one, two) = (one.index(json.len()), two.index(json.len()));
            match how {
                0 => json[one] = byte,
                1 => json.truncate(one),
                2 => json.insert(one, byte),
                _ => drop(json.drain(one.min(two)..(one.min(two) + 3).min(one.max(two)))),
            }
            json
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_plan_is_read_alike_in_any_step_and_what_serde_json_refuses_is_refused(json in damaged(), step in 1..50usize) {
        let whole = read(&json, usize::MAX);
        if serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_err() {
            prop_assert!(whole.is_err());
        }
        // Lines and bytes included.
        prop_assert_eq!(whole, read(&json, step));
    }
}

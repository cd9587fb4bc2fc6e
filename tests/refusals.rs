//! Every input of `fixtures/refusals` is refused as its table says.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use undersign::failure::Failure;
use undersign::plan::effect::Effect;
use undersign::plan::index::{self, Progress, Sink};
use undersign::plan::input::{self, Format};
use undersign::plan::scan::Item;

/// One row of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    exit: u8,
    reason: String,
    /// Must stand in the sentence.
    says: String,
    /// Must stand in a hint.
    hint: String,
}

/// Looks at nothing.
struct Blind;

impl Sink for Blind {
    fn row(&mut self, _: Effect, _: &Item<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/refusals")
}

fn table() -> BTreeMap<String, Refusal> {
    toml::from_str(&std::fs::read_to_string(folder().join("table.toml")).unwrap()).unwrap()
}

/// What the library says of the bytes, as the program asks it: the head first, then the whole.
fn refusal(bytes: &[u8]) -> Option<Failure> {
    match input::sniff(&bytes[..bytes.len().min(input::HEAD)]) {
        Ok(Format::Json | Format::PlanFile) => {
            let mut reader = bytes;
            index::read(&mut reader, Some(bytes.len() as u64), &mut Blind).err()
        }
        Err(failure) => Some(failure),
    }
}

#[test]
fn every_input_is_refused_as_the_table_says() {
    let mut wrong = Vec::new();
    for (file, row) in table() {
        let bytes = std::fs::read(folder().join(&file)).unwrap();
        let Some(failure) = refusal(&bytes) else {
            wrong.push(format!("{file}: was not refused"));
            continue;
        };
        let fits = failure.exit.code() == row.exit
            && failure.reason == row.reason
            && failure.error.contains(&row.says)
            && failure.hints.iter().any(|hint| hint.contains(&row.hint));
        if !fits {
            wrong.push(format!("{file}: {failure:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_refusal_says_where_and_what_to_do() {
    for file in table().keys() {
        let failure = refusal(&std::fs::read(folder().join(file)).unwrap()).unwrap();
        assert!(
            failure.error.contains("byte"),
            "{file} says no place: {failure}"
        );
        assert!(
            !failure.hints.is_empty(),
            "{file} says no way out: {failure}"
        );
    }
}

#[test]
fn every_file_of_the_folder_is_in_the_table() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "table.toml" && name != "README.md")
        .collect();
    files.sort();
    assert_eq!(files, table().into_keys().collect::<Vec<_>>());
}

#[test]
fn a_plan_file_is_not_read_as_json() {
    let zip = folder().join("../plans/01-create-only/plan.tfplan");
    assert_eq!(
        refusal(&std::fs::read(zip).unwrap()).unwrap().reason,
        "plan-file"
    );
}

//! Plans that other people made open, or are refused with a reason.
//!
//! They are not part of this repository: where the folder is absent the test says so and is done.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use undersign::plan::effect::Effect;
use undersign::plan::index::{self, Progress, Sink};
use undersign::plan::scan::Item;

/// Decodes the values of every row and counts what cannot be decoded.
#[derive(Default)]
struct Looks {
    undecodable: u64,
}

impl Sink for Looks {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        let of_an_object = !effect.type_name.is_empty() && effect.kind.word() != "provisioner";
        if of_an_object && undersign::plan::values::Values::of_item(item).is_err() {
            self.undecodable += 1;
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_plan_of_other_people_opens_or_is_refused_with_a_reason() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    // A second working tree of the repository stands one folder deeper.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Some(folder) = [beside, deeper].into_iter().find(|folder| folder.is_dir()) else {
        println!("skipped: there is no folder ../shared/corpus");
        return;
    };
    let mut opened = 0;
    let mut silent = Vec::new();
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let mut sink = Looks::default();
        let mut file = std::fs::File::open(&path).unwrap();
        match index::read(&mut file, None, &mut sink) {
            Ok(header) => {
                opened += 1;
                println!("{name}\topened\t{} rows", header.rows);
                if sink.undecodable > 0 {
                    silent.push(format!(
                        "{name}: {} rows cannot be decoded",
                        sink.undecodable
                    ));
                }
            }
            Err(failure) => {
                println!("{name}\trefused\t{}: {failure}", failure.reason);
                if failure.hints.is_empty() {
                    silent.push(format!("{name}: {failure}"));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    assert!(opened > 0, "not one plan opened");
}

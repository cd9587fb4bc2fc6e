//! What the build says about rows that it cannot understand.

#![allow(clippy::unwrap_used)]

use std::fs;

#[allow(dead_code)] // Its `main` is run by cargo.
#[path = "../src/risk/catalogue/build.rs"]
mod build;

fn built(row: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("rows.txt"),
        format!("# a comment\n\n{row}\n"),
    )
    .unwrap();
    build::generate(folder.path())
}

#[test]
fn a_row_that_is_wrong_is_named_by_file_and_line() {
    for (row, error) in [
        (
            "gurad | a_b | high | lock | delete | x | y",
            "the kind \"gurad\" is not known",
        ),
        (
            "stateful | a b | high | database | rows",
            "\"a b\" is not the name of a type",
        ),
        (
            "stateful | a_b | terrible | database | rows",
            "\"terrible\" is no risk",
        ),
        (
            "stateful | a_b | high | database",
            "the column \"what is lost\" is missing",
        ),
        (
            "stateful | a_b | high | database | rows | more",
            "\"more\" is one column too many",
        ),
        (
            "protection | a_b | c | decreases | high | backup | x",
            "the operator \"decreases\" is not known",
        ),
        (
            "protection | a_b | c..d | decrease | high | backup | x",
            "\"c..d\" is not a path",
        ),
        (
            "protection | a_b | c | decrease | high | backup | x | treshold=7",
            "the option \"treshold=7\" is not known",
        ),
        (
            "protection | a_b | c | decrease | high | backup | x | threshold=many",
            "\"many\" is no number",
        ),
        (
            "protection | a_b | c | from:x | high | backup | x",
            "\"from:x\" needs `:to:`",
        ),
        (
            "guard | a_b | high | lock | destroy | x | y",
            "\"destroy\" is no event",
        ),
    ] {
        let found = built(row).unwrap_err();
        assert!(found.ends_with(&format!("rows.txt:3: {error}")), "{found}");
    }
}

#[test]
fn the_digest_knows_every_change_of_a_row_but_no_line_ends() {
    let digest = |row: &str| built(row).unwrap().lines().last().unwrap().to_owned();
    let row = "stateful | a_b | high | database | rows";
    assert_eq!(digest(row), digest(&format!("{row}\r")));
    assert_ne!(digest(row), digest(&row.replace("high", "medium")));
}

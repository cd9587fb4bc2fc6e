//! The README says what the program says: its tables come from the program's own.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use undersign::failure::Exit;
use undersign::ui::keymap::{KEYS, Mode};

/// The text between two marks of the README, and the README with `table` there instead.
fn section(readme: &str, name: &str, table: &str) -> (String, String) {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&open).unwrap();
    let (inside, after) = rest.split_once(&close).unwrap();
    (
        inside.into(),
        format!("{before}{open}{table}{close}{after}"),
    )
}

/// Compares a table of the README with the program's; `UPDATE_README=1` writes it instead.
fn check(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let (inside, updated) = section(&fs::read_to_string(&path).unwrap(), name, table);
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(path, updated).unwrap();
    } else {
        assert_eq!(
            inside, table,
            "the README's table of {name}: UPDATE_README=1 cargo test --test readme"
        );
    }
}

#[test]
fn the_tables_of_the_readme_are_the_programs_own() {
    let mut exits = String::from("| code | meaning |\n| --- | --- |\n");
    for (exit, meaning) in Exit::TABLE {
        let _ = writeln!(exits, "| {} | {meaning} |", exit.code());
    }
    check("exit codes", &exits);
    let mut keys = String::from("| keys | what they do |\n| --- | --- |\n");
    for binding in KEYS.iter().filter(|binding| {
        [Mode::Tree, Mode::Detail]
            .iter()
            .any(|mode| binding.modes.contains(mode))
    }) {
        let names: Vec<String> = binding
            .keys
            .iter()
            .map(|key| format!("`{}`", key.replace('|', "\\|")))
            .collect();
        let _ = writeln!(keys, "| {} | {} |", names.join(" "), binding.help);
    }
    check("keys", &keys);
}

#[test]
fn the_readme_names_its_two_commands() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for command in ["$ cargo run --release -- demo", "$ cargo test"] {
        assert!(readme.lines().any(|line| line == command), "{command}");
    }
}

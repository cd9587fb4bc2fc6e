//! The shape of the source: who may use whom, how long a file may be, and where the terminal libraries may stand.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, apart from itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("process", &[]),
    ("failure", &["text"]),
    ("random", &["failure", "text"]),
    ("plan", &["failure", "text"]),
    ("diff", &["plan", "failure", "text"]),
    ("risk", &["plan", "diff", "failure", "text"]),
    ("policy", &["plan", "failure", "text", "process"]),
    (
        "review",
        &[
            "policy", "risk", "diff", "plan", "failure", "text", "process", "random",
        ],
    ),
    (
        "approval",
        &[
            "review", "policy", "risk", "plan", "failure", "text", "process",
        ],
    ),
    (
        "trust",
        &[
            "approval", "review", "policy", "risk", "plan", "failure", "text", "process",
        ],
    ),
    (
        "gate",
        &[
            "trust", "approval", "review", "policy", "risk", "diff", "plan", "failure", "text",
            "process",
        ],
    ),
    (
        "ui",
        &[
            "trust", "approval", "review", "policy", "risk", "diff", "plan", "failure", "text",
            "process",
        ],
    ),
    (
        "cli",
        &[
            "ui", "gate", "trust", "approval", "review", "policy", "risk", "diff", "plan",
            "failure", "text", "process", "random",
        ],
    ),
];

/// A longer file holds more than one idea. Tests inside a file do not count.
const MAX_LINES: usize = 500;

fn sources() -> BTreeMap<PathBuf, String> {
    files_in("src")
}

/// Every Rust file in a directory of this crate.
fn files_in(directory: &str) -> BTreeMap<PathBuf, String> {
    fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
        &mut found,
    );
    found
}

/// The part of a file that is not its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

/// The top module a file belongs to; `lib`, `main` and build scripts belong to none.
fn module(path: &Path) -> Option<String> {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    let name = first.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main") && !inside.ends_with("build.rs")).then(|| name.to_string())
}

/// The top modules that a line of code names behind `crate::`.
fn named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap();
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let listed = rest
            .strip_prefix('{')
            .map_or(rest, |list| list.split('}').next().unwrap());
        let parts: Vec<&str> = if rest.starts_with('{') {
            listed.split(',').collect()
        } else {
            vec![listed]
        };
        for part in parts {
            let name: String = part
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            names.push(name);
        }
    }
    names
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(own) = module(&path) else { continue };
        let allowed = rules
            .get(own.as_str())
            .unwrap_or_else(|| panic!("say in MAY_USE what `{own}` may use"));
        for (number, line) in text.lines().enumerate() {
            for name in named(line) {
                if name != own
                    && rules.contains_key(name.as_str())
                    && !allowed.contains(&name.as_str())
                {
                    wrong.push(format!(
                        "{}:{}: {own} may not use {name}",
                        path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn terminal_libraries_stay_in_the_commands_and_the_screen() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if module(&path).is_none_or(|own| own == "ui" || own == "cli") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if ["ratatui", "crossterm", "clap"]
                .iter()
                .any(|name| code.contains(&format!("{name}::")))
            {
                wrong.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .map(|(path, text)| (path, without_tests(text).lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{} opens without saying what it owns",
            path.display()
        );
    }
}

#[test]
fn the_reader_of_use_lines_sees_them_all() {
    assert_eq!(named("use crate::plan::value::Value;"), ["plan"]);
    assert_eq!(named("use crate::{plan, ui::theme};"), ["plan", "ui"]);
    assert_eq!(
        named("let x = crate::gate::run(crate::text::visible(y));"),
        ["gate", "text"]
    );
    assert_eq!(named("// see crate::ui"), Vec::<String>::new());
}

/// Attacks that cannot be shown here, with the reason. Nothing else may be without a test.
const NOT_HERE: &[(u8, &str)] = &[];

#[test]
fn every_attack_has_a_test_that_is_named_after_it() {
    let files: Vec<String> = files_in("src")
        .into_values()
        .chain(files_in("tests").into_values())
        .collect();
    let mut missing = Vec::new();
    for number in 1..=40u8 {
        let name = format!("fn a{number:02}_");
        let tests: Vec<&str> = files
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| line.trim().strip_prefix("fn "))
            .filter(|line| line.starts_with(&name[3..]))
            .filter_map(|line| line.split('(').next())
            .collect();
        let excuse = NOT_HERE.iter().find(|(known, _)| *known == number);
        match (tests.as_slice(), excuse) {
            ([], None) => missing.push(format!("a{number:02}")),
            ([], Some((_, why))) => println!("a{number:02}  not here: {why}"),
            (tests, _) => println!("a{number:02}  {}", tests.join(", ")),
        }
    }
    assert!(missing.is_empty(), "without a test: {}", missing.join(", "));
}

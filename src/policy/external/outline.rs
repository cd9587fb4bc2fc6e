//! What the text of policies says of their packages, as far as an answer does not tell it: an undefined rule is not in it.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::kind_of;
use crate::policy::Place;
use crate::policy::job::File;

/// The packages of some policies.
#[derive(Debug, Clone, Default)]
pub(super) struct Outline {
    /// Every package, in words.
    packages: BTreeSet<Vec<String>>,
    /// Those that say what is allowed.
    pub(super) with_authz: BTreeSet<Vec<String>>,
    /// Where each rule that is asked stands first, by its id.
    places: BTreeMap<String, Place>,
    /// Whether there is a rule that is asked at all.
    pub(super) asks: bool,
}

impl Outline {
    /// Reads the lines that begin a package or a rule; both stand at the beginning of a line where a formatter wrote them.
    pub(super) fn of(files: &[File]) -> Self {
        let mut outline = Outline::default();
        for file in files
            .iter()
            .filter(|file| !file.path.ends_with("_test.rego"))
        {
            let mut package = Vec::new();
            for (number, line) in (1..).zip(file.text.lines()) {
                let line = line.trim();
                if let Some(name) = line.strip_prefix("package ") {
                    package = words(name);
                    outline.packages.insert(package.clone());
                }
                let head = line.strip_prefix("default ").unwrap_or(line).trim_start();
                let name = head
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next();
                let Some(name) = name else { continue };
                let allows = name == "authz" && !package.is_empty();
                if allows {
                    outline.with_authz.insert(package.clone());
                }
                if allows || kind_of(name).is_some() {
                    outline.asks = true;
                    let place = Place {
                        file: file.path.clone(),
                        line: number,
                    };
                    let id = format!("{}.{name}", package.join("."));
                    outline.places.entry(id).or_insert(place);
                }
            }
        }
        outline
    }

    /// Where the rule with this id stands.
    pub(super) fn place(&self, rule: &str) -> Option<&Place> {
        self.places.get(rule)
    }

    /// Whether there is a package with this name, or one below it.
    pub(super) fn has(&self, path: &[String]) -> bool {
        self.packages
            .iter()
            .any(|package| package.starts_with(path))
    }
}

/// `a.b["c-d"]` as words.
fn words(name: &str) -> Vec<String> {
    let code = name.split('#').next().unwrap_or_default();
    code.split(['.', '['])
        .map(|word| {
            word.trim()
                .trim_end_matches(']')
                .trim_matches('"')
                .to_owned()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_what_they_allow_are_found() {
        let file = |path: &str, text: &str| File {
            path: path.into(),
            text: text.into(),
        };
        let outline = Outline::of(&[
            file(
                "a.rego",
                "# package no\npackage a.b[\"c-d\"] # yes\ndefault authz := false\nauthz if x",
            ),
            file("b.rego", "package b\nauthorized := true\nx := \"authz\""),
            file("b_test.rego", "package t\nauthz := true"),
        ]);
        let path = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(outline.has(&path(&["a", "b"])) && outline.has(&path(&["a", "b", "c-d"])));
        assert!(!outline.has(&path(&["no"])) && !outline.has(&path(&["t"])));
        assert_eq!(outline.with_authz, [path(&["a", "b", "c-d"])].into());
        assert!(outline.asks);
        let place = outline.place("a.b.c-d.authz").map(ToString::to_string);
        assert_eq!(place.as_deref(), Some("a.rego:3"));
        assert_eq!(outline.place("a.b.c-d.deny"), None);
        assert!(!Outline::of(&[file("a.rego", "package a\ndenied := true\n# deny")]).asks);
    }
}

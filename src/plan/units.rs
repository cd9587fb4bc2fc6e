//! Several plans in one directory: which they are, what each is called, and in which order they go.
//!
//! Two layouts are known: a directory a unit with one plan in it, as Terragrunt's `--out-dir` leaves them, and several plan
//! files side by side. Where a `terragrunt.hcl` says what a unit waits for, that decides the order; else the names do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::snapshot::dependencies::dependencies;
use crate::failure::{Exit, Failure};

/// One plan of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// What people call it: its directory, or its file without the ending.
    pub name: String,
    /// Where its plan lies within the directory, with `/` between the parts.
    pub path: String,
}

impl Unit {
    /// Where its configuration lies under `root`: at the same path as its plan, where there is such a directory.
    pub fn directory(&self, root: &Path) -> PathBuf {
        let own = root.join(parent(&self.path));
        if own.is_dir() { own } else { root.into() }
    }
}

/// Plans of one directory in the order in which they are applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// The plans.
    pub units: Vec<Unit>,
    /// Whether a plan waits for another one of them, and the order follows from that.
    pub told: bool,
    /// What of the order could not be told, in words.
    pub notes: Vec<String>,
}

/// More plans are not reviewed in one sitting.
const MAX_UNITS: usize = 500;
/// Deeper directories than any layout of units has.
const MAX_DEPTH: usize = 16;
/// Longest `terragrunt.hcl` that is read.
const MAX_HCL: u64 = 1 << 20;

/// Whether a file is a plan by its name: `tfplan`, `x.tfplan`, `x.plan`, and of JSON `tfplan.json`, `plan.json` and
/// `x.tfplan.json`, as the tools' own examples call them.
fn is_plan(name: &str) -> bool {
    matches!(name, "tfplan" | "plan.out" | "plan.json" | "tfplan.json")
        || [".tfplan", ".plan", ".tfplan.json", ".plan.json"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

/// Whether a plan is the JSON of one and not the plan file.
fn is_json(path: &str) -> bool {
    path.strip_suffix(".json").is_some()
}

/// The path without what says that it is a plan: the JSON of a plan has the same as the plan.
fn stem(path: &str) -> &str {
    let path = path.strip_suffix(".json").unwrap_or(path);
    [".tfplan", ".plan", ".out"]
        .iter()
        .find_map(|ending| path.strip_suffix(ending))
        .unwrap_or(path)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// What each plan is called: its directory where it lies there alone, else its path without the ending.
pub fn names(paths: Vec<String>) -> Vec<Unit> {
    let mut in_directory: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        *in_directory.entry(parent(path).to_owned()).or_default() += 1;
    }
    let called = |path: &str| match parent(path) {
        directory if !directory.is_empty() && in_directory[directory] == 1 => directory.to_owned(),
        _ => stem(path).to_owned(),
    };
    paths
        .into_iter()
        .map(|path| Unit {
            name: called(&path),
            path,
        })
        .collect()
}

/// Finds the plans under `directory`, by name. The JSON beside a plan file of the same name is left to it.
///
/// Hidden directories and those with what was said of plans are no layout of units. A link is refused where it is called a
/// plan: what it points to can be changed without changing the link.
pub fn find(directory: &Path) -> Result<Vec<Unit>, Failure> {
    let mut paths = BTreeSet::new();
    walk(directory, "", 0, &mut paths)?;
    let files: BTreeSet<String> = paths
        .iter()
        .filter(|path| !is_json(path))
        .map(|path| stem(path).to_owned())
        .collect();
    let paths: Vec<String> = paths
        .into_iter()
        .filter(|path| !(is_json(path) && files.contains(stem(path))))
        .collect();
    if paths.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no-plans",
            format!("there is no plan in {}", directory.display()),
        )
        .hint(
            "A plan is called tfplan, NAME.tfplan, NAME.plan, tfplan.json or NAME.tfplan.json.",
        ));
    }
    Ok(names(paths))
}

fn walk(
    directory: &Path,
    within: &str,
    depth: usize,
    found: &mut BTreeSet<String>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(directory.display(), &error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            // A directory whose name is no text may hold a plan; it must not be passed over.
            return Err(refused(&path, "its name cannot stand in a list"));
        };
        if kind.is_dir() {
            if name.starts_with('.') || name.ends_with(".approvals") {
                continue;
            }
            if depth == MAX_DEPTH {
                return Err(refused(&path, "it lies too deep"));
            }
            walk(&path, &format!("{within}{name}/"), depth + 1, found)?;
        } else if is_plan(&name) {
            if !kind.is_file() {
                return Err(refused(&path, "it is called a plan and is no regular file"));
            }
            if format!("{within}{name}").contains(['\n', '\r', '\\']) {
                return Err(refused(&path, "its name cannot stand in a list"));
            }
            found.insert(format!("{within}{name}"));
            if found.len() > MAX_UNITS {
                return Err(refused(directory, "it holds more than 500 plans"));
            }
        }
    }
    Ok(())
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        "units",
        format!("{} cannot be one of several plans: {why}", path.display()),
    )
    .hint("Keep the plans in a directory of their own.")
}

/// Puts units into the order in which they are applied: after all that they wait for, by name among equals.
///
/// `roots` are directories under which a unit's `terragrunt.hcl` may lie, at the path of the unit.
pub fn in_order(units: &[Unit], roots: &[&Path]) -> Result<Units, Failure> {
    let mut notes = Vec::new();
    let at: BTreeMap<String, usize> = units
        .iter()
        .enumerate()
        .map(|(number, unit)| (parent(&unit.path).to_owned(), number))
        .collect();
    let mut waits: Vec<BTreeSet<usize>> = Vec::new();
    for unit in units {
        let directory = parent(&unit.path);
        let mut on = BTreeSet::new();
        if let Some(text) = roots.iter().find_map(|root| hcl(&root.join(directory))) {
            let said = dependencies(&text);
            for line in said.unread {
                notes.push(format!(
                    "{}: what line {line} of its terragrunt.hcl waits for is not known; its place is by name",
                    unit.name
                ));
            }
            let others = said
                .paths
                .iter()
                .filter_map(|path| at.get(&joined(directory, path)?).copied());
            on.extend(others);
        }
        waits.push(on);
    }
    let mut order = Vec::new();
    let mut left: BTreeSet<usize> = (0..units.len()).collect();
    while !left.is_empty() {
        let ready = left
            .iter()
            .copied()
            .find(|unit| waits[*unit].is_disjoint(&left));
        let Some(ready) = ready else {
            let names: Vec<&str> = left.iter().map(|&unit| &*units[unit].name).collect();
            return Err(Failure::new(
                Exit::Usage,
                "order",
                format!("these plans wait for each other: {}", names.join(", ")),
            )
            .hint("Correct the dependencies in their terragrunt.hcl."));
        };
        left.remove(&ready);
        order.push(ready);
    }
    Ok(Units {
        told: waits.iter().any(|on| !on.is_empty()),
        units: order.into_iter().map(|unit| units[unit].clone()).collect(),
        notes,
    })
}

fn hcl(directory: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(directory.join("terragrunt.hcl")).ok()?;
    file.take(MAX_HCL).read_to_string(&mut text).ok()?;
    Some(text)
}

/// A path as seen from a directory, both within the root; `None` if it leads out of it.
fn joined(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in PathBuf::from(directory).join(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?.to_owned()),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    fn found(place: &Path) -> Vec<(String, String)> {
        find(place)
            .unwrap()
            .into_iter()
            .map(|unit| (unit.name, unit.path))
            .collect()
    }

    #[test]
    fn both_layouts_are_found_and_nothing_else() {
        let place = layout(&[
            ("network/tfplan.tfplan", ""),
            ("network/tfplan.json", ""),
            ("network/tfplan.tfplan.approvals/alice.json", ""),
            ("network/tfplan.tfplan.rejection.json", ""),
            ("app/eu/tfplan.tfplan", ""),
            ("json/tfplan.json", ""),
            (".terragrunt-cache/x/tfplan.tfplan", ""),
            ("several/a.tfplan", ""),
            ("several/b.tfplan", ""),
            ("top.plan", ""),
            ("lambda.zip", ""),
            ("terraform.tfstate", ""),
        ]);
        let pair = |name: &str, path: &str| (name.to_owned(), path.to_owned());
        assert_eq!(
            found(place.path()),
            [
                pair("app/eu", "app/eu/tfplan.tfplan"),
                pair("json", "json/tfplan.json"),
                pair("network", "network/tfplan.tfplan"),
                pair("several/a", "several/a.tfplan"),
                pair("several/b", "several/b.tfplan"),
                pair("top", "top.plan"),
            ]
        );
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(find(empty.path()).unwrap_err().reason, "no-plans");
    }

    #[test]
    fn a_link_that_is_called_a_plan_is_refused() {
        let place = layout(&[("a/tfplan.tfplan", "")]);
        let link = place.path().join("b.tfplan");
        std::os::unix::fs::symlink(place.path().join("a/tfplan.tfplan"), link).unwrap();
        assert_eq!(find(place.path()).unwrap_err().reason, "units");
    }

    #[test]
    fn a_unit_goes_after_what_it_waits_for_and_by_name_otherwise() {
        let on = |path: &str| format!("dependency \"x\" {{ config_path = \"{path}\" }}");
        let place = layout(&[
            ("a/tfplan.tfplan", ""),
            ("b/tfplan.tfplan", ""),
            ("c/tfplan.tfplan", ""),
        ]);
        let names = |code: &tempfile::TempDir| {
            in_order(&find(place.path()).unwrap(), &[code.path()]).map(|found| {
                let names: Vec<String> = found.units.into_iter().map(|unit| unit.name).collect();
                (names.concat(), found.notes.len())
            })
        };
        for (files, expected) in [
            (vec![], ("abc", 0)),
            (vec![("a/terragrunt.hcl", on("../c"))], ("bca", 0)),
            (
                vec![
                    ("a/terragrunt.hcl", on("../b")),
                    ("b/terragrunt.hcl", on("../c")),
                ],
                ("cba", 0),
            ),
            (vec![("a/terragrunt.hcl", on("../not-planned"))], ("abc", 0)),
            (vec![("a/terragrunt.hcl", on("../../../c"))], ("abc", 0)),
            (vec![("a/terragrunt.hcl", on("${local.c}"))], ("abc", 1)),
        ] {
            let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (*a, &**b)).collect();
            let (names, notes) = names(&layout(&files)).unwrap();
            assert_eq!((&*names, notes), expected, "{files:?}");
        }
        let round = layout(&[
            ("a/terragrunt.hcl", &on("../b")),
            ("b/terragrunt.hcl", &on("../a")),
        ]);
        let failure = names(&round).unwrap_err();
        assert_eq!(failure.reason, "order");
        assert!(failure.error.ends_with("a, b"), "{failure}");
    }
}

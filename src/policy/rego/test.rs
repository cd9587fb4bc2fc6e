//! The policies' own tests: rules `test_…`, and which lines they reach.

use std::io;

use super::rules::name_of;
use super::source::{Policies, is_test};
use super::{place, trouble};
use crate::policy::Place;
use crate::policy::job::{Answer, Coverage, Test};
use crate::policy::serve::Say;

/// A test: its name, the path that the engine knows it by, its place.
type Known = (String, String, Place);

/// Runs every test, and returns how many there are.
pub(super) fn test(mut policies: Policies, say: &mut Say<'_>) -> io::Result<usize> {
    policies.engine.set_enable_coverage(true);
    let tests = tests(&policies);
    for (name, path, place) in &tests {
        say(&Answer::Begins {
            what: format!("the test {name}"),
            place: Some(place.clone()),
        })?;
        let failed = match policies.engine.eval_rule(path.clone()) {
            Ok(regorus::Value::Bool(true)) => None,
            Ok(regorus::Value::Undefined) => Some("is not true: undefined".to_owned()),
            Ok(_) => Some("is not true".to_owned()),
            Err(error) => Some(trouble("test", &error, None).to_string()),
        };
        // What tests print is for whoever wrote them, and says nothing about a plan.
        let _ = policies.engine.take_prints();
        say(&Answer::Test(Test {
            place: place.clone(),
            name: name.clone(),
            failed,
        }))?;
    }
    if let Ok(report) = policies.engine.get_coverage_report() {
        for file in report.files.iter().filter(|file| !is_test(&file.path)) {
            say(&Answer::Coverage(Coverage {
                file: file.path.clone(),
                reached: file.covered.len(),
                missed: file.not_covered.iter().copied().collect(),
            }))?;
        }
    }
    Ok(tests.len())
}

fn tests(policies: &Policies) -> Vec<Known> {
    let mut tests: Vec<Known> = Vec::new();
    for unit in &policies.units {
        for rule in &unit.module.policy {
            let Some(name) = name_of(rule).filter(|name| name.starts_with("test_")) else {
                continue;
            };
            let path = unit.rule_path(&name);
            if !tests.iter().any(|(_, known, _)| *known == path) {
                tests.push((format!("{}.{name}", unit.package), path, place(rule.span())));
            }
        }
    }
    tests
}

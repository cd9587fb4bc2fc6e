//! The policies' own tests: rules `test_…`, and which lines they reach.

use std::io;

use super::rules::name_of;
use super::source::{Policies, is_test};
use super::{place, trouble};
use crate::policy::job::{Answer, Coverage, Job, Test};
use crate::policy::serve::Say;

/// Runs every test, and returns how many there are.
pub(super) fn test(_job: &Job, mut policies: Policies, say: &mut Say<'_>) -> io::Result<usize> {
    policies.engine.set_enable_coverage(true);
    let mut tests: Vec<(String, String, crate::policy::Place)> = Vec::new();
    for unit in &policies.units {
        for rule in &unit.module.policy {
            if let Some(name) = name_of(rule).filter(|name| name.starts_with("test_"))
                && !tests
                    .iter()
                    .any(|(package, known, _)| (package, known) == (&unit.package, &name))
            {
                tests.push((unit.package.clone(), name, place(rule.span())));
            }
        }
    }
    for (package, name, place) in &tests {
        let path = format!("{package}.{name}");
        say(&Answer::Begins {
            what: format!("the test {path}"),
            place: Some(place.clone()),
        })?;
        let failed = match policies.engine.eval_rule(format!("data.{path}")) {
            Ok(regorus::Value::Bool(true)) => None,
            Ok(regorus::Value::Undefined) => Some("is not true: undefined".to_owned()),
            Ok(_) => Some("is not true".to_owned()),
            Err(error) => Some(trouble("test", &error, None).to_string()),
        };
        // What tests print is for whoever wrote them, and says nothing about a plan.
        let _ = policies.engine.take_prints();
        say(&Answer::Test(Test {
            place: place.clone(),
            name: path,
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

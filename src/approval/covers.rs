//! Whether the acknowledgements of an approval are enough for what a plan asks.

use std::collections::{BTreeMap, BTreeSet};

use super::statement::Acknowledgement;
use crate::failure::{Exit, Failure};
use crate::review::{Key, Requirement};

/// How many missing acknowledgements an error names.
const NAMED: usize = 5;

/// Asks whether `acks` hold a yes to every rule of every row in `required`, each for the same actions.
///
/// An acknowledgement of more than is required is no less of a yes: a reviewer who was warned of more has seen more.
pub fn covers(required: &[Requirement], acks: &[Acknowledgement]) -> Result<(), Failure> {
    let mut given: BTreeMap<(Key, &[String]), BTreeSet<&String>> = BTreeMap::new();
    for ack in acks {
        let row = (ack.requirement().key, ack.actions.as_slice());
        given.entry(row).or_default().extend(&ack.rules);
    }
    let missing: Vec<&Requirement> = required
        .iter()
        .filter(|requirement| {
            let row = (requirement.key.clone(), requirement.actions.as_slice());
            given
                .get(&row)
                .is_none_or(|rules| !requirement.rules.iter().all(|rule| rules.contains(rule)))
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut named: Vec<String> = missing
        .iter()
        .take(NAMED)
        .map(|requirement| format!("{} ({})", requirement.key, requirement.rules.join(", ")))
        .collect();
    if missing.len() > NAMED {
        named.push(format!("and {} more", missing.len() - NAMED));
    }
    Err(Failure::new(
        Exit::NotApproved,
        "acknowledgements",
        format!("not acknowledged: {}", named.join("; ")),
    )
    .expected(
        format!("{} acknowledgements", required.len()),
        format!("{} of them", required.len() - missing.len()),
    )
    .hint("Review the plan with this version of undersign, and sign again."))
}

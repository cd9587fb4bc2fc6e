//! Whether the acknowledgements of an approval are enough for what a plan asks.

use std::collections::{BTreeMap, BTreeSet};

use super::statement::{Acknowledgement, Override};
use crate::failure::{Exit, Failure};
use crate::review::{Key, Requirement, SHORTEST_REASON, is_reason};

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
    let failure = Failure::new(
        Exit::NotApproved,
        "acknowledgements",
        format!("not acknowledged: {}", named.join("; ")),
    )
    .expected(
        format!("{} acknowledgements", required.len()),
        format!("{} of them", required.len() - missing.len()),
    );
    let failure = match elsewhere(&missing, acks) {
        Some((rule, then, now)) => failure.hint(format!(
            "{rule} was acknowledged of {then}, and is about {now} here. A finding that names a place in the plan's JSON is laid on the row at that place only where the plan has the file name that the finding says: give it the name that it had at the review."
        )),
        None => failure,
    };
    Err(failure.hint("Review the plan with this version of undersign, and sign again."))
}

/// A policy's rule that is missing where it is asked for, and was acknowledged of something else.
fn elsewhere<'a>(
    missing: &[&'a Requirement],
    acks: &'a [Acknowledgement],
) -> Option<(&'a str, Key, &'a Key)> {
    missing.iter().find_map(|requirement| {
        requirement.denies().find_map(|rule| {
            let given = acks.iter().find(|ack| {
                ack.requirement().key != requirement.key
                    && ack.rules.iter().any(|given| given == rule)
            })?;
            Some((rule, given.requirement().key, &requirement.key))
        })
    })
}

/// Asks whether every deny of a policy in `required` was overridden with a reason.
pub fn overrides(required: &[Requirement], given: &[Override]) -> Result<(), Failure> {
    let given: BTreeSet<(&str, &str)> = given
        .iter()
        .filter(|given| is_reason(&given.reason))
        .map(|given| (given.address.as_str(), given.rule.as_str()))
        .collect();
    let mut missing = required.iter().flat_map(|requirement| {
        let address = requirement.key.address.as_str();
        let denies = requirement.denies().map(move |rule| (address, rule));
        denies.filter(|deny| !given.contains(deny))
    });
    let Some((address, rule)) = missing.next() else {
        return Ok(());
    };
    Err(Failure::new(
        Exit::NotApproved,
        "override",
        format!("{rule} denies {address}, and nobody said why it may be done all the same"),
    )
    .expected(
        format!("a reason of {SHORTEST_REASON} characters for each deny"),
        format!("{} without one", missing.count() + 1),
    )
    .hint("Review the plan again, give the reason with the acknowledgement, and sign again."))
}

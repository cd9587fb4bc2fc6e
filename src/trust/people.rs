//! Whether those who approved are enough: persons are counted, never keys, signatures or files.

use std::collections::{BTreeMap, BTreeSet};

use super::approvals::Verified;
use super::{Scope, Trust};
use crate::approval::sshsig::Assurance;
use crate::failure::{Exit, Failure};

/// What the gate knows of the change that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Who asked for it, as the place that runs the gate says; a claim in an approval can only add to it.
    pub requester: Option<&'a str>,
    /// Every rule that asked for an acknowledgement.
    pub rules: &'a BTreeSet<String>,
}

/// Counts the persons behind `verified` and asks whether they are enough. Returns them, sorted.
pub fn enough(
    trust: &Trust,
    scope: &Scope,
    verified: &[Verified],
    asked: Asked<'_>,
) -> Result<Vec<String>, Failure> {
    let excluded = excluded(scope, verified, asked)?;
    let persons = counted(trust, scope, verified, &excluded);
    if persons.len() < scope.approvals {
        let mut failure = too_few(
            "approvals",
            format!("{} needs more people", scope.id),
            scope.approvals,
            &persons,
        );
        if !excluded.is_empty() {
            let names: Vec<String> = excluded.into_iter().collect();
            failure = failure.hint(format!(
                "Who asked for the change does not count: {}.",
                names.join(", ")
            ));
        }
        return Err(failure);
    }
    let touched = persons
        .values()
        .filter(|&&assurance| assurance >= Assurance::Touch)
        .count();
    if touched < scope.min_hardware {
        return Err(Failure::new(
            Exit::NoPresence,
            "hardware",
            format!("{} needs more people who touch a security key", scope.id),
        )
        .expected(scope.min_hardware.to_string(), touched.to_string()));
    }
    extra(trust, scope, asked, &persons)?;
    Ok(persons.into_keys().map(str::to_owned).collect())
}

/// The persons who count, each once, with the best proof of each.
fn counted<'a>(
    trust: &Trust,
    scope: &Scope,
    verified: &'a [Verified],
    excluded: &BTreeSet<String>,
) -> BTreeMap<&'a str, Assurance> {
    let mut persons: BTreeMap<&str, Assurance> = BTreeMap::new();
    for vote in verified {
        let person = vote.person.as_str();
        if excluded.contains(&person.to_ascii_lowercase()) || vote.assurance < scope.min_assurance {
            continue;
        }
        let best = persons.entry(person).or_insert(vote.assurance);
        *best = vote.assurance.max(*best);
    }
    let from = trust.members(&scope.from);
    if !scope.from.is_empty() {
        persons.retain(|person, _| from.contains(person));
    }
    persons
}

/// Asks for the people that some rules want beyond those of the scope.
fn extra(
    trust: &Trust,
    scope: &Scope,
    asked: Asked<'_>,
    persons: &BTreeMap<&str, Assurance>,
) -> Result<(), Failure> {
    for extra in scope
        .extra
        .iter()
        .filter(|extra| extra.rules.iter().any(|rule| asked.rules.contains(rule)))
    {
        let members = trust.members(&extra.from);
        let of_them: BTreeMap<_, _> = persons
            .iter()
            .filter(|(person, _)| extra.from.is_empty() || members.contains(*person))
            .map(|(person, assurance)| (*person, *assurance))
            .collect();
        if of_them.len() < extra.approvals {
            return Err(too_few(
                "extra",
                format!(
                    "{} needs more people from {} because of {}",
                    scope.id,
                    extra.from.join(", "),
                    extra.rules.join(", ")
                ),
                extra.approvals,
                &of_them,
            ));
        }
    }
    Ok(())
}

/// Who may not approve because they asked for the change, in small letters: the places that name them care little for case.
fn excluded(
    scope: &Scope,
    verified: &[Verified],
    asked: Asked<'_>,
) -> Result<BTreeSet<String>, Failure> {
    if !scope.exclude_requester {
        return Ok(BTreeSet::new());
    }
    let Some(requester) = asked.requester else {
        return Err(Failure::new(
            Exit::TooFewPeople,
            "requester-unknown",
            format!(
                "{} excludes who asked for the change, and nobody says who that is",
                scope.id
            ),
        )
        .hint("Name the requester where the gate is run."));
    };
    Ok(verified
        .iter()
        .filter_map(|vote| vote.statement.predicate.requester.as_deref())
        .chain([requester])
        .map(str::to_ascii_lowercase)
        .collect())
}

fn too_few(
    reason: &'static str,
    error: String,
    wanted: usize,
    got: &BTreeMap<&str, Assurance>,
) -> Failure {
    let names: Vec<&str> = got.keys().copied().collect();
    let got = if names.is_empty() {
        "nobody".into()
    } else {
        format!("{}: {}", names.len(), names.join(", "))
    };
    Failure::new(Exit::TooFewPeople, reason, error)
        .expected(wanted.to_string(), got)
        .hint("Ask another person to review and sign; several keys of one person count once.")
}

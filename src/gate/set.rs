//! Several plans that were reviewed together: all are verified before the first is applied, and the first that fails is
//! the last that is begun.
//!
//! The manifest says which plans and in which order; that it is the one that was reviewed is said by the approvals of
//! every plan, which name its digest. Nothing here decides whether a plan may be applied: [`super::verify`] does.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use super::apply::{Applied, carry_out};
use super::progress::Terminal;
use super::verify::{self, Request, Verified};
use crate::approval::set::{self, Manifest};
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::units::{self, Unit};
use crate::trust::file::read_bounded;
use crate::trust::ledger::Ledger;

/// One plan of the set, and what is asked of the gate for it.
#[derive(Debug)]
pub struct Asked {
    /// Its name and its path.
    pub unit: Unit,
    /// The digest that the manifest has of it.
    pub sha256: Hex,
    /// What is asked.
    pub request: Request,
}

/// What became of one plan of the set.
#[derive(Debug)]
pub enum End {
    /// The tool ran; how it ended is in there.
    Ran(Box<Applied>),
    /// It was refused before the tool ran.
    Refused(Failure),
    /// One before it failed.
    NotBegun,
}

impl End {
    /// Why the set stops here, if it does.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            End::Ran(applied) => applied.ended.failure.as_ref(),
            End::Refused(failure) => Some(failure),
            End::NotBegun => None,
        }
    }
}

/// Reads the manifest of `directory` and asks whether exactly its plans lie there.
pub fn open(directory: &Path) -> Result<(Manifest, Vec<Unit>), Failure> {
    let path = directory.join(set::FILE);
    if !path.exists() {
        return Err(Failure::new(
            Exit::NotApproved,
            "no-manifest",
            format!(
                "{} has no {}: nobody has approved it as a set",
                directory.display(),
                set::FILE
            ),
        )
        .hint("undersign review DIR: signing writes the manifest."));
    }
    let bytes = read_bounded(&path, set::MAX_BYTES)?;
    let manifest = Manifest::parse(&String::from_utf8_lossy(&bytes))?;
    let listed: BTreeSet<&str> = manifest.plans.iter().map(|(_, path)| &**path).collect();
    let there = units::find(directory)?;
    let there: BTreeSet<&str> = there.iter().map(|unit| &*unit.path).collect();
    let difference = |sentence: &str, plans: Vec<&&str>| {
        let plans: Vec<&str> = plans.into_iter().copied().collect();
        Failure::new(
            Exit::Mismatch,
            "set-plans",
            format!("{sentence}: {}", plans.join(", ")),
        )
        .hint("Review the directory again, and sign again.")
    };
    let gone: Vec<_> = listed.difference(&there).collect();
    if !gone.is_empty() {
        return Err(difference("plans of the set are gone", gone));
    }
    let new: Vec<_> = there.difference(&listed).collect();
    if !new.is_empty() {
        return Err(difference(
            "these plans were not reviewed with the set",
            new,
        ));
    }
    let paths = manifest.plans.iter().map(|(_, path)| path.clone());
    let units = units::names(paths.collect());
    Ok((manifest, units))
}

/// Verifies every plan of the set and changes nothing. A refusal names the plan.
pub fn verify(asked: &[Asked]) -> Result<Vec<Verified>, Failure> {
    asked
        .iter()
        .map(|asked| verify_one(asked).map_err(|failure| failure.of(&asked.unit.name)))
        .collect()
}

fn verify_one(asked: &Asked) -> Result<Verified, Failure> {
    let verified = verify::verify(&asked.request)?;
    let ours = Hex(verified.prepared.plan.sha256());
    if ours == asked.sha256 {
        return Ok(verified);
    }
    Err(Failure::new(
        Exit::Mismatch,
        "set-plan",
        "the plan is not the one in the manifest",
    )
    .expected(asked.sha256.to_string(), ours.to_string())
    .hint("Review the directory again, and sign again."))
}

/// Verifies all, then applies one after the other until one fails. Says what became of each, in order.
///
/// `ready` is told of each plan right before it is claimed.
pub fn apply(
    asked: &[Asked],
    by: &str,
    clock: impl Fn() -> Timestamp,
    ready: impl Fn(usize, &Verified, &mut dyn Write),
    out: &mut Terminal<'_>,
) -> Result<Vec<End>, Failure> {
    let verified = verify(asked)?;
    // A plan that cannot be applied any more must not be found out when others before it were.
    for (asked, verified) in asked.iter().zip(&verified) {
        let ledger = Ledger::of(asked.request.trust.ledger.as_ref())?;
        ledger
            .refuse_used(Hex(verified.prepared.plan.sha256()))
            .map_err(|failure| failure.of(&asked.unit.name))?;
    }
    let mut ends: Vec<End> = Vec::new();
    for (number, (asked, verified)) in asked.iter().zip(verified).enumerate() {
        if ends.iter().any(|end| end.failure().is_some()) {
            ends.push(End::NotBegun);
            continue;
        }
        let ready = |verified: &Verified, out: &mut dyn Write| ready(number, verified, out);
        ends.push(
            match carry_out(&asked.request, verified, by, &clock, ready, out) {
                Ok(applied) => End::Ran(Box::new(applied)),
                Err(failure) => End::Refused(failure),
            },
        );
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_holds_exactly_the_plans_of_its_manifest() {
        let place = tempfile::tempdir().unwrap();
        let plan = |name: &str| place.path().join(name);
        std::fs::write(plan("a.tfplan"), "").unwrap();
        assert_eq!(open(place.path()).unwrap_err().reason, "no-manifest");
        let listed = |paths: &[&str]| {
            let plans = paths.iter().map(|path| (Hex([7; 32]), (*path).to_owned()));
            let manifest = Manifest {
                plans: plans.collect(),
            };
            std::fs::write(plan(set::FILE), manifest.to_text()).unwrap();
            open(place.path()).map(|(_, units)| units.len())
        };
        assert_eq!(listed(&["a.tfplan"]).unwrap(), 1);
        let failure = listed(&["a.tfplan", "b.tfplan"]).unwrap_err();
        assert_eq!(failure.error, "plans of the set are gone: b.tfplan");
        std::fs::write(plan("b.tfplan"), "").unwrap();
        std::fs::write(plan("c.tfplan"), "").unwrap();
        let failure = listed(&["b.tfplan", "a.tfplan"]).unwrap_err();
        assert_eq!(
            (failure.exit, &*failure.error),
            (
                Exit::Mismatch,
                "these plans were not reviewed with the set: c.tfplan"
            )
        );
    }
}

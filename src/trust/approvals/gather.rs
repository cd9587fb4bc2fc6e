//! The approval files of a plan: found, read within a limit, and each checked.
//!
//! A bad file must not block good ones, and is never silent. What makes one count is not decided here.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Verified;
use crate::approval::sign;
use crate::failure::{Exit, Failure};
use crate::trust::{Trust, file};

/// More approvals are not looked at.
pub const MAX_FILES: usize = 16;

/// The approvals to look at for a plan.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once.
    pub files: BTreeSet<PathBuf>,
    /// Where they were looked for: files that were given, and directories.
    pub places: Vec<PathBuf>,
}

/// Finds the approvals of a plan: those that are given, or those in the directory beside the plan.
///
/// A directory that is given holds them; for a plan of a set it holds them at the plan's path in the set, as a review with
/// `--output` leaves them.
pub fn find(given: &[PathBuf], plan: &Path, member: Option<&str>) -> Result<Found, Failure> {
    let mut found = Found::default();
    if given.is_empty() {
        found.all_in(sign::directory(plan))?;
    }
    for path in given {
        match member {
            _ if !path.is_dir() => {
                found.files.insert(path.clone());
                found.places.push(path.clone());
            }
            Some(member) => found.all_in(sign::directory(&path.join(member)))?,
            None => found.all_in(path.clone())?,
        }
    }
    Ok(found)
}

impl Found {
    fn all_in(&mut self, directory: PathBuf) -> Result<(), Failure> {
        self.files.extend(in_directory(&directory)?);
        self.places.push(directory);
        Ok(())
    }
}

fn in_directory(directory: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::io(directory.display(), &error);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.insert(path);
        }
    }
    Ok(files)
}

/// Reads an approval file. A larger one, a pipe or a device is refused.
pub fn read(path: &Path, trust: &Trust) -> Result<Vec<u8>, Failure> {
    file::read_bounded(path, trust.limits.max_approval_bytes)
}

/// What became of several approval files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    /// Those that hold.
    pub verified: Vec<Verified>,
    /// Those that do not, by file, with the reason. A bad file must not block good ones, and is never silent.
    pub refused: Vec<(String, Failure)>,
}

/// Checks each approval file with `check`. If none holds, fails as the one that got furthest.
///
/// The gate's `check` is [`super::check`], then [`crate::approval::facts::matches`], then [`crate::approval::covers::covers`]:
/// a vote is for this plan and for all of its risks, or it is none.
pub fn gather(
    files: &[(String, Vec<u8>)],
    check: impl Fn(&[u8]) -> Result<Verified, Failure>,
) -> Result<Gathered, Failure> {
    refuse_too_many(files.len())?;
    let mut gathered = Gathered::default();
    for (name, bytes) in files {
        match check(bytes) {
            Ok(verified) => gathered.verified.push(verified),
            Err(failure) => gathered.refused.push((name.clone(), failure)),
        }
    }
    if !gathered.verified.is_empty() {
        return Ok(gathered);
    }
    let furthest = gathered
        .refused
        .into_iter()
        .max_by_key(|(_, failure)| progress(failure.exit));
    Err(furthest.map_or_else(
        || {
            Failure::new(
                Exit::NotApproved,
                "no-approval",
                "there is no approval for this plan",
            )
            .hint("Review it: undersign review PLAN")
        },
        |(name, mut failure)| {
            failure.error = format!("{name}: {}", failure.error);
            failure
        },
    ))
}

/// Refuses more approvals than are looked at: before they are read, so that nobody can fill the memory with them.
pub fn refuse_too_many(count: usize) -> Result<(), Failure> {
    if count <= MAX_FILES {
        return Ok(());
    }
    Err(Failure::new(
        Exit::BadSignature,
        "too-many",
        "there are too many approvals",
    )
    .expected(format!("at most {MAX_FILES}"), count.to_string())
    .hint("Give only the approvals of this plan."))
}

/// How far a file came, by the order in which the checks are made.
fn progress(exit: Exit) -> usize {
    const ORDER: [Exit; 6] = [
        Exit::BadSignature,
        Exit::KeyRevoked,
        Exit::NoPresence,
        Exit::Mismatch,
        Exit::OutOfTime,
        Exit::NotApproved,
    ];
    ORDER
        .iter()
        .position(|&known| known == exit)
        .map_or(0, |at| at + 1)
}

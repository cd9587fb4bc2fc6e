//! Plans that wait for a person: one directory each, named by the plan's digest, in a private directory of the user.
//!
//! Files and locks, no service. A plan comes in whole or not at all: it is put together beside the others and renamed into
//! its place, so a process that is killed leaves nothing that looks like a plan, and the same plan submitted twice is there
//! once. What a reviewer says lies beside the plan as always. Knows no signature and no ledger.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{is_counted, private};
use crate::failure::{Exit, Failure};
use crate::risk::{Judged, Risk};

mod entry;
mod incoming;

pub use entry::{Entry, Turn};
pub use incoming::Incoming;

/// How long a plan stays after the last word on it.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Begins the names of plans that are still being put together.
const UNFINISHED: &str = ".new-";
/// Name of the plan in its directory.
const PLAN: &str = "plan";
/// Name of what the agent said about it.
const SUBMISSION: &str = "submission.json";

/// What an agent said about a plan, and what was found in it when it came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Form of this file.
    pub schema: u32,
    /// Digest of the plan.
    pub plan_sha256: String,
    /// The plan's file name, for people.
    pub name: String,
    /// What the agent says the plan is for.
    pub task: String,
    /// The scope the agent says it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When it came in (RFC 3339).
    pub submitted_at: String,
    /// Number of effects by risk, worst first.
    pub risks: [usize; 4],
    /// How many of them ask for an acknowledgement.
    pub asking: usize,
}

impl Submission {
    /// How bad the worst of it is.
    pub fn worst(&self) -> Risk {
        Risk::WORST_FIRST
            .into_iter()
            .zip(self.risks)
            .find(|(_, count)| *count > 0)
            .map_or(Risk::Low, |(risk, _)| risk)
    }

    /// Counts the effects of a plan by risk, worst first.
    pub fn count(rows: &[Judged]) -> [usize; 4] {
        Risk::WORST_FIRST.map(|risk| {
            rows.iter()
                .filter(|row| is_counted(row) && row.risk() == risk)
                .count()
        })
    }
}

/// The inbox in one directory.
#[derive(Debug, Clone)]
pub struct Inbox {
    directory: PathBuf,
}

impl Inbox {
    /// The inbox in `directory`, which is made if it is not there. Only its owner can enter it.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        private::create_directory(directory).map_err(|error| unusable(directory, &error))?;
        Ok(Inbox {
            directory: directory.to_owned(),
        })
    }

    /// Removes the plans on which the last word was said longer ago than [`KEPT`]. A plan on which nobody has said
    /// anything stays, however old it is, and so does one that somebody is reviewing. Says how many are gone.
    pub fn prune(&self, now: SystemTime) -> Result<usize, Failure> {
        let failed = |error: std::io::Error| unusable(&self.directory, &error);
        let mut gone = 0;
        for entry in self.list()?.0 {
            let old = entry
                .last_word()
                .and_then(|said| now.duration_since(said).ok())
                .is_some_and(|age| age > KEPT);
            if !old || entry.turn()?.is_none() {
                continue;
            }
            // Out of the list at once: what is left of it by a process that is killed is swept like any other rest.
            let rest = format!("{UNFINISHED}old-{}", entry.id());
            let rest = self.directory.join(rest);
            fs::rename(&entry.directory, &rest).map_err(failed)?;
            fs::remove_dir_all(&rest).map_err(failed)?;
            gone += 1;
        }
        Ok(gone)
    }

    /// Every plan, the worst first, then the oldest; and what lies among them and cannot be used: it must not keep anybody
    /// from the others.
    pub fn list(&self) -> Result<(Vec<Entry>, Vec<Failure>), Failure> {
        let (mut entries, mut unusable) = (Vec::new(), Vec::new());
        for name in self.names()? {
            match Entry::read(&self.directory.join(name)) {
                Ok(entry) => entries.push(entry),
                Err(failure) => unusable.push(failure),
            }
        }
        entries.sort_by_cached_key(|entry| {
            let said = &entry.submission;
            (
                Reverse(said.worst()),
                said.submitted_at.clone(),
                said.plan_sha256.clone(),
            )
        });
        Ok((entries, unusable))
    }

    /// The plan whose digest begins with `id`.
    pub fn find(&self, id: &str) -> Result<Entry, Failure> {
        let mut found = self.names()?;
        found.retain(|name| !id.is_empty() && name.starts_with(id));
        match (found.pop(), found.is_empty()) {
            (Some(name), true) => Entry::read(&self.directory.join(name)),
            (Some(_), false) => Err(Failure::new(
                Exit::Usage,
                "ambiguous-id",
                format!("several submitted plans begin with {id}"),
            )
            .hint("Give more of the id.")),
            (None, _) => Err(Failure::new(
                Exit::Usage,
                "unknown-id",
                format!("no submitted plan begins with {id}"),
            )
            .hint("`undersign inbox --plain` lists them.")),
        }
    }

    /// The names of all directories that are called like a plan.
    fn names(&self) -> Result<Vec<String>, Failure> {
        let failed = |error: std::io::Error| unusable(&self.directory, &error);
        let mut names = Vec::new();
        for found in fs::read_dir(&self.directory).map_err(failed)? {
            let name = found.map_err(failed)?.file_name();
            names.extend(name.into_string().ok().filter(|name| is_digest(name)));
        }
        Ok(names)
    }
}

fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format!("the inbox: {}", path.display()), error)
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;

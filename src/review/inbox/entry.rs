//! A plan that lies in the inbox: what was said about it, when the last word was, and whose turn it is.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{PLAN, SUBMISSION, Submission, lock_file, unusable};
use crate::failure::{Exit, Failure};
use crate::review::rejection;

/// More nobody says about a plan.
const MAX_SUBMISSION: u64 = 64 << 10;

/// A plan in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) directory: PathBuf,
    /// What was said about it.
    pub submission: Submission,
}

/// The right to review a plan while nobody else does.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held, never read")] File);

impl Entry {
    /// Reads what was said about the plan in `directory`.
    pub(super) fn read(directory: &Path) -> Result<Entry, Failure> {
        let path = directory.join(SUBMISSION);
        let failed = |error: std::io::Error| unusable(&path, &error);
        // A pipe in its place would be waited for, and nobody would see the list.
        let data = fs::symlink_metadata(&path).map_err(failed)?;
        if !data.is_file() || data.len() > MAX_SUBMISSION {
            let error = std::io::Error::other("it is no file, or too large");
            return Err(unusable(&path, &error));
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        let broken = |why: String| {
            let error = format!("{} cannot be used: {why}", path.display());
            Failure::new(Exit::Internal, "inbox", error)
                .hint("Move its directory away; the other plans are not concerned.")
        };
        let submission: Submission = serde_json::from_str(&text)
            .map_err(|error| broken(format!("line {}: {error}", error.line())))?;
        // Everything that is shown and looked up by it goes by the name of the directory.
        if directory.file_name() != Some(submission.plan_sha256.as_ref()) {
            return Err(broken("it says that it is about another plan".into()));
        }
        Ok(Entry {
            directory: directory.to_owned(),
            submission,
        })
    }

    /// What names it: the digest of the plan.
    pub fn id(&self) -> &str {
        &self.submission.plan_sha256
    }

    /// The plan.
    pub fn plan(&self) -> PathBuf {
        self.directory.join(PLAN)
    }

    /// When somebody last decided on it: the newest of its rejection and its approvals.
    pub(super) fn last_word(&self) -> Option<SystemTime> {
        let approvals = fs::read_dir(self.directory.join(format!("{PLAN}.approvals")));
        let approvals = approvals.into_iter().flatten().flatten();
        approvals
            .map(|file| file.path())
            .chain([rejection::json_path(&self.plan())])
            .filter_map(|path| fs::metadata(path).and_then(|data| data.modified()).ok())
            .max()
    }

    /// Asks for the right to review it. `None` while somebody else has it.
    pub fn turn(&self) -> Result<Option<Turn>, Failure> {
        let path = self.directory.join(".lock");
        let lock = lock_file(&path).map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Turn(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }
}

//! A plan on its way in: put together beside the others, and renamed into its place.
//!
//! A process that is killed leaves nothing that looks like a plan; what it leaves is swept by whoever comes next.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Entry, Inbox, PLAN, SUBMISSION, Submission, UNFINISHED, lock_file, unusable};
use crate::failure::{Exit, Failure};
use crate::plan::input;
use crate::process::Directory;

/// A larger plan would fill the disk before a person has seen it.
pub(super) const MAX_PLAN: u64 = input::MAX_JSON_BYTES;

/// A plan that is being put together. Whoever drops it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    directory: Directory,
    // Keeps whoever cleans up away; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl Inbox {
    /// Begins to take a plan in: makes a private copy of the bytes of `plan`.
    pub fn begin(&self, plan: &Path) -> Result<Incoming, Failure> {
        let source = input::open(plan).map_err(|failure| {
            failure.hint("Submit the file that `terraform plan -out FILE` wrote.")
        })?;
        refuse_larger(plan, source.metadata().map_or(0, |data| data.len()))?;
        let lock_path = self.directory.join(".lock");
        let failed = |error: std::io::Error| unusable(&self.directory, &error);
        let lock = lock_file(&lock_path).map_err(failed)?;
        if lock.try_lock().is_ok() {
            // Nobody is putting anything together, so what looks like it was left by a process that was killed.
            self.sweep().map_err(failed)?;
            lock.unlock().map_err(failed)?;
        }
        lock.lock_shared().map_err(failed)?;
        let directory = Directory::new_in(&self.directory, UNFINISHED).map_err(failed)?;
        let mut copy = private_file(&directory.path().join(PLAN)).map_err(failed)?;
        let copied = std::io::copy(&mut source.take(MAX_PLAN + 1), &mut copy)
            .and_then(|copied| copy.sync_all().map(|()| copied))
            .map_err(failed)?;
        // It may have grown meanwhile.
        refuse_larger(plan, copied)?;
        Ok(Incoming {
            directory,
            _lock: lock,
        })
    }

    /// Takes the plan in. Returns its entry, and whether it is new: a plan that is there already stays as it is.
    pub fn finish(
        &self,
        incoming: Incoming,
        submission: &Submission,
    ) -> Result<(Entry, bool), Failure> {
        let failed = |error: std::io::Error| unusable(&self.directory, &error);
        let text = serde_json::to_vec_pretty(submission).expect("a submission is plain data");
        let mut file = private_file(&incoming.directory.path().join(SUBMISSION)).map_err(failed)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        sync(incoming.directory.path()).map_err(failed)?;
        let place = self.directory.join(&submission.plan_sha256);
        let new = match fs::rename(incoming.directory.path(), &place) {
            Ok(()) => {
                sync(&self.directory).map_err(failed)?;
                true
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                ) =>
            {
                false
            }
            Err(error) => return Err(failed(error)),
        };
        // Its old name is gone, or the plan was there before: then what was put together goes away.
        drop(incoming);
        Entry::read(&place).map(|entry| (entry, new))
    }

    /// Removes what was never finished.
    fn sweep(&self) -> std::io::Result<()> {
        for found in fs::read_dir(&self.directory)? {
            let found = found?;
            if found.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(found.path())?;
            }
        }
        Ok(())
    }
}

impl Incoming {
    /// The private copy: what is read to find out what the plan does.
    pub fn plan(&self) -> PathBuf {
        self.directory.path().join(PLAN)
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

fn refuse_larger(plan: &Path, bytes: u64) -> Result<(), Failure> {
    if bytes <= MAX_PLAN {
        return Ok(());
    }
    let error = format!("{} is too large for a plan", plan.display());
    Err(Failure::new(Exit::BadPlan, "plan-too-large", error)
        .expected(format!("at most {MAX_PLAN} bytes"), "more"))
}

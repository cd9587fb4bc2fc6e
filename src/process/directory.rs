//! A private directory: only we may enter it, and it goes away with us.

use std::io::{self, ErrorKind};
use std::path::Path;

use tempfile::{Builder, TempDir};

use super::kept;

/// How often it is tried to remove a directory that somebody still writes to.
const TRIES: usize = 10;

/// The directory. Whoever drops it removes it.
#[derive(Debug)]
pub struct Directory(TempDir);

impl Directory {
    /// Makes one where temporary files go.
    pub fn new() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir(), "undersign-")
    }

    /// Makes one in `place`, with a name that begins with `prefix`.
    pub fn new_in(place: &Path, prefix: &str) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix(prefix);
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        // Under the lock, so that whoever removes everything finds it, or it is not made.
        let mut kept = kept();
        kept.refuse_late()?;
        let directory = builder.tempdir_in(place)?;
        kept.directories.push(directory.path().to_owned());
        Ok(Directory(directory))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let path = self.path();
        remove(path);
        kept().directories.retain(|kept| kept != path);
    }
}

/// Removes a directory, as far as that can be done; it may be gone already, or somebody may be removing it as well.
pub(super) fn remove(path: &Path) {
    let gone = |_: &usize| match std::fs::remove_dir_all(path) {
        Ok(()) => true,
        Err(error) => error.kind() == ErrorKind::NotFound && !path.exists(),
    };
    (0..TRIES).find(gone);
}

//! Whether a file is still the one that was opened, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A file, and what it looked like when it was opened.
#[derive(Debug, Clone)]
pub struct Watched {
    path: PathBuf,
    then: Looks,
}

/// What changes when a file is written or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looks {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Looks {
    fn of(metadata: &Metadata) -> Self {
        Looks {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Watched {
    /// Remembers a regular file as it is now. A pipe or a device is no file that could be told from another.
    pub fn new(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(Watched {
            path: path.into(),
            then: Looks::of(&metadata),
        })
    }

    /// Whether it was written, replaced or taken away since.
    pub fn has_changed(&self) -> bool {
        std::fs::metadata(&self.path).map_or(true, |now| Looks::of(&now) != self.then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_replaced_or_gone_is_another_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("plan.json");
        let watch = || {
            std::fs::write(&path, "{}").unwrap();
            Watched::new(&path).unwrap()
        };
        let watched = watch();
        assert!(!watched.has_changed());
        std::fs::write(&path, "{ }").unwrap();
        assert!(watched.has_changed());
        let watched = watch();
        let other = place.path().join("other");
        std::fs::write(&other, "{}").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert!(watched.has_changed());
        let watched = watch();
        std::fs::remove_file(&path).unwrap();
        assert!(watched.has_changed());
        assert!(Watched::new(place.path()).is_none());
    }
}

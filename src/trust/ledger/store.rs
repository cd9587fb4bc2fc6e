//! Where the entries of a ledger lie: names that can be created once, read and listed, and never replaced.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::failure::{Exit, Failure};
use crate::trust::file;

/// A place for entries.
#[derive(Debug, Clone)]
pub(super) enum Store {
    /// A directory of this machine.
    Directory(PathBuf),
    /// An object store.
    #[cfg(feature = "remote-ledger")]
    Remote(super::remote::Remote),
}

impl Store {
    /// A directory, which is made if it is not there. Nobody else may be able to write to it.
    pub(super) fn directory(directory: &Path) -> Result<Self, Failure> {
        let store = Store::Directory(directory.to_owned());
        make_private(directory).map_err(|error| store.unavailable(&error))?;
        refuse_shared(directory)?;
        Ok(store)
    }

    /// An object store.
    #[cfg(feature = "remote-ledger")]
    pub(super) fn remote(url: &str) -> Result<Self, Failure> {
        super::remote::Remote::open(url).map(Store::Remote)
    }

    /// This program was built without object stores; the trust file that asks for one is refused earlier.
    #[cfg(not(feature = "remote-ledger"))]
    pub(super) fn remote(url: &str) -> Result<Self, Failure> {
        Err(unavailable(
            url,
            "this program was built without object stores",
        ))
    }

    /// Creates an entry that must not be there, and returns once it is safe.
    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match self {
            Store::Directory(directory) => create(directory, name, bytes),
            #[cfg(feature = "remote-ledger")]
            Store::Remote(remote) => remote.create(name, bytes),
        }
    }

    /// Reads an entry.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Store::Directory(directory) => fs::read(directory.join(name)),
            #[cfg(feature = "remote-ledger")]
            Store::Remote(remote) => remote.read(name),
        }
    }

    /// The names of all entries, sorted.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = match self {
            Store::Directory(directory) => fs::read_dir(directory)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<_>>>()?,
            #[cfg(feature = "remote-ledger")]
            Store::Remote(remote) => remote.names()?,
        };
        names.sort_unstable();
        Ok(names)
    }

    /// When an entry was written by the store's own clock. A directory has no other clock than this machine.
    #[cfg_attr(
        not(feature = "remote-ledger"),
        expect(
            clippy::unnecessary_wraps,
            reason = "only a remote store can fail here"
        )
    )]
    pub(super) fn written_at(&self, name: &str) -> io::Result<Option<Timestamp>> {
        match (self, name) {
            (Store::Directory(_), _) => Ok(None),
            #[cfg(feature = "remote-ledger")]
            (Store::Remote(remote), name) => remote.written_at(name).map(Some),
        }
    }

    /// When the newest entry was written by the store's own clock.
    #[cfg_attr(
        not(feature = "remote-ledger"),
        expect(
            clippy::unnecessary_wraps,
            reason = "only a remote store can fail here"
        )
    )]
    pub(super) fn newest(&self) -> io::Result<Option<Timestamp>> {
        match self {
            Store::Directory(_) => Ok(None),
            #[cfg(feature = "remote-ledger")]
            Store::Remote(remote) => remote.newest(),
        }
    }

    /// The refusal of whoever cannot use this store.
    pub(super) fn unavailable(&self, error: &io::Error) -> Failure {
        match self {
            Store::Directory(directory) => unavailable(&directory.display().to_string(), error),
            #[cfg(feature = "remote-ledger")]
            Store::Remote(remote) => unavailable(remote.url(), error),
        }
    }
}

/// The refusal of whoever cannot use a ledger.
pub(super) fn unavailable(place: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(
        Exit::LedgerUnavailable,
        "ledger",
        format!("the ledger cannot be used: {place}: {error}"),
    )
    .hint("Nothing is applied without a ledger; make its place usable.")
}

/// Creates a file that must not be there, and returns once the disk holds the file and its name.
fn create(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(directory.join(name))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whoever can write to the directory, or put another one in its place, can make a used plan unused.
fn refuse_shared(directory: &Path) -> Result<(), Failure> {
    file::refuse_shared(directory).map_err(|failure| Failure {
        exit: Exit::LedgerUnavailable,
        reason: "ledger-shared",
        error: format!("the ledger is not safe: {}", failure.error),
        ..failure
    })
}

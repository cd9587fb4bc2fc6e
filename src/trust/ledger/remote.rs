//! A ledger in an object store: entries are put only where there are none, and the store's clock is believed before ours.
//!
//! Credentials come from the variables that the store's own tools read (`AWS_…`, `GOOGLE_…`, `AZURE_…`). Whoever holds
//! them must not be able to delete: that is the bucket's business.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode};

use super::store::{Store, unavailable};
use crate::failure::Failure;

/// A store that does not answer in this time is unavailable, and then nothing is applied.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place in an object store.
#[derive(Clone)]
pub(super) struct Remote {
    url: String,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    runtime: Arc<tokio::runtime::Runtime>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.url).finish()
    }
}

impl Remote {
    pub(super) fn open(url: &str) -> Result<Self, Failure> {
        let parsed = url::Url::parse(url).map_err(|error| unavailable(url, error))?;
        // A directory is one under whatever name, and held as safe as one.
        if parsed.scheme() == "file"
            && let Ok(directory) = parsed.to_file_path()
        {
            Store::directory(&directory)?;
        }
        let options = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (store, prefix) = object_store::parse_url_opts(&parsed, options)
            .map_err(|error| unavailable(url, error))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unavailable(url, error))?;
        Ok(Remote {
            url: url.into(),
            store: store.into(),
            prefix,
            runtime: Arc::new(runtime),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn create(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        let put = self
            .store
            .put_opts(&path, bytes.to_vec().into(), PutMode::Create.into());
        self.wait(put).map(drop)
    }

    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path(name);
        self.wait(async { self.store.get(&path).await?.bytes().await })
            .map(|bytes| bytes.to_vec())
    }

    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        Ok(self
            .list()?
            .iter()
            .filter_map(|entry| entry.location.filename().map(str::to_owned))
            .collect())
    }

    pub(super) fn written_at(&self, name: &str) -> io::Result<Timestamp> {
        let path = self.path(name);
        self.wait(self.store.head(&path))
            .and_then(|entry| time_of(&entry))
    }

    pub(super) fn newest(&self) -> io::Result<Option<Timestamp>> {
        let times: io::Result<Vec<Timestamp>> = self.list()?.iter().map(time_of).collect();
        Ok(times?.into_iter().max())
    }

    fn list(&self) -> io::Result<Vec<ObjectMeta>> {
        self.wait(self.store.list(Some(&self.prefix)).try_collect())
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.clone().join(name)
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> io::Result<T> {
        let answer = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, work).await });
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(io::Error::new(kind(&error), error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn kind(error: &Error) -> io::ErrorKind {
    match error {
        Error::AlreadyExists { .. } | Error::Precondition { .. } => io::ErrorKind::AlreadyExists,
        Error::NotFound { .. } => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    }
}

fn time_of(entry: &ObjectMeta) -> io::Result<Timestamp> {
    Timestamp::from_second(entry.last_modified.timestamp()).map_err(io::Error::other)
}

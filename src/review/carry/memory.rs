//! What a reviewer said about a plan, kept after the draft is gone, with what the changes were in digests.
//!
//! One file a plan in the reviewer's own state directory, and one key for all of them. The file holds addresses, rule ids,
//! the reviewer's words and keyed digests: without the key it tells no value.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::identity::{CarryKey, Identity};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;
use crate::random;
use crate::review::log::Said;
use crate::review::{Key, private};

/// No review of people is longer; what is longer is no memory of ours.
const MAX_BYTES: u64 = 64 << 20;

/// One row of an earlier review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// What was said: an acknowledgement or an objection.
    pub said: Said,
    /// The actions of the plan then.
    pub actions: Vec<String>,
    /// How bad it was then.
    pub risk: String,
    /// Digest of the whole change.
    pub identity: String,
    /// Digests of its attributes, sorted.
    pub attributes: Vec<String>,
}

impl Remembered {
    /// What is to be remembered of a row.
    pub fn new(said: Said, judged: &crate::risk::Judged, identity: Identity) -> Self {
        let mut attributes: Vec<String> = identity
            .attributes
            .into_iter()
            .map(|(_, digest)| digest)
            .collect();
        attributes.sort();
        Remembered {
            said,
            actions: judged.effect.action_words(),
            risk: judged.risk().word().into(),
            identity: identity.whole,
            attributes,
        }
    }

    /// The row.
    pub fn key(&self) -> &Key {
        self.said.key()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: u32,
    plan_sha256: String,
    rows: Vec<Remembered>,
}

/// The memory of one plan.
#[derive(Debug, Clone)]
pub struct Memory {
    path: PathBuf,
    plan_sha256: String,
    key: CarryKey,
}

impl Memory {
    /// The memory of the plan with `digest` in `directory`, whether it exists or not. Makes the reviewer's key if there
    /// is none yet.
    pub fn open(directory: &Path, digest: &Sha256) -> Result<Self, Failure> {
        let plan_sha256 = HEXLOWER.encode(digest);
        Ok(Memory {
            path: directory.join(format!("{plan_sha256}.json")),
            plan_sha256,
            key: key(&directory.join("key"))?,
        })
    }

    /// The key that the digests are made with.
    pub fn carry_key(&self) -> &CarryKey {
        &self.key
    }

    /// Digest of the plan that is remembered.
    pub fn plan_sha256(&self) -> &str {
        &self.plan_sha256
    }

    /// Reads it. `None` if the plan was never reviewed here.
    pub fn load(&self) -> Result<Option<Vec<Remembered>>, Failure> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::io(self.path.display(), &error)),
        };
        let mut text = String::new();
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| Failure::io(self.path.display(), &error))?;
        let content: Content = serde_json::from_str(&text)
            .map_err(|error| self.unusable(&format!("line {}: {error}", error.line())))?;
        if content.schema != 1 {
            return Err(self.unusable(&format!("schema {} is not known", content.schema)));
        }
        if content.plan_sha256 != self.plan_sha256 {
            return Err(self.unusable("it is of another plan"));
        }
        Ok(Some(content.rows))
    }

    /// Writes it whole.
    pub fn save(&self, rows: &[Remembered]) -> Result<(), Failure> {
        let content = Content {
            schema: 1,
            plan_sha256: self.plan_sha256.clone(),
            rows: rows.to_vec(),
        };
        let bytes = serde_json::to_vec(&content).expect("a memory is plain data");
        private::replace(&self.path, &bytes)
            .map_err(|error| Failure::io(self.path.display(), &error))
    }

    fn unusable(&self, why: &str) -> Failure {
        Failure::new(
            Exit::Internal,
            "memory",
            format!("{} cannot be used: {why}", self.path.display()),
        )
        .hint("Review without --since; the file is left as it is.")
    }
}

/// Removes memories that nobody has added to for longer than `kept`; the reviewer's key stays. What cannot be removed is
/// left: it does no harm.
pub fn prune(directory: &Path, now: SystemTime, kept: Duration) {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let old = files.map(|file| file.path()).filter(|path| {
        let written = fs::metadata(path).and_then(|data| data.modified());
        let age = written.ok().and_then(|time| now.duration_since(time).ok());
        path.extension().is_some_and(|ending| ending == "json") && age.is_some_and(|age| age > kept)
    });
    for path in old {
        let _ = fs::remove_file(path);
    }
}

/// Reads the reviewer's key, or makes it. Of several who make it at once one wins, and all use that one.
fn key(path: &Path) -> Result<CarryKey, Failure> {
    let failed = |error: std::io::Error| Failure::io(path.display(), &error);
    let read = || -> Result<Option<CarryKey>, Failure> {
        match fs::read(path) {
            Ok(bytes) => bytes.try_into().map(CarryKey::new).map(Some).map_err(|_| {
                Failure::new(
                    Exit::Internal,
                    "carry-key",
                    format!("{} is not a key of 32 bytes", path.display()),
                )
                .hint("Remove it: a new one is made, and earlier reviews carry nothing over.")
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    };
    if let Some(key) = read()? {
        return Ok(key);
    }
    let bytes: [u8; 32] = random::bytes()?;
    let directory = path.parent().unwrap_or(Path::new("."));
    private::create_directory(directory).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(&bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(CarryKey::new(bytes)),
        Err(lost) => match read()? {
            Some(key) => Ok(key),
            None => Err(failed(lost.error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_memory_goes_and_the_key_stays() {
        let place = tempfile::tempdir().unwrap();
        let memory = Memory::open(place.path(), &[7; 32]).unwrap();
        memory.save(&[]).unwrap();
        let (now, day) = (SystemTime::now(), Duration::from_hours(24));
        prune(place.path(), now, day);
        assert!(memory.load().unwrap().is_some());
        prune(place.path(), now + 2 * day, day);
        assert!(memory.load().unwrap().is_none());
        assert!(place.path().join("key").exists());
    }
}

//! The draft: a review on disk that survives whatever happens to the program.
//!
//! Owns the file's shape, where it lies, and how it is written: whole, synced, renamed over the old one. One draft a
//! plan digest, so a draft is never taken for another plan.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::log::{Entry, Log};
use super::private;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// No review of people is longer; what is longer is no draft of ours.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: u32,
    plan_sha256: String,
    entries: Vec<Entry>,
}

/// The draft of one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    path: PathBuf,
    plan_sha256: String,
}

impl Draft {
    /// The draft of the plan with `digest` in `directory`, whether it exists or not.
    pub fn new(directory: &Path, digest: &Sha256) -> Self {
        let plan_sha256 = data_encoding::HEXLOWER.encode(digest);
        Draft {
            path: directory.join(format!("{plan_sha256}.json")),
            plan_sha256,
        }
    }

    /// Where the draft lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the log back. `None` if there is no draft; a draft that cannot be understood is refused by name and line,
    /// never overwritten.
    pub fn load(&self) -> Result<Option<Log>, Failure> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io("cannot be opened", &error)),
        };
        let mut text = String::new();
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| self.io("cannot be read", &error))?;
        let content: Content = serde_json::from_str(&text).map_err(|error| {
            self.unusable(&format!(
                "line {}, column {}: {error}",
                error.line(),
                error.column()
            ))
        })?;
        if content.schema != 1 {
            return Err(self.unusable(&format!(
                "schema {} is not known, only 1 is",
                content.schema
            )));
        }
        if content.plan_sha256 != self.plan_sha256 {
            return Err(self.unusable("it is the draft of another plan"));
        }
        Ok(Some(Log::replay(content.entries)))
    }

    /// Writes the log. When this returns, the draft is on disk; when it fails, the draft before is still whole.
    pub fn save(&self, log: &Log) -> Result<(), Failure> {
        let content = Content {
            schema: 1,
            plan_sha256: self.plan_sha256.clone(),
            entries: log.entries().to_vec(),
        };
        let bytes = serde_json::to_vec_pretty(&content).expect("a log is plain data");
        private::replace(&self.path, &bytes).map_err(|error| {
            self.io("cannot be saved", &error)
                .hint("What you said is still here. Make room or repair the directory, then say anything to save again.")
        })
    }

    /// Removes the draft when it is of no use any more.
    pub fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.io("cannot be removed", &error))
            }
            _ => Ok(()),
        }
    }

    fn io(&self, what: &str, error: &std::io::Error) -> Failure {
        Failure::io(format!("the draft {} {what}", self.path.display()), error)
    }

    fn unusable(&self, why: &str) -> Failure {
        Failure::new(
            Exit::Internal,
            "draft",
            format!("the draft {} cannot be used: {why}", self.path.display()),
        )
        .hint("Move it away to start the review anew; it is left as it is.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::log::Said;
    use crate::review::{Key, Objection};

    fn objection(reason: &str) -> Said {
        let key = Key {
            unit: None,
            kind: "change".into(),
            address: "a.b".into(),
            deposed: None,
        };
        Said::Object(Objection {
            key,
            reason: reason.into(),
        })
    }

    fn draft() -> (tempfile::TempDir, Draft) {
        let directory = tempfile::tempdir().unwrap();
        let draft = Draft::new(&directory.path().join("drafts"), &[7; 32]);
        (directory, draft)
    }

    #[test]
    fn what_was_saved_is_restored_with_its_undo() {
        let (_directory, draft) = draft();
        assert_eq!(draft.load(), Ok(None));
        let mut log = Log::default();
        log.say(objection("first"));
        log.say(objection("second"));
        log.undo();
        draft.save(&log).unwrap();
        assert_eq!(draft.load(), Ok(Some(log)));
        draft.remove().unwrap();
        draft.remove().unwrap();
        assert_eq!(draft.load(), Ok(None));
    }

    #[test]
    fn a_draft_that_does_not_parse_is_refused_by_name_and_line_and_kept() {
        let (_directory, draft) = draft();
        draft.save(&Log::default()).unwrap();
        for (text, why) in [
            ("{\n \"schema\": 1,\n", "line 3"),
            (
                r#"{"schema":1,"plan_sha256":"x","entries":[],"more":1}"#,
                "unknown field",
            ),
            (
                r#"{"schema":1,"schema":1,"plan_sha256":"x","entries":[]}"#,
                "duplicate field",
            ),
            (r#"{"schema":2,"plan_sha256":"x","entries":[]}"#, "schema 2"),
            (
                r#"{"schema":1,"plan_sha256":"x","entries":[]}"#,
                "another plan",
            ),
        ] {
            fs::write(draft.path(), text).unwrap();
            let failure = draft.load().unwrap_err();
            assert!(failure.error.contains(why), "{}", failure.error);
            assert!(failure.error.contains(&draft.path().display().to_string()));
            assert_eq!(fs::read_to_string(draft.path()).unwrap(), text);
        }
    }

    #[test]
    fn a_save_that_fails_leaves_the_draft_before_it() {
        let (_directory, draft) = draft();
        let mut log = Log::default();
        log.say(objection("kept"));
        draft.save(&log).unwrap();
        // For a while nothing can be written there, as when a disk is gone.
        let place = draft.path().parent().unwrap();
        let away = place.with_extension("away");
        fs::rename(place, &away).unwrap();
        fs::write(place, "").unwrap();
        let mut more = log.clone();
        more.say(objection("lost"));
        assert!(draft.save(&more).is_err());
        fs::remove_file(place).unwrap();
        fs::rename(&away, place).unwrap();
        assert_eq!(draft.load(), Ok(Some(log)));
        draft.save(&more).unwrap();
        assert_eq!(draft.load(), Ok(Some(more)));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_directory, draft) = draft();
        draft.save(&Log::default()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(draft.path()), 0o600);
        assert_eq!(mode(draft.path().parent().unwrap()), 0o700);
    }
}

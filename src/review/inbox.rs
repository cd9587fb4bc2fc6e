//! Plans that wait for a person: one directory each, named by the plan's digest, in a private directory of the user.
//!
//! Files and locks, no service. A plan comes in whole or not at all: it is put together beside the others and renamed into
//! its place, so a process that is killed leaves nothing that looks like a plan, and the same plan submitted twice is there
//! once. What a reviewer says lies beside the plan as always. Knows no signature and no ledger.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{is_counted, private};
use crate::failure::{Exit, Failure};
use crate::plan::input;
use crate::process::Directory;
use crate::risk::{Judged, Risk};

/// How long a plan stays after the last word on it.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Begins the names of plans that are still being put together.
const UNFINISHED: &str = ".new-";
/// A larger plan would fill the disk before a person has seen it.
const MAX_PLAN: u64 = input::MAX_JSON_BYTES;
/// Name of the plan in its directory.
const PLAN: &str = "plan";
/// Name of what the agent said about it.
const SUBMISSION: &str = "submission.json";
/// More nobody says about a plan.
const MAX_SUBMISSION: u64 = 64 << 10;

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

/// A plan in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    directory: PathBuf,
    /// What was said about it.
    pub submission: Submission,
}

/// A plan that is being put together. Whoever drops it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    directory: Directory,
    // Keeps whoever cleans up away; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// The right to review a plan while nobody else does.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held, never read")] File);

impl Inbox {
    /// The inbox in `directory`, which is made if it is not there. Only its owner can enter it.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        private::create_directory(directory).map_err(|error| unusable(directory, &error))?;
        Ok(Inbox {
            directory: directory.to_owned(),
        })
    }

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
        Self::entry(&place).map(|entry| (entry, new))
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
            match Self::entry(&self.directory.join(name)) {
                Ok(entry) => entries.push(entry),
                Err(failure) => unusable.push(failure),
            }
        }
        entries.sort_by(|a, b| {
            let of = |entry: &Entry| {
                (
                    std::cmp::Reverse(entry.submission.worst()),
                    entry.submission.submitted_at.clone(),
                    entry.submission.plan_sha256.clone(),
                )
            };
            of(a).cmp(&of(b))
        });
        Ok((entries, unusable))
    }

    /// The plan whose digest begins with `id`.
    pub fn find(&self, id: &str) -> Result<Entry, Failure> {
        let mut found = self.names()?;
        found.retain(|name| !id.is_empty() && name.starts_with(id));
        match (found.pop(), found.is_empty()) {
            (Some(name), true) => Self::entry(&self.directory.join(name)),
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

    fn entry(directory: &Path) -> Result<Entry, Failure> {
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

impl Entry {
    /// What names it: the digest of the plan.
    pub fn id(&self) -> &str {
        &self.submission.plan_sha256
    }

    /// The plan.
    pub fn plan(&self) -> PathBuf {
        self.directory.join(PLAN)
    }

    /// When somebody last decided on it: the newest of its rejection and its approvals.
    fn last_word(&self) -> Option<SystemTime> {
        let approvals = fs::read_dir(self.directory.join(format!("{PLAN}.approvals")));
        let approvals = approvals.into_iter().flatten().flatten();
        approvals
            .map(|file| file.path())
            .chain([self.directory.join(format!("{PLAN}.rejection.json"))])
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

fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn lock_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(format!("the inbox: {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(digit: char, risks: [usize; 4], at: &str) -> Submission {
        Submission {
            schema: 1,
            plan_sha256: digit.to_string().repeat(64),
            name: "plan.tfplan".into(),
            task: "add a bucket".into(),
            scope: None,
            submitted_at: at.into(),
            risks,
            asking: risks[0] + risks[1],
        }
    }

    fn place() -> (tempfile::TempDir, Inbox, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let plan = directory.path().join("plan.json");
        fs::write(&plan, "{}").unwrap();
        let inbox = Inbox::open(&directory.path().join("inbox")).unwrap();
        (directory, inbox, plan)
    }

    #[test]
    fn the_worst_comes_first_then_the_oldest() {
        let (_directory, inbox, plan) = place();
        for (digit, risks, at) in [
            ('a', [0, 1, 0, 0], "2026-11-22T10:00:00Z"),
            ('b', [1, 0, 0, 0], "2026-11-22T12:00:00Z"),
            ('c', [2, 0, 0, 0], "2026-11-22T11:00:00Z"),
        ] {
            let incoming = inbox.begin(&plan).unwrap();
            assert!(
                inbox
                    .finish(incoming, &submission(digit, risks, at))
                    .unwrap()
                    .1
            );
        }
        let ids: Vec<String> = inbox
            .list()
            .unwrap()
            .0
            .iter()
            .map(|entry| entry.id()[..1].to_owned())
            .collect();
        assert_eq!(ids, ["c", "b", "a"]);
        assert_eq!(inbox.find("b").unwrap().submission.risks, [1, 0, 0, 0]);
        assert_eq!(inbox.find("d").unwrap_err().reason, "unknown-id");
        assert_eq!(inbox.find("").unwrap_err().reason, "unknown-id");
    }

    #[test]
    fn what_is_no_file_or_too_large_is_not_copied() {
        let (directory, inbox, plan) = place();
        let refused = |path: &Path| {
            let failure = inbox.begin(path).unwrap_err();
            assert_eq!(failure.exit, Exit::BadPlan);
            failure.reason
        };
        assert_eq!(refused(&directory.path().join("none")), "io");
        assert_eq!(refused(directory.path()), "io");
        assert_eq!(refused(Path::new("/dev/zero")), "io");
        let huge = File::options().write(true).open(&plan).unwrap();
        huge.set_len(MAX_PLAN + 1).unwrap();
        assert_eq!(refused(&plan), "plan-too-large");
        assert_eq!(fs::read_dir(&inbox.directory).unwrap().count(), 0);
    }

    #[test]
    fn the_same_plan_is_there_once_with_the_first_words() {
        let (_directory, inbox, plan) = place();
        let first = submission('a', [0; 4], "2026-11-22T10:00:00Z");
        let mut second = first.clone();
        second.task = "something else".into();
        for (said, is_new) in [(&first, true), (&second, false)] {
            let incoming = inbox.begin(&plan).unwrap();
            let (entry, new) = inbox.finish(incoming, said).unwrap();
            assert_eq!((new, &entry.submission), (is_new, &first));
        }
        assert_eq!(inbox.list().unwrap().0.len(), 1);
        let left: Vec<_> = fs::read_dir(&inbox.directory).unwrap().collect();
        assert_eq!(left.len(), 2, "the plan and the lock");
    }

    /// Whoever can write into the inbox must not keep a person from the plans in it, nor speak for another plan.
    #[test]
    fn what_cannot_be_used_is_told_and_hides_no_other_plan() {
        let (_directory, inbox, plan) = place();
        let incoming = inbox.begin(&plan).unwrap();
        let good = submission('a', [1, 0, 0, 0], "2026-11-22T10:00:00Z");
        inbox.finish(incoming, &good).unwrap();
        let says = |name: &str, text: &str| {
            let directory = inbox.directory.join(name);
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join(SUBMISSION), text).unwrap();
        };
        let about = |id: &str| {
            let other = Submission {
                plan_sha256: id.into(),
                ..good.clone()
            };
            serde_json::to_string(&other).unwrap()
        };
        says(&"b".repeat(64), "no json");
        says(&"c".repeat(64), &about("\u{1b}[2J"));
        says(&"d".repeat(64), &about(&"a".repeat(64)));
        fs::create_dir(inbox.directory.join("e".repeat(64))).unwrap();
        says(&"f".repeat(64), &" ".repeat(70_000));
        let (entries, unusable) = inbox.list().unwrap();
        let ids: Vec<&str> = entries.iter().map(Entry::id).collect();
        assert_eq!((ids, unusable.len()), (vec![&*"a".repeat(64)], 5));
        assert_eq!(inbox.find("a").unwrap().submission, good);
        assert_eq!(inbox.find("d").unwrap_err().reason, "inbox");
        assert_eq!(inbox.prune(SystemTime::now()), Ok(0));
    }

    #[test]
    fn what_was_never_finished_is_no_plan_and_is_swept_only_when_nobody_is_at_it() {
        let (_directory, inbox, plan) = place();
        let killed = inbox.directory.join(".new-killed");
        fs::create_dir(&killed).unwrap();
        let at_it = inbox.begin(&plan).unwrap();
        assert!(!killed.exists());
        fs::create_dir(&killed).unwrap();
        let second = inbox.begin(&plan).unwrap();
        assert!(killed.exists() && at_it.plan().exists() && second.plan().exists());
        assert_eq!(inbox.list(), Ok((vec![], vec![])));
    }

    #[test]
    fn what_was_decided_long_ago_goes_and_what_waits_stays() {
        let (_directory, inbox, plan) = place();
        let add = |digit| {
            let said = submission(digit, [0; 4], "2020-01-01T00:00:00Z");
            inbox.finish(inbox.begin(&plan).unwrap(), &said).unwrap().0
        };
        let (waits, rejected, approved, in_review) = (add('a'), add('b'), add('c'), add('d'));
        let say = |entry: &Entry, name: &str| {
            let path = entry.directory.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "{}").unwrap();
        };
        say(&rejected, "plan.rejection.json");
        say(&approved, "plan.approvals/alice.json");
        say(&in_review, "plan.rejection.json");
        let _turn = in_review.turn().unwrap().unwrap();
        let day = Duration::from_hours(24);
        let now = SystemTime::now();
        assert_eq!(inbox.prune(now + KEPT - day), Ok(0));
        assert_eq!(inbox.prune(now + KEPT + day), Ok(2));
        assert_eq!(inbox.prune(now + KEPT + day), Ok(0));
        let left: Vec<Entry> = inbox.list().unwrap().0;
        assert_eq!(left, [waits, in_review]);
        let names: Vec<_> = fs::read_dir(&inbox.directory).unwrap().collect();
        assert_eq!(names.len(), 3, "two plans and the lock");
    }

    #[test]
    fn one_reviewer_at_a_time() {
        let (_directory, inbox, plan) = place();
        let incoming = inbox.begin(&plan).unwrap();
        let said = submission('a', [0; 4], "2026-11-22T10:00:00Z");
        let (entry, _) = inbox.finish(incoming, &said).unwrap();
        let turn = entry.turn().unwrap();
        assert!(turn.is_some());
        assert!(entry.turn().unwrap().is_none());
        drop(turn);
        assert!(entry.turn().unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_directory, inbox, plan) = place();
        let incoming = inbox.begin(&plan).unwrap();
        let said = submission('a', [0; 4], "2026-11-22T10:00:00Z");
        let (entry, _) = inbox.finish(incoming, &said).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inbox.directory), 0o700);
        assert_eq!(mode(&entry.directory), 0o700);
        assert_eq!(mode(&entry.plan()), 0o600);
        assert_eq!(mode(&entry.directory.join(SUBMISSION)), 0o600);
    }
}

//! Where a plan is marked as used, once.
//!
//! Terraform applies some saved plans as often as it is asked: plans without a prior state, and plans that change no
//! state. So the gate claims a plan before it runs the tool. A claim is a file that can be created and never replaced; the
//! outcome is written beside it and opens nothing again. A claim without an outcome means that nobody knows what happened.
//!
//! The ledger also remembers the newest time and the newest trust file it has seen, so that neither can be turned back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};

/// A ledger in a directory of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    directory: PathBuf,
}

/// What is written when a plan is claimed. Names and digests only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Digest of the plan file: what can be claimed once.
    pub plan_sha256: Hex,
    /// The scope it is applied in.
    pub scope: String,
    /// When.
    pub at: Utc,
    /// Who runs the gate, and on which machine.
    pub by: String,
    /// Who approved.
    pub persons: Vec<String>,
    /// The approvals that counted.
    pub approvals: Vec<Hex>,
    /// The trust file's name.
    pub trust_id: String,
    /// The trust file's version.
    pub trust_version: u64,
}

/// What became of a claimed plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The tool said that it applied everything.
    Applied,
    /// The tool failed. Parts of the plan may be applied.
    Failed,
    /// Nobody can say.
    Unknown,
}

impl Outcome {
    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeRecord {
    outcome: Outcome,
    at: Utc,
}

/// The right to apply a plan once. Whoever drops it without an outcome leaves "unknown" behind.
#[derive(Debug)]
#[must_use = "the outcome must be recorded"]
pub struct Claim {
    outcome_path: PathBuf,
}

impl Claim {
    /// Records what became of the plan.
    pub fn record(self, outcome: Outcome, at: Timestamp) -> Result<(), Failure> {
        let record = OutcomeRecord {
            outcome,
            at: Utc::of(at),
        };
        create(&self.outcome_path, &record)
            .map_err(|error| unavailable(&self.outcome_path, &error))
            .map_err(|failure| {
                failure.hint(format!(
                    "The outcome was: {}. The plan stays used.",
                    outcome.word()
                ))
            })
    }
}

impl Ledger {
    /// Opens the ledger at `directory`, and makes it if it is not there. Nobody else may be able to write to it.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        make_private(directory).map_err(|error| unavailable(directory, &error))?;
        refuse_shared(directory)?;
        Ok(Ledger {
            directory: directory.to_owned(),
        })
    }

    /// Where the ledger of this user is, unless the trust file names another place.
    pub fn default_place() -> Result<PathBuf, Failure> {
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().map_err(|error| {
            Failure::new(
                Exit::LedgerUnavailable,
                "ledger",
                format!("no place for a ledger: {error}"),
            )
        })?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(state.join("undersign").join("ledger"))
    }

    /// Refuses a clock or a trust file older than what the ledger has seen.
    pub fn refuse_rollback(
        &self,
        now: Timestamp,
        skew: SignedDuration,
        trust_id: &str,
        trust_version: u64,
    ) -> Result<(), Failure> {
        for record in self.records()? {
            let seen = record.at.time();
            if seen.duration_since(now) > skew {
                return Err(Failure::new(
                    Exit::OutOfTime,
                    "clock-rollback",
                    "the clock stands earlier than the newest entry of the ledger",
                )
                .expected(format!("at or after {seen}"), now.to_string())
                .hint("Set the clock of this machine right."));
            }
            if record.trust_id == trust_id && record.trust_version > trust_version {
                return Err(Failure::new(
                    Exit::TrustUnsafe,
                    "trust-older",
                    format!("the trust file {trust_id} is older than one that was used before"),
                )
                .expected(
                    format!("version {} or later", record.trust_version),
                    trust_version.to_string(),
                ));
            }
        }
        Ok(())
    }

    /// Claims a plan. Of any number of callers exactly one gets the claim, ever.
    pub fn claim(&self, record: &Record) -> Result<Claim, Failure> {
        let path = self.claim_path(record.plan_sha256);
        match create(&path, record) {
            Ok(()) => Ok(Claim {
                outcome_path: self.outcome_path(record.plan_sha256),
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(self.used(record.plan_sha256))
            }
            Err(error) => Err(unavailable(&path, &error)),
        }
    }

    /// Refuses a plan that is claimed already; claims nothing.
    pub fn refuse_used(&self, plan: Hex) -> Result<(), Failure> {
        match self.claim_path(plan).try_exists() {
            Ok(false) => Ok(()),
            Ok(true) => Err(self.used(plan)),
            Err(error) => Err(unavailable(&self.directory, &error)),
        }
    }

    /// What became of a claimed plan. A claim whose outcome is missing or unreadable reads as unknown.
    pub fn outcome(&self, plan: Hex) -> Outcome {
        read::<OutcomeRecord>(&self.outcome_path(plan))
            .map_or(Outcome::Unknown, |record| record.outcome)
    }

    fn used(&self, plan: Hex) -> Failure {
        let when = match read::<Record>(&self.claim_path(plan)) {
            Ok(record) => format!("at {} by {}", record.at, record.by),
            // The claim counts even where its text was lost.
            Err(_) => "at a time that cannot be read".into(),
        };
        Failure::new(
            Exit::AlreadyUsed,
            "already-used",
            format!(
                "this plan was used {when}; outcome: {}",
                self.outcome(plan).word()
            ),
        )
        .expected("an unused plan", plan.to_string())
        .hint("Make a new plan, and have it reviewed.")
    }

    fn records(&self) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        let entries =
            fs::read_dir(&self.directory).map_err(|error| unavailable(&self.directory, &error))?;
        for entry in entries {
            let path = entry
                .map_err(|error| unavailable(&self.directory, &error))?
                .path();
            if path
                .extension()
                .is_some_and(|extension| extension == "claim")
            {
                // A claim that was cut off by a crash still counts as used; it only remembers no time.
                records.extend(read(&path).ok());
            }
        }
        Ok(records)
    }

    fn claim_path(&self, plan: Hex) -> PathBuf {
        self.directory.join(format!("{plan}.claim"))
    }

    fn outcome_path(&self, plan: Hex) -> PathBuf {
        self.directory.join(format!("{plan}.outcome"))
    }
}

/// Creates a file that must not be there, and returns once the disk holds the file and its name.
fn create(path: &Path, record: &impl Serialize) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_all()?;
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<T> {
    serde_json::from_reader(io::BufReader::new(File::open(path)?)).map_err(io::Error::from)
}

fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(unix)]
fn refuse_shared(directory: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(directory).map_err(|error| unavailable(directory, &error))?;
    if metadata.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Exit::LedgerUnavailable,
        "ledger-shared",
        format!("others can write to the ledger {}", directory.display()),
    )
    .expected(
        "mode 0700",
        format!("mode {:04o}", metadata.mode() & 0o7777),
    )
    .hint(format!("chmod go-w {}", directory.display())))
}

#[cfg(not(unix))]
fn refuse_shared(_directory: &Path) -> Result<(), Failure> {
    Ok(())
}

fn unavailable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::LedgerUnavailable,
        "ledger",
        format!("the ledger cannot be used: {}: {error}", path.display()),
    )
    .hint("Nothing is applied without a ledger; make its directory usable.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn record(plan: u8, at: &str) -> Record {
        Record {
            plan_sha256: Hex([plan; 32]),
            scope: "prod/network".into(),
            at: Utc::of(time(at)),
            by: "runner@ci".into(),
            persons: vec!["alice".into()],
            approvals: vec![Hex([9; 32])],
            trust_id: "corp".into(),
            trust_version: 7,
        }
    }

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("state/ledger")).unwrap();
        (dir, ledger)
    }

    #[test]
    fn a10_of_sixteen_racing_claims_one_wins() {
        let (_dir, ledger) = ledger();
        let start = std::sync::Barrier::new(16);
        let won: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        match ledger.claim(&record(1, "2026-11-22T10:00:00Z")) {
                            Ok(_) => 1,
                            Err(failure) => {
                                assert_eq!(failure.exit, Exit::AlreadyUsed);
                                0
                            }
                        }
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    }

    #[test]
    fn a_second_claim_says_when_and_by_whom_and_what_became_of_it() {
        let (_dir, ledger) = ledger();
        let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
        let refused = |ledger: &Ledger| {
            ledger
                .claim(&record(1, "2026-11-22T11:00:00Z"))
                .unwrap_err()
                .error
        };
        assert_eq!(
            refused(&ledger),
            "this plan was used at 2026-11-22T10:00:00Z by runner@ci; outcome: unknown"
        );
        claim
            .record(Outcome::Failed, time("2026-11-22T10:00:09Z"))
            .unwrap();
        assert!(refused(&ledger).ends_with("outcome: failed"));
        assert_eq!(
            ledger.refuse_used(Hex([1; 32])).unwrap_err().exit,
            Exit::AlreadyUsed
        );
        ledger.refuse_used(Hex([2; 32])).unwrap();
        let _other = ledger.claim(&record(2, "2026-11-22T11:00:00Z")).unwrap();
    }

    #[test]
    fn an_outcome_never_replaces_another_one() {
        let (_dir, ledger) = ledger();
        let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
        let again = Claim {
            outcome_path: claim.outcome_path.clone(),
        };
        claim
            .record(Outcome::Failed, time("2026-11-22T10:00:09Z"))
            .unwrap();
        let failure = again
            .record(Outcome::Applied, time("2026-11-22T10:00:10Z"))
            .unwrap_err();
        assert_eq!(failure.exit, Exit::LedgerUnavailable);
        assert_eq!(ledger.outcome(Hex([1; 32])), Outcome::Failed);
    }

    #[test]
    fn a38_a_claim_that_was_cut_off_stays_used() {
        let (_dir, ledger) = ledger();
        fs::write(ledger.claim_path(Hex([1; 32])), b"{\"planSha").unwrap();
        let failure = ledger
            .claim(&record(1, "2026-11-22T10:00:00Z"))
            .unwrap_err();
        assert_eq!(failure.exit, Exit::AlreadyUsed);
        assert_eq!(ledger.outcome(Hex([1; 32])), Outcome::Unknown);
    }

    #[test]
    fn a11_a_clock_set_back_is_refused() {
        let (_dir, ledger) = ledger();
        let _claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
        let minute = SignedDuration::from_secs(60);
        let at = |now: &str| ledger.refuse_rollback(time(now), minute, "corp", 7);
        at("2026-11-22T09:59:30Z").unwrap();
        at("2026-11-23T10:00:00Z").unwrap();
        let failure = at("2026-11-22T09:58:00Z").unwrap_err();
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::OutOfTime, "clock-rollback")
        );
    }

    #[test]
    fn a13_an_older_trust_file_is_refused() {
        let (_dir, ledger) = ledger();
        let _claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
        let with = |id: &str, version| {
            ledger.refuse_rollback(
                time("2026-11-22T11:00:00Z"),
                SignedDuration::ZERO,
                id,
                version,
            )
        };
        with("corp", 7).unwrap();
        with("corp", 8).unwrap();
        with("other", 1).unwrap();
        assert_eq!(with("corp", 6).unwrap_err().exit, Exit::TrustUnsafe);
    }

    #[test]
    #[cfg(unix)]
    fn a37_a_ledger_that_is_shared_or_missing_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, ledger) = ledger();
        let mode = fs::metadata(&ledger.directory)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::set_permissions(&ledger.directory, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(
            Ledger::open(&ledger.directory).unwrap_err().reason,
            "ledger-shared"
        );
        fs::remove_dir(&ledger.directory).unwrap();
        let failure = ledger
            .claim(&record(1, "2026-11-22T10:00:00Z"))
            .unwrap_err();
        assert_eq!(failure.exit, Exit::LedgerUnavailable);
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        assert_eq!(
            Ledger::open(&file).unwrap_err().exit,
            Exit::LedgerUnavailable
        );
    }
}

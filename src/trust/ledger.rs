//! Where a plan is marked as used, once.
//!
//! Terraform applies some saved plans as often as it is asked: plans without a prior state, and plans that change no
//! state. So the gate claims a plan before it runs the tool. A claim is a file that can be created and never replaced; the
//! outcome is written beside it and opens nothing again. A claim without an outcome means that nobody knows what happened.
//!
//! The ledger also remembers the newest time and the newest trust file it has seen, so that neither can be turned back.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::approval::statement::{Hex, Utc};
use crate::failure::{Exit, Failure};

pub mod emergencies;
#[cfg(feature = "remote-ledger")]
mod remote;
mod store;

use store::Store;

/// A ledger: in a directory of this machine, or in an object store.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Store,
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
    store: Store,
    plan: Hex,
}

impl Claim {
    /// Records what became of the plan.
    pub fn record(self, outcome: Outcome, at: Timestamp) -> Result<(), Failure> {
        let record = OutcomeRecord {
            outcome,
            at: Utc::of(at),
        };
        self.store
            .create(&outcome_name(self.plan), &line(&record))
            .map_err(|error| {
                self.store.unavailable(&error).hint(format!(
                    "The outcome was: {}. The plan stays used.",
                    outcome.word()
                ))
            })
    }

    /// When the plan was claimed by the store's own clock, where it has one.
    pub fn at(&self) -> Result<Option<Timestamp>, Failure> {
        self.store
            .written_at(&claim_name(self.plan))
            .map_err(|error| self.store.unavailable(&error))
    }
}

impl Ledger {
    /// Opens the ledger at `directory`, and makes it if it is not there. Nobody else may be able to write to it.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        let store = Store::directory(directory)?;
        Ok(Ledger { store })
    }

    /// Opens the ledger that a trust file names, or that of this user.
    pub fn of(place: Option<&super::Ledger>) -> Result<Self, Failure> {
        match place {
            None => Self::open(&Self::default_place()?),
            Some(super::Ledger::Dir(directory)) => Self::open(directory),
            Some(super::Ledger::Remote(url)) => Ok(Ledger {
                store: Store::remote(url)?,
            }),
        }
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
        // A store with a clock of its own knows the time better than whoever wrote an entry.
        let newest = self
            .store
            .newest()
            .map_err(|error| self.store.unavailable(&error))?;
        refuse_earlier(newest, now, skew)?;
        for record in self.records()? {
            refuse_earlier(Some(record.at.time()), now, skew)?;
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
        match self
            .store
            .create(&claim_name(record.plan_sha256), &line(record))
        {
            Ok(()) => Ok(Claim {
                store: self.store.clone(),
                plan: record.plan_sha256,
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(self.used(record.plan_sha256))
            }
            Err(error) => Err(self.store.unavailable(&error)),
        }
    }

    /// Refuses a plan that is claimed already; claims nothing.
    pub fn refuse_used(&self, plan: Hex) -> Result<(), Failure> {
        match self.store.read(&claim_name(plan)) {
            Ok(_) => Err(self.used(plan)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.store.unavailable(&error)),
        }
    }

    /// What became of a claimed plan. A claim whose outcome is missing or unreadable reads as unknown.
    pub fn outcome(&self, plan: Hex) -> Outcome {
        self.read::<OutcomeRecord>(&outcome_name(plan))
            .map_or(Outcome::Unknown, |record| record.outcome)
    }

    fn used(&self, plan: Hex) -> Failure {
        let when = match self.read::<Record>(&claim_name(plan)) {
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

    /// Every claim that can be read, in no order.
    pub fn records(&self) -> Result<Vec<Record>, Failure> {
        let names = self
            .store
            .names()
            .map_err(|error| self.store.unavailable(&error))?;
        // A claim that was cut off by a crash still counts as used; it only remembers no time.
        Ok(names
            .iter()
            .filter(|name| name.ends_with(CLAIM))
            .filter_map(|name| self.read(name).ok())
            .collect())
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, name: &str) -> io::Result<T> {
        serde_json::from_slice(&self.store.read(name)?).map_err(io::Error::from)
    }
}

const CLAIM: &str = ".claim";

fn claim_name(plan: Hex) -> String {
    format!("{plan}{CLAIM}")
}

fn outcome_name(plan: Hex) -> String {
    format!("{plan}.outcome")
}

/// An entry: JSON on one line.
fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("texts and numbers");
    line.push(b'\n');
    line
}

fn refuse_earlier(
    seen: Option<Timestamp>,
    now: Timestamp,
    skew: SignedDuration,
) -> Result<(), Failure> {
    match seen {
        Some(seen) if seen.duration_since(now) > skew => Err(Failure::new(
            Exit::OutOfTime,
            "clock-rollback",
            "the clock stands earlier than the newest entry of the ledger",
        )
        .expected(format!("at or after {seen}"), now.to_string())
        .hint("Set the clock of this machine right.")),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
            store: claim.store.clone(),
            plan: claim.plan,
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
        let (dir, ledger) = ledger();
        let claim = dir
            .path()
            .join("state/ledger")
            .join(claim_name(Hex([1; 32])));
        fs::write(claim, b"{\"planSha").unwrap();
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
    #[cfg(feature = "remote-ledger")]
    fn a10_an_object_store_gives_one_claim_and_its_own_time() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("file://{}/prod", dir.path().display());
        let open = || Ledger::of(Some(&crate::trust::Ledger::Remote(url.clone()))).unwrap();
        let ledger = open();
        ledger.refuse_used(Hex([1; 32])).unwrap();
        let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
        let written = claim.at().unwrap().expect("the store has a clock");
        claim
            .record(Outcome::Applied, time("2026-11-22T10:00:09Z"))
            .unwrap();
        let again = open()
            .claim(&record(1, "2026-11-22T11:00:00Z"))
            .unwrap_err();
        assert_eq!(again.exit, Exit::AlreadyUsed);
        assert!(again.error.ends_with("outcome: applied"), "{}", again.error);
        assert_eq!(open().records().unwrap().len(), 1);
        let hour = SignedDuration::from_hours(1);
        let early = open()
            .refuse_rollback(written - SignedDuration::from_hours(2), hour, "corp", 7)
            .unwrap_err();
        assert_eq!(early.reason, "clock-rollback");
        // A place that is none is no ledger, and nothing is applied.
        let nowhere = crate::trust::Ledger::Remote("s3:///".into());
        let failure = Ledger::of(Some(&nowhere)).unwrap_err();
        assert_eq!(failure.exit, Exit::LedgerUnavailable);
    }

    #[test]
    #[cfg(unix)]
    fn a37_a_ledger_that_is_shared_or_missing_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, ledger) = ledger();
        let directory = dir.path().join("state/ledger");
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(
            Ledger::open(&directory).unwrap_err().reason,
            "ledger-shared"
        );
        fs::remove_dir(&directory).unwrap();
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

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
mod tests;

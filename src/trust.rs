//! Whose signature counts, how many, how strong, for which target.
//!
//! Owns the trust file and every question about people: which key is whose, whether it may sign now, and whether those
//! who signed are enough. Counts persons, never keys and never files. Knows signatures through [`crate::approval`];
//! knows no plan, no screen and no clock.
//!
//! What a trust file asks for and this version cannot enforce is refused when the file is read.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::approval::key::{KeyType, PublicKey};
use crate::approval::sshsig::Assurance;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

pub mod approvals;
pub mod config;
pub mod file;
pub mod init;
pub mod ledger;
mod load;
pub mod people;
pub mod policies;
pub mod scope;

/// A trust file that was read, checked and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Its name.
    pub id: String,
    /// Goes up with every change.
    pub version: u64,
    /// What is not read any further.
    pub limits: Limits,
    /// What a signature must be.
    pub signing: Signing,
    /// Who may sign.
    pub persons: Vec<Person>,
    /// Fingerprints that never count again, with the reason.
    pub revoked: BTreeMap<String, String>,
    /// Names for several persons.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Targets, each with its rules.
    pub scopes: Vec<Scope>,
    /// How the gate runs the tool.
    pub runner: Runner,
    /// Policies that every plan is held against.
    pub policy: Option<Policy>,
    /// Conditions that must hold when a plan is applied.
    pub conditions: Option<Conditions>,
    /// Where a plan is marked as used.
    pub ledger: Option<Ledger>,
    /// Who may apply without waiting for the ordinary rules; nobody where it is not there.
    pub break_glass: Option<BreakGlass>,
}

/// Policies that every plan is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Where they are.
    pub directory: std::path::PathBuf,
    /// Digest of everything that decides what they say.
    pub sha256: Option<Sha256>,
    /// Whether a reviewer's own reason accepts a deny; else only a comment in the configuration does.
    pub reviewer_overrides: bool,
}

/// Conditions in Rego that must hold when a plan is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Where they are.
    pub directory: std::path::PathBuf,
    /// Digest of everything that decides what they say.
    pub sha256: Option<Sha256>,
}

impl Trust {
    /// Reads the text of a trust file; `shown` names it in errors.
    pub fn parse(shown: &str, text: &str) -> Result<Self, Failure> {
        load::load(shown, text)
    }

    /// The person and the entry that a key belongs to.
    pub fn owner(&self, key: &PublicKey) -> Option<(&Person, &Key)> {
        self.persons.iter().find_map(|person| {
            Some((
                person,
                person.keys.iter().find(|entry| entry.public == *key)?,
            ))
        })
    }

    /// The members of the groups named, each once.
    pub fn members<'a>(&'a self, groups: &'a [String]) -> std::collections::BTreeSet<&'a str> {
        groups
            .iter()
            .filter_map(|group| self.groups.get(group))
            .flatten()
            .map(String::as_str)
            .collect()
    }

    /// Asks whether a person may declare an emergency.
    pub fn may_break_glass(&self, person: &str) -> Result<(), Failure> {
        let persons = match &self.break_glass {
            Some(rules) => rules.persons.as_slice(),
            None => &[],
        };
        if persons.iter().any(|named| named == person) {
            return Ok(());
        }
        let may = if persons.is_empty() {
            "nobody".into()
        } else {
            persons.join(", ")
        };
        Err(Failure::new(
            Exit::TooFewPeople,
            "break-glass-person",
            format!("{person} may not declare an emergency"),
        )
        .expected(may, person)
        .hint("Who may is said under [break_glass] in the trust file."))
    }
}

/// What is not read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of a plan file.
    pub max_plan_bytes: u64,
    /// Size of a plan JSON.
    pub max_json_bytes: u64,
    /// Size of an approval.
    pub max_approval_bytes: u64,
    /// Number of changes in a plan.
    pub max_changes: u64,
    /// How far two clocks may differ.
    pub clock_skew: SignedDuration,
}

/// What a signature must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// SSHSIG namespace of approvals.
    pub namespace: String,
    /// SSHSIG namespace of emergencies.
    pub breakglass_namespace: String,
    /// Key types that count.
    pub key_types: Vec<KeyType>,
    /// Whether a private key file without passphrase may sign.
    pub allow_unencrypted_keys: bool,
}

/// Somebody who may sign, with one or several keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What is counted.
    pub id: String,
    /// Their keys. None of them belongs to anybody else.
    pub keys: Vec<Key>,
}

/// A key and when it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub public: PublicKey,
    /// It counts from then on.
    pub not_before: Option<Timestamp>,
    /// It counts until then.
    pub not_after: Option<Timestamp>,
}

/// Targets and the rules that hold for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name in approvals.
    pub id: String,
    /// Which targets it is about.
    pub matching: Matching,
    /// How many persons must approve.
    pub approvals: usize,
    /// Groups they must be from; anybody in the trust file where empty.
    pub from: Vec<String>,
    /// What every approval must prove.
    pub min_assurance: Assurance,
    /// How many of the persons must have proved touch.
    pub min_hardware: usize,
    /// Whether who asked for the change may not approve it.
    pub exclude_requester: bool,
    /// The longest time between signing and use.
    pub max_age: SignedDuration,
    /// When plans may be applied; always where empty.
    pub windows: Vec<Window>,
    /// Digest of the rules that plans must be judged by.
    pub ruleset_sha256: Option<Sha256>,
    /// More people for some rules.
    pub extra: Vec<Extra>,
}

/// Which targets a scope is about. What is not given matches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// Backend type.
    pub backend: Option<String>,
    /// Workspace.
    pub workspace: Option<String>,
    /// Lineages of the state; any where empty.
    pub state_lineage: Vec<String>,
}

/// More people for some rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Rule ids: one of them is enough to ask.
    pub rules: Vec<String>,
    /// Groups that the persons must be from.
    pub from: Vec<String>,
    /// How many of them.
    pub approvals: usize,
}

/// A time of the week in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Days on which it opens.
    pub days: Vec<jiff::civil::Weekday>,
    /// First minute.
    pub from: jiff::civil::Time,
    /// First minute that is outside again.
    pub to: jiff::civil::Time,
}

/// How the gate runs the tool. Whoever applies must obey every field or refuse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runner {
    /// Absolute path of terraform or tofu.
    pub tool: Option<std::path::PathBuf>,
    /// Digests of which the tool must have one; any where empty.
    pub tool_sha256: Vec<Sha256>,
    /// Versions of which the tool must have one; any where empty.
    pub tool_versions: Vec<String>,
    /// CLI configuration for the tool.
    pub cli_config: Option<std::path::PathBuf>,
    /// What the plan's dependency lock must be.
    pub lock_file: LockFile,
    /// Where the tool runs.
    pub workdir: Workdir,
    /// Names of variables that are passed on.
    pub env_pass: Vec<String>,
    /// Variables that are set.
    pub env_set: BTreeMap<String, String>,
    /// Programs that must answer as expected before anything is applied.
    pub preflight: Vec<Preflight>,
}

/// A program that must answer as expected before anything is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The program, by an absolute path, and its arguments.
    pub argv: Vec<String>,
    /// What it must print, without the line feed at its end; where it is not given, a good end is enough.
    pub expect: Option<String>,
    /// How long it may take.
    pub timeout: SignedDuration,
}

/// What the plan's dependency lock must be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LockFile {
    /// Anything.
    #[default]
    Any,
    /// Every provider has a hash.
    RequireHashes,
    /// The same as this file.
    Same(std::path::PathBuf),
}

/// Where the tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Workdir {
    /// In an empty directory, so that only what is in the plan can be used.
    PlanOnly,
    /// In a private directory with copies of the files whose digests the approval binds.
    Manifest,
    /// In the configuration's own directory.
    #[default]
    AsIs,
}

/// Where a plan is marked as used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ledger {
    /// A directory.
    Dir(std::path::PathBuf),
    /// A place in an object store: `s3://…`, `gs://…`, `az://…` or `file:///…`.
    Remote(String),
}

/// The rules of an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// Who may.
    pub persons: Vec<String>,
    /// What their signature must prove: never less than touch.
    pub min_assurance: Assurance,
    /// The longest time between signing and use.
    pub max_age: SignedDuration,
}

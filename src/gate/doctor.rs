//! What a set-up rests on, fact by fact: who can change what decides, who can sign without a person, who has credentials.
//!
//! Looks and changes nothing. What it cannot see, such as who else knows a password, it does not claim.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::level::Level;
use super::tool::refuse_writable;
use super::verify::{is_ours, is_program_safe};
use crate::approval::agent;
use crate::approval::key::{Protection, inspect_private};
use crate::approval::sshsig::Assurance;
use crate::trust::file::HeldBy;
use crate::trust::ledger::Ledger;
use crate::trust::{self, Trust, Workdir};

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What the trust file says.
    pub trust: &'a Trust,
    /// Where it is.
    pub trust_file: &'a Path,
    /// What keeps others from changing it.
    pub held_by: HeldBy,
    /// A plan as the agent makes them.
    pub plan: Option<&'a Path>,
    /// The home directory of this user.
    pub home: &'a Path,
    /// Where an ssh-agent listens.
    pub agent: Option<&'a Path>,
    /// The environment.
    pub variables: &'a [(OsString, OsString)],
    /// The time.
    pub now: Timestamp,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Whether it is as it should be.
    pub good: bool,
    /// What was seen.
    pub said: String,
    /// What would make it better.
    pub step: Option<String>,
}

/// The level that a set-up gives, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The level.
    pub level: Level,
    /// Why.
    pub facts: Vec<Fact>,
}

/// Files with credentials, within the home directory.
const CREDENTIAL_FILES: [&str; 6] = [
    ".aws/credentials",
    ".aws/sso/cache",
    ".azure/msal_token_cache.json",
    ".config/gcloud/application_default_credentials.json",
    ".terraform.d/credentials.tfrc.json",
    ".kube/config",
];

/// Variables that hold credentials, or begin so.
const CREDENTIAL_VARIABLES: [&str; 7] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ARM_CLIENT_SECRET",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "TF_TOKEN_",
];

/// Looks at everything.
pub fn look(seen: &Seen<'_>) -> Diagnosis {
    let level = Level::of(
        seen.held_by,
        seen.trust,
        seen.plan.is_none_or(is_ours),
        is_program_safe(),
    );
    let mut facts = vec![trust_file(seen), program(), tool(seen), workdir(seen)];
    facts.extend(ledger(seen));
    facts.extend(scopes(seen));
    facts.extend(loaded_keys(seen));
    facts.extend(bare_keys(seen));
    facts.extend(credentials(seen));
    facts.extend(onlookers(seen));
    Diagnosis { level, facts }
}

fn good(said: impl Into<String>) -> Fact {
    Fact {
        good: true,
        said: said.into(),
        step: None,
    }
}

fn weak(said: impl Into<String>, step: impl Into<String>) -> Fact {
    Fact {
        good: false,
        said: said.into(),
        step: Some(step.into()),
    }
}

fn trust_file(seen: &Seen<'_>) -> Fact {
    let path = seen.trust_file.display();
    match seen.held_by {
        HeldBy::Digest => good(format!("the trust file {path} is pinned by its digest")),
        HeldBy::OtherUser => good(format!(
            "the trust file {path} belongs to another user, and this one cannot write it"
        )),
        HeldBy::Nobody => weak(
            format!(
                "this user can write the trust file {path}, and with it decide whose signature counts"
            ),
            "Give it to root, or pin it: --trust-sha256.",
        ),
    }
}

fn program() -> Fact {
    let Ok(program) = std::env::current_exe() else {
        return weak(
            "where this program lies cannot be found out",
            "Install undersign where only root can write.",
        );
    };
    let path = program.display();
    if refuse_writable(&program).is_err() {
        return weak(
            format!("others can change this program, {path}"),
            "Install undersign where only root can write.",
        );
    }
    if is_ours(&program) {
        return weak(
            format!("this user can change this program, {path}"),
            "Install undersign where only root can write.",
        );
    }
    good(format!("only root can change this program, {path}"))
}

fn tool(seen: &Seen<'_>) -> Fact {
    let runner = &seen.trust.runner;
    match (&runner.tool, runner.tool_sha256.is_empty()) {
        (_, false) => good("the tool is pinned by its digest"),
        (Some(path), true) => weak(
            format!("the tool {} is named, not pinned", path.display()),
            "Put its digest into tool_sha256 under [runner].",
        ),
        (None, true) => weak(
            "the first terraform or tofu on PATH is run",
            "Name the tool and its digest under [runner] in the trust file.",
        ),
    }
}

fn workdir(seen: &Seen<'_>) -> Fact {
    match seen.trust.runner.workdir {
        Workdir::PlanOnly => {
            good("plans are applied in an empty directory, with providers fetched again")
        }
        Workdir::Manifest => {
            good("plans are applied among copies of the files that the approval binds")
        }
        Workdir::AsIs => weak(
            "plans are applied in the configuration's own directory: its providers and scripts are run as they lie there",
            "Set workdir = \"plan-only\" or \"manifest\" under [runner].",
        ),
    }
}

fn ledger(seen: &Seen<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let directory = match &seen.trust.ledger {
        Some(trust::Ledger::Remote(url)) => {
            facts.push(good(format!(
                "the ledger lies in {url}; its bucket must refuse deletion"
            )));
            None
        }
        Some(trust::Ledger::Dir(directory)) => Some(directory.clone()),
        None => {
            facts.push(weak(
                "the trust file names no ledger: where used plans are remembered comes from the environment",
                "Name a [ledger] in the trust file.",
            ));
            Ledger::default_place().ok()
        }
    };
    // Looked at only where it is: looking must not make it.
    if let Some(directory) = directory {
        let shown = directory.display().to_string();
        if !directory.exists() {
            facts.push(good(format!("the ledger {shown} is not there yet")));
            return facts;
        }
        facts.push(if is_ours(&directory) {
            weak(
                format!("this user can delete the ledger {shown}, and then apply a plan twice"),
                "Let another user apply, and give the ledger to that user.",
            )
        } else {
            good(format!("the ledger {shown} belongs to another user"))
        });
    }
    let open = Ledger::of(seen.trust.ledger.as_ref())
        .and_then(|ledger| ledger.refuse_open_emergency(seen.trust, seen.now));
    if let Err(failure) = open {
        facts.push(weak(
            failure.error,
            failure.hints.first().cloned().unwrap_or_default(),
        ));
    }
    facts
}

fn scopes(seen: &Seen<'_>) -> Vec<Fact> {
    let scopes = &seen.trust.scopes;
    scopes
        .iter()
        .map(|scope| {
            if scope.min_assurance >= Assurance::Touch {
                good(format!("{} needs a touched security key", scope.id))
            } else {
                weak(
                    format!(
                        "{} takes signatures of software keys: a program that reaches the key can approve",
                        scope.id
                    ),
                    "Enrol keys on security keys, and set min_assurance = \"touch\".",
                )
            }
        })
        .collect()
}

/// Keys that an agent holds, with which any program that reaches it can approve.
fn loaded_keys(seen: &Seen<'_>) -> Vec<Fact> {
    let Some(socket) = seen.agent else {
        return vec![good("no ssh-agent can be reached from here")];
    };
    let keys = agent::identities(socket).unwrap_or_default();
    let silent: Vec<Fact> = keys
        .iter()
        .filter(|key| !key.key_type().is_hardware())
        .filter_map(|key| {
            let (person, _) = seen.trust.owner(key)?;
            Some(weak(
                format!(
                    "the ssh-agent holds {} of {}: whatever runs here can sign with it, and nobody is asked",
                    key.fingerprint(),
                    person.id
                ),
                "Take it out (ssh-add -d), sign where the agent does not run, or use a security key. Never forward an ssh-agent to the machine of the agent.",
            ))
        })
        .collect();
    if silent.is_empty() {
        return vec![good(
            "the ssh-agent holds no approver's key that signs without a touch",
        )];
    }
    silent
}

/// Private keys without a passphrase that may approve.
fn bare_keys(seen: &Seen<'_>) -> Vec<Fact> {
    let Ok(entries) = fs::read_dir(seen.home.join(".ssh")) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let text = fs::read_to_string(&path).ok()?;
            let (key, protection) = inspect_private(&text).ok()?;
            let (person, _) = seen.trust.owner(&key)?;
            (protection == Protection::Nothing).then(|| {
                weak(
                    format!(
                        "{} of {} has no passphrase: any program that reads the file can approve",
                        path.display(),
                        person.id
                    ),
                    format!("ssh-keygen -p -f {}", path.display()),
                )
            })
        })
        .collect()
}

/// Credentials that this user can read: with them nobody needs undersign to apply.
fn credentials(seen: &Seen<'_>) -> Vec<Fact> {
    let files = CREDENTIAL_FILES
        .iter()
        .map(|name| seen.home.join(name))
        .filter(|path| File::open(path).is_ok())
        .map(|path: PathBuf| path.display().to_string());
    let variables = seen
        .variables
        .iter()
        .filter_map(|(name, _)| name.to_str())
        .filter(|name| {
            CREDENTIAL_VARIABLES
                .iter()
                .any(|known| name == known || (known.ends_with('_') && name.starts_with(known)))
        })
        .map(|name| format!("the variable {name}"));
    let found: Vec<String> = files.chain(variables).collect();
    if found.is_empty() {
        return vec![good(
            "no credentials of a cloud were found where this user could read them",
        )];
    }
    vec![weak(
        format!(
            "this user can read credentials, and apply with them without asking anybody: {}",
            found.join(", ")
        ),
        "Keep the credentials that can apply where only the gate's user or job can read them.",
    )]
}

/// Programs that own the terminal see what is typed into it.
fn onlookers(seen: &Seen<'_>) -> Vec<Fact> {
    seen.variables
        .iter()
        .filter(|(name, _)| ["TMUX", "STY"].iter().any(|known| name == known))
        .map(|(name, _)| {
            weak(
                format!(
                    "this runs within a terminal multiplexer ({}): whoever controls it sees a typed passphrase",
                    name.to_string_lossy()
                ),
                "Sign in a terminal of your own, or with a security key.",
            )
        })
        .collect()
}

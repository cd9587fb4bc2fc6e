//! The plan file: a zip that holds the plan, the states it was made from, and the configuration.
//!
//! Owns what a plan file may look like and what it says of itself. The JSON that the tool prints holds neither the
//! workspace nor the backend nor the state's lineage, so that what is applied where is read here. Whatever two readers
//! of the same bytes could understand differently is refused.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use sha2::Digest as _;

use super::effect::Effect;
use super::snapshot::Snapshot;
use crate::failure::{Exit, Failure};

use self::directory::Member;
pub use self::lock::Locked;

mod directory;
mod lock;
mod message;
mod state;

/// SHA-256, as bytes.
pub type Sha256 = [u8; 32];

/// How the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// An ordinary plan.
    Normal,
    /// `-destroy`
    Destroy,
    /// `-refresh-only`
    RefreshOnly,
}

/// What a plan file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Digest of the plan file: the subject of the signature.
    pub sha256: Sha256,
    /// Size of the plan file in bytes.
    pub size: u64,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// Workspace that was current when it was made.
    pub workspace: String,
    /// Backend type: `local`, `s3`, ...
    pub backend_type: String,
    /// Digest of the backend's configuration as the plan file holds it. The configuration itself may hold credentials.
    pub backend_config_sha256: Sha256,
    /// Lineage of the state; empty for a first plan.
    pub lineage: String,
    /// Serial of the state.
    pub serial: u64,
    /// Number of resources in the prior state.
    pub prior_resources: usize,
    /// Digest of the dependency lock inside the plan file.
    pub lock_sha256: Sha256,
    /// Providers in the lock, with whether each has at least one hash.
    pub locked_providers: BTreeMap<String, bool>,
    /// When the plan was made (RFC 3339, as written), if the file says so.
    pub created_at: Option<String>,
    /// Names of variables whose values must be given again at apply.
    pub apply_time_variables: Vec<String>,
    /// How the plan was made.
    pub mode: PlanMode,
    /// `-target` addresses.
    pub targets: Vec<String>,
    /// `-replace` addresses.
    pub forced_replacements: Vec<String>,
    /// The plan ended in an error.
    pub errored: bool,
    /// Members of the configuration snapshot: path inside `tfconfig/` to text.
    pub configuration: BTreeMap<String, String>,
    /// The blocks and comments of that snapshot.
    pub snapshot: Arc<Snapshot>,
    /// What could not be read, in words. Shown, never silent.
    pub unread: Vec<String>,
}

impl PlanFile {
    /// Where the block behind a row stands and what it says about the life of its object. Foreign text.
    pub fn source(&self, effect: &Effect) -> Option<String> {
        let source = self.snapshot.source(effect).to_string();
        (!source.is_empty()).then_some(source)
    }
}

/// Largest sum of the members' sizes once they are unpacked.
const MAX_UNPACKED: u64 = 1 << 30;
/// Largest member that is held in memory as a whole.
const MAX_HELD: u64 = 256 << 20;
/// Largest file of the configuration snapshot that is kept.
const MAX_CONFIGURATION_FILE: u64 = 8 << 20;
/// Beyond this many unpacked bytes for each packed one a member is no text that people or tools wrote.
const MAX_RATIO: u64 = 250;
/// Below this size the ratio says nothing.
const RATIO_FLOOR: u64 = 1 << 20;

/// Reads a plan file whose bytes have been hashed already.
///
/// Refuses what is no plan file, what two readers could read differently, and what unpacks to more than it should.
pub fn read(file: &mut (impl Read + Seek), sha256: Sha256, size: u64) -> Result<PlanFile, Failure> {
    refuse_other_formats(file)?;
    let members = directory::read(file, size)?;
    refuse_unknown_members(&members)?;
    refuse_bombs(&members)?;
    let mut archive = open_agreeing(file, &members)?;

    let message = message::read(&hold(&mut archive, "tfplan")?)?;
    let state = state::read(member(&mut archive, "tfstate")?)?;
    let lock_bytes = hold(&mut archive, ".terraform.lock.hcl")?;
    let mut unread = message.unread;
    let locked_providers = lock::read(&lock_bytes, &mut unread)
        .into_iter()
        .map(|provider| (provider.source, provider.hashed))
        .collect();
    let configuration = configuration(&mut archive, &members, &mut unread)?;
    let snapshot = Arc::new(Snapshot::read(&configuration, &mut unread));

    Ok(PlanFile {
        sha256,
        size,
        tool_version: message.tool_version,
        workspace: message.workspace,
        backend_type: message.backend_type,
        backend_config_sha256: message.backend_config_sha256,
        lineage: state.lineage,
        serial: state.serial,
        prior_resources: state.resources,
        lock_sha256: sha2::Sha256::digest(&lock_bytes).into(),
        locked_providers,
        created_at: message.created_at,
        apply_time_variables: message.apply_time_variables,
        mode: message.mode,
        targets: message.targets,
        forced_replacements: message.forced_replacements,
        errored: message.errored,
        configuration,
        snapshot,
        unread,
    })
}

/// The dependency lock of a plan file: its bytes, and the providers it names, so that the same ones can be fetched again.
///
/// Refuses a lock that is not understood to its end: a tool could read of it a provider that is not seen here.
pub fn lock(file: &mut (impl Read + Seek), size: u64) -> Result<(Vec<u8>, Vec<Locked>), Failure> {
    let members = directory::read(file, size)?;
    let bytes = hold(&mut open_agreeing(file, &members)?, ".terraform.lock.hcl")?;
    let mut unread = Vec::new();
    let providers = lock::read(&bytes, &mut unread);
    if let Some(line) = unread.into_iter().next() {
        return Err(bad("lock-not-understood", line)
            .hint("Plan again with the lock file that `terraform init` writes."));
    }
    Ok((bytes, providers))
}

/// Says what a file is that is often taken for a plan file and is none.
fn refuse_other_formats(file: &mut (impl Read + Seek)) -> Result<(), Failure> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.take(4096).read_to_end(&mut start))
        .map_err(|error| Failure::io("reading the plan file", &error))?;
    let text = String::from_utf8_lossy(&start);
    if start.starts_with(b"PK\x03\x04") {
        return Ok(());
    }
    Err(if text.contains("\"remote_plan_format\"") {
        bad("cloud-plan", "this is a bookmark of a plan that HCP Terraform keeps; its bytes bind nothing but a run id")
            .hint("Download the run's JSON output to review it; apply it where the plan is kept.")
    } else if text.contains("\"encryption_version\"") {
        bad(
            "encrypted-plan",
            "this plan file is encrypted by OpenTofu and cannot be read without its key",
        )
        .hint("Write the plan without plan encryption, or review the output of `tofu show -json`.")
    } else if start.starts_with(b"tfplan") {
        bad(
            "ancient-plan",
            "this plan file was written by Terraform 0.11 or older",
        )
    } else {
        bad(
            "not-a-zip",
            "this is no plan file: it does not begin with a zip member",
        )
        .expected(
            "PK\\x03\\x04 at byte 0",
            format!("{} bytes that begin differently", start.len()),
        )
        .hint("Give the file that `terraform plan -out FILE` wrote.")
    })
}

fn refuse_unknown_members(members: &[Member]) -> Result<(), Failure> {
    for member in members {
        if !is_known(&member.name) {
            return Err(bad(
                "unknown-member",
                format!(
                    "the plan file holds a member that no known tool writes: {}",
                    member.name
                ),
            )
            .hint("Update undersign if a newer tool wrote this plan file."));
        }
    }
    Ok(())
}

fn is_known(name: &str) -> bool {
    match name {
        "tfplan" | "tfstate" | "tfstate-prev" | ".terraform.lock.hcl" | "tfconfig/modules.json" => {
            true
        }
        name => name.strip_prefix("tfconfig/m-").is_some_and(|rest| {
            rest.split_once('/').is_some_and(|(_, file)| {
                !file.is_empty() && file != "." && file != ".." && !file.contains('/')
            })
        }),
    }
}

fn refuse_bombs(members: &[Member]) -> Result<(), Failure> {
    let mut total = 0u64;
    for member in members {
        total = total.saturating_add(member.unpacked);
        let ratio = member.unpacked / member.packed.max(1);
        if member.unpacked > RATIO_FLOOR && ratio > MAX_RATIO {
            return Err(bad(
                "zip-bomb",
                format!("member {} unpacks to {ratio} times its size", member.name),
            )
            .expected(
                format!("at most {MAX_RATIO} times"),
                format!("{ratio} times"),
            ));
        }
    }
    if total > MAX_UNPACKED {
        return Err(bad(
            "zip-bomb",
            "the members of the plan file unpack to too much",
        )
        .expected(
            format!("at most {MAX_UNPACKED} bytes"),
            format!("{total} bytes"),
        ));
    }
    Ok(())
}

type Archive<'a, R> = zip::ZipArchive<&'a mut R>;

/// Opens the zip with the library that unpacks it, and refuses where the library sees other members than we did.
fn open_agreeing<'a, R: Read + Seek>(
    file: &'a mut R,
    members: &[Member],
) -> Result<Archive<'a, R>, Failure> {
    let mut archive = zip::ZipArchive::new(file).map_err(|error| damaged(&error))?;
    let mut agrees = archive.len() == members.len();
    for (index, member) in members.iter().enumerate() {
        agrees = agrees
            && archive.by_index_raw(index).is_ok_and(|seen| {
                seen.name() == member.name
                    && seen.header_start() == member.start
                    && seen.size() == member.unpacked
                    && seen.compressed_size() == member.packed
            });
    }
    agrees.then_some(archive).ok_or_else(|| {
        bad(
            "ambiguous-zip",
            "the plan file's table of contents can be read in two ways",
        )
    })
}

fn member<'a, 'file, R: Read + Seek>(
    archive: &'a mut Archive<'file, R>,
    name: &str,
) -> Result<zip::read::ZipFile<'a, &'file mut R>, Failure> {
    let index = archive.index_for_name(name).ok_or_else(|| {
        bad(
            "missing-member",
            format!("the plan file has no member {name}"),
        )
        .hint("Make the plan again: a plan file without this member cannot be applied.")
    })?;
    archive.by_index(index).map_err(|error| damaged(&error))
}

/// The whole of a member, checked against its sum.
fn hold<R: Read + Seek>(archive: &mut Archive<'_, R>, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    member(archive, name)?
        .take(MAX_HELD + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(&error))?;
    if bytes.len() as u64 > MAX_HELD {
        return Err(bad(
            "member-too-large",
            format!("member {name} is too large to be read"),
        )
        .expected(format!("at most {MAX_HELD} bytes"), "more"));
    }
    Ok(bytes)
}

fn configuration<R: Read + Seek>(
    archive: &mut Archive<'_, R>,
    members: &[Member],
    unread: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for member in members {
        let Some(path) = member.name.strip_prefix("tfconfig/") else {
            continue;
        };
        if member.unpacked > MAX_CONFIGURATION_FILE {
            unread.push(format!(
                "configuration file {path}: {} bytes are too many to keep",
                member.unpacked
            ));
            continue;
        }
        match String::from_utf8(hold(archive, &member.name)?) {
            Ok(text) => drop(files.insert(path.to_owned(), text)),
            Err(_) => unread.push(format!("configuration file {path}: not UTF-8")),
        }
    }
    Ok(files)
}

fn bad(reason: &'static str, error: impl Into<String>) -> Failure {
    Failure::new(Exit::BadPlan, reason, error)
}

fn damaged(error: &dyn std::error::Error) -> Failure {
    bad("damaged-zip", format!("the plan file is damaged: {error}"))
        .hint("Copy the plan file again, or make a new plan.")
}

#[cfg(test)]
mod tests;

//! `--findings` and `--scope-file`: what is brought along to a review.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::snapshot::Snapshot;
use crate::policy::brought::Brought;
use crate::policy::findings::spot::PlanNames;
use crate::policy::findings::{self, Format};
use crate::policy::scope::Scope;
use crate::trust::file::read_bounded;

/// Largest file of findings.
const MAX_FINDINGS: u64 = 256 << 20;
/// Largest file of a scope, and of a configuration that lies around.
const MAX_TEXT: u64 = 8 << 20;

/// What is brought along.
#[derive(Debug, Clone, Default, Args)]
pub struct BroughtArgument {
    /// Findings of another tool, laid on the rows they are about; may be given several times. The format is told by the
    /// file's looks, or named behind it: conftest, opa, checkov, trivy, sarif, regula, kics, tfsec, terrascan,
    /// terraform-policy, sentinel, terraform-compliance.
    #[arg(long, value_name = "FILE[:FORMAT]")]
    pub findings: Vec<String>,

    /// What the task may touch; everything else in the plan is out of scope and asks for an acknowledgement of its own.
    #[arg(long, value_name = "FILE")]
    pub scope_file: Option<PathBuf>,
}

impl BroughtArgument {
    /// Reads all of it, for the plan at `plan`.
    pub fn open(&self, plan: &Path) -> Result<Brought, Failure> {
        let mut brought = Brought {
            now: Timestamp::now(),
            plan: PlanNames::of(plan),
            ..Brought::default()
        };
        for named in &self.findings {
            let (path, format) = file_and_format(named)?;
            let bytes = read(path, MAX_FINDINGS)?;
            let read = findings::read(&shown(path), &bytes, format)?;
            // The same file counts the same wherever it lies.
            let name = format!("{} {}", read.format.word(), sha256(&bytes));
            brought.inputs.add("findings", &name, &bytes);
            let written = std::fs::metadata(path).and_then(|data| data.modified());
            let written = written.ok().and_then(|time| Timestamp::try_from(time).ok());
            brought.findings.push((read, written));
        }
        if let Some(path) = &self.scope_file {
            let bytes = read(path, MAX_TEXT)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::new(
                    Exit::EnvironmentUnsafe,
                    "scope-file",
                    format!("{} is not UTF-8", path.display()),
                )
            })?;
            brought.inputs.add("scope", "", text.as_bytes());
            brought.scope = Some(Scope::read(&shown(path), &text)?);
        }
        Ok(brought)
    }
}

/// `FILE:FORMAT`, where a file of the whole name would be none.
fn file_and_format(named: &str) -> Result<(&Path, Option<Format>), Failure> {
    if let Some((path, word)) = named.rsplit_once(':')
        && !Path::new(named).exists()
    {
        let Some(format) = Format::of(word) else {
            return Err(Failure::new(
                Exit::Usage,
                "findings-format",
                format!("there is no format of findings {word}"),
            )
            .expected(format!("one of {}", Format::words()), word));
        };
        return Ok((Path::new(path), Some(format)));
    }
    Ok((Path::new(named), None))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    read_bounded(path, limit).map_err(|failure| Failure {
        exit: Exit::EnvironmentUnsafe,
        reason: "policy-input",
        ..failure
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn sha256(bytes: &[u8]) -> String {
    Hex(<sha2::Sha256 as sha2::Digest>::digest(bytes).into()).to_string()
}

/// The directory that a plan lies in.
pub(super) fn directory(plan: &Path) -> &Path {
    let parent = plan.parent();
    let named = parent.filter(|parent| !parent.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

/// The configuration beside a plan. Nothing binds it to the plan, so that its comments are told and accept nothing; what
/// cannot be read of it is therefore no loss.
pub(super) fn working_tree(directory: &Path) -> Option<Arc<Snapshot>> {
    let entries = std::fs::read_dir(directory).ok()?;
    let mut files = BTreeMap::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_configuration = [".tf", ".tofu", ".tf.json", ".tofu.json"]
            .iter()
            .any(|extension| name.ends_with(extension));
        if is_configuration
            && let Ok(bytes) = read_bounded(&entry.path(), MAX_TEXT)
            && let Ok(text) = String::from_utf8(bytes)
        {
            files.insert(format!("m-/{name}"), text);
        }
    }
    Some(Arc::new(Snapshot::read(&files, &mut Vec::new())))
}

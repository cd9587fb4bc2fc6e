//! Where and with what a plan runs, as the trust file says: tool, lock, providers, directory.
//!
//! Whatever the trust file asks for is obeyed or refused; nothing in it is passed over.

use std::path::{Path, PathBuf};

use super::environment::{ProviderSource, pick};
use super::manifest::Manifest;
use super::prepare::{Prepared, Providers, Setup};
use super::sealed::SealedPlan;
use super::tool::Program;
use super::verify::Request;
use super::{providers, tool};
use crate::failure::{Exit, Failure};
use crate::plan::archive::{self, PlanFile, Sha256};
use crate::trust::{LockFile, Runner, Workdir, file};

/// A larger lock file is none.
const MAX_LOCK_BYTES: u64 = 1 << 20;

/// The tool and the environment, ready as the trust file says.
pub(super) struct Place {
    pub(super) prepared: Prepared,
    /// Where the plan is applied.
    pub(super) work_dir: PathBuf,
    /// Digest of the list of files there, where the approval binds them.
    pub(super) files_sha256: Option<Sha256>,
}

/// Gets the tool and the environment ready as the trust file says.
pub(super) fn prepare(request: &Request, plan: SealedPlan) -> Result<Place, Failure> {
    let runner = &request.trust.runner;
    check_lock(runner, &plan)?;
    let providers = providers(request, runner)?;
    let mut passed = pick(&runner.env_pass, request.variables.iter().cloned());
    passed.extend(
        runner
            .env_set
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    let search = request
        .variables
        .iter()
        .find_map(|(name, value)| (name == "PATH").then_some(value.as_os_str()));
    let setup = Setup {
        tool: runner.tool.as_deref().or(request.tool.as_deref()),
        search,
        providers: &providers,
        passed: &passed,
        told: &request.told,
    };
    let accept = |program: &Program| {
        tool::refuse_writable(&program.path)?;
        tool::refuse_unpinned(program, &runner.tool_sha256)
    };
    let prepared = Prepared::new(plan, &setup, accept)?;
    let version = &prepared.tool.version;
    if !runner.tool_versions.is_empty() && !runner.tool_versions.contains(version) {
        return Err(Failure::new(
            Exit::EnvironmentUnsafe,
            "tool-version",
            "the trust file does not allow this version of the tool",
        )
        .expected(runner.tool_versions.join(" or "), version));
    }
    let work_dir = work_dir(&prepared, &providers)?;
    if runner.workdir != Workdir::Manifest {
        return Ok(Place {
            prepared,
            work_dir,
            files_sha256: None,
        });
    }
    let work_dir = prepared.environment.files_dir();
    let manifest = Manifest::copy(&request.directory, &work_dir)?;
    prepared
        .environment
        .write_lock_of(&prepared.plan, &work_dir)?;
    Ok(Place {
        prepared,
        work_dir,
        files_sha256: Some(manifest.sha256()),
    })
}

/// Where the trust file says that providers come from.
fn providers(request: &Request, runner: &Runner) -> Result<Providers, Failure> {
    match (runner.workdir, &runner.cli_config) {
        (Workdir::AsIs, None) => Ok(Providers::AsIs(request.directory.clone())),
        (Workdir::PlanOnly | Workdir::Manifest, None) => Ok(Providers::Rebuilt(ProviderSource::Registry)),
        (Workdir::PlanOnly | Workdir::Manifest, Some(path)) => {
            refuse_writable(path)?;
            Ok(Providers::Rebuilt(ProviderSource::CliConfig(path.clone())))
        }
        (Workdir::AsIs, Some(_)) => Err(Failure::new(
            Exit::TrustUnsafe,
            "cli-config",
            "cli_config says where providers are fetched from, and workdir = \"as-is\" fetches none",
        )
        .hint("Set workdir = \"plan-only\" in the trust file, or take cli_config out of it.")),
    }
}

/// Where the plan is applied.
///
/// The plan file carries its configuration, so an empty directory is enough, and everything else in a directory could only
/// change what is applied. A local backend is the exception: it keeps the state in a path relative to the directory.
fn work_dir(prepared: &Prepared, providers: &Providers) -> Result<PathBuf, Failure> {
    let file = &prepared.file;
    let Providers::AsIs(directory) = providers else {
        if file.backend_type == "local" {
            return Err(Failure::new(
                Exit::EnvironmentUnsafe,
                "local-backend",
                "a local backend keeps its state beside the configuration; in an empty directory it would be lost",
            )
            .hint("Set workdir = \"as-is\" under [runner] in the trust file, or use a remote backend."));
        }
        return Ok(prepared.environment.work_dir());
    };
    let directory = directory
        .canonicalize()
        .map_err(|error| Failure::io(directory.display(), &error))?;
    // A plan with a prior state is held against the state's lineage by the tool. The first plan of a state fits any
    // directory without one, so it is held against the configuration here.
    if file.lineage.is_empty() && file.backend_type == "local" {
        refuse_other_configuration(file, &directory)?;
    }
    Ok(directory)
}

fn refuse_other_configuration(file: &PlanFile, directory: &Path) -> Result<(), Failure> {
    let root = file
        .configuration
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("m-/")?, text)));
    for (name, text) in root {
        if std::fs::read(directory.join(name)).ok().as_deref() != Some(text.as_bytes()) {
            return Err(Failure::new(
                Exit::Mismatch,
                "directory",
                format!(
                    "{} is not the directory this plan was made in: its {name} is another one",
                    directory.display()
                ),
            )
            .hint("Run undersign in the directory of the configuration, or name it with --dir."));
        }
    }
    Ok(())
}

/// A file that the trust file names decides as much as the trust file itself.
fn refuse_writable(path: &Path) -> Result<(), Failure> {
    tool::refuse_writable(path)?;
    let real = path
        .canonicalize()
        .map_err(|error| Failure::io(path.display(), &error))?;
    tool::refuse_writable(&real)
}

fn check_lock(runner: &Runner, plan: &SealedPlan) -> Result<(), Failure> {
    let (lock, locked) = archive::lock(&mut plan.reader()?, plan.size())?;
    match &runner.lock_file {
        LockFile::Any => Ok(()),
        LockFile::RequireHashes => providers::refuse_without_hash(&locked),
        LockFile::Same(path) => {
            refuse_writable(path)?;
            let trusted = file::read_bounded(path, MAX_LOCK_BYTES)?;
            if trusted == lock {
                return Ok(());
            }
            Err(Failure::new(
                Exit::EnvironmentUnsafe,
                "lock-differs",
                format!(
                    "the plan's dependency lock is not the trusted one in {}",
                    path.display()
                ),
            )
            .hint("Plan with the trusted lock file."))
        }
    }
}

//! Which terraform or tofu is run: found by an absolute path, of the plan's own version, and in nobody else's hands.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::Deserialize;
use sha2::Digest as _;

use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::process::Bond;

use super::environment::Environment;
use super::show::Running;

/// A tool that was found and asked for its version.
#[derive(Debug, Clone)]
pub struct Tool {
    /// What is run.
    pub program: Program,
    /// What `version -json` says.
    pub version: String,
}

/// A program that was opened once: what is hashed is what is run, whatever its name means by then.
#[derive(Debug, Clone)]
pub struct Program {
    /// Absolute path without symbolic links.
    pub path: PathBuf,
    /// The open file. Held for its descriptor, which children find under the same number.
    file: Arc<File>,
}

impl Program {
    /// Opens the program at `path`.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        #[cfg(target_os = "linux")]
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty())?;
        Ok(Program {
            path: path.to_owned(),
            file: Arc::new(file),
        })
    }

    /// A command that runs it and sees the variables of `environment` and no other.
    pub fn command(&self, environment: &Environment, work_dir: &Path) -> Command {
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;
            use std::os::unix::process::CommandExt as _;
            let opened = PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()));
            let mut command = environment.command(&opened, work_dir);
            command.arg0(&self.path);
            command
        }
        #[cfg(not(target_os = "linux"))]
        environment.command(&self.path, work_dir)
    }

    fn digest(&self) -> std::io::Result<Sha256> {
        use std::os::unix::fs::FileExt as _;
        let mut hasher = sha2::Sha256::new();
        let mut block = vec![0; 1 << 16];
        let mut at = 0;
        loop {
            match self.file.read_at(&mut block, at)? {
                0 => return Ok(hasher.finalize().into()),
                len => {
                    hasher.update(&block[..len]);
                    at += len as u64;
                }
            }
        }
    }
}

/// Finds the tool that made `plan`.
///
/// `explicit` is what the person or the trust file named: a path, or a bare name to be looked for. Otherwise
/// `terraform` and `tofu` are looked for in `search`, the value of `PATH`; the one whose version is the plan's is taken.
/// `accept` judges a program before it is run for the first time.
pub fn find(
    explicit: Option<&Path>,
    search: Option<&OsStr>,
    plan: &PlanFile,
    environment: &Environment,
    accept: impl Fn(&Program) -> Result<(), Failure>,
) -> Result<Tool, Failure> {
    let candidates = candidates(explicit, search, plan)?;
    let mut seen = Vec::new();
    for path in candidates {
        let program = Program::open(&path)
            .map_err(|error| missing(format!("{}: {error}", path.display())))?;
        accept(&program)?;
        let version = version(&program, environment)?;
        if version == plan.tool_version {
            return Ok(Tool { program, version });
        }
        seen.push(format!("{} {version}", path.display()));
    }
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "tool-version",
        "a saved plan can only be read by the version that made it, and that version is not here",
    )
    .expected(&plan.tool_version, seen.join(", "))
    .hint(format!(
        "Name a terraform or tofu {} with --tool PATH.",
        plan.tool_version
    )))
}

fn candidates(
    explicit: Option<&Path>,
    search: Option<&OsStr>,
    plan: &PlanFile,
) -> Result<Vec<PathBuf>, Failure> {
    let names: Vec<&OsStr> = match explicit {
        Some(path) if path.components().count() > 1 || path.is_absolute() => {
            return Ok(vec![fs::canonicalize(path).map_err(|error| {
                missing(format!("{}: {error}", path.display()))
            })?]);
        }
        Some(name) => vec![name.as_os_str()],
        None if name_of(plan) == "tofu" => vec![OsStr::new("tofu"), OsStr::new("terraform")],
        None => vec![OsStr::new("terraform"), OsStr::new("tofu")],
    };
    let found: Vec<PathBuf> = names
        .iter()
        .filter_map(|name| look_for(name, search.unwrap_or_default()))
        .collect();
    if found.is_empty() {
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        return Err(missing(format!("{} is not on PATH", names.join(" or "))));
    }
    Ok(found)
}

/// The first executable file of that name. An entry of `PATH` that depends on the current directory is passed over:
/// whoever wrote that directory would choose the program.
fn look_for(name: &OsStr, search: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(search)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|path| is_executable(path))
        .and_then(|path| fs::canonicalize(path).ok())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// What the tool that made a plan is called, as far as the plan tells. The version number alone does not say which product
/// it was, and the two products' numbers overlap.
pub fn name_of(plan: &PlanFile) -> &'static str {
    let mut providers = plan.locked_providers.keys();
    if providers.any(|provider| provider.starts_with("registry.opentofu.org/")) {
        "tofu"
    } else {
        "terraform"
    }
}

fn missing(error: String) -> Failure {
    Failure::new(Exit::EnvironmentUnsafe, "tool-missing", error)
        .hint("Install the terraform or tofu that made the plan, or name it with --tool PATH.")
}

#[derive(Deserialize)]
struct Version {
    terraform_version: String,
}

fn version(program: &Program, environment: &Environment) -> Result<String, Failure> {
    let path = &program.path;
    let mut command = program.command(environment, &environment.work_dir());
    command
        .args(["version", "-json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut running = Running::start(command, Bond::Group)?;
    let stdout = running.child.stdout.take().expect("the output is a pipe");
    let said = std::io::read_to_string(stdout).unwrap_or_default();
    running.wait()?;
    serde_json::from_str(&said)
        .map(|version: Version| version.terraform_version)
        .map_err(|_| {
            Failure::new(
                Exit::EnvironmentUnsafe,
                "tool-version",
                format!("{} version -json does not print a version", path.display()),
            )
        })
}

/// Refuses a tool that is none of those in `pinned`, if any are.
pub fn refuse_unpinned(tool: &Program, pinned: &[Sha256]) -> Result<(), Failure> {
    if pinned.is_empty() {
        return Ok(());
    }
    let digest = tool
        .digest()
        .map_err(|error| Failure::io(tool.path.display(), &error))?;
    if pinned.contains(&digest) {
        return Ok(());
    }
    let hex = |digest: &Sha256| data_encoding::HEXLOWER.encode(digest);
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "tool-digest",
        format!(
            "{} is not the program that the trust file pins",
            tool.path.display()
        ),
    )
    .expected(
        pinned.iter().map(hex).collect::<Vec<_>>().join(" or "),
        hex(&digest),
    ))
}

/// Refuses a program, or a file that decides what is run, that somebody else could replace: the file and every directory above it belong to root or to us, and
/// neither group nor others may write to them. A sticky directory like `/tmp` is passed above the tool's own directory:
/// there only owners can rename what is theirs.
#[cfg(unix)]
pub fn refuse_writable(tool: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let us = rustix::process::geteuid().as_raw();
    for (above, path) in tool.ancestors().enumerate() {
        let meta = fs::metadata(path).map_err(|error| Failure::io(path.display(), &error))?;
        let sticky = above > 1 && meta.mode() & 0o1000 != 0;
        let writable = meta.mode() & 0o022 != 0 && !sticky;
        if writable || (meta.uid() != 0 && meta.uid() != us) {
            return Err(Failure::new(
                Exit::EnvironmentUnsafe,
                "tool-writable",
                format!(
                    "{} can be changed by others, and with it what is run",
                    path.display()
                ),
            )
            .expected(
                "owned by root or by you, mode without group and other write",
                format!("owner {}, mode {:04o}", meta.uid(), meta.mode() & 0o7777),
            )
            .hint("Put it where only root can write, and name that place in the trust file."));
        }
    }
    Ok(())
}

/// Other systems have no modes to check.
#[cfg(not(unix))]
pub fn refuse_writable(_tool: &Path) -> Result<(), Failure> {
    Ok(())
}

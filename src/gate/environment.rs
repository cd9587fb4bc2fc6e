//! The environment a tool runs in: built from nothing.
//!
//! Variables steer Terraform in ways that no plan shows: other arguments, another workspace, another provider program.
//! None is handed on but those that the trust file names, and those are held against a list of what may never pass.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Exit, Failure};
use crate::plan::archive;
use crate::process::Directory;
use crate::trust::file;

use super::sealed::SealedPlan;

/// Where programs that a provider or a provisioner starts are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Beginnings of names that may never pass, because they change what is run or what it is run on.
const NEVER_BEGINNING_WITH: &[&str] = &["TF_", "LD_", "DYLD_", "SSH_", "GIT_", "UNDERSIGN_"];
/// Names that may never pass, for the same reason or because we set them.
const NEVER: &[&str] = &[
    "GODEBUG",
    "GOTRACEBACK",
    "GOROOT",
    "HOME",
    "TMPDIR",
    "PATH",
    "PWD",
    "SHELL",
    "IFS",
    "BASH_ENV",
    "ENV",
];

/// Where the tool gets providers from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProviderSource {
    /// From their registry; the hashes in the plan's lock decide what is accepted.
    #[default]
    Registry,
    /// From a directory in the layout of `terraform providers mirror`, and from nowhere else.
    Mirror(PathBuf),
    /// As this CLI configuration file says.
    CliConfig(PathBuf),
}

/// A private directory and a set of variables; both are gone when it is dropped.
#[derive(Debug)]
pub struct Environment {
    root: Directory,
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Makes an environment for a plan of `workspace`; `passed` are the variables that the trust file names.
    pub fn new(
        workspace: &str,
        providers: &ProviderSource,
        passed: &[(OsString, OsString)],
    ) -> Result<Self, Failure> {
        for (name, _) in passed {
            refuse_name(name)?;
        }
        let io = |error: &std::io::Error| Failure::io("making a private directory", error);
        let root = Directory::new().map_err(|error| io(&error))?;
        refuse_replaceable(root.path())?;
        for name in ["home", "tmp", "work", "files"] {
            fs::create_dir(root.path().join(name)).map_err(|error| io(&error))?;
        }
        let config = cli_config(root.path(), providers)?;
        let set = [
            ("PATH", PATH.into()),
            ("HOME", root.path().join("home").into()),
            ("TMPDIR", root.path().join("tmp").into()),
            ("TF_DATA_DIR", root.path().join("data").into()),
            ("TF_CLI_CONFIG_FILE", config.into()),
            ("TF_WORKSPACE", workspace.into()),
            ("TF_IN_AUTOMATION", "1".into()),
            ("TF_INPUT", "0".into()),
            ("CHECKPOINT_DISABLE", "1".into()),
        ];
        let mut variables: Vec<(OsString, OsString)> = passed.to_vec();
        variables.extend(set.map(|(name, value): (&str, OsString)| (name.into(), value)));
        Ok(Environment { root, variables })
    }

    /// Uses the data directory of a working directory instead of a private one, with the plan's own lock beside it.
    pub fn use_providers_of(&mut self, plan: &SealedPlan, directory: &Path) -> Result<(), Failure> {
        let directory = directory
            .canonicalize()
            .map_err(|error| Failure::io(directory.display(), &error))?;
        for (name, value) in &mut self.variables {
            if name == "TF_DATA_DIR" {
                *value = directory.join(".terraform").into();
            }
        }
        self.write_lock_of(plan, &self.work_dir())
    }

    /// Puts the plan's own dependency lock into a directory.
    pub fn write_lock_of(&self, plan: &SealedPlan, directory: &Path) -> Result<(), Failure> {
        let (lock, _) = archive::lock(&mut plan.reader()?, plan.size())?;
        fs::write(directory.join(".terraform.lock.hcl"), lock)
            .map_err(|error| Failure::io("filling the private directory", &error))
    }

    /// A private directory to run in, without any configuration.
    pub fn work_dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A private directory for copies of files that the plan needs.
    pub fn files_dir(&self) -> PathBuf {
        self.root.path().join("files")
    }

    /// A command that sees these variables and no other.
    pub fn command(&self, program: &Path, work_dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(work_dir);
        command
    }
}

/// Whoever can put another directory in the place of ours chooses configuration and providers.
fn refuse_replaceable(directory: &Path) -> Result<(), Failure> {
    file::refuse_shared(directory).map_err(|failure| Failure {
        exit: Exit::EnvironmentUnsafe,
        reason: "private-directory",
        error: format!(
            "the private directory would not be private: {}",
            failure.error
        ),
        hints: vec!["Let TMPDIR name a directory that nobody else can write to.".into()],
        ..failure
    })
}

/// Picks the variables named in `names` from `all`; what is not set is left out.
pub fn pick(
    names: &[String],
    all: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    all.into_iter()
        .filter(|(name, _)| names.iter().any(|wanted| name == OsStr::new(wanted)))
        .collect()
}

fn refuse_name(name: &OsStr) -> Result<(), Failure> {
    let text = name.to_string_lossy();
    let upper = text.to_ascii_uppercase();
    let never = NEVER.contains(&upper.as_str())
        || NEVER_BEGINNING_WITH
            .iter()
            .any(|beginning| upper.starts_with(beginning));
    if !never {
        return Ok(());
    }
    Err(Failure::new(
        Exit::TrustUnsafe,
        "variable-never-passed",
        format!(
            "the variable {text} may not be handed to the tool: it changes what is run, or where"
        ),
    )
    .hint("Take it out of `env_pass` in the trust file."))
}

fn cli_config(root: &Path, providers: &ProviderSource) -> Result<PathBuf, Failure> {
    let text = match providers {
        ProviderSource::Registry => "disable_checkpoint = true\n".to_owned(),
        ProviderSource::Mirror(directory) => {
            let directory = directory
                .to_str()
                .filter(|text| {
                    directory.is_absolute() && !text.contains(['"', '\\', '\n', '$', '%'])
                })
                .ok_or_else(|| {
                    unsafe_config(
                        "the provider mirror must be an absolute path of ordinary characters",
                    )
                })?;
            format!(
                "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{directory}\"\n  }}\n}}\n"
            )
        }
        ProviderSource::CliConfig(path) => {
            let text =
                fs::read_to_string(path).map_err(|error| Failure::io(path.display(), &error))?;
            if text.contains("dev_overrides") || text.contains("credentials_helper") {
                return Err(unsafe_config(
                    "the CLI configuration names programs to run instead of the locked ones",
                ));
            }
            text
        }
    };
    // A copy, so that what was checked is what the tool reads.
    let copy = root.join("terraform.tfrc");
    fs::write(&copy, text).map_err(|error| Failure::io("writing the CLI configuration", &error))?;
    Ok(copy)
}

fn unsafe_config(error: &str) -> Failure {
    Failure::new(Exit::EnvironmentUnsafe, "cli-config", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (OsString, OsString) {
        (name.into(), value.into())
    }

    #[test]
    fn the_child_sees_what_was_set_and_nothing_else() {
        let environment = Environment::new(
            "prod",
            &ProviderSource::Registry,
            &[pair("AWS_REGION", "eu-west-1")],
        )
        .unwrap();
        let output = environment
            .command(Path::new("/usr/bin/env"), &environment.work_dir())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<&str> = text
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "AWS_REGION",
                "CHECKPOINT_DISABLE",
                "HOME",
                "PATH",
                "TF_CLI_CONFIG_FILE",
                "TF_DATA_DIR",
                "TF_INPUT",
                "TF_IN_AUTOMATION",
                "TF_WORKSPACE",
                "TMPDIR"
            ]
        );
        assert!(text.contains("TF_WORKSPACE=prod\n"));
    }

    #[test]
    fn what_steers_the_tool_is_never_passed_on() {
        for name in [
            "TF_CLI_ARGS",
            "TF_CLI_ARGS_apply",
            "tf_cli_args",
            "TF_VAR_x",
            "TF_REATTACH_PROVIDERS",
            "TF_WORKSPACE",
            "TF_DATA_DIR",
            "TF_PLUGIN_CACHE_DIR",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "GODEBUG",
            "SSH_AUTH_SOCK",
            "PATH",
            "HOME",
        ] {
            let failure =
                Environment::new("default", &ProviderSource::Registry, &[pair(name, "x")])
                    .unwrap_err();
            assert_eq!(failure.reason, "variable-never-passed", "{name}");
        }
    }

    #[test]
    fn only_named_variables_are_picked() {
        let all = [
            pair("AWS_REGION", "a"),
            pair("AWS_PROFILE", "b"),
            pair("TF_LOG", "c"),
        ];
        assert_eq!(
            pick(&["AWS_REGION".into(), "UNSET".into()], all),
            [pair("AWS_REGION", "a")]
        );
    }

    #[test]
    fn a_cli_configuration_with_overrides_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rc");
        fs::write(&path, "provider_installation {\n  dev_overrides {}\n}\n").unwrap();
        let failure =
            Environment::new("default", &ProviderSource::CliConfig(path), &[]).unwrap_err();
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::EnvironmentUnsafe, "cli-config")
        );
    }

    #[test]
    fn the_private_directory_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let environment = Environment::new("default", &ProviderSource::Registry, &[]).unwrap();
        let root = environment.root.path().to_owned();
        assert_eq!(
            fs::metadata(&root).unwrap().permissions().mode() & 0o777,
            0o700
        );
        drop(environment);
        assert!(!root.exists());
    }
}

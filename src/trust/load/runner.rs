//! How the gate runs the tool, which policies it asks, and where it marks a plan as used.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use toml::Spanned;

use super::{Place, words};
use crate::approval::statement::Hex;
use crate::failure::Failure;
use crate::trust::{Conditions, Ledger, LockFile, Policy, Preflight, Runner, Workdir, config};

impl Place<'_> {
    pub(super) fn runner(&self, runner: config::Runner) -> Result<Runner, Failure> {
        if let Some(name) = runner
            .env_pass
            .iter()
            .chain(runner.env_set.keys())
            .find(|name| !is_variable(name.get_ref()))
        {
            return Err(self.refuse(name.span(), "trust-environment", format!("{} is no name of a variable that may be handed to the tool", name.get_ref()))
                .hint("Names of Terraform's own switches and of the loader's (TF_CLI_ARGS…, TF_WORKSPACE, LD_…) are never handed on."));
        }
        let lock_file = match &runner.lock_file {
            None => LockFile::Any,
            Some(word) if word.get_ref() == "require-hashes" => LockFile::RequireHashes,
            Some(path) => LockFile::Same(self.absolute(path, Path::new(path.get_ref()))?),
        };
        let workdir = match &runner.workdir {
            None => Workdir::default(),
            Some(word) => match word.get_ref().as_str() {
                "plan-only" => Workdir::PlanOnly,
                "as-is" => Workdir::AsIs,
                "manifest" => Workdir::Manifest,
                other => {
                    return Err(self.refuse(
                        word.span(),
                        "trust-workdir",
                        format!("{other} is no workdir; write plan-only, manifest or as-is"),
                    ));
                }
            },
        };
        Ok(Runner {
            tool: runner
                .tool
                .map(|path| self.absolute(&path, path.get_ref()))
                .transpose()?,
            tool_sha256: runner
                .tool_sha256
                .into_iter()
                .map(|Hex(digest)| digest)
                .collect(),
            tool_versions: runner.tool_versions,
            cli_config: runner
                .cli_config
                .map(|path| self.absolute(&path, path.get_ref()))
                .transpose()?,
            lock_file,
            workdir,
            env_pass: words(runner.env_pass),
            env_set: runner
                .env_set
                .into_iter()
                .map(|(name, value)| (name.into_inner(), value))
                .collect(),
            preflight: runner
                .preflight
                .into_iter()
                .map(|preflight| self.preflight(preflight))
                .collect::<Result<_, _>>()?,
        })
    }

    fn preflight(&self, preflight: Spanned<config::Preflight>) -> Result<Preflight, Failure> {
        let span = preflight.span();
        let config::Preflight {
            argv,
            expect,
            timeout,
        } = preflight.into_inner();
        if !argv
            .first()
            .is_some_and(|program| Path::new(program).is_absolute())
        {
            return Err(self.refuse(
                span,
                "trust-preflight",
                "argv begins with the absolute path of a program",
            ));
        }
        Ok(Preflight {
            argv,
            expect,
            timeout: timeout.map_or(Ok(SignedDuration::from_secs(20)), |text| {
                self.duration(&text)
            })?,
        })
    }

    fn absolute<T>(&self, place: &Spanned<T>, path: &Path) -> Result<PathBuf, Failure> {
        if path.is_absolute() {
            Ok(path.to_path_buf())
        } else {
            Err(self.refuse(
                place.span(),
                "trust-path",
                format!("{} is not an absolute path", path.display()),
            ))
        }
    }

    pub(super) fn policy(&self, policy: &config::Policy) -> Result<Policy, Failure> {
        Ok(Policy {
            directory: self.absolute(&policy.directory, policy.directory.get_ref())?,
            sha256: policy.sha256.map(|Hex(digest)| digest),
            reviewer_overrides: policy.reviewer_overrides.unwrap_or(true),
        })
    }

    pub(super) fn conditions(
        &self,
        conditions: &config::Conditions,
    ) -> Result<Conditions, Failure> {
        Ok(Conditions {
            directory: self.absolute(&conditions.directory, conditions.directory.get_ref())?,
            sha256: conditions.sha256.map(|Hex(digest)| digest),
        })
    }

    pub(super) fn ledger(&self, ledger: config::Ledger) -> Result<Ledger, Failure> {
        if let Some(word) = ledger
            .on_unavailable
            .as_ref()
            .filter(|word| word.get_ref() != "refuse")
        {
            return Err(self.refuse(
                word.span(),
                "trust-ledger",
                "on_unavailable can only be refuse",
            ));
        }
        if ledger.kind.get_ref() != "dir" {
            return self.remote(&ledger);
        }
        if let Some(url) = ledger.url {
            return Err(self.refuse(
                url.span(),
                "trust-ledger",
                "a ledger of kind dir has a path, not a url",
            ));
        }
        let path = ledger.path.ok_or_else(|| {
            self.refuse(
                ledger.kind.span(),
                "trust-ledger",
                "a ledger of kind dir needs a path",
            )
        })?;
        Ok(Ledger::Dir(self.absolute(&path, path.get_ref())?))
    }

    /// An object store, for programs that were built with one.
    fn remote(&self, ledger: &config::Ledger) -> Result<Ledger, Failure> {
        let kind = ledger.kind.get_ref().as_str();
        let scheme = match kind {
            "s3" => "s3://",
            "gcs" => "gs://",
            "azure" => "az://",
            "file" => "file:///",
            _ => {
                return Err(self.refuse(
                    ledger.kind.span(),
                    "trust-ledger",
                    format!("{kind} is no kind of ledger; write dir, s3, gcs, azure or file"),
                ));
            }
        };
        if !cfg!(feature = "remote-ledger") {
            return Err(self
                .unsupported(ledger.kind.span(), &format!("a ledger of kind {kind}"))
                .hint("Build undersign with --features remote-ledger."));
        }
        match (&ledger.url, &ledger.path) {
            (Some(url), None) if url.get_ref().starts_with(scheme) => {
                Ok(Ledger::Remote(url.get_ref().clone()))
            }
            (Some(_) | None, _) => Err(self.refuse(
                ledger.kind.span(),
                "trust-ledger",
                format!("a ledger of kind {kind} has a url that begins with {scheme}, and no path"),
            )),
        }
    }
}

/// Whether a trust file may name this variable for the tool: never one that changes what the tool does or loads.
fn is_variable(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    let switch = ["TF_CLI_", "TF_REATTACH_", "LD_", "DYLD_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || [
            "TF_WORKSPACE",
            "TF_DATA_DIR",
            "TF_INPUT",
            "TF_IN_AUTOMATION",
            "PATH",
            "HOME",
            "SSH_AUTH_SOCK",
            "GODEBUG",
        ]
        .contains(&name);
    plain && !switch
}

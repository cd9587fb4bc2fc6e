//! The files that a plan is applied among: which they are, what is in them, and a private copy of exactly those.
//!
//! A plan file carries its configuration, not the scripts and archives that are read while it is applied. Where the trust
//! file says `workdir = "manifest"`, the reviewer's approval binds a digest over the sorted lines `sha256  path` of the
//! configuration's directory (what `sha256sum` prints); the gate copies the files, hashes what it copies, and asks for
//! the same digest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256 as Hasher};

use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// More files are not a configuration.
const MAX_FILES: usize = 10_000;
/// Larger files together are none either.
const MAX_BYTES: u64 = 256 << 20;

/// Names that are no part of what is applied: the tool's own data, state, repositories, plans and what is said of them.
fn is_left_out(name: &str) -> bool {
    matches!(name, ".terraform" | ".git" | ".terraform.tfstate.lock.info")
        || name.starts_with("terraform.tfstate")
        || [
            ".tfplan",
            ".approvals",
            ".approval.json",
            ".rejection.json",
            ".rejection.md",
        ]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Every file of a directory, by its path within it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    files: BTreeMap<String, Sha256>,
    bytes: u64,
}

impl Manifest {
    /// Lists the files of `directory`.
    pub fn of(directory: &Path) -> Result<Self, Failure> {
        let mut manifest = Manifest::default();
        manifest.walk(directory, "", None)?;
        Ok(manifest)
    }

    /// Copies the files of `directory` into `target`, and lists what was copied.
    pub fn copy(directory: &Path, target: &Path) -> Result<Self, Failure> {
        let mut manifest = Manifest::default();
        manifest.walk(directory, "", Some(target))?;
        Ok(manifest)
    }

    /// Digest of the list.
    pub fn sha256(&self) -> Sha256 {
        Hasher::digest(self.to_text()).into()
    }

    /// The list, as `sha256sum` prints it.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (path, sha256) in &self.files {
            let _ = writeln!(text, "{}  {path}", Hex(*sha256));
        }
        text
    }

    fn walk(&mut self, from: &Path, within: &str, to: Option<&Path>) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| Failure::io(from.display(), error);
        for entry in fs::read_dir(from).map_err(|error| failed(&error))? {
            let entry = entry.map_err(|error| failed(&error))?;
            let path = entry.path();
            let name = entry
                .file_name()
                .into_string()
                .ok()
                .filter(|name| !name.contains(['\n', '\\']));
            let Some(name) = name else {
                return Err(refused(&path, "its name cannot stand in a list"));
            };
            if is_left_out(&name) {
                continue;
            }
            let inside = format!("{within}{name}");
            let target = to.map(|to| to.join(&name));
            let kind = entry.file_type().map_err(|error| failed(&error))?;
            if kind.is_dir() {
                if let Some(target) = &target {
                    fs::create_dir(target).map_err(|error| failed(&error))?;
                }
                self.walk(&path, &format!("{inside}/"), target.as_deref())?;
            } else if kind.is_file() {
                self.file(&path, inside, target.as_deref())?;
            } else {
                // What a link points to can be changed without changing the link.
                return Err(refused(&path, "it is neither a file nor a directory"));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, inside: String, target: Option<&Path>) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::io(path.display(), &error);
        let mut file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let left = MAX_BYTES.saturating_sub(self.bytes);
        file.by_ref()
            .take(left + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_BYTES || self.files.len() >= MAX_FILES {
            return Err(refused(
                path,
                "the directory holds more than a configuration does",
            ));
        }
        if let Some(target) = target {
            fs::write(target, &bytes).map_err(failed)?;
            // A script must stay one that can be run.
            let permissions = file.metadata().map_err(failed)?.permissions();
            fs::set_permissions(target, permissions).map_err(failed)?;
        }
        self.files.insert(inside, Hasher::digest(&bytes).into());
        Ok(())
    }
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(
        Exit::EnvironmentUnsafe,
        "manifest",
        format!("{} cannot be bound by an approval: {why}", path.display()),
    )
    .hint("Keep only the configuration and the files it reads in its directory.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_what_sha256sum_prints_and_the_copy_is_listed_the_same() {
        let from = tempfile::tempdir().unwrap();
        let to = tempfile::tempdir().unwrap();
        fs::create_dir(from.path().join("scripts")).unwrap();
        for (name, text) in [
            ("main.tf", "a"),
            ("scripts/go.sh", "b"),
            ("plan.tfplan", "c"),
        ] {
            fs::write(from.path().join(name), text).unwrap();
        }
        let manifest = Manifest::of(from.path()).unwrap();
        assert_eq!(
            manifest.to_text(),
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  main.tf\n\
             3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  scripts/go.sh\n"
        );
        assert_eq!(Manifest::copy(from.path(), to.path()).unwrap(), manifest);
        assert_eq!(Manifest::of(to.path()).unwrap(), manifest);
        assert!(!to.path().join("plan.tfplan").exists());
    }

    #[test]
    fn a_link_is_refused() {
        let from = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/hostname", from.path().join("link")).unwrap();
        assert_eq!(Manifest::of(from.path()).unwrap_err().reason, "manifest");
    }
}

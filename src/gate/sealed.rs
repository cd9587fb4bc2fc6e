//! One private copy of the plan that nobody can change any more, not even we.
//!
//! Whatever is hashed, read, shown and applied is this copy, so that swapping the file on disk between two of these
//! steps changes nothing. On Linux the copy is sealed memory. The child that needs it gets it as its standard input and
//! opens it as a file again from there: no other process inherits it, and there is no name in a file system to race for.
//! Elsewhere it is a file in a private directory, hashed again after the child is done.

use std::fs::File;
#[cfg(not(target_os = "linux"))]
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use sha2::Digest as _;

use crate::failure::{Exit, Failure};
use crate::plan::archive::{self, PlanFile, Sha256};
use crate::plan::input;

/// Largest plan file that is read.
pub const MAX_PLAN_BYTES: u64 = 256 << 20;

/// A plan file that cannot change any more.
#[derive(Debug)]
pub struct SealedPlan {
    file: File,
    sha256: Sha256,
    size: u64,
    #[cfg(not(target_os = "linux"))]
    directory: crate::process::Directory,
}

impl SealedPlan {
    /// Copies the plan file at `path` and seals the copy. A symbolic link is followed: the bytes count, not the name.
    pub fn of_path(path: &Path) -> Result<Self, Failure> {
        let file = input::open(path).map_err(|failure| {
            failure.hint("Give the file that `terraform plan -out FILE` wrote.")
        })?;
        Self::of_reader(file)
    }

    /// Copies everything that `source` gives, and seals the copy.
    pub fn of_reader(source: impl Read) -> Result<Self, Failure> {
        let mut plan = seal(source)
            .map_err(|error| Failure::io("making a private copy of the plan", &error))?;
        if plan.size > MAX_PLAN_BYTES {
            return Err(Failure::new(
                Exit::BadPlan,
                "plan-too-large",
                "the plan file is too large",
            )
            .expected(format!("at most {MAX_PLAN_BYTES} bytes"), "more"));
        }
        // The digest is taken of what can no longer change, not of what passed by while copying.
        plan.sha256 = plan
            .digest()
            .map_err(|error| Failure::io("reading the private copy of the plan", &error))?;
        Ok(plan)
    }

    /// Digest of the sealed bytes.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The sealed bytes from their start. All readers of one plan share a position: use one at a time.
    pub fn reader(&self) -> Result<impl Read + Seek + '_, Failure> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))
            .map_err(|error| Failure::io("reading the private copy of the plan", &error))?;
        Ok(file)
    }

    /// What the plan file says of itself.
    pub fn describe(&self) -> Result<PlanFile, Failure> {
        archive::read(&mut self.reader()?, self.sha256, self.size)
    }

    fn digest(&self) -> io::Result<Sha256> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let mut hasher = sha2::Sha256::new();
        io::copy(&mut file, &mut hasher)?;
        Ok(hasher.finalize().into())
    }

    /// Adds the path under which `command` finds the plan to its arguments, and lets it inherit the plan and nothing else.
    #[cfg(target_os = "linux")]
    pub fn hand_to(&self, command: &mut Command) -> Result<(), Failure> {
        let plan = self
            .file
            .try_clone()
            .map_err(|error| Failure::io("handing the plan to the tool", &error))?;
        command.stdin(plan).arg("/proc/self/fd/0");
        Ok(())
    }

    /// Adds the path under which `command` finds the plan to its arguments.
    #[cfg(not(target_os = "linux"))]
    pub fn hand_to(&self, command: &mut Command) -> Result<(), Failure> {
        self.refuse_if_changed()?;
        command
            .stdin(std::process::Stdio::null())
            .arg(self.directory.path().join(COPY));
        Ok(())
    }

    /// Checks that the copy is still what was hashed. Sealed memory always is.
    #[cfg(target_os = "linux")]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    pub fn refuse_if_changed(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Checks that the copy is still what was hashed.
    #[cfg(not(target_os = "linux"))]
    pub fn refuse_if_changed(&self) -> Result<(), Failure> {
        let named = File::open(self.directory.path().join(COPY))
            .and_then(|mut file| {
                let mut hasher = sha2::Sha256::new();
                io::copy(&mut file, &mut hasher)?;
                Ok(Sha256::from(hasher.finalize()))
            })
            .map_err(|error| Failure::io("reading the private copy of the plan", &error))?;
        if named == self.sha256 {
            return Ok(());
        }
        Err(Failure::new(
            Exit::EnvironmentUnsafe,
            "plan-changed",
            "the private copy of the plan was changed by somebody else",
        ))
    }
}

#[cfg(target_os = "linux")]
fn seal(source: impl Read) -> io::Result<SealedPlan> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    let mut file = File::from(memfd_create(
        "undersign-plan",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?);
    let size = io::copy(&mut source.take(MAX_PLAN_BYTES + 1), &mut file)?;
    file.flush()?;
    fcntl_add_seals(
        &file,
        SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL,
    )?;
    Ok(SealedPlan {
        file,
        sha256: [0; 32],
        size,
    })
}

/// Name of the copy in its private directory.
#[cfg(not(target_os = "linux"))]
const COPY: &str = "plan.tfplan";

#[cfg(not(target_os = "linux"))]
fn seal(source: impl Read) -> io::Result<SealedPlan> {
    let directory = crate::process::Directory::new()?;
    let path = directory.path().join(COPY);
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    let size = io::copy(&mut source.take(MAX_PLAN_BYTES + 1), &mut copy)?;
    copy.flush()?;
    let mut permissions = copy.metadata()?.permissions();
    permissions.set_readonly(true);
    copy.set_permissions(permissions)?;
    Ok(SealedPlan {
        file: File::open(&path)?,
        sha256: [0; 32],
        size,
        directory,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_keeps_what_it_was_made_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan");
        std::fs::write(&path, b"first").unwrap();
        let plan = SealedPlan::of_path(&path).unwrap();
        std::fs::write(&path, b"other").unwrap();
        let mut bytes = Vec::new();
        plan.reader().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"first");
        assert_eq!(plan.size(), 5);
        assert_eq!(
            plan.sha256(),
            <Sha256>::from(sha2::Sha256::digest(b"first"))
        );
        plan.refuse_if_changed().unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn nobody_can_write_to_sealed_memory() {
        let plan = SealedPlan::of_reader(&b"plan"[..]).unwrap();
        let mut file = &plan.file;
        file.seek(SeekFrom::Start(0)).unwrap();
        let error = file.write(b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(plan.file.set_len(0).is_err());
        assert!(plan.file.set_len(100).is_err());
    }

    #[test]
    fn a_directory_is_no_plan() {
        let dir = tempfile::tempdir().unwrap();
        let failure = SealedPlan::of_path(dir.path()).unwrap_err();
        assert_eq!((failure.exit, failure.reason), (Exit::BadPlan, "io"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_child_finds_the_plan_and_nothing_else_inherits_it() {
        let plan = SealedPlan::of_reader(&b"sealed bytes"[..]).unwrap();
        let mut command = Command::new("/bin/cat");
        plan.hand_to(&mut command).unwrap();
        assert_eq!(command.output().unwrap().stdout, b"sealed bytes");
        let other = Command::new("/bin/sh")
            .args(["-c", "ls -l /proc/self/fd"])
            .output()
            .unwrap();
        assert!(!String::from_utf8_lossy(&other.stdout).contains("undersign-plan"));
    }
}

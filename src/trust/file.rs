//! Opening a trust file: nobody else may have been able to write it.
//!
//! A trust file that the agent can edit decides nothing. Its owner, its mode and those of every directory above it are
//! looked at, through no symbolic link but root's own; or its digest is pinned by whoever runs the gate.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256 as Hasher};

use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// A larger trust file is not read.
const MAX_BYTES: u64 = 1 << 20;
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

/// The text of a trust file, and what its place says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its text.
    pub text: String,
    /// Its digest.
    pub sha256: Sha256,
    /// What keeps others from changing it.
    pub held_by: HeldBy,
}

/// What keeps a trust file from being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldBy {
    /// The digest was given from outside.
    Digest,
    /// Another user owns it, and this one cannot write it.
    OtherUser,
    /// Nothing: who runs undersign can write it too. Good against mistakes only.
    Nobody,
}

/// Opens a trust file and refuses it where others could have written it.
pub fn open(path: &Path, pinned: Option<Sha256>) -> Result<Opened, Failure> {
    let own = rustix::process::geteuid().as_raw();
    let mut file = open_regular(path).map_err(|error| unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    let mut replaceable = false;
    if pinned.is_none() {
        check_owner(path, &metadata, own)?;
        replaceable = check_parents(path, own)?;
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unsafe_file(
            "trust-too-large",
            format!("{} is too large for a trust file", path.display()),
        ));
    }
    let sha256: Sha256 = Hasher::digest(&bytes).into();
    if let Some(wanted) = pinned
        && wanted != sha256
    {
        return Err(unsafe_file(
            "trust-digest",
            format!("{} is not the trust file that was pinned", path.display()),
        )
        .expected(Hex(wanted).to_string(), Hex(sha256).to_string()));
    }
    let held_by = match pinned {
        Some(_) => HeldBy::Digest,
        None if metadata.uid() == own || own == ROOT || replaceable => HeldBy::Nobody,
        None => HeldBy::OtherUser,
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        unsafe_file(
            "trust-format",
            format!("{} is not UTF-8 text", path.display()),
        )
    })?;
    Ok(Opened {
        text,
        sha256,
        held_by,
    })
}

/// Reads at most `limit` bytes of a regular file, through no symbolic link at its end.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    open_regular(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| {
            Failure::new(
                Exit::BadSignature,
                "approval-file",
                format!("{}: {error}", path.display()),
            )
        })?;
    if bytes.len() as u64 > limit {
        return Err(Failure::new(
            Exit::BadSignature,
            "too-large",
            format!("{} is too large", path.display()),
        )
        .expected(format!("at most {limit} bytes"), "more"));
    }
    Ok(bytes)
}

fn open_regular(path: &Path) -> std::io::Result<File> {
    // Without NONBLOCK, opening a named pipe would wait for somebody to write into it.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::other("this is not a regular file"))
    }
}

fn check_owner(path: &Path, metadata: &std::fs::Metadata, own: u32) -> Result<(), Failure> {
    let owner = metadata.uid();
    if owner != ROOT && owner != own {
        return Err(unsafe_file(
            "trust-owner",
            format!("{} belongs to another user", path.display()),
        )
        .expected(format!("root or user {own}"), format!("user {owner}")));
    }
    let mode = metadata.mode() & 0o7777;
    // In a sticky directory, as /tmp is, nobody can replace what belongs to somebody else.
    let sticky = metadata.is_dir() && mode & STICKY != 0;
    if mode & OTHERS_WRITE != 0 && !sticky {
        return Err(
            unsafe_file("trust-mode", format!("others can write {}", path.display()))
                .expected(
                    "no write permission for group and others",
                    format!("mode {mode:04o}"),
                )
                .hint(format!("chmod go-w {}", path.display())),
        );
    }
    Ok(())
}

/// Refuses a directory that others could write to, or put another one in place of.
pub fn refuse_shared(directory: &Path) -> Result<(), Failure> {
    let own = rustix::process::geteuid().as_raw();
    let real = directory
        .canonicalize()
        .map_err(|error| unreadable(directory, &error))?;
    let metadata = real.metadata().map_err(|error| unreadable(&real, &error))?;
    check_owner(&real, &metadata, own)?;
    check_parents(directory, own)?;
    check_parents(&real, own).map(drop)
}

/// Looks at every directory above the file, as it was named and as it is without symbolic links. Returns whether one of
/// them is this user's, who then could put another file in place of this one.
fn check_parents(path: &Path, own: u32) -> Result<bool, Failure> {
    let named = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
    let parent = named.parent().unwrap_or(Path::new("/"));
    let real = parent
        .canonicalize()
        .map_err(|error| unreadable(parent, &error))?;
    let mut replaceable = false;
    for directory in parent.ancestors().chain(real.ancestors()) {
        let metadata = directory
            .symlink_metadata()
            .map_err(|error| unreadable(directory, &error))?;
        replaceable |= metadata.uid() == own;
        if !metadata.is_symlink() {
            check_owner(directory, &metadata, own)?;
        } else if metadata.uid() != ROOT {
            return Err(unsafe_file(
                "trust-symlink",
                format!(
                    "{} is a symbolic link that root did not make",
                    directory.display()
                ),
            )
            .hint(format!(
                "Name the real place: {}",
                real.join(file_name(path)).display()
            )));
        }
    }
    Ok(replaceable)
}

fn file_name(path: &Path) -> PathBuf {
    path.file_name().map(PathBuf::from).unwrap_or_default()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    unsafe_file("trust-unreadable", format!("{}: {error}", path.display()))
        .hint("Name a trust file with --trust, or make one: undersign trust init")
}

fn unsafe_file(reason: &'static str, error: String) -> Failure {
    Failure::new(Exit::TrustUnsafe, reason, error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn reason(path: &Path) -> &'static str {
        let failure = open(path, None).unwrap_err();
        assert_eq!(failure.exit, Exit::TrustUnsafe);
        failure.reason
    }

    #[test]
    fn a_file_that_others_can_write_or_replace_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("etc");
        std::fs::create_dir(&inner).unwrap();
        let path = inner.join("trust.toml");
        std::fs::write(&path, "text").unwrap();
        for (mode, safe) in [
            (0o644, true),
            (0o600, true),
            (0o664, false),
            (0o646, false),
            (0o666, false),
        ] {
            chmod(&path, mode);
            assert_eq!(open(&path, None).is_ok(), safe, "{mode:o}");
        }
        chmod(&path, 0o644);
        for (mode, safe) in [
            (0o755, true),
            (0o775, false),
            (0o777, false),
            (0o1777, true),
        ] {
            chmod(&inner, mode);
            assert_eq!(open(&path, None).is_ok(), safe, "directory {mode:o}");
        }
        chmod(&inner, 0o755);
        chmod(directory.path(), 0o777);
        assert_eq!(reason(&path), "trust-mode");
    }

    #[test]
    fn only_a_regular_file_under_its_own_name_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.toml");
        std::fs::write(&path, "text").unwrap();
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(reason(&link), "trust-unreadable");
        assert_eq!(reason(directory.path()), "trust-unreadable");
        assert_eq!(
            reason(&directory.path().join("missing")),
            "trust-unreadable"
        );
        let pipe = directory.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(reason(&pipe), "trust-unreadable");
        assert!(read_bounded(&pipe, 10).is_err());
        assert_eq!(read_bounded(&path, 4).unwrap(), b"text");
        assert_eq!(read_bounded(&path, 3).unwrap_err().reason, "too-large");
    }

    #[test]
    fn a_directory_behind_a_link_that_root_did_not_make_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("real");
        std::fs::create_dir(&real).unwrap();
        std::fs::write(real.join("trust.toml"), "text").unwrap();
        chmod(&real.join("trust.toml"), 0o644);
        chmod(&real, 0o755);
        let link = directory.path().join("link");
        symlink(&real, &link).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::lchown(&link, Some(1), None).unwrap();
        }
        assert!(open(&real.join("trust.toml"), None).is_ok());
        assert_eq!(reason(&link.join("trust.toml")), "trust-symlink");
    }

    #[test]
    fn a_pinned_digest_takes_the_place_of_owner_and_mode_and_nothing_else_passes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.toml");
        std::fs::write(&path, "text").unwrap();
        chmod(&path, 0o666);
        let digest: Sha256 = Hasher::digest("text").into();
        assert_eq!(open(&path, Some(digest)).unwrap().held_by, HeldBy::Digest);
        std::fs::write(&path, "texT").unwrap();
        assert_eq!(
            open(&path, Some(digest)).unwrap_err().reason,
            "trust-digest"
        );
    }

    #[test]
    fn who_can_write_the_file_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.toml");
        std::fs::write(&path, "text").unwrap();
        chmod(&path, 0o644);
        assert_eq!(open(&path, None).unwrap().held_by, HeldBy::Nobody);
    }
}

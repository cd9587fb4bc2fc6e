//! The bytes of an element, read a second time when somebody looks at it.
//!
//! Owns where the plan's bytes stay after the pass: the file itself, or a private copy of what came through a pipe.
//! What is read again must be the very bytes that were read first.

use std::fs::File;
use std::io::{self, Read};

use super::effect::Effect;
use super::index::fingerprint;
use crate::failure::{Exit, Failure};

/// Where elements can be read again.
#[derive(Debug)]
pub struct Source {
    file: File,
}

impl Source {
    /// The plan's own file, open for reading.
    pub fn file(file: File) -> Self {
        Source { file }
    }

    /// The JSON text of a row's element. Fails if these are no longer the bytes that the row was made of.
    pub fn item(&self, effect: &Effect) -> Result<String, Failure> {
        let len = usize::try_from(effect.span.len).map_err(|_| {
            Failure::new(
                Exit::Internal,
                "too-large",
                "an element is larger than this machine can hold",
            )
        })?;
        let mut bytes = vec![0; len];
        match read_exact_at(&self.file, &mut bytes, effect.span.start) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(changed(effect));
            }
            Err(error) => return Err(Failure::io("the plan cannot be read again", &error)),
        }
        String::from_utf8(bytes)
            .ok()
            .filter(|text| fingerprint(text) == effect.fingerprint)
            .ok_or_else(|| changed(effect))
    }
}

fn changed(effect: &Effect) -> Failure {
    Failure::new(
        Exit::Mismatch,
        "plan-changed",
        format!(
            "the plan was changed while it was reviewed: the element at byte {} is not what was read first",
            { effect.span.start }
        ),
    )
    .hint("Start the review again. Find out who writes to the file.")
}

/// A private copy, in a temporary file without a name, and the source that reads it.
///
/// The source reads what has passed through the tee so far, so a row that was seen can be opened at once.
pub fn spool() -> Result<(Spool, Source), Failure> {
    let cannot = |error: io::Error| {
        Failure::io(
            format_args!(
                "no private copy of the plan can be made in {}",
                std::env::temp_dir().display()
            ),
            &error,
        )
        .hint("Set TMPDIR to a directory with enough room.")
    };
    let copy = tempfile::tempfile().map_err(cannot)?;
    let source = Source::file(copy.try_clone().map_err(cannot)?);
    Ok((Spool { copy }, source))
}

/// A private copy that waits to be filled; made by [`spool`].
#[derive(Debug)]
pub struct Spool {
    copy: File,
}

impl Spool {
    /// Hands on what `reader` gives, and keeps a copy of it.
    pub fn tee<R: Read>(self, reader: R) -> Tee<R> {
        Tee {
            reader,
            copy: self.copy,
            written: 0,
        }
    }
}

/// A reader that keeps a copy; made by [`Spool::tee`].
#[derive(Debug)]
pub struct Tee<R> {
    reader: R,
    copy: File,
    written: u64,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, free: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(free)?;
        write_all_at(&self.copy, &free[..count], self.written).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("its private copy cannot be written: {error}"),
            )
        })?;
        self.written += count as u64;
        Ok(count)
    }
}

// The copy is written and read through one file, so neither may lean on where the other left the cursor.

/// What stands at `offset`, as much of it as comes at once, without leaning on a cursor.
#[cfg(unix)]
pub(super) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
pub(super) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}

#[cfg(unix)]
pub(super) fn write_all_at(file: &File, from: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, from, offset)
}

#[cfg(windows)]
pub(super) fn write_all_at(file: &File, mut from: &[u8], mut offset: u64) -> io::Result<()> {
    while !from.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_write(file, from, offset)?;
        from = &from[count..];
        offset += count as u64;
    }
    Ok(())
}

#[cfg(unix)]
fn read_exact_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, into, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        into = &mut into[count..];
        offset += count as u64;
    }
    Ok(())
}

//! The digest of a plan's bytes, made on a second core while the first one reads them.
//!
//! Hashing takes longer than anything else that is done with each byte, so nothing may wait for it. Bytes from a pipe are
//! copied to the hashing thread as they come. A file is read twice, by each thread for itself: rows are there long before
//! the digest is. That both have read the same bytes is proved by a fingerprint of each piece, keyed anew for each pass,
//! so that nobody who writes to the file in the meantime can prepare two texts that share one.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::{Xxh3, Xxh3Builder};

use super::source::read_at;
use crate::failure::{Exit, Failure};

/// Where a plan's JSON comes from.
pub enum Bytes<'a> {
    /// Bytes that can be read once.
    Stream(&'a mut dyn Read),
    /// A file that can be read again, from its first byte on.
    File(&'a File),
}

impl<'a, R: Read> From<&'a mut R> for Bytes<'a> {
    fn from(reader: &'a mut R) -> Self {
        Bytes::Stream(reader)
    }
}

impl<'a> From<&'a mut (dyn Read + 'a)> for Bytes<'a> {
    fn from(reader: &'a mut (dyn Read + 'a)) -> Self {
        Bytes::Stream(reader)
    }
}

/// Copies that may wait for the hashing thread. With them a pipe is read ahead of its digest by 2 MiB at most.
const WAITING: usize = 4;
/// How much of a file the hashing thread reads at once: what it has just read is hashed from the cache.
const STEP: usize = 128 * 1024;
/// How many bytes one fingerprint stands for.
const PIECE: u64 = 1024 * 1024;

/// What one reader of a file has seen: a keyed fingerprint of each piece, the last one shorter.
pub(super) struct Seen {
    key: Key,
    current: Xxh3,
    /// Bytes in the current piece.
    filled: u64,
    pieces: Vec<u64>,
}

/// The key of the fingerprints, made from random bytes.
type Key = [u8; 192];

impl Seen {
    fn new(key: &Key) -> Self {
        Seen {
            key: *key,
            current: Xxh3Builder::new().with_secret(*key).build(),
            filled: 0,
            pieces: Vec::new(),
        }
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(PIECE - self.filled).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.current.update(now);
            self.filled += now.len() as u64;
            if self.filled == PIECE {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        self.pieces.push(self.current.digest());
        self.current = Xxh3Builder::new().with_secret(self.key).build();
        self.filled = 0;
    }

    /// The length counts too: fewer bytes are other bytes.
    fn finish(mut self) -> (Vec<u64>, u64) {
        let last = self.filled;
        self.close();
        (self.pieces, last)
    }
}

/// The bytes on their way to whoever reads them, with the thread that hashes them.
pub(super) enum Hashed<'scope, 'a> {
    Stream {
        reader: &'a mut dyn Read,
        full: SyncSender<Vec<u8>>,
        empty: Receiver<Vec<u8>>,
        hashing: ScopedJoinHandle<'scope, [u8; 32]>,
    },
    File {
        file: &'a File,
        offset: u64,
        seen: Box<Seen>,
        hashing: Hashing<'scope>,
    },
}

/// What the thread that reads a file for itself comes back with: the digest, and what it has seen.
type Digested = io::Result<([u8; 32], (Vec<u64>, u64))>;

/// A thread that hashes a file, and stops when nobody waits for it any more.
pub(super) struct Hashing<'scope> {
    thread: Option<ScopedJoinHandle<'scope, Digested>>,
    stop: &'scope AtomicBool,
}

impl Drop for Hashing<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl<'scope, 'a: 'scope> Hashed<'scope, 'a> {
    /// Starts the thread. `stop` is for this pass alone.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        bytes: Bytes<'a>,
        stop: &'scope AtomicBool,
    ) -> Result<Self, Failure> {
        Ok(match bytes {
            Bytes::Stream(reader) => {
                let (full, filled) = sync_channel::<Vec<u8>>(WAITING);
                let (drained, empty) = sync_channel(WAITING);
                let hashing = scope.spawn(move || {
                    let mut hasher = Sha256::new();
                    for bytes in filled {
                        hasher.update(&bytes);
                        // A buffer that nobody takes back is dropped.
                        let _ = drained.try_send(bytes);
                    }
                    hasher.finalize().into()
                });
                Hashed::Stream {
                    reader,
                    full,
                    empty,
                    hashing,
                }
            }
            Bytes::File(file) => {
                let mut key: Key = [0; 192];
                getrandom::fill(&mut key).map_err(|error| {
                    Failure::new(
                        Exit::Internal,
                        "random",
                        format!("the system gives no random bytes: {error}"),
                    )
                })?;
                let thread = scope.spawn(move || digest(file, &key, stop));
                Hashed::File {
                    file,
                    offset: 0,
                    seen: Box::new(Seen::new(&key)),
                    hashing: Hashing {
                        thread: Some(thread),
                        stop,
                    },
                }
            }
        })
    }

    /// The next bytes.
    pub fn read(&mut self, free: &mut [u8]) -> io::Result<usize> {
        match self {
            Hashed::Stream {
                reader,
                full,
                empty,
                ..
            } => {
                let count = reader.read(free)?;
                if count > 0 {
                    let mut copy = empty.try_recv().unwrap_or_default();
                    copy.clear();
                    copy.extend_from_slice(&free[..count]);
                    // The thread ends only when this sender does.
                    let _ = full.send(copy);
                }
                Ok(count)
            }
            Hashed::File {
                file, offset, seen, ..
            } => {
                let count = read_at(file, free, *offset)?;
                seen.add(&free[..count]);
                *offset += count as u64;
                Ok(count)
            }
        }
    }

    /// Waits for the digest. Right only when everything was read.
    pub fn finish(self) -> Result<[u8; 32], Failure> {
        match self {
            Hashed::Stream { full, hashing, .. } => {
                drop(full);
                Ok(joined(hashing))
            }
            Hashed::File {
                seen, mut hashing, ..
            } => {
                let thread = hashing.thread.take().expect("it is waited for once");
                let (digest, hashed) = joined(thread)
                    .map_err(|error| Failure::io("the plan cannot be read", &error))?;
                if seen.finish() == hashed {
                    Ok(digest)
                } else {
                    Err(changed())
                }
            }
        }
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn digest(file: &File, key: &Key, stop: &AtomicBool) -> Digested {
    let mut hasher = Sha256::new();
    let mut seen = Seen::new(key);
    let mut buffer = vec![0; STEP];
    let mut offset = 0;
    while !stop.load(Ordering::Relaxed) {
        let count = match read_at(file, &mut buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        seen.add(&buffer[..count]);
        offset += count as u64;
    }
    Ok((hasher.finalize().into(), seen.finish()))
}

fn changed() -> Failure {
    Failure::new(
        Exit::Mismatch,
        "plan-changed",
        "the plan was changed while it was read: its rows and its digest are not of the same bytes",
    )
    .hint("Start again when nothing writes to the file any more. Find out who does.")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read_all<'s, 'a: 's>(hashed: &mut Hashed<'s, 'a>) -> Vec<u8> {
        let mut all = Vec::new();
        let mut free = vec![0; 300_001];
        loop {
            match hashed.read(&mut free).unwrap() {
                0 => return all,
                count => all.extend_from_slice(&free[..count]),
            }
        }
    }

    #[test]
    fn the_digest_is_that_of_all_bytes_from_a_pipe_and_from_a_file() {
        for length in [0, 1, 300_001, 1 << 20, (3 << 20) + 5] {
            let text: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&text).unwrap();
            for bytes in [Bytes::from(&mut &*text), Bytes::File(&file)] {
                let stop = AtomicBool::new(false);
                let (read, digest) = std::thread::scope(|scope| {
                    let mut hashed = Hashed::start(scope, bytes, &stop).unwrap();
                    (read_all(&mut hashed), hashed.finish().unwrap())
                });
                assert!(read == text);
                assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&text)), "{length}");
            }
        }
    }

    #[test]
    fn a_file_that_changes_between_the_two_readers_is_refused() {
        let longer = vec![b'x'; (2 << 20) + 1];
        let mut other = vec![b'x'; 2 << 20];
        other[1 << 20] = b'y';
        for later in [longer, other] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&vec![b'x'; 2 << 20]).unwrap();
            let stop = AtomicBool::new(false);
            let failure = std::thread::scope(|scope| {
                let mut hashed = Hashed::start(scope, Bytes::File(&file), &stop).unwrap();
                let Hashed::File { hashing, .. } = &hashed else {
                    unreachable!("it was made of a file");
                };
                while !hashing.thread.as_ref().unwrap().is_finished() {
                    std::thread::yield_now();
                }
                crate::plan::source::write_all_at(&file, &later, 0).unwrap();
                read_all(&mut hashed);
                hashed.finish().unwrap_err()
            });
            assert_eq!(failure.reason, "plan-changed");
        }
    }

    #[test]
    fn other_bytes_and_fewer_bytes_have_other_fingerprints() {
        let seen = |bytes: &[u8]| {
            let mut seen = Seen::new(&[7; 192]);
            seen.add(bytes);
            seen.finish()
        };
        let text = vec![b'x'; (2 << 20) + 9];
        assert_eq!(seen(&text), seen(&text));
        assert_ne!(seen(&text), seen(&text[1..]));
        for at in [0, 1 << 20, (2 << 20) + 8] {
            let mut other = text.clone();
            other[at] = b'y';
            assert_ne!(seen(&text), seen(&other));
        }
    }
}

//! The digest of a plan's bytes, made on a second core while the first one walks over them.
//!
//! Everything is read once, so the rows and the digest are of the same bytes whatever happens to the file in the meantime.
//! A file is read by the hashing thread, which is the quicker of the two: it hands on what it has hashed, and whoever walks
//! over the bytes need not read them. A pipe may not be read by another thread; what comes from it is copied to the hashing
//! one.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};

use super::source::read_at;

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

/// How much of a file is handed on at once. The slower thread wakes the other one for each piece, and that costs more than
/// walking over many small ones.
const PIECE: usize = 256 * 1024;
/// How much of it is read at once: what has just been read is hashed from the cache.
const STEP: usize = 64 * 1024;
/// Pieces of a file that may wait, and of a pipe, which gives less at once.
const WAITING: usize = 1;
const WAITING_OF_PIPE: usize = PIECE / STEP;

/// The bytes on their way to whoever walks over them, with the thread that hashes them.
pub(super) enum Hashed<'scope, 'a> {
    Stream {
        reader: &'a mut dyn Read,
        full: SyncSender<Vec<u8>>,
        empty: Receiver<Vec<u8>>,
        hashing: ScopedJoinHandle<'scope, [u8; 32]>,
    },
    File {
        pieces: Receiver<io::Result<Vec<u8>>>,
        /// The piece that is handed out, and how much of it was.
        piece: Vec<u8>,
        taken: usize,
        empty: SyncSender<Vec<u8>>,
        hashing: ScopedJoinHandle<'scope, [u8; 32]>,
    },
}

impl<'scope, 'a: 'scope> Hashed<'scope, 'a> {
    /// Starts the thread.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, bytes: Bytes<'a>) -> Self {
        match bytes {
            Bytes::Stream(reader) => {
                let (full, filled) = sync_channel::<Vec<u8>>(WAITING_OF_PIPE);
                let (drained, empty) = sync_channel(WAITING_OF_PIPE);
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
                let (hashed, pieces) = sync_channel(WAITING);
                let (empty, drained) = sync_channel(WAITING);
                let hashing = scope.spawn(move || digest(file, &hashed, &drained));
                Hashed::File {
                    pieces,
                    piece: Vec::new(),
                    taken: 0,
                    empty,
                    hashing,
                }
            }
        }
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
                pieces,
                piece,
                taken,
                empty,
                ..
            } => {
                if *taken == piece.len() {
                    // The thread ends when all of the file was handed on.
                    let Ok(next) = pieces.recv() else {
                        return Ok(0);
                    };
                    let _ = empty.try_send(std::mem::replace(piece, next?));
                    *taken = 0;
                }
                let count = free.len().min(piece.len() - *taken);
                free[..count].copy_from_slice(&piece[*taken..*taken + count]);
                *taken += count;
                Ok(count)
            }
        }
    }

    /// Waits for the digest. Right only when everything was read.
    pub fn finish(self) -> [u8; 32] {
        let hashing = match self {
            Hashed::Stream { full, hashing, .. } => {
                // The thread ends when nothing can come any more.
                drop(full);
                hashing
            }
            Hashed::File { hashing, .. } => hashing,
        };
        hashing
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Reads the file to its end, and hands on what was hashed. Whoever takes no more of it needs no digest either.
fn digest(
    file: &File,
    hashed: &SyncSender<io::Result<Vec<u8>>>,
    drained: &Receiver<Vec<u8>>,
) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut offset = 0;
    loop {
        let mut piece = drained.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let read = fill(file, offset, &mut piece, &mut digest);
        if let Ok(0) = read {
            break;
        }
        let failed = read.is_err();
        let read = read.map(|count| {
            offset += count as u64;
            piece.truncate(count);
            piece
        });
        if hashed.send(read).is_err() || failed {
            break;
        }
    }
    digest.finalize().into()
}

/// Reads from `offset` on until `piece` is full or the file ends, and hashes it step by step.
fn fill(file: &File, offset: u64, piece: &mut [u8], digest: &mut Sha256) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        let to = piece.len().min(filled + STEP);
        match read_at(file, &mut piece[filled..to], offset + filled as u64) {
            Ok(0) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(count) => {
                digest.update(&piece[filled..filled + count]);
                filled += count;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
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
                let (read, digest) = std::thread::scope(|scope| {
                    let mut hashed = Hashed::start(scope, bytes);
                    (read_all(&mut hashed), hashed.finish())
                });
                assert!(read == text);
                assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&text)), "{length}");
            }
        }
    }

    #[test]
    fn what_is_handed_out_is_what_was_hashed_while_somebody_writes_to_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; 4 << 20]).unwrap();
        std::thread::scope(|scope| {
            let mut hashed = Hashed::start(scope, Bytes::File(&file));
            let mut first = vec![0; 1000];
            let count = hashed.read(&mut first).unwrap();
            first.truncate(count);
            for change in [vec![b'y'; 4 << 20], vec![b'z'; 5 << 20]] {
                crate::plan::source::write_all_at(&file, &change, 0).unwrap();
            }
            first.extend(read_all(&mut hashed));
            assert_eq!(hashed.finish(), <[u8; 32]>::from(Sha256::digest(&first)));
        });
    }

    #[test]
    fn a_reader_that_leaves_early_keeps_nobody_waiting() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; 8 << 20]).unwrap();
        std::thread::scope(|scope| {
            let mut hashed = Hashed::start(scope, Bytes::File(&file));
            assert_ne!(hashed.read(&mut [0; 10]).unwrap(), 0);
        });
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_is_told() {
        let directory = File::open(std::env::temp_dir()).unwrap();
        std::thread::scope(|scope| {
            let mut hashed = Hashed::start(scope, Bytes::File(&directory));
            assert!(hashed.read(&mut [0; 10]).is_err());
        });
    }
}

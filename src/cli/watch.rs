//! Looks at a plan file while it is reviewed, and says when it was made again.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256 as Hasher};

use crate::plan::archive::Sha256;
use crate::ui::Msg;

/// How often the file is looked at.
const PATIENCE: Duration = Duration::from_millis(400);

/// What is looked at first: reading a large file over and over would be a nuisance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    length: u64,
    modified: Option<SystemTime>,
}

/// Starts to watch `path`, which had this digest when it was opened, if that is known. Says once that the file is another
/// one, when it has settled.
pub fn start(path: PathBuf, opened: Option<Sha256>, screen: SyncSender<Msg>) {
    let Some(digest) = opened.or_else(|| digest(&path)) else {
        return;
    };
    thread::spawn(move || {
        let mut seen = None;
        let mut known = None;
        loop {
            thread::sleep(PATIENCE);
            let Some(now) = look(&path) else {
                continue;
            };
            // A file that was still another one at the last look is being written.
            let settled = seen == Some(now);
            seen = Some(now);
            if !settled || known == Some(now) || now.length == 0 {
                continue;
            }
            known = Some(now);
            if self::digest(&path).is_none_or(|now| now == digest) {
                continue;
            }
            let mut message = Msg::SourceChanged;
            loop {
                match screen.try_send(message) {
                    Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                    Err(TrySendError::Full(back)) => message = back,
                }
                thread::sleep(PATIENCE);
            }
        }
    });
}

fn look(path: &Path) -> Option<Look> {
    let data = fs::metadata(path).ok()?;
    Some(Look {
        length: data.len(),
        modified: data.modified().ok(),
    })
}

fn digest(path: &Path) -> Option<Sha256> {
    let mut hasher = Hasher::new();
    io::copy(&mut File::open(path).ok()?, &mut hasher).ok()?;
    Some(hasher.finalize().into())
}

//! Programs that we start and private directories that we make: none of them outlives us, whichever way we leave.
//!
//! A program leads a process group of its own: what it starts in turn is ended with it, and an interrupt typed on the
//! terminal reaches us alone. Ending is asked for first and enforced after a short grace, and it is waited for. Knows
//! nothing of what the programs do and what lies in the directories.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

pub mod child;
pub mod directory;
pub mod signals;

pub use child::{Bond, Child};
pub use directory::Directory;

/// How long a program that is asked to end may take, before it is killed.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is looked whether it has.
const PAUSE: Duration = Duration::from_millis(5);

/// What must not outlive us.
struct Kept {
    running: Vec<Running>,
    directories: Vec<PathBuf>,
    /// Threads whose work nobody wants any more.
    over: Vec<ThreadId>,
    /// Nothing is started any more.
    closed: bool,
}

/// A program that nobody has waited for yet: as long as it stands here, its number is no other's.
struct Running {
    id: Pid,
    bond: Bond,
    by: ThreadId,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept {
    running: Vec::new(),
    directories: Vec::new(),
    over: Vec::new(),
    closed: false,
});

/// Held by whoever ends everything. One who does so because of a signal never lets go of it.
static LEAVING: Mutex<()> = Mutex::new(());

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    /// Refuses to begin anything where nobody would end it.
    fn refuse_late(&self) -> io::Result<()> {
        if self.closed || self.over.contains(&thread::current().id()) {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "it was left before this was started",
            ));
        }
        Ok(())
    }

    fn signal(&self, id: Pid, signal: Signal) {
        if let Some(running) = self.running.iter().find(|running| running.id == id) {
            running.signal(signal);
        }
    }
}

impl Running {
    /// Fails only for what has ended already.
    fn signal(&self, signal: Signal) {
        let _ = match self.bond {
            Bond::Group => rustix::process::kill_process_group(self.id, signal),
            Bond::Terminal | Bond::Free => rustix::process::kill_process(self.id, signal),
        };
    }
}

/// Ends everything that we started and removes everything that we made for ourselves. Nothing can be started afterwards.
/// A program that is let finish is not touched.
pub fn leave() {
    let _turn = leaving();
}

/// The same; the turn is held until what is returned is dropped.
fn leaving() -> MutexGuard<'static, ()> {
    let turn = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
    kept().closed = true;
    end(|_| true);
    let directories = std::mem::take(&mut kept().directories);
    for path in directories {
        directory::remove(&path);
    }
    turn
}

/// Leaves as soon as it is dropped, a panic included.
#[derive(Debug)]
pub struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        leave();
    }
}

/// A thread whose programs are ended as soon as nobody wants its work any more: when this is dropped.
#[derive(Debug)]
pub struct Work(ThreadId);

impl Work {
    /// Starts it.
    pub fn start(run: impl FnOnce() + Send + 'static) -> Self {
        Work(thread::spawn(run).thread().id())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        kept().over.push(self.0);
        end(|running| running.by == self.0);
    }
}

/// Asks programs to end, kills those that do not, and waits until they have.
fn end(which: impl Fn(&Running) -> bool) {
    let meant = |running: &&Running| running.bond != Bond::Free && which(running);
    let ids: Vec<Pid> = kept()
        .running
        .iter()
        .filter(meant)
        .map(|running| running.id)
        .collect();
    for signal in [Signal::TERM, Signal::KILL] {
        for id in &ids {
            kept().signal(*id, signal);
        }
        let asked = Instant::now();
        while asked.elapsed() < GRACE && !ids.iter().all(|id| has_ended(*id)) {
            thread::sleep(PAUSE);
        }
    }
}

/// Whether a program has ended. It may still have to be waited for.
fn has_ended(id: Pid) -> bool {
    let kept = kept();
    !kept.running.iter().any(|running| running.id == id) || child::is_over(id)
}

#[cfg(test)]
mod tests;

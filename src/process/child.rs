//! A program that runs, and how it is bound to us.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::{GRACE, PAUSE, Running, has_ended, kept, signals};

/// How a program is bound to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// It leads a group of its own, and ends with us, and the group with it.
    Group,
    /// It talks with the person on our terminal, so it stays in our group; it ends with us.
    Terminal,
    /// It must be let finish. It leads a group of its own, so that it hears of an interrupt once, from us.
    Free,
}

/// A program that we started. Whoever drops it ends it, unless it is to be let finish.
#[derive(Debug)]
pub struct Child {
    /// What it reads, where that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// What it prints, where that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// What it complains of, where that is a pipe.
    pub stderr: Option<ChildStderr>,
    inner: std::process::Child,
    id: Pid,
    bond: Bond,
}

impl Child {
    /// Starts it.
    pub fn start(command: &mut Command, bond: Bond) -> io::Result<Self> {
        if bond != Bond::Terminal {
            command.process_group(0);
        }
        // Under the lock, so that whoever ends everything finds it, or it is not started.
        let mut kept = kept();
        kept.refuse_late()?;
        if bond == Bond::Free && signals::asked() {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "we were asked to stop before it was started",
            ));
        }
        let mut inner = command.spawn()?;
        let id = Pid::from_child(&inner);
        kept.running.push(Running {
            id,
            bond,
            by: thread::current().id(),
        });
        Ok(Child {
            stdin: inner.stdin.take(),
            stdout: inner.stdout.take(),
            stderr: inner.stderr.take(),
            inner,
            id,
            bond,
        })
    }

    /// Waits until it ends.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        // Not under the lock, and so that the number stays its own: others may want to end it meanwhile.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // It fails only where it was waited for before.
        let _ = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.id), options));
        self.reap()
    }

    /// Waits until it ends, but not for longer than `limit`: then it is ended, and there is no status.
    pub fn wait_at_most(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        while !has_ended(self.id) {
            if begun.elapsed() > limit {
                self.end()?;
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
        self.reap().map(Some)
    }

    /// Asks it to end, kills it if it does not, and waits for it.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        kept().signal(self.id, Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < GRACE && !has_ended(self.id) {
            thread::sleep(PAUSE);
        }
        kept().signal(self.id, Signal::KILL);
        self.wait()
    }

    /// Takes the status of what has ended. What is left of its group ends now.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        let mut kept = kept();
        if self.bond == Bond::Group {
            kept.signal(self.id, Signal::KILL);
        }
        kept.running.retain(|running| running.id != self.id);
        self.inner.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Nobody is left to be told how it ended.
        let _ = match self.bond {
            Bond::Group | Bond::Terminal => self.end().map(drop),
            Bond::Free => {
                kept().running.retain(|running| running.id != self.id);
                Ok(())
            }
        };
    }
}

/// Whether a child has ended and not been waited for.
pub(super) fn is_over(id: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    !matches!(waitid(WaitId::Pid(id), options), Ok(None))
}

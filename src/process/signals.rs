//! What is done when somebody asks us to stop: with `kill`, by closing the terminal, with an interrupt typed on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::{Bond, kept, leaving};

/// How long a program that is told to end may take to leave by itself. A busy machine is slow, and whoever is cut off here
/// does not say what it kept.
const GRACE: Duration = Duration::from_secs(5);

/// What asks to stop.
const ASKING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// What is done about it.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Everything is ended, and we with it.
    Leave,
    /// Somebody looks at [`asked`] and leaves in good order.
    Tell {
        /// Done at once, so that whoever sleeps looks.
        wake: fn(),
        /// If it takes too long all the same, this is done and we leave.
        last: fn(),
    },
    /// A program has the terminal: an interrupt typed there is meant for it. Anything else is told as above.
    Aside,
    /// It is handed on, as an interrupt, to the program that must be let finish.
    HandOn,
}

static MANNER: Mutex<Manner> = Mutex::new(Manner::Leave);
static ASKED: AtomicBool = AtomicBool::new(false);
static HANDLE: OnceLock<Handle> = OnceLock::new();

/// A manner for as long as this lives; then the one before holds again.
#[derive(Debug)]
pub struct Held(Manner);

impl Drop for Held {
    fn drop(&mut self) {
        set(self.0);
    }
}

/// Holds a manner from now on. Whoever wants to be told is told of what was to be ignored as well: a screen whose terminal is
/// closed must end.
pub fn hold(manner: Manner) -> Held {
    listen();
    let before = Held(set(manner));
    if let (Manner::Tell { .. }, Some(handle)) = (manner, HANDLE.get()) {
        for signal in ASKING {
            // Without it the signal stays ignored.
            let _ = handle.add_signal(signal);
        }
    }
    before
}

/// Whether somebody asked us to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

fn set(manner: Manner) -> Manner {
    let mut now = MANNER.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut now, manner)
}

fn manner() -> Manner {
    *MANNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens from now on. What whoever started us wanted to be ignored stays ignored.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let ignored = ignored();
        let heard = ASKING.iter().filter(|signal| !ignored(**signal));
        // Without it a signal ends us at once, as it would have without all this.
        if let Ok(mut signals) = Signals::new(heard) {
            HANDLE.get_or_init(|| signals.handle());
            thread::spawn(move || signals.forever().for_each(hear));
        }
    });
}

fn hear(signal: i32) {
    match manner() {
        Manner::Leave => die(signal),
        Manner::Aside if signal == SIGINT || signal == SIGQUIT => {}
        told @ (Manner::Tell { .. } | Manner::Aside) => {
            ASKED.store(true, Ordering::SeqCst);
            if let Manner::Tell { wake, .. } = told {
                wake();
            }
            thread::sleep(GRACE);
            if let Manner::Tell { last, .. } = manner() {
                last();
            }
            die(signal);
        }
        Manner::HandOn => {
            // Under the lock that a program is started under: one that is started meanwhile hears of it, or is refused.
            let kept = kept();
            ASKED.store(true, Ordering::SeqCst);
            for running in kept.running.iter().filter(|one| one.bond == Bond::Free) {
                running.signal(Signal::INT);
            }
        }
    }
}

/// Ends everything, and us by this signal, so that whoever waits for us sees why.
fn die(signal: i32) {
    let _turn = leaving();
    // It fails only for signals that do not exist.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Whether a signal is ignored, as `nohup` arranges. Only Linux tells without asking in an unsafe way.
fn ignored() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    move |signal| mask >> (signal - 1) & 1 == 1
}

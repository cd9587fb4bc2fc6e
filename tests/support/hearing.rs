//! Starting a program that hears signals, whoever started the tests.
//!
//! A shell lets what it starts in the background ignore SIGINT, `nohup` SIGHUP, and both are handed down to whatever the
//! tests start. A test that sends a signal must not wait for a program that was told to ignore it.

use std::ffi::OsStr;
use std::process::Command;

/// HUP, INT and TERM in the mask that Linux tells of a process.
const MASK: u64 = 1 | 1 << 1 | 1 << 14;

/// The program, to be started with nothing ignored.
pub fn hearing(program: impl AsRef<OsStr>) -> Command {
    if !ignores() {
        return Command::new(program);
    }
    // There is no safe way to do this between fork and exec; it is what this option of coreutils is for.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP,INT,TERM").arg(program);
    command
}

/// Whether this process was started with one of them ignored.
fn ignores() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & MASK != 0)
}

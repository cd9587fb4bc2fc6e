//! What is said when the program itself is wrong: where, and only those words that its own source holds.
//!
//! A panic's message may quote what it stumbled over: slicing a text between two characters prints the whole text. That
//! text may be a secret of a plan, and a terminal is copied into tickets.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::PanicHookInfo;

/// Lets every panic from here on say no more than that.
pub fn watch() {
    std::panic::set_hook(Box::new(|info| {
        // Where nobody can be told, there must not be a panic about that.
        let _ = writeln!(std::io::stderr(), "{}", said(info));
    }));
}

fn said(info: &PanicHookInfo<'_>) -> String {
    let place = info
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    // Only a literal is known to hold nothing that was read.
    let words = info.payload().downcast_ref::<&'static str>().map_or(
        "what it stumbled over is not shown, as it may be a value of the plan",
        |words| words,
    );
    let mut out = format!(
        "undersign: this is a defect of undersign, at {place}: {words}\n  hint: What you said so far is in the draft; start again to go on.\n  hint: Report it with the line above; RUST_BACKTRACE=1 adds the way there."
    );
    // A backtrace names functions and places, never values.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        out = format!("{out}\n{backtrace}");
    }
    out
}

//! `undersign apply`: verify, claim in the ledger, apply, record the outcome.

use std::io::{IsTerminal as _, Write};

use super::Format;
use super::check::print;
use super::set;
use super::silence::Silence;
use super::verify::{Arguments, End, to_json, to_text};
use crate::failure::{Exit, Failure};
use crate::gate::apply::{Applied, apply};
use crate::gate::progress::Terminal;
use crate::gate::verify::Verified;

/// Applies an approved plan. What the tool says goes to standard output; with `--format json` to standard error, so that
/// standard output holds one JSON object.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.plan.is_dir() {
        return set::apply(arguments);
    }
    let silence = Silence::on_terminal();
    let request = arguments.request(&silence)?;
    let by = who();
    let ready = |verified: &Verified, out: &mut dyn Write| {
        silence.end();
        // A reader that is gone must not stop an apply that is allowed.
        let _ = writeln!(out, "{}", to_text(verified));
    };
    let mut out = output(arguments.format);
    let mut terminal = terminal(&mut *out, arguments.format);
    let Applied { verified, ended } =
        apply(&request, &by, jiff::Timestamp::now, ready, &mut terminal)?;
    if arguments.format == Format::Json {
        let end = End {
            outcome: ended.outcome.word(),
            summary: ended.summary.as_deref(),
        };
        print(&(to_json(&verified, Some(&end)) + "\n"))?;
    }
    match ended.failure {
        Some(failure) => Err(failure),
        None => Ok(Exit::Success),
    }
}

/// Where the tool's words go: standard output, or standard error where that holds one JSON object.
pub(super) fn output(format: Format) -> Box<dyn Write> {
    match format {
        Format::Text => Box::new(std::io::stdout()),
        Format::Json => Box::new(std::io::stderr()),
    }
}

/// How the tool's words are shown there.
pub(super) fn terminal(out: &mut dyn Write, format: Format) -> Terminal<'_> {
    Terminal {
        out,
        columns: match format {
            Format::Text => columns(),
            Format::Json => None,
        },
    }
}

/// The columns of standard output, if it is a terminal that can draw a line anew.
pub(super) fn columns() -> Option<u16> {
    let out = std::io::stdout();
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if dumb || !out.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&out)
        .ok()
        .map(|size| size.ws_col)
}

/// Who runs this, for the ledger: the name the environment gives, the number the system knows, the machine.
pub(super) fn who() -> String {
    let name = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "user".into());
    let machine = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let machine = machine.trim();
    format!(
        "{name} ({}){}{machine}",
        rustix::process::geteuid().as_raw(),
        if machine.is_empty() { "" } else { " on " },
    )
}

//! Programs that must answer as expected before a plan is claimed: is this the account, is the change window open?

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use super::prepare::Prepared;
use super::tool::{Program, refuse_writable};
use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child};
use crate::trust::Preflight;

/// More of an answer is not read: no expected answer is this long.
const MAX_ANSWER: u64 = 64 << 10;

/// More of an answer is not quoted.
const MAX_SHOWN: usize = 200;

/// Runs every program in the clean environment of the plan; fails at the first that does not answer as expected.
pub fn run(preflights: &[Preflight], prepared: &Prepared) -> Result<(), Failure> {
    preflights
        .iter()
        .try_for_each(|preflight| ask(preflight, prepared))
}

fn ask(preflight: &Preflight, prepared: &Prepared) -> Result<(), Failure> {
    let shown = preflight.argv.join(" ");
    let refused = |error: String| Failure::new(Exit::EnvironmentUnsafe, "preflight", error);
    let failed = |error: std::io::Error| refused(format!("`{shown}` cannot be run: {error}"));
    let path = Path::new(&preflight.argv[0])
        .canonicalize()
        .map_err(failed)?;
    refuse_writable(&path)?;
    let environment = &prepared.environment;
    // Open until it runs: it is found by its descriptor.
    let program = Program::open(&path).map_err(failed)?;
    let mut command = program.command(environment, &environment.work_dir());
    command
        .args(&preflight.argv[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Child::start(&mut command, Bond::Group).map_err(failed)?;
    let stdout = child.stdout.take().expect("the output is a pipe");
    // Read beside the wait: a program that prints more than a pipe holds would never end.
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.take(MAX_ANSWER).read_to_end(&mut answer);
        read.map(|_| answer)
    });
    let limit = preflight.timeout.unsigned_abs();
    let Some(status) = child.wait_at_most(limit).map_err(failed)? else {
        return Err(
            refused(format!("`{shown}` did not answer in time")).expected(
                format!("an answer within {:#}", preflight.timeout),
                "no answer",
            ),
        );
    };
    if !status.success() {
        return Err(
            refused(format!("`{shown}` failed")).expected("exit code 0", status.to_string())
        );
    }
    let Some(expected) = &preflight.expect else {
        return Ok(());
    };
    let answer = reader
        .join()
        .map_err(|_| refused(format!("the answer of `{shown}` was lost")))?
        .map_err(failed)?;
    let answer = String::from_utf8_lossy(&answer);
    let answer = answer.strip_suffix('\n').unwrap_or(&answer);
    if answer == expected {
        return Ok(());
    }
    Err(refused(format!(
        "`{shown}` does not answer as the trust file expects"
    ))
    .expected(expected, answer.chars().take(MAX_SHOWN).collect::<String>())
    .hint("This is not the place that the plan is for, or not the hour."))
}

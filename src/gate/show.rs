//! What the tool says of the sealed plan: `show -json`, run by us, in a clean environment.

use std::io::{self, Read};
use std::path::Path;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child};

use super::environment::Environment;
use super::sealed::SealedPlan;
use super::tool::Tool;

/// How much of the tool's complaints is kept.
const MAX_COMPLAINT: usize = 16 << 10;

/// The JSON of a plan while the tool prints it. Read it to its end, then call [`Shown::finish`].
#[derive(Debug)]
pub struct Shown {
    running: Running,
    stdout: ChildStdout,
}

/// Starts `show -json` on the plan, in `work_dir`.
pub fn start(
    tool: &Tool,
    plan: &SealedPlan,
    environment: &Environment,
    work_dir: &Path,
) -> Result<Shown, Failure> {
    let mut command = tool.program.command(environment, work_dir);
    command.args(["show", "-json"]);
    plan.hand_to(&mut command)?;
    command.stdout(Stdio::piped());
    let mut running = Running::start(command, Bond::Group)?;
    let stdout = running.child.stdout.take().expect("the output is a pipe");
    Ok(Shown { running, stdout })
}

impl Read for Shown {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stdout.read(buffer)
    }
}

impl Shown {
    /// Waits for the tool, and says whether what was read is the whole answer.
    pub fn finish(mut self) -> Result<(), Failure> {
        // What was not read is read now: a tool that finds nobody listening would fail for that alone.
        io::copy(&mut self.stdout, &mut io::sink())
            .map_err(|error| Failure::io("reading what the tool shows", &error))?;
        let (status, complaint) = self.running.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::BadPlan,
            "show-failed",
            format!("the tool cannot show this plan ({status}): {}", one_line(&complaint)),
        )
        .hint("A plan that needs providers is shown with those in its lock; see `runner` in the trust file."))
    }
}

/// A child whose complaints are collected while it runs.
#[derive(Debug)]
pub(super) struct Running {
    pub child: Child,
    complaint: JoinHandle<Vec<u8>>,
}

impl Running {
    pub fn start(mut command: Command, bond: Bond) -> Result<Self, Failure> {
        command.stderr(Stdio::piped());
        let mut child = Child::start(&mut command, bond).map_err(|error| {
            Failure::new(
                Exit::EnvironmentUnsafe,
                "tool-missing",
                format!("{}: {error}", command.get_program().to_string_lossy()),
            )
        })?;
        let stderr = child.stderr.take().expect("the errors are a pipe");
        let complaint = std::thread::spawn(move || keep_start(stderr));
        Ok(Running { child, complaint })
    }

    /// Waits for the child; returns how it ended and what it complained about.
    pub fn wait(mut self) -> Result<(ExitStatus, String), Failure> {
        let status = self
            .child
            .wait()
            .map_err(|error| Failure::io("waiting for the tool", &error))?;
        let complaint = self.complaint.join().unwrap_or_default();
        Ok((status, String::from_utf8_lossy(&complaint).into_owned()))
    }
}

/// The first bytes of what a pipe gives. The rest is read and dropped, so that the writer never waits for us.
fn keep_start(mut pipe: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let _ = (&mut pipe)
        .take(MAX_COMPLAINT as u64)
        .read_to_end(&mut kept);
    let _ = io::copy(&mut pipe, &mut io::sink());
    kept
}

/// The tool's complaint without its frames and colours, on one line.
pub(super) fn one_line(complaint: &str) -> String {
    let mut plain = String::new();
    let mut rest = complaint.chars();
    while let Some(c) = rest.next() {
        match c {
            // A colour: everything up to the letter that ends it.
            '\u{1b}' => drop(rest.find(char::is_ascii_alphabetic)),
            '╷' | '│' | '╵' => {}
            c => plain.push(c),
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_loses_frames_and_colours() {
        let complaint = "\u{1b}[31m╷\u{1b}[0m\u{1b}[0m\n\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: \u{1b}[0mFailed to load\n\u{1b}[31m│\u{1b}[0m it\n\u{1b}[31m╵\u{1b}[0m\n";
        assert_eq!(one_line(complaint), "Error: Failed to load it");
    }

    #[test]
    fn a_flood_of_complaints_is_read_and_dropped() {
        assert_eq!(
            keep_start(io::repeat(b'x').take(1 << 20)).len(),
            MAX_COMPLAINT
        );
    }
}

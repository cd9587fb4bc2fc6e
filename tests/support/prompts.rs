//! A reviewer at the prompts of `review --plain`: reads what is asked, and answers.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};

/// Runs a program and says yes to whatever it asks. Returns how it ended and what it said.
pub fn say_yes(command: &mut Command) -> (ExitStatus, String) {
    let mut review = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = review.stdout.take().unwrap();
    let mut keys = review.stdin.take().unwrap();
    let (mut said, mut byte) = (Vec::new(), [0]);
    while out.read(&mut byte).unwrap() == 1 {
        said.push(byte[0]);
        let shown = String::from_utf8_lossy(&said);
        let line = shown.lines().last().unwrap_or_default();
        if let (true, Some(answer)) = (line.ends_with(": "), answer(line)) {
            writeln!(keys, "{answer}").unwrap();
            said.push(b'\n');
        }
    }
    let output = review.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said) + String::from_utf8_lossy(&output.stderr);
    (output.status, said.into_owned())
}

/// What a prompt wants to hear.
fn answer(line: &str) -> Option<&str> {
    let between = |from: &str, to: &str| Some(line.split_once(from)?.1.split_once(to)?.0);
    between("type ", " to acknowledge")
        .or_else(|| between("Type ", " to sign"))
        .or_else(|| between("Type ", " to countersign"))
        .or_else(|| line.starts_with("yes to acknowledge").then_some("yes"))
}

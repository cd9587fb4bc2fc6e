//! What is started is ended, whoever started it and however stubborn it is.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use super::*;

/// Starts a shell script that prints its process id and that of what it started in turn. What it prints ends when all of
/// them have.
fn start(script: &str, bond: Bond) -> io::Result<(Child, std::process::ChildStdout)> {
    let mut child = Child::start(
        Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
        bond,
    )?;
    let output = child.stdout.take().unwrap();
    Ok((child, output))
}

/// It and its own child do not end when they are asked to.
const STUBBORN: &str = "trap '' TERM; sleep 1000 & echo begun; wait";

/// Reads the first line: the program is there, and deaf.
fn begun(output: &mut impl io::Read) {
    let mut line = [0; 6];
    output.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"begun\n");
}

/// Reads until every writer is gone.
#[track_caller]
fn all_gone(mut output: impl io::Read + Send + 'static) {
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(output.read_to_end(&mut Vec::new())));
    let read = receiver.recv_timeout(Duration::from_secs(60));
    read.expect("a program goes on").unwrap();
}

#[test]
fn a_program_that_is_dropped_is_ended_with_what_it_started() {
    let (child, mut output) = start(STUBBORN, Bond::Group).unwrap();
    begun(&mut output);
    drop(child);
    all_gone(output);
}

#[test]
fn a_program_that_ends_takes_what_it_started_along() {
    let (mut child, output) = start("sleep 1000 & exit 3", Bond::Group).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    all_gone(output);
    assert_eq!(child.end().unwrap().code(), Some(3));
}

#[test]
fn a_program_that_takes_too_long_has_no_status() {
    let (mut child, mut output) = start(STUBBORN, Bond::Group).unwrap();
    begun(&mut output);
    assert_eq!(child.wait_at_most(Duration::ZERO).unwrap(), None);
    all_gone(output);
    let (mut child, _output) = start("exit 4", Bond::Group).unwrap();
    let status = child.wait_at_most(Duration::from_secs(60)).unwrap();
    assert_eq!(status.and_then(|status| status.code()), Some(4));
}

#[test]
fn a_program_that_is_let_finish_goes_on_when_it_is_dropped() {
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo begun; read line; echo over"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = Child::start(&mut command, Bond::Free).unwrap();
    let (input, mut output) = (child.stdin.take(), child.stdout.take().unwrap());
    begun(&mut output);
    drop(child);
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "over\n");
}

#[test]
fn work_that_nobody_wants_ends_with_its_programs_and_starts_no_more() {
    let (sender, receiver) = channel();
    let (told, after) = channel();
    let work = Work::start(move || {
        let (mut child, mut output) = start(STUBBORN, Bond::Group).unwrap();
        begun(&mut output);
        sender.send(output).unwrap();
        child.wait().unwrap();
        let late = start("exit 0", Bond::Group).map(drop);
        told.send((late, Directory::new().map(drop))).unwrap();
    });
    let output = receiver.recv().unwrap();
    drop(work);
    all_gone(output);
    let (program, directory) = after.recv().unwrap();
    assert_eq!(program.unwrap_err().kind(), io::ErrorKind::Interrupted);
    assert_eq!(directory.unwrap_err().kind(), io::ErrorKind::Interrupted);
    // Others go on as before.
    let (mut child, _output) = start("exit 5", Bond::Group).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn a_directory_is_private_and_goes_away() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = Directory::new().unwrap();
    let path = directory.path().to_owned();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    std::fs::create_dir_all(path.join("a/b")).unwrap();
    drop(directory);
    assert!(!path.exists());
}

//! The worker: this very program as a child, which evaluates policies where they can do no harm.
//!
//! A policy that panics, recurses without end, eats memory, prints or never ends does so in the child. The parent reads
//! its answers, and blames what the child was busy with when it died.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::job::{Answer, Job};
use super::ruleset::Ruleset;
use super::{Opinion, Place, Trouble, Verdict};
use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child};

/// The hidden command that makes this program a worker.
pub const COMMAND: &str = "__policy-worker";
/// Set for the worker: its memory in bytes and its processor time in seconds.
pub const LIMITS: &str = "UNDERSIGN_POLICY_LIMITS";
/// What is kept of what the child complains of.
const KEPT: u64 = 4096;

/// The program that is started as worker.
#[derive(Debug, Clone)]
pub struct Program(PathBuf);

impl Program {
    /// This very program.
    pub fn own() -> Result<Self, Failure> {
        // The file may have been replaced since it was started; the running one has not.
        let running = Path::new("/proc/self/exe");
        if running.exists() {
            return Ok(Program(running.to_path_buf()));
        }
        std::env::current_exe()
            .map(Program)
            .map_err(|error| Failure::io("this program", &error))
    }

    /// Another build of it.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Program(path.into())
    }
}

/// A worker that has its job and may be waiting for the plan.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<io::Result<Answer>>,
    /// What was heard while the plan was read.
    heard: VecDeque<io::Result<Answer>>,
    complaints: Receiver<String>,
    until: Instant,
    seconds: u64,
}

impl Worker {
    /// Starts a worker on `job`.
    pub fn start(program: &Program, rules: &Ruleset, job: &Job) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::io("the worker for policies", &error);
        let seconds = rules.config.total_seconds;
        let mut command = Command::new(&program.0);
        command
            .arg(COMMAND)
            .env_clear()
            .env(
                LIMITS,
                format!("{} {}", rules.config.memory_mb << 20, seconds * 2),
            )
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = Child::start(&mut command, Bond::Group).map_err(failed)?;
        let (Some(mut input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(io::Error::other("it has no pipes")));
        };
        let answers = listen(output);
        let complaints = collect(errors);
        let mut line = serde_json::to_vec(job).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        // A worker that is gone already says so with its status.
        let _ = input.write_all(&line);
        Ok(Worker {
            child,
            input: Some(input),
            answers,
            heard: VecDeque::new(),
            complaints,
            until: Instant::now() + Duration::from_secs(seconds),
            seconds,
        })
    }

    /// What is read from `reader` is also handed to the worker. Beside it, what the worker says meanwhile.
    pub fn tee<R: Read>(&mut self, reader: R) -> (Tee<'_, R>, Ear<'_>) {
        let tee = Tee {
            reader,
            input: &mut self.input,
        };
        let ear = Ear {
            answers: &self.answers,
            heard: &mut self.heard,
        };
        (tee, ear)
    }

    fn ear(&mut self) -> Ear<'_> {
        Ear {
            answers: &self.answers,
            heard: &mut self.heard,
        }
    }

    /// Says that the plan is at its end, and waits for the answers. The time begins to count now. What is said early is
    /// handed to `early` until then.
    pub fn finish(mut self, early: &mut dyn FnMut(Vec<Verdict>)) -> Vec<Answer> {
        drop(self.input.take());
        self.until = Instant::now() + Duration::from_secs(self.seconds);
        let mut answers = Vec::new();
        let mut busy: Option<(String, Option<Place>)> = None;
        let mut done = false;
        let error = loop {
            let said = self.ear().early();
            if !said.is_empty() {
                early(said);
            }
            let left = self.until.saturating_duration_since(Instant::now());
            let next = self.heard.pop_front();
            match next.map_or_else(|| self.answers.recv_timeout(left), Ok) {
                Ok(Ok(Answer::Begins { what, place })) => busy = Some((what, place)),
                Ok(Ok(Answer::Early(verdict))) => early(vec![verdict]),
                Ok(Ok(answer)) => {
                    done |= matches!(answer, Answer::Done { .. });
                    answers.push(answer);
                }
                Ok(Err(error)) => {
                    break Some(("answer", format!("answered what is no answer: {error}")));
                }
                Err(RecvTimeoutError::Timeout) => {
                    break Some((
                        "timeout",
                        format!("took more than {} seconds", self.seconds),
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        let status = match error {
            Some(_) => self.child.end(),
            None => self.child.wait(),
        };
        let status = status.ok();
        let complaint = self.complaints.recv().unwrap_or_default();
        let error = error.or_else(|| {
            let whole = done && status.is_some_and(|status| status.success());
            (!whole).then(|| {
                (
                    "worker",
                    format!("ended the worker: {}", ending(status, &complaint)),
                )
            })
        });
        let error = error.or_else(|| {
            (!complaint.is_empty())
                .then(|| ("worker", format!("made the worker complain: {complaint}")))
        });
        if let Some((reason, error)) = error {
            let (what, place) = busy.unwrap_or_else(|| ("the policies".into(), None));
            answers.push(Answer::Trouble(Trouble {
                reason: reason.into(),
                place,
                error: format!("{what} {error}"),
            }));
        }
        answers
    }
}

/// How a worker ended, in words.
fn ending(status: Option<ExitStatus>, complaint: &str) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let what = match status {
        Some(status) => match status.signal() {
            Some(6 | 11) => "its stack or its memory is exhausted".to_owned(),
            Some(9 | 24) => "it took too much time or memory".to_owned(),
            Some(signal) => format!("signal {signal}"),
            None => status.to_string(),
        },
        None => "nobody knows how".to_owned(),
    };
    match complaint.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{what} ({})", line.trim()),
        None => what,
    }
}

fn listen(output: impl Read + Send + 'static) -> Receiver<io::Result<Answer>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let answer = line.and_then(|line| Ok(serde_json::from_str(&line)?));
            let broken = answer.is_err();
            if sender.send(answer).is_err() || broken {
                return;
            }
        }
    });
    receiver
}

/// What the child complains of, to its end, cut where it is too much.
fn collect(mut errors: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = errors.by_ref().take(KEPT).read_to_end(&mut kept);
        // The rest is read too, or the child would wait for somebody to read it.
        let _ = io::copy(&mut errors, &mut io::sink());
        let _ = sender.send(String::from_utf8_lossy(&kept).trim().to_owned());
    });
    receiver
}

/// Hears what the worker says while the plan is read.
#[derive(Debug)]
pub struct Ear<'a> {
    answers: &'a Receiver<io::Result<Answer>>,
    heard: &'a mut VecDeque<io::Result<Answer>>,
}

impl Ear<'_> {
    /// What the worker said early since it was asked last. Nothing is waited for.
    pub fn early(&mut self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for answer in self.answers.try_iter() {
            match answer {
                Ok(Answer::Early(verdict)) => verdicts.push(verdict),
                answer => self.heard.push_back(answer),
            }
        }
        verdicts
    }
}

/// A reader whose bytes also go to the worker.
#[derive(Debug)]
pub struct Tee<'a, R> {
    reader: R,
    input: &'a mut Option<ChildStdin>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if let Some(input) = self.input
            && input.write_all(&buffer[..count]).is_err()
        {
            // The worker is gone. Its end says why; the plan is read all the same.
            *self.input = None;
        }
        Ok(count)
    }
}

/// Answers as an opinion. Lints that fail open and are not accepted are trouble.
pub fn opinion(answers: Vec<Answer>) -> Opinion {
    let mut opinion = Opinion::default();
    for answer in answers {
        match answer {
            Answer::Verdict(verdict) => opinion.verdicts.push(verdict),
            Answer::Trouble(trouble) => opinion.troubles.push(trouble),
            Answer::Lint(lint) if lint.fails_open && !lint.accepted => {
                opinion.troubles.push(Trouble {
                    reason: format!("lint-{}", lint.id),
                    place: Some(lint.place),
                    error: lint.message,
                });
            }
            Answer::Lint(_)
            | Answer::Begins { .. }
            | Answer::Early(_)
            | Answer::Test(_)
            | Answer::Coverage(_)
            | Answer::Done { .. } => {}
        }
    }
    opinion.settle();
    opinion
}

/// The refusal that trouble with policies ends in.
pub(super) fn blocks(trouble: &Trouble) -> Failure {
    Failure::new(
        Exit::HardDeny,
        "policy-trouble",
        format!("policies cannot be evaluated: {trouble}"),
    )
    .hint(
        "A policy that is not understood might deny, so nothing is approved until it is corrected.",
    )
    .hint("undersign policy lint DIR tells what is doubtful in policies.")
}

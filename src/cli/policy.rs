//! `--policy`, and `undersign policy`: what is doubtful in policies, and their own tests.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::brought::{BroughtArgument, directory, working_tree};
use super::check::print;
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::policy::history::History;
use crate::policy::job::{Answer, Coverage, Task};
use crate::policy::ruleset::Ruleset;
use crate::policy::worker::{Program, Worker};
use crate::policy::{Policies, Trouble};
use crate::text::visible;
use crate::trust::Trust;
use crate::trust::policies::policies;

/// Which policies a plan is held against.
#[derive(Debug, Clone, Default, Args)]
pub struct PolicyArgument {
    /// A directory of policies in Rego that the plan is held against [default: the one the trust file names].
    #[arg(long, value_name = "DIR")]
    pub policy: Option<PathBuf>,

    /// What is brought along.
    #[command(flatten)]
    pub brought: BroughtArgument,
}

impl PolicyArgument {
    /// Reads the policies that are meant, those of the trust file where there is one, and what is brought along to the
    /// plan that lies at `plan`.
    pub fn open(&self, trust: Option<&Trust>, plan: &Path) -> Result<Policies, Failure> {
        let mut policies = policies(trust, self.policy.as_deref(), Program::own()?)?;
        policies.brought = self.brought.open(plan)?;
        if !policies.is_none() {
            // The gate does without both: nothing that lies around binds it.
            let directory = directory(plan);
            policies.brought.working_tree = working_tree(directory);
            policies.brought.history = Some(History::of(directory));
        }
        Ok(policies)
    }
}

/// What `policy` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what in policies is understood otherwise than OPA understands it. Exit 4: something can lose a deny.
    Lint(Directory),
    /// Run the policies' own tests, and say which lines they do not reach. Exit 4: a test fails.
    Test(Directory),
    /// Print the digest of everything that decides what the policies say, for the trust file.
    Digest(Directory),
}

/// A directory of policies.
#[derive(Debug, Args)]
pub struct Directory {
    /// The directory.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

/// Does it.
pub fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Lint(directory) => lint(&directory.directory),
        Command::Test(directory) => test(&directory.directory),
        Command::Digest(directory) => {
            let rules = Ruleset::load(&directory.directory)?;
            let digest = rules.inputs.sha256().map(Hex);
            print(&digest.map_or_else(String::new, |digest| format!("{digest}\n")))?;
            Ok(Exit::Success)
        }
    }
}

/// Gives a worker the job and returns what it says. Trouble is told after everything else.
fn answers(directory: &Path, task: Task) -> Result<Vec<Answer>, Failure> {
    let rules = Ruleset::load(directory)?;
    let worker = Worker::start(&Program::own()?, &rules, &rules.job(task))?;
    // There is no plan in these jobs.
    Ok(worker.finish(&mut |_| {}))
}

fn lint(directory: &Path) -> Result<Exit, Failure> {
    let mut out = String::new();
    let (mut doubtful, mut blocking) = (0, 0);
    for answer in answers(directory, Task::Lint)? {
        match answer {
            Answer::Lint(lint) => {
                doubtful += 1;
                blocking += usize::from(lint.fails_open && !lint.accepted);
                let how = match (lint.fails_open, lint.accepted) {
                    (true, false) => "blocks",
                    (_, true) => "accepted",
                    (false, false) => "note",
                };
                let place = lint.place.to_string();
                let (place, message) = (visible(&place), visible(&lint.message));
                let _ = writeln!(out, "{place}: {how} [{}] {message}", visible(&lint.id));
            }
            Answer::Trouble(trouble) => {
                blocking += 1;
                let _ = writeln!(out, "{}", told(&trouble));
            }
            Answer::Begins { .. }
            | Answer::Early(_)
            | Answer::Verdict(_)
            | Answer::Test(_)
            | Answer::Coverage(_) => {}
            Answer::Done { rules } => {
                let _ = writeln!(out, "{rules} rules are asked, {doubtful} doubtful places");
            }
        }
    }
    print(&out)?;
    Ok(if blocking > 0 {
        Exit::PolicyDenies
    } else {
        Exit::Success
    })
}

/// What stands in the way, with the word by which programs know it.
fn told(trouble: &Trouble) -> String {
    let what = trouble.to_string();
    format!("{} [{}]", visible(&what), visible(&trouble.reason))
}

fn test(directory: &Path) -> Result<Exit, Failure> {
    let mut out = String::new();
    let (mut passed, mut failed) = (0, 0);
    for answer in answers(directory, Task::Test)? {
        match answer {
            Answer::Test(test) => {
                let place = test.place.to_string();
                let (place, name) = (visible(&place), visible(&test.name));
                if let Some(why) = &test.failed {
                    failed += 1;
                    let _ = writeln!(out, "{place}: FAILED {name}: {}", visible(why));
                } else {
                    passed += 1;
                    let _ = writeln!(out, "{place}: passed {name}");
                }
            }
            Answer::Coverage(coverage) => {
                let _ = writeln!(out, "{}", reach(&coverage));
            }
            Answer::Trouble(trouble) => {
                failed += 1;
                let _ = writeln!(out, "{}", told(&trouble));
            }
            Answer::Begins { .. }
            | Answer::Early(_)
            | Answer::Verdict(_)
            | Answer::Lint(_)
            | Answer::Done { .. } => {}
        }
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    print(&out)?;
    Ok(if failed > 0 {
        Exit::PolicyDenies
    } else {
        Exit::Success
    })
}

/// `rds.rego: 8 of 10 lines are reached, not 4, 5`
fn reach(coverage: &Coverage) -> String {
    let all = coverage.reached + coverage.missed.len();
    let mut text = format!(
        "{}: {} of {all} lines are reached",
        visible(&coverage.file),
        coverage.reached
    );
    if !coverage.missed.is_empty() {
        let missed: Vec<String> = coverage.missed.iter().map(u32::to_string).collect();
        let _ = write!(text, ", not {}", missed.join(", "));
    }
    text
}

//! `opa` and `conftest`: the programs themselves, where a team wants their very semantics.
//!
//! The policies are written out as they were read, so that what is evaluated is what the digest is made of.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::config::{Config, Engine, Shape};
use super::locate::Addresses;
use super::ruleset::Ruleset;
use super::{Opinion, Trouble};
use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child, Directory};

mod answer;
mod outline;

use answer::{conftest, opa};
use outline::Outline;

/// A program that does not tell its version within this time is given up.
const VERSION: Duration = Duration::from_secs(10);
/// More of an answer is not read.
const MAX_ANSWER: u64 = 256 << 20;

/// What a program says of its version.
pub(super) fn version(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = run(command, VERSION).map_err(|error| {
        Failure::new(
            Exit::EnvironmentUnsafe,
            "policy-engine",
            format!("the policies want the program {program}, which cannot be started: {error}"),
        )
        .hint(format!(
            "Install {program}, or set engine = \"embedded\" in undersign.toml beside the policies."
        ))
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().unwrap_or_default().trim();
    Ok(format!("{program} {first}"))
}

/// A program that is started when the plan is there.
#[derive(Debug)]
pub struct Waiting {
    config: Config,
    directory: Directory,
    /// Where the plan is written.
    pub(super) plan: File,
    shape: Shape,
    outline: Outline,
}

impl Waiting {
    pub(super) fn new(rules: &Ruleset) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::io("a directory for policies", &error);
        let directory = Directory::new().map_err(failed)?;
        for file in rules.files.iter().chain(&rules.data) {
            if file.path.ends_with("_test.rego") {
                continue;
            }
            let path = directory.path().join("policy").join(&file.path);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
            fs::write(path, &file.text).map_err(failed)?;
        }
        Ok(Waiting {
            plan: tempfile::tempfile().map_err(failed)?,
            shape: rules.config.input.unwrap_or_else(|| shape(rules)),
            config: rules.config.clone(),
            outline: Outline::of(&rules.files),
            directory,
        })
    }

    pub(super) fn finish(mut self) -> Opinion {
        let tool = self.config.engine.word();
        let mut opinion = self.answer().unwrap_or_else(|error| Opinion {
            verdicts: Vec::new(),
            troubles: vec![Trouble {
                reason: "engine".into(),
                place: None,
                error: format!("{tool}: {error}"),
            }],
        });
        opinion.settle();
        opinion
    }

    fn answer(&mut self) -> Result<Opinion, String> {
        let shown = |error: std::io::Error| error.to_string();
        if !self.outline.asks {
            return Err("no policy has a rule deny, violation, warn or one that begins so: nothing would be checked".into());
        }
        self.plan.rewind().map_err(shown)?;
        let mut text = String::new();
        self.plan.read_to_string(&mut text).map_err(shown)?;
        let plan: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let addresses = addresses(&plan);
        let input = self.directory.path().join("input.json");
        let wrapped = match self.shape.keys() {
            None => plan,
            Some((key, beside)) => {
                let run = serde_json::to_value(&self.config.run).unwrap_or_default();
                Value::Object(
                    [(key.to_owned(), plan), (beside.to_owned(), run)]
                        .into_iter()
                        .collect(),
                )
            }
        };
        let mut file = File::create(&input).map_err(shown)?;
        file.write_all(wrapped.to_string().as_bytes())
            .map_err(shown)?;
        match self.config.engine {
            Engine::Conftest => {
                let arguments = ["test", "--all-namespaces", "--no-color", "-o", "json", "-p"];
                conftest(&self.ask("conftest", &arguments, None, &input)?, &addresses)
            }
            Engine::Opa | Engine::Embedded => {
                let eval = ["eval", "-f", "json", "data", "-d"];
                let outline = &self.outline;
                let said = self
                    .ask("opa", &eval, Some("-i"), &input)
                    .and_then(|answer| opa(&answer, outline, &addresses));
                // Rego of before 1.0 wants to be called by its name.
                said.or_else(|error| {
                    let eval = ["eval", "--v0-compatible", "-f", "json", "data", "-d"];
                    self.ask("opa", &eval, Some("-i"), &input)
                        .and_then(|answer| opa(&answer, outline, &addresses))
                        .map_err(|_| error)
                })
            }
        }
    }

    /// Runs the program on the policies and the input, and reads its answer.
    fn ask(
        &self,
        program: &str,
        arguments: &[&str],
        before_input: Option<&str>,
        input: &Path,
    ) -> Result<Value, String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(self.directory.path().join("policy"))
            .args(before_input)
            .arg(input);
        let output = run(command, Duration::from_secs(self.config.total_seconds))?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            let words = String::from_utf8_lossy(&output.stderr);
            let words = words
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            format!("no JSON came, but {}: {words}", output.status)
        })
    }
}

/// The form of input that policies read, by the words in them.
fn shape(rules: &Ruleset) -> Shape {
    let reads = |key: &str| {
        let reference = format!("input.{key}");
        rules
            .files
            .iter()
            .flat_map(|file| file.text.lines())
            .any(|line| {
                let code = line.split('#').next().unwrap_or_default();
                code.match_indices(&reference).any(|(at, _)| {
                    let after = code[at + reference.len()..].chars().next();
                    after.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
                })
            })
    };
    Shape::ALL
        .into_iter()
        .find(|shape| shape.keys().is_some_and(|(plan, _)| reads(plan)))
        .unwrap_or(Shape::Plan)
}

fn addresses(plan: &Value) -> Addresses {
    let changes = plan["resource_changes"].as_array();
    Addresses::new(
        changes
            .into_iter()
            .flatten()
            .filter_map(|change| change["address"].as_str().map(str::to_owned)),
    )
}

/// Runs a program, but not for longer than `limit`.
pub(super) fn run(mut command: Command, limit: Duration) -> Result<Output, String> {
    let shown = |error: std::io::Error| error.to_string();
    let mut stdout = tempfile::tempfile().map_err(shown)?;
    let mut stderr = tempfile::tempfile().map_err(shown)?;
    command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(shown)?)
        .stderr(stderr.try_clone().map_err(shown)?);
    let mut child = Child::start(&mut command, Bond::Group).map_err(shown)?;
    let Some(status) = child.wait_at_most(limit).map_err(shown)? else {
        return Err(format!("took more than {} seconds", limit.as_secs()));
    };
    let read = |file: &mut File| {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.take(MAX_ANSWER).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    Ok(Output {
        status,
        stdout: read(&mut stdout).map_err(shown)?,
        stderr: read(&mut stderr).map_err(shown)?,
    })
}

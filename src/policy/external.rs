//! `opa` and `conftest`: the programs themselves, where a team wants their very semantics.
//!
//! The policies are written out as they were read, so that what is evaluated is what the digest is made of.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::config::{Config, Engine, Shape};
use super::locate::Addresses;
use super::ruleset::Ruleset;
use super::{Kind, Opinion, Trouble, Verdict};
use crate::failure::{Exit, Failure};

/// How often a program is looked after.
const PATIENCE: Duration = Duration::from_millis(20);
/// More of an answer is not read.
const MAX_ANSWER: u64 = 256 << 20;

/// What a program says of its version.
pub(super) fn version(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program).args(arguments).output().map_err(|error| {
        Failure::new(
            Exit::EnvironmentUnsafe,
            "policy-engine",
            format!("the policies want the program {program}, which cannot be started: {error}"),
        )
        .hint(format!("Install {program}, or set engine = \"embedded\" in undersign.toml beside the policies."))
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().unwrap_or_default().trim();
    Ok(format!("{program} {first}"))
}

/// A program that is started when the plan is there.
#[derive(Debug)]
pub struct Waiting {
    config: Config,
    directory: TempDir,
    /// Where the plan is written.
    pub(super) plan: File,
    shape: Shape,
}

impl Waiting {
    pub(super) fn new(rules: &Ruleset) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::io("a directory for policies", &error);
        let directory = tempfile::tempdir().map_err(failed)?;
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
                let said = self
                    .ask("opa", &eval, Some("-i"), &input)
                    .and_then(|answer| opa(&answer, &addresses));
                // Rego of before 1.0 wants to be called by its name.
                said.or_else(|error| {
                    let eval = ["eval", "--v0-compatible", "-f", "json", "data", "-d"];
                    self.ask("opa", &eval, Some("-i"), &input)
                        .and_then(|answer| opa(&answer, &addresses))
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
fn run(mut command: Command, limit: Duration) -> Result<Output, String> {
    let shown = |error: std::io::Error| error.to_string();
    let mut stdout = tempfile::tempfile().map_err(shown)?;
    let mut stderr = tempfile::tempfile().map_err(shown)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().map_err(shown)?)
        .stderr(stderr.try_clone().map_err(shown)?)
        .spawn()
        .map_err(shown)?;
    let until = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(shown)? {
            break status;
        }
        if Instant::now() > until {
            // It may end by itself in this moment; both are the end.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("took more than {} seconds", limit.as_secs()));
        }
        std::thread::sleep(PATIENCE);
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

/// What `opa eval data` says: the rules with the names that are asked for, in every package.
fn opa(answer: &Value, addresses: &Addresses) -> Result<Opinion, String> {
    let data = answer
        .pointer("/result/0/expressions/0/value")
        .ok_or_else(|| format!("no result: {}", errors(answer)))?;
    let mut opinion = Opinion::default();
    packages(data, &mut Vec::new(), addresses, &mut opinion)?;
    Ok(opinion)
}

fn errors(answer: &Value) -> String {
    let first = answer.pointer("/errors/0/message").and_then(Value::as_str);
    first.unwrap_or("nobody says why").to_owned()
}

fn packages(
    value: &Value,
    path: &mut Vec<String>,
    addresses: &Addresses,
    opinion: &mut Opinion,
) -> Result<(), String> {
    let Value::Object(members) = value else {
        return Ok(());
    };
    for (name, value) in members {
        let kind = match name.split('_').next() {
            Some("deny" | "violation") => Some(Kind::Deny),
            Some("warn") => Some(Kind::Warn),
            _ => None,
        };
        match (kind, value) {
            (Some(kind), Value::Array(items)) => {
                let rule = format!("{}.{name}", path.join("."));
                for item in items {
                    opinion
                        .verdicts
                        .push(verdict("opa", kind, &rule, item, addresses)?);
                }
            }
            (Some(kind), Value::Bool(true)) => {
                let rule = format!("{}.{name}", path.join("."));
                let item = Value::from(name.as_str());
                opinion
                    .verdicts
                    .push(verdict("opa", kind, &rule, &item, addresses)?);
            }
            _ => {
                path.push(name.clone());
                packages(value, path, addresses, opinion)?;
                path.pop();
            }
        }
    }
    Ok(())
}

/// What `conftest test -o json` says. It does not name the rule, so the namespace and the kind stand for it.
fn conftest(answer: &Value, addresses: &Addresses) -> Result<Opinion, String> {
    let files = answer.as_array().ok_or("its answer is no list")?;
    let mut opinion = Opinion::default();
    for file in files {
        let namespace = file["namespace"].as_str().unwrap_or("main");
        for (list, kind, rule) in [
            ("failures", Kind::Deny, "deny"),
            ("warnings", Kind::Warn, "warn"),
            ("exceptions", Kind::Info, "exception"),
        ] {
            for item in file[list].as_array().into_iter().flatten() {
                let rule = format!("{namespace}.{rule}");
                opinion
                    .verdicts
                    .push(verdict("conftest", kind, &rule, item, addresses)?);
            }
        }
    }
    Ok(opinion)
}

fn verdict(
    tool: &str,
    kind: Kind,
    rule: &str,
    item: &Value,
    addresses: &Addresses,
) -> Result<Verdict, String> {
    let text = |key: &str| item[key].as_str();
    let message = item
        .as_str()
        .or_else(|| {
            ["msg", "message", "reason"]
                .iter()
                .find_map(|key| text(key))
        })
        .ok_or_else(|| format!("{rule} says something that is no message"))?;
    let objects = [
        item,
        &item["metadata"],
        &item["metadata"]["details"],
        &item["details"],
    ];
    let named = objects
        .iter()
        .flat_map(|object| {
            ["address", "resource_address", "resource"].map(|key| object[key].as_str())
        })
        .flatten()
        .find(|address| addresses.has(address));
    Ok(Verdict {
        kind,
        rule: rule.to_owned(),
        message: message.to_owned(),
        address: named.or_else(|| addresses.find(message)).map(str::to_owned),
        source: None,
        tool: tool.to_owned(),
        metadata: BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Addresses {
        Addresses::new(["a.b".to_owned(), "a.c".to_owned()])
    }

    #[test]
    fn the_answers_of_both_programs_are_read() {
        let opa_says = serde_json::json!({"result": [{"expressions": [{"value": {
            "main": {"deny": ["a.b is open"], "warn": [{"msg": "no tag", "address": "a.c"}], "helper": [1]},
            "terraform": {"rds": {"violation_x": [{"message": "m", "details": {"address": "a.b"}}], "deny_all": true}},
        }}]}]});
        let said = opa(&opa_says, &known()).unwrap();
        let short: Vec<(&str, Option<&str>)> = said
            .verdicts
            .iter()
            .map(|verdict| (verdict.rule.as_str(), verdict.address.as_deref()))
            .collect();
        assert_eq!(
            short,
            [
                ("main.deny", Some("a.b")),
                ("main.warn", Some("a.c")),
                ("terraform.rds.deny_all", None),
                ("terraform.rds.violation_x", Some("a.b")),
            ]
        );
        let conftest_says = serde_json::json!([{"filename": "x", "namespace": "main",
            "failures": [{"msg": "no", "metadata": {"address": "a.c"}}], "warnings": [{"msg": "a.b hm"}]}]);
        let said = conftest(&conftest_says, &known()).unwrap();
        assert_eq!(said.verdicts.len(), 2);
        assert_eq!(said.verdicts[0].address.as_deref(), Some("a.c"));
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        assert!(
            opa(
                &serde_json::json!({"errors": [{"message": "rego_parse_error"}]}),
                &known()
            )
            .unwrap_err()
            .contains("rego_parse_error")
        );
        assert!(conftest(&serde_json::json!({}), &known()).is_err());
        assert!(conftest(&serde_json::json!([{"failures": [{"m": 1}]}]), &known()).is_err());
    }
}

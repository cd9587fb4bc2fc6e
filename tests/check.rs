//! `undersign check`, the program itself: refusals as the table says, every row of every plan, and no secret in any form.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Refusal {
    exit: i32,
    reason: String,
    says: String,
    hint: String,
}

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder)
}

fn check(plan: &Path, format: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(["check", "--format", format])
        .arg(plan)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Every plan JSON of the fixtures.
fn plans() -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
                && !path.components().any(|part| part.as_os_str() == "tf")
            {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&fixtures("plans"), &mut found);
    found.sort();
    assert!(found.len() > 30, "where are the fixtures?");
    found
}

#[test]
fn the_program_refuses_as_the_table_says() {
    let table = fs::read_to_string(fixtures("refusals").join("table.toml")).unwrap();
    let table: BTreeMap<String, Refusal> = toml::from_str(&table).unwrap();
    let mut wrong = Vec::new();
    for (file, refusal) in table {
        let output = check(&fixtures("refusals").join(&file), "text");
        let said = String::from_utf8(output.stderr).unwrap();
        let fits = output.status.code() == Some(refusal.exit)
            && output.stdout.is_empty()
            && said.contains(&*undersign::text::visible(&refusal.says))
            && said.contains(&*undersign::text::visible(&refusal.hint));
        let json = check(&fixtures("refusals").join(&file), "json");
        let line: Value = serde_json::from_slice(&json.stderr).unwrap();
        if !fits || line["reason"] != refusal.reason.as_str() || line["code"] != refusal.exit {
            wrong.push(format!("{file}: {:?}\n{said}\n{line}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_and_json_hold_every_row_of_every_plan() {
    for plan in plans() {
        let shown = plan.display();
        let json = check(&plan, "json");
        let asks = match json.status.code() {
            Some(0) => false,
            Some(3) => true,
            other => panic!(
                "{shown}: {other:?}\n{}",
                String::from_utf8_lossy(&json.stderr)
            ),
        };
        let report: Value = serde_json::from_slice(&json.stdout).unwrap();
        let rows = report["rows"].as_array().unwrap();
        assert_eq!(
            report["needs_acknowledgement"].as_u64().unwrap() > 0,
            asks,
            "{shown}"
        );

        let text = String::from_utf8(check(&plan, "text").stdout).unwrap();
        assert!(
            text.ends_with(&format!("shown {0} of {0}\n", rows.len())),
            "{shown}"
        );
        for row in rows {
            let address = row["address"].as_str().unwrap();
            assert!(
                text.contains(&*undersign::text::visible(address)),
                "{shown}: {address}"
            );
        }
        let listed = text
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .count();
        assert_eq!(listed, rows.len(), "{shown}\n{text}");
    }
}

/// The strings that a plan marks as secret, wherever the marks stand.
fn secrets(plan: &Value) -> BTreeSet<String> {
    fn marked(value: &Value, mark: &Value, found: &mut BTreeSet<String>) {
        match (value, mark) {
            (Value::String(text), Value::Bool(true)) if text.len() >= 6 => {
                found.insert(text.clone());
            }
            (Value::Array(items), Value::Bool(true)) => {
                for item in items {
                    marked(item, mark, found);
                }
            }
            (Value::Object(members), Value::Bool(true)) => {
                for member in members.values() {
                    marked(member, mark, found);
                }
            }
            (Value::Array(items), Value::Array(marks)) => {
                for (item, mark) in items.iter().zip(marks) {
                    marked(item, mark, found);
                }
            }
            (Value::Object(members), Value::Object(marks)) => {
                for (key, member) in members {
                    marked(member, marks.get(key).unwrap_or(&Value::Null), found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    let changes = ["resource_changes", "resource_drift"]
        .iter()
        .filter_map(|key| plan[key].as_array())
        .flatten();
    let outputs = plan["output_changes"]
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::values);
    for change in changes.map(|change| &change["change"]).chain(outputs) {
        for (side, marks) in [("before", "before_sensitive"), ("after", "after_sensitive")] {
            marked(&change[side], &change[marks], &mut found);
        }
    }
    found
}

#[test]
fn no_secret_of_any_plan_is_printed_in_any_form() {
    let (mut planted, mut beyond) = (0, 0);
    for plan in plans() {
        // Two plans hold more than this reader can follow: 400 levels, and a number of 401 digits. Neither has secrets.
        let Ok(value) = serde_json::from_slice(&fs::read(&plan).unwrap()) else {
            beyond += 1;
            continue;
        };
        let secrets = secrets(&value);
        for format in ["text", "json"] {
            let output = check(&plan, format);
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            for secret in &secrets {
                assert!(
                    !said.contains(secret.as_str()),
                    "{} prints a secret as {format}",
                    plan.display()
                );
            }
        }
        planted += secrets.len();
    }
    assert!(planted > 10, "the fixtures hold secrets: {planted}");
    assert!(beyond <= 2, "{beyond}");
}

#[test]
fn a_plan_that_is_not_there_is_no_error_of_ours() {
    let output = check(Path::new("nowhere.tfplan"), "text");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{error}");
    assert!(error.contains("nowhere.tfplan: No such file"), "{error}");
}

#[test]
fn what_is_counted_is_what_the_screen_counts() {
    let incident = fixtures("plans/incident/plan.json");
    let printed = |format| String::from_utf8(check(&incident, format).stdout).unwrap();
    let text = printed("text");
    assert!(
        text.contains("\n7 critical   1 high   2 medium   19 low\n"),
        "drift is not done by the plan: {text}"
    );
    assert!(text.contains("\nRoutine (21)\n"), "{text}");
    assert!(
        text.contains("\nDrift seen while planning (13)\n"),
        "{text}"
    );
    let markdown = printed("markdown");
    assert!(
        markdown.contains("7 critical, 1 high, 2 medium, 19 low"),
        "{markdown}"
    );
    assert!(markdown.contains("#### Drift seen while planning"));
}

#[test]
fn a_plan_through_a_pipe_is_read_like_a_file() {
    let plan = fixtures("plans/incident/plan.json");
    let piped = Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(["check", "--format", "json", "-"])
        .stdin(fs::File::open(&plan).unwrap())
        .output()
        .unwrap();
    assert_eq!(piped.status.code(), Some(3));
    let [piped, file]: [Value; 2] = [piped.stdout, check(&plan, "json").stdout]
        .map(|bytes| serde_json::from_slice(&bytes).unwrap());
    assert_eq!(piped["rows"], file["rows"]);
    assert_eq!(piped["sha256"], file["sha256"]);
}

/// The version of the Terraform on PATH, or why there is none.
fn terraform() -> Result<String, String> {
    let output = Command::new("terraform")
        .args(["version", "-json"])
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .map_err(|_| "terraform is not on PATH".to_string())?;
    let version: Value = serde_json::from_slice(&output.stdout).unwrap();
    Ok(version["terraform_version"].as_str().unwrap().into())
}

#[test]
fn every_plan_file_is_read_like_the_json_that_was_printed_of_it() {
    match terraform().as_deref() {
        Ok("1.11.4") => {}
        Ok(other) => {
            println!(
                "SKIPPED tests/check.rs: the plan files need terraform 1.11.4, this is {other}"
            );
            return;
        }
        Err(why) => {
            println!("SKIPPED tests/check.rs: {why}");
            return;
        }
    }
    let (mut compared, mut sourced) = (0, 0);
    for json in plans() {
        let file = json.with_extension("tfplan");
        let text = String::from_utf8_lossy(&fs::read(&json).unwrap()).into_owned();
        // A plan of another provider than the built-in one needs that provider to be shown.
        if !file.exists() || text.contains("registry.terraform.io/hashicorp/aws") {
            continue;
        }
        let output = check(&file, "json");
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let of_file: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of_json: Value = serde_json::from_slice(&check(&json, "json").stdout).unwrap();
        assert_eq!(
            of_file["json_sha256"],
            of_json["sha256"],
            "{}",
            file.display()
        );
        // Only the plan file knows where a block stands.
        let mut changes = |report: &Value| {
            let rows = report["rows"].as_array().unwrap();
            let mut rows: Vec<Value> = rows
                .iter()
                .filter(|row| row["kind"] != "plan")
                .cloned()
                .collect();
            for row in &mut rows {
                let source = row.as_object_mut().unwrap().remove("source");
                sourced += usize::from(source.is_some());
            }
            rows
        };
        let (of_file, of_json) = (changes(&of_file), changes(&of_json));
        assert_eq!(of_file, of_json, "{}", file.display());
        compared += 1;
    }
    assert!(compared >= 25, "{compared}");
    assert!(sourced >= 50, "{sourced}");
}

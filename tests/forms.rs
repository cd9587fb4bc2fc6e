//! What is printed for programs and for pull requests: JSON as the schemas say, SARIF as its standard says, Markdown that
//! fits a comment and cuts nothing silently.

#![allow(clippy::unwrap_used)]

#[path = "support/schema.rs"]
mod schema;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn undersign(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn stdout(arguments: &[&str]) -> String {
    let output = undersign(arguments);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/plans")
        .join(name)
        .join("plan.json")
}

fn fixtures() -> Vec<PathBuf> {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    let mut found: Vec<PathBuf> = fs::read_dir(plans)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("plan.json"))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    assert!(found.len() > 20);
    found
}

/// A plan that deletes this many databases and changes as many tags.
fn large(directory: &Path, changes: usize) -> PathBuf {
    let mut json = String::from(
        r#"{"format_version":"1.2","terraform_version":"1.9.5","applyable":true,"complete":true,"errored":false,"resource_changes":["#,
    );
    for number in 0..changes {
        let comma = if number == 0 { "" } else { "," };
        let (actions, after) = if number % 2 == 0 {
            (r#""delete""#, "null".to_owned())
        } else {
            (r#""update""#, r#"{"tags":{"a":"2"}}"#.to_owned())
        };
        let _ = write!(
            json,
            r#"{comma}{{"address":"aws_db_instance.number_{number}","mode":"managed","type":"aws_db_instance","name":"number_{number}","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":[{actions}],"before":{{"tags":{{"a":"1"}}}},"after":{after},"after_unknown":{{}},"before_sensitive":{{}},"after_sensitive":{{}}}}}}"#
        );
    }
    json.push_str("]}");
    let path = directory.join(format!("{changes}.json"));
    fs::write(&path, json).unwrap();
    path
}

#[test]
fn check_prints_json_as_its_schema_says_for_every_fixture() {
    let schema = stdout(&["schema", "check"]);
    for path in fixtures() {
        let text = stdout(&["check", "--format", "json", path.to_str().unwrap()]);
        schema::fits(&schema, &serde_json::from_str(&text).unwrap());
    }
}

#[test]
fn only_what_happens_to_an_object_has_actions() {
    let mut seen = std::collections::BTreeMap::new();
    for path in fixtures() {
        let report = stdout(&["check", "--format", "json", path.to_str().unwrap()]);
        let report: Value = serde_json::from_str(&report).unwrap();
        for row in report["rows"].as_array().unwrap() {
            let kind = row["kind"].as_str().unwrap().to_owned();
            let stated = row.get("actions").is_some_and(Value::is_array);
            assert_eq!(*seen.entry(kind).or_insert(stated), stated, "{row}");
        }
    }
    for (kind, stated) in [
        ("change", true),
        ("output", true),
        ("drift", true),
        ("plan", false),
        ("check", false),
    ] {
        assert_eq!(seen.get(kind), Some(&stated), "{kind}");
    }
    let path = fixture("incident");
    let in_form = |form| stdout(&["check", "--format", form, path.to_str().unwrap()]);
    let sarif: Value = serde_json::from_str(&in_form("sarif")).unwrap();
    for result in sarif["runs"][0]["results"].as_array().unwrap() {
        let properties = &result["properties"];
        assert_eq!(
            properties["effect"] != "plan",
            properties.get("actions").is_some(),
            "{result}"
        );
    }
    let signal = "plan `guard-and-guarded`";
    assert!(in_form("markdown").contains(&format!("- **critical** {signal}")));
}

#[test]
fn rules_are_explained_as_json_as_their_schema_says() {
    let schema = stdout(&["schema", "explain"]);
    let explained = |arguments: &[&str]| -> Value {
        let arguments = [&["explain", "--format", "json"][..], arguments].concat();
        serde_json::from_str(&stdout(&arguments)).unwrap()
    };
    let all = explained(&[]);
    schema::fits(&schema, &all);
    let rules = all.as_array().unwrap();
    assert!(rules.len() > 50);
    schema::fits(&schema, &explained(&[rules[0]["rule"].as_str().unwrap()]));
    // What is neither is found.
    let mut wrong = Vec::new();
    let schema = serde_json::from_str(&schema).unwrap();
    schema::check(
        &schema,
        &serde_json::json!([{"rule": "x"}]),
        "$",
        &mut wrong,
    );
    assert!(!wrong.is_empty());
}

#[test]
fn a_refusal_is_json_as_its_schema_says() {
    let schema = stdout(&["schema", "refusal"]);
    for arguments in [
        &["check", "--format", "json", "none.json"][..],
        &["explain", "--format", "json", "none"],
        &["verify", "--format", "json", "none.tfplan"],
    ] {
        let output = undersign(arguments);
        let refusal = serde_json::from_slice(&output.stderr).unwrap();
        schema::fits(&schema, &refusal);
        assert_eq!(
            output.status.code().map(Value::from),
            Some(refusal["code"].clone())
        );
    }
}

#[test]
fn the_schema_check_finds_what_does_not_fit() {
    let schema: Value = serde_json::from_str(&stdout(&["schema", "check"])).unwrap();
    let path = fixture("incident");
    let text = stdout(&["check", "--format", "json", path.to_str().unwrap()]);
    let good: Value = serde_json::from_str(&text).unwrap();
    let broken = [
        ("/schema", Value::from(2)),
        ("/sha256", Value::from("00")),
        ("/rows/0/risk", Value::from("awful")),
        ("/needs_acknowledgement", Value::from(-1)),
        ("/rows/0/findings", Value::Null),
    ];
    for (place, value) in broken {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        let mut wrong = Vec::new();
        schema::check(&schema, &bad, "$", &mut wrong);
        assert!(!wrong.is_empty(), "{place}");
    }
    let mut bad = good;
    bad["rows"][0]["surprise"] = true.into();
    let mut wrong = Vec::new();
    schema::check(&schema, &bad, "$", &mut wrong);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

/// The rules of SARIF 2.1.0 for the parts that are printed.
fn assert_sarif(sarif: &Value) {
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(run["tool"]["driver"]["name"].is_string());
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule.get(text).is_none_or(|text| text["text"].is_string()));
        }
    }
    assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
    let artifacts = run["artifacts"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let location = &result["locations"][0];
        let place = &location["physicalLocation"]["artifactLocation"];
        let artifact = &artifacts[place["index"].as_u64().unwrap() as usize];
        assert_eq!(artifact["location"]["uri"], place["uri"]);
        let uri = place["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_graphic()), "{uri}");
        assert!(location["logicalLocations"][0]["fullyQualifiedName"].is_string());
        for print in result["partialFingerprints"].as_object().unwrap().values() {
            assert!(print.is_string());
        }
    }
}

#[test]
fn sarif_holds_every_finding_at_its_address() {
    let directory = tempfile::tempdir().unwrap();
    let sizes = [1, 100, 10_000].map(|changes| large(directory.path(), changes));
    for path in fixtures().into_iter().chain(sizes) {
        let path = path.to_str().unwrap();
        let sarif: Value =
            serde_json::from_str(&stdout(&["check", "--format", "sarif", path])).unwrap();
        assert_sarif(&sarif);
        let json: Value =
            serde_json::from_str(&stdout(&["check", "--format", "json", path])).unwrap();
        let rows = json["rows"].as_array().unwrap();
        let findings: usize = rows
            .iter()
            .map(|row| row["findings"].as_array().unwrap().len())
            .sum();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), findings, "{path}");
    }
}

#[test]
fn markdown_fits_a_comment_worst_first_and_counts_what_it_leaves_out() {
    let directory = tempfile::tempdir().unwrap();
    for changes in [1, 100, 10_000] {
        let path = large(directory.path(), changes);
        let text = stdout(&["check", "--format", "markdown", path.to_str().unwrap()]);
        assert!(text.len() <= 65_536, "{changes}: {}", text.len());
        let shown = text.lines().filter(|line| line.starts_with("- **")).count();
        let total: usize = text
            .lines()
            .last()
            .unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(
            text.contains(&format!("shown {shown} of {total}")),
            "{changes}: {shown} {}",
            text.lines().last().unwrap()
        );
        assert!(total >= changes);
        assert_eq!(
            text.contains("Not shown, for want of room"),
            shown < total,
            "{changes}"
        );
        let risks: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("- **")?.split("**").next())
            .collect();
        let rank = |risk: &str| {
            ["critical", "high", "medium", "low"]
                .iter()
                .position(|known| *known == risk)
                .unwrap()
        };
        assert!(risks.is_sorted_by_key(|risk| rank(risk)), "{changes}");
        if changes == 10_000 {
            assert!(text.len() > 60_000, "room is used: {}", text.len());
        }
    }
}

#[test]
fn an_address_of_a_hundred_thousand_characters_is_counted_and_takes_nobody_elses_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = large(directory.path(), 3);
    let json = fs::read_to_string(&path)
        .unwrap()
        .replace("number_0", &"x".repeat(100_000));
    fs::write(&path, json).unwrap();
    let text = stdout(&["check", "--format", "markdown", path.to_str().unwrap()]);
    assert!(text.len() <= 65_536);
    assert!(text.contains("aws_db_instance.number_2"));
    assert!(
        text.contains("Not shown, for want of room: 1 critical"),
        "{text}"
    );
}

#[test]
fn a_summary_file_is_added_to() {
    let directory = tempfile::tempdir().unwrap();
    let summary = directory.path().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let path = fixture("incident");
    stdout(&[
        "check",
        "--summary-file",
        summary.to_str().unwrap(),
        path.to_str().unwrap(),
    ]);
    let markdown = stdout(&["check", "--format", "markdown", path.to_str().unwrap()]);
    assert_eq!(
        fs::read_to_string(&summary).unwrap(),
        format!("before\n{markdown}")
    );
}

#[test]
fn diff_says_what_is_new_riskier_milder_and_gone_in_all_forms() {
    let directory = tempfile::tempdir().unwrap();
    let old = large(directory.path(), 6);
    let text = fs::read_to_string(&old).unwrap();
    // 0: the same. 1: routine becomes a weakened protection. 2: gone. 3: another tag. 4: the delete is dropped. A new one.
    let changed = text
        .replace(r#""name":"number_1","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"tags":{"a":"1"}},"after":{"tags":{"a":"2"}}"#,
            r#""name":"number_1","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"deletion_protection":true,"tags":{"a":"1"}},"after":{"deletion_protection":false,"tags":{"a":"2"}}"#)
        .replace("number_2", "number_9")
        .replacen(r#""name":"number_3","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"tags":{"a":"1"}},"after":{"tags":{"a":"2"}}"#,
            r#""name":"number_3","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"tags":{"a":"1"}},"after":{"tags":{"a":"3"}}"#, 1)
        .replace(r#""name":"number_4","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["delete"],"before":{"tags":{"a":"1"}},"after":null"#,
            r#""name":"number_4","provider_name":"registry.terraform.io/hashicorp/aws","change":{"actions":["update"],"before":{"tags":{"a":"1"}},"after":{"tags":{"a":"2"}}"#);
    assert_ne!(changed, text);
    let new = directory.path().join("new.json");
    fs::write(&new, changed).unwrap();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let json: Value =
        serde_json::from_str(&stdout(&["diff", "--format", "json", old, new])).unwrap();
    schema::fits(&stdout(&["schema", "diff"]), &json);
    let what = |address: &str| {
        let differences = json["differences"].as_array().unwrap();
        differences
            .iter()
            .find(|difference| difference["address"] == format!("aws_db_instance.number_{address}"))
            .map(|difference| difference["what"].as_str().unwrap())
    };
    assert_eq!(what("0"), None);
    assert_eq!(what("1"), Some("riskier"));
    assert_eq!(what("2"), Some("gone"));
    assert_eq!(what("3"), Some("other"));
    assert_eq!(what("4"), Some("milder"));
    assert_eq!(what("9"), Some("new"));
    let text = stdout(&["diff", old, new]);
    let markdown = stdout(&["diff", "--format", "markdown", old, new]);
    for difference in json["differences"].as_array().unwrap() {
        let address = difference["address"].as_str().unwrap();
        assert!(
            text.contains(address) && markdown.contains(address),
            "{address}"
        );
    }
    assert_eq!(undersign(&["diff", old, old]).status.code(), Some(0));
    assert_eq!(undersign(&["diff", old, new]).status.code(), Some(3));
}

#[test]
fn completions_and_manual_pages_are_made_of_the_arguments() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = stdout(&["completions", shell]);
        assert!(
            text.contains("agents-md") && text.contains("since"),
            "{shell}"
        );
    }
    let page = stdout(&["man"]);
    assert!(
        page.contains(".TH undersign") && page.contains("Exit codes"),
        "{page}"
    );
    assert!(stdout(&["man", "review"]).contains("since"));
    assert_eq!(undersign(&["man", "nothing"]).status.code(), Some(2));
}

#[test]
fn the_hook_keeps_an_honest_agent_from_applying_and_says_what_to_do() {
    let ask = |input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_undersign"))
            .arg("hook")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    };
    let no =
        ask(r#"{"tool_name":"Bash","tool_input":{"command":"terraform apply -auto-approve"}}"#);
    assert_eq!(no.status.code(), Some(2));
    let said = String::from_utf8(no.stderr).unwrap();
    assert!(
        said.contains("undersign submit") && said.contains("The gate is elsewhere"),
        "{said}"
    );
    let yes =
        ask(r#"{"tool_name":"Bash","tool_input":{"command":"terraform plan -out plan.tfplan"}}"#);
    assert_eq!(yes.status.code(), Some(0));
    assert_eq!(ask("nonsense").status.code(), Some(1));
    let settings: Value = serde_json::from_str(&stdout(&["hook", "--settings"])).unwrap();
    assert!(settings["hooks"]["PreToolUse"].is_array());
}

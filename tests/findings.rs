//! Findings of other tools: each format with a file as the tool writes it, what of it lands where, and what is refused.

#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use undersign::failure::Failure;
use undersign::plan::effect::Kind;
use undersign::policy::brought::Brought;
use undersign::policy::findings::place::Addresses;
use undersign::policy::findings::spot::PlanNames;
use undersign::policy::findings::{self, Findings, Format};
use undersign::policy::{Opinion, Place, Verdict};
use undersign::review::judge;
use undersign::risk::Judged;

fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

fn golden(name: &str) -> String {
    fs::read_to_string(fixture("findings").join(name)).unwrap()
}

/// The rows of a plan as the screen, `check` and the gate have them.
fn rows(plan: &str) -> Vec<Judged> {
    let bytes = fs::read(fixture("plans").join(plan)).unwrap();
    judge::judge_all(&mut Cursor::new(bytes), None, None)
        .unwrap()
        .1
}

/// The addresses of the changes, each with whether the plan does anything to it.
fn named(rows: &[Judged]) -> Vec<(Cow<'_, str>, bool)> {
    let changes = rows.iter().filter(|row| row.effect.kind == Kind::Change);
    changes
        .map(|row| (row.effect.address(), !row.effect.is_nothing()))
        .collect()
}

fn addresses<'a>(named: &'a [(Cow<'_, str>, bool)]) -> Addresses<'a> {
    Addresses::new(
        named
            .iter()
            .map(|(address, is_done)| (&**address, *is_done)),
    )
}

/// What a file says of the plan of `rig/weaken`. Line 70 of main.tf is in one of its blocks.
fn opinion(findings: &Findings) -> Opinion {
    let rows = rows("rig/weaken.json");
    let brought = Brought {
        plan: PlanNames::of(Path::new("rig/weaken.json")),
        findings: vec![(findings.clone(), None)],
        ..Brought::default()
    };
    let mut watch = brought.watch();
    let plan = fs::File::open(fixture("plans/rig/weaken.json")).unwrap();
    std::io::copy(&mut watch.watched(plan), &mut std::io::sink()).unwrap();
    let around = watch.finish();
    let blocks_at = |place: &Place| {
        let is_table = place.file == "main.tf" && place.line == 70;
        Vec::from_iter(is_table.then(|| "aws_dynamodb_table.sessions".to_owned()))
    };
    let named = named(&rows);
    let addresses = addresses(&named).around(&around);
    findings.opinion(&addresses, &blocks_at, None, None)
}

fn line(verdict: &Verdict) -> String {
    let mut line = format!("{:<4} {}", verdict.kind.word(), verdict.rule);
    if let Some(at) = &verdict.source {
        write!(line, " ({at})").unwrap();
    }
    let address = verdict.address.as_deref().unwrap_or("the plan");
    write!(line, "\n     {address}: {}", verdict.message).unwrap();
    for (key, value) in &verdict.metadata {
        if key != "file" {
            write!(line, "\n       {key} {value}").unwrap();
        }
    }
    line
}

fn read(name: &str, text: &str) -> Result<Findings, Failure> {
    findings::read(name, text.as_bytes(), None)
}

/// Every golden file with its format. A file for each format at least.
const GOLDEN: [(&str, Format); 17] = [
    ("conftest.json", Format::Conftest),
    ("opa.json", Format::Opa),
    ("opa-allow.json", Format::Opa),
    ("checkov.json", Format::Checkov),
    ("checkov-list.json", Format::Checkov),
    ("checkov-nothing.json", Format::Checkov),
    ("trivy.json", Format::Trivy),
    ("sarif.json", Format::Sarif),
    ("sarif-of-plan.json", Format::Sarif),
    ("regula.json", Format::Regula),
    ("kics.json", Format::Kics),
    ("tfsec.json", Format::Tfsec),
    ("terrascan.json", Format::Terrascan),
    ("terraform-policy.ndjson", Format::TerraformPolicy),
    ("sentinel.txt", Format::Sentinel),
    ("sentinel-apply.txt", Format::Sentinel),
    ("terraform-compliance.txt", Format::TerraformCompliance),
];

#[test]
fn each_file_is_told_by_its_looks_and_says_what_it_says() {
    for (name, format) in GOLDEN {
        let text = golden(name);
        let found = read(name, &text).unwrap();
        assert_eq!(found.format, format, "{name}");
        let named = findings::read(name, text.as_bytes(), Some(format)).unwrap();
        assert_eq!(named, found, "{name}: named or guessed, it says the same");
        assert_eq!(Format::of(format.word()), Some(format));
        let lines: Vec<String> = opinion(&found).verdicts.iter().map(line).collect();
        insta::assert_snapshot!(name, lines.join("\n"));
    }
    for format in Format::ALL {
        assert!(
            GOLDEN.iter().any(|(_, golden)| *golden == format),
            "{format:?} has no file"
        );
    }
}

/// What each format can say, and its golden files do say: of which row, how bad, and that somebody silenced it. Every one
/// of them has a message, and a severity decides what is asked for.
#[test]
fn each_format_says_all_that_it_can() {
    let mut said: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, format) in GOLDEN {
        let found = read(name, &golden(name)).unwrap();
        for verdict in opinion(&found).verdicts {
            assert!(!verdict.message.trim().is_empty(), "{name}: {verdict:?}");
            let said = said.entry(format.word()).or_default();
            said.insert(if verdict.address.is_some() {
                "row"
            } else {
                "plan"
            });
            said.insert(verdict.kind.word());
            for key in ["severity", "suppressed"] {
                if verdict.metadata.contains_key(key) {
                    said.insert(key);
                }
            }
            if verdict.metadata.contains_key("suppressed") {
                assert_eq!(verdict.kind.word(), "info", "{name}: {verdict:?}");
            }
        }
    }
    let table: Vec<String> = said
        .iter()
        .map(|(format, said)| {
            format!(
                "{format}: {}",
                said.iter().copied().collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!("what_each_format_says", table.join("\n"));
    assert_eq!(said.len(), Format::ALL.len());
    for (format, said) in said {
        assert!(
            said.contains("row") && said.contains("deny"),
            "{format}: {said:?}"
        );
    }
}

/// A file that ends where its tool did not end it is refused, wherever it is cut.
#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    for (name, format) in GOLDEN {
        let text = golden(name);
        // The last line of a text is the tool's good-bye, or a trace that decides nothing.
        let whole = match format {
            Format::TerraformPolicy => text.find("\"change_summary\"").unwrap(),
            Format::Sentinel => match text.rfind("Result: true") {
                Some(passed) => passed + "Result: true".len(),
                None => text.rfind("Rule \"main\"").unwrap(),
            },
            Format::TerraformCompliance => text.find(" scenarios (").unwrap(),
            _ => text.trim_end().len(),
        };
        for end in (0..whole).filter(|end| text.is_char_boundary(*end)) {
            let cut = findings::read(name, &text.as_bytes()[..end], Some(format));
            let failure = cut.expect_err(&format!("{name} cut at {end}"));
            assert!(
                ["findings-truncated", "findings-empty", "findings-json"].contains(&failure.reason),
                "{name} cut at {end}: {failure:?}"
            );
        }
    }
    // A message that is half there is none, behind the summary too.
    let text = golden("terraform-policy.ndjson");
    let failure = read("x", &text[..text.len() - 40]).unwrap_err();
    assert_eq!(failure.reason, "findings-truncated");
}

#[test]
fn what_is_not_as_it_should_be_is_refused_with_its_place() {
    for (name, old, new, place) in [
        (
            "conftest.json",
            "\"a topic without a key\"",
            "7",
            "[0].failures[1].msg holds a number",
        ),
        (
            "conftest.json",
            "\"failures\": [",
            "\"failures\": [null,",
            "[0].failures[0].msg holds nothing",
        ),
        (
            "opa.json",
            "{\n                \"message\": \"public ingress\",",
            "{\n \"text\": 1,",
            "deny[1] holds an object",
        ),
        (
            "opa.json",
            "\"deny\": [",
            "\"deny\": [3,",
            "value.deny[0] holds a number",
        ),
        (
            "opa-allow.json",
            "analysis.authz",
            "analysis.mood",
            "expressions[0].value holds a truth value",
        ),
        (
            "checkov.json",
            "\"CKV_AWS_26\"",
            "26",
            "results.failed_checks[1].check_id holds a number",
        ),
        (
            "checkov-nothing.json",
            "\"failed\": 0",
            "\"failed\": 2",
            "holds an object",
        ),
        (
            "trivy.json",
            "\"Status\": \"PASS\"",
            "\"Status\": \"MAYBE\"",
            "Misconfigurations[3].Status holds a string",
        ),
        (
            "trivy.json",
            "\"Misconfigurations\": [",
            "\"Secrets\": [{}], \"Misconfigurations\": [",
            "Results[0].Secrets holds a list",
        ),
        (
            "sarif.json",
            "\"2.1.0\"",
            "\"2.0.0\"",
            "version holds a string",
        ),
        (
            "sarif.json",
            "\"ruleIndex\": 2",
            "\"ruleIndex\": 9",
            "results[2] holds an object",
        ),
        (
            "regula.json",
            "\"WAIVED\",",
            "\"FORGIVEN\",",
            "rule_results[2].rule_result holds a string",
        ),
        (
            "kics.json",
            "\"severity\": \"HIGH\"",
            "\"severity\": []",
            "queries[0].severity holds a list",
        ),
        (
            "tfsec.json",
            "\"status\": 2",
            "\"status\": 5",
            "results[2].status holds a number",
        ),
        (
            "terrascan.json",
            "\"rule_id\": \"AC_AWS_0227\"",
            "\"rule_id\": true",
            "violations[0].rule_id holds a truth value",
        ),
        (
            "terraform-policy.ndjson",
            "\"AllowResult\"",
            "\"ShrugResult\"",
            "line 8.result holds a string",
        ),
        (
            "terraform-policy.ndjson",
            "\"policy_info\"",
            "\"policy_exemption\"",
            "line 4.type holds a string",
        ),
    ] {
        let text = golden(name);
        assert!(text.contains(old), "{name}: {old}");
        let failure = read(name, &text.replacen(old, new, 1)).unwrap_err();
        assert_eq!(failure.reason, "findings-shape", "{name}: {failure}");
        let got = failure.error.replace(" at ", " ");
        let (path, holds) = place.split_once(" holds ").unwrap_or(("", place));
        let holds = format!("holds {}", holds.trim_start_matches("holds "));
        assert!(
            got.contains(path) && got.contains(&holds),
            "{name}: {failure}, not {place}"
        );
        assert!(failure.want.is_some() && !failure.hints.is_empty());
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_in_every_json() {
    for (name, format) in GOLDEN {
        let text = golden(name);
        if !text.starts_with(['{', '[']) {
            continue;
        }
        let at = text.find('{').unwrap() + 1;
        let twice = format!("{}\"zz\":1,\"zz\":2,{}", &text[..at], &text[at..]);
        let failure = findings::read(name, twice.as_bytes(), Some(format)).unwrap_err();
        assert_eq!(failure.reason, "findings-duplicate-key", "{name}");
    }
}

#[test]
fn what_is_of_no_format_says_what_it_holds_instead() {
    for (text, reason, got) in [
        ("", "findings-empty", ""),
        (" \n", "findings-empty", ""),
        ("{}", "findings-unknown", "an object with "),
        ("[]", "findings-unknown", "an empty list"),
        (
            "{\"passed\": true}",
            "findings-unknown",
            "an object with \"passed\"",
        ),
        ("[[1]]", "findings-unknown", "a list of a list of a number"),
        ("all good", "findings-unknown", "text"),
        (
            "{\"format_version\":\"1.2\"}",
            "findings-unknown",
            "an object with \"format_version\"",
        ),
    ] {
        let failure = read("x", text).unwrap_err();
        assert_eq!(
            (failure.reason, failure.got.as_deref().unwrap_or_default()),
            (reason, got),
            "{text}"
        );
    }
    let failure = findings::read("x", b"{\"a\":\"\xff\"}", None).unwrap_err();
    assert_eq!(failure.reason, "findings-encoding");
    let failure = findings::read("x", b"{}", Some(Format::Opa)).unwrap_err();
    assert!(
        failure.want.unwrap().contains("undefined"),
        "an undefined query is no yes"
    );
    let both = r#"{"rule_results":[],"results":null}"#;
    assert_eq!(read("x", both).unwrap_err().reason, "findings-ambiguous");
}

/// A line of the configuration leads to the block that it is in, where no address is given.
#[test]
fn a_line_is_enough() {
    let text = golden("sarif.json")
        .replace("\"startLine\": 12", "\"startLine\": 70")
        .replace("\"kind\": \"aws_kms_key\",", "");
    let verdicts = opinion(&read("x", &text).unwrap()).verdicts;
    let verdict = verdicts
        .iter()
        .find(|v| v.message == "a key of seven days")
        .unwrap();
    assert_eq!(
        verdict.address.as_deref(),
        Some("aws_dynamodb_table.sessions")
    );
    assert!(verdict.metadata["found_by"].contains("line"));
}

#[test]
fn findings_of_another_plan_are_said_to_be_so() {
    let rows = rows("incident/plan.json");
    for (name, rule, kind, names) in [
        (
            "regula.json",
            "regula/another-plan",
            "deny",
            "aws_db_instance.prod, ",
        ),
        ("checkov.json", "checkov/another-plan", "deny", "and 2 more"),
    ] {
        let found = read(name, &golden(name)).unwrap();
        let verdicts = found
            .opinion(&addresses(&named(&rows)), &|_| Vec::new(), None, None)
            .verdicts;
        let verdict = verdicts.iter().find(|v| v.rule == rule);
        // `aws_iam_policy.guard` is in both plans, so regula's file may be about this one.
        let kind = if name == "regula.json" { "warn" } else { kind };
        let verdict = verdict.unwrap_or_else(|| panic!("{verdicts:#?}"));
        assert_eq!(verdict.kind.word(), kind, "{verdict:?}");
        assert!(verdict.message.contains(names), "{verdict:?}");
    }
}

#[test]
fn a_file_older_than_the_plan_says_so_by_its_own_clock_first() {
    let time = |text: &str| Some(text.parse().unwrap());
    let rows = rows("rig/weaken.json");
    let plan = time("2026-11-22T00:00:00Z");
    for (name, written, older) in [
        ("trivy.json", None, true),
        ("trivy.json", time("2026-11-23T00:00:00Z"), true),
        ("sarif.json", time("2026-11-01T00:00:00Z"), false),
        ("checkov.json", time("2026-11-01T00:00:00Z"), true),
        ("checkov.json", time("2026-11-23T00:00:00Z"), false),
        ("checkov.json", None, false),
    ] {
        let found = read(name, &golden(name)).unwrap();
        let opinion = found.opinion(&addresses(&named(&rows)), &|_| Vec::new(), plan, written);
        let said = opinion
            .verdicts
            .iter()
            .any(|v| v.rule.ends_with("/older-than-the-plan"));
        assert_eq!(said, older, "{name} {written:?}");
    }
}

#[test]
fn a_long_message_is_cut_and_says_so() {
    let text = golden("checkov.json").replace("Flow logs are on", &"x".repeat(10_000));
    let verdicts = opinion(&read("x", &text).unwrap()).verdicts;
    let long = verdicts
        .iter()
        .find(|v| v.rule == "checkov/CKV2_AWS_11")
        .unwrap();
    assert!(long.message.ends_with("… (cut; 10000 characters)"));
    assert!(long.message.len() < 5_000);
}

/// The real checkov on a real plan: every finding lands on the row it is about.
#[test]
fn the_findings_of_the_real_checkov_land_on_their_rows() {
    if Command::new("checkov").arg("--version").output().is_err() {
        eprintln!("SKIPPED: checkov is not on PATH");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    fs::copy(
        fixture("plans/rig/create.json"),
        directory.path().join("plan.json"),
    )
    .unwrap();
    let output = Command::new("checkov")
        .args([
            "--file",
            "plan.json",
            "--framework",
            "terraform_plan",
            "--output",
            "json",
        ])
        .args(["--quiet", "--compact", "--skip-download"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let found = findings::read("checkov.json", &output.stdout, None)
        .unwrap_or_else(|f| panic!("{f}: {said}"));
    assert_eq!(found.format, Format::Checkov);
    let rows = rows("rig/create.json");
    let verdicts = found
        .opinion(&addresses(&named(&rows)), &|_| Vec::new(), None, None)
        .verdicts;
    assert!(verdicts.len() > 10, "{verdicts:#?}");
    for verdict in &verdicts {
        let address = verdict
            .address
            .as_deref()
            .unwrap_or_else(|| panic!("{verdict:?}"));
        assert!(
            rows.iter().any(|row| row.effect.address() == *address),
            "{verdict:?}"
        );
        assert_eq!(verdict.metadata["found_by"], "\"named by its address\"");
    }
    for (rule, address) in [
        (
            "checkov/CKV_AWS_26",
            r#"aws_sns_topic.alerts["on \"call\""]"#,
        ),
        ("checkov/CKV_AWS_16", "aws_db_instance.prod"),
        ("checkov/CKV_AWS_18", "module.assets.aws_s3_bucket.this"),
    ] {
        let found = verdicts
            .iter()
            .any(|v| v.rule == rule && v.address.as_deref() == Some(address));
        assert!(found, "{rule} on {address}: {verdicts:#?}");
    }
}

/// A plan that somebody laid out over many lines is read line by line; as the tool writes it, it is one line, and only a
/// column tells. The screen, `check` and the gate all come this way.
#[test]
fn a_line_of_the_plans_own_json_is_laid_on_the_row_that_holds_it() {
    let place = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(fixture("plans/rig/weaken.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let changes = pretty.find("\"resource_changes\"").unwrap();
    let part = changes
        + pretty[changes..]
            .find("\"deletion_window_in_days\"")
            .unwrap();
    let line = 1 + pretty[..part].matches('\n').count();
    let column = 1 + text.rfind("\"aws_kms_key.data\"").unwrap();
    for (name, plan, region, row) in [
        ("plan.json", &pretty, format!("\"startLine\":{line}"), true),
        ("plan.json", &text, format!("\"startLine\":{line}"), false),
        ("plan.json", &text, "\"startLine\":1".to_owned(), false),
        (
            "plan.json",
            &text,
            format!("\"startLine\":1,\"startColumn\":{column}"),
            true,
        ),
        // Another file may have as many lines.
        (
            "other.json",
            &pretty,
            format!("\"startLine\":{line}"),
            false,
        ),
    ] {
        let findings = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"json"}}}},"results":[{{"ruleId":"J1","level":"error","message":{{"text":"too short"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"plan.json"}},"region":{{{region}}}}}}}]}}]}}]}}"#
        );
        fs::write(place.path().join(name), plan).unwrap();
        fs::write(place.path().join("found.sarif"), findings).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_undersign"))
            .args([
                "check",
                name,
                "--format",
                "json",
                "--findings",
                "found.sarif",
            ])
            .current_dir(place.path())
            .output()
            .unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let report = report["rows"].as_array().unwrap().iter();
        let said: Vec<String> = report
            .filter(|effect| effect["findings"].to_string().contains("policy/json/J1"))
            .map(|effect| effect["address"].as_str().unwrap().to_owned())
            .collect();
        let expected = if row {
            "aws_kms_key.data"
        } else {
            "policy/json/J1"
        };
        assert_eq!(said, [expected], "{name} {region}");
    }
}

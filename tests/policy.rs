//! Policies, evaluated by the real worker: the same verdicts as written down, one change at a time as in one go, and
//! trouble that is never silence.

#![cfg(feature = "rego")]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use undersign::policy::job::{Answer, Job, Lint, Task};
use undersign::policy::ruleset::Ruleset;
use undersign::policy::worker::{Program, Worker, opinion};
use undersign::policy::{Kind, Opinion, Policies, Trouble, Verdict};

const PLANS: [&str; 4] = [
    "incident/plan.json",
    "rig/weaken.json",
    "12-modules-nested/plan.json",
    "synthetic/deferred_changes.json",
];

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_undersign"))
}

fn plan(name: &str) -> Vec<u8> {
    fs::read(fixtures("plans").join(name)).unwrap()
}

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn run(rules: &Ruleset, job: &Job, plan: &[u8]) -> Vec<Answer> {
    let mut worker = Worker::start(&program(), rules, job).unwrap();
    let mut sink = Vec::new();
    let (mut tee, _) = worker.tee(Cursor::new(plan));
    tee.read_to_end(&mut sink).unwrap();
    worker.finish(&mut |_| {})
}

fn evaluate(directory: &Path, plan: &[u8]) -> Opinion {
    let rules = Ruleset::load(directory).unwrap();
    let job = rules.job(Task::Evaluate);
    opinion(run(&rules, &job, plan))
}

/// What a policy of one file says of a plan.
fn says(text: &str, plan: &str) -> Opinion {
    let directory = directory(&[("p.rego", text)]);
    evaluate(directory.path(), plan.as_bytes())
}

fn lints(text: &str) -> Vec<Lint> {
    let directory = directory(&[("p.rego", text)]);
    let rules = Ruleset::load(directory.path()).unwrap();
    run(&rules, &rules.job(Task::Lint), b"")
        .into_iter()
        .filter_map(|answer| match answer {
            Answer::Lint(lint) => Some(lint),
            _ => None,
        })
        .collect()
}

/// The policies of the corpus, each in a directory of its own.
fn corpus() -> Vec<(String, tempfile::TempDir)> {
    let mut entries: Vec<PathBuf> = fs::read_dir(fixtures("policies/corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_dir()
                || path
                    .extension()
                    .is_some_and(|extension| extension == "rego")
        })
        .collect();
    entries.sort();
    entries
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let own = tempfile::tempdir().unwrap();
            copy(&path, &own.path().join(&name));
            (name, own)
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        // The files of a directory are its policies; the directory's own name is no part of the data's path.
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.parent().unwrap().join(path.file_name().unwrap());
            if path.is_dir() {
                fs::create_dir_all(&to).unwrap();
                for inner in fs::read_dir(&path).unwrap() {
                    let inner = inner.unwrap().path();
                    fs::copy(&inner, to.join(inner.file_name().unwrap())).unwrap();
                }
            } else {
                fs::copy(&path, to).unwrap();
            }
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn describe(opinion: &Opinion) -> String {
    let mut out = String::new();
    for Verdict {
        kind,
        rule,
        message,
        address,
        source,
        ..
    } in &opinion.verdicts
    {
        let address = address.as_deref().unwrap_or("(plan)");
        let source = source.as_ref().map_or("?".to_owned(), ToString::to_string);
        let _ = writeln!(
            out,
            "    {} {rule} {address} | {message} | {source}",
            kind.word()
        );
    }
    for trouble in &opinion.troubles {
        let _ = writeln!(out, "    TROUBLE {trouble} [{}]", trouble.reason);
    }
    out
}

#[test]
fn every_policy_says_what_is_written_down() {
    let mut told = String::from(
        "# What each policy of the corpus says of each plan: kind, rule, address, message, place. Written by tests/policy.rs.\n",
    );
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{} policies", corpus.len());
    for (name, directory) in &corpus {
        let _ = writeln!(told, "{name}");
        for plan_name in PLANS {
            let opinion = evaluate(directory.path(), &plan(plan_name));
            if opinion != Opinion::default() {
                let _ = write!(told, "  {plan_name}\n{}", describe(&opinion));
            }
        }
    }
    let expected = fixtures("policies/corpus/expected.txt");
    if std::env::var_os("UPDATE_POLICIES").is_some() {
        fs::write(&expected, &told).unwrap();
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    for (number, (told, expected)) in told.lines().zip(expected.lines()).enumerate() {
        assert_eq!(
            told,
            expected,
            "line {}; UPDATE_POLICIES=1 writes what is said now",
            number + 1
        );
    }
    assert_eq!(told.lines().count(), expected.lines().count());
}

/// What is said, without to whom: the whole plan in one go cannot tell that in every case.
fn without_address(opinion: &Opinion) -> BTreeSet<(Kind, String, String)> {
    opinion
        .verdicts
        .iter()
        .map(|verdict| (verdict.kind, verdict.rule.clone(), verdict.message.clone()))
        .collect()
}

#[test]
fn one_change_at_a_time_says_the_same_as_the_whole_plan_in_one_go() {
    let mut attributed = 0;
    let guard = fixtures("policies/guard");
    let corpus = corpus();
    let directories = corpus
        .iter()
        .map(|(_, directory)| directory.path())
        .chain([guard.as_path()]);
    for directory in directories {
        let rules = Ruleset::load(directory).unwrap();
        let each = rules.job(Task::Evaluate);
        let whole = Job {
            whole: true,
            ..each.clone()
        };
        for name in PLANS {
            let plan = plan(name);
            let [each, whole] = [&each, &whole].map(|job| opinion(run(&rules, job, &plan)));
            assert_eq!(
                without_address(&each),
                without_address(&whole),
                "{} {name}",
                directory.display()
            );
            assert_eq!(each.troubles, whole.troubles);
            // Where the whole plan knows the address, it is the same one.
            let addressed: BTreeSet<(&str, &str)> = each
                .verdicts
                .iter()
                .filter_map(|verdict| Some((verdict.message.as_str(), verdict.address.as_deref()?)))
                .collect();
            for verdict in &whole.verdicts {
                if let Some(address) = verdict.address.as_deref() {
                    assert!(
                        addressed.contains(&(verdict.message.as_str(), address)),
                        "{verdict:?}"
                    );
                }
            }
            let known = |opinion: &Opinion| {
                opinion
                    .verdicts
                    .iter()
                    .filter(|v| v.address.is_some())
                    .count()
            };
            attributed += known(&each) - known(&whole);
        }
    }
    assert!(
        attributed > 5,
        "only {attributed} verdicts more have an address"
    );
}

/// The plan comes in two halves, and the second one only when a rule has spoken of the first.
#[test]
fn a_rule_speaks_of_a_change_before_the_plan_is_read_to_its_end() {
    let policies = directory(&[(
        "p.rego",
        "package main\ndeny contains m if { some rc in input.resource_changes; m := sprintf(\"%s: no\", [rc.address]) }\nwarn contains \"many\" if count(input.resource_changes) > 1\n",
    )]);
    let rules = Ruleset::load(policies.path()).unwrap();
    let mut worker = Worker::start(&program(), &rules, &rules.job(Task::Evaluate)).unwrap();
    let change = |name: &str| {
        format!(
            "{{\"address\":\"a.{name}\",\"mode\":\"managed\",\"type\":\"a\",\"name\":\"{name}\",\"change\":{{\"actions\":[\"update\"],\"before\":{{}},\"after\":{{\"x\":1}}}}}}"
        )
    };
    // As much as is read ahead of what is looked at.
    let room = " ".repeat(8 << 20);
    let first = format!(
        "{{\"format_version\":\"1.2\",\"resource_changes\":[{},{room}",
        change("b")
    );
    let second = format!("{}]}}", change("c"));
    let (mut tee, mut ear) = worker.tee(Cursor::new(first.clone()).chain(Cursor::new(second)));
    let mut half = vec![0; first.len()];
    tee.read_exact(&mut half).unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let mut early = Vec::new();
    while early.is_empty() && std::time::Instant::now() < until {
        early = ear.early();
        std::thread::yield_now();
    }
    let spoken: Vec<&str> = early
        .iter()
        .map(|verdict| verdict.message.as_str())
        .collect();
    assert_eq!(spoken, ["a.b: no"]);
    tee.read_to_end(&mut half).unwrap();
    let opinion = opinion(worker.finish(&mut |more| early.extend(more)));
    assert_eq!(early.len(), 2);
    assert_eq!(opinion.troubles, []);
    let rules: Vec<&str> = opinion
        .verdicts
        .iter()
        .map(|one| one.rule.as_str())
        .collect();
    assert_eq!(rules, ["main.warn", "main.deny", "main.deny"]);
}

/// What is said early is said at the end too, by every policy of the corpus that makes no exception of it.
#[test]
fn what_is_said_early_stands_at_the_end() {
    let mut count = 0;
    for (name, directory) in &corpus() {
        let rules = Ruleset::load(directory.path()).unwrap();
        for plan_name in PLANS {
            let mut worker = Worker::start(&program(), &rules, &rules.job(Task::Evaluate)).unwrap();
            let plan = plan(plan_name);
            let (mut tee, mut ear) = worker.tee(&*plan);
            tee.read_to_end(&mut Vec::new()).unwrap();
            let mut early = ear.early();
            let opinion = opinion(worker.finish(&mut |more| early.extend(more)));
            count += early.len();
            for verdict in early {
                let stands = opinion.verdicts.iter().any(|one| {
                    (&one.rule, &one.message, one.kind)
                        == (&verdict.rule, &verdict.message, verdict.kind)
                });
                assert!(stands, "{name} {plan_name}: {verdict:?}");
            }
        }
    }
    assert!(count > 20, "only {count} verdicts came early");
}

const ONE: &str = r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[
  {"address":"a.b","type":"a","mode":"managed","name":"b","change":{"actions":["update"],"before":{"u":"x"},"after":{"p":{"q":"0.0.0.0/0"}}}}]}"#;

/// Each of these must block, with the place and the reason.
#[test]
fn trouble_is_never_silence() {
    for (text, reason, line) in [
        (
            "package main\ndeny contains msg if { msg := }",
            "parse",
            Some(2),
        ),
        (
            "package main\n\ndeny[msg] { msg = sprintf(\"%s\" ",
            "parse",
            Some(3),
        ),
        ("not rego at all", "parse", Some(1)),
        ("package main\n\nx := 1", "no-rules", None),
        (
            "package main\ndeny contains msg if { print(\"hello\", input.resource_changes[0].change.before.u); msg := \"m\" }",
            "print",
            Some(2),
        ),
        ("package main\ndeny contains 7 if true", "shape", Some(2)),
        (
            "package main\ndeny contains {\"text\": \"x\"} if true",
            "shape",
            Some(2),
        ),
        ("package main\ndeny := 4", "shape", Some(2)),
        (
            "package main\ndeny contains [\"x\"] if true",
            "shape",
            Some(2),
        ),
        (
            "package main\ndeny contains msg if { msg := no.such.function(1) }",
            "evaluate",
            Some(2),
        ),
        (
            "package main\ndeny contains msg if { msg := f(1) }\nf(x) := f(x + 1)",
            "",
            None,
        ),
        (
            "package main\nx := y\ny := x\ndeny contains \"m\" if x",
            "evaluate",
            None,
        ),
        (
            "package main\ndeny contains \"m\" if { [1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i + j == 1] == [2] }",
            "timeout",
            None,
        ),
        (
            "package main\ndeny contains \"m\" if { time.weekday([0, \"Mars/Base\"]) == \"x\" }",
            "evaluate",
            None,
        ),
    ] {
        let directory = directory(&[
            ("p.rego", text),
            (
                "undersign.toml",
                "rule_seconds = 1\ntotal_seconds = 20\nmemory_mb = 2048\n",
            ),
        ]);
        let opinion = evaluate(directory.path(), ONE.as_bytes());
        let shown = &text[..text.len().min(80)];
        let [trouble, ..] = opinion.troubles.as_slice() else {
            panic!("no trouble from {shown}: {opinion:?}");
        };
        if !reason.is_empty() {
            assert_eq!(trouble.reason, reason, "{shown}: {trouble}");
        }
        if let Some(line) = line {
            let place = trouble
                .place
                .as_ref()
                .unwrap_or_else(|| panic!("{shown}: {trouble:?}"));
            assert_eq!(
                (place.file.as_str(), place.line),
                ("p.rego", line),
                "{shown}: {trouble}"
            );
        }
        assert!(!trouble.error.is_empty());
    }
}

#[test]
fn a_worker_that_dies_or_hangs_is_told_with_what_it_was_busy_with() {
    for (seconds, memory, text, words) in [
        (
            2,
            4096,
            "package main\ndeny contains \"m\" if { count([1 | some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i < j]) == 0 }",
            "seconds",
        ),
        (
            30,
            300,
            "package main\ndeny contains \"m\" if { count([s | some i in numbers.range(1, 3000000); s := sprintf(\"%d\", [i])]) == 0 }",
            "memory",
        ),
    ] {
        let settings =
            format!("rule_seconds = 60\ntotal_seconds = {seconds}\nmemory_mb = {memory}\n");
        let directory = directory(&[("p.rego", text), ("undersign.toml", &settings)]);
        let opinion = evaluate(directory.path(), ONE.as_bytes());
        let [trouble] = opinion.troubles.as_slice() else {
            panic!("{opinion:?}")
        };
        assert!(
            trouble.error.contains("main.deny") && trouble.error.contains(words),
            "{trouble}"
        );
        assert_eq!(trouble.place.as_ref().unwrap().line, 2);
    }
}

#[test]
fn a_plan_that_the_engine_cannot_read_blocks() {
    let nested = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let opinion = says(
        "package main\ndeny contains \"m\" if false",
        &format!("{{\"x\": {nested}}}"),
    );
    assert_eq!(opinion.troubles[0].reason, "plan");
}

fn denies(opinion: &Opinion) -> usize {
    assert_eq!(opinion.troubles, [], "{opinion:?}");
    opinion.verdicts.len()
}

/// Where regorus differs from OPA. If one of these changes, the lint that speaks of it must change too.
#[test]
fn known_divergences_stand_as_they_are_known() {
    let body =
        |text: &str| format!("package main\nimport rego.v1\ndeny contains \"m\" if {{ {text} }}");
    // OPA finds the value: here the assignment loses it, and the deny with it.
    let assigned = body("[path, value] := walk(input.resource_changes); value == \"0.0.0.0/0\"");
    let directory = directory(&[
        ("p.rego", &assigned),
        (
            "undersign.toml",
            "[[accept]]\nlint = \"walk-assign\"\nfile = \"p.rego\"\nreason = \"pinned by a test\"\n",
        ),
    ]);
    assert_eq!(denies(&evaluate(directory.path(), ONE.as_bytes())), 0);
    assert_eq!(
        denies(&says(
            &body("walk(input.resource_changes, [path, value]); value == \"0.0.0.0/0\""),
            ONE
        )),
        1
    );
    // OPA says nothing: the argument is undefined, and the negation with it.
    assert_eq!(
        denies(&says(&body("not endswith(input.nothing, \"x\")"), ONE)),
        1
    );
    // The same where a function inside of the negation says nothing.
    let compared = "package main\nimport rego.v1\nf(x) := \"y\" if x == 1\ndeny contains \"m\" if { x := 2; not f(x) == \"y\" }";
    assert_eq!(denies(&says(compared, ONE)), 1);
    // OPA keeps every digit.
    let number = ONE.replacen("\"1.11.4\"", "12345678901234567890123", 1);
    let digits =
        "package main\ndeny contains m if { m := sprintf(\"%v\", [input.terraform_version]) }";
    let opinion = says(digits, &number);
    assert_eq!(denies(&opinion), 1);
    // OPA goes on to the next: nothing is in null.
    let null = ONE.replacen("{\"u\":\"x\"}", "{\"u\":null}", 1);
    let iterated = says(
        &body("some x in input.resource_changes[0].change.before.u; x == 1"),
        &null,
    );
    assert_eq!(iterated.troubles[0].reason, "evaluate");
    // OPA takes each of several bodies as a definition of its own.
    let chained = says("package main\ndeny[m] { m := \"a\" } { m := \"b\" }", ONE);
    assert_eq!(chained.troubles[0].reason, "parse");
    // OPA takes a variable that hides its function.
    let hidden = says(
        "package main\nimport rego.v1\nf(x) := f if { f := x }\ndeny contains \"m\" if f(1) == 1",
        ONE,
    );
    assert_eq!(
        hidden.troubles.len() + hidden.verdicts.len(),
        1,
        "{hidden:?}"
    );
}

#[test]
fn a_lint_speaks_of_each_divergence_and_one_that_fails_open_blocks() {
    for (text, id, fails_open) in [
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { [p, v] := walk(input); v == 1 }",
            "walk-assign",
            true,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { some [p, v] in walk(input); v == 1 }",
            "walk-assign",
            true,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { x := [v | [p, v] = walk(input)]; count(x) > 0 }",
            "walk-assign",
            true,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if not endswith(input.u, \"x\")",
            "not-undefined",
            false,
        ),
        (
            "package main\nimport rego.v1\nf(x) := \"y\" if x == 1\ndeny contains \"m\" if { x := 2; not f(x) == \"y\" }",
            "not-undefined",
            false,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { not count(input.u) == 0 }",
            "not-undefined",
            false,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { x := http.send({}); x }",
            "missing-builtin",
            false,
        ),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { time.now_ns() > 1 }",
            "missing-builtin",
            false,
        ),
        (
            "package main\nimport rego.v1\nf(x) := f if { f := x }\ndeny contains \"m\" if f(1)",
            "function-shadow",
            false,
        ),
        ("package main\ndeny[m] { m := \"x\" }", "v0-syntax", false),
        (
            "package main\nimport rego.v1\ndeny contains \"m\" if { input.run.workspace.name == \"prod\"; input.plan.complete }",
            "unknown-input",
            true,
        ),
    ] {
        let found = lints(text);
        let lint = found
            .iter()
            .find(|lint| lint.id == id)
            .unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(lint.fails_open, fails_open, "{text}");
        assert!(lint.place.line >= 1 && lint.place.file == "p.rego");
        let blocks = says(text, ONE)
            .troubles
            .iter()
            .any(|trouble| trouble.reason == format!("lint-{id}"));
        assert_eq!(blocks, fails_open, "{text}");
    }
    assert_eq!(
        lints(
            "package main\nimport rego.v1\ndeny contains \"m\" if { walk(input, [p, v]); v == 1; not input.u; not count(p) == 7; not f(v) }\nf(x) if x == 2"
        ),
        []
    );
}

#[test]
fn what_is_accepted_in_the_settings_does_not_block() {
    let text = "package main\nimport rego.v1\ndeny contains \"m\" if { input.run.workspace.name == \"prod\"; input.plan.format_version }";
    let given = directory(&[
        ("p.rego", text),
        ("undersign.toml", "[run.workspace]\nname = \"prod\"\n"),
    ]);
    assert_eq!(denies(&evaluate(given.path(), ONE.as_bytes())), 1);
    let accepted = directory(&[
        ("p.rego", text),
        (
            "undersign.toml",
            "[[accept]]\nlint = \"unknown-input\"\nfile = \"p.rego\"\nreason = \"only of use in HCP\"\n",
        ),
    ]);
    assert_eq!(denies(&evaluate(accepted.path(), ONE.as_bytes())), 0);
}

fn undersign(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_ends_with_what_policies_say() {
    let plan = fixtures("plans/12-modules-nested/plan.json");
    let plan = plan.to_str().unwrap();
    for (policy, code, words) in [
        (
            "package main\ndeny contains m if { some rc in input.resource_changes; m := \"nothing may be made\" }",
            4,
            "deny: nothing may be made  [policy/main.deny]",
        ),
        (
            "package main\nwarn contains m if { some rc in input.resource_changes; m := \"hm\" }",
            0,
            "warn: hm  [policy/main.warn]",
        ),
        ("package main\ndeny contains m if {", 4, "policy-trouble"),
        (
            "package main\ndeny contains \"\\u001b[2Jx\\u202e\" if true",
            4,
            "⟨U+202E⟩",
        ),
    ] {
        let directory = directory(&[("p.rego", policy)]);
        let output = undersign(&[
            "check",
            plan,
            "--policy",
            directory.path().to_str().unwrap(),
        ]);
        let out = text(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{policy}\n{out}{}",
            text(&output.stderr)
        );
        assert!(out.contains(words), "{out}");
        assert!(!out.contains('\u{1b}'), "{out}");
        assert_eq!(text(&output.stderr), "");
    }
    let output = undersign(&["check", plan, "--policy", "/nowhere"]);
    assert_ne!(output.status.code(), Some(0));
}

#[test]
fn what_is_secret_in_the_plan_is_masked_in_a_message() {
    let directory = directory(&[(
        "p.rego",
        &fs::read_to_string(fixtures("policies/corpus/65-v1-secret-in-a-message.rego")).unwrap(),
    )]);
    let plan = fixtures("plans/incident/plan.json");
    for format in ["text", "json"] {
        let output = undersign(&[
            "check",
            plan.to_str().unwrap(),
            "--format",
            format,
            "--policy",
            directory.path().to_str().unwrap(),
        ]);
        let out = text(&output.stdout);
        assert!(out.contains("the password is (sensitive)"), "{out}");
    }
}

#[test]
fn the_ready_pack_passes_its_own_tests_and_has_no_doubtful_place() {
    let guard = fixtures("policies/guard");
    let output = undersign(&["policy", "test", guard.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("stateful.rego: 6 of 6 lines are reached"));
    let output = undersign(&["policy", "lint", guard.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "7 rules are asked, 0 doubtful places\n")
    );
}

#[test]
fn the_conditions_to_begin_with_pass_their_own_tests_and_have_no_doubtful_place() {
    let conditions = fixtures("policies/conditions");
    let directory = conditions.to_str().unwrap();
    let output = undersign(&["policy", "test", directory]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.contains("3 passed, 0 failed"), "{out}");
    let output = undersign(&["policy", "lint", directory]);
    let out = text(&output.stdout);
    assert_eq!(
        (output.status.code(), out.as_str()),
        (Some(0), "3 rules are asked, 0 doubtful places\n")
    );
}

#[test]
fn a_test_that_fails_is_told_with_its_place() {
    let directory = directory(&[
        (
            "p.rego",
            "package main\ndeny contains \"m\" if input.x\nwarn contains \"w\" if {\n  input.y\n  input.z\n}\n",
        ),
        (
            "p_test.rego",
            "package main_test\nimport data.main\ntest_yes if count(main.deny) == 1 with input as {\"x\": true}\n\ntest_no if count(main.deny) == 1 with input as {}\n",
        ),
    ]);
    let output = undersign(&["policy", "test", directory.path().to_str().unwrap()]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        out.contains("p_test.rego:3: passed main_test.test_yes"),
        "{out}"
    );
    assert!(
        out.contains("p_test.rego:5: FAILED main_test.test_no"),
        "{out}"
    );
    assert!(
        out.contains("p.rego: 2 of 4 lines are reached, not 3, 5"),
        "{out}"
    );
}

/// The rules of the benchmark: twenty of the sort that people write.
fn twenty() -> Vec<(String, String)> {
    (0..20)
        .map(|number| {
            let rule = if number % 10 == 9 {
                format!("deny_{number} contains m if {{ n := count([1 | some rc in input.resource_changes; \"delete\" in rc.change.actions]); n > {number}00; m := sprintf(\"%d\", [n]) }}")
            } else {
                format!("deny_{number} contains m if {{ some rc in input.resource_changes; rc.type == \"aws_t{number}\"; \"delete\" in rc.change.actions; m := sprintf(\"%s goes\", [rc.address]) }}")
            };
            (format!("r{number}.rego"), format!("package bench.r{number}\nimport rego.v1\n{rule}\n"))
        })
        .collect()
}

/// Ten thousand changes and twenty rules. The worker is a process of its own, so how long it takes delays no key; what
/// it takes is printed for whoever wants to know.
#[test]
fn ten_thousand_changes_and_twenty_rules_are_judged() {
    let rules = twenty();
    let files: Vec<(&str, &str)> = rules
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let directory = directory(&files);
    let mut plan = String::from(
        "{\"format_version\":\"1.2\",\"terraform_version\":\"1.11.4\",\"resource_changes\":[",
    );
    for number in 0..10_000 {
        let comma = if number == 0 { "" } else { "," };
        let (kind, action) = (
            number % 40,
            if number % 50 == 0 { "delete" } else { "update" },
        );
        let _ = write!(
            plan,
            "{comma}{{\"address\":\"aws_t{kind}.n[{number}]\",\"mode\":\"managed\",\"type\":\"aws_t{kind}\",\"name\":\"n\",\"index\":{number},\"change\":{{\"actions\":[\"{action}\"],\"before\":{{\"size\":{number},\"text\":\"{}\"}},\"after\":{{\"size\":1}}}}}}",
            "x".repeat(400)
        );
    }
    plan.push_str("]}");
    let since = std::time::Instant::now();
    let opinion = evaluate(directory.path(), plan.as_bytes());
    println!(
        "10,000 changes ({} MB), 20 rules: {:?}",
        plan.len() >> 20,
        since.elapsed()
    );
    assert_eq!(opinion.troubles, Vec::<Trouble>::new());
    let by_kind: BTreeMap<bool, usize> =
        opinion
            .verdicts
            .iter()
            .fold(BTreeMap::new(), |mut counts, verdict| {
                *counts.entry(verdict.address.is_some()).or_default() += 1;
                counts
            });
    // Ten of the types see deletes, one in four of the two hundred; one rule counts fewer than its limit.
    assert_eq!(by_kind[&true], 100);
    assert_eq!(by_kind.get(&false), None);
}

#[test]
fn another_engine_is_asked_where_the_settings_say_so() {
    let policies = |engine: &str| {
        let files = directory(&[
            (
                "p.rego",
                "package main\ndeny contains m if { some rc in input.resource_changes; m := sprintf(\"%s\", [rc.address]) }",
            ),
            ("undersign.toml", &format!("engine = \"{engine}\"\n")),
        ]);
        let ruleset = Ruleset::load(files.path());
        (files, ruleset)
    };
    for engine in ["opa", "conftest"] {
        let there = Command::new(engine).arg("--version").output().is_ok()
            || Command::new(engine).arg("version").output().is_ok();
        let (_files, ruleset) = policies(engine);
        if !there {
            assert_eq!(ruleset.unwrap_err().reason, "policy-engine");
            println!("SKIPPED another_engine_is_asked: {engine} is not on PATH");
            continue;
        }
        let policies = Policies {
            ruleset: Some(ruleset.unwrap()),
            ..Policies::none().unwrap()
        };
        let mut evaluation = policies.begin().unwrap().unwrap();
        let mut sink = Vec::new();
        let (mut tee, _) = evaluation.tee(Cursor::new(ONE.as_bytes()));
        tee.read_to_end(&mut sink).unwrap();
        assert_eq!(
            evaluation.finish(&mut |_| {}).verdicts[0]
                .address
                .as_deref(),
            Some("a.b"),
            "{engine}"
        );
    }
}

/// Where OPA is there, it says of every policy of the corpus what undersign says; where the two are known to differ, that
/// they do is known too. `tests/support/opa` tells where one can be had.
#[test]
fn opa_itself_says_what_the_embedded_engine_says() {
    if Command::new("opa").arg("version").output().is_err() {
        println!("SKIPPED opa_itself_says_what_the_embedded_engine_says: opa is not on PATH");
        return;
    }
    let (mut same, mut unread) = (0, BTreeSet::new());
    let mut other = BTreeSet::new();
    let mut all = corpus();
    let guard = tempfile::tempdir().unwrap();
    copy(&fixtures("policies/guard"), &guard.path().join("guard"));
    all.push(("guard".to_owned(), guard));
    for (name, directory) in &all {
        let embedded = Ruleset::load(directory.path()).unwrap();
        let settings = directory.path().join("undersign.toml");
        let settings_text = fs::read_to_string(&settings).unwrap_or_default();
        let settings_text = settings_text.replace("engine = \"embedded\"", "");
        fs::write(&settings, format!("engine = \"opa\"\n{settings_text}")).unwrap();
        let policies = Policies {
            ruleset: Some(Ruleset::load(directory.path()).unwrap()),
            ..Policies::none().unwrap()
        };
        for plan_name in PLANS {
            let plan = plan(plan_name);
            let ours = opinion(run(&embedded, &embedded.job(Task::Evaluate), &plan));
            let mut evaluation = policies.begin().unwrap().unwrap();
            let (mut tee, _) = evaluation.tee(&*plan);
            tee.read_to_end(&mut Vec::new()).unwrap();
            let theirs = evaluation.finish(&mut |_| {});
            let refused = theirs.troubles.first().map(ToString::to_string);
            // The library reads no other, and then the complaint is about the first reading.
            let is_v0 = refused.is_some_and(|text| text.contains("rego_parse_error"));
            if is_v0
                && run(&embedded, &embedded.job(Task::Lint), b"")
                    .iter()
                    .any(is_v0_lint)
            {
                unread.insert(name.clone());
            } else if without_address(&ours) == without_address(&theirs)
                && ours.troubles.is_empty() == theirs.troubles.is_empty()
            {
                same += 1;
            } else {
                println!(
                    "{name} {plan_name}\n  ours\n{}  opa\n{}",
                    describe(&ours),
                    describe(&theirs)
                );
                other.insert(name.clone());
            }
        }
    }
    println!(
        "MEASURED opa: it says of {same} pairs of policy and plan what the embedded engine says; known to differ: {other:?}; not read: {unread:?}"
    );
    assert!(same > 200, "{same}");
    assert_eq!(unread, BTreeSet::new());
    let known: BTreeSet<String> = KNOWN_TO_DIFFER.map(str::to_owned).into();
    assert!(other.is_subset(&known), "{other:?}");
}

fn is_v0_lint(answer: &Answer) -> bool {
    matches!(answer, Answer::Lint(lint) if lint.id == "v0-syntax")
}

/// Policies of the corpus of which OPA says something else: the library ends at a function that is given null, where the
/// program `opa eval` and undersign go on; and the embedded engine refuses, and so blocks, a set rule with two bodies behind
/// one head.
const KNOWN_TO_DIFFER: [&str; 2] = ["52-v1-object-functions.rego", "59-v0-chained-bodies.rego"];

/// Programs that answer as the real ones do, in front of everything else on PATH.
fn with_programs(scripts: &[(&str, &str)], arguments: &[&str]) -> Output {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    for (name, script) in scripts {
        let path = bin.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!(
        "{}:{}",
        bin.path().display(),
        std::env::var("PATH").unwrap()
    );
    Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(arguments)
        .env("PATH", path)
        .output()
        .unwrap()
}

#[test]
fn the_answer_of_another_engine_is_laid_on_the_rows() {
    let plan = fixtures("plans/incident/plan.json");
    let opa = r#"case "$1" in version) echo "Version: 9.9";; *) test -d "$6" && grep -q resource_changes "$8" && echo '{"result":[{"expressions":[{"value":{"main":{"deny":["aws_kms_key.data: no"]}}}]}]}';; esac"#;
    let conftest = r#"case "$1" in --version) echo "Conftest: 9.9";; *) echo '[{"namespace":"main","failures":[{"msg":"no","metadata":{"address":"aws_kms_key.data"}}]}]'; exit 1;; esac"#;
    let broken = r#"case "$1" in version) echo "Version: 9.9";; *) echo "rego_parse_error: p.rego:2" >&2; exit 2;; esac"#;
    for (engine, script, words) in [
        (
            "opa",
            opa,
            "aws_kms_key.data: no  [policy/main.deny]  p.rego:2",
        ),
        ("conftest", conftest, "no  [policy/main.deny]"),
        (
            "opa",
            broken,
            "rego_parse_error: p.rego:2  [policy-trouble]",
        ),
    ] {
        let settings = format!("engine = \"{engine}\"\n");
        let rule = "package main\ndeny contains \"m\" if false\n";
        let policies = directory(&[("p.rego", rule), ("undersign.toml", &settings)]);
        let arguments = [
            "check",
            plan.to_str().unwrap(),
            "--policy",
            policies.path().to_str().unwrap(),
        ];
        let output = with_programs(&[(engine, script)], &arguments);
        let out = text(&output.stdout);
        assert!(
            out.contains(words),
            "{engine}: {out}{}",
            text(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(4), "{engine}");
    }
}

#[test]
fn the_engine_in_the_digest_is_the_engine_that_is_built_in() {
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let version = lock
        .split_once("name = \"regorus\"\nversion = \"")
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap();
    let named = format!("regorus {version},");
    assert!(undersign::policy::EMBEDDED.starts_with(&named), "{named}");
}

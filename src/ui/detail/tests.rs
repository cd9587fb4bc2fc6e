//! The pane as text, over real plans and made-up changes.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::plan::action::Action;
use crate::plan::effect::{Effect, More, Span};
use crate::plan::index::{self, Progress, Sink};
use crate::plan::scan::Item;
use crate::risk::{Finding, Origin, Risk};
use crate::ui::theme::Palette;
use crate::ui::width;

const THEME: Theme = Theme {
    palette: Palette::None,
    ascii: false,
};

fn context<'a>() -> DetailContext<'a> {
    DetailContext {
        theme: THEME,
        options: Options::default(),
        standing: Standing::Open,
        comments: &[],
        dependants: &[],
        fate: None,
        source: None,
        since: None,
        secrets: None,
        early: false,
    }
}

/// Every row of a plan with its element.
#[derive(Default)]
struct Rows(Vec<(Judged, String)>);

impl Sink for Rows {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        self.0
            .push((Judged::new(effect, Vec::new()), item.text.into()));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn rows(plan: &str) -> Vec<(Judged, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/plans")
        .join(plan);
    let mut rows = Rows::default();
    index::read(&mut File::open(path).unwrap(), None, &mut rows).unwrap();
    rows.0
}

/// The secrets of all its changes.
fn secrets(rows: &[(Judged, String)]) -> Secrets {
    let mut secrets = Secrets::default();
    for (_, item) in rows {
        if let Ok(values) = Values::of_item(item) {
            secrets.collect(&values);
        }
    }
    secrets
}

fn text(lines: &[DetailLine]) -> String {
    lines
        .iter()
        .map(|line| line.text().trim_end().to_owned() + "\n")
        .collect()
}

fn pane(judged: &Judged, item: &str, context: &DetailContext<'_>, columns: u16) -> Vec<DetailLine> {
    match Values::of_item(item) {
        Ok(values) => lines(judged, Ok(&values), context, columns),
        Err(why) => lines(judged, Err(&why.to_string()), context, columns),
    }
}

fn change(action: &[&str], more: More) -> Judged {
    let mut effect = Effect::bare(
        Kind::Change,
        "module.db.aws_db_instance.primary",
        Action::from_words(action),
        Span::default(),
    );
    effect.more = Some(Box::new(more));
    Judged::new(effect, Vec::new())
}

/// The pane of each row of a plan whose address is in `addresses`, one below the other.
fn panes(plan: &str, addresses: &[&str], columns: u16) -> String {
    let rows = rows(plan);
    let secrets = secrets(&rows);
    let context = DetailContext {
        secrets: Some(&secrets),
        ..context()
    };
    let mut out = String::new();
    for (judged, item) in &rows {
        if addresses.contains(&&*judged.effect.address()) {
            out += "── ";
            out += &judged.effect.address();
            out += "\n";
            out += &text(&pane(judged, item, &context, columns));
        }
    }
    out
}

#[test]
fn real_changes_look_as_they_should() {
    for columns in [64, 40] {
        insta::assert_snapshot!(
            format!("real_changes_{columns}"),
            [
                panes(
                    "02-update-in-place/plan.json",
                    &["terraform_data.web"],
                    columns
                ),
                panes(
                    "03-replace-triggers/plan.json",
                    &["terraform_data.web"],
                    columns
                ),
                panes(
                    "09-sensitive/plan.json",
                    &[
                        "terraform_data.nested",
                        "terraform_data.becomes_sensitive",
                        "pw"
                    ],
                    columns
                ),
                panes(
                    "10-unknown-values/plan.json",
                    &["terraform_data.collections", "list"],
                    columns
                ),
                panes("14-checks-failing/plan.json", &["check.fails"], columns),
                panes(
                    "rig/weaken.json",
                    &[
                        "aws_db_instance.prod",
                        "aws_iam_policy.guard",
                        "aws_security_group.web"
                    ],
                    columns
                ),
                panes(
                    "rig/replace.json",
                    &["aws_sns_topic.alerts[\"billing\"]"],
                    columns
                ),
            ]
            .concat()
        );
    }
}

fn finding(rule: &'static str, risk: Risk, path: Option<&str>, message: &'static str) -> Finding {
    Finding {
        rule: rule.into(),
        risk,
        path: path.map(Into::into),
        old: path.map(|_| "false".into()),
        new: path.map(|_| "true".into()),
        message: message.into(),
        origin: None,
    }
}

/// The database of the mock screens, in one element.
fn incident() -> (Judged, String) {
    let more = More {
        replace_paths: vec!["engine_version".into()],
        previous_address: Some("aws_db_instance.old".into()),
        ..More::default()
    };
    let mut judged = change(&["delete", "create"], more);
    judged.effect.reason = Some("replace_because_cannot_update".into());
    let judged = Judged::new(
        judged.effect,
        vec![
            finding(
                "delete-stateful",
                Risk::Critical,
                None,
                "A database is destroyed and created empty.",
            ),
            finding(
                "no-final-snapshot",
                Risk::Critical,
                Some("skip_final_snapshot"),
                "No final snapshot is taken.",
            ),
        ],
    );
    let policy = |action: &str| {
        serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "arn:aws:s3:::logs/*"}]}).to_string()
    };
    let side = |version: &str, class: &str, tags: serde_json::Value, action: &str| {
        serde_json::json!({
            "engine_version": version, "instance_class": class, "password": format!("secret-{version}"),
            "endpoint": "primary.c9akciq32.eu-west-1.rds.amazonaws.com", "id": "db-1", "tags": tags,
            "policy": policy(action), "storage": 100, "skip_final_snapshot": true, "domain": "",
            "user_data": format!("#!/bin/sh\n{}run {version}\n", "echo the same line\n".repeat(20)),
            "long": format!("{}{version} {}", "a ".repeat(200), "z".repeat(4_000)),
        })
    };
    let before = side(
        "14.9",
        "db.r5.large",
        serde_json::json!({"Owner": "data-platform", "Name": "x"}),
        "s3:GetObject",
    );
    let mut after = side(
        "15.4",
        "db.r6g.large",
        serde_json::json!({"CostCentre": "4711", "Name": "x"}),
        "s3:*",
    );
    after["domain"] = serde_json::Value::Null;
    for unknown in ["id", "endpoint"] {
        after.as_object_mut().unwrap().remove(unknown);
    }
    let item = serde_json::json!({"change": {
        "actions": ["delete", "create"], "before": before, "after": after,
        "after_unknown": {"id": true, "endpoint": true},
        "before_sensitive": {"password": true}, "after_sensitive": {"password": true}
    }});
    (judged, item.to_string())
}

#[test]
fn everything_that_is_known_of_a_change_is_on_its_pane() {
    let (mut judged, item) = incident();
    let dependants = [
        "aws_route53_record.db",
        "aws_lambda_function.a",
        "aws_lambda_function.b",
        "aws_instance.c",
    ]
    .map(String::from);
    judged.add(vec![Finding {
        origin: Some(Box::new(Origin {
            tool: "rego".into(),
            at: Some("policy/rds.rego:14".into()),
        })),
        ..finding(
            "policy/rds_no_replace",
            Risk::High,
            None,
            "replacing a database needs a change ticket",
        )
    }]);
    let full = DetailContext {
        comments: &["who asked for this?"],
        dependants: &dependants,
        since: None,
        source: Some("modules/db/main.tf:31"),
        standing: Standing::Objected("not before the backup"),
        ..context()
    };
    for columns in [64, 40] {
        insta::assert_snapshot!(
            format!("incident_{columns}"),
            text(&pane(&judged, &item, &full, columns))
        );
    }
    let open = DetailContext {
        options: Options {
            unchanged: true,
            wrap: true,
            expand: true,
            explain: false,
            reveal: Some("password"),
            arrangement: Arrangement::OneLine,
        },
        theme: Theme {
            ascii: true,
            ..THEME
        },
        ..context()
    };
    let shown = text(&pane(&judged, &item, &open, 64));
    for part in [
        "secret-14.9 -> secret-15.4",
        "C critical",
        "storage",
        "endpoint",
        "domain",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(
        !shown.contains('…') && !shown.contains("known after apply:"),
        "{shown}"
    );
    assert!(
        shown.matches('z').count() >= 8_000,
        "expanded values are whole"
    );
}

#[test]
fn the_same_attribute_is_never_folded_when_a_finding_names_it() {
    let (judged, item) = incident();
    let endpoint = finding(
        "endpoint",
        Risk::High,
        Some("endpoint"),
        "The address changes.",
    );
    let judged = Judged::new(judged.effect, vec![endpoint]);
    let shown = text(&pane(&judged, &item, &context(), 100));
    assert!(shown.contains("~ endpoint"), "{shown}");
    assert!(shown.contains("as it is made anew: id\n"), "{shown}");
}

#[test]
fn a_line_knows_its_attribute_and_a_value_that_looks_like_our_words_is_quoted() {
    let judged = change(&["update"], More::default());
    let item = r#"{"change":{"before":{"a":"x","m":{"k":1}},"after":{"a":"(known after apply)","m":{"k":2}},"after_sensitive":{}}}"#;
    let lines = pane(&judged, item, &context(), 64);
    let at = |path: &str| {
        lines
            .iter()
            .find(|line| line.path.as_deref() == Some(path))
            .unwrap()
            .text()
    };
    assert_eq!(at("a").trim_end(), r#"~ a    x → "(known after apply)""#);
    assert_eq!(at("m.k").trim_end(), "  ~ k  1 → 2");
}

#[test]
fn words_about_a_change_do_not_tell_its_secrets() {
    let mut why = finding("r", Risk::High, Some("p"), "It was hunter2-x.");
    why.old = Some("hunter2-x".into());
    let judged = Judged::new(change(&["update"], More::default()).effect, vec![why]);
    let item = r#"{"change":{"before":{"p":"hunter2-x"},"after":{"p":"y"},"before_sensitive":{"p":true}}}"#;
    let shown = text(&pane(&judged, item, &context(), 80));
    assert!(
        !shown.contains("hunter2") && shown.contains("It was (sensitive)."),
        "{shown}"
    );
}

#[test]
fn what_an_action_is_given_is_shown_without_its_secrets() {
    let rows = rows("synthetic/action_invocations.json");
    let (judged, item) = rows
        .iter()
        .find(|(judged, _)| judged.effect.kind == Kind::Invocation)
        .unwrap();
    let shown = text(&pane(judged, item, &context(), 64));
    assert!(
        shown.contains("given 2 added\n+ function_name  f\n+ payload        (sensitive)\n"),
        "{shown}"
    );
}

#[test]
fn values_that_cannot_be_decoded_are_said_not_left_out() {
    let judged = change(&["update"], More::default());
    let shown = text(&lines(
        &judged,
        Err("the key \"a\u{1b}\" stands twice"),
        &context(),
        64,
    ));
    assert!(
        shown.contains("values  cannot be shown: the key \"a⟨U+001B⟩\" stands twice"),
        "{shown}"
    );
}

#[test]
fn rows_that_are_no_change_say_what_they_are() {
    for kind in [
        Kind::Plan,
        Kind::Deferred,
        Kind::Invocation,
        Kind::Provisioner,
        Kind::Output,
        Kind::Drift,
        Kind::Check,
        Kind::UnknownKey,
    ] {
        let mut effect = Effect::bare(kind, "x", Action::NoOp, Span::default());
        effect.more = Some(Box::new(More {
            note: Some("in the plan's words".into()),
            ..More::default()
        }));
        let judged = Judged::new(
            effect,
            vec![finding("r", Risk::High, None, "It cannot be judged.")],
        );
        let shown = text(&lines(&judged, Ok(&Values::default()), &context(), 80));
        for part in [
            "what    ",
            "why     ▲ It cannot be judged.   ",
            "note    in the plan's words",
        ] {
            assert!(shown.contains(part), "{kind:?} {part}: {shown}");
        }
    }
}

/// What must not stand anywhere: the secrets of the configuration that made the plan.
const CANARIES: [&str; 4] = ["hunter2", "hunter3", "AKIAIOSFODNN7EXAMPLE", "was-visible"];

#[test]
fn no_secret_of_a_real_plan_stands_on_any_pane_or_in_its_json() {
    let rows = rows("09-sensitive/plan.json");
    let secrets = secrets(&rows);
    let mut seen = 0;
    for (judged, item) in &rows {
        for expand in [false, true] {
            let context = DetailContext {
                options: Options {
                    unchanged: expand,
                    wrap: expand,
                    expand,
                    explain: false,
                    reveal: None,
                    arrangement: Arrangement::TwoLines,
                },
                // What a change marks itself is masked even before the rest of the plan is known.
                secrets: expand.then_some(&secrets),
                ..context()
            };
            let pane = text(&pane(judged, item, &context, 200));
            let json = text(&raw_json(item, Some(&secrets), THEME, 200));
            for canary in CANARIES {
                assert!(!pane.contains(canary), "{canary}: {pane}");
                assert!(!json.contains(canary), "{canary}: {json}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 12);
}

#[test]
fn every_row_of_every_plan_fits_any_width() {
    let plans = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    let mut seen = 0;
    for entry in std::fs::read_dir(&plans).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let plan = format!("{name}/plan.json");
        if !plans.join(&plan).exists() {
            continue;
        }
        for (judged, item) in rows(&plan) {
            for columns in [0, 1, 7, 20, 40, 64, 120] {
                check(&pane(&judged, &item, &context(), columns), columns);
                check(&raw_json(&item, None, THEME, columns), columns);
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

/// No line is too wide, and no piece holds a character that a terminal would obey or hide.
fn check(lines: &[DetailLine], columns: u16) {
    for line in lines {
        let text = line.text();
        assert!(
            width::width(&text) <= usize::from(columns),
            "{columns}: {text:?}"
        );
        assert!(!text.chars().any(crate::text::is_hidden), "{text:?}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        ".{0,60}".prop_map(Into::into),
        "([a-c日]{0,3}\n){0,8}".prop_map(Into::into),
        "(true|\\[1,2\\]|\\{\"a\":\"b\"\\}|\u{202e}x)".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map("([abc]|.{0,30})", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn random_changes_never_panic_and_fit(
        before in json(), after in json(), unknown in json(), sensitive in json(),
        columns in 0u16..200, bits in 0u8..48,
    ) {
        let item = serde_json::json!({"change": {
            "before": before, "after": after, "after_unknown": unknown, "before_sensitive": sensitive,
        }}).to_string();
        let judged = change(&["update"], More { replace_paths: vec!["a".into(), "b[0].c".into()], ..More::default() });
        let context = DetailContext {
            theme: Theme { ascii: bits & 8 != 0, ..THEME },
            options: Options { unchanged: bits & 1 != 0, wrap: bits & 2 != 0, expand: bits & 4 != 0, reveal: None, explain: false, arrangement: [Arrangement::OneLine, Arrangement::TwoLines, Arrangement::Columns][usize::from(bits >> 4) % 3] },
            ..context()
        };
        check(&pane(&judged, &item, &context, columns), columns);
        check(&raw_json(&item, None, THEME, columns), columns);
    }
}

#[test]
fn before_and_after_stand_as_the_reviewer_wants_them() {
    let (judged, item) = incident();
    let shown = |arrangement| {
        let context = DetailContext {
            options: Options {
                arrangement,
                ..Options::default()
            },
            ..context()
        };
        text(&pane(&judged, &item, &context, 120))
    };
    let one = shown(Arrangement::OneLine);
    assert!(one.contains("14.9 → 15.4"), "{one}");
    let two = shown(Arrangement::TwoLines);
    assert!(two.contains("14.9\n"), "{two}");
    assert!(two.contains("→ 15.4\n"), "{two}");
    let columns = shown(Arrangement::Columns);
    for (left, right) in [
        ("~ engine_version", "│ 15.4"),
        ("~ instance_class", "│ db.r6g.large"),
        ("\"Action\": [\"s3:GetObject\"]", "\"Action\": [\"s3:*\"]"),
    ] {
        let both = |line: &&str| line.contains(left) && line.contains(right);
        assert!(columns.lines().any(|line| both(&line)), "{left}: {columns}");
    }
    assert!(
        columns.contains("4,405 characters"),
        "a cut says how long the value is: {columns}"
    );
    assert!(columns.contains("# forces replacement"), "{columns}");
}

#[test]
fn a_list_of_one_element_is_told_in_the_line_of_that_element() {
    let item = r#"{"change":{"before":{"rule":[{"by":[{"kms":"a"}],"ports":[1]}],"two":[1,2],"matrix":[[7]]},
        "after":{"rule":[{"by":[{"kms":"b"}],"ports":[2]}],"two":[1,3],"matrix":[[8]]}}}"#;
    let more = More {
        replace_paths: vec!["rule[0].by".into()],
        ..More::default()
    };
    let judged = change(&["delete", "create"], more);
    let lines = text(&pane(&judged, item, &context(), 70));
    let shown: Vec<&str> = lines.lines().skip_while(|l| !l.starts_with('~')).collect();
    assert_eq!(
        shown,
        [
            "~ rule[0]",
            "  ~ by[0]       # forces replacement",
            "    ~ kms       a → b",
            "  ~ ports[0]    1 → 2",
            "~ matrix[0][0]  7 → 8",
            "~ two           … 1 unchanged",
            "  ~ [1]         2 → 3",
        ]
    );
    let whole = |path| {
        value(
            &judged,
            &Values::of_item(item).unwrap(),
            &context(),
            path,
            70,
        )
    };
    assert!(whole("rule[0].by[0]").is_some());
    assert_eq!(
        copied(
            &judged,
            &Values::of_item(item).unwrap(),
            &context(),
            "matrix[0][0]"
        ),
        Some("8".into())
    );
}

#[test]
fn a_block_that_the_tool_wrote_is_shown_without_its_secrets() {
    let (judged, item) = rows("08b-import-generated-config/plan.json")
        .into_iter()
        .find(|(judged, _)| judged.effect.has_generated_config())
        .unwrap();
    let mut values = Values::of_item(&item).unwrap();
    let text = |values: &Values, context: &DetailContext<'_>| -> Vec<String> {
        let lines = lines(&judged, Ok(values), context, 80);
        lines.iter().map(DetailLine::text).collect()
    };
    let shown = text(&values, &context());
    let at = shown
        .iter()
        .position(|line| line == "generated configuration")
        .unwrap();
    assert_eq!(
        shown[at + 1..],
        [
            "  resource \"terraform_data\" \"generated\" {",
            "    input            = null",
            "    triggers_replace = null",
            "  }"
        ]
    );
    let secret = "hunter\"2\" for\nall";
    values.generated_config = Some(format!(
        "a = \"plain\"\nb = \"hunter\\\"2\\\" for\\nall\"\nc = <<EOT\n{secret}\nEOT\n{}",
        "d = 1\n".repeat(40)
    ));
    let marked = Values {
        after: Some(crate::plan::value::Value::Text(secret.into())),
        after_sensitive: Some(crate::plan::value::Value::Bool(true)),
        ..Values::default()
    };
    let mut secrets = Secrets::default();
    secrets.collect(&marked);
    let hiding = DetailContext {
        secrets: Some(&secrets),
        ..context()
    };
    let shown = text(&values, &hiding).join("\n");
    assert!(shown.contains("a = \"plain\""), "{shown}");
    assert!(
        !shown.contains("hunter") && !shown.contains("for"),
        "{shown}"
    );
    assert!(shown.contains("more lines, enter opens"), "{shown}");
}

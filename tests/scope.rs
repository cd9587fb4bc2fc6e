//! The scope of a task: what is inside, what is outside and why, and when a scope is worth nothing.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use undersign::plan::action::Action;
use undersign::plan::effect::Kind;
use undersign::policy::Policies;
use undersign::policy::scope::{Act, Circumstances, Scope};
use undersign::review::judge::judge_all_under;
use undersign::review::{Requirement, verdicts};

const HEAD: &str = "version = 1\ntask = \"OPS-123\"\nexpires = 2026-12-01T00:00:00Z\n";

const SCOPE: &str = r#"
workspace = "prod-eu"
[[allow]]
address = ["module.web.aws_instance.app[*]", "aws_route53_record.web"]
actions = ["create", "update"]
attributes = ["instance_type", "tags.**"]
[[allow]]
address = ["aws_route53_record.*"]
actions = ["delete", "move"]
[[allow]]
address = ["**.aws_sns_topic.*"]
actions = ["*"]
[[deny]]
address = ["**.aws_db_instance.*", "aws_sns_topic.pager"]
actions = ["*"]
[limits]
max_changes = 2
max_deletes = 0
"#;

fn act(address: &str, words: &[&str]) -> Act {
    let action = Action::from_words(words);
    Act {
        kind: Kind::Change,
        address: address.into(),
        previous: None,
        imported: false,
        is_nothing: action == Action::NoOp,
        action,
        changed: Some(vec![
            vec!["instance_type".into()],
            vec!["tags".into(), "Name".into()],
        ]),
        files: Vec::new(),
    }
}

fn of_kind(kind: Kind, address: &str) -> Act {
    Act {
        kind,
        is_nothing: false,
        ..act(address, &["no-op"])
    }
}

fn circumstances() -> Circumstances<'static> {
    Circumstances {
        now: "2026-11-25T12:00:00Z".parse().unwrap(),
        workspace: Some("prod-eu"),
        errored: false,
    }
}

fn scope(text: &str) -> Scope {
    Scope::read("tasks/scope.toml", &format!("{HEAD}{text}")).unwrap()
}

/// What is said of the acts: address or the plan, and the sentence.
fn said(acts: &[Act], circumstances: Circumstances<'_>) -> Vec<(String, String)> {
    let verdicts = scope(SCOPE).judge(acts, circumstances);
    assert!(
        verdicts
            .iter()
            .all(|v| v.rule == "out-of-scope" && v.kind.word() == "deny")
    );
    let address = |address: Option<String>| address.unwrap_or_else(|| "the plan".into());
    verdicts
        .into_iter()
        .map(|v| (address(v.address), v.message))
        .collect()
}

#[test]
fn what_no_entry_allows_is_outside_and_a_deny_wins() {
    let other = |mut act: Act| {
        act.changed = Some(vec![vec!["ami".into()]]);
        act
    };
    let unread = |mut act: Act| {
        act.changed = None;
        act
    };
    let moved = |mut act: Act, from: &str| {
        act.previous = Some(from.into());
        act.is_nothing = false;
        act
    };
    let imported = |mut act: Act| {
        act.imported = true;
        act.is_nothing = false;
        act
    };
    let app = r#"module.web.aws_instance.app["a"]"#;
    let record = "aws_route53_record.web";
    for (act, why) in [
        (act(app, &["update"]), None),
        (act(app, &["create"]), None),
        (other(act(app, &["create"])), None),
        (other(act(app, &["update"])), Some("and this does too: ami")),
        (unread(act(app, &["update"])), Some("cannot be read")),
        (act(app, &["delete"]), Some("nothing allows to delete")),
        (
            act(app, &["delete", "create"]),
            Some("nothing allows to replace"),
        ),
        (
            act("module.web[0].aws_instance.app[1]", &["update"]),
            Some("nothing allows to update"),
        ),
        (
            act("module.web.aws_instance.app", &["update"]),
            Some("nothing allows to update"),
        ),
        (act(record, &["delete"]), None),
        // A replacement is more than a creation and a deletion that are both allowed.
        (
            act(record, &["create", "delete"]),
            Some("nothing allows to replace"),
        ),
        (act(record, &["forget"]), Some("nothing allows to forget")),
        (
            act(record, &["create", "forget"]),
            Some("nothing allows to forget"),
        ),
        (
            imported(act(record, &["no-op"])),
            Some("nothing allows to import"),
        ),
        (
            moved(act(record, &["no-op"]), "aws_route53_record.old"),
            None,
        ),
        (
            moved(act(record, &["no-op"]), "aws_lb.old"),
            Some("nothing allows to move aws_lb.old"),
        ),
        (
            moved(act("aws_lb.new", &["no-op"]), record),
            Some("nothing allows to move aws_lb.new"),
        ),
        (act("module.a.aws_sns_topic.x", &["delete", "create"]), None),
        (
            act("aws_sns_topic.pager", &["update"]),
            Some("aws_sns_topic.pager is denied"),
        ),
        (
            act("aws_sns_topic.pager[0]", &["update"]),
            Some("aws_sns_topic.pager is denied"),
        ),
        (
            act("module.x.aws_db_instance.y[\"z\"]", &["update"]),
            Some("is denied"),
        ),
        (
            act("data.aws_sns_topic.x", &["read"]),
            Some("nothing allows to read"),
        ),
        (act("aws_sns_topic.x", &["melt"]), Some("nobody knows")),
        (act(record, &["no-op"]), None),
        (
            of_kind(Kind::Output, "url"),
            Some("outputs are not in the scope"),
        ),
        (
            of_kind(Kind::Invocation, "action.aws_lambda_invoke.x"),
            Some("run programs"),
        ),
        (
            of_kind(Kind::Provisioner, "aws_instance.x.local-exec"),
            Some("run programs"),
        ),
        (of_kind(Kind::Drift, "aws_lb.x"), None),
        (of_kind(Kind::Check, "check.x"), None),
        (
            Act {
                kind: Kind::Deferred,
                ..act("aws_lb.x", &["update"])
            },
            Some("nothing allows to update"),
        ),
    ] {
        let said = said(std::slice::from_ref(&act), circumstances());
        let said: Vec<_> = said
            .iter()
            .filter(|(about, _)| *about == act.address)
            .collect();
        match (why, &said[..]) {
            (None, []) => {}
            (Some(why), [(_, sentence)]) => assert!(sentence.contains(why), "{act:?}: {sentence}"),
            other => panic!("{act:?}: {other:?}"),
        }
    }
}

#[test]
fn a_scope_that_does_not_hold_here_and_now_allows_nothing() {
    let inside = act("aws_sns_topic.x", &["update"]);
    assert_eq!(said(std::slice::from_ref(&inside), circumstances()), []);
    let at = |now: &str| Circumstances {
        now: now.parse().unwrap(),
        ..circumstances()
    };
    let writer = Act {
        files: vec!["repo/.undersign/scope.toml".into()],
        ..act("module.a.aws_sns_topic.writer", &["create"])
    };
    for (circumstances, acts, why) in [
        (at("2026-12-01T00:00:00Z"), vec![inside.clone()], "expired"),
        (
            Circumstances {
                workspace: Some("prod-us"),
                ..circumstances()
            },
            vec![inside.clone()],
            "the plan for prod-us",
        ),
        (
            Circumstances {
                workspace: None,
                ..circumstances()
            },
            vec![inside.clone()],
            "does not say its own",
        ),
        (
            Circumstances {
                errored: true,
                ..circumstances()
            },
            vec![inside.clone()],
            "ended in an error",
        ),
        (
            circumstances(),
            vec![inside.clone(), writer],
            "writer changes the scope itself",
        ),
    ] {
        let said = said(&acts, circumstances);
        assert!(
            said.iter().all(|(_, sentence)| sentence.contains(why)),
            "{said:?}"
        );
        for about in acts.iter().map(|act| &*act.address).chain(["the plan"]) {
            assert!(
                said.iter().any(|(found, _)| found == about),
                "{why}: {about}: {said:?}"
            );
        }
    }
    assert_eq!(
        said(std::slice::from_ref(&inside), at("2026-11-30T23:59:59Z")),
        []
    );
}

#[test]
fn more_than_the_limits_is_outside() {
    let topics = |count: usize, words: &[&str]| {
        (0..count)
            .map(|i| act(&format!("aws_sns_topic.t{i}"), words))
            .collect::<Vec<_>>()
    };
    assert_eq!(said(&topics(2, &["update"]), circumstances()), []);
    let many = said(&topics(3, &["update"]), circumstances());
    assert!(
        matches!(&many[..], [(about, why)] if about == "the plan" && why.contains("3 changes, and at most 2"))
    );
    for words in [&["delete"][..], &["delete", "create"]] {
        let one = said(&topics(1, words), circumstances());
        assert!(
            matches!(&one[..], [(_, why)] if why.contains("1 objects destroyed")),
            "{one:?}"
        );
    }
}

#[test]
fn a_scope_that_is_not_understood_is_refused_with_its_line() {
    for (text, error) in [
        ("version = 2", "version 2"),
        (
            "[[allow]]\naddress = [\"a.b\"]\nactions = [\"destroy\"]",
            "there is no action destroy",
        ),
        (
            "[[allow]]\naddress = [\"a\"]\nactions = [\"*\"]",
            "a is no pattern",
        ),
        ("[[allow]]\naddress = []\nactions = [\"*\"]", "no address"),
        ("[[allow]]\naddress = [\"a.b\"]\nactions = []", "no action"),
        (
            "[[deny]]\naddress = [\"a.b\"]\nactions = [\"*\"]\nattributes = [\"x\"]",
            "a deny has none",
        ),
        ("approved = true", "line 4"),
        ("[limits]\nmax_creates = 1", "line 5"),
        ("[limits]\nmax_changes = -1", "line 5"),
        ("[[allow]", "line 4"),
    ] {
        let text = if text.starts_with("version") {
            format!("{}{}", text, &HEAD["version = 1".len()..])
        } else {
            format!("{HEAD}{text}")
        };
        let failure = Scope::read("scope.toml", &text).unwrap_err();
        assert_eq!(failure.reason, "scope-file");
        assert!(failure.error.contains(error), "{failure}, not {error}");
    }
    for expires in ["2026-12-01", "2026-12-01T00:00:00", "\"soon\""] {
        let text = format!("version = 1\ntask = \"x\"\nexpires = {expires}\n");
        assert!(Scope::read("x", &text).is_err(), "{expires}");
    }
    let without = "version = 1\ntask = \"x\"\n";
    assert!(
        Scope::read("x", without)
            .unwrap_err()
            .error
            .contains("expires")
    );
}

/// On real rows: changed attributes come from the values, and what is outside asks under a rule of its own.
#[test]
fn what_is_outside_asks_on_its_row_for_an_extension() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/rig/weaken.json");
    let bytes = fs::read(path).unwrap();
    let mut policies = Policies::none().unwrap();
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/scopes/topics.toml"
    ))
    .unwrap();
    policies.brought.scope = Some(Scope::read("topics.toml", &text).unwrap());
    policies.brought.now = "2026-11-25T12:00:00Z".parse().unwrap();
    let (_, rows) = judge_all_under(&mut Cursor::new(bytes), None, None, &policies).unwrap();
    for (address, outside) in [
        (r#"aws_sns_topic.alerts["billing"]"#, false),
        ("aws_vpc.main", false),
        ("aws_kms_key.data", false),
        ("aws_db_instance.prod", true),
        (
            "module.assets.aws_s3_bucket_public_access_block.this[0]",
            true,
        ),
    ] {
        let row = rows
            .iter()
            .find(|row| row.effect.kind == Kind::Change && row.effect.address() == *address)
            .unwrap();
        assert_eq!(
            verdicts::is_out_of_scope(row),
            outside,
            "{address}: {:#?}",
            row.findings
        );
        if outside {
            let asked = Requirement::of(row).unwrap();
            assert!(
                asked.denies().any(|rule| rule == "policy/out-of-scope"),
                "{asked:?}"
            );
        }
    }
}

//! Secrets planted at every place of a plan where one can stand: none is ever shown, printed or written down.

#![allow(clippy::unwrap_used)]

mod support {
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod describe;
    #[cfg(unix)]
    pub mod pty;
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod scene;
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod screen;
}

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value as Json, json};
use support::scene;
use support::screen::Screen;
use undersign::approval::facts::Facts;
use undersign::approval::statement::{Hex, Nonce, Policy, Reviewer, Said, Statement};
use undersign::cli::report::Report;
use undersign::review::draft::Draft;
use undersign::review::log::{Entry, Log, Said as Word};
use undersign::review::rejection::Rejection;
use undersign::review::{Ack, Key, Method, Objection, Requirement};
use undersign::risk::Judged;

/// The places, each with a secret of its own; `plan` says what each is.
const PLACES: [&str; 16] = [
    "nested",
    "subtree",
    "in-a-list",
    "only-marked-before",
    "in-json",
    "number-4711000815",
    "variable",
    "default-of-a-module",
    "output",
    "provider",
    "provider-block",
    "drift",
    "action",
    "policy",
    "deferred",
    "multi\nline \"quoted\"",
];

fn secret(place: &str) -> String {
    match place.strip_prefix("number-") {
        Some(number) => number.to_owned(),
        None => format!("canary-{place}-q7Zt"),
    }
}

fn resource(name: &str, actions: &[&str], change: &Json) -> Json {
    let mut element = json!({
        "address": format!("aws_db_instance.{name}"), "mode": "managed", "type": "aws_db_instance", "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": actions},
    });
    for (key, value) in change.as_object().unwrap() {
        element["change"][key] = value.clone();
    }
    element
}

/// Every secret is marked once, and stands a second time where nothing marks it.
fn plan() -> Json {
    let twins: Vec<String> = PLACES.map(secret).to_vec();
    let program = format!("notify --token {}", twins.join(" "));
    let number: u64 = secret("number-4711000815").parse().unwrap();
    json!({
        "format_version": "1.2", "terraform_version": "1.14.0",
        "variables": {"pass": {"value": secret("variable")}, "region": {"value": "eu-west-1"}},
        "planned_values": {"root_module": {}},
        "resource_drift": [resource("drifted", &["update"], &json!({
            "before": {"p": secret("drift"), "deletion_protection": true}, "after": {"p": "x", "deletion_protection": false},
            "before_sensitive": {"p": true}, "after_sensitive": {"p": true}}))],
        "resource_changes": [
            resource("marked", &["delete", "create"], &json!({
                "before": {"a": {"b": [{"c": secret("nested")}]}, "tree": {"x": {"y": secret("subtree")}}, "list": ["open", secret("in-a-list")],
                    "old": secret("only-marked-before"), "pin": number, "json": secret("in-json"), "text": secret(PLACES[15]), "deletion_protection": true},
                "after": {"a": {"b": [{"c": "changed"}]}, "tree": {"x": {"y": "changed"}}, "list": ["open", "changed"],
                    "old": "changed", "pin": 1, "json": "changed", "text": "changed", "deletion_protection": false},
                "before_sensitive": {"a": {"b": [{"c": true}]}, "tree": true, "list": [false, true], "old": true, "pin": true, "json": true, "text": true},
                "after_sensitive": {"a": {"b": [{"c": true}]}, "tree": true, "list": [false, true], "json": true}})),
            resource("twin", &["update"], &json!({
                "before": {"copies": twins, "pin": "x", "deletion_protection": secret("nested")},
                "after": {"copies": [], "url": format!("postgres://u:{}@host/db", secret("subtree")),
                    "policy": json!({"Statement": [{"Effect": "Allow", "Action": secret("in-json"), "Resource": secret(PLACES[15])}]}).to_string(),
                    "pin": format!("pin {number}"), "deletion_protection": secret("variable")},
                "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}})),
            resource("guarded", &["update"], &json!({
                "before": {"policy": json!({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": secret("policy")}]}).to_string()},
                "after": {"policy": json!({"Statement": []}).to_string()},
                "before_sensitive": {"policy": false, "copy": true}, "after_sensitive": {}})),
            resource("marks-the-policy", &["no-op"], &json!({
                "before": {"p": secret("policy")}, "after": {"p": secret("policy")},
                "before_sensitive": {"p": true}, "after_sensitive": {"p": true}})),
        ],
        "deferred_changes": [{"reason": "provider_config_unknown", "resource_change": resource("later", &["create"], &json!({
            "before": null, "after": {"p": secret("deferred")}, "before_sensitive": false, "after_sensitive": {"p": true}}))}],
        "output_changes": {"out": {"actions": ["update"], "before": secret("output"), "after": "x", "after_unknown": false,
            "before_sensitive": true, "after_sensitive": false}},
        "action_invocations": [{"address": "action.aws_lambda_invoke.x", "type": "aws_lambda_invoke", "name": "x",
            "config_values": {"payload": secret("action"), "copy": twins}, "config_sensitive": {"payload": true},
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "lifecycle_action_trigger": {"triggering_resource_address": "aws_db_instance.twin", "action_trigger_event": "AfterCreate",
                "action_trigger_block_index": 0, "actions_list_index": 0}}],
        "checks": [{"address": {"kind": "check", "name": "x", "to_display": "check.x"}, "status": "fail",
            "instances": [{"address": {"to_display": "check.x"}, "status": "fail", "problems": [{"message": program}]}]}],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"secret_key": {"constant_value": secret("provider")},
                "assume_role": [{"token": {"constant_value": secret("provider-block")}}]}}},
            "root_module": {
                "variables": {"pass": {"sensitive": true}, "region": {}},
                "resources": [{"address": "aws_db_instance.twin", "mode": "managed", "type": "aws_db_instance", "name": "twin",
                    "provisioners": [{"type": "local-exec", "expressions": {"command": {"constant_value": program}}}]}],
                "module_calls": {"m": {"module": {"variables": {"inner": {"sensitive": true, "default": secret("default-of-a-module")}}}}},
            }},
        "applyable": true, "complete": true, "errored": false,
    })
}

/// Fails if a secret stands in `text`, also where it was spelled out for JSON or for a terminal, or wrapped.
fn clean(text: &str, what: &str) {
    let plain: String = text.split_whitespace().collect();
    for place in PLACES {
        let secret = secret(place);
        let spelled = serde_json::to_string(&secret).unwrap();
        for form in [
            &*secret,
            &*undersign::text::visible(&secret),
            spelled.trim_matches('"'),
        ] {
            let form: String = form.split_whitespace().collect();
            assert!(
                !plain.contains(&form),
                "{what} tells the secret {place}:\n{text}"
            );
        }
    }
}

fn read(width: u16, height: u16) -> Screen {
    Screen::read(scene::of_json(&plan().to_string()), width, height)
}

/// The text of one pane only: a secret that is wrapped goes on in the next line of its pane.
fn detail(screen: &Screen) -> String {
    let lines = screen.state.detail.lines.iter().flatten();
    lines.map(|piece| piece.text.as_str()).collect()
}

#[test]
fn no_secret_is_on_any_screen() {
    let rows = read(80, 24).state.rows.len();
    assert!(rows > 10);
    for (width, height) in [(60, 15), (100, 40), (240, 70)] {
        for row in 0..rows as u32 {
            let mut screen = read(width, height).keys("E");
            screen.state.tree.go_to(row);
            for keys in [
                "e e",
                "e tab . w",
                "enter",
                "J",
                "J esc esc a",
                "esc x",
                "esc c",
                "esc S",
                "esc / 'canary'",
            ] {
                screen = screen.keys(keys);
                clean(
                    &screen.text(),
                    &format!("row {row} at {width} after {keys}"),
                );
                clean(
                    &detail(&screen),
                    &format!("the detail of row {row} after {keys}"),
                );
            }
        }
    }
}

#[test]
fn one_secret_is_shown_when_asked_for_and_noted_without_its_value() {
    let mut screen = read(160, 70).keys("E");
    let marked = |row: &Judged| row.effect.address() == "aws_db_instance.marked";
    let row = screen.state.rows.iter().position(marked).unwrap();
    screen.state.tree.go_to(row as u32);
    screen = screen.keys("tab");
    let (mut seen, mut paths) = (BTreeSet::new(), BTreeSet::new());
    loop {
        screen = screen.keys("V");
        let path = screen.state.detail.revealed.clone().unwrap();
        if !paths.insert(path.clone()) {
            break;
        }
        for keys in ["", "enter", "w", "esc"] {
            screen = screen.keys(keys);
            let text = screen.text();
            let shown: Vec<&str> = PLACES
                .into_iter()
                .filter(|place| text.contains(&secret(place)))
                .collect();
            assert!(shown.len() <= 1, "{shown:?}");
            seen.extend(shown);
            screen = screen.keys("Y");
            assert!(
                screen.asked.is_empty(),
                "what is secret does not go to the clipboard"
            );
        }
        screen = screen.keys("V");
        clean(&screen.text(), "the screen after it was hidden again");
        let below = screen.state.detail.paths[screen.state.detail.line..].iter();
        let lines = below.take_while(|of| of.as_deref() == Some(&path)).count();
        screen = screen.keys(&"j ".repeat(lines));
    }
    screen = screen.keys("V");
    for place in [
        "nested",
        "subtree",
        "in-a-list",
        "only-marked-before",
        "in-json",
        "number-4711000815",
    ] {
        assert!(seen.contains(&place), "{place} cannot be seen: {seen:?}");
    }
    clean(&screen.text(), "the screen after the last");
    let noted = screen.state.log.entries();
    let key = Key::of(&screen.state.rows[row]);
    assert!(
        noted.len() >= seen.len()
            && noted
                .iter()
                .all(|entry| *entry == Entry::Revealed(key.clone()))
    );
    assert!(screen.saves >= seen.len());
    clean(&serde_json::to_string(noted).unwrap(), "the log");
    assert_eq!(Log::replay(noted.to_vec()), screen.state.log);
}

#[test]
fn no_secret_is_printed_or_written_down() {
    let (scene, judgement) = scene::of_json(&plan().to_string());
    let rows: Vec<Judged> = judgement
        .signals
        .iter()
        .chain(&scene.rows)
        .cloned()
        .collect();
    let report = Report {
        name: "plan.json",
        judgement: &judgement,
        file: None,
        rows: &rows,
    };
    clean(&report.to_text(), "the text");
    let mut json = Vec::new();
    report.write_json(&mut json).unwrap();
    let json = String::from_utf8(json).unwrap();
    clean(&json, "the JSON");
    assert!(json.contains("(sensitive)"));

    let mut log = Log::default();
    let acks: Vec<Ack> = rows
        .iter()
        .filter_map(Requirement::of)
        .map(|requirement| Ack {
            requirement,
            method: Method::Key,
            reason: None,
        })
        .collect();
    assert!(acks.len() > 5);
    for ack in &acks {
        log.say(Word::Ack(ack.clone()));
    }
    let directory = tempfile::tempdir().unwrap();
    let draft = Draft::new(directory.path(), &judgement.header.sha256);
    draft.save(&log).unwrap();
    clean(&std::fs::read_to_string(draft.path()).unwrap(), "the draft");

    log.say(Word::Object(Objection {
        key: Key::of(&rows[0]),
        reason: "no".into(),
    }));
    let rejection = Rejection::new(
        "plan.json",
        "00",
        None,
        "2026-11-22T10:00:00Z",
        &log,
        &rows,
        &judgement.secrets,
    );
    clean(&rejection.to_json(), "the rejection");
    clean(&rejection.to_markdown(), "the rejection in words");

    let facts = Facts::of("plan.json", None, &judgement, "prod").unwrap();
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let statement = Statement::approve(
        &facts,
        Policy {
            ruleset_sha256: Hex(undersign::risk::ruleset_sha256()),
            inputs_sha256: None,
            trust_version: 1,
        },
        Said {
            reviewer: Reviewer {
                person: "alice".into(),
                key: "SHA256:x".into(),
            },
            requester: None,
            nonce: Nonce([0; 16]),
            issued_at: now,
            expires_at: now,
            acks,
            seconds: 1,
            comment: String::new(),
        },
    );
    clean(
        &serde_json::to_string_pretty(&statement).unwrap(),
        "the approval",
    );
}

#[test]
fn no_secret_is_in_a_refusal_or_in_what_a_panic_would_say() {
    let plan = plan().to_string();
    // Every refusal that damage can cause, at many places.
    for cut in (0..plan.len()).step_by(37) {
        if !plan.is_char_boundary(cut) {
            continue;
        }
        let damaged = [&plan[..cut], "\u{0}", &plan[cut..]].concat();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let refused =
                undersign::review::judge::judge(&mut damaged.as_bytes(), None, None, &mut |_| {
                    std::ops::ControlFlow::Continue(())
                });
            refused
                .err()
                .map(|failure| format!("{failure:?} {failure}"))
        }));
        if let Some(said) = result.unwrap() {
            clean(&said, "a refusal");
        }
    }
    let (_, judgement) = scene::of_json(&plan);
    clean(
        &format!("{judgement:?}"),
        "the judgement, printed for programmers,",
    );
}

/// Reads a plan on the screen with hands that break: once something was said, values are cut within a character, and the message
/// of such a panic quotes the text. The test below runs it in a terminal of its own.
#[cfg(unix)]
#[test]
fn a_review_that_breaks_over_a_secret() {
    use undersign::failure::Failure;
    use undersign::plan::values::Values;
    use undersign::ui::Msg;
    use undersign::ui::hands::{Disk, Hands, SignJob, SignRequest};

    struct Breaking {
        draft: Draft,
        items: std::vec::IntoIter<String>,
        said: bool,
    }

    impl Hands for Breaking {
        fn values(&mut self, _: &Judged) -> Result<(String, Values), Failure> {
            let item = self.items.next().unwrap();
            if self.said {
                let secret = format!("é{}", secret("variable"));
                assert!(secret[1..].is_empty(), "it breaks before this is asked");
            }
            let values = Values::of_item(&item).unwrap();
            Ok((item, values))
        }

        fn save(&mut self, log: &Log, _: &[Judged]) -> Result<(), Failure> {
            self.said = true;
            self.draft.save(log)
        }

        fn sign(&mut self, _: SignRequest) -> SignJob {
            unreachable!("nothing is signed here")
        }

        fn reject(&mut self, _: &Log, _: &[Judged]) -> Result<String, Failure> {
            unreachable!("nothing is sent back here")
        }

        fn disk(&mut self) -> Disk {
            Disk::AsRead
        }

        fn edit(&mut self, text: &str) -> Result<String, Failure> {
            Ok(text.to_owned())
        }
    }

    let Some(directory) = std::env::var_os("BREAKS_OVER_A_SECRET") else {
        return;
    };
    undersign::cli::defect::watch();
    let (scene, judgement) = scene::of_json(&plan().to_string());
    let mut hands = Breaking {
        draft: Draft::new(directory.as_ref(), &judgement.header.sha256),
        items: scene.items.into_iter(),
        said: false,
    };
    let (sender, messages) = std::sync::mpsc::channel();
    let facts = undersign::ui::Facts {
        unit: None,
        header: judgement.header,
        tool: judgement.product.word(),
        file: None,
        secrets: Some(judgement.secrets),
    };
    sender.send(Msg::Rows(scene.rows)).unwrap();
    sender
        .send(Msg::Loaded(Box::new(facts), judgement.signals))
        .unwrap();
    let setup = support::screen::setup(undersign::ui::theme::Palette::Dark);
    let _ = undersign::ui::run(setup, &messages, &mut hands);
}

#[cfg(unix)]
#[test]
fn a_real_panic_over_a_secret_tells_none() {
    use support::pty::Session;

    let place = tempfile::tempdir().unwrap();
    let myself = std::env::current_exe().unwrap();
    let script = "\"$MYSELF\" --exact a_review_that_breaks_over_a_secret --nocapture; echo over";
    let environment = [
        ("MYSELF", myself.to_str().unwrap()),
        ("BREAKS_OVER_A_SECRET", place.path().to_str().unwrap()),
        ("RUST_BACKTRACE", "1"),
    ];
    let mut session = Session::start(script, place.path(), &environment, (100, 400));
    session.wait("acknowledged 0 of");
    session.send("x");
    session.wait("Object to a change");
    session.send("no, not now");
    session.wait("> no, not now");
    session.send("\rjj");
    session.wait("over");
    assert!(!session.emulated().alternate_screen());
    assert!(
        session.screen().contains("defect of undersign"),
        "{}",
        session.screen()
    );
    clean(
        &String::from_utf8_lossy(&session.bytes),
        "the terminal, to the last word of the panic,",
    );
    let mut drafts = 0;
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.contains("no, not now"));
        clean(&text, "the draft");
        drafts += 1;
    }
    assert_eq!(drafts, 1);
}

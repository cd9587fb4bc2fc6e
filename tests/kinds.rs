//! Each kind of effect, in a small plan of its own: it has a row on the screen, in the text and in the JSON of `check`,
//! and each says what it is.

#![allow(clippy::unwrap_used)]

mod support {
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod describe;
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod scene;
    #[allow(dead_code, reason = "each test file uses a part of it")]
    pub mod screen;
}

use serde_json::{Value as Json, json};
use support::scene;
use support::screen::Screen;
use undersign::cli::report::Report;
use undersign::risk::Judged;

/// A plan with what is given beside the keys that every plan has.
fn plan(more: &Json) -> String {
    let mut plan = json!({
        "format_version": "1.2", "terraform_version": "1.14.0",
        "planned_values": {"root_module": {}}, "applyable": true, "complete": true, "errored": false,
    });
    let members = more.as_object().unwrap().clone();
    plan.as_object_mut().unwrap().extend(members);
    plan.to_string()
}

/// A plan with one element in `key`, which is about `terraform_data.x`.
fn element(key: &str, actions: &[&str], more: &Json) -> Json {
    let mut element = json!({
        "address": "terraform_data.x", "mode": "managed", "type": "terraform_data", "name": "x",
        "provider_name": "terraform.io/builtin/terraform",
        "change": {"actions": actions, "before": {"input": "a"}, "after": {"input": "b"}, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}},
    });
    if actions == ["no-op"] {
        element["change"]["after"] = json!({"input": "a"});
    }
    for (name, value) in more.as_object().unwrap() {
        match name.strip_prefix("change.") {
            Some(name) => element["change"][name] = value.clone(),
            None => element[name] = value.clone(),
        }
    }
    json!({ key: [element] })
}

fn change(actions: &[&str], more: &Json) -> Json {
    element("resource_changes", actions, more)
}

fn output(actions: &[&str], was: bool, is: bool, after: &Json) -> Json {
    let before = if actions == ["create"] {
        Json::Null
    } else {
        json!("shown-before")
    };
    json!({"output_changes": {"x": {"actions": actions, "before": before, "after": after,
        "after_unknown": false, "before_sensitive": was, "after_sensitive": is}}})
}

/// What a kind is called here, the plan, what the JSON says of its row, and what the text and the screen say.
struct Kind {
    plan: Json,
    row: Json,
    text: &'static [&'static str],
    screen: &'static [&'static str],
}

fn kinds() -> Vec<Kind> {
    let nothing = json!({});
    let kind = |plan, row, text, screen| Kind {
        plan,
        row,
        text,
        screen,
    };
    let x = "terraform_data.x";
    vec![
        kind(
            change(&["create"], &nothing),
            json!({"kind": "change", "actions": ["create"], "needs_acknowledgement": false}),
            &["+ terraform_data.x"],
            &["+ create"],
        ),
        kind(
            change(&["update"], &nothing),
            json!({"kind": "change", "actions": ["update"]}),
            &["~ terraform_data.x"],
            &["~ update"],
        ),
        kind(
            change(
                &["delete", "create"],
                &json!({"action_reason": "replace_because_cannot_update", "change.replace_paths": [["input"]]}),
            ),
            json!({"actions": ["delete", "create"], "replace_paths": ["input"], "needs_acknowledgement": true}),
            &[
                "-/+ terraform_data.x",
                "the provider cannot change this in place",
            ],
            &[
                "-/+ replace",
                "the provider cannot change this in place",
                "# forces replacement",
            ],
        ),
        kind(
            change(&["create", "delete"], &nothing),
            json!({"actions": ["create", "delete"], "needs_acknowledgement": true}),
            &["+/- terraform_data.x"],
            &["+/- replace, create first"],
        ),
        kind(
            change(
                &["delete"],
                &json!({"action_reason": "delete_because_no_resource_config", "change.after": null}),
            ),
            json!({"actions": ["delete"], "reason": "delete_because_no_resource_config", "needs_acknowledgement": true}),
            &[
                "- terraform_data.x",
                "its block is no longer in the configuration",
            ],
            &["- delete", "its block is no longer in the configuration"],
        ),
        kind(
            change(&["forget"], &json!({"change.after": null})),
            json!({"actions": ["forget"], "needs_acknowledgement": true}),
            &["x terraform_data.x"],
            &["x forget"],
        ),
        kind(
            change(&["create", "forget"], &nothing),
            json!({"actions": ["create", "forget"], "needs_acknowledgement": true}),
            &["+/x terraform_data.x"],
            &["+/x create and forget"],
        ),
        kind(
            change(
                &["no-op"],
                &json!({"previous_address": "terraform_data.before"}),
            ),
            json!({"actions": ["no-op"], "previous_address": "terraform_data.before"}),
            &["terraform_data.x  moved from terraform_data.before"],
            &["from terraform_data.before"],
        ),
        kind(
            change(
                &["no-op"],
                &json!({"change.importing": {"id": "the-id"}, "change.generated_config": "resource \"terraform_data\" \"x\" {}"}),
            ),
            json!({"import": true, "generated_configuration": true}),
            &["imported, its block was generated"],
            &["the existing object the-id", "nobody wrote it"],
        ),
        kind(
            change(
                &["read"],
                &json!({"mode": "data", "address": "data.terraform_data.x", "action_reason": "read_because_config_unknown"}),
            ),
            json!({"actions": ["read"], "address": "data.terraform_data.x"}),
            &["<= data.terraform_data.x", "known only after apply"],
            &["<= read at apply", "A data source"],
        ),
        kind(
            change(
                &["open"],
                &json!({"mode": "ephemeral", "address": "ephemeral.terraform_data.x"}),
            ),
            json!({"actions": ["open"], "address": "ephemeral.terraform_data.x"}),
            &["o ephemeral.terraform_data.x"],
            &["o open"],
        ),
        kind(
            change(
                &["delete"],
                &json!({"deposed": "deadbeef", "change.after": null}),
            ),
            json!({"deposed": "deadbeef", "needs_acknowledgement": true}),
            &["terraform_data.x (deposed deadbeef)"],
            &["deadbeef was left behind"],
        ),
        kind(
            change(&["explode"], &nothing),
            json!({"actions": ["explode"], "needs_acknowledgement": true}),
            &["? terraform_data.x", "[unknown-action]"],
            &["unknown action", "explode"],
        ),
        kind(
            {
                let inner = change(&["create"], &nothing)["resource_changes"][0].clone();
                json!({"deferred_changes": [{"reason": "instance_count_unknown", "resource_change": inner}], "complete": false})
            },
            json!({"kind": "deferred", "needs_acknowledgement": true}),
            &["deferred terraform_data.x", "instance_count_unknown"],
            &["Left for a later plan", "instance_count_unknown"],
        ),
        kind(
            element("resource_drift", &["update"], &nothing),
            json!({"kind": "drift", "fate": "accepted", "needs_acknowledgement": false}),
            &["drift terraform_data.x", "the state takes over"],
            &["Seen outside", "the state takes over"],
        ),
        kind(
            {
                let mut both = element("resource_drift", &["update"], &nothing);
                both["resource_changes"] =
                    change(&["update"], &nothing)["resource_changes"].clone();
                both
            },
            json!({"kind": "drift", "fate": "acted-on"}),
            &[
                "drift terraform_data.x",
                "brought back to the configuration",
            ],
            &["brought back to the configuration"],
        ),
        kind(
            output(&["create"], false, true, &json!("shown-after")),
            json!({"kind": "output", "actions": ["create"]}),
            &["+ output x"],
            &["An output of the root module", "(sensitive"],
        ),
        kind(
            output(&["delete"], false, false, &Json::Null),
            json!({"kind": "output", "actions": ["delete"]}),
            &["- output x"],
            &["- delete", "shown-before"],
        ),
        kind(
            output(&["update"], true, false, &json!("shown-after")),
            json!({"kind": "output", "needs_acknowledgement": true}),
            &["~ output x", "[output-sensitive-exposed]"],
            &["output-sensitive-exposed"],
        ),
        kind(
            json!({"action_invocations": [{"address": "action.aws_lambda_invoke.x", "type": "aws_lambda_invoke", "name": "x",
                "config_values": {"function_name": "cleaner"}, "provider_name": "registry.terraform.io/hashicorp/aws",
                "lifecycle_action_trigger": {"triggering_resource_address": x, "action_trigger_event": "AfterCreate",
                    "action_trigger_block_index": 0, "actions_list_index": 0}}]}),
            json!({"kind": "invocation", "needs_acknowledgement": true}),
            &["invocation action.aws_lambda_invoke.x", "terraform_data.x"],
            &["A provider is asked", "cleaner"],
        ),
        kind(
            json!({"checks": [{"address": {"kind": "check", "name": "x", "to_display": "check.x"}, "status": "fail",
                "instances": [{"address": {"to_display": "check.x"}, "status": "fail", "problems": [{"message": "the site is down"}]}]}]}),
            json!({"kind": "check", "needs_acknowledgement": false}),
            &["check check.x", "the site is down"],
            &["A check of the configuration", "the site is down"],
        ),
        kind(
            json!({"configuration": {"root_module": {"resources": [{"address": x, "mode": "managed", "type": "terraform_data", "name": "x",
                "provisioners": [{"type": "local-exec", "expressions": {"command": {"constant_value": "./run.sh"}}}]}]}}}),
            json!({"kind": "provisioner", "address": "terraform_data.x.local-exec", "needs_acknowledgement": true}),
            &[
                "provisioner terraform_data.x.local-exec",
                "local-exec: ./run.sh",
            ],
            &["A program runs", "./run.sh"],
        ),
        kind(
            json!({"configuration": {"root_module": {"resources": [{"address": "data.external.x", "mode": "data", "type": "external", "name": "x",
                "expressions": {"program": {"constant_value": ["sh", "x.sh"]}}}]}}}),
            json!({"kind": "provisioner", "address": "data.external.x.program", "needs_acknowledgement": true}),
            &["provisioner data.external.x.program"],
            &["A program runs", "x.sh"],
        ),
        kind(
            json!({"quantum_changes": [1]}),
            json!({"kind": "unknown-key", "address": "quantum_changes", "needs_acknowledgement": true}),
            &["unknown-key quantum_changes", "[unknown-key]"],
            &["does not know"],
        ),
    ]
}

/// Whether `row` says everything that `wanted` says.
fn says(row: &Json, wanted: &Json) -> bool {
    let members = wanted.as_object().unwrap();
    members.iter().all(|(name, value)| row[name] == *value)
}

#[test]
fn each_kind_of_effect_has_a_row_everywhere_and_says_what_it_is() {
    let kinds = kinds();
    assert!(kinds.len() >= 24);
    for kind in kinds {
        let json = plan(&kind.plan);
        let (scene, judgement) = scene::of_json(&json);
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
        let mut written = Vec::new();
        report.write_json(&mut written).unwrap();
        let of_json: Json = serde_json::from_slice(&written).unwrap();
        let in_json = of_json["rows"].as_array().unwrap();
        assert_eq!(in_json.len(), rows.len());
        let found: Vec<&Json> = in_json.iter().filter(|row| says(row, &kind.row)).collect();
        assert_eq!(found.len(), 1, "{} in {of_json:#}", kind.row);

        let text = report.to_text();
        assert!(
            text.ends_with(&format!("shown {0} of {0}\n", rows.len())),
            "{text}"
        );
        for words in kind.text {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }

        let at = scene
            .rows
            .iter()
            .position(|row| row.effect.kind.word() == found[0]["kind"])
            .unwrap();
        let mut screen = Screen::read((scene, judgement), 280, 30).keys("E");
        assert_eq!(screen.state.rows.len(), rows.len());
        assert!(screen.state.tree.go_to(at as u32));
        let shown = screen.keys("e e").text();
        let address = found[0]["address"].as_str().unwrap();
        for words in kind.screen.iter().chain([&address]) {
            assert!(shown.contains(words), "{words:?} is not in\n{shown}");
        }
        assert!(
            shown.contains(&format!("shown {0} of {0}", rows.len())),
            "{shown}"
        );
    }
}

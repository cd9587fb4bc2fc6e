//! The server of the Model Context Protocol, driven by the client of the protocol's own library over standard input and
//! output.

#![allow(clippy::unwrap_used)]

#[path = "support/schema.rs"]
mod schema;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};
use tempfile::TempDir;

type Client = RunningService<RoleClient, ()>;

/// Starts the server with a home of its own, and hands a client of it to `asks`.
fn with_server<F: Future<Output = ()>>(home: &TempDir, asks: impl FnOnce(Client) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut server = tokio::process::Command::new(env!("CARGO_BIN_EXE_undersign"));
        server
            .arg("mcp")
            .env("HOME", home.path())
            .env("XDG_STATE_HOME", home.path().join("state"))
            .env("XDG_CONFIG_HOME", home.path().join("config"));
        let client = ().serve(TokioChildProcess::new(server).unwrap()).await.unwrap();
        asks(client).await;
    });
}

/// Calls a tool; says whether it is an error, and what its one text holds.
async fn call(client: &Client, tool: &'static str, arguments: Value) -> (bool, Value) {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = client.call_tool(request).await.unwrap();
    assert_eq!(result.content.len(), 1);
    let text = &result.content[0].as_text().unwrap().text;
    let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (result.is_error == Some(true), value)
}

fn incident() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/incident/plan.json")
}

fn printed(home: &TempDir, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn there_are_four_tools_and_none_of_them_decides_anything() {
    let home = tempfile::tempdir().unwrap();
    with_server(&home, async |client| {
        let info = client.peer_info().unwrap();
        assert_eq!(info.server_info.as_ref().unwrap().name, "undersign");
        let tools = client.list_all_tools().await.unwrap();
        let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
        assert_eq!(
            names,
            ["check_plan", "submit_plan", "get_decision", "explain_rule"],
            "a tool for an agent must never approve, acknowledge, override or apply"
        );
        for tool in &tools {
            assert_eq!(tool.input_schema["additionalProperties"], false);
            let annotations = tool.annotations.as_ref().unwrap();
            assert_eq!(annotations.destructive_hint, Some(false));
            assert_eq!(annotations.read_only_hint, Some(tool.name != "submit_plan"));
        }
        for name in [
            "approve",
            "acknowledge",
            "override",
            "apply",
            "sign",
            "review",
        ] {
            let request = CallToolRequestParams::new(name);
            assert!(client.call_tool(request).await.is_err(), "{name}");
        }
        client.cancel().await.unwrap();
    });
}

#[test]
fn an_agent_checks_submits_waits_and_asks_what_a_rule_means() {
    let home = tempfile::tempdir().unwrap();
    with_server(&home, async |client| {
        let plan = incident();
        let (wrong, report) = call(&client, "check_plan", json!({"plan": plan})).await;
        assert!(!wrong);
        schema::fits(&printed(&home, &["schema", "check"]), &report);
        assert_eq!(report["decision"], "needs_review");
        // The same as the command prints.
        let command = printed(
            &home,
            &["check", "--format", "json", plan.to_str().unwrap()],
        );
        assert_eq!(report, serde_json::from_str::<Value>(&command).unwrap());

        let submission = json!({"plan": plan, "task": "add a static site"});
        let (wrong, first) = call(&client, "submit_plan", submission.clone()).await;
        assert!(!wrong && first["new"] == true, "{first}");
        let (_, again) = call(&client, "submit_plan", submission).await;
        assert_eq!((&again["id"], &again["new"]), (&first["id"], &json!(false)));

        let asked = json!({"id": first["id"], "wait_seconds": 0});
        let (wrong, status) = call(&client, "get_decision", asked).await;
        assert!(!wrong);
        schema::fits(&printed(&home, &["schema", "status"]), &status);
        assert_eq!(status["status"], "pending");

        let rule = &report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(|row| row["findings"].get(0))
            .unwrap()["rule"];
        let (wrong, explained) = call(&client, "explain_rule", json!({"rule": rule})).await;
        assert!(!wrong && explained["remedy"].is_string(), "{explained}");
        let (_, all) = call(&client, "explain_rule", json!({})).await;
        assert!(all.as_array().unwrap().len() > 50);
        client.cancel().await.unwrap();
    });
    // A person finds it where people look.
    let list = printed(&home, &["inbox", "--plain"]);
    assert!(list.contains("add a static site"), "{list}");
}

#[test]
fn what_does_not_fit_is_refused_and_the_server_goes_on() {
    let home = tempfile::tempdir().unwrap();
    with_server(&home, async |client| {
        let path = home.path().join("torn.json");
        fs::write(&path, "{\"format_version\":\"1.2\"").unwrap();
        for (tool, arguments, code, reason) in [
            ("check_plan", json!({}), 2, "arguments"),
            ("check_plan", json!({"plan": 7}), 2, "arguments"),
            ("check_plan", json!({"plan": "-"}), 2, "stdin"),
            (
                "check_plan",
                json!({"plan": "x", "approve": true}),
                2,
                "arguments",
            ),
            (
                "check_plan",
                json!({"plan": home.path().join("none")}),
                5,
                "io",
            ),
            ("submit_plan", json!({"plan": "-", "task": "x"}), 2, "stdin"),
            (
                "submit_plan",
                json!({"plan": incident(), "task": " "}),
                2,
                "task",
            ),
            (
                "explain_rule",
                json!({"rule": "approve"}),
                2,
                "unknown-rule",
            ),
        ] {
            let (wrong, refusal) = call(&client, tool, arguments.clone()).await;
            assert!(wrong, "{tool} {arguments}");
            let got = (&refusal["code"], &refusal["reason"]);
            assert_eq!(
                got,
                (&json!(code), &json!(reason)),
                "{tool} {arguments}: {refusal}"
            );
        }
        let (wrong, refusal) = call(&client, "check_plan", json!({"plan": path})).await;
        assert!(wrong && refusal["code"] == 5, "{refusal}");
        let unknown = json!({"id": "0".repeat(64)});
        assert!(call(&client, "get_decision", unknown).await.0);
        let (wrong, _) = call(&client, "check_plan", json!({"plan": incident()})).await;
        assert!(!wrong);
        client.cancel().await.unwrap();
    });
}

#[test]
fn hostile_text_of_a_plan_is_shown_for_what_it_is() {
    let home = tempfile::tempdir().unwrap();
    // Signs that no person sees, and that a model reads: tags, a change of direction, an escape.
    let hidden = "x\u{e0041}\u{e0050}\u{202e}\u{1b}[2J";
    let text = fs::read_to_string(incident()).unwrap();
    let mut plan: Value = serde_json::from_str(&text).unwrap();
    plan["output_changes"] = json!({
        hidden: {"actions": ["create"], "before": null, "after": "y", "after_unknown": false,
                 "before_sensitive": false, "after_sensitive": false}
    });
    let path = home.path().join("hostile.json");
    fs::write(&path, plan.to_string()).unwrap();
    with_server(&home, async |client| {
        let (wrong, report) = call(&client, "check_plan", json!({"plan": path})).await;
        assert!(!wrong, "{report}");
        let addresses = report["rows"].as_array().unwrap().iter();
        let shown: Vec<&str> = addresses
            .filter_map(|row| row["address"].as_str())
            .filter(|address| address.contains("U+E0041"))
            .collect();
        assert_eq!(shown.len(), 1);
        let whole = report.to_string();
        assert!(!whole.chars().any(undersign::text::is_hidden));
        assert!(!whole.contains("\\u001b"));
        client.cancel().await.unwrap();
    });
}

#[test]
fn the_server_ends_well_when_its_client_hangs_up() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_undersign"))
        .arg("mcp")
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "a client", "version": "1"}}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let mut stdin = server.stdin.take().unwrap();
    write!(stdin, "{hello}\n{ready}\n").unwrap();
    let mut answer = String::new();
    let mut stdout = BufReader::new(server.stdout.take().unwrap());
    stdout.read_line(&mut answer).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"]["serverInfo"]["name"], "undersign");
    drop(stdin);
    let output = server.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

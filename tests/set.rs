//! Several plans in one sitting, with the real Terraform: reviewed together, signed one by one, applied in their order.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

#[path = "support/place.rs"]
mod place;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/schema.rs"]
mod schema;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use place::{Place, answer, both, missing};
use pty::Session;
use serde_json::Value;

const TOOLS: [&str; 3] = ["terraform", "ssh-keygen", "ssh-agent"];

/// What goes away when it is planned the second time.
fn gone(name: &str) -> String {
    format!("resource \"terraform_data\" \"{name}\" {{\n  input = \"x\"\n}}\n")
}

/// Units as Terragrunt lays them out: a directory each, and the plans at the same paths under `plans`. Each destroys one
/// object. `hcl` is the `terragrunt.hcl` of each.
fn units(units: &[(&str, &str)]) -> Place {
    let mut place = Place::new("", "");
    place.with_agent();
    for (name, hcl) in units {
        place.shell(&format!("mkdir -p {name} plans/{name}"));
        place.write(&format!("{name}/terragrunt.hcl"), hcl);
        place.write(&format!("{name}/main.tf"), &gone(name));
        place.shell(&format!(
            "cd {name}; terraform init -input=false; terraform apply -input=false -auto-approve"
        ));
        place.write(&format!("{name}/main.tf"), "");
        plan(&place, name);
    }
    place
}

fn plan(place: &Place, name: &str) {
    place.shell(&format!(
        "cd {name}; terraform plan -input=false -out ../plans/{name}/tfplan.tfplan"
    ));
}

fn on(name: &str) -> String {
    format!("dependency \"x\" {{\n  config_path = \"../{name}\"\n}}\n")
}

/// Reviews the plans at prompts with these answers.
fn review(place: &Place, extra: &[&str], answers: &str) -> Output {
    let mut command = place.command(env!("CARGO_BIN_EXE_undersign"));
    command
        .args([
            "review",
            "plans",
            "--plain",
            "--trust",
            "trust.toml",
            "--key",
            "key.pub",
        ])
        .args(extra);
    answer(&mut command, answers)
}

#[track_caller]
fn approve(place: &Place) {
    let output = review(place, &[], "yes\nyes\ntest/orders\n");
    assert_eq!(output.status.code(), Some(0), "{}", both(&output));
}

fn on_the_set<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "plans", "--trust", "trust.toml"], more].concat()
}

fn is_left(place: &Place, name: &str) -> bool {
    let state = fs::read_to_string(place.path().join(name).join("terraform.tfstate")).unwrap();
    state.contains("terraform_data")
}

#[test]
fn two_units_are_reviewed_on_one_screen_and_applied_in_the_order_of_their_dependencies() {
    if missing(&TOOLS) {
        return;
    }
    // By name `app` would be the first; it waits for `network`.
    let place = units(&[("app", &on("network")), ("network", "")]);
    let environment = place.environment();
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let script = "\"$UNDERSIGN\" review plans --trust trust.toml --key key.pub";
    let mut session = Session::start(script, place.path(), &environment, (80, 24));
    session.wait("acknowledged 0 of 2");
    session.wait("network  terraform_data.network");
    session.wait("app  terraform_data.app");
    session.wait("2 plans");
    // One of them alone.
    session.send("/unit:app\r");
    session.wait_gone("network  terraform_data.network");
    session.send("/\x15\r");
    session.wait("network  terraform_data.network");
    // By unit, behind risk, module, type and action.
    session.send("vvvv");
    session.wait("unit");
    session.send("v");
    session.wait("To acknowledge");
    for (unit, done) in [
        ("app", "acknowledged 1 of 2"),
        ("network", "acknowledged 2 of 2"),
    ] {
        session.send("a");
        session.wait("y acknowledge");
        session.wait(&format!("in {unit}"));
        session.send("y");
        session.wait(done);
        session.wait_gone("y acknowledge");
    }
    session.send("S");
    session.wait("Undersign these plans, in this order");
    session.wait("1. network");
    session.wait("2. app");
    session.wait("these plans may be applied, once, in this order");
    session.send("test/orders\r");
    session.wait("verify them  undersign verify plans");
    assert_eq!(session.exit().exit_code(), 0);

    // The manifest is one that sha256sum can check, and holds the order.
    let manifest = fs::read_to_string(place.path().join("plans/undersign.manifest")).unwrap();
    let order: Vec<&str> = manifest.lines().map(|line| &line[66..]).collect();
    assert_eq!(order, ["network/tfplan.tfplan", "app/tfplan.tfplan"]);
    place.shell("cd plans; sha256sum --strict -c undersign.manifest");

    let verified = place.ok(&on_the_set("verify", &[]));
    assert!(
        verified.contains("network (1 of 2)\napproved"),
        "{verified}"
    );
    // One of the set alone is not what was approved: it would go out of its order.
    let said = place.refused(
        13,
        &["verify", "plans/app/tfplan.tfplan", "--trust", "trust.toml"],
    );
    assert!(
        said.contains("the approval is for a plan of a set"),
        "{said}"
    );

    let set = |command: &str| -> Value {
        let said = place.ok(&on_the_set(command, &["--format", "json"]));
        let said: Value = serde_json::from_str(&said).unwrap();
        schema::fits(&place.ok(&["schema", "verify-directory"]), &said);
        for unit in said["units"].as_array().unwrap() {
            schema::fits(&place.ok(&["schema", "verify"]), &unit["verification"]);
        }
        said
    };
    set("verify");
    let applied = set("apply");
    let ends: Vec<(&str, &str)> = applied["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| {
            (
                unit["unit"].as_str().unwrap(),
                unit["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(ends, [("network", "applied"), ("app", "applied")]);
    assert!(!is_left(&place, "network") && !is_left(&place, "app"));
    let again = place.refused(14, &on_the_set("apply", &[]));
    assert!(again.contains("network: "), "{again}");
}

#[test]
fn a_plan_that_is_swapped_added_or_left_out_and_another_order_are_another_set() {
    if missing(&TOOLS) {
        return;
    }
    let place = units(&[("app", ""), ("network", "")]);
    let none = place.refused(10, &on_the_set("apply", &[]));
    assert!(none.contains("nobody has approved it as a set"), "{none}");
    approve(&place);
    place.ok(&on_the_set("verify", &[]));
    place.shell("cp -r plans approved");
    let refused = |script: &str, words: &str| {
        place.shell(&format!(
            "rm -r plans; cp -r approved plans; cd plans; {script}"
        ));
        for command in ["verify", "apply"] {
            let said = place.refused(13, &on_the_set(command, &[]));
            let told = said.contains(words) && said.starts_with("undersign: ");
            assert!(told, "{script}\n{said}");
        }
    };
    let manifest = "undersign.manifest";
    refused(
        "rm app/tfplan.tfplan",
        "plans of the set are gone: app/tfplan.tfplan",
    );
    refused(
        "cp app/tfplan.tfplan third.tfplan",
        "these plans were not reviewed with the set: third.tfplan",
    );
    refused(
        &format!("tac {manifest} > x; mv x {manifest}"),
        "the approval is for another set",
    );
    refused(
        &format!("rm -r app; sed -i 1d {manifest}"),
        "the approval is for another set",
    );
    // Another plan of the same unit; its approval beside it is of the one before.
    refused(
        "cd ../app; terraform plan -input=false -out ../plans/app/tfplan.tfplan",
        "the approval is for another plan",
    );
    // The two plans change places, and so do their approvals: each signature is whole, and binds the path as well.
    refused(
        "mv app x; mv network app; mv x network",
        "the approval is for another set",
    );
    assert!(is_left(&place, "network") && is_left(&place, "app"));
    place.shell("rm -r plans; cp -r approved plans");
    place.ok(&on_the_set("apply", &[]));
    assert!(!is_left(&place, "network") && !is_left(&place, "app"));
}

#[test]
fn the_first_plan_that_fails_is_the_last_that_is_begun() {
    if missing(&TOOLS) {
        return;
    }
    let place = units(&[("a", ""), ("b", ""), ("c", "")]);
    let output = review(&place, &[], "yes\nyes\nyes\ntest/orders\n");
    assert_eq!(output.status.code(), Some(0), "{}", both(&output));
    // Somebody else applies to the state of `b` meanwhile: its plan is stale.
    place.write("b/main.tf", &format!("{}{}", gone("b"), gone("more")));
    place.shell("cd b; terraform apply -input=false -auto-approve");
    let said = place.refused(30, &on_the_set("apply", &[]));
    for line in [
        "applied       a",
        "failed        b",
        "not applied   c",
        "undersign: b: ",
    ] {
        assert!(
            said.lines().any(|shown| shown.starts_with(line)),
            "{line}\n{said}"
        );
    }
    assert!(!is_left(&place, "a") && is_left(&place, "c"));

    // What is left is planned and reviewed again; what is the same as it was is not asked again.
    place.write("b/main.tf", &gone("b"));
    plan(&place, "b");
    place.shell("rm -r plans/a");
    let manifest = "plans/undersign.manifest";
    let output = review(&place, &["--since", manifest], "yes\ntest/orders\n");
    let said = both(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("c: since plan"), "{said}");
    assert_eq!(said.matches("yes to acknowledge").count(), 1, "{said}");
    place.ok(&on_the_set("apply", &[]));
    assert!(!is_left(&place, "c"));
}

#[test]
fn an_objection_sends_back_the_plan_it_is_about_and_the_others_wait() {
    if missing(&TOOLS) {
        return;
    }
    let place = units(&[("app", ""), ("network", "")]);
    let output = review(&place, &[], "no\nthe app is still used\nyes\nyes\n");
    assert_eq!(output.status.code(), Some(6), "{}", both(&output));
    let plans = place.path().join("plans");
    let written = |path: &str| Path::new(&plans).join(path).exists();
    assert!(written("app/tfplan.tfplan.rejection.json"));
    assert!(!written("network/tfplan.tfplan.rejection.json"));
    assert!(!written("undersign.manifest"));
    // What was said of the other is kept, and kept as what was said of that plan.
    let output = review(&place, &[], "");
    let said = both(&output);
    assert!(
        !said.contains("network: terraform_data.network\n"),
        "{said}"
    );
}

#[test]
fn approvals_of_a_set_can_be_written_elsewhere_and_are_found_there() {
    if missing(&TOOLS) {
        return;
    }
    let place = units(&[("app", ""), ("network", "")]);
    let output = review(&place, &["--output", "out"], "yes\nyes\ntest/orders\n");
    let said = both(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("verify them  undersign verify plans --approval out"),
        "{said}"
    );
    for unit in ["app", "network"] {
        let path = format!("{unit}/tfplan.tfplan.approvals");
        assert!(place.path().join("out").join(&path).is_dir(), "{unit}");
        assert!(!place.path().join("plans").join(&path).exists(), "{unit}");
    }
    let beside = place.refused(10, &on_the_set("verify", &[]));
    let wanted = "one in plans/app/tfplan.tfplan.approvals";
    assert!(beside.contains(wanted), "{beside}");
    // Of the plans that were given none is there: the refusal names where it would be.
    let none = place.refused(10, &on_the_set("verify", &["--approval", "plans"]));
    assert!(none.contains(wanted), "{none}");
    place.ok(&on_the_set("verify", &["--approval", "out"]));
    // Those of one plan are not those of the other.
    place.shell("cp -r out swapped; cd swapped; mv app x; mv network app; mv x network");
    place.refused(13, &on_the_set("verify", &["--approval", "swapped"]));
    place.ok(&on_the_set("apply", &["--approval", "out"]));
    assert!(!is_left(&place, "network") && !is_left(&place, "app"));
}

#[test]
fn a_plan_of_a_set_that_is_made_again_is_offered_and_the_others_stay_as_they_are() {
    if missing(&TOOLS) {
        return;
    }
    let place = units(&[("app", ""), ("network", "")]);
    let environment = place.environment();
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let script = "\"$UNDERSIGN\" review plans --watch --trust trust.toml --key key.pub";
    let mut session = Session::start(script, place.path(), &environment, (80, 24));
    let acknowledge = |session: &mut Session, unit: &str, done: &str| {
        session.send("a");
        session.wait("y acknowledge");
        session.wait(&format!("in {unit}"));
        session.send("y");
        session.wait(done);
        session.wait_gone("y acknowledge");
    };
    session.wait("acknowledged 0 of 2");
    session.wait("2 plans");
    acknowledge(&mut session, "app", "acknowledged 1 of 2");
    place.write("network/main.tf", &gone("more"));
    plan(&place, "network");
    session.wait("The plan was made again");
    session.send("y");
    session.wait("shown 3 of 3");
    session.wait("acknowledged 1 of 2");
    acknowledge(&mut session, "network", "acknowledged 2 of 2");
    // While it is read nothing is signed; the digest stands there when it is.
    session.wait("sha256");
    session.send("S");
    session.wait("Undersign these plans, in this order");
    session.send("test/orders\r");
    session.wait("verify them  undersign verify plans");
    assert_eq!(session.exit().exit_code(), 0);
    place.ok(&on_the_set("apply", &[]));
    assert!(!is_left(&place, "app"));
}

/// Plan JSONs at these paths under `plans`.
fn jsons(plans: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    for (path, fixture) in plans {
        let path = place.path().join("plans").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(fixtures.join(fixture).join("plan.json"), path).unwrap();
    }
    place
}

fn undersign(place: &tempfile::TempDir, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_undersign"))
        .args(arguments)
        .current_dir(place.path())
        .env("HOME", place.path())
        .env("XDG_STATE_HOME", place.path().join("state"))
        .env("XDG_CONFIG_HOME", place.path().join("config"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn check_reports_on_every_plan_of_a_directory_in_every_form() {
    let place = jsons(&[
        ("network/tfplan.json", "incident"),
        ("app/tfplan.json", "incident"),
    ]);
    let check = |form: &str| {
        let output = undersign(&place, &["check", "plans", "--format", form]);
        assert_eq!(output.status.code(), Some(3), "{}", both(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = check("text");
    assert!(text.starts_with("app  terraform") && text.contains("\nnetwork  terraform"));
    assert!(text.ends_with("2 plans, 16 to acknowledge\n"), "{text}");
    let json: Value = serde_json::from_str(&check("json")).unwrap();
    let printed = |name: &str| {
        let output = undersign(&place, &["schema", name]);
        String::from_utf8(output.stdout).unwrap()
    };
    schema::fits(&printed("check-directory"), &json);
    for (plan, name) in json["plans"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["app", "network"])
    {
        schema::fits(&printed("check"), plan);
        assert_eq!(plan["plan"], name);
    }
    let sarif: Value = serde_json::from_str(&check("sarif")).unwrap();
    let files: Vec<&str> = sarif["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["artifacts"][0]["location"]["uri"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["app/tfplan.json", "network/tfplan.json"]);
    let markdown = check("markdown");
    assert_eq!(markdown.matches("### 8 to acknowledge").count(), 2);

    // However many there are, they fit a comment, and what has no room is counted.
    let names: Vec<String> = (0..480).map(|n| format!("u{n}/tfplan.json")).collect();
    let plans: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (&**name, "01-create-only"))
        .collect();
    let many = jsons(&plans);
    let output = undersign(&many, &["check", "plans", "--format", "markdown"]);
    let markdown = String::from_utf8(output.stdout).unwrap();
    let shown = markdown.matches("\nplan `u").count();
    assert!(
        markdown.len() <= 65_536 && (100..480).contains(&shown),
        "{shown}"
    );
    let rest = format!("Not shown, for want of room: {} plans.", 480 - shown);
    assert!(markdown.contains(&rest), "{shown}");
}

#[test]
fn plans_without_their_plan_files_can_be_looked_at_and_not_signed() {
    let place = jsons(&[("a.tfplan.json", "incident"), ("b.tfplan.json", "incident")]);
    let output = undersign(&place, &["review", "plans", "--plain"]);
    let said = both(&output);
    assert_eq!(output.status.code(), Some(32), "{said}");
    assert!(said.contains("1 of 16") && said.contains("a: "), "{said}");
    let glass = ["--break-glass", "--ticket", "INC-1", "--reason", "it burns"];
    let output = undersign(&place, &[&["review", "plans"][..], &glass].concat());
    let said = both(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--break-glass is for one plan"), "{said}");
    assert!(said.contains("not even the next plan of a set"), "{said}");
    let empty = tempfile::tempdir().unwrap();
    fs::create_dir(empty.path().join("plans")).unwrap();
    for command in ["check", "verify"] {
        let output = undersign(&empty, &[command, "plans"]);
        assert!(!output.status.success(), "{}", both(&output));
    }
}

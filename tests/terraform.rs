//! The gate with the real Terraform: what its environment can do to a saved plan, and cannot do here.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use rig::Rig;
use undersign::failure::Exit;
use undersign::trust::ledger::Outcome;

#[path = "gate/rig.rs"]
mod rig;

const CONFIGURATION: &str = r#"
resource "terraform_data" "a" { input = "one" }
"#;

/// A directory with a configuration, in which the real Terraform plans.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(configuration: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("main.tf"), configuration).unwrap();
        let place = Place { directory };
        place.run(&["init", "-input=false"], &[]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<u8> {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(self.directory.path())
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "terraform {arguments:?}: {said}");
        output.stdout
    }

    /// Plans with `arguments`, and has the plan approved.
    fn approved(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Rig {
        let plan = [&["plan", "-input=false", "-out", "plan.tfplan"], arguments].concat();
        self.run(&plan, variables);
        let json = self.run(&["show", "-json", "plan.tfplan"], variables);
        fs::write(self.path("plan.json"), json).unwrap();
        let mut rig = Rig::new(&self.path("plan.tfplan"), &self.path("plan.json"));
        let now = Timestamp::now();
        rig.signed = now;
        rig.request.now = now + SignedDuration::from_mins(1);
        self.directory.path().clone_into(&mut rig.request.directory);
        rig.request.variables = vec![("PATH".into(), std::env::var_os("PATH").unwrap())];
        rig.approve();
        rig
    }

    fn state(&self) -> String {
        fs::read_to_string(self.path("terraform.tfstate")).unwrap_or_default()
    }
}

/// Says so where there is no Terraform to test with.
fn no_terraform() -> bool {
    let missing = Command::new("terraform").arg("version").output().is_err();
    if missing {
        eprintln!("SKIPPED: terraform is not on PATH");
    }
    missing
}

#[test]
fn a_plan_with_a_local_state_is_applied_where_its_state_is_and_once() {
    if no_terraform() {
        return;
    }
    let place = Place::new(CONFIGURATION);
    let rig = place.approved(&[], &[]);
    let (applied, shown) = rig.apply();
    let ended = applied.unwrap().ended;
    assert_eq!(
        (ended.outcome, ended.failure),
        (Outcome::Applied, None),
        "{shown}"
    );
    assert!(
        shown.contains("terraform_data.a: Creation complete"),
        "{shown}"
    );
    assert!(place.state().contains("terraform_data"));
    assert_eq!(rig.apply().0.unwrap_err().exit, Exit::AlreadyUsed);

    // A plan that changes the state, and one that destroys it, end in the same word.
    fs::write(place.path("main.tf"), CONFIGURATION.replace("one", "two")).unwrap();
    assert_eq!(
        place.approved(&[], &[]).apply().0.unwrap().ended.outcome,
        Outcome::Applied
    );
    assert!(place.state().contains("\"two\""));
    let ended = place.approved(&["-destroy"], &[]).apply().0.unwrap().ended;
    assert_eq!((ended.outcome, ended.failure), (Outcome::Applied, None));
    assert!(!place.state().contains("terraform_data"));
}

#[test]
fn a32_nothing_in_the_environment_changes_what_is_applied() {
    if no_terraform() {
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let other_state = format!("-state={}", elsewhere.path().join("x.tfstate").display());
    let other_data = elsewhere.path().join("data").display().to_string();
    for (name, value) in [
        ("TF_CLI_ARGS_apply", "-help"),
        ("TF_CLI_ARGS_apply", "other.tfplan"),
        ("TF_CLI_ARGS_apply", "-lock=false"),
        ("TF_CLI_ARGS_apply", other_state.as_str()),
        ("TF_CLI_ARGS", "-version"),
        ("TF_CLI_ARGS", "-chdir=/"),
        ("TF_WORKSPACE", "other"),
        ("TF_DATA_DIR", other_data.as_str()),
        ("TF_VAR_a", "evil"),
        ("TF_CLI_CONFIG_FILE", "/nowhere"),
        ("TF_LOG_PATH", "log"),
    ] {
        let place = Place::new(CONFIGURATION);
        let mut rig = place.approved(&[], &[]);
        rig.request
            .variables
            .push((name.into(), OsString::from(value)));
        let ended = rig.apply().0.unwrap().ended;
        assert_eq!(ended.outcome, Outcome::Applied, "{name}={value}");
        assert!(place.state().contains("terraform_data"), "{name}={value}");
        assert!(
            !place.path("terraform.tfstate.d").exists(),
            "{name}={value}"
        );
        assert_eq!(
            fs::read_dir(elsewhere.path()).unwrap().count(),
            0,
            "{name}={value}"
        );
    }
}

#[test]
fn a12_a_plan_goes_into_the_workspace_it_was_made_for() {
    if no_terraform() {
        return;
    }
    let place = Place::new(CONFIGURATION);
    place.run(&["workspace", "new", "prod"], &[]);
    let rig = place.approved(&[], &[]);
    place.run(&["workspace", "select", "default"], &[]);
    let verified = rig.verify().unwrap();
    assert_eq!(verified.facts.target.workspace.as_deref(), Some("prod"));
    assert_eq!(rig.apply().0.unwrap().ended.outcome, Outcome::Applied);
    let state =
        fs::read_to_string(place.path("terraform.tfstate.d/prod/terraform.tfstate")).unwrap();
    assert!(state.contains("terraform_data"));
    assert_eq!(place.state(), "");
}

#[test]
fn a36_a_state_that_was_rolled_back_gives_no_second_apply() {
    if no_terraform() {
        return;
    }
    let place = Place::new(CONFIGURATION);
    let rig = place.approved(&[], &[]);
    rig.apply().0.unwrap();
    fs::remove_file(place.path("terraform.tfstate")).unwrap();
    assert_eq!(rig.apply().0.unwrap_err().exit, Exit::AlreadyUsed);
    assert_eq!(place.state(), "");
}

#[test]
fn a_stale_plan_fails_and_says_why_and_stays_used() {
    if no_terraform() {
        return;
    }
    let place = Place::new(CONFIGURATION);
    place.run(&["apply", "-auto-approve", "-input=false"], &[]);
    fs::write(place.path("main.tf"), CONFIGURATION.replace("one", "two")).unwrap();
    let rig = place.approved(&[], &[]);
    place.run(&["apply", "-auto-approve", "-input=false"], &[]);
    let (applied, shown) = rig.apply();
    let ended = applied.unwrap().ended;
    assert_eq!(ended.outcome, Outcome::Failed);
    assert_eq!(ended.failure.unwrap().exit, Exit::ToolFailed);
    assert!(shown.contains("Saved plan is stale"), "{shown}");
    assert_eq!(rig.apply().0.unwrap_err().exit, Exit::AlreadyUsed);
}

#[test]
fn a_configuration_that_fails_half_way_is_failed_and_not_applied() {
    if no_terraform() {
        return;
    }
    let place = Place::new(
        r#"
resource "terraform_data" "a" {
  input = "one"
  provisioner "local-exec" { command = "exit 3" }
}
"#,
    );
    let rig = place.approved(&[], &[]);
    assert!(rig.verify().unwrap().facts.runs_local_code);
    let (applied, shown) = rig.apply();
    let ended = applied.unwrap().ended;
    assert_eq!(ended.failure.unwrap().exit, Exit::ToolFailed, "{shown}");
    assert_eq!(ended.outcome, Outcome::Failed);
}

#[test]
fn a32_a_provisioner_sees_the_clean_environment() {
    if no_terraform() {
        return;
    }
    let dump = tempfile::tempdir().unwrap();
    let file = dump.path().join("env");
    let place = Place::new(&format!(
        r#"
resource "terraform_data" "a" {{
  provisioner "local-exec" {{ command = "env > {}" }}
}}
"#,
        file.display()
    ));
    let mut rig = place.approved(&[], &[]);
    for name in [
        "SSH_AUTH_SOCK",
        "AWS_SECRET_ACCESS_KEY",
        "TF_LOG",
        "LD_PRELOAD",
    ] {
        rig.request.variables.push((name.into(), "evil".into()));
    }
    rig.apply().0.unwrap();
    let env = fs::read_to_string(&file).unwrap();
    assert!(env.contains("TF_WORKSPACE=default"), "{env}");
    assert!(!env.contains("=evil"), "{env}");
}

#[test]
fn the_same_plan_shows_the_same_bytes_in_a_clean_directory() {
    if no_terraform() {
        return;
    }
    let place = Place::new(CONFIGURATION);
    let rig = place.approved(&[], &[]);
    fs::write(
        Path::new(&rig.request.directory).join("plan.json"),
        "a decoy",
    )
    .unwrap();
    let verified = rig.verify().unwrap();
    assert_eq!(verified.facts.json.bytes, rig.json.len() as u64);
}

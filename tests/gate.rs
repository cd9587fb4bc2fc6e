//! The gate against a tool that plays terraform: one test an attack, and what must hold without one.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rig::{Rig, replace, time};
use undersign::approval::envelope::Envelope;
use undersign::approval::statement::Statement;
use undersign::failure::{Exit, Failure};
use undersign::gate::level::Level;
use undersign::review::Requirement;
use undersign::trust::ledger::Outcome;

#[path = "gate/rig.rs"]
mod rig;

#[track_caller]
fn assert_refused<T>(result: Result<T, Failure>, exit: Exit, reason: &str) {
    let failure = result.err().expect("it must be refused");
    assert_eq!(
        (failure.exit, failure.reason),
        (exit, reason),
        "{}",
        failure.error
    );
}

/// A plan that destroys, with an approval that fits.
fn approved() -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    rig.approve();
    rig
}

#[test]
fn an_approved_plan_is_verified_with_persons_level_and_end() {
    let verified = approved().verify().unwrap();
    assert_eq!(verified.persons, ["alice"]);
    assert_eq!(verified.scope.id, "everything");
    assert_eq!(verified.level, Level::Local);
    assert_eq!(verified.expires_at, time("2026-11-22T12:00:00Z"));
    assert!(
        !verified.required.is_empty(),
        "a plan that destroys asks for something"
    );
}

#[test]
fn an_approved_plan_is_applied_once() {
    let rig = approved();
    let (applied, shown) = rig.apply();
    let applied = applied.unwrap();
    assert_eq!(applied.ended.outcome, Outcome::Applied);
    assert_eq!(applied.ended.failure, None);
    assert_eq!(shown, "Apply complete! Resources: 1 added.\n");
    assert_eq!(
        rig.text("apply.args"),
        "apply -input=false -json /proc/self/fd/0\n"
    );
    assert_eq!(
        fs::read(rig.path("applied")).unwrap(),
        fs::read(&rig.request.plan).unwrap()
    );

    fs::remove_file(rig.path("apply.args")).unwrap();
    let (again, _) = rig.apply();
    let failure = again.unwrap_err();
    assert_eq!(failure.exit, Exit::AlreadyUsed);
    assert_eq!(
        failure.error,
        "this plan was used at 2026-11-22T10:30:00Z by runner@test; outcome: applied"
    );
    assert!(
        !rig.path("apply.args").exists(),
        "the tool must not run again"
    );
}

#[test]
fn approvals_beside_the_plan_are_found() {
    let mut rig = approved();
    let file = rig.request.approvals.pop().unwrap();
    assert_refused(rig.verify(), Exit::NotApproved, "no-approval");
    fs::create_dir(rig.path("plan.tfplan.approvals")).unwrap();
    fs::rename(file, rig.path("plan.tfplan.approvals/alice.json")).unwrap();
    rig.verify().unwrap();
}

#[test]
fn a_missing_acknowledgement_is_refused() {
    let mut rig = Rig::of("05-destroy-plan");
    let (facts, required) = rig.review();
    rig.sign(&facts, &required[1..]);
    assert_refused(rig.verify(), Exit::NotApproved, "acknowledgements");
}

#[test]
fn a18_an_acknowledgement_under_other_rules_is_refused() {
    for (change, reason) in [
        (
            (|rules: &mut Vec<String>| rules.push("zz-more".into())) as fn(&mut Vec<String>),
            "other-rules",
        ),
        (|rules| rules.clear(), "acknowledgements"),
    ] {
        let mut rig = Rig::of("05-destroy-plan");
        let (facts, mut required) = rig.review();
        change(&mut required[0].rules);
        rig.sign(&facts, &required);
        assert_refused(rig.verify(), Exit::NotApproved, reason);
    }
}

#[test]
fn an_acknowledgement_of_another_action_is_refused() {
    let mut rig = Rig::of("05-destroy-plan");
    let (facts, mut required) = rig.review();
    let change = required
        .iter_mut()
        .find(|asked| asked.key.kind == "change")
        .unwrap();
    assert_eq!(change.actions, ["delete"]);
    change.actions = vec!["update".into()];
    rig.sign(&facts, &required);
    assert_refused(rig.verify(), Exit::NotApproved, "acknowledgements");
}

#[test]
fn a10_a_second_approval_gives_no_second_apply() {
    let mut rig = approved();
    rig.apply().0.unwrap();
    rig.request.approvals.clear();
    let (facts, required) = rig.review();
    rig.request.approvals.push("unused".into());
    let second = rig.sign(&facts, &required);
    rig.request.approvals = vec![second];
    rig.verify().unwrap();
    assert_refused(rig.apply().0, Exit::AlreadyUsed, "already-used");
}

#[test]
fn a11_an_approval_counts_only_in_its_time() {
    let mut rig = approved();
    for (now, reason) in [
        ("2026-11-22T12:00:00Z", "expired"),
        ("2026-11-23T10:00:00Z", "expired"),
        ("2026-11-22T09:58:00Z", "from-the-future"),
    ] {
        rig.request.now = time(now);
        assert_refused(rig.verify(), Exit::OutOfTime, reason);
    }
    rig.request.now = time("2026-11-22T11:59:59Z");
    rig.verify().unwrap();
}

#[test]
fn a11_a_clock_that_was_set_back_applies_nothing() {
    let mut rig = approved();
    rig.apply().0.unwrap();
    let mut other = Rig::of("01-create-only");
    fs::copy(
        rig::fixture("01-create-only/tf/main.tf"),
        other.path("configuration/main.tf"),
    )
    .unwrap();
    other.approve();
    other.trust_with("match = {}", "");
    let trust = other.text("trust.toml").replace(
        &other.path("ledger").display().to_string(),
        &rig.path("ledger").display().to_string(),
    );
    fs::write(other.path("trust.toml"), trust).unwrap();
    other.request.now = time("2026-11-22T10:10:00Z");
    assert_refused(other.apply().0, Exit::OutOfTime, "clock-rollback");
    rig.request.now = time("2026-11-22T10:31:00Z");
}

#[test]
fn a11_an_approval_that_expires_while_it_is_verified_is_refused() {
    let rig = approved();
    assert_refused(
        rig.apply_at(time("2026-11-22T12:00:01Z")).0,
        Exit::OutOfTime,
        "expired",
    );
    assert!(!rig.path("apply.args").exists());
}

#[test]
fn a12_a_target_that_no_scope_is_about_is_refused() {
    let rig = approved();
    rig.trust_with("match = { workspace = \"prod\" }", "");
    assert_refused(rig.verify(), Exit::Mismatch, "scope");
}

#[test]
fn a12_an_approval_for_another_scope_or_plan_is_refused() {
    let mut rig = Rig::of("05-destroy-plan");
    rig.target_scope = "staging".into();
    rig.approve();
    assert_refused(rig.verify(), Exit::Mismatch, "scope");

    let mut other = Rig::of("16-refresh-only");
    let (facts, required) = approved().review();
    other.sign(&facts, &required);
    assert_refused(other.verify(), Exit::Mismatch, "subject");
}

#[test]
fn a13_a_trust_file_that_others_can_write_is_refused() {
    let rig = approved();
    fs::set_permissions(rig.path("trust.toml"), fs::Permissions::from_mode(0o666)).unwrap();
    assert_refused(rig.verify(), Exit::TrustUnsafe, "trust-mode");
}

#[test]
fn a13_a_file_that_the_trust_file_names_is_held_as_safe_as_the_trust_file() {
    let rig = remote(HASHES);
    fs::write(rig.path("named"), "").unwrap();
    for key in ["lock_file", "cli_config"] {
        rig.trust(&format!(
            "[runner]\nworkdir = \"plan-only\"\n{key} = \"{}\"",
            rig.path("named").display()
        ));
        fs::set_permissions(rig.path("named"), fs::Permissions::from_mode(0o666)).unwrap();
        assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-writable");
        fs::set_permissions(rig.path("named"), fs::Permissions::from_mode(0o644)).unwrap();
        let other = rig.verify().err().map(|failure| failure.reason);
        assert_ne!(other, Some("tool-writable"), "{key}");
    }
}

#[test]
fn a15_more_people_are_asked_for_also_where_a_rule_asks_for_no_acknowledgement() {
    let mut rig = Rig::of("16-refresh-only");
    rig.approve();
    assert!(rig.verify().unwrap().required.is_empty());
    rig.trust("[[scope.extra]]\nrules = [\"refresh-only\"]\nfrom = []\napprovals = 2");
    assert_refused(rig.verify(), Exit::TooFewPeople, "extra");
}

#[test]
fn a21_too_many_approvals_are_not_even_opened() {
    let mut rig = approved();
    for number in 0..16 {
        rig.request
            .approvals
            .push(rig.path(&format!("missing-{number}")));
    }
    assert_refused(rig.verify(), Exit::BadSignature, "too-many");
}

#[test]
fn a37_a_ledger_that_somebody_else_could_put_another_one_in_place_of_is_refused() {
    let rig = approved();
    fs::create_dir(rig.path("open")).unwrap();
    let ledger = format!("path = \"{}\"", rig.path("ledger").display());
    let text = rig.text("trust.toml").replace(
        &ledger,
        &format!("path = \"{}\"", rig.path("open/ledger").display()),
    );
    fs::write(rig.path("trust.toml"), text).unwrap();
    fs::set_permissions(rig.path("open"), fs::Permissions::from_mode(0o777)).unwrap();
    assert_refused(rig.apply().0, Exit::LedgerUnavailable, "ledger-shared");
    fs::set_permissions(rig.path("open"), fs::Permissions::from_mode(0o755)).unwrap();
    rig.apply().0.unwrap();
}

#[test]
fn a_changed_byte_of_plan_or_approval_is_refused() {
    let rig = approved();
    let approval = rig.request.approvals[0].clone();
    for path in [&rig.request.plan, &approval] {
        let original = fs::read(path).unwrap();
        for at in (0..original.len()).step_by(original.len() / 40) {
            let mut bytes = original.clone();
            bytes[at] ^= 1;
            fs::write(path, &bytes).unwrap();
            assert!(rig.verify().is_err(), "byte {at} of {}", path.display());
        }
        fs::write(path, original).unwrap();
    }
    rig.verify().unwrap();
}

#[test]
fn a21_a_bad_approval_does_not_block_a_good_one_and_is_named() {
    let mut rig = approved();
    let junk = rig.path("junk.json");
    fs::write(&junk, "{}").unwrap();
    rig.request
        .approvals
        .extend([junk, rig.path("missing.json")]);
    let verified = rig.verify().unwrap();
    let refused: Vec<_> = verified
        .approvals
        .refused
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(refused.len(), 2);
    assert!(refused[0].ends_with("junk.json") && refused[1].ends_with("missing.json"));
}

#[test]
fn an_approval_of_the_json_counts_only_for_that_very_json() {
    let mut rig = Rig::of("05-destroy-plan");
    let (facts, required) = rig.review_json();
    rig.sign(&facts, &rig.review().1.clone());
    assert!(!required.is_empty());
    rig.verify().unwrap();
    // The same plan, shown with one more space.
    let mut json = rig.json.clone();
    json.push(b' ');
    fs::write(rig.path("show.json"), json).unwrap();
    assert_refused(rig.verify(), Exit::Mismatch, "subject");
}

#[test]
fn a23_another_json_than_the_approved_one_is_refused() {
    let rig = approved();
    let json = String::from_utf8(rig.json.clone()).unwrap();
    fs::write(
        rig.path("show.json"),
        json.replace("[\"delete\"]", "[\"no-op\"]"),
    )
    .unwrap();
    assert_refused(rig.verify(), Exit::Mismatch, "json-sha256");
}

#[test]
fn a30_a_plan_swapped_while_it_is_verified_changes_nothing() {
    let rig = approved();
    let original = fs::read(&rig.request.plan).unwrap();
    rig.tool("echo swapped > $here/plan.tfplan");
    let (applied, _) = rig.apply();
    assert_eq!(applied.unwrap().ended.outcome, Outcome::Applied);
    assert_eq!(fs::read(&rig.request.plan).unwrap(), b"swapped\n");
    assert_eq!(fs::read(rig.path("shown")).unwrap(), original);
    assert_eq!(fs::read(rig.path("applied")).unwrap(), original);
}

#[test]
fn a30_a_racing_writer_never_gets_another_plan_past_the_gate() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let rig = approved();
    let original = fs::read(&rig.request.plan).unwrap();
    let evil = fs::read(rig::fixture("16-refresh-only/plan.tfplan")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::write(&rig.request.plan, &evil).unwrap();
                fs::write(&rig.request.plan, &original).unwrap();
            }
        });
        for _ in 0..20 {
            if let Ok(verified) = rig.verify() {
                let sealed = verified.prepared.plan.sha256();
                assert_eq!(sealed, verified.facts.plan_file.unwrap().sha256);
                assert_eq!(fs::read(rig.path("shown")).unwrap(), original);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a30_a_thousand_swaps_between_verification_and_apply_change_no_byte() {
    let rig = approved();
    let plan = &rig.request.plan;
    let original = fs::read(plan).unwrap();
    let evil = fs::read(rig::fixture("16-refresh-only/plan.tfplan")).unwrap();
    let aside = rig.path("aside");
    let mut swaps = 0;
    while swaps < 1000 {
        let (applied, _) = rig.apply_after(rig.request.now, || {
            // Written over, cut, replaced, and a link to another one; evil in the end.
            for way in 0..10 {
                match way % 4 {
                    0 => fs::write(plan, &original).unwrap(),
                    1 => fs::write(plan, &original[..100]).unwrap(),
                    2 => {
                        fs::remove_file(plan).unwrap();
                        std::os::unix::fs::symlink(rig::fixture("incident/plan.tfplan"), plan)
                            .unwrap();
                    }
                    _ => {
                        fs::write(&aside, &evil).unwrap();
                        fs::rename(&aside, plan).unwrap();
                    }
                }
                swaps += 1;
            }
            fs::write(plan, &evil).unwrap();
        });
        assert_eq!(applied.unwrap().ended.outcome, Outcome::Applied);
        assert_eq!(fs::read(rig.path("applied")).unwrap(), original);
        assert_eq!(fs::read(plan).unwrap(), evil);
        fs::write(plan, &original).unwrap();
        fs::remove_dir_all(rig.path("ledger")).unwrap();
    }
}

#[test]
fn a31_a_tool_that_others_can_change_is_refused() {
    let rig = approved();
    for name in ["bin/terraform", "bin"] {
        fs::set_permissions(rig.path(name), fs::Permissions::from_mode(0o775)).unwrap();
        assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-writable");
        fs::set_permissions(rig.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    rig.verify().unwrap();
}

#[test]
fn a31_a_tool_that_is_not_pinned_is_not_even_asked_for_its_version() {
    let rig = approved();
    rig.tool("touch $here/ran");
    rig.trust(&format!("[runner]\ntool_sha256 = [\"{}\"]", "0".repeat(64)));
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-digest");
    assert!(!rig.path("ran").exists());
}

#[test]
fn a31_a_relative_entry_of_path_finds_no_tool() {
    let mut rig = approved();
    for path in ["", ".", "bin", "./bin:relative"] {
        rig.request.variables = vec![("PATH".into(), path.into())];
        assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-missing");
    }
}

#[test]
fn a31_another_version_of_the_tool_is_refused() {
    let rig = approved();
    rig.tool("[ $1 = version ] && { echo '{\"terraform_version\":\"1.12.0\"}'; exit; }");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-version");
    rig.tool("[ $1 = version ] && { echo 'Terraform v1.11.4'; exit; }");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-version");
    rig.tool("");
    rig.trust("[runner]\ntool_versions = [\"1.15.0\"]");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "tool-version");
}

#[test]
fn a32_the_child_sees_only_what_the_trust_file_lets_through() {
    let mut rig = approved();
    for name in [
        "TF_CLI_ARGS",
        "TF_CLI_ARGS_apply",
        "TF_WORKSPACE",
        "TF_VAR_x",
        "TF_REATTACH_PROVIDERS",
        "TF_LOG",
        "LD_PRELOAD",
        "GODEBUG",
        "SSH_AUTH_SOCK",
        "AWS_PROFILE",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "AWS_REGION",
    ] {
        rig.request.variables.push((name.into(), "evil".into()));
    }
    rig.trust(
        "[runner]\nenv_pass = [\"AWS_REGION\"]\nenv_set = { AWS_EC2_METADATA_DISABLED = \"true\" }",
    );
    rig.apply().0.unwrap();
    let env = rig.text("apply.env");
    let names: BTreeSet<&str> = env
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    // The shell that plays terraform adds what every shell adds.
    let expected = [
        "AWS_EC2_METADATA_DISABLED",
        "AWS_REGION",
        "CHECKPOINT_DISABLE",
        "HOME",
        "PATH",
        "PWD",
        "TF_CLI_CONFIG_FILE",
        "TF_DATA_DIR",
        "TF_INPUT",
        "TF_IN_AUTOMATION",
        "TF_WORKSPACE",
        "TMPDIR",
        "_",
        "SHLVL",
        "OLDPWD",
    ];
    let unexpected: Vec<_> = names
        .iter()
        .filter(|name| !expected.contains(name))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    let with_evil: Vec<&str> = env.lines().filter(|line| line.ends_with("=evil")).collect();
    assert_eq!(with_evil, ["AWS_REGION=evil"]);
    for line in [
        "AWS_EC2_METADATA_DISABLED=true",
        "TF_WORKSPACE=default",
        "TF_IN_AUTOMATION=1",
        "TF_INPUT=0",
        "CHECKPOINT_DISABLE=1",
    ] {
        assert!(env.lines().any(|set| set == line), "{line}");
    }
}

#[test]
fn a32_a_good_end_that_applied_nothing_is_no_success() {
    for (script, outcome, exit) in [
        (
            "[ $1 = apply ] && exit 0",
            Outcome::Unknown,
            Exit::StateUnknown,
        ),
        (
            "[ $1 = apply ] && { echo 'Usage: terraform apply'; exit 0; }",
            Outcome::Unknown,
            Exit::StateUnknown,
        ),
        (
            "[ $1 = apply ] && { echo broken >&2; exit 1; }",
            Outcome::Failed,
            Exit::ToolFailed,
        ),
        (
            "[ $1 = apply ] && kill -9 $$",
            Outcome::Unknown,
            Exit::StateUnknown,
        ),
    ] {
        let rig = approved();
        rig.tool(script);
        let ended = rig.apply().0.unwrap().ended;
        assert_eq!(ended.outcome, outcome, "{script}");
        assert_eq!(ended.failure.unwrap().exit, exit, "{script}");
        // Whatever happened, the plan stays used, and the ledger says what happened.
        rig.tool("");
        let failure = rig.apply().0.unwrap_err();
        assert_eq!(failure.exit, Exit::AlreadyUsed);
        assert!(failure.error.ends_with(outcome.word()), "{}", failure.error);
    }
}

#[test]
fn a34_a_plan_only_run_refuses_a_state_beside_the_configuration() {
    let rig = approved();
    rig.trust("[runner]\nworkdir = \"plan-only\"");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "local-backend");
}

#[test]
fn a35_a_plan_that_asks_for_values_again_is_refused() {
    let mut rig = Rig::of("26-ephemeral-variable");
    rig.approve();
    assert_refused(
        rig.verify(),
        Exit::EnvironmentUnsafe,
        "apply-time-variables",
    );
}

#[test]
fn an_errored_plan_is_refused_whatever_was_signed() {
    let mut rig = Rig::new(
        &rig::fixture("15-prevent-destroy-errored/plan.tfplan"),
        &rig::fixture("15-prevent-destroy-errored/plan.json"),
    );
    rig.approve();
    assert_refused(rig.verify(), Exit::Mismatch, "errored");
}

#[test]
fn the_first_plan_of_a_state_is_applied_only_beside_its_configuration() {
    let mut rig = Rig::of("01-create-only");
    rig.approve();
    assert_refused(rig.verify(), Exit::Mismatch, "directory");
    let main = rig.path("configuration/main.tf");
    fs::copy(rig::fixture("01-create-only/tf/main.tf"), &main).unwrap();
    rig.verify().unwrap();
    fs::write(&main, "# another one").unwrap();
    assert_refused(rig.verify(), Exit::Mismatch, "directory");
}

#[test]
fn a37_without_a_ledger_nothing_is_applied() {
    let rig = approved();
    fs::write(rig.path("ledger"), "a file").unwrap();
    assert_refused(rig.apply().0, Exit::LedgerUnavailable, "ledger");
    assert!(!rig.path("apply.args").exists());
}

#[test]
fn a_tool_that_cannot_show_the_plan_says_why() {
    let rig = approved();
    rig.tool("[ $1 = show ] && { printf '\\033[31mError: no\\n providers' >&2; exit 1; }");
    let failure = rig.verify().unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::Mismatch, "show-failed")
    );
    assert!(
        failure.error.ends_with("Error: no providers"),
        "{}",
        failure.error
    );
}

#[test]
fn limits_of_the_trust_file_hold() {
    let rig = approved();
    for limit in [
        "max_plan_bytes = 100",
        "max_json_bytes = 1000",
        "max_changes = 1",
    ] {
        rig.trust(&format!("[limits]\n{limit}"));
        assert_refused(rig.verify(), Exit::Mismatch, "too-large");
    }
}

/// A plan for a remote backend, with one provider in its lock.
fn remote(hashes: &str) -> Rig {
    let lock = format!(
        "provider \"registry.terraform.io/acme/thing\" {{\n  version     = \"1.2.3\"\n  constraints = \"~> 1.2\"\n{hashes}}}\n"
    );
    let mut rig = Rig::doctored("05-destroy-plan", |name, bytes| match name {
        ".terraform.lock.hcl" => lock.clone().into_bytes(),
        // A backend whose name is as long, so that nothing else of the message moves.
        "tfplan" => replace(bytes, b"\x05local", b"\x05swift"),
        _ => bytes,
    });
    rig.approve();
    rig.trust("[runner]\nworkdir = \"plan-only\"");
    rig
}

const HASHES: &str =
    "  hashes = [\n    \"h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=\",\n  ]\n";

#[test]
fn a33_a_plan_only_run_fetches_the_locked_providers_and_uses_nothing_of_the_directory() {
    let rig = remote(HASHES);
    fs::create_dir(rig.path("configuration/.terraform")).unwrap();
    fs::write(rig.path("configuration/script.sh"), "evil").unwrap();
    rig.apply().0.unwrap();
    assert_eq!(
        rig.text("init.args"),
        "init -backend=false -lockfile=readonly -input=false -no-color\n"
    );
    assert!(rig.text("init.lock").contains("h1:edXOJWE4ORX8Fm"));
    assert!(
        rig.text("init.tf")
            .contains("source  = \"registry.terraform.io/acme/thing\"")
    );
    assert_eq!(
        rig.text("show.ls"),
        ".terraform.lock.hcl\n",
        "no configuration is left beside the plan"
    );
    let env = rig.text("apply.env");
    let value = |name: &str| {
        env.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let pwd = rig.text("apply.pwd");
    let private = std::path::Path::new(pwd.trim()).parent().unwrap();
    assert_ne!(private, rig.path("configuration").parent().unwrap());
    assert!(value("TF_DATA_DIR=").starts_with(private.to_str().unwrap()));
    assert!(value("HOME=").starts_with(private.to_str().unwrap()));
    assert!(!private.exists(), "nothing is left behind");
}

#[test]
fn a33_a_lock_without_hashes_runs_no_provider() {
    let rig = remote("");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "lock-without-hash");
    assert!(!rig.path("init.args").exists());
    rig.trust("[runner]\nworkdir = \"as-is\"\nlock_file = \"require-hashes\"");
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "lock-without-hash");
}

#[test]
fn a33_a_lock_that_hides_a_provider_in_another_spelling_is_refused() {
    let one_line = "provider \"registry.terraform.io/acme/hidden\" { version = \"1.0.0\" }\n";
    let mut rig = Rig::doctored("05-destroy-plan", |name, bytes| match name {
        ".terraform.lock.hcl" => one_line.as_bytes().to_vec(),
        _ => bytes,
    });
    rig.approve();
    rig.trust("[runner]\nlock_file = \"require-hashes\"");
    assert_refused(rig.verify(), Exit::Mismatch, "lock-not-understood");
}

#[test]
fn a33_another_lock_than_the_trusted_one_is_refused() {
    let rig = remote(HASHES);
    fs::write(rig.path("trusted.lock.hcl"), "# another one\n").unwrap();
    rig.trust(&format!(
        "[runner]\nworkdir = \"plan-only\"\nlock_file = \"{}\"",
        rig.path("trusted.lock.hcl").display()
    ));
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "lock-differs");
}

#[test]
fn a33_providers_that_cannot_be_fetched_are_a_refusal_with_the_tools_words() {
    let rig = remote(HASHES);
    rig.tool("[ $1 = init ] && { echo 'Error: checksum mismatch' >&2; exit 1; }");
    let failure = rig.verify().unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::EnvironmentUnsafe, "providers")
    );
    assert!(
        failure.error.ends_with("Error: checksum mismatch"),
        "{}",
        failure.error
    );
}

#[test]
fn a33_a_cli_configuration_with_overrides_is_refused() {
    let rig = remote(HASHES);
    fs::write(rig.path("rc"), "provider_installation { dev_overrides {} }").unwrap();
    rig.trust(&format!(
        "[runner]\nworkdir = \"plan-only\"\ncli_config = \"{}\"",
        rig.path("rc").display()
    ));
    assert_refused(rig.verify(), Exit::EnvironmentUnsafe, "cli-config");
}

/// A plan with a remote backend that is applied among the files of its configuration.
fn among_files() -> Rig {
    let mut rig = Rig::doctored("05-destroy-plan", |name, bytes| match name {
        "tfplan" => replace(bytes, b"\x05local", b"\x05swift"),
        _ => bytes,
    });
    fs::write(rig.path("configuration/script.sh"), "good\n").unwrap();
    rig.tool("[ \"$1\" = apply ] && cat script.sh > $here/script.seen");
    rig.trust("[runner]\nworkdir = \"manifest\"");
    let (mut facts, required) = rig.review();
    let manifest = undersign::gate::manifest::Manifest::of(&rig.request.directory).unwrap();
    facts.workdir_sha256 = Some(manifest.sha256());
    rig.sign(&facts, &required);
    rig
}

#[test]
fn a34_a_script_is_run_as_it_was_approved() {
    let rig = among_files();
    rig.apply().0.unwrap();
    assert_eq!(rig.text("script.seen"), "good\n");
    assert!(!rig.text("apply.pwd").contains("configuration"));
}

#[test]
fn a34_a_script_that_was_swapped_added_or_removed_is_refused() {
    let script = "configuration/script.sh";
    let changes: [&dyn Fn(&Rig); 3] = [
        &|rig| fs::write(rig.path(script), "evil\n").unwrap(),
        &|rig| fs::write(rig.path("configuration/more.sh"), "evil\n").unwrap(),
        &|rig| fs::remove_file(rig.path(script)).unwrap(),
    ];
    for change in changes {
        let rig = among_files();
        change(&rig);
        assert_refused(rig.apply().0, Exit::Mismatch, "workdir");
    }
    // An approval that binds no files is none for a target that does.
    let mut rig = among_files();
    fs::remove_file(rig.request.approvals.pop().unwrap()).unwrap();
    rig.approve();
    assert_refused(rig.verify(), Exit::Mismatch, "workdir");
}

#[test]
fn a12_a_preflight_that_answers_otherwise_applies_nothing() {
    let with = |preflight: &str| {
        let rig = approved();
        rig.trust(&format!("[runner]\n[[runner.preflight]]\n{preflight}"));
        rig
    };
    let account = |answer: &str| {
        with(&format!(
            "argv = [\"/bin/echo\", \"123456789012\"]\nexpect = \"{answer}\"\n"
        ))
    };
    account("123456789012").apply().0.unwrap();
    for rig in [
        account("210987654321"),
        account(""),
        with("argv = [\"/bin/false\"]\n"),
        with("argv = [\"/bin/sleep\", \"60\"]\ntimeout = \"0s\"\n"),
        with("argv = [\"/nowhere/aws\"]\n"),
    ] {
        assert_refused(rig.apply().0, Exit::EnvironmentUnsafe, "preflight");
        assert!(!rig.path("ledger").exists(), "nothing is claimed");
        assert!(!rig.path("apply.args").exists());
        rig.verify().unwrap();
    }
    // It sees the clean environment, and no credentials that were not let through.
    let mut rig =
        with("argv = [\"/usr/bin/env\", \"sh\", \"-c\", \"echo $AWS_PROFILE\"]\nexpect = \"\"\n");
    rig.request
        .variables
        .push(("AWS_PROFILE".into(), "production".into()));
    rig.apply().0.unwrap();
}

#[test]
fn a31_a_tool_swapped_after_it_was_judged_is_not_what_runs() {
    let rig = approved();
    // The tool puts another one into its own place while it shows the plan.
    rig.tool("[ \"$1\" = show ] && { printf '#!/bin/sh\\necho evil > %s/evil\\n' $here > $here/bin/new; chmod +x $here/bin/new; mv $here/bin/new $here/bin/terraform; }");
    rig.apply().0.unwrap();
    assert!(
        !rig.path("evil").exists(),
        "what was opened first is what runs"
    );
    assert!(rig.text("bin/terraform").contains("evil"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 150, max_shrink_iters: 0, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn any_changed_byte_of_plan_approval_lock_or_trust_is_refused(file in 0usize..4, at: proptest::sample::Index, flip in 1u8..=255) {
        let rig = under_lock();
        let path = match file {
            0 => rig.request.plan.clone(),
            1 => rig.request.approvals[0].clone(),
            2 => rig.path("trusted.lock.hcl"),
            _ => rig.path("trust.toml"),
        };
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let pinned = <sha2::Sha256 as sha2::Digest>::digest(fs::read(rig.path("trust.toml")).unwrap());
        fs::write(&path, &bytes).unwrap();
        if file == 3 {
            // A trust file is whatever its owner writes; it is its digest that is held.
            let failure = undersign::trust::file::open(&path, Some(pinned.into())).unwrap_err();
            proptest::prop_assert_eq!(failure.exit, Exit::TrustUnsafe);
            // What a changed one makes of it is a verdict, never a panic.
            let _ = rig.verify();
        } else {
            let failure = rig.verify().unwrap_err();
            proptest::prop_assert!(failure.exit.code() >= 10, "{}", failure);
        }
    }

    #[test]
    fn no_changed_byte_of_the_ledger_makes_a_used_plan_free(file in 0usize..2, at: proptest::sample::Index, flip in 1u8..=255) {
        let rig = approved();
        rig.apply().0.unwrap();
        let mut entries: Vec<_> = fs::read_dir(rig.path("ledger")).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        proptest::prop_assert_eq!(entries.len(), 2);
        let mut bytes = fs::read(&entries[file]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(&entries[file], &bytes).unwrap();
        let failure = rig.apply().0.unwrap_err();
        // A claim that now names a later time or another trust file is refused even earlier.
        proptest::prop_assert!(
            matches!(failure.exit, Exit::AlreadyUsed | Exit::OutOfTime | Exit::TrustUnsafe),
            "{}", failure
        );
    }
}

/// An approved plan whose lock must be the trusted one.
fn under_lock() -> Rig {
    let rig = approved();
    let bytes = fs::read(&rig.request.plan).unwrap();
    let size = bytes.len() as u64;
    let (lock, _) = undersign::plan::archive::lock(&mut std::io::Cursor::new(bytes), size).unwrap();
    fs::write(rig.path("trusted.lock.hcl"), lock).unwrap();
    rig.trust(&format!(
        "[runner]\nlock_file = \"{}\"",
        rig.path("trusted.lock.hcl").display()
    ));
    rig
}

/// A plan that destroys, held against a policy of this text; not approved yet.
fn under_policy(text: &str) -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    let directory = rig.path("policy");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("p.rego"), text).unwrap();
    rig.request.policy = Some(directory);
    rig
}

const NO_DELETES: &str = "package main\ndeny contains msg if {\n  some rc in input.resource_changes\n  rc.address == \"terraform_data.a\"\n  \"delete\" in rc.change.actions\n  msg := \"it is needed\"\n}\n";

#[test]
fn a_deny_wants_an_override_with_a_reason() {
    for (reason, refused) in [
        (None, Some("override")),
        (Some("too short"), Some("override")),
        (Some("          x"), Some("override")),
        (Some("moved to the new account, OPS-7"), None),
    ] {
        let mut rig = under_policy(NO_DELETES);
        let (facts, required) = rig.review();
        let denied: Vec<&str> = required.iter().flat_map(Requirement::denies).collect();
        assert_eq!(denied, ["policy/main.deny"]);
        let approval = rig.sign_because(&facts, &required, reason);
        let envelope = Envelope::parse(&fs::read(approval).unwrap()).unwrap();
        let statement = Statement::parse(envelope.payload()).unwrap();
        let overrides = &statement.predicate.overrides;
        assert_eq!(
            (overrides.len(), overrides[0].address.as_str()),
            (1, "terraform_data.a")
        );
        match refused {
            Some(word) => assert_refused(rig.verify(), Exit::NotApproved, word),
            None => assert_eq!(rig.verify().unwrap().persons, ["alice"]),
        }
    }
}

#[test]
fn an_approval_under_other_policies_does_not_count() {
    let mut rig = under_policy(NO_DELETES);
    let (facts, required) = rig.review();
    rig.sign_because(&facts, &required, Some("it is really wanted"));
    let directory = rig.path("policy");
    // Another text that says the same is still another policy.
    fs::write(directory.join("q.rego"), "package other\n").unwrap();
    assert_refused(rig.verify(), Exit::Mismatch, "policy-inputs");
    fs::remove_file(directory.join("q.rego")).unwrap();
    assert!(rig.verify().is_ok());
    rig.request.policy = None;
    assert_refused(rig.verify(), Exit::Mismatch, "policy-inputs");
}

#[test]
fn an_approval_without_the_policies_of_the_trust_file_does_not_count() {
    let mut rig = under_policy(NO_DELETES);
    let directory = rig.request.policy.take().unwrap();
    rig.approve();
    assert!(rig.verify().is_ok(), "nobody demands policies yet");
    rig.trust(&format!(
        "[policy]\ndirectory = \"{}\"\n",
        directory.display()
    ));
    assert_refused(rig.verify(), Exit::Mismatch, "policy-inputs");
}

/// A finding may say where in the plan's JSON something is, and not what it is called; then it is the file's name that says
/// which JSON. Under another name it is about no row, so nobody has said yes to what is asked for.
#[test]
fn findings_that_name_places_in_a_plan_do_not_count_for_one_of_another_name() {
    use std::path::Path;
    use undersign::policy::brought::Brought;
    use undersign::policy::findings;
    use undersign::policy::findings::spot::PlanNames;

    let json = String::from_utf8(Rig::of("05-destroy-plan").json).unwrap();
    let changes = json.find("\"resource_changes\"").unwrap();
    let column = 1 + changes + json[changes..].find("\"address\"").unwrap();
    let sarif = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"json"}}}},"results":[{{"ruleId":"J1","level":"error","message":{{"text":"too short"}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"plan.json"}},"region":{{"startLine":1,"startColumn":{column}}}}}}}]}}]}}]}}"#
    );
    let named = |name: &str| {
        let mut brought = Brought {
            plan: PlanNames::of(Path::new(name)),
            findings: vec![(
                findings::read("found.sarif", sarif.as_bytes(), None).unwrap(),
                None,
            )],
            ..Brought::default()
        };
        brought.inputs.add("findings", "sarif", sarif.as_bytes());
        brought
    };
    for (reviewed, applied) in [
        ("plan.tfplan", "renamed.tfplan"),
        ("renamed.tfplan", "plan.tfplan"),
    ] {
        let mut rig = Rig::of("05-destroy-plan");
        rig.request.brought = named(reviewed);
        let (facts, required) = rig.review();
        rig.sign_because(&facts, &required, Some("accepted for this once"));
        rig.verify().unwrap();
        rig.request.brought = named(applied);
        let failure = rig.verify().unwrap_err();
        let said = failure.hints.join(" ");
        assert!(
            said.contains("policy/json/J1 was acknowledged of") && said.contains("file name"),
            "{said}"
        );
        assert_refused::<()>(Err(failure), Exit::NotApproved, "acknowledgements");
    }
}

#[test]
fn a_deny_that_lets_nobody_pass_stops_every_apply_whatever_is_signed() {
    let hard = |value: &str| {
        format!(
            "package main\ndeny contains {{\"msg\": \"no deletes\", \"not_overridable\": {value}}} if {{ some rc in input.resource_changes; \"delete\" in rc.change.actions }}"
        )
    };
    for (text, reviewer_overrides, passes) in [
        (hard("true"), true, false),
        (hard("false"), true, true),
        (NO_DELETES.to_owned(), true, true),
        (NO_DELETES.to_owned(), false, false),
    ] {
        let mut rig = under_policy(&text);
        let directory = rig.request.policy.take().unwrap();
        rig.trust(&format!(
            "[policy]\ndirectory = \"{}\"\nreviewer_overrides = {reviewer_overrides}\n",
            directory.display()
        ));
        rig.request.policy = Some(directory);
        let (facts, required) = rig.review();
        rig.sign_because(&facts, &required, Some("it is really wanted"));
        if passes {
            assert!(rig.verify().is_ok(), "{text}");
        } else {
            assert_refused(rig.verify(), Exit::HardDeny, "hard-deny");
        }
    }
}

/// A rig whose plan destroys one thing, is approved by alice, and is applied under these conditions.
fn under_conditions(text: &str) -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    let directory = rig.path("conditions");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("c.rego"), text).unwrap();
    rig.trust(&format!(
        "[conditions]\ndirectory = \"{}\"\n",
        directory.display()
    ));
    rig.approve();
    rig
}

#[test]
fn a_condition_in_rego_sees_the_time_the_people_and_the_plan_and_nothing_else() {
    let hour = "time.clock(time.parse_rfc3339_ns(input.review.now))[0]";
    let by_rig = Rig::of("05-destroy-plan");
    let now = by_rig.request.now.to_zoned(jiff::tz::TimeZone::UTC);
    let (this, other) = (now.hour(), (now.hour() + 1) % 24);
    for (body, refused) in [
        (format!("{hour} == {this}"), true),
        (format!("{hour} == {other}"), false),
        ("input.counts.delete > 0".into(), true),
        ("input.counts.delete > 100".into(), false),
        ("not \"bob\" in {a.by | some a in input.review.approvals}".into(), true),
        ("not \"alice\" in {a.by | some a in input.review.approvals}".into(), false),
        ("input.review.requester == \"agent\"".into(), false),
        ("some change in input.changes; \"delete\" in change.actions; \"delete\" in change.rules".into(), true),
        ("input.scope.id != \"everything\"".into(), false),
        ("input.review.approvals[0].mode != \"normal\"".into(), false),
    ] {
        let text = format!("package c\ndeny contains \"it may not be\" if {{ {body} }}\n");
        let rig = under_conditions(&text);
        let verified = rig.verify();
        if refused {
            assert_refused(verified, Exit::HardDeny, "conditions");
        } else {
            assert!(verified.is_ok(), "{body}: {verified:?}");
        }
    }
}

#[test]
fn conditions_that_cannot_be_asked_stop_every_apply() {
    for text in [
        "package c\ndeny contains msg if {",
        "package c\nx := 1",
        // There is no clock.
        "package c\ndeny contains \"m\" if { time.now_ns() > 0 }",
        "package c\ndeny contains 7 if true",
    ] {
        assert_refused(
            under_conditions(text).verify(),
            Exit::HardDeny,
            "conditions-trouble",
        );
    }
    let rig = under_conditions("package c\ndeny contains \"m\" if false");
    assert!(rig.verify().is_ok());
    let directory = rig.path("conditions");
    rig.trust(&format!(
        "[conditions]\ndirectory = \"{}\"\nsha256 = \"{}\"\n",
        directory.display(),
        "0".repeat(64)
    ));
    assert_refused(rig.verify(), Exit::Mismatch, "policy-digest");
    fs::remove_dir_all(directory).unwrap();
    assert!(rig.verify().is_err());
}

#[test]
fn a_policy_that_cannot_be_evaluated_stops_every_apply() {
    for text in [
        "package main\ndeny contains msg if {",
        "package main\ndeny contains 7 if true",
        "package main\ndeny contains \"m\" if { print(input.terraform_version); false }",
    ] {
        let mut rig = under_policy(text);
        let (facts, required) = rig.review();
        rig.sign_because(&facts, &required, Some("it is really wanted"));
        assert_refused(rig.verify(), Exit::HardDeny, "policy-trouble");
    }
}

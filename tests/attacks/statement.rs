//! Attacks on what is said: another plan, another target, other rules, two readings of the same bytes.

use undersign::approval::covers::covers;
use undersign::approval::facts::matches;
use undersign::approval::key::PublicKey;
use undersign::approval::statement::Statement;
use undersign::failure::Exit;

use super::rig::{self, approval, facts, requirement, seal, statement, trust};
use super::{ANY, alice, judge, refused};

#[test]
fn a17_a_statement_has_one_reading() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let good = String::from_utf8(statement("alice", &alice().public()).to_bytes()).unwrap();
    let hex = "01".repeat(32);
    for (what, from, to) in [
        (
            "a key twice",
            "\"decision\":\"approve\"",
            "\"decision\":\"reject\",\"decision\":\"approve\"",
        ),
        (
            "an escaped key twice",
            "\"decision\":\"approve\"",
            "\"decision\":\"approve\",\"\\u0064ecision\":\"approve\"",
        ),
        (
            "an unknown condition",
            "\"mode\":",
            "\"onlyIf\":\"x\",\"mode\":",
        ),
        ("another decision", "\"approve\"", "\"reject\""),
        ("upper-case hexadecimal", "0202020202", "0A02020202"),
        ("upper-case hexadecimal alone", "0505050505", "0505A50505"),
        ("no zone", "13:50:00Z", "13:50:00"),
        ("another zone", "13:50:00Z", "13:50:00+02:00"),
        ("a leap second", "13:50:00Z", "13:49:60Z"),
        (
            "a second digest",
            "\"digest\":{",
            "\"digest\":{\"md5\":\"x\",",
        ),
        (
            "a second subject",
            "\"subject\":[",
            &format!("\"subject\":[{{\"name\":\"x\",\"digest\":{{\"sha256\":\"{hex}\"}}}},"),
        ),
        (
            "no subject",
            &format!("[{{\"name\":\"plan.tfplan\",\"digest\":{{\"sha256\":\"{hex}\"}}}}]"),
            "[]",
        ),
        ("a fraction", "\"stateSerial\":41", "\"stateSerial\":41.0"),
        ("an exponent", "\"stateSerial\":41", "\"stateSerial\":41e0"),
        (
            "a negative number",
            "\"stateSerial\":41",
            "\"stateSerial\":-41",
        ),
        (
            "a number beyond 64 bits",
            "\"stateSerial\":41",
            "\"stateSerial\":18446744073709551616",
        ),
        ("a space", "\"mode\":", "\"mode\": "),
        (
            "an escape",
            "\"mode\":\"normal\"",
            "\"mode\":\"norm\\u0061l\"",
        ),
        (
            "null for nothing",
            "\"issuedAt\":",
            "\"requester\":null,\"issuedAt\":",
        ),
        (
            "another statement type",
            "in-toto.io/Statement/v1",
            "in-toto.io/Statement/v0.1",
        ),
        (
            "another predicate",
            "urn:undersign:plan-approval:v1",
            "urn:undersign:plan-approval:v2",
        ),
        ("a short nonce", "b64u:Bw", "b64u:"),
        (
            "an unknown mode",
            "\"mode\":\"normal\"",
            "\"mode\":\"quick\"",
        ),
        (
            "bytes behind",
            "\"window agreed with on-call\"}}",
            "\"window agreed with on-call\"}} ",
        ),
    ] {
        let bad = good.replacen(from, to, 1);

        assert_ne!(bad, good, "{what}: nothing was changed");
        let (exit, reason) = refused(judge(&trust, &seal(alice(), bad.into_bytes())));
        assert_eq!(exit, Exit::BadSignature, "{what}");
        assert!(reason.starts_with("statement"), "{what}: {reason}");
    }
    let reviewer = format!(
        "{{\"person\":\"alice\",\"key\":\"{}\"}}",
        alice().public().fingerprint()
    );
    let array = format!("[\"alice\",\"{}\"]", alice().public().fingerprint());
    let bad = good.replacen(&reviewer, &array, 1);
    assert_ne!(bad, good);
    assert_eq!(
        refused(judge(&trust, &seal(alice(), bad.into_bytes()))),
        (Exit::BadSignature, "statement-form")
    );
    assert!(judge(&trust, &seal(alice(), good.into_bytes())).is_ok());
}

#[test]
fn a18_what_weaker_rules_did_not_ask_for_is_not_acknowledged() {
    let approved = statement("alice", &alice().public());
    let acks = &approved.predicate.acknowledgements;
    let database = |rules: &[&str]| requirement("aws_db_instance.main", rules);
    assert_eq!(covers(&[database(&["delete-stateful"])], acks), Ok(()));
    let mut deposed = database(&["delete-stateful"]);
    deposed.key.deposed = Some("a1b2c3d4".into());
    let mut replaced = database(&["delete-stateful"]);
    replaced.actions = vec!["delete".into(), "create".into()];
    let mut output = database(&["delete-stateful"]);
    output.key.kind = "output".into();
    for missing in [
        database(&["delete-stateful", "protection-weakened"]),
        requirement("aws_db_instance.other", &["delete-stateful"]),
        deposed,
        replaced,
        output,
    ] {
        let result = covers(std::slice::from_ref(&missing), acks);
        assert_eq!(
            refused(result),
            (Exit::NotApproved, "acknowledgements"),
            "{missing:?}"
        );
    }
}

#[test]
fn a18_a_pinned_ruleset_is_asked_for() {
    let scope = |digit: &str| format!("{ANY}ruleset_sha256 = \"{}\"\n", digit.repeat(32));
    let persons: &[(&str, &[PublicKey])] = &[("alice", &[alice().public()])];
    let file = approval(alice(), "alice");
    assert!(judge(&trust(persons, &scope("05")), &file).is_ok());
    assert_eq!(
        refused(judge(&trust(persons, &scope("06")), &file)),
        (Exit::Mismatch, "ruleset")
    );
}

#[test]
fn a12_an_approval_is_for_one_plan_and_one_target() {
    type Change = fn(&mut undersign::approval::facts::Facts);
    let approved = statement("alice", &alice().public());
    assert_eq!(matches(&approved, &facts()), Ok(()));
    let changes: [(&str, Change); 14] = [
        ("subject", |f| {
            f.plan_file.as_mut().unwrap().sha256 = [9; 32];
        }),
        ("json-sha256", |f| f.json.sha256 = [9; 32]),
        ("scope", |f| f.target.scope = "dev".into()),
        ("workspace", |f| f.target.workspace = Some("default".into())),
        ("backend", |f| {
            f.target.backend.as_mut().unwrap().backend_type = "local".into();
        }),
        ("backend", |f| f.target.backend = None),
        ("state-lineage", |f| {
            f.target.state_lineage = Some(String::new());
        }),
        ("state-serial", |f| f.target.state_serial = Some(40)),
        ("tool", |f| f.tool = Some("tofu".into())),
        ("tool-version", |f| f.tool_version = "1.11.3".into()),
        ("lock", |f| f.lock_sha256 = None),
        ("apply-time-variables", |f| {
            f.apply_time_variables = vec!["token".into()];
        }),
        ("local-code", |f| f.runs_local_code = true),
        ("counts", |f| f.counts.delete = 2),
    ];
    for (reason, change) in changes {
        let mut other = facts();
        change(&mut other);
        assert_eq!(
            refused(matches(&approved, &other)),
            (Exit::Mismatch, reason)
        );
    }
}

#[test]
fn a12_an_approval_of_a_plan_json_is_for_the_plan_file_that_prints_it() {
    let mut seen = facts();
    seen.plan_file = None;
    seen.tool = None;
    seen.lock_sha256 = None;
    seen.target = undersign::approval::facts::Target {
        scope: "prod".into(),
        workspace: None,
        backend: None,
        state_lineage: None,
        state_serial: None,
        account: None,
    };
    let said = rig::said("alice", &alice().public());
    let policy = statement("alice", &alice().public()).predicate.policy;
    let approved = Statement::approve(&seen, policy, said);
    assert_eq!(matches(&approved, &facts()), Ok(()));
    let mut other = facts();
    other.json.sha256 = [9; 32];
    assert_eq!(
        refused(matches(&approved, &other)),
        (Exit::Mismatch, "subject")
    );
}

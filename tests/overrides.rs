//! Overrides as comments: one case for each thing that can become of one, and for each way to be misled by one.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::civil::date;
use undersign::plan::snapshot::Snapshot;
use undersign::policy::overrides::{self, From, Outcome, State};
use undersign::policy::{Kind, NOT_OVERRIDABLE, Opinion, Verdict};

/// A configuration: path inside the snapshot and text.
type Files<'a> = &'a [(&'a str, &'a str)];

fn deny(rule: &str, address: &str) -> Verdict {
    Verdict {
        kind: Kind::Deny,
        rule: rule.into(),
        message: "no".into(),
        address: Some(address.into()),
        source: None,
        tool: "checkov".into(),
        metadata: BTreeMap::new(),
    }
}

fn hard(rule: &str, address: &str) -> Verdict {
    let mut verdict = deny(rule, address);
    verdict
        .metadata
        .insert(NOT_OVERRIDABLE.into(), "\"\"".into());
    verdict
}

fn apply(files: Files<'_>, denies: &[Verdict], from: From) -> (Outcome, Opinion) {
    let files = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    let mut unread = Vec::new();
    let snapshot = Snapshot::read(&files, &mut unread);
    assert_eq!(unread, Vec::<String>::new());
    let mut opinion = Opinion {
        verdicts: denies.to_vec(),
        troubles: Vec::new(),
    };
    let read = overrides::read(snapshot.comments());
    let outcome = overrides::apply(&mut opinion, read, from, date(2026, 11, 25));
    (outcome, opinion)
}

fn main_tf(text: &str) -> [(&str, &str); 1] {
    [("m-/main.tf", text)]
}

const SITE: &str = "resource \"aws_s3_bucket\" \"site\" {\n}\n";

#[test]
fn each_override_comes_to_its_state() {
    let public = deny("checkov/CKV_AWS_20", "aws_s3_bucket.site");
    let log = deny("checkov/CKV_AWS_18", "aws_s3_bucket.site");
    let both = &[public.clone(), log.clone()][..];
    let one = std::slice::from_ref(&public);
    let hard = hard("sentinel/keep", "aws_s3_bucket.site");
    for (comment, denies, state, accepted) in [
        (
            "# POLICY-OVERRIDE: a public site, OPS-1",
            one,
            State::Used,
            1,
        ),
        (
            "// POLICY-OVERRIDE: a public site, OPS-1",
            one,
            State::Used,
            1,
        ),
        (
            "/* POLICY-OVERRIDE: a public site, OPS-1 */",
            one,
            State::Used,
            1,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20]: a public site",
            both,
            State::Used,
            1,
        ),
        (
            "# POLICY-OVERRIDE[checkov/CKV_AWS_20]: a public site",
            both,
            State::Used,
            1,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20, CKV_AWS_18]: a public site",
            both,
            State::Used,
            2,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20] until=2026-11-25: a public site",
            one,
            State::Used,
            1,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20] for=aws_s3_bucket.site until=2026-12-31: a public site",
            one,
            State::Used,
            1,
        ),
        (
            "# POLICY-OVERRIDE: a public site, OPS-1",
            both,
            State::Ambiguous,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20] until=2026-11-24: a public site",
            one,
            State::Expired,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_21]: a public site",
            one,
            State::Unused,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_2]: a public site",
            one,
            State::Unused,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20] for=aws_s3_bucket.other: a public site",
            one,
            State::Unused,
            0,
        ),
        (
            "# POLICY-OVERRIDE: a public site, OPS-1",
            &[][..],
            State::Unused,
            0,
        ),
        (
            "# POLICY-OVERRIDE[keep]: a public site, OPS-1",
            std::slice::from_ref(&hard),
            State::NotOverridable,
            0,
        ),
        (
            "# POLICY-OVERRIDE: a public site, OPS-1",
            &[hard.clone(), public.clone()][..],
            State::Used,
            1,
        ),
        ("# POLICY-OVERRIDE: too short", one, State::Malformed, 0),
        ("# POLICY-OVERRIDE", one, State::Malformed, 0),
        (
            "# POLICY-OVERRIDE allow this because I say so",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE[]: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE[CKV_AWS_20,]: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE until=soon: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE until=2026-02-30: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE until=2026-12-01 until=2027-01-01: a public site",
            one,
            State::Malformed,
            0,
        ),
        (
            "# POLICY-OVERRIDE by=alice: a public site",
            one,
            State::Malformed,
            0,
        ),
    ] {
        let text = format!("{comment}\n{SITE}");
        let (outcome, opinion) = apply(&main_tf(&text), denies, From::PlanFile);
        let states: Vec<State> = outcome.states.iter().map(|(_, state)| *state).collect();
        assert_eq!(states, [state], "{comment}");
        assert_eq!(outcome.accepted.len(), accepted, "{comment}");
        // Each is told: beside its deny, or as a verdict of its own. A deny never goes away.
        let denies_left = opinion
            .verdicts
            .iter()
            .filter(|v| v.kind == Kind::Deny)
            .count();
        assert_eq!(denies_left, denies.len(), "{comment}");
        let told = opinion
            .verdicts
            .iter()
            .any(|v| v.rule == format!("override/{}", state.word()));
        assert_eq!(told, state != State::Used, "{comment}");
    }
    let text = format!("# POLICY-OVERRIDE: a public site, OPS-1\n{SITE}");
    let (outcome, _) = apply(&main_tf(&text), one, From::WorkingTree);
    assert_eq!(outcome.states[0].1, State::FromWorkingTreeOnly);
    assert_eq!(outcome.accepted, []);
}

#[test]
fn an_override_reaches_what_it_stands_at_and_nothing_else() {
    let on = |address: &str| deny("main.deny", address);
    for (what, text, denies, accepted) in [
        (
            "a blank line between",
            "# POLICY-OVERRIDE: reason enough here\n\nresource \"a_b\" \"c\" {}\n",
            vec![on("a_b.c")],
            0,
        ),
        (
            "other comments between",
            "# POLICY-OVERRIDE: reason enough here\n# and more words\nresource \"a_b\" \"c\" {}\n",
            vec![on("a_b.c")],
            1,
        ),
        (
            "inside the block",
            "resource \"a_b\" \"c\" {\n  # POLICY-OVERRIDE: reason enough here\n}\n",
            vec![on("a_b.c")],
            1,
        ),
        (
            "behind a setting",
            "resource \"a_b\" \"c\" {\n  x = 1 # POLICY-OVERRIDE: reason enough here\n}\n",
            vec![on("a_b.c")],
            1,
        ),
        (
            "all instances",
            "# POLICY-OVERRIDE: reason enough here\nresource \"a_b\" \"c\" {}\n",
            vec![on("a_b.c[0]"), on(r#"a_b.c["y.z"]"#)],
            2,
        ),
        (
            "another block",
            "# POLICY-OVERRIDE: reason enough here\nresource \"a_b\" \"c\" {}\nresource \"a_b\" \"d\" {}\n",
            vec![on("a_b.d")],
            0,
        ),
        (
            "a data source of the same name",
            "# POLICY-OVERRIDE: reason enough here\nresource \"a_b\" \"c\" {}\n",
            vec![on("data.a_b.c")],
            0,
        ),
        (
            "text in a string",
            "resource \"a_b\" \"c\" {\n  x = \"# POLICY-OVERRIDE: reason enough here\"\n}\n",
            vec![on("a_b.c")],
            0,
        ),
        (
            "text in a heredoc",
            "resource \"a_b\" \"c\" {\n  x = <<-E\n    # POLICY-OVERRIDE: reason enough here\n  E\n}\n",
            vec![on("a_b.c")],
            0,
        ),
        (
            "one instance by its key",
            "# POLICY-OVERRIDE for=a_b.c[\"q\\\"t: x\"]: reason enough here\nresource \"a_b\" \"c\" {}\n",
            vec![on("a_b.c[\"q\\\"t: x\"]"), on("a_b.c[\"other\"]")],
            1,
        ),
        (
            "a deleted resource",
            "# POLICY-OVERRIDE[main.deny] for=a_b.old: reason enough here\n",
            vec![on("a_b.old")],
            1,
        ),
        (
            "a removed block",
            "# POLICY-OVERRIDE: reason enough here\nremoved {\n  from = a_b.old\n}\n",
            vec![on("a_b.old")],
            1,
        ),
        (
            "an address without a place",
            "# POLICY-OVERRIDE[main.deny]: reason enough here\n",
            vec![on("a_b.old")],
            0,
        ),
        (
            "a module's call",
            "# POLICY-OVERRIDE: reason enough here\nmodule \"m\" {\n  source = \"./m\"\n}\n",
            vec![
                on("module.m.a_b.c"),
                on("module.m[0].module.n.a_b.d"),
                on("module.mm.a_b.c"),
            ],
            2,
        ),
        (
            "an address in a module",
            "# POLICY-OVERRIDE for=module.m.a_b.c: reason enough here\nmodule \"m\" {\n  source = \"./m\"\n}\n",
            vec![on("module.m.a_b.c"), on("module.m.a_b.d")],
            1,
        ),
        (
            "the key looks like another address",
            "# POLICY-OVERRIDE for=a_b.x: reason enough here\n",
            vec![on(r#"c_d.e["].a_b.x["]"#)],
            0,
        ),
        (
            "not at the front",
            "# see POLICY-OVERRIDE: reason enough here\nresource \"a_b\" \"c\" {}\n",
            vec![on("a_b.c")],
            0,
        ),
    ] {
        let (outcome, opinion) = apply(&main_tf(text), &denies, From::PlanFile);
        assert_eq!(outcome.accepted.len(), accepted, "{what}: {outcome:#?}");
        let marked = opinion
            .verdicts
            .iter()
            .filter(|v| v.metadata.contains_key(overrides::OVERRIDE));
        assert_eq!(marked.count(), accepted, "{what}");
    }
}

#[test]
fn files_that_make_lookups_hard_are_read_as_the_tool_reads_them() {
    let modules = r#"[{"Key":"","Dir":"."},{"Key":"a","Dir":"shared"},{"Key":"b","Dir":"shared"}]"#;
    let comment = "# POLICY-OVERRIDE: reason enough here\n";
    let shared = format!("{comment}resource \"x_y\" \"z\" {{}}\n");
    let merged = format!("{comment}resource \"a_b\" \"c\" {{}}\n");
    let json = r#"{"resource":{"a_b":{"c":{"//":"POLICY-OVERRIDE: reason enough here"}}}}"#;
    let on = |address: &str| deny("main.deny", address);
    for (what, files, denies, accepted) in [
        (
            "a shared directory acts for all who call it",
            vec![
                ("modules.json", modules),
                ("m-a/main.tf", &*shared),
                ("m-b/main.tf", &*shared),
            ],
            vec![
                on("module.a.x_y.z"),
                on("module.b[0].x_y.z[1]"),
                on("x_y.z"),
            ],
            2,
        ),
        (
            "an override file is part of the block",
            vec![
                ("m-/main.tf", "resource \"a_b\" \"c\" {}\n"),
                ("m-/main_override.tf", &*merged),
            ],
            vec![on("a_b.c")],
            1,
        ),
        (
            "JSON has comments as keys",
            vec![("m-/main.tf.json", json)],
            vec![on("a_b.c")],
            1,
        ),
        (
            "a file of OpenTofu stands for its twin",
            vec![
                ("m-/main.tf", &*merged),
                ("m-/main.tofu", "resource \"a_b\" \"c\" {}\n"),
            ],
            vec![on("a_b.c")],
            0,
        ),
    ] {
        let (outcome, _) = apply(&files, &denies, From::PlanFile);
        assert_eq!(outcome.accepted.len(), accepted, "{what}: {outcome:#?}");
    }
}

#[test]
fn the_reason_goes_on_below_and_keeps_its_place() {
    let text = "\n# POLICY-OVERRIDE[main.deny]: the restore was tested\n# on Monday, see OPS-9\nresource \"a_b\" \"c\" {}\n";
    let (outcome, opinion) = apply(
        &main_tf(text),
        &[deny("main.deny", "a_b.c")],
        From::PlanFile,
    );
    let accepted = &outcome.accepted[0];
    assert_eq!(
        accepted.reason,
        "the restore was tested on Monday, see OPS-9"
    );
    assert_eq!(accepted.place, "main.tf:2");
    assert_eq!(
        opinion.verdicts[0].metadata[overrides::OVERRIDE_AT],
        "main.tf:2"
    );

    // Two overrides one below the other are two, and the first that accepts a deny is the one that counts.
    let text = "# POLICY-OVERRIDE[x]: the first of the reasons\n# POLICY-OVERRIDE[main.deny]: the second of the reasons\n# POLICY-OVERRIDE[main.deny]: the third of the reasons\nresource \"a_b\" \"c\" {}\n";
    let (outcome, _) = apply(
        &main_tf(text),
        &[deny("main.deny", "a_b.c")],
        From::PlanFile,
    );
    let states: Vec<State> = outcome.states.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [State::Unused, State::Used, State::Unused]);
    assert_eq!(outcome.accepted[0].reason, "the second of the reasons");
}

#[test]
fn only_denies_are_overridden_and_the_scope_by_nobody() {
    let mut warn = deny("main.warn", "aws_s3_bucket.site");
    warn.kind = Kind::Warn;
    let mut of_plan = deny("main.deny", "");
    of_plan.address = None;
    let text = format!("# POLICY-OVERRIDE: a public site, OPS-1\n{SITE}");
    for verdict in [warn, of_plan] {
        let (outcome, _) = apply(&main_tf(&text), &[verdict], From::PlanFile);
        assert_eq!(outcome.states[0].1, State::Unused);
    }
}

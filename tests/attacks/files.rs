//! Attacks with files: another spelling of an envelope, large and deep ones, many of them.

use undersign::approval::envelope::MAX_BYTES;
use undersign::failure::Exit;
use undersign::trust::approvals::{MAX_FILES, check, gather};

use super::rig::{approval, seal, time, trust};
use super::{ANY, alice, judge, refused};

#[test]
fn a17_an_envelope_has_one_spelling() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let good = String::from_utf8(approval(alice(), "alice")).unwrap();
    let signature = &good[good.find("[{").unwrap() + 1..good.rfind(']').unwrap()];
    for (what, from, to) in [
        (
            "two signatures",
            "\"signatures\":[",
            format!("\"signatures\":[{signature},").as_str(),
        ),
        ("no signature", signature, ""),
        ("a key id", "{\"sig\":", "{\"keyid\":\"x\",\"sig\":"),
        (
            "an unknown field",
            "{\"payload\":",
            "{\"extra\":1,\"payload\":",
        ),
        ("another type", "vnd.in-toto+json", "json"),
        (
            "a payload twice",
            "{\"payload\":",
            "{\"payload\":\"\",\"payload\":",
        ),
        ("a space", "\"payloadType\":", "\"payloadType\": "),
        ("a line more", "}\n", "}\n\n"),
        ("no line end", "}\n", "}"),
        ("an escape", "payloadType", "p\\u0061yloadType"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{what}: nothing was changed");
        assert_eq!(
            refused(judge(&trust, bad.as_bytes())).0,
            Exit::BadSignature,
            "{what}"
        );
    }
}

#[test]
fn a20_a_large_or_deep_file_is_refused_before_it_is_understood() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    assert_eq!(
        refused(judge(&trust, &vec![b'['; MAX_BYTES + 1])),
        (Exit::BadSignature, "too-large")
    );
    let deep = "[".repeat(MAX_BYTES);
    assert_eq!(
        refused(judge(&trust, deep.as_bytes())),
        (Exit::BadSignature, "envelope")
    );
    let nested = format!("{{\"payload\":{}", "{\"a\":".repeat(100_000));
    assert_eq!(
        refused(judge(&trust, nested.as_bytes())),
        (Exit::BadSignature, "envelope")
    );
    assert_eq!(
        refused(judge(&trust, &seal(alice(), deep[..500_000].into()))).0,
        Exit::BadSignature
    );
}

#[test]
fn a21_sixteen_approvals_are_looked_at_and_no_more() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let file = |at: usize| (format!("{at}.json"), approval(alice(), "alice"));
    let files: Vec<_> = (0..=MAX_FILES).map(file).collect();
    let looked_at = std::cell::Cell::new(0);
    let counting = |bytes: &[u8]| {
        looked_at.set(looked_at.get() + 1);
        judge(&trust, bytes)
    };
    assert_eq!(
        refused(gather(&files, counting)),
        (Exit::BadSignature, "too-many")
    );
    assert_eq!(looked_at.get(), 0);
    assert_eq!(
        gather(&files[1..], counting).unwrap().verified.len(),
        MAX_FILES
    );
}

#[test]
fn a21_a_junk_file_neither_blocks_a_good_one_nor_hides_the_best_reason() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let junk = ("junk.json".to_owned(), b"{}".to_vec());
    let good = ("alice.json".to_owned(), approval(alice(), "alice"));
    let gathered = gather(&[junk.clone(), good.clone()], |bytes| judge(&trust, bytes)).unwrap();
    assert_eq!((gathered.verified.len(), gathered.refused.len()), (1, 1));
    assert_eq!(gathered.refused[0].0, "junk.json");

    let late = |bytes: &[u8]| {
        check(
            bytes,
            &trust,
            &trust.scopes[0],
            time("2026-11-26T10:00:00Z"),
        )
    };
    let failure = gather(&[good, junk], late).unwrap_err();
    assert_eq!((failure.exit, failure.reason), (Exit::OutOfTime, "expired"));
    assert!(failure.error.starts_with("alice.json: "));
    assert_eq!(
        refused(gather(&[], late)),
        (Exit::NotApproved, "no-approval")
    );
}

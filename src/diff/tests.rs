//! Rows of made-up changes, one table entry a kind.

use super::secrets::NOT_YET;
use super::*;

fn values(json: &str) -> Values {
    Values::of_item(&format!(r#"{{"change":{json}}}"#)).unwrap()
}

fn entries(json: &str) -> Vec<Entry> {
    attributes(&values(json), Looking::default())
}

/// One line a row: depth as dots, label, kind, sides, note.
fn told(entries: &[Entry]) -> Vec<String> {
    let side = |side: &Side| match side {
        Side::Absent => "absent".to_owned(),
        Side::Null => "null".to_owned(),
        Side::Text(text) => format!("'{text}'"),
        Side::Literal(text) => text.clone(),
        Side::NotYet => NOT_YET.into(),
        Side::Secret => "secret".to_owned(),
        Side::Unknown { secret: false } => "unknown".to_owned(),
        Side::Unknown { secret: true } => "unknown secret".to_owned(),
        Side::Members(n) => format!("{{{n}}}"),
        Side::Elements(n) => format!("[{n}]"),
    };
    entries
        .iter()
        .map(|e| {
            let note = e
                .note
                .as_ref()
                .map(|n| format!(" ({n})"))
                .unwrap_or_default();
            let forces = if e.forces_replacement { " !" } else { "" };
            let (dots, kind) = (".".repeat(e.depth), format!("{:?}", e.kind).to_lowercase());
            format!(
                "{dots}{} {kind} {} {}{note}{forces}",
                e.label,
                side(&e.old),
                side(&e.new)
            )
        })
        .collect()
}

#[test]
fn each_kind_of_difference_is_told_apart() {
    for (change, expected) in [
        // Null, absent and a value, when both objects exist.
        (
            r#""before":{"a":1},"after":{"a":1.0}"#,
            vec!["a unchanged 1 1.0"],
        ),
        (r#""before":{},"after":{"a":1}"#, vec!["a added absent 1"]),
        (
            r#""before":{"a":"x"},"after":{}"#,
            vec!["a removed 'x' absent"],
        ),
        (
            r#""before":{"a":null},"after":{"a":"x"}"#,
            vec!["a changed null 'x'"],
        ),
        (
            r#""before":{"a":"x"},"after":{"a":null}"#,
            vec!["a changed 'x' null"],
        ),
        (
            r#""before":{},"after":{"a":null}"#,
            vec!["a added absent null"],
        ),
        (
            r#""before":{"a":"1"},"after":{"a":1}"#,
            vec!["a changed '1' 1"],
        ),
        // Null says nothing where the object is new or gone.
        (
            r#""before":null,"after":{"a":null,"b":{"c":null}}"#,
            vec![
                "a unset absent null",
                "b added absent {1}",
                ".c unset absent null",
            ],
        ),
        (
            r#""before":{"a":null,"b":1},"after":null"#,
            vec!["a unset null absent", "b removed 1 absent"],
        ),
        (
            r#""before":null,"after":{"a":"","b":[{"c":{},"d":0}]}"#,
            vec![
                "a unset absent ''",
                "b added absent [1]",
                ".[0] added absent {2}",
                "..c unset absent {}",
                "..d added absent 0",
            ],
        ),
        // Known only after apply.
        (
            r#""before":{"a":"x","b":"y"},"after":{"b":"y"},"after_unknown":{"a":true,"c":true}"#,
            vec![
                "a unknown 'x' unknown",
                "b unchanged 'y' 'y'",
                "c unknown absent unknown",
            ],
        ),
        (
            r#""before":{"l":["a","b"]},"after":{"l":["a",null]},"after_unknown":{"l":[false,true]}"#,
            vec![
                "l changed [2] [2]",
                ".[0] unchanged 'a' 'a'",
                ".[1] unknown 'b' unknown",
            ],
        ),
        (
            r#""before":null,"after":{"m":{}},"after_unknown":{"m":{"k":true}}"#,
            vec!["m added absent {1}", ".k unknown absent unknown"],
        ),
        (
            r#""before":null,"after_unknown":true"#,
            vec![" unknown null unknown"],
        ),
        (r#""before":null,"after":null"#, vec![]),
        // Sensitive on one side covers both.
        (
            r#""before":{"p":"old"},"after":{"p":"new"},"after_sensitive":{"p":true}"#,
            vec!["p changed secret secret"],
        ),
        (
            r#""before":{"p":"same","q":1},"after":{"p":"same","q":1},"before_sensitive":{"q":true},"after_sensitive":{"p":true}"#,
            vec![
                "p sensitivity secret secret (becomes sensitive, same value)",
                "q sensitivity secret secret (no longer sensitive, same value)",
            ],
        ),
        (
            r#""before":{"p":"a"},"after":{"p":null},"before_sensitive":{"p":true},"after_sensitive":{"p":true}"#,
            vec!["p changed secret null"],
        ),
        (
            r#""before":null,"after":{},"after_unknown":{"p":true},"after_sensitive":{"p":true}"#,
            vec!["p unknown absent unknown secret"],
        ),
        (
            r#""before":{"o":{"a":1}},"after":{"o":{"a":2}},"before_sensitive":{"o":true},"after_sensitive":{"o":true}"#,
            vec!["o changed secret secret"],
        ),
        // An output has one value and no name.
        (r#""before":"a","after":"b""#, vec![" changed 'a' 'b'"]),
        (
            r#""before":{"a":"x"},"after":{"a":"y"},"before_sensitive":true,"after_sensitive":true"#,
            vec![" changed secret secret"],
        ),
        (
            r#""before":null,"after":["a"]"#,
            vec![" added null [1]", ".[0] added absent 'a'"],
        ),
        // Lists.
        (
            r#""before":{"l":["a","b"]},"after":{"l":["b","a"]}"#,
            vec![
                "l reordered [2] [2] (same elements, other order)",
                ".[0] unchanged 'b' 'b' (was [1])",
                ".[1] unchanged 'a' 'a' (was [0])",
            ],
        ),
        (
            r#""before":{"l":[]},"after":{"l":[]}"#,
            vec!["l unchanged [] []"],
        ),
        (
            r#""before":{"l":null},"after":{"l":["a"]}"#,
            vec!["l added null [1] (was null)", ".[0] added absent 'a'"],
        ),
        // Of another type altogether.
        (
            r#""before":{"a":[1]},"after":{"a":{"b":"c"}}"#,
            vec![r#"a changed [1] { "b": "c" }"#],
        ),
    ] {
        assert_eq!(
            told(&entries(&format!("{{{change}}}"))),
            expected,
            "{change}"
        );
    }
}

#[test]
fn what_forces_the_replacement_comes_first_and_deep_paths_find_the_nearest_row() {
    let values =
        values(r#"{"before":{"a":1,"b":{"c":[1]},"d":"x"},"after":{"a":2,"b":{"c":[2]},"d":"x"}}"#);
    let forced: [Box<str>; 2] = ["b.c[0]".into(), "d[7].nothing".into()];
    let looking = Looking {
        forced: &forced,
        ..Looking::default()
    };
    assert_eq!(
        told(&attributes(&values, looking)),
        [
            "b changed {1} {1}",
            ".c changed [1] [1]",
            "..[0] changed 1 2 !",
            "d unchanged 'x' 'x' !",
            "a changed 1 2",
        ]
    );
}

#[test]
fn a_secret_is_masked_at_its_path_by_its_value_and_as_a_key() {
    let change = r#"{"before":{"p":"hunter2-x","q":"url://hunter2-x","m":{"hunter2-x":1}},
        "after":{"p":"hunter3-y","q":"url://hunter3-y","m":{"hunter3-y":1},"j":"{\"deep\":[\"hunter3-y\"]}"},
        "before_sensitive":{"p":true},"after_sensitive":{"p":true}}"#;
    let rows = entries(change);
    let shown = format!("{:?}", told(&rows))
        + &format!("{:?}", rows.iter().map(|e| &e.document).collect::<Vec<_>>());
    assert!(!shown.contains("hunter"), "{shown}");
    let q = rows.iter().find(|e| e.label == "q").unwrap();
    assert_eq!(
        told(std::slice::from_ref(q)),
        ["q changed 'url://(sensitive)' 'url://(sensitive)' (differs in a secret)"]
    );
    let revealed = attributes(
        &values(change),
        Looking {
            revealed: Some("p"),
            ..Looking::default()
        },
    );
    let p = revealed.iter().find(|e| e.path == "p").unwrap();
    assert_eq!(
        told(std::slice::from_ref(p)),
        ["p changed 'hunter2-x' 'hunter3-y'"]
    );
    assert!(
        revealed
            .iter()
            .filter(|e| e.path != "p")
            .all(|e| !format!("{:?}{:?}", e.old, e.new).contains("hunter"))
    );
}

#[test]
fn secrets_marked_elsewhere_in_the_plan_are_masked_too() {
    let mut plan = Secrets::default();
    plan.add("from-another-change");
    let looking = Looking {
        secrets: Some(&plan),
        ..Looking::default()
    };
    let rows = attributes(
        &values(r#"{"before":null,"after":{"x":"from-another-change!"}}"#),
        looking,
    );
    assert_eq!(told(&rows), ["x added absent '(sensitive)!'"]);
}

#[test]
fn without_any_marks_names_decide() {
    let rows = entries(
        r#"{"before":null,"after":{"master_password":"opensesame","user":"x","tokens":["abcdefgh"]}}"#,
    );
    assert_eq!(
        told(&rows),
        [
            "master_password added absent secret",
            "tokens added absent [1]",
            ".[0] added absent secret",
            "user added absent 'x'"
        ]
    );
    let marked =
        entries(r#"{"before":null,"after":{"master_password":"opensesame"},"after_sensitive":{}}"#);
    assert_eq!(told(&marked), ["master_password added absent 'opensesame'"]);
}

#[test]
fn deep_values_are_shown_without_deep_recursion() {
    let depth = 900;
    let side = |leaf: u8| format!("{}{leaf}{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let rows = entries(&format!(r#"{{"before":{},"after":{}}}"#, side(1), side(2)));
    let text = serde_json::to_string(&format!("{}{}", "[".repeat(990), "]".repeat(990))).unwrap();
    let embedded = entries(&format!(r#"{{"before":null,"after":{{"a":{text}}}}}"#));
    assert!(embedded[0].document.is_some());
    assert!(rows.len() < 60);
    assert_eq!(rows.last().unwrap().kind, Kind::Changed);
}

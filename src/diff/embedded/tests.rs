//! What is shown of documents inside of strings.

use super::*;

fn plain(text: &str) -> String {
    text.into()
}

fn title(old: &str, new: &str) -> Option<String> {
    changed(old, new, text::CONTEXT, &plain).map(|document| document.title)
}

#[test]
fn texts_are_named_by_what_they_hold() {
    let base64 = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    let script = base64("#!/bin/sh\necho one two three\n");
    let other = base64("#!/bin/sh\necho one two four\n");
    let zipped = data_encoding::BASE64.encode(&[
        0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    ]);
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for (old, new, expected) in [
        ("a", "b", None),
        (
            r#"{"a":1,"b":2}"#,
            r#"{ "b": 2, "a": 1.0 }"#,
            Some("same JSON, other spelling"),
        ),
        (
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            Some("JSON in a string, shown as JSON"),
        ),
        (
            r#"{"a":1,"a":2}"#,
            r#"{"a":2}"#,
            Some("text → JSON in a string"),
        ),
        (
            &script,
            &other,
            Some("base64, shown decoded: script, line by line"),
        ),
        (
            &zipped,
            &zipped,
            Some("compressed data in base64, 18 bytes → 18 bytes"),
        ),
        (
            pem,
            pem,
            Some("another certificate (PEM), differs only in a secret or at line ends"),
        ),
        ("a: 1\nb: 2\n", "a: 1\nb: 3\n", Some("YAML, line by line")),
        (
            "a: 1\nb: 2\n",
            "b: 2\na: 1\n",
            Some("same YAML, other spelling"),
        ),
        (
            "a: 1\nb: 2 # two\n",
            "a: 1\nb: 2 # too\n",
            Some("same YAML, other comments"),
        ),
        (
            "a: 1\nb:\n- x\n- y\nc: 3\n",
            "b: [x, z]\nc: 3\na: 1\n",
            Some("YAML, keys in order"),
        ),
        (
            "#cloud-config\na: 1\nb:\n- x\n- y\nc: 3\n",
            "#cloud-config\nb: [x, z]\nc: 3\na: 1\n",
            Some("cloud-init user data, keys in order; its comments are the same, and left out"),
        ),
        // What decides how the rest is read must not be left out.
        (
            "#cloud-config\na: 1\nb:\n- x\n- y\nc: 3\n",
            "b: [x, z]\nc: 3\na: 1\n",
            Some("YAML, line by line"),
        ),
        (
            "a\nb\n",
            "a\nb",
            Some("text, line by line, differs only in a secret or at line ends"),
        ),
        ("one line\n", "another", None),
        ("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwy", None),
    ] {
        assert_eq!(title(old, new).as_deref(), expected, "{old}");
    }
}

#[test]
fn only_the_statement_that_differs_is_shown() {
    let old = r#"{"Version":"2012","Statement":[{"Action":["s3:GetObject"],"Effect":"Allow"}]}"#;
    let new = r#"{"Statement":[{"Effect":"Allow","Action":["s3:*"]}],"Version":"2012"}"#;
    let document = changed(old, new, text::CONTEXT, &plain).unwrap();
    let differing: Vec<&Line> = document
        .lines
        .iter()
        .filter(|line| matches!(line, Line::Removed(..) | Line::Added(..)))
        .collect();
    assert_eq!(differing.len(), 2);
    assert!(
        matches!(differing[1], Line::Added(4, spans) if spans.iter().any(|s| s.differs && s.text == "*"))
    );
}

#[test]
fn only_the_key_that_differs_is_shown_however_the_others_moved() {
    let old = "name: web\nenv:\n  - A=1\n  - B=2\nimage: nginx\nports: [80, 443]\n";
    let new = "image: nginx\nports:\n- 80\n- 8443\nname: \"web\"\nenv: [A=1, B=2]\n";
    let document = changed(old, new, text::CONTEXT, &plain).unwrap();
    let words = |line: &Line| match line {
        Line::Removed(_, spans) => Some(format!(
            "-{}",
            spans.iter().map(|s| &*s.text).collect::<String>()
        )),
        Line::Added(_, spans) => Some(format!(
            "+{}",
            spans.iter().map(|s| &*s.text).collect::<String>()
        )),
        Line::Same(..) | Line::Folded(_) => None,
    };
    let differing: Vec<String> = document.lines.iter().filter_map(words).collect();
    assert_eq!(differing, ["-  - 443", "+  - 8443"]);
    // A secret in it, in whatever lines: the text is shown as it stands.
    let mask = |text: &str| text.replace("nginx\nports", "(sensitive)");
    let document = changed(old, new, text::CONTEXT, &mask).unwrap();
    assert_eq!(document.title, "YAML, line by line");
}

#[test]
fn secrets_inside_are_masked_before_they_are_printed() {
    let mask = |text: &str| text.replace("hunter2", "(sensitive)");
    let inner = data_encoding::BASE64.encode(b"password=hunter2\nuser=root\n");
    for text in [r#"{"p":"hunter2"}"#, "a\nhunter2\n", inner.as_str()] {
        let document = one_sided(text, Only::New, &mask).unwrap();
        let shown = format!("{document:?}");
        assert!(
            !shown.contains("hunter2") && shown.contains("(sensitive)"),
            "{shown}"
        );
    }
}

//! The grammar in every step of the bytes, and the limits.

use super::*;

/// Gives `step` bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Fill for Drip<'_> {
    fn fill(&mut self, free: &mut [u8]) -> Result<usize, Failure> {
        let count = self.1.min(free.len()).min(self.0.len());
        free[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn skip(json: &str, step: usize) -> Result<(), Failure> {
    let mut scanner = Scanner::new(Drip(json.as_bytes(), step));
    scanner.skip()?;
    match scanner.token()? {
        None => Ok(()),
        Some(_) => Err(scanner.bad("something is left")),
    }
}

fn item(json: &str, step: usize) -> Result<String, Failure> {
    let mut scanner = Scanner::new(Drip(json.as_bytes(), step));
    scanner.item()?;
    Ok(scanner.item_text()?.to_owned())
}

#[test]
fn the_grammar_is_that_of_json_and_no_wider() {
    let good = [
        "0",
        "-0",
        "1.5e+10",
        "1E-9",
        "null",
        "true",
        "false",
        "\"\"",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        r#""\u00e9\ud83d\ude00\/\b""#,
        r#"{"a":{"b":[{},[]]},"c":"x"}"#,
    ];
    let bad = [
        "",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "nul",
        "True",
        "'a'",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{,}",
        "[}",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "1 2",
        "[1]]",
        "NaN",
        "//",
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\u0041""#,
        r#""\ud800x""#,
    ];
    for step in [1, 2, 3, 1000] {
        for json in good {
            assert_eq!(skip(json, step), Ok(()), "{json}");
            assert_eq!(item(json, step).unwrap(), json.trim(), "{json}");
        }
        for json in bad {
            assert!(skip(json, step).is_err(), "{json}");
        }
    }
}

#[test]
fn long_strings_are_searched_to_their_very_end() {
    for length in 0..200 {
        let text = "é".repeat(length / 2) + &"x".repeat(length - length / 2);
        for step in [1, 33, 1000] {
            assert_eq!(skip(&format!("\"{text}\""), step), Ok(()));
            let failure = skip(&format!("\"{text}\u{1}\""), step).unwrap_err();
            let at = text.len() + 1;
            assert!(
                failure.error.contains(&format!("at byte {at} ")),
                "{failure}"
            );
        }
    }
}

#[test]
fn depth_is_limited_and_costs_no_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(skip(&nested(MAX_SKIPPED_DEPTH), 4096), Ok(()));
    assert_eq!(
        skip(&nested(MAX_SKIPPED_DEPTH + 1), 4096)
            .unwrap_err()
            .reason,
        "too-deep"
    );
    assert!(item(&nested(MAX_DEPTH), 4096).is_ok());
    assert_eq!(
        item(&nested(MAX_DEPTH + 1), 4096).unwrap_err().reason,
        "too-deep"
    );
}

#[test]
fn no_key_stands_twice_in_any_object_of_an_item() {
    for json in [
        r#"{"a":1,"a":2}"#,
        r#"[{"x":{"b":1,"c":[],"\u0062":2}}]"#,
        r#"{"a":{"a":1},"b":{"a":1},"a":0}"#,
        r#"{"":1,"":1}"#,
    ] {
        for step in [1, 1000] {
            assert_eq!(
                item(json, step).unwrap_err().reason,
                "duplicate-key",
                "{json}"
            );
        }
    }
    assert!(item(r#"{"a":{"a":1},"b":[{"a":1},{"a":1}]}"#, 1).is_ok());
    let named = item(r#"{"delete":1,"\u0064elete":2}"#, 5).unwrap_err();
    assert!(
        named.error.contains(r#""delete" stands twice"#) && named.error.contains("byte 12 "),
        "{named}"
    );
}

#[test]
fn a_document_is_walked_member_by_member() {
    let json = r#"{"a":[1,{"b":2},"c"],"d\n":null,"e":{}}"#;
    for step in [1, 1000] {
        let mut scanner = Scanner::new(Drip(json.as_bytes(), step));
        assert!(scanner.open(Opener::Object).unwrap());
        assert_eq!(scanner.next_key().unwrap().as_deref(), Some("a"));
        assert!(scanner.open(Opener::List).unwrap());
        let mut elements = Vec::new();
        while scanner.next_element().unwrap() {
            let start = scanner.item().unwrap();
            elements.push((start, scanner.item_text().unwrap().to_owned()));
            scanner.release();
        }
        let expected = [(6, "1"), (8, r#"{"b":2}"#), (16, r#""c""#)];
        assert_eq!(
            elements,
            expected.map(|(start, text)| (start, text.to_owned()))
        );
        assert_eq!(scanner.next_key().unwrap().as_deref(), Some("d\n"));
        assert!(!scanner.open(Opener::List).unwrap());
        assert_eq!(scanner.next_key().unwrap().as_deref(), Some("e"));
        assert_eq!(scanner.open(Opener::List).unwrap_err().reason, "wrong-type");
    }
}

#[test]
fn a_list_that_is_walked_takes_no_comma_too_many() {
    for json in ["[1,]", "[,1]", "[1 1]", "[1", "["] {
        let mut scanner = Scanner::new(Drip(json.as_bytes(), 1));
        scanner.open(Opener::List).unwrap();
        let mut walk = || -> Result<(), Failure> {
            while scanner.next_element()? {
                scanner.skip()?;
            }
            Ok(())
        };
        assert!(walk().is_err(), "{json}");
    }
}

#[test]
fn what_is_marked_at_once_ends_anywhere_and_nothing_is_noted_otherwise() {
    let outline = |json: &str, step: usize| {
        let mut scanner = Scanner::new(Drip(json.as_bytes(), step));
        scanner.item()?;
        let (item, _) = scanner.taken()?;
        Ok::<_, Failure>(item.outline().clone())
    };
    // The bytes around the place where the first marks end, and a second time in the middle of a step.
    for padding in (65_400..65_560).chain(100..110) {
        let padding = "x".repeat(padding);
        let json = format!(
            r#"{{"pad":"{padding}","k\"é":"v\\","n":[1,{{"a":"\u00e9\ud83d\ude00"}}],"o":{{"p":true,"q":"\\\""}}}}"#
        );
        let whole = outline(&json, json.len()).unwrap();
        assert_eq!(whole, outline(&json, 61).unwrap());
        let twice = json.replace(r#""o":"#, r#""n":"#);
        for step in [json.len(), 61] {
            let failure = outline(&twice, step).unwrap_err();
            assert_eq!(failure.reason, "duplicate-key");
            let bare = json.replace("true", "true,\"r\":\"\n\"");
            assert_eq!(outline(&bare, step).unwrap_err().reason, "invalid-json");
            let cut = &json[..json.len() - 9];
            assert_eq!(outline(cut, step).unwrap_err().reason, "truncated");
        }
    }
}

#[test]
fn a_part_that_is_longer_than_places_can_tell_is_refused() {
    let length = usize::try_from(super::outline::LONGEST).unwrap();
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert!(item(&text(length), usize::MAX).is_ok());
    assert_eq!(
        item(&text(length + 1), usize::MAX).unwrap_err().reason,
        "too-large"
    );
}

/// An item and its outline, or what is wrong with it, read so many bytes at a time.
fn outlined(json: &str, step: usize) -> Result<(String, Outline), String> {
    let mut scanner = Scanner::new(Drip(json.as_bytes(), step));
    let taken = scanner.item().and_then(|_| scanner.taken());
    match taken {
        Ok((item, _)) => Ok((item.text.to_owned(), item.outline().clone())),
        Err(failure) => Err(failure.to_string()),
    }
}

#[test]
fn what_is_written_once_more_is_noted_once_more() {
    let both = |before: &str, after: &str| {
        let json =
            format!(r#"{{"address":"a","change":{{"before":{before},"after":{after},"x":{{}}}}}}"#);
        assert_eq!(outlined(&json, 1), outlined(&json, usize::MAX), "{json}");
        outlined(&json, usize::MAX)
    };
    let side = r#"{"a":"x\"","b":[{"c":1}],"d":{"e":null}}"#;
    let (text, outline) = both(side, side).unwrap();
    let change = Item::new(&text, &outline)
        .members()
        .get("change")
        .unwrap()
        .1;
    for name in ["before", "after"] {
        let (_, members) = change.get(name).unwrap();
        assert_eq!(members.get("a").unwrap().0, r#""x\"""#);
        assert_eq!(members.get("d").unwrap().0, r#"{"e":null}"#);
    }
    assert_eq!(change.get("x").unwrap().0, "{}");
    for other in [
        r#"{"a":"x\""}"#,
        r#"{"a":"x\"","b":[{"c":1}],"d":{"e":null},"f":0}"#,
        r#"{"a":"x\"","a":1}"#,
        "{}",
        "null",
    ] {
        both(side, other).unwrap_or_default();
        both(other, side).unwrap_or_default();
        both(other, other).unwrap_or_default();
    }
}

proptest::proptest! {
    /// With one byte at a time nothing can be compared with what stood before: it is all walked over.
    #[test]
    fn an_item_is_the_same_however_many_bytes_are_there(parts in proptest::collection::vec(
        proptest::sample::select(vec!["{", "}", "\"a\":", "\"b\":", ",", "1", "\"x\"", "{\"a\":1}", "{\"b\":[],\"a\":{}}", "{}", "[", "]", " "]), 0..40,
    )) {
        for json in [parts.concat(), format!("{{\"a\":{{\"b\":{0},\"c\":{0}}}}}", parts.concat())] {
            proptest::prop_assert_eq!(outlined(&json, 1), outlined(&json, usize::MAX));
        }
    }
}

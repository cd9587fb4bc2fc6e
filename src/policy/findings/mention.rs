//! Addresses that a sentence mentions.
//!
//! A sentence is read for everything that looks like an address, quotes and brackets included, and each of these is
//! looked up. A part of a longer name is no mention: `aws_vpc.main` is not in `data.aws_vpc.main` nor in
//! `aws_vpc.main-2`.

use std::borrow::Cow;

/// The longest known addresses in `text`, each once, in the order in which they stand there.
///
/// `known` says what an address stands for: one instance, all instances of a block, or nothing. Programs that print JSON
/// escape the quotes in an address; both forms are found.
pub(super) fn mentioned<'a>(
    text: &str,
    known: &dyn Fn(&str) -> Option<Vec<&'a str>>,
) -> Vec<&'a str> {
    let mut found = Vec::new();
    for text in [Cow::Borrowed(text), unescaped(text)] {
        let mut from = 0;
        while let Some(start) = next_name(&text, from) {
            let ends = ends(&text, start);
            from = *ends.last().expect("a name has an end");
            let longest = ends
                .iter()
                .rev()
                .filter(|end| !text[**end..].starts_with('['))
                .find_map(|end| known(&text[start..*end]));
            found.extend(longest.into_iter().flatten());
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|address| seen.insert(*address));
    found
}

/// `\"` as `"` and `\\` as `\`: one level of what JSON does to a string.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\\"") {
        return Cow::Borrowed("");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(&next @ ('"' | '\\'))) => {
                out.push(next);
                rest.next();
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Where the next name begins at or behind `from`. A name that hangs on a dot belongs to what stands before it.
fn next_name(text: &str, from: usize) -> Option<usize> {
    let mut before = text[..from].chars().next_back();
    for (at, c) in text[from..].char_indices() {
        if is_name(c) && !before.is_some_and(|b| is_name(b) || b == '.' || b == ']') {
            return Some(from + at);
        }
        before = Some(c);
    }
    None
}

/// Where an address that begins at `start` could end: behind each name, and behind each key in brackets.
fn ends(text: &str, start: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = start;
    loop {
        let name = text[at..].find(|c| !is_name(c)).unwrap_or(text.len() - at);
        if name == 0 {
            break;
        }
        at += name;
        ends.push(at);
        if text[at..].starts_with('[') {
            let Some(close) = closing(&text[at..]) else {
                break;
            };
            at += close + 1;
            ends.push(at);
        }
        if !text[at..].starts_with('.') {
            break;
        }
        at += 1;
    }
    ends
}

/// Where the bracket that opens `text` closes: behind a quoted key, a number, or a star.
fn closing(text: &str) -> Option<usize> {
    let inner = &text[1..];
    if let Some(quoted) = inner.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let close = 1 + 1 + end + 1;
        return text[close..].starts_with(']').then_some(close);
    }
    let end = inner.find(|c: char| !c.is_ascii_digit())?;
    (end > 0 && inner[end..].starts_with(']')).then_some(1 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] = [
        "aws_vpc.main",
        "module.net.aws_vpc.main",
        "aws_subnet.a[0]",
        "aws_subnet.a[10]",
        r#"aws_sns_topic.t["on \"call\""]"#,
        r#"aws_sns_topic.t["x].aws_vpc.main["]"#,
        r#"aws_sns_topic.t["b.c"]"#,
    ];

    fn find(text: &str) -> Vec<&'static str> {
        mentioned(text, &|address| {
            KNOWN
                .iter()
                .find(|known| **known == address)
                .map(|known| vec![*known])
        })
    }

    #[test]
    fn an_address_is_found_whole_or_not_at_all() {
        for (text, found) in [
            ("aws_vpc.main", &["aws_vpc.main"][..]),
            ("`aws_vpc.main` is open.", &["aws_vpc.main"]),
            ("see aws_vpc.main.", &["aws_vpc.main"]),
            ("aws_vpc.main: no", &["aws_vpc.main"]),
            ("aws_vpc.main.cidr_block is wide", &["aws_vpc.main"]),
            ("in plan/aws_vpc.main,", &["aws_vpc.main"]),
            ("module.net.aws_vpc.main", &["module.net.aws_vpc.main"]),
            ("module.old.aws_vpc.main", &[]),
            ("data.aws_vpc.main", &[]),
            ("aws_vpc.main-2", &[]),
            ("aws_vpc.main_2", &[]),
            ("aws_vpc.mainé", &[]),
            ("my-aws_vpc.main", &[]),
            ("aws_subnet.a[1]", &[]),
            ("aws_subnet.a[0]", &["aws_subnet.a[0]"]),
            ("aws_subnet.a[10].id", &["aws_subnet.a[10]"]),
            ("aws_vpc.main[0]", &[]),
            ("aws_vpc.main[", &[]),
            (
                "x aws_vpc.main and aws_subnet.a[0] x",
                &["aws_vpc.main", "aws_subnet.a[0]"],
            ),
            ("aws_vpc.main, aws_vpc.main", &["aws_vpc.main"]),
            ("", &[]),
            ("...", &[]),
            ("ä.ö aws_vpc.main ü", &["aws_vpc.main"]),
        ] {
            assert_eq!(find(text), found, "{text}");
        }
    }

    #[test]
    fn quotes_are_found_as_they_are_and_as_json_writes_them() {
        let call = r#"aws_sns_topic.t["on \"call\""]"#;
        assert_eq!(find(&format!("topic {call} is open")), [call]);
        let json = serde_json::to_string(&format!("topic {call} is open")).unwrap();
        assert_eq!(find(&json), [call]);
        assert_eq!(find(r#"{\"a\":\"aws_sns_topic.t[\"b.c\"]\"}"#), [KNOWN[6]]);
        // The key of one resource is made to look like another resource; the other is not mentioned.
        assert_eq!(find(KNOWN[5]), [KNOWN[5]]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in r#"[a-c.\[\]"\\0-9é ]{0,40}"#) {
            find(&text);
        }
    }
}

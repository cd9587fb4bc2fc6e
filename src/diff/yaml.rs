//! YAML as a value, to tell whether two texts mean the same.
//!
//! Only what means the same everywhere is read: no references within the document, whose expansion has no bound, no tags,
//! no key that stands twice. Everything else is left to be compared line by line.

use compact_str::CompactString;
use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::plan::value::{Member, Value};

/// Nested deeper than this, a text is compared line by line.
const MAX_DEPTH: usize = 100;

/// The documents of `text`; `None` if it is not YAML, or not the plain kind.
pub fn documents(text: &str) -> Option<Value> {
    let mut done = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let value = match event.ok()?.0 {
            Event::Scalar(text, style, 0, None) => scalar(&text, style),
            Event::SequenceStart(0, None) if open.len() < MAX_DEPTH => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(0, None) if open.len() < MAX_DEPTH => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(items) => Value::List(items),
                Open::Map(members, None) => Value::Object(members),
                Open::Map(_, Some(_)) => return None,
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => continue,
            _ => return None,
        };
        match open.last_mut() {
            None => done.push(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(members, waiting)) => match waiting.take() {
                Some(key) => members.push((key, value)),
                None => *waiting = Some(key(value, members)?),
            },
        }
    }
    Some(Value::List(done))
}

/// A list or a map whose end is still to come.
enum Open {
    List(Vec<Value>),
    Map(Vec<Member>, Option<CompactString>),
}

fn key(value: Value, members: &[Member]) -> Option<CompactString> {
    let name = match value {
        Value::Text(text) | Value::Number(text) => text,
        Value::Bool(word) => word.to_string().into(),
        Value::Null | Value::List(_) | Value::Object(_) => return None,
    };
    let twice = members.iter().any(|(known, _)| *known == name);
    (!twice).then_some(name)
}

/// What a word without quotes means; the words of YAML 1.1 (`yes`, `on`) stay words, since readers disagree on them.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.into());
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match Value::parse(text) {
            Ok(number @ Value::Number(_)) => number,
            _ => Value::Text(text.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::value::same;

    #[test]
    fn what_means_the_same_is_the_same() {
        for (left, right, equal) in [
            ("a: 1\nb: two\n", "b: \"two\"\na: 1 # one\n", true),
            ("a: [x, y]", "a:\n- x\n- y\n", true),
            ("a: |\n  text\n", "a: \"text\\n\"\n", true),
            ("a: 1", "a: \"1\"", false),
            ("a: true", "a: yes", false),
            ("- a\n- b", "- b\n- a", false),
            ("a: 1\n---\nb: 2", "a: 1\nb: 2", false),
        ] {
            let (left, right) = (documents(left).unwrap(), documents(right).unwrap());
            assert_eq!(same(&left, &right), equal, "{left} {right}");
        }
    }

    #[test]
    fn what_readers_take_differently_is_not_read() {
        for text in [
            "a: &x 1\nb: *x",
            "a: !secret 1",
            "a: 1\na: 2",
            "? [a]\n: 1",
            "a: [1",
            "a: b: c",
        ] {
            assert_eq!(documents(text), None, "{text}");
        }
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert_eq!(documents(&deep), None);
        assert!(documents(&deep[1..deep.len() - 1]).is_some());
    }
}

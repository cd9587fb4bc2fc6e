//! YAML as a value, to tell whether two texts mean the same, and to show what differs with the keys matched.
//!
//! Only what means the same everywhere is read: no references within the document, whose expansion has no bound, no tags,
//! no key that stands twice. Everything else is left to be compared line by line.

use std::fmt::Write as _;

use compact_str::CompactString;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::value::quoted;
use crate::plan::value::{Member, Value};

/// Nested deeper than this, a text is compared line by line.
const MAX_DEPTH: usize = 100;

/// A text that was read.
#[derive(Debug, PartialEq)]
pub struct Yaml {
    /// Its documents.
    pub documents: Vec<Value>,
    /// Its comments, sorted: where they stand is for people.
    pub comments: Vec<String>,
}

/// Reads a text; `None` if it is not YAML, or not the plain kind.
pub fn read(text: &str) -> Option<Yaml> {
    let chars: Vec<char> = text.chars().collect();
    let mut covered = Vec::new();
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let value = match event {
            Event::Scalar(text, style, 0, None) => {
                covered.push((span.start.index(), end_of(&chars, span, style)));
                scalar(&text, style)
            }
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
            None => documents.push(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(members, waiting)) => match waiting.take() {
                Some(key) => members.push((key, value)),
                None => *waiting = Some(key(value, members)?),
            },
        }
    }
    Some(Yaml {
        documents,
        comments: comments(&chars, &covered),
    })
}

/// Where a scalar ends. The parser counts what follows a closing quote to it.
fn end_of(chars: &[char], span: Span, style: ScalarStyle) -> usize {
    let (start, end) = (span.start.index(), span.end.index());
    let quote = match style {
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => return end,
    };
    let mut at = start + 1;
    while at < end {
        match (chars[at], chars.get(at + 1)) {
            ('\\', _) if quote == '"' => at += 2,
            ('\'', Some('\'')) if quote == '\'' => at += 2,
            (c, _) if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    end
}

/// What stands behind a `#` outside of every scalar, to the end of its line.
fn comments(chars: &[char], covered: &[(usize, usize)]) -> Vec<String> {
    let mut comments = Vec::new();
    let mut scalars = covered.iter().peekable();
    let mut at = 0;
    while at < chars.len() {
        while scalars.next_if(|(_, end)| *end <= at).is_some() {}
        match scalars.peek() {
            Some((start, end)) if *start <= at => at = *end,
            _ if chars[at] == '#' && (at == 0 || chars[at - 1].is_whitespace()) => {
                let rest = chars[at..].iter().take_while(|c| **c != '\n');
                let comment: String = rest.collect();
                at += comment.chars().count();
                comments.push(comment.trim_end().to_owned());
            }
            _ => at += 1,
        }
    }
    comments.sort_unstable();
    comments
}

/// A list or a map whose end is still to come.
enum Open {
    List(Vec<Value>),
    Map(Vec<Member>, Option<CompactString>),
}

fn key(value: Value, members: &[Member]) -> Option<CompactString> {
    let name = match value {
        // `on` in quotes and without are two keys to some readers.
        Value::Text(text) if is_read_differently(&text) => quoted(&text).into(),
        Value::Text(text) | Value::Number(text) => text,
        Value::Bool(word) => word.to_string().into(),
        Value::Null | Value::List(_) | Value::Object(_) => return None,
    };
    let twice = members.iter().any(|(known, _)| *known == name);
    (!twice).then_some(name)
}

/// What a scalar means. On a bare word that some readers take for a truth value, a number or a date, it is kept as it stands,
/// as a number is: it is not the same as the word in quotes.
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
            _ if is_read_differently(text) => Value::Number(text.into()),
            _ => Value::Text(text.into()),
        },
    }
}

fn is_read_differently(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        || WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Documents with sorted keys, as `shown` writes their strings.
pub fn print(documents: &[Value], shown: &impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for (number, document) in documents.iter().enumerate() {
        if number > 0 {
            out.push_str("---\n");
        }
        block(&mut out, document, shown, 0);
    }
    out
}

/// Writes a value on lines of its own.
fn block(out: &mut String, value: &Value, shown: &impl Fn(&str) -> String, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::List(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{indent}-");
                beside(out, item, shown, depth + 1);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            for (key, member) in members {
                let _ = write!(out, "{indent}{}:", name(&shown(key)));
                beside(out, member, shown, depth + 1);
            }
        }
        _ => {
            out.push_str(&indent);
            inline(out, value, shown, depth);
        }
    }
}

/// Writes a value behind a key or a dash: in the same line where it fits there.
fn beside(out: &mut String, value: &Value, shown: &impl Fn(&str) -> String, depth: usize) {
    match value {
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            block(out, value, shown, depth);
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            block(out, value, shown, depth);
        }
        _ => {
            out.push(' ');
            inline(out, value, shown, depth);
        }
    }
}

fn inline(out: &mut String, value: &Value, shown: &impl Fn(&str) -> String, depth: usize) {
    match value {
        Value::List(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
        Value::Text(text) => {
            let text = shown(text);
            if text.trim_end_matches('\n').contains('\n') && !text.starts_with([' ', '\n']) {
                lines(out, &text, depth);
            } else {
                out.push_str(&word(&text));
            }
        }
    }
    out.push('\n');
}

/// A text of many lines, each on a line of its own.
fn lines(out: &mut String, text: &str, depth: usize) {
    let body = text.trim_end_matches('\n');
    out.push_str(match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let indent = if line.is_empty() { 0 } else { depth.max(1) };
        let _ = write!(out, "\n{}{line}", "  ".repeat(indent));
    }
}

/// A key, which stands as it was read where readers differ on it.
fn name(key: &str) -> String {
    if is_read_differently(key) || key.starts_with('"') {
        key.into()
    } else {
        word(key)
    }
}

/// A text of one line: in quotes, unless it reads as the same text without.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./@+".contains(c);
    let is_word = text.starts_with(char::is_alphanumeric)
        && text
            .split(' ')
            .all(|word| !word.is_empty() && word.chars().all(plain))
        && matches!(scalar(text, ScalarStyle::Plain), Value::Text(_));
    if is_word { text.into() } else { quoted(text) }
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
            // A reader of YAML 1.1 takes the bare word for a truth value, the number for one of base 8 or 60.
            ("a: yes", "a: \"yes\"", false),
            ("on: 1", "\"on\": 1", false),
            ("a: 010", "a: \"010\"", false),
            ("a: 1:30", "a: \"1:30\"", false),
            ("- a\n- b", "- b\n- a", false),
            ("a: 1\n---\nb: 2", "a: 1\nb: 2", false),
        ] {
            let (left, right) = (read(left).unwrap(), read(right).unwrap());
            let (left, right) = (Value::List(left.documents), Value::List(right.documents));
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
            assert_eq!(read(text), None, "{text}");
        }
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert_eq!(read(&deep), None);
        assert!(read(&deep[1..deep.len() - 1]).is_some());
    }

    #[test]
    fn what_is_printed_is_read_back_as_the_same() {
        let text = concat!(
            "b: two words\na: {z: 1, y: [], x: {}}\n",
            "c:\n- one\n- \"yes\"\n- yes\n- '1'\n- 2024-01-01\n- - inner\n  - k: v\n    j: w\n",
            "d: |\n  #!/bin/sh\n\n    echo\ne: |-\n  no\n  end\nf: |+\n  two\n  ends\n\n",
            "g: \"\"\nh: ~\ni: 'a: b'\nj: '# no comment'\nk: \" lead\\n and more\"\n\"l m\": x\nm: |\n  one\n",
            "---\nplain\n---\n[a, b]\n---\n|\n  top\n  level\n",
        );
        let once = read(text).unwrap();
        let printed = print(&once.documents, &|text| text.into());
        let again = read(&printed).unwrap();
        let whole = |yaml: &Yaml| Value::List(yaml.documents.clone());
        assert!(same(&whole(&once), &whole(&again)), "{printed}");
        assert_eq!(print(&again.documents, &|text| text.into()), printed);
        assert!(
            printed.starts_with("a:\n  x: {}\n  y: []\n  z: 1\nb: two words\nc:\n  - one\n"),
            "{printed}"
        );
        assert!(
            printed.contains("\nd: |\n  #!/bin/sh\n\n    echo\ne: |-\n"),
            "{printed}"
        );
    }

    #[test]
    fn comments_are_told_from_what_only_looks_like_one() {
        let text = "#cloud-config\na: 'x # y' # it's one\nb: | # two\n  # text\nc: \"\\\" # q\"#no\nd: e#f # three\n";
        let text = text.replace("\"#no", "\"");
        let found = read(&text).unwrap().comments;
        assert_eq!(found, ["# it's one", "# three", "# two", "#cloud-config"]);
    }
}

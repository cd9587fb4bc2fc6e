//! Texts that hold something: JSON, base64, certificates, many lines.
//!
//! Such a text is compared as what it holds, and what it holds is named. Texts come in as they are in the plan and go
//! out masked: an escaped or encoded secret can only be found before it is printed anew.

use super::text::{self, Line, Only};
use super::value::{pretty, same};
use super::yaml::{self, Yaml};
use crate::plan::value::Value;

/// A text, or the difference between two, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is, in a few words of ours.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Shorter texts are never taken for base64: many a word is.
const SHORTEST_BASE64: usize = 24;
/// A list or object of this size or less is as readable in its one line.
const SHORTEST_JSON: usize = 3;

/// What a text is read as.
enum Form {
    Json(Value),
    /// Base64 that decodes to text; the text.
    Base64(String),
    /// Base64 of compressed data; how many bytes.
    Compressed(usize),
    /// PEM blocks; the name of the first one.
    Pem(String),
    Lines,
    Plain,
}

fn form(text: &str) -> Form {
    let trimmed = text.trim();
    if trimmed.len() >= SHORTEST_JSON
        && trimmed.starts_with(['{', '['])
        && let Ok(value) = Value::parse(trimmed)
    {
        return Form::Json(value);
    }
    if let Some(name) = pem_name(trimmed) {
        return Form::Pem(name);
    }
    if let Some(bytes) = base64(trimmed) {
        if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK\x03\x04") {
            return Form::Compressed(bytes.len());
        }
        if let Some(text) = readable(bytes) {
            return Form::Base64(text);
        }
    }
    if text.trim_end_matches('\n').contains('\n') {
        return Form::Lines;
    }
    Form::Plain
}

/// The name in `-----BEGIN NAME-----`.
fn pem_name(text: &str) -> Option<String> {
    let (name, _) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    (name.len() <= 40 && name.chars().all(plain)).then(|| name.to_ascii_lowercase())
}

fn base64(text: &str) -> Option<Vec<u8>> {
    if text.len() < SHORTEST_BASE64 || !text.len().is_multiple_of(4) {
        return None;
    }
    data_encoding::BASE64.decode(text.as_bytes()).ok()
}

/// Bytes as text, if they are text that a person can read.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    (!text.chars().any(strange)).then_some(text)
}

/// The difference between two texts as what they hold, with `around` equal lines around each. `None` if they are plain:
/// then they are better read in one line.
pub fn changed(
    old: &str,
    new: &str,
    around: usize,
    mask: &impl Fn(&str) -> String,
) -> Option<Document> {
    let (mut title, lines) = match (form(old), form(new)) {
        (Form::Json(left), Form::Json(right)) if same(&left, &right) => {
            ("same JSON, other spelling".into(), Vec::new())
        }
        (Form::Json(left), Form::Json(right)) => (
            "JSON in a string, shown as JSON".into(),
            text::lines(&pretty(&left, mask), &pretty(&right, mask), around),
        ),
        (Form::Base64(left), Form::Base64(right)) => match changed(&left, &right, around, mask) {
            Some(inner) => (
                format!("base64, shown decoded: {}", inner.title),
                inner.lines,
            ),
            None => (
                "base64, shown decoded".into(),
                text::lines(&mask(&left), &mask(&right), around),
            ),
        },
        (Form::Compressed(left), Form::Compressed(right)) => (
            format!("compressed data in base64, {left} bytes → {right} bytes"),
            Vec::new(),
        ),
        (Form::Pem(name), Form::Pem(_)) => (
            format!("another {name} (PEM)"),
            text::lines(&mask(old), &mask(new), around),
        ),
        (left, right) if is_plain(&left) && is_plain(&right) => return None,
        (Form::Lines, Form::Lines) => changed_lines(old, new, around, mask),
        (left, right) => (
            format!("{} → {}", name(&left), name(&right)),
            text::lines(
                &printed(left, old, mask),
                &printed(right, new, mask),
                around,
            ),
        ),
    };
    if !lines.is_empty() && !lines.iter().any(differs) {
        title.push_str(", differs only in a secret or at line ends");
    }
    Some(Document { title, lines })
}

/// A text that stands on one side only, or is the same on both, as what it holds. `None` if it is plain.
pub fn one_sided(text: &str, only: Only, mask: &impl Fn(&str) -> String) -> Option<Document> {
    let form = form(text);
    if is_plain(&form) {
        return None;
    }
    let title = match &form {
        Form::Json(_) => "JSON in a string, shown as JSON".into(),
        Form::Base64(decoded) if decoded.contains('\n') => {
            format!("base64, shown decoded: {}", kind_of_lines(decoded))
        }
        Form::Base64(_) => "base64, shown decoded".into(),
        Form::Compressed(bytes) => format!("compressed data in base64, {bytes} bytes"),
        Form::Pem(name) => format!("{name} (PEM)"),
        Form::Lines | Form::Plain => {
            format!("{} of {} lines", kind_of_lines(text), text.lines().count())
        }
    };
    let lines = match form {
        Form::Compressed(_) => Vec::new(),
        form => text::one_sided(&printed(form, text, mask), only),
    };
    Some(Document { title, lines })
}

/// What a text of many lines is, as far as its looks tell without doubt.
fn kind_of_lines(text: &str) -> &'static str {
    let text = text.trim_start();
    match text {
        _ if text.starts_with("#!") => "script",
        _ if text.starts_with("#cloud-config") => "cloud-init user data",
        _ if text.starts_with("Content-Type: multipart/") => "user data in parts (MIME)",
        _ if text.starts_with("<powershell>") => "PowerShell user data",
        _ if is_yaml(text) => "YAML",
        _ => "text",
    }
}

/// Whether every line that is not set in, blank or a comment is a key, an item or the beginning of a document.
fn is_yaml(text: &str) -> bool {
    let key = |line: &str| {
        let end = line
            .split_once(':')
            .map(|(key, after)| (key, after.chars().next()));
        end.is_some_and(|(key, next)| {
            matches!(next, None | Some(' '))
                && !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-./\"'".contains(c))
        })
    };
    let mut outer = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with([' ', '#']))
        .peekable();
    outer.peek().is_some()
        && outer.all(|line| line == "---" || line == "-" || line.starts_with("- ") || key(line))
}

/// The difference between two texts of many lines.
fn changed_lines(
    old: &str,
    new: &str,
    around: usize,
    mask: &impl Fn(&str) -> String,
) -> (String, Vec<Line>) {
    let (left, right) = (mask(old), mask(new));
    let lines = text::lines(&left, &right, around);
    let kind = kind_of_lines(new);
    // A secret may go over several lines; only the text as it stands is masked for sure.
    let masked = left != old || right != new;
    match changed_yaml(old, new) {
        Some(Meaning::Same { comments: true }) => ("same YAML, other spelling".into(), lines),
        Some(Meaning::Same { comments: false }) => ("same YAML, other comments".into(), lines),
        Some(Meaning::Other(left, right)) if !masked => {
            let matched = text::lines(
                &yaml::print(&left.documents, mask),
                &yaml::print(&right.documents, mask),
                around,
            );
            if differing(&matched) >= differing(&lines) {
                return (format!("{kind}, line by line"), lines);
            }
            let comments = match left.comments.len() {
                0 => "",
                _ => "; its comments are the same, and left out",
            };
            (format!("{kind}, keys in order{comments}"), matched)
        }
        Some(Meaning::Other(..)) | None => (format!("{kind}, line by line"), lines),
    }
}

/// How two texts of YAML compare.
enum Meaning {
    /// They mean the same; whether their comments are the same too.
    Same { comments: bool },
    /// They mean something else, and their comments are the same.
    Other(Yaml, Yaml),
}

/// Nothing where one is no YAML, or where they differ in meaning and in comments.
fn changed_yaml(old: &str, new: &str) -> Option<Meaning> {
    if old == new || !is_yaml(old.trim_start()) || !is_yaml(new.trim_start()) {
        return None;
    }
    let (old, new) = (yaml::read(old)?, yaml::read(new)?);
    let comments = old.comments == new.comments;
    let both = old.documents.iter().zip(&new.documents);
    if old.documents.len() == new.documents.len() && both.into_iter().all(|(a, b)| same(a, b)) {
        return Some(Meaning::Same { comments });
    }
    comments.then_some(Meaning::Other(old, new))
}

fn differs(line: &Line) -> bool {
    matches!(line, Line::Removed(..) | Line::Added(..))
}

fn differing(lines: &[Line]) -> usize {
    lines.iter().filter(|line| differs(line)).count()
}

fn is_plain(form: &Form) -> bool {
    matches!(form, Form::Plain)
}

fn name(form: &Form) -> &'static str {
    match form {
        Form::Json(_) => "JSON in a string",
        Form::Base64(_) => "base64, shown decoded",
        Form::Compressed(_) => "compressed data in base64",
        Form::Pem(_) => "PEM",
        Form::Lines | Form::Plain => "text",
    }
}

fn printed(form: Form, text: &str, mask: &impl Fn(&str) -> String) -> String {
    match form {
        Form::Json(value) => pretty(&value, mask),
        Form::Base64(decoded) => mask(&decoded),
        Form::Compressed(_) | Form::Pem(_) | Form::Lines | Form::Plain => mask(text),
    }
}

#[cfg(test)]
mod tests;

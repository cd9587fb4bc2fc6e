//! The formats: how a file is told to be of one, and which reader is its own.

use jiff::Timestamp;

use super::entry::Entry;
use super::node::{Node, kind};
use super::text::{Cut, Reading};
use super::{
    Reader, checkov, compliance, conftest, kics, misshapen, opa, refuse, regula, sarif, sentinel,
    terraform, terrascan, tfsec, trivy, unreadable,
};
use crate::failure::Failure;
use crate::plan::value::Value;

/// A format of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `conftest test --output json`
    Conftest,
    /// `opa eval --format json`
    Opa,
    /// `checkov --output json`
    Checkov,
    /// `trivy config --format json`
    Trivy,
    /// SARIF 2.1
    Sarif,
    /// `regula run --format json`
    Regula,
    /// `kics scan --report-formats json`
    Kics,
    /// `tfsec --format json`
    Tfsec,
    /// `terrascan scan --output json`
    Terrascan,
    /// The policy messages of `terraform plan -json`.
    TerraformPolicy,
    /// What Sentinel prints.
    Sentinel,
    /// What terraform-compliance prints.
    TerraformCompliance,
}

/// How a format is read.
enum How {
    /// One JSON document, with a test whether it looks like one of these.
    Json(fn(&Node<'_>) -> bool, Reader),
    /// A JSON document on each line.
    Lines,
    /// Text for people, with a test whether it looks like one of these.
    Text(fn(&str) -> bool, fn(&str) -> Reading),
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 12] = [
        Format::Conftest,
        Format::Opa,
        Format::Checkov,
        Format::Trivy,
        Format::Sarif,
        Format::Regula,
        Format::Kics,
        Format::Tfsec,
        Format::Terrascan,
        Format::TerraformPolicy,
        Format::Sentinel,
        Format::TerraformCompliance,
    ];

    /// The word behind a file's name.
    pub fn word(self) -> &'static str {
        match self {
            Format::Conftest => "conftest",
            Format::Opa => "opa",
            Format::Checkov => "checkov",
            Format::Trivy => "trivy",
            Format::Sarif => "sarif",
            Format::Regula => "regula",
            Format::Kics => "kics",
            Format::Tfsec => "tfsec",
            Format::Terrascan => "terrascan",
            Format::TerraformPolicy => "terraform-policy",
            Format::Sentinel => "sentinel",
            Format::TerraformCompliance => "terraform-compliance",
        }
    }

    /// The format that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// All words, for an error.
    pub fn words() -> String {
        Format::ALL.map(Format::word).join(", ")
    }

    fn how(self) -> How {
        match self {
            Format::Conftest => How::Json(conftest::fits, conftest::read),
            Format::Opa => How::Json(opa::fits, opa::read),
            Format::Checkov => How::Json(checkov::fits, checkov::read),
            Format::Trivy => How::Json(trivy::fits, trivy::read),
            Format::Sarif => How::Json(sarif::fits, sarif::read),
            Format::Regula => How::Json(regula::fits, regula::read),
            Format::Kics => How::Json(kics::fits, kics::read),
            Format::Tfsec => How::Json(tfsec::fits, tfsec::read),
            Format::Terrascan => How::Json(terrascan::fits, terrascan::read),
            Format::TerraformPolicy => How::Lines,
            Format::Sentinel => How::Text(sentinel::fits, sentinel::read),
            Format::TerraformCompliance => How::Text(compliance::fits, compliance::read),
        }
    }
}

/// A file that is well-formed, and of one format.
pub(super) struct Document<'a> {
    pub format: Format,
    content: Content<'a>,
}

enum Content<'a> {
    One(Reader, Value),
    Lines(Vec<Value>),
    Text(fn(&str) -> Reading, &'a str),
}

/// Tells the format of `text`, or takes the one that is named, and reads it as far as it is JSON.
pub(super) fn parse<'a>(
    name: &str,
    text: &'a str,
    named: Option<Format>,
) -> Result<Document<'a>, Failure> {
    if text.trim().is_empty() {
        return Err(refuse("findings-empty", format!("{name} is empty"))
            .hint("A tool that finds nothing says so; an empty file is one that did not run."));
    }
    let how = named.map(Format::how);
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    match (how, looks_like_json) {
        (Some(How::Json(_, reader)), _) => {
            let format = named.expect("a way to read comes from a format");
            let value = one(name, text)?;
            Ok(Document {
                format,
                content: Content::One(reader, value),
            })
        }
        (Some(How::Lines), _) => lines(name, text),
        (Some(How::Text(_, reader)), _) => {
            let format = named.expect("a way to read comes from a format");
            Ok(Document {
                format,
                content: Content::Text(reader, text),
            })
        }
        (None, true) if is_lines(text) => lines(name, text),
        (None, true) => detect_json(name, text),
        (None, false) => detect_text(name, text),
    }
}

fn one(name: &str, text: &str) -> Result<Value, Failure> {
    Value::parse(text).map_err(|error| unreadable(name, text, 0, &error))
}

/// Whether the first line is one of the tool's messages.
fn is_lines(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    Value::parse(first).is_ok_and(|value| terraform::fits(&Node::root(&value)))
}

fn lines<'a>(name: &str, text: &str) -> Result<Document<'a>, Failure> {
    let mut values = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            let value =
                Value::parse(line).map_err(|error| unreadable(name, line, offset, &error))?;
            values.push(value);
        }
        offset += line.len();
    }
    Ok(Document {
        format: Format::TerraformPolicy,
        content: Content::Lines(values),
    })
}

fn detect_json<'a>(name: &str, text: &str) -> Result<Document<'a>, Failure> {
    let value = one(name, text)?;
    let root = Node::root(&value);
    let mut fitting = Vec::new();
    for format in Format::ALL {
        if let How::Json(fits, reader) = format.how()
            && fits(&root)
        {
            fitting.push((format, reader));
        }
    }
    match fitting[..] {
        [(format, reader)] => Ok(Document {
            format,
            content: Content::One(reader, value),
        }),
        [] => Err(unknown(name, &describe(&value))),
        _ => {
            let words: Vec<&str> = fitting.iter().map(|(format, _)| format.word()).collect();
            Err(refuse(
                "findings-ambiguous",
                format!("{name} could be of several formats: {}", words.join(", ")),
            )
            .hint("Name the format behind the file: --findings FILE:FORMAT."))
        }
    }
}

fn detect_text<'a>(name: &str, text: &'a str) -> Result<Document<'a>, Failure> {
    for format in Format::ALL {
        if let How::Text(fits, reader) = format.how()
            && fits(text)
        {
            return Ok(Document {
                format,
                content: Content::Text(reader, text),
            });
        }
    }
    Err(unknown(name, "text"))
}

/// What a document holds at its top, in words; keys only.
fn describe(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let keys: Vec<String> = members
                .iter()
                .take(8)
                .map(|(key, _)| format!("{key:?}"))
                .collect();
            format!("an object with {}", keys.join(", "))
        }
        Value::List(items) => match items.first() {
            Some(first) => format!("a list of {}", describe(first)),
            None => "an empty list".into(),
        },
        other => kind(other).into(),
    }
}

fn unknown(name: &str, got: &str) -> Failure {
    refuse(
        "findings-unknown",
        format!("{name} is of no format that is known"),
    )
    .expected(format!("one of {}", Format::words()), got)
    .hint("Name the format behind the file: --findings FILE:FORMAT.")
}

impl Document<'_> {
    /// Everything that the file says.
    pub fn entries(&self, name: &str) -> Result<Vec<Entry>, Failure> {
        match &self.content {
            Content::One(reader, value) => {
                reader(&Node::root(value)).map_err(|wrong| misshapen(name, self.format, &wrong))
            }
            Content::Lines(values) => {
                let place = |(number, value)| Node {
                    value,
                    path: format!("line {}", number + 1),
                };
                let nodes: Vec<Node<'_>> = values.iter().enumerate().map(place).collect();
                terraform::read(&nodes)
                    .map_err(|wrong| misshapen(name, self.format, &wrong))?
                    .ok_or_else(|| {
                        cut_off(
                            name,
                            self.format,
                            Cut("the summary at the end of a plan is missing"),
                        )
                    })
            }
            Content::Text(reader, text) => {
                reader(text).map_err(|cut| cut_off(name, self.format, cut))
            }
        }
    }

    /// When the file was made, where its format says so.
    pub fn made_at(&self) -> Option<Timestamp> {
        let Content::One(_, value) = &self.content else {
            return None;
        };
        let time = match self.format {
            Format::Trivy => value.get("CreatedAt"),
            Format::Kics => value.get("end"),
            Format::Sarif => value
                .get("runs")
                .and_then(|runs| runs.at(0)?.get("invocations")?.at(0)?.get("endTimeUtc")),
            _ => None,
        };
        time?.as_text()?.parse().ok()
    }
}

fn cut_off(name: &str, format: Format, Cut(what): Cut) -> Failure {
    refuse(
        "findings-truncated",
        format!("{name}, read as {}, is cut off: {what}", format.word()),
    )
    .hint("Let the tool write the file again. Nothing of it was used.")
}

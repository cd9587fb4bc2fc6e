//! Terraform's own policies: the lines about them among the messages of `terraform plan -json`.
//!
//! The feature is experimental, so that anything new in it is refused and not guessed at. The tool ends its messages
//! with a summary; without one nobody knows what is missing.

use super::entry::{Entry, Target};
use super::node::{Node, Wrong};
use crate::policy::{Kind, Place};

/// Whether a line is one of the tool's messages.
pub(super) fn fits(line: &Node<'_>) -> bool {
    line.get("@level").is_some() || line.get("@policy").is_some()
}

/// Whether a message is the last word on the plan: its summary, or the error that ended it.
fn is_end(line: &Node<'_>) -> Result<bool, Wrong> {
    Ok(match line.text_at("type")? {
        Some("change_summary") => true,
        Some("diagnostic") => line.text_at("@level")? == Some("error"),
        _ => false,
    })
}

/// Reads all messages. `None`: the end is missing.
pub(super) fn read(lines: &[Node<'_>]) -> Result<Option<Vec<Entry>>, Wrong> {
    let mut entries = Vec::new();
    let mut ended = false;
    for line in lines {
        line.members()?;
        ended |= is_end(line)?;
        match line.text_at("type")? {
            Some("policy_result") => entries.extend(result(line)?),
            Some("policy_diagnostic") => entries.push(diagnostic(line)?),
            // Says which policies there are and what they print; decides nothing.
            Some("policy_info") => {}
            Some(other) if other.starts_with("policy_") => {
                return Err(line
                    .need("type", "a string")?
                    .wrong("policy_result, policy_diagnostic or policy_info"));
            }
            _ => {}
        }
    }
    Ok(ended.then_some(entries))
}

fn result(line: &Node<'_>) -> Result<Option<Entry>, Wrong> {
    let rule = line.need_text("policy_address")?;
    let outcome = line.need("result", "a string")?;
    let level = match line.get("policy_metadata") {
        Some(metadata) => metadata.text_at("enforcement_level")?,
        None => None,
    };
    let target = Target::of(line.text_at("target_address")?);
    let says = match outcome.text()? {
        "AllowResult" => return Ok(None),
        "DenyResult" => "denies this",
        "ErrorResult" => "could not be evaluated",
        "UnknownResult" => "cannot decide before apply",
        _ => return Err(outcome.wrong("AllowResult, DenyResult, ErrorResult or UnknownResult")),
    };
    let kind = match level {
        Some("advisory") => Kind::Warn,
        _ => Kind::Deny,
    };
    let level = level.unwrap_or("mandatory");
    let message = format!("the policy {says} ({level})");
    let mut entry = Entry::new(rule, kind, message, target);
    entry.overridable = level != "mandatory";
    Ok(Some(entry))
}

fn diagnostic(line: &Node<'_>) -> Result<Entry, Wrong> {
    let (severity, text, location) = match line.get("diagnostic") {
        Some(diagnostic) => (
            diagnostic.text_at("severity")?,
            [
                diagnostic.text_at("summary")?,
                diagnostic.text_at("detail")?,
            ],
            range(&diagnostic)?,
        ),
        None => (None, [line.text_at("@message")?, None], range(line)?),
    };
    let kind = match severity.or(line.text_at("@level")?) {
        Some("warning" | "warn") => Kind::Warn,
        Some("info") => Kind::Info,
        _ => Kind::Deny,
    };
    let text: Vec<&str> = text
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    if text.is_empty() {
        return Err(line.wrong("a diagnostic with a summary"));
    }
    let rule = line.text_at("policy_address")?.unwrap_or("diagnostic");
    let target = Target::of(line.text_at("target_address")?).at(location);
    Ok(Entry::new(rule, kind, text.join(": "), target))
}

fn range(node: &Node<'_>) -> Result<Option<Place>, Wrong> {
    let Some(range) = node.get("range") else {
        return Ok(None);
    };
    let line = match range.get("start") {
        Some(start) => start.number_at("line")?,
        None => None,
    };
    Ok(match (range.text_at("filename")?, line) {
        (Some(file), Some(line @ 1..)) => Some(Place {
            file: file.into(),
            line,
        }),
        _ => None,
    })
}

//! The text that terraform-compliance prints. Its other formats lose messages; this one holds them all.

use super::entry::{Entry, Target};
use super::text::{Cut, Reading, plain};
use crate::policy::Kind;

pub(super) fn fits(text: &str) -> bool {
    let text = plain(text);
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| {
        line.starts_with("terraform_compliance v") || line.starts_with("terraform-compliance v")
    })
}

pub(super) fn read(text: &str) -> Reading {
    let text = plain(text);
    let (mut feature, mut scenario) = ("", "");
    let mut entries: Vec<Entry> = Vec::new();
    let mut summary = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("Feature:") {
            feature = name.split("  # ").next().unwrap_or(name).trim();
        } else if let Some(name) = line.strip_prefix("Scenario:") {
            scenario = name.trim();
        } else if let Some(name) = line.strip_prefix("Scenario Outline:") {
            scenario = name.trim();
        } else if let Some(message) = line.strip_prefix("Failure:") {
            entries.extend(entry(feature, scenario, Kind::Deny, message));
        } else if let Some(message) = line
            .strip_prefix("warning:")
            .or(line.strip_prefix("WARNING:"))
        {
            entries.extend(entry(feature, scenario, Kind::Warn, message));
        } else if line.split_once(' ').is_some_and(|(count, rest)| {
            count.parse::<u32>().is_ok() && rest.starts_with("scenarios (")
        }) {
            summary = Some(line);
        }
    }
    let Some(summary) = summary else {
        return Err(Cut("the count of scenarios at the end is missing"));
    };
    let failed = summary
        .split(['(', ','])
        .find_map(|part| part.trim().trim_end_matches(')').strip_suffix(" failed"))
        .and_then(|count| count.parse::<u32>().ok())
        .unwrap_or(0);
    let denies = entries.iter().any(|entry| entry.kind == Kind::Deny);
    if failed > 0 && !denies {
        // A step can fail without a word.
        entries.push(Entry::not_evaluated(format!(
            "{failed} scenarios failed without a message"
        )));
    }
    Ok(entries)
}

/// A failed step follows its messages once more without any; that says nothing new.
fn entry(feature: &str, scenario: &str, kind: Kind, message: &str) -> Option<Entry> {
    let message = message.trim();
    let rule = format!("{feature}: {scenario}");
    (!message.is_empty()).then(|| Entry::new(rule, kind, message, Target::default()))
}

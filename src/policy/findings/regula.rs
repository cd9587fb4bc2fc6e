//! What `regula run --format json` prints.

use super::entry::{Entry, Severity, Target};
use super::node::{Node, Wrong};

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("rule_results").is_some()
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for result in root.need_list("rule_results")? {
        let outcome = result.need("rule_result", "PASS, FAIL or WAIVED")?;
        let waived = match outcome.text()? {
            "PASS" => continue,
            "FAIL" => false,
            "WAIVED" => true,
            _ => return Err(outcome.wrong("PASS, FAIL or WAIVED")),
        };
        let id = result.need_text("rule_id")?;
        let severity = Severity::of(result.text_at("rule_severity")?.unwrap_or_default());
        let summary = result
            .text_at("rule_summary")?
            .filter(|text| !text.is_empty());
        let message = result
            .text_at("rule_message")?
            .filter(|text| !text.is_empty());
        let message = match (summary, message) {
            (Some(summary), Some(message)) => format!("{summary}: {message}"),
            (one, other) => one.or(other).unwrap_or(id).to_owned(),
        };
        let lines = result.list_at("source_location")?;
        let location = match lines.first() {
            Some(line) => line.place_at("path", "line")?,
            None => None,
        };
        // A rule about what is missing has no resource.
        let address = result.text_at("resource_id")?.filter(|id| !id.is_empty());
        let target = Target::of(address).at(location);
        let mut entry =
            Entry::scanned(id, severity, message, target).help(result.text_at("rule_description")?);
        if waived {
            entry = entry.silenced(Some("a waiver of the policy"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

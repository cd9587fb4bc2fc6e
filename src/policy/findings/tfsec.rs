//! What `tfsec --format json` prints. It reads the configuration, so that its addresses have no instance keys.

use super::entry::{Entry, Severity, Target};
use super::node::{Node, Wrong};
use crate::plan::value::Value;

pub(super) fn fits(root: &Node<'_>) -> bool {
    match root.value.get("results") {
        // Nothing was found.
        Some(Value::Null) => true,
        Some(Value::List(results)) => results.iter().all(|r| r.get("rule_id").is_some()),
        _ => false,
    }
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for result in root.list_at("results")? {
        let status = result.number_at("status")?.unwrap_or(0);
        let id = result.need_text("rule_id")?;
        let severity = Severity::of(result.need_text("severity")?);
        let message = result.need_text("description")?;
        let location = match result.get("location") {
            Some(location) => location.place_at("filename", "start_line")?,
            None => None,
        };
        let address = result.text_at("resource")?.filter(|name| !name.is_empty());
        let target = Target::of(address).at(location);
        let entry =
            Entry::scanned(id, severity, message, target).help(result.text_at("resolution")?);
        match status {
            0 => entries.push(entry),
            1 => {}
            2 => entries.push(entry.silenced(Some("an ignore comment"))),
            _ => return Err(result.need("status", "0, 1 or 2")?.wrong("0, 1 or 2")),
        }
    }
    Ok(entries)
}

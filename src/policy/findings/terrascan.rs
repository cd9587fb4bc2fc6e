//! What `terrascan scan --output json` prints.

use super::entry::{Entry, Severity, Target, Within};
use super::node::{Node, Wrong};

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("results").is_some_and(|results| {
        results.get("violations").is_some() || results.get("scan_summary").is_some()
    })
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let results = root.need("results", "an object")?;
    results.members()?;
    let mut entries = Vec::new();
    for error in results.list_at("scan_errors")? {
        let message = error.text_at("errMsg")?.unwrap_or("no reason is given");
        entries.push(Entry::not_evaluated(format!(
            "terrascan reports an error: {message}"
        )));
    }
    for violation in results.list_at("violations")? {
        entries.push(entry(&violation)?);
    }
    for skipped in results.list_at("skipped_violations")? {
        let comment = skipped
            .text_at("skip_comment")?
            .or(skipped.text_at("comment")?);
        entries.push(entry(&skipped)?.silenced(comment));
    }
    Ok(entries)
}

fn entry(violation: &Node<'_>) -> Result<Entry, Wrong> {
    let id = violation.need_text("rule_id")?;
    let severity = Severity::of(violation.need_text("severity")?);
    let name = violation.text_at("rule_name")?.unwrap_or(id);
    let message = violation.text_at("description")?.unwrap_or(name);
    let kind = violation.text_at("resource_type")?.unwrap_or_default();
    let label = violation.text_at("resource_name")?.unwrap_or_default();
    let module = violation.text_at("module_name")?.unwrap_or_default();
    let location = violation.place_at("file", "line")?;
    let mut target = Target::default();
    if !kind.is_empty() && !label.is_empty() {
        let resource = format!("{kind}.{label}");
        if matches!(module, "" | "root") {
            target.addresses.push(resource);
        } else {
            // Only the name of the innermost module is given.
            target.addresses.push(format!("module.{module}.{resource}"));
            target.within = Some(Within {
                module: None,
                resource: format!("module.{module}.{resource}"),
            });
        }
    }
    Ok(Entry::scanned(id, severity, message, target.at(location)))
}

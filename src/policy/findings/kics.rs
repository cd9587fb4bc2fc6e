//! What KICS writes with `--report-formats json`.
//!
//! `resource_name` is the name that the cloud knows, not the label in the configuration. The label stands in
//! `search_key`, between brackets: `aws_s3_bucket[logs].versioning`. What KICS read there (`actual_value`) may be a
//! secret and is left where it is.

use super::entry::{Entry, Severity, Target, Within};
use super::node::{Node, Wrong};

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("queries").is_some()
        && ["kics_version", "queries_total", "severity_counters"]
            .iter()
            .any(|key| root.get(key).is_some())
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for (key, what) in [
        ("files_failed_to_scan", "files"),
        ("queries_failed_to_execute", "queries"),
    ] {
        if let Some(count @ 1..) = root.number_at(key)? {
            entries.push(Entry::not_evaluated(format!(
                "KICS failed on {count} {what}"
            )));
        }
    }
    for query in root.need_list("queries")? {
        let id = query.need_text("query_id")?;
        let name = query.need_text("query_name")?;
        let severity = Severity::of(query.need_text("severity")?);
        for file in query.need_list("files")? {
            let message = match file
                .text_at("expected_value")?
                .filter(|text| !text.is_empty())
            {
                Some(expected) => format!("{name}: {expected}"),
                None => name.to_owned(),
            };
            let entry = Entry::scanned(id, severity, message, target(&file)?);
            entries.push(entry.help(query.text_at("query_url")?));
        }
    }
    Ok(entries)
}

fn target(file: &Node<'_>) -> Result<Target, Wrong> {
    let resource = file.text_at("search_key")?.and_then(resource);
    Ok(Target {
        within: resource.map(|resource| Within {
            module: None,
            resource,
        }),
        ..Target::of(None).at(file.place_at("file_name", "line")?)
    })
}

/// `aws_s3_bucket[logs].versioning` is about `aws_s3_bucket.logs`. Some keys have the label in doubled braces.
fn resource(key: &str) -> Option<String> {
    let key = key.strip_prefix("resource.").unwrap_or(key);
    let (kind, rest) = key.split_once('[')?;
    let (label, _) = rest.split_once(']')?;
    let label = label.trim_matches(['{', '}', '"']);
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || "_-.".contains(c))
    };
    (plain(kind) && plain(label)).then(|| format!("{kind}.{label}"))
}

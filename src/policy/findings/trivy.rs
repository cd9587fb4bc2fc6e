//! What `trivy config --format json` prints, and `trivy fs` or `trivy plan` with misconfigurations.
//!
//! For a resource in a module, `Resource` is only the call of the outermost module. The resource itself is the first of
//! the occurrences, named from its own module; the calls on the way out follow it.

use super::entry::{Entry, Severity, Target, Within};
use super::node::{Node, Wrong};
use crate::policy::Place;

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("SchemaVersion").is_some() && root.get("ArtifactName").is_some()
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for result in root.list_at("Results")? {
        let file = result.text_at("Target")?.unwrap_or_default();
        for key in ["Vulnerabilities", "Secrets", "Licenses"] {
            if let Some(node) = result.get(key)
                && !node.list()?.is_empty()
            {
                return Err(node.wrong("nothing: only misconfigurations are about a plan"));
            }
        }
        for found in result.list_at("Misconfigurations")? {
            let entry = entry(&found, file)?;
            match found.need_text("Status")? {
                "PASS" => {}
                "EXCEPTION" => entries.push(entry.silenced(None)),
                "FAIL" => entries.push(entry),
                _ => {
                    return Err(found
                        .need("Status", "a string")?
                        .wrong("PASS, FAIL or EXCEPTION"));
                }
            }
        }
        for modified in result.list_at("ExperimentalModifiedFindings")? {
            if modified.text_at("Type")? != Some("misconfiguration") {
                continue;
            }
            let finding = modified.need("Finding", "an object")?;
            let statement = modified
                .text_at("Statement")?
                .or(modified.text_at("Source")?);
            entries.push(entry(&finding, file)?.silenced(statement));
        }
    }
    Ok(entries)
}

fn entry(found: &Node<'_>, file: &str) -> Result<Entry, Wrong> {
    let id = found.need_text("ID")?;
    let severity = Severity::of(found.need_text("Severity")?);
    let title = found.text_at("Title")?.unwrap_or(id);
    let message = match found.text_at("Message")? {
        Some(message) if message != title => format!("{title}: {message}"),
        _ => title.to_owned(),
    };
    let target = match found.get("CauseMetadata") {
        Some(cause) => target(&cause, file)?,
        None => Target::default(),
    };
    Ok(Entry::scanned(id, severity, message, target).help(found.text_at("Resolution")?))
}

fn target(cause: &Node<'_>, file: &str) -> Result<Target, Wrong> {
    let named = cause.text_at("Resource")?.filter(|name| !name.is_empty());
    let location = cause.number_at("StartLine")?.filter(|line| *line > 0);
    let location = location.map(|line| Place {
        file: file.into(),
        line,
    });
    let mut chain = Vec::new();
    for occurrence in cause.list_at("Occurrences")? {
        chain.push(occurrence.need_text("Resource")?);
    }
    let Some(own) = chain.first() else {
        return Ok(Target::of(named).at(location));
    };
    let outward: Vec<&str> = chain.iter().rev().copied().collect();
    let module = named.filter(|name| name.starts_with("module."));
    let mut addresses = vec![outward.join(".")];
    addresses.extend(module.map(|module| format!("{module}.{own}")));
    addresses.push((*own).to_owned());
    Ok(Target {
        addresses,
        within: Some(Within {
            module: module.map(Into::into),
            resource: (*own).to_owned(),
        }),
        // The line is one of the module's source, which may be anywhere.
        location: None,
        exact: None,
    })
}

//! What `conftest test --output json` prints.
//!
//! Conftest has no field for an address. A policy that returns an object gives one under some key of its own choice,
//! and conftest keeps everything but the message in `metadata`.

use super::entry::{Entry, Target};
use super::node::{Node, Wrong};
use crate::policy::Kind;

/// Keys under which policies name a resource, the likeliest first; a dot goes into an object.
pub(super) const ADDRESS_KEYS: [&str; 7] = [
    "address",
    "resource_address",
    "details.address",
    "resource.address",
    "resource",
    "details.resource",
    "details.resource_address",
];
/// Keys under which policies name themselves.
pub(super) const RULE_KEYS: [&str; 7] = [
    "id",
    "rule_id",
    "rule",
    "policy_id",
    "code",
    "policy",
    "details.id",
];

pub(super) fn fits(root: &Node<'_>) -> bool {
    let is_file = |node: &Node<'_>| {
        node.get("filename").is_some()
            && ["failures", "warnings", "successes", "exceptions"]
                .iter()
                .any(|key| node.get(key).is_some())
    };
    root.list()
        .is_ok_and(|files| !files.is_empty() && files.iter().all(is_file))
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for file in root.list()? {
        file.need_text("filename")?;
        let namespace = file.text_at("namespace")?.unwrap_or("main");
        for (list, word, kind) in [
            ("failures", "deny", Kind::Deny),
            ("warnings", "warn", Kind::Warn),
            ("exceptions", "exception", Kind::Deny),
        ] {
            for result in file.list_at(list)? {
                let mut entry = entry(&result, &format!("{namespace}.{word}"), kind)?;
                if list == "exceptions" {
                    entry = entry.silenced(Some("an exception of the policy"));
                }
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

fn entry(result: &Node<'_>, rule: &str, kind: Kind) -> Result<Entry, Wrong> {
    let message = result.need_text("msg")?;
    let location = match result.get("loc") {
        Some(loc) => loc.place_at("file", "line")?,
        None => None,
    };
    let metadata = result.get("metadata");
    let first = |keys: &[&str]| metadata.as_ref().and_then(|node| first_text(node, keys));
    let query = first(&["query"]).map(|query| query.trim_start_matches("data.").to_owned());
    let rule = first(&RULE_KEYS)
        .or(query)
        .unwrap_or_else(|| rule.to_owned());
    let address = first(&ADDRESS_KEYS);
    let target = Target::of(address.as_deref()).at(location);
    Ok(Entry::new(rule, kind, message, target))
}

/// The first of `keys` that holds a string; a key may be a path of two.
pub(super) fn first_text(node: &Node<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|path| {
        let mut node = node.clone();
        for key in path.split('.') {
            node = node.get(key)?;
        }
        node.text().ok().map(str::to_owned)
    })
}

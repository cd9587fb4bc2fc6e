//! What `opa eval --format json` prints: whatever the asked rule holds.
//!
//! Rules are read by conftest's names (`deny`, `violation`, `warn`, `deny_…`) wherever they stand below the value. A
//! truth value says something only by the name that was asked for.

use super::conftest::{ADDRESS_KEYS, RULE_KEYS, first_text};
use super::entry::{Entry, Target};
use super::node::{Node, Wrong};
use crate::plan::value::Value;
use crate::policy::Kind;

/// How deep packages may lie in each other.
const DEEPEST: usize = 16;

pub(super) fn fits(root: &Node<'_>) -> bool {
    let results = root.get("result").and_then(|result| result.list().ok());
    results.is_some_and(|results| {
        !results.is_empty() && results.iter().all(|r| r.get("expressions").is_some())
    }) || root
        .get("errors")
        .is_some_and(|errors| errors.list().is_ok())
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let mut entries = Vec::new();
    for error in root.list_at("errors")? {
        let message = error.text_at("message")?.unwrap_or("no reason is given");
        entries.push(Entry::not_evaluated(format!(
            "opa reports an error: {message}"
        )));
    }
    if entries.is_empty() && root.get("result").is_none() {
        // What is asked for is undefined: `opa eval` prints an empty object.
        return Err(root.wrong("an object with a result; an undefined query says nothing"));
    }
    for result in root.list_at("result")? {
        for expression in result.need_list("expressions")? {
            let asked = expression.text_at("text")?.unwrap_or_default();
            let value = expression.need("value", "the value of the query")?;
            let before = entries.len();
            let known = answer(asked, &value, &mut entries)?;
            if !known {
                entries.truncate(before);
                return Err(value.wrong(
                    "the value of a deny, violation, warn or allow rule, or a package that holds one",
                ));
            }
        }
    }
    Ok(entries)
}

/// Reads the value of what was asked. `false`: nobody knows what it says.
fn answer(asked: &str, value: &Node<'_>, entries: &mut Vec<Entry>) -> Result<bool, Wrong> {
    let asked = asked.trim().trim_start_matches("data.");
    let name = asked.rsplit('.').next().unwrap_or_default();
    if let Value::Bool(holds) = value.value {
        let refused = match name {
            "allow" | "allowed" | "authz" | "compliant" | "pass" | "valid" => !holds,
            "deny" | "denied" | "violation" => *holds,
            _ => return Ok(false),
        };
        if refused {
            let message = format!("{asked} is {holds}");
            entries.push(Entry::new(asked, Kind::Deny, message, Target::default()));
        }
        return Ok(true);
    }
    if let Some(kind) = kind_of(name) {
        rule(asked, kind, value, entries)?;
        return Ok(true);
    }
    match value.value {
        Value::Object(_) => package(asked, value, entries, 0),
        // A query such as `data.main.deny[x]` binds elements, and a list without a known name could be anything.
        _ => Ok(false),
    }
}

/// Reads every rule that has a known name in a package and the packages below it.
fn package(
    name: &str,
    value: &Node<'_>,
    entries: &mut Vec<Entry>,
    depth: usize,
) -> Result<bool, Wrong> {
    let mut known = false;
    for (key, member) in value.members()? {
        let full = if name.is_empty() || name == "data" {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        };
        if let Some(kind) = kind_of(key) {
            known = true;
            rule(&full, kind, &member, entries)?;
        } else if key == "allow" && matches!(member.value, Value::Bool(_)) {
            known = true;
            answer(&full, &member, entries)?;
        } else if depth < DEEPEST && matches!(member.value, Value::Object(_)) {
            known |= package(&full, &member, entries, depth + 1)?;
        }
    }
    Ok(known)
}

fn kind_of(name: &str) -> Option<Kind> {
    let begins = |word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if begins("deny") || begins("violation") {
        Some(Kind::Deny)
    } else if begins("warn") {
        Some(Kind::Warn)
    } else {
        None
    }
}

/// The elements of a rule: a set is printed as a list, an object has its messages as values or as keys.
fn rule(name: &str, kind: Kind, value: &Node<'_>, entries: &mut Vec<Entry>) -> Result<(), Wrong> {
    match value.value {
        Value::Bool(holds) => {
            if *holds {
                let message = format!("{name} is true");
                entries.push(Entry::new(name, kind, message, Target::default()));
            }
        }
        Value::Text(text) => entries.push(Entry::new(name, kind, &**text, Target::default())),
        Value::List(_) => {
            for item in value.list()? {
                entries.push(element(name, kind, &item)?);
            }
        }
        Value::Object(_) if has_message(value) => entries.push(element(name, kind, value)?),
        Value::Object(_) => {
            for (key, item) in value.members()? {
                entries.push(match item.value {
                    Value::Bool(true) => Entry::new(name, kind, key, Target::default()),
                    Value::Bool(false) => continue,
                    _ => element(&format!("{name}.{key}"), kind, &item)?,
                });
            }
        }
        Value::Null | Value::Number(_) => return Err(value.wrong("messages")),
    }
    Ok(())
}

const MESSAGE_KEYS: [&str; 4] = ["msg", "message", "reason", "description"];

fn has_message(value: &Node<'_>) -> bool {
    first_text(value, &MESSAGE_KEYS).is_some()
}

fn element(name: &str, kind: Kind, item: &Node<'_>) -> Result<Entry, Wrong> {
    if let Value::Text(text) = item.value {
        return Ok(Entry::new(name, kind, &**text, Target::default()));
    }
    let message = first_text(item, &MESSAGE_KEYS)
        .ok_or_else(|| item.wrong("a message, or an object with msg, message or reason"))?;
    let in_metadata = item.get("metadata");
    let first =
        |keys: &[&str]| first_text(item, keys).or_else(|| first_text(in_metadata.as_ref()?, keys));
    let rule = first(&RULE_KEYS).unwrap_or_else(|| name.to_owned());
    let target = Target::of(first(&ADDRESS_KEYS).as_deref());
    Ok(Entry::new(rule, kind, message, target))
}

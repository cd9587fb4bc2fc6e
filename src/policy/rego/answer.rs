//! From a rule's value to verdicts. A value of a form that nobody agreed on is trouble, never silence.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

use super::rules::Asked;
use crate::policy::locate::Addresses;
use crate::policy::{Kind, Trouble, Verdict};

/// Where an object may say what it says.
const MESSAGES: [&str; 3] = ["msg", "message", "reason"];
/// Where it may say which resource it is about.
const ADDRESSES: [&str; 3] = ["address", "resource_address", "resource"];
/// Objects in which that may stand too.
const AROUND: [&str; 2] = ["metadata", "details"];

/// What the rule says with `value`; `change` is the address of the change that it was asked about, if it was one.
pub(super) fn verdicts(
    rule: &Asked,
    value: &Value,
    change: Option<&str>,
    addresses: &Addresses,
) -> Result<Vec<Verdict>, Trouble> {
    if rule.allows {
        let allowed = matches!(value, Value::Bool(true));
        let message = format!("{} is not true", rule.id());
        let denied = (!allowed).then(|| verdict(rule, message, None, BTreeMap::new()));
        return Ok(denied.into_iter().collect());
    }
    let one = |item: &Value| single(rule, item, change, addresses);
    match value {
        Value::Undefined | Value::Null | Value::Bool(false) => Ok(Vec::new()),
        Value::Bool(true) => {
            let address = change.map(str::to_owned);
            Ok(vec![verdict(
                rule,
                rule.name.clone(),
                address,
                BTreeMap::new(),
            )])
        }
        Value::Set(items) => items.iter().map(one).collect(),
        Value::Array(items) => items.iter().map(one).collect(),
        Value::Object(fields) if fields.is_empty() => Ok(Vec::new()),
        Value::String(_) | Value::Object(_) => one(value).map(|verdict| vec![verdict]),
        Value::Number(_) => Err(unknown(rule, value)),
    }
}

fn single(
    rule: &Asked,
    item: &Value,
    change: Option<&str>,
    addresses: &Addresses,
) -> Result<Verdict, Trouble> {
    let text = |value: &Value| value.as_string().ok().map(ToString::to_string);
    let (message, named, metadata) = match item {
        Value::String(message) => (message.to_string(), None, BTreeMap::new()),
        Value::Object(fields) => {
            let message = MESSAGES
                .iter()
                .find_map(|key| text(&item[*key]))
                .ok_or_else(|| unknown(rule, item))?;
            let named = std::iter::once(item)
                .chain(AROUND.iter().map(|key| &item[*key]))
                .flat_map(|object| ADDRESSES.iter().filter_map(|key| text(&object[*key])))
                .find(|address| addresses.has(address));
            let metadata = fields
                .iter()
                .filter_map(|(key, value)| Some((text(key)?, value.to_json_str().ok()?)))
                .filter(|(key, _)| !MESSAGES.contains(&key.as_str()))
                .collect();
            (message, named, metadata)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Set(_)
        | Value::Undefined => return Err(unknown(rule, item)),
    };
    let address = named
        .or_else(|| change.map(str::to_owned))
        .or_else(|| addresses.find(&message).map(str::to_owned));
    Ok(verdict(rule, message, address, metadata))
}

fn verdict(
    rule: &Asked,
    message: String,
    address: Option<String>,
    metadata: BTreeMap<String, String>,
) -> Verdict {
    Verdict {
        kind: rule.kind,
        rule: rule.id(),
        source: rule.source(&message),
        message,
        address,
        tool: "rego".into(),
        metadata,
    }
}

/// A value that is no verdict. Its own text is not told: it may hold what is secret.
fn unknown(rule: &Asked, value: &Value) -> Trouble {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object without msg or message",
        Value::Undefined => "nothing",
    };
    let wanted = match rule.kind {
        Kind::Info | Kind::Warn | Kind::Deny => "strings, or objects with msg or message",
    };
    Trouble {
        reason: "shape".into(),
        place: rule.place(),
        error: format!("{} says {got} where {wanted} are expected", rule.id()),
    }
}

/// The names in a set of lists, as `exception` gives them.
pub(super) fn names(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_string().ok().map(ToString::to_string);
    let items = |value: &Value| -> Vec<Value> {
        match value {
            Value::Set(items) => items.iter().cloned().collect(),
            Value::Array(items) => items.iter().cloned().collect(),
            _ => Vec::new(),
        }
    };
    items(value)
        .iter()
        .flat_map(&items)
        .filter_map(|name| text(&name))
        .collect()
}

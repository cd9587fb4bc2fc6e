//! Containers that are written as JSON: the task definitions of ECS, the job definitions of Batch.

use std::collections::BTreeSet;

use super::documents::Documents;
use super::written::{Part, Side};
use super::{Finding, Risk};
use crate::plan::value::{Member, Value};

/// The type whose rows speak of what such a document holds.
const TYPE: &str = "container-definition";

/// Documents are looked into this deep.
const MAX_DEPTH: usize = 12;

/// The containers of a document, and what they have in common, as one object.
pub fn objects<'a>(side: Side<'a>, documents: &Documents<'a>) -> Option<Vec<Part>> {
    let document = lower(&*documents.of(side.value)?, 0);
    // The document is a container, or a list of them; or they stand further within.
    let mut containers = match &document {
        Value::List(items) => items.iter().collect(),
        other => vec![other],
    };
    let mut tasks = Vec::new();
    for part in containers.clone() {
        within(part, "image", &mut containers);
        within(part, "containers", &mut tasks);
    }
    if document.get("containers").is_some() {
        tasks.push(&document);
    }
    let list = |found: Vec<&Value>| Value::List(found.into_iter().cloned().collect());
    let value = Value::Object(vec![
        ("container".into(), list(containers)),
        ("task".into(), list(tasks)),
    ]);
    Some(vec![Part {
        name: String::new(),
        type_name: TYPE.to_owned(),
        value,
        unknown: None,
        secret: side.secret.cloned(),
    }])
}

/// A secret that was fetched when the program started, and now stands in the definition.
pub fn moved_to_clear(olds: &[Part], news: &[Part]) -> Option<Finding> {
    let (was, is) = (names(olds, "secrets")?, names(news, "environment")?);
    was.intersection(&is).next()?;
    Some(Finding::new(
        "protection-weakened",
        Risk::High,
        "A secret that the program fetched when it started stands in the definition in clear: whoever may read that may read it.",
    ))
}

/// What the settings are called that stand in such a list of a container.
fn names<'p>(parts: &'p [Part], list: &str) -> Option<BTreeSet<&'p str>> {
    let containers = parts.first()?.value.get("container")?;
    let settings = items(containers)
        .iter()
        .flat_map(|container| container.get(list).map_or(&[][..], items));
    Some(
        settings
            .filter_map(|setting| setting.get("name")?.as_text())
            .collect(),
    )
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        _ => &[],
    }
}

/// The objects within that have this member.
fn within<'v>(value: &'v Value, member: &str, found: &mut Vec<&'v Value>) {
    let mut each = |inner: &'v Value| {
        if inner.get(member).is_some() {
            found.push(inner);
        }
        within(inner, member, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(_, inner)| each(inner)),
        Value::List(items) => items.iter().for_each(each),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// The document with all names in lower case: the service's reader takes `Privileged` for `privileged`, and of both the
/// one that stands last.
fn lower(value: &Value, depth: usize) -> Value {
    match value {
        Value::List(items) if depth < MAX_DEPTH => {
            Value::List(items.iter().map(|item| lower(item, depth + 1)).collect())
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            let mut lowered: Vec<Member> = Vec::with_capacity(members.len());
            for (name, value) in members {
                let (name, value) = (name.to_lowercase(), lower(value, depth + 1));
                match lowered.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known = value,
                    None => lowered.push((name, value)),
                }
            }
            Value::Object(lowered)
        }
        other => other.clone(),
    }
}

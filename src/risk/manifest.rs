//! Objects of Kubernetes that are written out as they are, or as YAML, instead of as a resource of their kind.
//!
//! Owns how such an object is read as the resource that stands for its kind.

use super::written::{self, Part, Side};
use crate::diff::yaml;
use crate::plan::value::Value;

/// The objects of a document; `None` if it cannot be read. A list of objects is not one object but many.
pub fn objects(side: Side<'_>) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    match side.value {
        Value::Text(text) => {
            for document in &yaml::read(text)?.documents {
                let inside = Side {
                    value: document,
                    unknown: None,
                    ..side
                };
                add(inside, &mut parts);
            }
        }
        _ => add(side, &mut parts),
    }
    Some(parts)
}

fn add(side: Side<'_>, parts: &mut Vec<Part>) {
    let text = |name: &str| side.value.get(name)?.as_text();
    let Some(kind) = text("kind") else {
        return;
    };
    if let (Some(Value::List(items)), true) = (side.value.get("items"), kind.ends_with("List")) {
        for (index, item) in items.iter().enumerate() {
            let mark = |mark| written::part(mark, |mark| mark.get("items")?.at(index));
            // A list in a list is none that the cluster knows.
            let inside = Side {
                value: item,
                unknown: side.unknown.and_then(mark),
                secret: side.secret.and_then(mark),
            };
            parts.extend(object(inside));
        }
        return;
    }
    parts.extend(object(side));
}

fn object(side: Side<'_>) -> Option<Part> {
    let kind = side.value.get("kind")?.as_text()?;
    let name = |name: &str| side.value.get("metadata")?.get(name)?.as_text();
    let names = [name("namespace"), name("name")];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    // One that nothing of its own is said about in the rows: it holds pods as a deployment does.
    let stands_for = if kind == "ReplicaSet" {
        "Deployment"
    } else {
        kind
    };
    Some(Part {
        name: format!("{kind} {}", names.join("/")),
        type_name: format!("kubernetes_{}_v1", snake(stands_for)),
        value: reshaped(side.value),
        unknown: side.unknown.map(reshaped),
        secret: side.secret.map(reshaped),
    })
}

/// Members whose names are people's own.
const OWN_NAMES: [&str; 6] = [
    "annotations",
    "data",
    "labels",
    "matchLabels",
    "nodeSelector",
    "stringData",
];

/// Lists that the resources call by the name of one element.
const BLOCKS: [(&str, &str); 7] = [
    ("containers", "container"),
    ("initContainers", "init_container"),
    ("externalIPs", "external_ips"),
    ("rules", "rule"),
    ("subjects", "subject"),
    ("volumes", "volume"),
    ("webhooks", "webhook"),
];

/// The object with the names that the resource of its kind gives to the same things.
fn reshaped(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(reshaped).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let block = BLOCKS.iter().find(|(written, _)| *written == &**name);
                let called = block.map_or_else(|| snake(name), |(_, called)| (*called).to_owned());
                let value = if OWN_NAMES.contains(&&**name) {
                    value.clone()
                } else {
                    reshaped(value)
                };
                (called.as_str().into(), value)
            });
            Value::Object(members.collect())
        }
        // What YAML readers of clusters take for a truth value.
        Value::Number(word) if is_yes(word) => Value::Bool(true),
        other => other.clone(),
    }
}

fn is_yes(word: &str) -> bool {
    ["y", "yes", "on", "true"].contains(&&*word.to_ascii_lowercase())
}

/// `hostPID` is `host_pid`, `roleRef` is `role_ref`.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            snake.push('_');
        }
        after_small = !letter.is_ascii_uppercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_resources_write_them() {
        for (written, called) in [
            ("ClusterRoleBinding", "cluster_role_binding"),
            ("hostPID", "host_pid"),
            ("roleRef", "role_ref"),
            ("spec", "spec"),
        ] {
            assert_eq!(snake(written), called);
        }
        let object = r#"{"subjects":[{"apiGroup":"a"}],"metadata":{"labels":{"aB":"c"}}}"#;
        let read = reshaped(&Value::parse(object).unwrap()).to_string();
        let wanted = r#"{"subject":[{"api_group":"a"}],"metadata":{"labels":{"aB":"c"}}}"#;
        assert_eq!(read, Value::parse(wanted).unwrap().to_string());
    }
}

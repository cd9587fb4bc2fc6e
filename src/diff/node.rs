//! One side of a change at one place: its value, and what the marks beside it say.

use super::Side;
use super::secrets::MASK;
use crate::plan::value::{Member, Value};
use crate::plan::values::Mark;

/// One side at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// The value; `None` if there is none here, or none yet.
    pub value: Option<&'a Value>,
    /// What is known only after apply.
    pub unknown: Mark<'a>,
    /// What must not be shown.
    pub secret: Mark<'a>,
}

impl<'a> Node<'a> {
    pub fn is_unknown(&self) -> bool {
        // A member that is unknown somewhere below, but has no value at all, has nothing to show either.
        self.unknown.covers()
            || (self.value.is_none()
                && self.unknown.touches()
                && self.unknown.members().next().is_none())
    }

    pub fn exists(&self) -> bool {
        self.value.is_some() || self.unknown.touches()
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self.value, None | Some(Value::Null)) && !self.unknown.touches()
    }

    pub fn members(&self) -> Option<Vec<&'a str>> {
        let known: &[Member] = match self.value {
            Some(Value::Object(members)) => members,
            None if self.unknown.members().next().is_some() => &[],
            _ => return None,
        };
        let mut keys: Vec<&str> = known.iter().map(|(key, _)| &**key).collect();
        let unknown = self.unknown.members().filter(|(_, mark)| mark.touches());
        keys.extend(
            unknown
                .map(|(key, _)| key)
                .filter(|key| !known.iter().any(|(k, _)| **k == **key)),
        );
        Some(keys)
    }

    pub fn elements(&self) -> Option<&'a [Value]> {
        match self.value {
            Some(Value::List(items)) => Some(items),
            _ => None,
        }
    }

    pub fn member(&self, key: &str) -> Self {
        Node {
            value: self.value.and_then(|value| value.get(key)),
            unknown: self.unknown.member(key),
            secret: self.secret.member(key),
        }
    }

    pub fn element(&self, index: usize) -> Self {
        Node {
            value: self.value.and_then(|value| value.at(index)),
            unknown: self.unknown.element(index),
            secret: self.secret.element(index),
        }
    }

    pub const NOTHING: Node<'static> = Node {
        value: None,
        unknown: Mark::NOTHING,
        secret: Mark::NOTHING,
    };
}

/// What stands in the row of a container; its members have rows of their own.
pub(super) fn side_of_container(node: Node<'_>) -> Side {
    match node.value {
        None if node.unknown.touches() => {
            Side::Members(node.members().map_or(0, |keys| keys.len()))
        }
        None => Side::Absent,
        Some(Value::List(items)) => Side::Elements(items.len()),
        Some(Value::Object(_)) => Side::Members(node.members().map_or(0, |keys| keys.len())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)) => Side::Null,
    }
}

/// The value with a mask in place of everything that is marked.
pub(super) fn masked(value: &Value, secret: Mark<'_>) -> Value {
    if secret.covers() {
        return Value::Text(MASK.into());
    }
    match value {
        Value::List(items) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| masked(item, secret.element(i)))
                .collect(),
        ),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, member)| (key.clone(), masked(member, secret.member(key))))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => value.clone(),
    }
}

//! Finding the values of a catalogue path in both sides of a change, and putting them side by side.
//!
//! Null and absent are the same here: providers write the one or the other for "not set". What is known only after apply
//! and what is secret is kept with each value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::catalogue::Step;
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// More pairs than this are not compared one by one; the row is taken to fire.
const MAX_PAIRS: usize = 100_000;

/// One side of a change with its marks.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The value; `None` where there is none.
    pub value: Option<&'a Value>,
    /// Where it is known only after apply.
    pub unknown: Mark<'a>,
    /// Where it is secret.
    pub secret: Mark<'a>,
}

impl<'a> Side<'a> {
    /// What the object is.
    pub fn before(values: &'a Values) -> Self {
        Side {
            value: set(values.before.as_ref()),
            unknown: Mark::root(None),
            secret: Mark::root(values.before_sensitive.as_ref()),
        }
    }

    /// What the object becomes.
    pub fn after(values: &'a Values) -> Self {
        Side {
            value: set(values.after.as_ref()),
            unknown: Mark::root(values.after_unknown.as_ref()),
            secret: Mark::root(values.after_sensitive.as_ref()),
        }
    }

    /// A member of it.
    #[must_use]
    pub fn member(self, key: &str) -> Self {
        Side {
            value: set(self.value.and_then(|value| value.get(key))),
            unknown: self.unknown.member(key),
            secret: self.secret.member(key),
        }
    }

    /// An element of it.
    #[must_use]
    pub fn at(self, index: usize) -> Self {
        Side {
            value: set(self.value.and_then(|value| value.at(index))),
            unknown: self.unknown.element(index),
            secret: self.secret.element(index),
        }
    }

    fn element(self, index: usize, value: &'a Value) -> Self {
        Side {
            value: set(Some(value)),
            unknown: self.unknown.element(index),
            secret: self.secret.element(index),
        }
    }
}

fn set(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| **value != Value::Null)
}

/// What tells one element from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Tag {
    Nothing,
    Place(usize),
    Key(String),
}

/// A value that a path leads to.
#[derive(Debug, Clone)]
pub struct Leaf<'a> {
    tags: Vec<Tag>,
    /// Where it is, as `a.b[0]`.
    pub path: String,
    /// The value; `None` where there is none.
    pub value: Option<&'a Value>,
    /// Known only after apply.
    pub unknown: bool,
    /// Something in it is known only after apply.
    pub unknown_within: bool,
    /// It is secret, or something in it is.
    pub secret: bool,
}

/// Whether the values that `steps` lead to may differ, or are known only after apply: they do not if the attribute that
/// the path begins with is the same on both sides.
pub fn may_differ(steps: &[Step], before: Side<'_>, after: Side<'_>) -> bool {
    let Some(Step::Member(name)) = steps.first() else {
        return true;
    };
    let (old, new) = (before.member(name), after.member(name));
    new.unknown.touches() || old.value != new.value
}

/// The values that `steps` lead to. Where a list or map is missing or empty, one leaf without a value stands for it.
pub fn leaves<'a>(side: Side<'a>, steps: &[Step], key: Option<&str>) -> Vec<Leaf<'a>> {
    let mut found = Vec::new();
    let mut walk = Walk {
        key,
        tags: Vec::new(),
        found: &mut found,
    };
    walk.on(side, steps, String::new());
    found
}

struct Walk<'w, 'a> {
    key: Option<&'w str>,
    tags: Vec<Tag>,
    found: &'w mut Vec<Leaf<'a>>,
}

impl<'a> Walk<'_, 'a> {
    // The depth is that of the catalogue's path, not of the value.
    fn on(&mut self, side: Side<'a>, steps: &[Step], path: String) {
        let Some((step, rest)) = steps.split_first() else {
            self.found.push(Leaf {
                tags: self.tags.clone(),
                path,
                value: side.value,
                unknown: side.unknown.covers(),
                unknown_within: side.unknown.touches(),
                secret: side.secret.touches(),
            });
            return;
        };
        match (step, side.value) {
            (Step::Member(name), _) => self.on(side.member(name), rest, join(&path, name)),
            (Step::Each, Some(Value::List(items))) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    let tag = self
                        .key
                        .and_then(|key| item.get(key))
                        .map_or(Tag::Place(index), |value| Tag::Key(canonical(value)));
                    let path = format!("{path}[{index}]");
                    self.tagged(tag, side.element(index, item), rest, path);
                }
            }
            // An object where a list is expected is a list of one.
            (Step::Each, Some(Value::Object(_))) => {
                self.tagged(Tag::Place(0), side, rest, path);
            }
            (Step::Values, Some(Value::Object(members))) if !members.is_empty() => {
                for (name, _) in members {
                    let path = join(&path, name);
                    self.tagged(Tag::Key(name.to_string()), side.member(name), rest, path);
                }
            }
            (Step::Each | Step::Values, _) => {
                let nothing = Side {
                    value: None,
                    ..side
                };
                self.tagged(Tag::Nothing, nothing, rest, path);
            }
        }
    }

    fn tagged(&mut self, tag: Tag, side: Side<'a>, rest: &[Step], path: String) {
        self.tags.push(tag);
        self.on(side, rest, path);
        self.tags.pop();
    }
}

fn join(path: &str, name: &str) -> String {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let mut joined = path.to_owned();
    if plain && !name.is_empty() {
        if !joined.is_empty() {
            joined.push('.');
        }
        joined.push_str(name);
    } else {
        let _ = write!(joined, "[{name:?}]");
    }
    joined
}

/// Two values that belong together; one may be missing.
pub type Pair<'l, 'a> = (Option<&'l Leaf<'a>>, Option<&'l Leaf<'a>>);

/// Puts the leaves of both sides side by side: by key, else by place, else each with each. `None` if that are too many.
pub fn pairs<'l, 'a>(before: &'l [Leaf<'a>], after: &'l [Leaf<'a>]) -> Option<Vec<Pair<'l, 'a>>> {
    if let ([old], [new]) = (before, after) {
        return Some(vec![(Some(old), Some(new))]);
    }
    let by_tag = |leaves: &'l [Leaf<'a>]| -> BTreeMap<&'l [Tag], &'l Leaf<'a>> {
        leaves.iter().map(|leaf| (&*leaf.tags, leaf)).collect()
    };
    let (olds, news) = (by_tag(before), by_tag(after));
    if olds.keys().any(|tag| news.contains_key(tag)) {
        let both = olds
            .iter()
            .filter_map(|(tag, old)| Some((Some(*old), Some(*news.get(tag)?))));
        let added = news
            .iter()
            .filter(|(tag, _)| !olds.contains_key(*tag))
            .map(|(_, new)| (None, Some(*new)));
        return Some(both.chain(added).collect());
    }
    if before.len() == after.len() {
        return Some(
            before
                .iter()
                .map(Some)
                .zip(after.iter().map(Some))
                .collect(),
        );
    }
    if before.len().saturating_mul(after.len()) > MAX_PAIRS {
        return None;
    }
    let each = before
        .iter()
        .flat_map(|old| after.iter().map(move |new| (Some(old), Some(new))));
    Some(each.collect())
}

/// The elements of the collections in `leaves`, by which one tells whether one went or came.
pub fn elements<'a>(leaves: &[Leaf<'a>], key: Option<&str>) -> BTreeMap<String, &'a Value> {
    let mut elements = BTreeMap::new();
    for value in leaves.iter().filter_map(|leaf| leaf.value) {
        match value {
            Value::List(items) => {
                for item in items {
                    let identity = key.and_then(|key| item.get(key)).unwrap_or(item);
                    elements.insert(canonical(identity), item);
                }
            }
            Value::Object(members) if members.is_empty() => {}
            other => {
                elements.insert(canonical(other), other);
            }
        }
    }
    elements
}

/// The values of the leaves, lists taken apart.
pub fn flat<'a>(leaves: &[Leaf<'a>]) -> Vec<(String, &'a Value)> {
    let mut values = Vec::new();
    for leaf in leaves {
        match leaf.value {
            Some(Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    values.push((format!("{}[{index}]", leaf.path), item));
                }
            }
            Some(value) => values.push((leaf.path.clone(), value)),
            None => {}
        }
    }
    values
}

/// Whether two values are equal but for the order of members: as their canonical texts are, without making them.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(ones), Value::List(others)) => {
            ones.len() == others.len() && ones.iter().zip(others).all(|(a, b)| same(a, b))
        }
        (Value::Object(ones), Value::Object(others)) => {
            // Both have their members in the same order, nearly always.
            let twin = |place: usize, key: &str| match others.get(place) {
                Some((other, value)) if **other == *key => Some(value),
                _ => other.get(key),
            };
            ones.len() == others.len()
                && ones.iter().enumerate().all(|(place, (key, value))| {
                    twin(place, key).is_some_and(|twin| same(value, twin))
                })
        }
        _ => one == other,
    }
}

/// JSON with sorted keys: equal for equal values.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members: BTreeSet<String> = members
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", canonical(value)))
                .collect();
            format!("{{{}}}", members.into_iter().collect::<Vec<_>>().join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_if_their_canonical_texts_are() {
        let texts = [
            r#"{"a":1,"b":[{"x":null,"y":"1"}]}"#,
            r#"{"b":[{"y":"1","x":null}],"a":1}"#,
            r#"{"a":1,"b":[{"x":null,"y":1}]}"#,
            r#"{"a":1,"b":[{"x":null}]}"#,
            r#"{"a":1.0,"b":[]}"#,
            r#"{"a":1,"c":[]}"#,
            "[1,2]",
            "[2,1]",
            "[]",
            "{}",
            "null",
            r#""""#,
            "false",
        ];
        let values = texts.map(|text| Value::parse(text).unwrap());
        for one in &values {
            for other in &values {
                let wanted = canonical(one) == canonical(other);
                assert_eq!(same(one, other), wanted, "{one} {other}");
            }
        }
        assert!(same(&values[0], &values[1]));
    }
}

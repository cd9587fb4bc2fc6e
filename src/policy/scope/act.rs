//! One thing that a plan will do, as a scope looks at it.

use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind};
use crate::plan::value::Value;
use crate::plan::values::Values;

/// One thing that a plan will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What sort of thing.
    pub kind: Kind,
    /// Its address, or its name.
    pub address: String,
    /// Where it was before it was moved.
    pub previous: Option<String>,
    /// Whether it is imported.
    pub imported: bool,
    /// What is done.
    pub action: Action,
    /// Whether anything is done at all.
    pub is_nothing: bool,
    /// Paths of the attributes that change, part by part; `None` if they cannot be read.
    pub changed: Option<Vec<Vec<String>>>,
    /// Names of files that its new side speaks of.
    pub files: Vec<String>,
}

/// Attributes that name a file which a resource writes.
const FILE_ATTRIBUTES: [&str; 6] = ["filename", "file", "file_path", "path", "key", "source"];

impl Act {
    /// What a row does, whose element in the plan is `item`. Values that cannot be read are no attributes that are known.
    pub fn of_item(effect: &Effect, item: &str) -> Self {
        let sides = matches!(effect.kind, Kind::Change | Kind::Deferred) && !effect.is_nothing();
        let values = sides.then(|| Values::of_item(item).ok()).flatten();
        Act::of(effect, values.as_ref())
    }

    /// What a row does.
    pub fn of(effect: &Effect, values: Option<&Values>) -> Self {
        let is_nothing = effect.is_nothing();
        let files = values
            .filter(|_| !is_nothing)
            .and_then(|values| values.after.as_ref());
        Act {
            kind: effect.kind,
            address: effect.address().into_owned(),
            previous: effect.previous_address().map(str::to_owned),
            imported: effect.is_import(),
            action: effect.action,
            is_nothing,
            changed: values.map(changed),
            files: files.map(files_of).unwrap_or_default(),
        }
    }

    /// The words for everything that is done: a move and an import are acts of their own. `None`: nobody knows the action.
    pub fn words(&self) -> Option<Vec<&'static str>> {
        let mut words = match self.action {
            Action::NoOp => Vec::new(),
            Action::Create => vec!["create"],
            Action::Read | Action::Open => vec!["read"],
            Action::Update => vec!["update"],
            Action::Delete => vec!["delete"],
            Action::DeleteCreate | Action::CreateDelete => vec!["replace"],
            Action::Forget => vec!["forget"],
            Action::CreateForget | Action::ForgetCreate => vec!["create", "forget"],
            Action::Unknown => return None,
        };
        if self.previous.is_some() {
            words.push("move");
        }
        if self.imported {
            words.push("import");
        }
        Some(words)
    }
}

fn files_of(after: &Value) -> Vec<String> {
    FILE_ATTRIBUTES
        .iter()
        .filter_map(|name| after.get(name)?.as_text().map(str::to_owned))
        .collect()
}

/// The paths at which the two sides differ, and those that are known only after apply.
fn changed(values: &Values) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let absent = Value::Null;
    let before = values.before.as_ref().unwrap_or(&absent);
    let after = values.after.as_ref().unwrap_or(&absent);
    differ(before, after, &mut Vec::new(), &mut found);
    if let Some(unknown) = &values.after_unknown {
        marked(unknown, &mut Vec::new(), &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn differ(before: &Value, after: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                path.push(key.to_string());
                differ(value, after.get(key).unwrap_or(&Value::Null), path, found);
                path.pop();
            }
            for (key, value) in new {
                if before.get(key).is_none() && *value != Value::Null {
                    path.push(key.to_string());
                    found.push(path.clone());
                    path.pop();
                }
            }
        }
        (Value::List(old), Value::List(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(index.to_string());
                differ(old, new, path, found);
                path.pop();
            }
        }
        _ => found.push(path.clone()),
    }
}

fn marked(marks: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match marks {
        Value::Bool(true) => found.push(path.clone()),
        Value::Object(members) => {
            for (key, value) in members {
                path.push(key.to_string());
                marked(value, path, found);
                path.pop();
            }
        }
        Value::List(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push(index.to_string());
                marked(value, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(false) | Value::Number(_) | Value::Text(_) => {}
    }
}

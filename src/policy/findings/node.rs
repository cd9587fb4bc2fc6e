//! A JSON document that somebody else wrote, read with the place of everything that is not as it should be.
//!
//! Owns the sentence "here stands this, and that must stand here". Knows no format.

use crate::plan::value::{Member, Value};
use crate::policy::Place;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The place, as `results.failed_checks[3].check_id`; empty for the whole document.
    pub path: String,
    /// What must stand there.
    pub want: &'static str,
    /// What stands there: a type of JSON, never the value.
    pub got: String,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    /// The value.
    pub value: &'a Value,
    /// Its place.
    pub path: String,
}

impl<'a> Node<'a> {
    /// The document itself.
    pub fn root(value: &'a Value) -> Self {
        Node {
            value,
            path: String::new(),
        }
    }

    /// This is not what must stand here.
    pub fn wrong(&self, want: &'static str) -> Wrong {
        Wrong {
            path: self.path.clone(),
            want,
            got: kind(self.value).into(),
        }
    }

    /// The member `key`; a null counts as absent.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let value = self.value.get(key).filter(|value| **value != Value::Null)?;
        Some(self.member(key, value))
    }

    /// The member `key`, which must be there.
    pub fn need(&self, key: &str, want: &'static str) -> Result<Node<'a>, Wrong> {
        self.get(key).ok_or_else(|| Wrong {
            path: self.path_of(key),
            want,
            got: "nothing".into(),
        })
    }

    /// The string that this is.
    pub fn text(&self) -> Result<&'a str, Wrong> {
        self.value.as_text().ok_or_else(|| self.wrong("a string"))
    }

    /// The elements of the list that this is.
    pub fn list(&self) -> Result<Vec<Node<'a>>, Wrong> {
        let Value::List(items) = self.value else {
            return Err(self.wrong("a list"));
        };
        let place = |(index, value)| Node {
            value,
            path: format!("{}[{index}]", self.path),
        };
        Ok(items.iter().enumerate().map(place).collect())
    }

    /// The members of the object that this is.
    pub fn members(&self) -> Result<Vec<(&'a str, Node<'a>)>, Wrong> {
        let Value::Object(members) = self.value else {
            return Err(self.wrong("an object"));
        };
        let place = |(key, value): &'a Member| (&**key, self.member(key, value));
        Ok(members.iter().map(place).collect())
    }

    /// The string at `key`, if there is one.
    pub fn text_at(&self, key: &str) -> Result<Option<&'a str>, Wrong> {
        self.get(key).map(|node| node.text()).transpose()
    }

    /// The string at `key`, which must be there.
    pub fn need_text(&self, key: &str) -> Result<&'a str, Wrong> {
        self.need(key, "a string")?.text()
    }

    /// The elements of the list at `key`; none if it is absent.
    pub fn list_at(&self, key: &str) -> Result<Vec<Node<'a>>, Wrong> {
        self.get(key).map_or(Ok(Vec::new()), |node| node.list())
    }

    /// The elements of the list at `key`, which must be there.
    pub fn need_list(&self, key: &str) -> Result<Vec<Node<'a>>, Wrong> {
        self.need(key, "a list")?.list()
    }

    /// The whole number at `key`, if there is one.
    pub fn number_at(&self, key: &str) -> Result<Option<u32>, Wrong> {
        let Some(node) = self.get(key) else {
            return Ok(None);
        };
        match node.value {
            Value::Number(text) => text.parse().ok().map(Some),
            _ => None,
        }
        .ok_or_else(|| node.wrong("a whole number"))
    }

    /// The file at `file` and the line at `line`; none without a file or a line. Lines begin at 1.
    pub fn place_at(&self, file: &str, line: &str) -> Result<Option<Place>, Wrong> {
        let (file, line) = (self.text_at(file)?, self.number_at(line)?);
        Ok(match (file, line) {
            (Some(file), Some(line @ 1..)) => Some(Place {
                file: file.into(),
                line,
            }),
            _ => None,
        })
    }

    fn member(&self, key: &str, value: &'a Value) -> Node<'a> {
        Node {
            value,
            path: self.path_of(key),
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// The type of a value, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::Text(_) => "a string",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

//! What differs between the two sides of one change.
//!
//! Owns the flat list of attribute rows and everything that makes it readable: pairing of list elements, word and line
//! differences, texts that hold JSON or base64, and the masking of secrets. What leaves this module is masked already.
//! Knows no screen and judges nothing.

use std::collections::BTreeSet;

use crate::plan::values::Values;

pub mod embedded;
mod lists;
mod node;
pub mod raw;
pub mod secrets;
pub mod text;
mod tree;
pub mod value;
pub mod yaml;

pub use embedded::Document;
pub use secrets::Secrets;

/// What happens to one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It stands on the new side only.
    Added,
    /// It stands on the old side only.
    Removed,
    /// It differs, here or somewhere below.
    Changed,
    /// The elements of a list are the same, in another order.
    Reordered,
    /// Its new value is known only after apply.
    Unknown,
    /// Only the mark changes that says whether it is secret.
    Sensitivity,
    /// Both sides are the same.
    Unchanged,
    /// Null or empty where the object around it is new or gone: nothing is said about it.
    Unset,
}

impl Kind {
    /// Whether the row tells of no difference.
    pub fn is_quiet(self) -> bool {
        matches!(self, Kind::Unchanged | Kind::Unset)
    }
}

/// What stands on one side of a row. Absent, null, unknown and secret are four different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Nothing: there is no such member.
    Absent,
    /// `null`
    Null,
    /// A string; secrets in it are masked.
    Text(String),
    /// A number, a truth value, or a container as compact JSON.
    Literal(String),
    /// A value that must not be shown.
    Secret,
    /// A text of a plan that is still being read: whether it is secret may be said further on.
    NotYet,
    /// A value known only after apply; whether it will be secret.
    Unknown {
        /// It will be secret.
        secret: bool,
    },
    /// An object; its members are the rows that follow.
    Members(usize),
    /// A list; its elements are the rows that follow.
    Elements(usize),
}

/// One row: an attribute, a member or an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands, as `a.b[0]`. Foreign text that may name a secret map key: for lookups, not for display.
    pub path: String,
    /// What it is called in its container: a name, or `[0]`. Empty for the value of an output.
    pub label: String,
    /// How deep it stands; 0 for the attributes of a resource.
    pub depth: usize,
    /// What happens to it.
    pub kind: Kind,
    /// The old side.
    pub old: Side,
    /// The new side.
    pub new: Side,
    /// A remark: another order, another spelling, which element of a list this is.
    pub note: Option<String>,
    /// The difference line by line, for texts that are better read so.
    pub document: Option<Document>,
    /// Whether the object must be replaced because of it.
    pub forces_replacement: bool,
}

/// How a change is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looking<'a> {
    /// The secrets of the whole plan, as far as it was read. Those of the change itself are always added.
    pub secrets: Option<&'a Secrets>,
    /// The paths that force a replacement.
    pub forced: &'a [Box<str>],
    /// The one path whose value is shown although it is secret.
    pub revealed: Option<&'a str>,
    /// The plan is not read to its end, so nobody knows yet which of its texts are secret: none is shown.
    pub early: bool,
    /// Texts have all their lines, also those that stay as they are.
    pub whole: bool,
}

/// The attribute rows of a change: each container before its members, in the order of the file, what forces a
/// replacement first.
pub fn attributes(values: &Values, looking: Looking<'_>) -> Vec<Entry> {
    let mut entries = tree::rows(values, looking);
    mark_forced(&mut entries, looking.forced);
    forced_first(entries)
}

/// The paths whose values are masked as a whole, and may be shown one by one.
pub fn secret_paths(values: &Values) -> BTreeSet<String> {
    tree::rows(values, Looking::default())
        .into_iter()
        .filter(|entry| [&entry.old, &entry.new].contains(&&Side::Secret))
        .map(|entry| entry.path)
        .collect()
}

/// Marks the row at each path, or the nearest row above it where the path itself has none.
fn mark_forced(entries: &mut [Entry], forced: &[Box<str>]) {
    for path in forced {
        let nearest = entries
            .iter_mut()
            .filter(|entry| is_at_or_above(&entry.path, path))
            .max_by_key(|entry| entry.path.len());
        if let Some(entry) = nearest {
            entry.forces_replacement = true;
        }
    }
}

/// Whether `above` is the path itself or one of the containers it stands in.
pub fn is_at_or_above(above: &str, path: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| above.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Moves the attributes that force a replacement to the front, with everything below them.
fn forced_first(entries: Vec<Entry>) -> Vec<Entry> {
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    let mut entries = entries.into_iter().peekable();
    while let Some(entry) = entries.next() {
        let mut block = vec![entry];
        while let Some(below) = entries.next_if(|next| next.depth > 0) {
            block.push(below);
        }
        if block.iter().any(|entry| entry.forces_replacement) {
            first.append(&mut block);
        } else {
            rest.append(&mut block);
        }
    }
    first.append(&mut rest);
    first
}

#[cfg(test)]
mod tests;

//! Walks the two sides of a change together and writes down a row for each place.
//!
//! Owns where the walk goes and what becomes of a container; what a row without members says is in [`leaf`].

use std::collections::HashSet;

use super::node::{Node, side_of_container};
use super::secrets::{Secrets, has_no_marks, named_like_a_secret};
use super::{Entry, Kind, Looking, Side, lists};
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

mod leaf;

/// Deeper containers are shown as JSON in one line.
const DEEPEST: usize = 40;

/// Where a row stands.
struct Place {
    path: String,
    label: String,
    depth: usize,
    /// The object around it is new or gone as a whole, so that null says nothing.
    whole: bool,
    /// It is named like a secret, in a file without marks.
    named: bool,
    /// The reviewer asked to see it.
    revealed: bool,
    note: Option<String>,
}

impl Place {
    /// The place of the object itself, which has no name.
    fn root(looking: Looking<'_>, whole: bool) -> Self {
        Place {
            path: String::new(),
            label: String::new(),
            depth: 0,
            whole,
            named: false,
            revealed: looking.revealed == Some(""),
            note: None,
        }
    }
}

struct Walk<'a> {
    looking: Looking<'a>,
    own: Secrets,
    by_name: bool,
    entries: Vec<Entry>,
}

/// All rows of a change, in the order of the file.
pub(super) fn rows(values: &Values, looking: Looking<'_>) -> Vec<Entry> {
    let mut own = Secrets::default();
    own.collect(values);
    let mut walk = Walk {
        looking,
        own,
        by_name: has_no_marks(values),
        entries: Vec::new(),
    };
    let old = Node {
        value: values.before.as_ref(),
        unknown: Mark::NOTHING,
        secret: Mark::root(values.before_sensitive.as_ref()),
    };
    let new = Node {
        value: values.after.as_ref(),
        unknown: Mark::root(values.after_unknown.as_ref()),
        secret: Mark::root(values.after_sensitive.as_ref()),
    };
    let covered = old.secret.covers() || new.secret.covers() || new.is_unknown();
    let root = Place::root(looking, old.is_nothing() || new.is_nothing());
    // Its members are the attributes.
    let (left, right) = match (old.members(), new.members()) {
        _ if old.is_nothing() && new.is_nothing() => (Vec::new(), Vec::new()),
        (Some(left), Some(right)) if !covered => (left, right),
        (Some(left), None) if !covered && new.is_nothing() => (left, Vec::new()),
        (None, Some(right)) if !covered && old.is_nothing() => (Vec::new(), right),
        _ => {
            walk.place(root, old, new);
            return walk.entries;
        }
    };
    // The object itself is no row, so nobody can have asked to see it.
    let root = Place {
        revealed: false,
        ..root
    };
    walk.members(&root, 0, old, new, &left, &right);
    walk.entries
}

impl<'a> Walk<'a> {
    fn mask(&self, text: &str) -> String {
        let text = self.own.mask(text);
        self.looking.secrets.map_or_else(
            || text.clone().into_owned(),
            |all| all.mask(&text).into_owned(),
        )
    }

    /// Rows of the members of two objects: those of the new one in its order, then those that are gone.
    fn members(
        &mut self,
        at: &Place,
        depth: usize,
        old: Node<'a>,
        new: Node<'a>,
        left: &[&'a str],
        right: &[&'a str],
    ) -> Vec<Kind> {
        let known: HashSet<&str> = right.iter().copied().collect();
        let gone = left.iter().filter(|key| !known.contains(**key));
        let mut keys: Vec<&str> = right.iter().chain(gone).copied().collect();
        keys.sort_unstable();
        let whole = at.whole || old.is_nothing() || new.is_nothing();
        keys.into_iter()
            .map(|key| {
                let path = join(&at.path, key);
                let place = Place {
                    revealed: at.revealed || self.looking.revealed == Some(path.as_str()),
                    path,
                    label: if at.revealed {
                        key.into()
                    } else {
                        self.mask(key)
                    },
                    depth,
                    whole,
                    named: at.named || (self.by_name && named_like_a_secret(key)),
                    note: None,
                };
                self.place(place, old.member(key), new.member(key))
            })
            .collect()
    }

    fn elements(&mut self, at: &Place, old: Node<'a>, new: Node<'a>) -> (Vec<Kind>, bool) {
        let (left, right) = (old.elements().unwrap_or(&[]), new.elements().unwrap_or(&[]));
        let pairing = lists::pair(left, right, |j| new.unknown.element(j).touches());
        let depth = at.depth + 1;
        let whole = at.whole || old.is_nothing() || new.is_nothing();
        let kinds = pairing
            .pairs
            .into_iter()
            .map(|(i, j)| {
                let index = j.or(i).unwrap_or(0);
                let path = format!("{}[{index}]", at.path);
                let note = match (i, j) {
                    (Some(i), Some(j)) if i != j => Some(format!("was [{i}]")),
                    _ => None,
                };
                let place = Place {
                    revealed: at.revealed || self.looking.revealed == Some(path.as_str()),
                    path,
                    label: format!("[{index}]"),
                    depth,
                    whole,
                    named: at.named,
                    note,
                };
                let old = i.map_or(Node::NOTHING, |i| old.element(i));
                let new = j.map_or(Node::NOTHING, |j| new.element(j));
                self.place(place, old, new)
            })
            .collect();
        (kinds, pairing.reordered)
    }

    /// Writes the row of a place, and of everything below it.
    fn place(&mut self, place: Place, old: Node<'a>, new: Node<'a>) -> Kind {
        let named = place.named
            && [old, new]
                .iter()
                .any(|n| matches!(n.value, Some(Value::Text(_))));
        let covered = old.secret.covers() || new.secret.covers() || named;
        if covered && !place.revealed {
            return self.secret(place, old, new);
        }
        if new.is_unknown() || place.depth >= DEEPEST {
            return self.leaf(place, old, new);
        }
        match (old.members(), new.members()) {
            (Some(left), Some(right)) if !(left.is_empty() && right.is_empty()) => {
                return self.object(&place, old, new, &left, &right);
            }
            (Some(left), None) if new.is_nothing() && !left.is_empty() => {
                return self.object(&place, old, new, &left, &[]);
            }
            (None, Some(right)) if old.is_nothing() && !right.is_empty() => {
                return self.object(&place, old, new, &[], &right);
            }
            _ => {}
        }
        match (old.elements(), new.elements()) {
            (Some(left), Some(right)) if !(left.is_empty() && right.is_empty()) => {
                self.list(&place, old, new)
            }
            (Some(left), None) if new.is_nothing() && !left.is_empty() => {
                self.list(&place, old, new)
            }
            (None, Some(right)) if old.is_nothing() && !right.is_empty() => {
                self.list(&place, old, new)
            }
            _ => self.leaf(place, old, new),
        }
    }

    fn object(
        &mut self,
        place: &Place,
        old: Node<'a>,
        new: Node<'a>,
        left: &[&'a str],
        right: &[&'a str],
    ) -> Kind {
        let at = self.open(place, side_of_container(old), side_of_container(new));
        let kinds = self.members(place, place.depth + 1, old, new, left, right);
        self.close(at, old, new, &kinds, false)
    }

    fn list(&mut self, place: &Place, old: Node<'a>, new: Node<'a>) -> Kind {
        let at = self.open(place, side_of_container(old), side_of_container(new));
        let (kinds, reordered) = self.elements(place, old, new);
        self.close(at, old, new, &kinds, reordered)
    }

    /// Writes the row of a container; what happens to it is known when its members are.
    fn open(&mut self, place: &Place, old: Side, new: Side) -> usize {
        self.entries.push(Entry {
            path: place.path.clone(),
            label: place.label.clone(),
            depth: place.depth,
            kind: Kind::Unchanged,
            old,
            new,
            note: place.note.clone(),
            document: None,
            forces_replacement: false,
        });
        self.entries.len() - 1
    }

    fn close(
        &mut self,
        at: usize,
        old: Node<'a>,
        new: Node<'a>,
        kinds: &[Kind],
        reordered: bool,
    ) -> Kind {
        let kind = if old.is_nothing() {
            Kind::Added
        } else if new.is_nothing() {
            Kind::Removed
        } else if kinds.iter().all(|kind| kind.is_quiet()) {
            if reordered {
                Kind::Reordered
            } else {
                Kind::Unchanged
            }
        } else {
            Kind::Changed
        };
        let entry = &mut self.entries[at];
        entry.kind = kind;
        if !entry.label.is_empty() && old.value == Some(&Value::Null) {
            entry.note = Some("was null".into());
        } else if !entry.label.is_empty() && new.value == Some(&Value::Null) {
            entry.note = Some("becomes null".into());
        }
        if reordered {
            entry.note = Some(match kind {
                Kind::Reordered => "same elements, other order".into(),
                _ => "other order too".into(),
            });
        }
        kind
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.into()
    } else {
        format!("{path}.{key}")
    }
}

//! Rows without members: a value, or a place whose value must not be shown.
//!
//! What may be a secret is compared and never told: masked, left out, or put off until the whole plan is known.

use super::{Place, Walk};
use crate::diff::node::{Node, masked};
use crate::diff::secrets::{MASK, NOT_YET, may_be_secret};
use crate::diff::text::{self, Only};
use crate::diff::value::{compact, same};
use crate::diff::{Entry, Kind, Side, embedded};
use crate::plan::value::Value;
use crate::plan::values::Mark;

impl<'a> Walk<'a> {
    /// A place whose values must not be shown; they are compared all the same.
    pub(super) fn secret(&mut self, place: Place, old: Node<'a>, new: Node<'a>) -> Kind {
        let side = |node: Node<'a>| match node.value {
            _ if node.is_unknown() => Side::Unknown { secret: true },
            None if node.unknown.touches() => Side::Unknown { secret: true },
            None => Side::Absent,
            Some(Value::Null) => Side::Null,
            Some(_) => Side::Secret,
        };
        let marks = (old.secret.covers(), new.secret.covers());
        let mut note = place.note.clone();
        let kind = match (old.value, new.value) {
            _ if new.unknown.touches() => Kind::Unknown,
            (None | Some(Value::Null), None | Some(Value::Null)) => {
                kind_of_nothings(&place, old, new)
            }
            (Some(a), Some(b)) if same(a, b) && marks == (false, true) => {
                note = Some("becomes sensitive, same value".into());
                Kind::Sensitivity
            }
            (Some(a), Some(b)) if same(a, b) && marks == (true, false) => {
                note = Some("no longer sensitive, same value".into());
                Kind::Sensitivity
            }
            (Some(a), Some(b)) if same(a, b) => Kind::Unchanged,
            (None, Some(_)) => Kind::Added,
            (Some(_), None) => Kind::Removed,
            (Some(Value::Null), Some(_)) if place.whole => Kind::Added,
            (Some(_), Some(Value::Null)) if place.whole => Kind::Removed,
            (Some(_), Some(_)) => Kind::Changed,
        };
        self.push(place, kind, side(old), side(new), note);
        kind
    }

    /// A place without members.
    pub(super) fn leaf(&mut self, place: Place, old: Node<'a>, new: Node<'a>) -> Kind {
        let kind = match (old.value, new.value) {
            _ if new.is_unknown() => Kind::Unknown,
            _ if old.is_nothing() && new.is_nothing() => kind_of_nothings(&place, old, new),
            _ if place.whole && says_nothing(old) && says_nothing(new) => Kind::Unset,
            (Some(a), Some(b)) if same(a, b) && !new.unknown.touches() => Kind::Unchanged,
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            (Some(_), Some(Value::Null)) if place.whole => Kind::Removed,
            (Some(Value::Null), Some(_)) if place.whole => Kind::Added,
            (Some(_), Some(_)) => Kind::Changed,
        };
        let (left, right) = (self.side(&place, old), self.side(&place, new));
        let mut note = place.note.clone();
        if kind == Kind::Changed && left == right && !matches!(left, Side::Secret | Side::NotYet) {
            note = Some("differs in a secret".into());
        }
        let revealed = place.revealed;
        self.push(place, kind, left, right, note);
        let document = self.document(kind, old, new, revealed);
        if let Some(entry) = self.entries.last_mut() {
            entry.document = document;
        }
        kind
    }

    fn document(
        &self,
        kind: Kind,
        old: Node<'a>,
        new: Node<'a>,
        revealed: bool,
    ) -> Option<embedded::Document> {
        let mask = |text: &str| {
            if revealed {
                text.to_owned()
            } else {
                self.mask(text)
            }
        };
        let text = |node: Node<'a>| node.value.and_then(Value::as_text);
        let around = if self.looking.whole {
            usize::MAX
        } else {
            text::CONTEXT
        };
        match (kind, text(old), text(new)) {
            (_, Some(text), _) | (_, _, Some(text)) if self.is_early(text) => None,
            (Kind::Changed, Some(old), Some(new)) => embedded::changed(old, new, around, &mask),
            (Kind::Added | Kind::Changed, None, Some(new)) => {
                embedded::one_sided(new, Only::New, &mask)
            }
            (Kind::Removed | Kind::Changed, Some(old), None) => {
                embedded::one_sided(old, Only::Old, &mask)
            }
            (Kind::Unchanged, _, Some(text)) if self.looking.whole => {
                embedded::one_sided(text, Only::Neither, &mask)
            }
            _ => None,
        }
    }

    fn side(&self, place: &Place, node: Node<'a>) -> Side {
        if node.is_unknown() {
            return Side::Unknown {
                secret: node.secret.touches(),
            };
        }
        match node.value {
            None => Side::Absent,
            Some(Value::Null) => Side::Null,
            Some(Value::Text(text)) if place.revealed => Side::Text(text.clone().into()),
            Some(Value::Text(text)) if self.is_early(text) => Side::NotYet,
            Some(Value::Text(text)) => match self.mask(text) {
                // The whole text is a value that is marked elsewhere.
                masked if masked == MASK && **text != *MASK => Side::Secret,
                masked => Side::Text(masked),
            },
            Some(value) => Side::Literal(self.one_line(value, node.secret, place.revealed)),
        }
    }

    /// Whether a text must wait for the rest of the plan.
    fn is_early(&self, text: &str) -> bool {
        self.looking.early && may_be_secret(text)
    }

    /// A value as JSON in one line, with what is marked below it masked.
    fn one_line(&self, value: &Value, secret: Mark<'_>, revealed: bool) -> String {
        if revealed {
            return compact(value, &|text| text.into());
        }
        compact(&masked(value, secret), &|text| {
            if self.is_early(text) {
                NOT_YET.to_owned()
            } else {
                self.mask(text)
            }
        })
    }

    fn push(&mut self, place: Place, kind: Kind, old: Side, new: Side, note: Option<String>) {
        self.entries.push(Entry {
            path: place.path,
            label: place.label,
            depth: place.depth,
            kind,
            old,
            new,
            note,
            document: None,
            forces_replacement: false,
        });
    }
}

/// Whether a side is null, or a string or container without anything in it.
fn says_nothing(node: Node<'_>) -> bool {
    node.value.is_none_or(Value::is_empty) && !node.unknown.touches()
}

/// Null or nothing on both sides.
fn kind_of_nothings(place: &Place, old: Node<'_>, new: Node<'_>) -> Kind {
    match (old.exists(), new.exists()) {
        (true, true) | (false, false) => Kind::Unchanged,
        _ if place.whole => Kind::Unset,
        (false, true) => Kind::Added,
        (true, false) => Kind::Removed,
    }
}

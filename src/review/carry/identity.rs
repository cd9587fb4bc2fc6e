//! What makes two changes the same: a keyed digest over everything that a reviewer of the change could have read.
//!
//! A digest of a short value can be guessed by trying values, and `7` or `true` are short. So the digest is an
//! HMAC-SHA256 under a key that never leaves the reviewer's own state directory. It stands in no approval: whoever holds
//! only an approval learns nothing from it, and whoever forges one can carry nothing over.
//!
//! What means nothing is ignored: the order of keys, marks that mark nothing, spelling of strings. The time at which a
//! plan was made stands outside of its changes. A value that is known only after apply in both plans is the same; one that
//! was known and is not any more is another. Lists keep their order, because whether it means something is not in the plan.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::plan::archive::PlanFile;
use crate::plan::effect::Kind;
use crate::plan::value::{Member, Value};
use crate::plan::values::Values;
use crate::risk::Judged;

/// The reviewer's own key. Two digests under different keys tell nothing about each other.
#[derive(Clone)]
pub struct CarryKey {
    key: [u8; 32],
    /// Digest of where the plan goes, if it says so.
    place: Option<[u8; 32]>,
}

/// Never shown, not even to a developer.
impl std::fmt::Debug for CarryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CarryKey")
    }
}

/// What a change is, in digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Over the whole change with its findings.
    pub whole: String,
    /// Over each attribute of the object, with its name.
    pub attributes: Vec<(Box<str>, String)>,
}

impl CarryKey {
    /// The key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        CarryKey {
            key: bytes,
            place: None,
        }
    }

    /// The same key for changes of this plan: what was said of one workspace, backend or state holds in no other, where the
    /// very same change may mean something else. A plan JSON does not say where it goes.
    #[must_use]
    pub fn at(&self, file: Option<&PlanFile>) -> Self {
        let place = file.map(|file| {
            let mut place = Sha256::new();
            place.update(file.backend_config_sha256);
            for text in [&file.backend_type, &file.workspace, &file.lineage] {
                place.update((text.len() as u64).to_be_bytes());
                place.update(text);
            }
            place.finalize().into()
        });
        CarryKey { place, ..*self }
    }

    /// The identity of a row whose element reads `item`. `None` if the element cannot be read to its last value: then
    /// nobody can say that another one is the same.
    pub fn identity(&self, judged: &Judged, item: Option<&str>) -> Option<Identity> {
        let element = match item {
            Some(item) => Some(Value::parse(item).ok()?),
            // A property of the whole plan has no element; its findings say all there is.
            None if judged.effect.kind == Kind::Plan => None,
            None => return None,
        };
        let place = self
            .place
            .map_or(Value::Null, |place| text(&HEXLOWER.encode(&place)));
        let whole = self.digest(&Value::List(vec![place, whole(judged, element)]));
        let attributes = match item {
            Some(item) if has_sides(judged.effect.kind) => {
                self.attributes(judged, &Values::of_item(item).ok()?)
            }
            Some(_) | None => Vec::new(),
        };
        Some(Identity { whole, attributes })
    }

    fn attributes(&self, judged: &Judged, values: &Values) -> Vec<(Box<str>, String)> {
        let sides = [
            values.before.as_ref(),
            values.after.as_ref(),
            values.after_unknown.as_ref(),
            values.before_sensitive.as_ref(),
            values.after_sensitive.as_ref(),
        ];
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for side in sides.into_iter().flatten() {
            if let Value::Object(members) = side {
                names.extend(members.iter().map(|(name, _)| &**name));
            }
        }
        let address = judged.effect.address();
        names
            .into_iter()
            .map(|name| {
                let mut parts = vec![text("attribute"), text(&address), text(name)];
                for (number, side) in sides.into_iter().enumerate() {
                    let value = side.and_then(|side| side.get(name)).cloned();
                    let value = if number >= 2 { value.map(mark) } else { value };
                    // A list that is empty or holds one value keeps absent and null apart.
                    parts.push(Value::List(value.into_iter().collect()));
                }
                (name.into(), self.digest(&Value::List(parts)))
            })
            .collect()
    }

    fn digest(&self, value: &Value) -> String {
        let mut canonical = value.clone();
        sort(&mut canonical);
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("an HMAC takes a key of any length");
        mac.update(canonical.to_string().as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }
}

/// Everything that could have been read about a row.
fn whole(judged: &Judged, element: Option<Value>) -> Value {
    let effect = &judged.effect;
    let optional = |text_of: Option<&str>| text_of.map_or(Value::Null, text);
    let findings = judged.findings.iter().map(|finding| {
        Value::List(vec![
            text(&finding.rule),
            text(finding.risk.word()),
            optional(finding.path.as_deref()),
            optional(finding.old.as_deref()),
            optional(finding.new.as_deref()),
            text(&finding.message),
        ])
    });
    let element = element.map(|mut element| {
        marks(&mut element);
        element
    });
    Value::List(vec![
        text("change"),
        text(effect.kind.word()),
        text(&effect.address()),
        optional(effect.deposed()),
        Value::List(
            effect
                .action_words()
                .iter()
                .map(|word| text(word))
                .collect(),
        ),
        optional(effect.note()),
        Value::List(findings.collect()),
        Value::List(element.into_iter().collect()),
    ])
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// Whether the element of such a row holds two sides of an object.
fn has_sides(kind: Kind) -> bool {
    match kind {
        Kind::Change | Kind::Deferred | Kind::Drift => true,
        Kind::Plan
        | Kind::Output
        | Kind::Invocation
        | Kind::Provisioner
        | Kind::Check
        | Kind::UnknownKey => false,
    }
}

/// Brings the trees of marks of an element into their least form, wherever its change stands.
fn marks(element: &mut Value) {
    let Value::Object(members) = element else {
        return;
    };
    for (key, value) in members {
        match &**key {
            "change" | "resource_change" => marks(value),
            "after_unknown" | "before_sensitive" | "after_sensitive" => {
                *value = mark(std::mem::replace(value, Value::Null));
            }
            _ => {}
        }
    }
}

/// A tree of marks without what marks nothing: `false`, and containers of nothing but that.
fn mark(value: Value) -> Value {
    let nothing = Value::Bool(false);
    match value {
        Value::Object(members) => {
            let members: Vec<Member> = members
                .into_iter()
                .map(|(key, value)| (key, mark(value)))
                .filter(|(_, value)| *value != nothing)
                .collect();
            if members.is_empty() {
                nothing
            } else {
                Value::Object(members)
            }
        }
        Value::List(items) => {
            // Elements are found by their number, so one that marks nothing holds its place unless it is last.
            let mut items: Vec<Value> = items.into_iter().map(mark).collect();
            while items.last() == Some(&nothing) {
                items.pop();
            }
            if items.is_empty() {
                nothing
            } else {
                Value::List(items)
            }
        }
        other => other,
    }
}

/// Sorts the keys of all objects. Nothing else may move.
fn sort(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, value) in members {
                sort(value);
            }
        }
        Value::List(items) => items.iter_mut().for_each(sort),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

//! Two plans by effect: what is new, what is gone, what is not the same any more.
//!
//! Holds values masked as [`crate::diff`] masks them, because it is printed and never written into a file of ours.

use std::collections::BTreeMap;

use super::Key;
use super::carry::identity::{CarryKey, Identity};
use super::carry::short;
use crate::diff::{self, Looking, Secrets};
use crate::plan::values::Values;
use crate::risk::{Finding, Judged};

/// What became of one row.
#[derive(Debug, Clone)]
pub struct Difference<'a> {
    /// The row in the old plan.
    pub old: Option<&'a Judged>,
    /// The row in the new plan.
    pub new: Option<&'a Judged>,
    /// Findings that only the new plan has.
    pub more: Vec<&'a Finding>,
    /// Findings that only the old plan has.
    pub less: Vec<&'a Finding>,
    /// Attributes that are planned otherwise.
    pub attributes: Vec<Attribute>,
}

/// An attribute that the two plans treat differently, masked where it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it becomes in the old plan; `None` where that is not short.
    pub old: Option<String>,
    /// What it becomes in the new plan; `None` where that is not short.
    pub new: Option<String>,
}

impl Difference<'_> {
    /// Which sort of difference it is.
    pub fn word(&self) -> &'static str {
        match (self.old, self.new) {
            (None, _) => "new",
            (_, None) => "gone",
            (Some(old), Some(new)) => match new.risk().cmp(&old.risk()) {
                std::cmp::Ordering::Greater => "riskier",
                std::cmp::Ordering::Less => "milder",
                std::cmp::Ordering::Equal => "other",
            },
        }
    }

    /// The row itself: the new one, or else the old one.
    pub fn row(&self) -> &Judged {
        self.new
            .or(self.old)
            .expect("a difference is of a row in one of the two plans")
    }

    /// Whether it asks a reviewer for something that the old plan did not ask for in this form.
    pub fn asks(&self) -> bool {
        self.new.is_some_and(Judged::needs_ack)
    }
}

/// Compares rows that were met in both plans, one at a time.
pub struct Comparing<'a> {
    key: CarryKey,
    old: BTreeMap<Key, (&'a Judged, Option<Identity>)>,
}

impl<'a> Comparing<'a> {
    /// Takes the old plan in; `key` is of no meaning outside of this comparison.
    pub fn new(key: [u8; 32], old: impl Iterator<Item = (&'a Judged, Option<String>)>) -> Self {
        let key = CarryKey::new(key);
        let old = old
            .map(|(judged, item)| {
                let identity = key.identity(judged, item.as_deref());
                (Key::of(judged), (judged, identity))
            })
            .collect();
        Comparing { key, old }
    }

    /// Holds a row of the new plan, whose element reads `item`, against the old plan. `None` if they are the same;
    /// `old_item` is asked for the old element where they are not.
    pub fn row(
        &mut self,
        new: &'a Judged,
        item: Option<&str>,
        old_item: impl FnOnce(&Judged) -> Option<String>,
        secrets: [&Secrets; 2],
    ) -> Option<Difference<'a>> {
        let now = self.key.identity(new, item);
        let Some((old, then)) = self.old.remove(&Key::of(new)) else {
            return Some(Difference {
                old: None,
                new: Some(new),
                more: new.findings.iter().collect(),
                less: Vec::new(),
                attributes: Vec::new(),
            });
        };
        if let (Some(now), Some(then)) = (&now, &then)
            && now.whole == then.whole
        {
            return None;
        }
        let attributes = attributes(
            then.as_ref(),
            now.as_ref(),
            [old_item(old).as_deref(), item],
            secrets,
        );
        let only = |of: &'a [Finding], other: &[Finding]| -> Vec<&'a Finding> {
            of.iter()
                .filter(|finding| !other.contains(finding))
                .collect()
        };
        Some(Difference {
            old: Some(old),
            new: Some(new),
            more: only(&new.findings, &old.findings),
            less: only(&old.findings, &new.findings),
            attributes,
        })
    }

    /// What the new plan does not have.
    pub fn gone(self) -> impl Iterator<Item = Difference<'a>> {
        self.old.into_values().map(|(old, _)| Difference {
            old: Some(old),
            new: None,
            more: Vec::new(),
            less: old.findings.iter().collect(),
            attributes: Vec::new(),
        })
    }
}

fn attributes(
    then: Option<&Identity>,
    now: Option<&Identity>,
    items: [Option<&str>; 2],
    secrets: [&Secrets; 2],
) -> Vec<Attribute> {
    let digests = |identity: Option<&Identity>| -> BTreeMap<String, String> {
        let attributes = identity.map_or(&[][..], |identity| &identity.attributes);
        attributes
            .iter()
            .map(|(name, digest)| (name.to_string(), digest.clone()))
            .collect()
    };
    let (then, now) = (digests(then), digests(now));
    let becomes: Vec<BTreeMap<String, Option<String>>> = items
        .iter()
        .zip(secrets)
        .map(|(item, secrets)| {
            let values = item.and_then(|item| Values::of_item(item).ok());
            let looking = Looking {
                secrets: Some(secrets),
                ..Looking::default()
            };
            values
                .map(|values| diff::attributes(&values, looking))
                .unwrap_or_default()
                .into_iter()
                .filter(|entry| entry.depth == 0)
                .map(|entry| (entry.path, short(&entry.new)))
                .collect()
        })
        .collect();
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| {
            let of = |side: usize| match becomes[side].get(name) {
                Some(shown) => shown.clone(),
                None => Some("nothing".into()),
            };
            Attribute {
                name: name.clone(),
                old: of(0),
                new: of(1),
            }
        })
        .collect()
}

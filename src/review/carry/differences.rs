//! What differs between a change and the one that was spoken of, in words.
//!
//! Of what was there then only digests are known: what is quoted is of the plan that is reviewed now, and secrets of it are
//! masked.

use std::collections::BTreeSet;

use super::identity::Identity;
use super::memory::Remembered;
use crate::diff::{self, Looking, Side};
use crate::plan::values::Values;
use crate::review::log::Said;
use crate::risk::Judged;

/// A value longer than this is not quoted in a sentence; the detail shows it.
const QUOTED: usize = 40;

/// What is not as it was, as far as digests can tell: what was said then holds no value.
pub(super) fn differences(
    then: &Remembered,
    judged: &Judged,
    now: Option<&Identity>,
    item: Option<&str>,
) -> String {
    let mut parts = Vec::new();
    let actions = judged.effect.action_words();
    if actions != then.actions {
        parts.push(format!(
            "the action was {}, now {}",
            then.actions.join(" and "),
            actions.join(" and ")
        ));
    }
    let risk = judged.risk().word();
    if risk != then.risk {
        parts.push(format!("the risk was {}, now {risk}", then.risk));
    }
    parts.extend(rules(then, judged));
    match now {
        Some(now) => parts.extend(values(then, now, item)),
        None => parts.push("it cannot be read to its last value".into()),
    }
    if parts.is_empty() {
        parts.push("something around its values or findings, or the place it is for".into());
    }
    parts.join("; ")
}

/// The rules that ask now and did not, and those that asked.
fn rules(then: &Remembered, judged: &Judged) -> Vec<String> {
    let Said::Ack(ack) = &then.said else {
        return Vec::new();
    };
    let before: BTreeSet<&str> = ack.requirement.rules.iter().map(String::as_str).collect();
    let rules = judged.asking_rules();
    let after: BTreeSet<&str> = rules.iter().map(String::as_str).collect();
    let list = |what: &str, rules: Vec<&str>| {
        (!rules.is_empty()).then(|| format!("{what} {}", rules.join(", ")))
    };
    let more = after.difference(&before).copied().collect();
    let less = before.difference(&after).copied().collect();
    [list("new reason", more), list("no longer", less)]
        .into_iter()
        .flatten()
        .collect()
}

/// The attributes that have another digest, or none any more.
fn values(then: &Remembered, now: &Identity, item: Option<&str>) -> Vec<String> {
    let known: BTreeSet<&str> = then.attributes.iter().map(String::as_str).collect();
    let other: Vec<&str> = now
        .attributes
        .iter()
        .filter(|(_, digest)| !known.contains(digest.as_str()))
        .map(|(name, _)| &**name)
        .collect();
    let values = item.and_then(|item| Values::of_item(item).ok());
    let mut parts = attributes(values.as_ref(), &other);
    let matched = now.attributes.len() - other.len();
    if then.attributes.len().saturating_sub(matched) > other.len() {
        parts.push("an attribute it had is gone".into());
    }
    parts
}

/// The attributes that are not what they were, with what they are in this plan where that is short. Secrets are masked.
fn attributes(values: Option<&Values>, names: &[&str]) -> Vec<String> {
    let Some(values) = values else {
        return Vec::new();
    };
    let entries = diff::attributes(values, Looking::default());
    names
        .iter()
        .map(|name| {
            let entry = entries
                .iter()
                .find(|entry| entry.depth == 0 && entry.path == *name);
            let shown = entry.and_then(|entry| Some((short(&entry.old)?, short(&entry.new)?)));
            match shown {
                Some((old, new)) if old != new => {
                    format!("{name} differs from then, here {old} → {new}")
                }
                Some((old, _)) => format!("{name} differs from then, here {old}"),
                None => format!("{name} differs from then"),
            }
        })
        .collect()
}

/// A side in a few characters; `None` where that cannot be had without cutting.
pub(in crate::review) fn short(side: &Side) -> Option<String> {
    let text = match side {
        Side::Absent => "nothing".into(),
        Side::Null => "null".into(),
        Side::Text(text) => format!("\"{text}\""),
        Side::Literal(text) => text.clone(),
        Side::Secret => "(sensitive)".into(),
        Side::Unknown { .. } => "(known after apply)".into(),
        Side::NotYet | Side::Members(_) | Side::Elements(_) => return None,
    };
    (text.chars().count() <= QUOTED).then_some(text)
}

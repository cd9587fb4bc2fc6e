//! Objects that are written out within another one: a pod in a manifest, a container in a task definition.
//!
//! What a container may do is the same however it is written down. So what is written is read as objects of types that
//! rows speak of, and judged by those. Owns how the objects of both sides are put together, and no rule.

use super::catalogue::PolicyDocument;
use super::documents::Documents;
use super::{Finding, Risk, attributes, container, lifecycle, manifest, release, render};
use crate::plan::action::Action;
use crate::plan::effect::Effect;
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// An object within another one, on one side of a change.
#[derive(Debug)]
pub struct Part {
    /// What tells it from others of its document.
    pub name: String,
    /// The type whose rows speak of it.
    pub type_name: String,
    /// The object with the names that those rows use.
    pub value: Value,
    /// What of it is known only after apply.
    pub unknown: Option<Value>,
    /// What of it is secret.
    pub secret: Option<Value>,
}

impl Part {
    fn shown(&self) -> String {
        if Mark::root(self.secret.as_ref()).touches() {
            render::SENSITIVE.to_owned()
        } else {
            render::cut(&self.name)
        }
    }
}

/// A document on one side of a change, with its marks.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What is written.
    pub value: &'a Value,
    /// What of it is known only after apply.
    pub unknown: Option<&'a Value>,
    /// What of it is secret.
    pub secret: Option<&'a Value>,
}

/// What the rows say about the objects that this document holds. `None` where it holds none that they speak of.
pub fn judge<'a>(
    effect: &Effect,
    values: &'a Values,
    row: &PolicyDocument,
    documents: &Documents<'a>,
) -> Option<Vec<Finding>> {
    let name = row.attribute;
    let side = |value: &'a Option<Value>, unknown: Option<&'a Value>, secret: &'a Option<Value>| {
        let value = value
            .as_ref()?
            .get(name)
            .filter(|value| **value != Value::Null)?;
        Some(Side {
            value,
            unknown: unknown.and_then(|mark| part(mark, |mark| mark.get(name))),
            secret: secret
                .as_ref()
                .and_then(|mark| part(mark, |mark| mark.get(name))),
        })
    };
    let before = side(&values.before, None, &values.before_sensitive);
    let after = side(
        &values.after,
        values.after_unknown.as_ref(),
        &values.after_sensitive,
    );
    match row.dialect {
        "kubernetes" => Some(compare(
            effect,
            objects(before, manifest::objects),
            objects(after, manifest::objects),
        )),
        "containers" => {
            let read = |side: Side<'a>| container::objects(side, documents);
            let (olds, news) = (objects(before, read), objects(after, read));
            let mut findings = compare(effect, olds, news);
            findings.extend(container::moved_to_clear(before, after, documents));
            Some(findings)
        }
        "helm-values" | "helm-set" => Some(release::judge(before, after)),
        _ => None,
    }
}

/// The objects of one side; none where there is no document, and `None` where it cannot be read.
type Objects = Option<Vec<Part>>;

fn objects<'a>(side: Option<Side<'a>>, read: impl Fn(Side<'a>) -> Objects) -> Objects {
    side.map_or_else(|| Some(Vec::new()), read)
}

/// The mark of a part: one that covers the whole covers it too.
pub fn part<'v>(
    mark: &'v Value,
    find: impl Fn(&'v Value) -> Option<&'v Value>,
) -> Option<&'v Value> {
    match mark {
        Value::Bool(_) => Some(mark),
        mark => find(mark),
    }
}

fn compare(effect: &Effect, olds: Objects, news: Objects) -> Vec<Finding> {
    let (Some(mut olds), Some(news)) = (olds, news) else {
        return vec![Finding::new(
            "policy-unreadable",
            Risk::High,
            "What is written here cannot be taken apart, so nobody can say what it sets up; read it.",
        )];
    };
    let several = olds.len().max(news.len()) > 1;
    let named = |name: &str, findings: Vec<Finding>| {
        let said = move |finding: Finding| {
            let words = format!("{} It concerns {name}.", finding.message);
            finding.say(words)
        };
        findings
            .into_iter()
            .map(move |finding| if several { said(finding) } else { finding })
            .collect::<Vec<_>>()
    };
    // What is destroyed with the whole is told of the whole.
    let keeps = !news.is_empty() && !effect.action.destroys();
    let mut findings = Vec::new();
    for new in news {
        let twin = olds.iter().position(|old| !several || old.name == new.name);
        let old = twin.map(|place| olds.swap_remove(place));
        let name = new.shown();
        findings.extend(named(&name, object(effect, old, new)));
    }
    if keeps {
        for old in olds {
            findings.extend(named(&old.shown(), gone(effect, &old)));
        }
    }
    findings
}

fn object(effect: &Effect, old: Option<Part>, new: Part) -> Vec<Finding> {
    let is_same = |old: &Part| old.value == new.value && old.secret == new.secret;
    if new.unknown.is_none() && old.as_ref().is_some_and(is_same) {
        return Vec::new();
    }
    let action = if old.is_none() {
        Action::Create
    } else {
        effect.action
    };
    let row = stands_for(effect, &new.type_name, action);
    let (before, before_sensitive) = old.map_or((None, None), |old| (Some(old.value), old.secret));
    let values = Values {
        before,
        after: Some(new.value),
        after_unknown: new.unknown,
        before_sensitive,
        after_sensitive: new.secret,
        generated_config: None,
    };
    attributes::judge(&row, &values, &Documents::default())
}

/// An object that its document does not hold any more is destroyed.
fn gone(effect: &Effect, old: &Part) -> Vec<Finding> {
    lifecycle::judge(&stands_for(effect, &old.type_name, Action::Delete), None)
}

fn stands_for(effect: &Effect, type_name: &str, action: Action) -> Effect {
    let mut row = Effect::bare(effect.kind, effect.address(), action, effect.span);
    row.type_name = type_name.into();
    row
}

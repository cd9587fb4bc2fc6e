//! Says whether one catalogue row fires on the two sides of a change.

use std::borrow::Cow;

use super::catalogue::{Form, Operator, Row};
use super::documents::Documents;
use super::quantity::quantity;
use super::walk::{self, Leaf, Side};
use crate::plan::value::Value;

/// What a row says about a change.
#[derive(Debug, Clone)]
pub enum Outcome<'a> {
    /// Nothing.
    Silent,
    /// The bad change happens here.
    Fires(Hit<'a>),
    /// It was set, and what it becomes is known only after apply.
    Unknown(Hit<'a>),
}

/// Where a row fires.
#[derive(Debug, Clone)]
pub struct Hit<'a> {
    /// The concrete path.
    pub path: String,
    /// What it was.
    pub old: Option<&'a Value>,
    /// What it becomes.
    pub new: Option<&'a Value>,
    /// One of them is secret.
    pub secret: bool,
    /// The new value is known only after apply.
    pub unknown: bool,
}

/// Judges one row. `before` has no value for an object that is made.
pub fn judge<'a>(
    row: &Row,
    before: Side<'a>,
    after: Side<'a>,
    documents: &Documents<'a>,
) -> Outcome<'a> {
    let created = before.value.is_none();
    if (created && !row.on_create) || after.value.is_none() || excepted(row, after) {
        return Outcome::Silent;
    }
    match row.operator {
        Operator::TrueToFalse
        | Operator::FalseToTrue
        | Operator::Decrease
        | Operator::Increase
        | Operator::Removed
        | Operator::SetTo(_)
        | Operator::FromAny(_)
        | Operator::From(..)
        | Operator::FromPrefix(..) => pairwise(row, before, after),
        Operator::Emptied
        | Operator::Added
        | Operator::Changed
        | Operator::ElementsRemoved
        | Operator::ElementsAdded => whole(row, before, after, documents),
        Operator::AddsAny(_) | Operator::Matches(_) => gained(row, before, after),
        Operator::Created if created => Outcome::Fires(Hit {
            path: row.attribute.to_owned(),
            old: None,
            new: walk::leaves(after, row.path, row.key)
                .first()
                .and_then(|leaf| leaf.value),
            secret: walk::leaves(after, row.path, row.key)
                .iter()
                .any(|leaf| leaf.secret),
            unknown: false,
        }),
        Operator::Created | Operator::PolicyWidened => Outcome::Silent,
    }
}

/// Whether a row can say anything at all: all but one compare two values, and of an object that exists they need two that
/// differ, or one that is known only after apply.
pub fn may_speak(row: &Row, before: Side<'_>, after: Side<'_>) -> bool {
    before.value.is_none()
        || matches!(row.operator, Operator::FromPrefix(..))
        || walk::may_differ(row.path, before, after)
}

fn excepted(row: &Row, after: Side<'_>) -> bool {
    let has = |(attribute, word): &(&str, &str)| {
        after
            .member(attribute)
            .value
            .is_some_and(|value| scalar(value).eq_ignore_ascii_case(word))
    };
    row.unless.iter().any(has) || (!row.only.is_empty() && !row.only.iter().any(has))
}

fn hit<'a>(old: Option<&Leaf<'a>>, new: Option<&Leaf<'a>>) -> Hit<'a> {
    Hit {
        path: new
            .or(old)
            .map(|leaf| leaf.path.clone())
            .unwrap_or_default(),
        old: old.and_then(|leaf| leaf.value),
        new: new.and_then(|leaf| leaf.value),
        secret: old.is_some_and(|leaf| leaf.secret) || new.is_some_and(|leaf| leaf.secret),
        unknown: new.is_some_and(|leaf| leaf.unknown_within),
    }
}

fn pairwise<'a>(row: &Row, before: Side<'a>, after: Side<'a>) -> Outcome<'a> {
    let olds = walk::leaves(before, row.path, row.key);
    let news = walk::leaves(after, row.path, row.key);
    let Some(pairs) = walk::pairs(&olds, &news) else {
        return Outcome::Fires(hit(olds.first(), news.first()));
    };
    let mut unknown = None;
    for (old, new) in pairs {
        let was = old.and_then(|leaf| leaf.value);
        if new.is_some_and(|leaf| leaf.unknown) {
            if was.is_some_and(|value| !value.is_empty() && protects(row, value))
                && unknown.is_none()
            {
                unknown = Some(hit(old, new));
            }
        } else if fires(row, was, new.and_then(|leaf| leaf.value)) {
            return Outcome::Fires(hit(old, new));
        }
    }
    unknown.map_or(Outcome::Silent, Outcome::Unknown)
}

/// Whether there is anything to lose: what is off already cannot be switched off.
fn protects(row: &Row, old: &Value) -> bool {
    let word = || scalar(old).to_lowercase();
    match row.operator {
        Operator::TrueToFalse => on(Some(old), row.default),
        Operator::FalseToTrue => !on(Some(old), row.default),
        // A value that is on no scale may still be a good one.
        Operator::Decrease => quantity(row, Some(old)).is_none_or(|was| was != 0.0),
        Operator::SetTo(words) => !words.contains(&&*word()),
        Operator::FromAny(words) => words.contains(&&*word()),
        Operator::From(from, _) => word() == from,
        Operator::FromPrefix(from, _) => word().starts_with(from),
        Operator::Increase
        | Operator::Removed
        | Operator::Emptied
        | Operator::Added
        | Operator::Changed
        | Operator::ElementsRemoved
        | Operator::ElementsAdded
        | Operator::AddsAny(_)
        | Operator::Matches(_)
        | Operator::Created
        | Operator::PolicyWidened => true,
    }
}

fn fires(row: &Row, old: Option<&Value>, new: Option<&Value>) -> bool {
    match row.operator {
        Operator::TrueToFalse => on(old, row.default) && !on(new, row.default),
        Operator::FalseToTrue => !on(old, row.default) && on(new, row.default),
        Operator::Decrease | Operator::Increase => {
            let up = matches!(row.operator, Operator::Increase);
            match (quantity(row, old), quantity(row, new)) {
                (Some(was), Some(is)) => {
                    if up {
                        is > was
                    } else {
                        is < was
                    }
                }
                // A word leaves the scale: what the provider takes instead is the weak end as a rule. Something that is
                // on no scale may be anything.
                (Some(_), None) => match new.filter(|new| !new.is_empty()) {
                    Some(_) => row.order.is_empty(),
                    None => !row.order.is_empty() && !up,
                },
                (None, _) => false,
            }
        }
        Operator::Removed => {
            old.is_some_and(|value| !value.is_empty()) && new.is_none_or(Value::is_empty)
        }
        Operator::SetTo(words) => {
            let is = |value: &Value| {
                let word = scalar(value).to_lowercase();
                // Numbers may come as `0` or `0.0`; an address ends in `.0` as well.
                words.contains(&&*word) || words.contains(&word.strip_suffix(".0").unwrap_or(&word))
            };
            new.is_some_and(is) && !old.is_some_and(is)
        }
        Operator::FromAny(words) => {
            let is = |value: &Value| words.contains(&&*scalar(value).to_lowercase());
            old.is_some_and(is) && !new.is_some_and(is)
        }
        Operator::From(from, to) => old.is_some_and(|old| {
            let new = new.map_or_else(String::new, |new| scalar(new).to_lowercase());
            scalar(old).to_lowercase() == from && (new == to || (to == "*" && new != from))
        }),
        Operator::FromPrefix(from, to) => {
            let begins = |value: Option<&Value>, with: &str| {
                value.is_some_and(|value| scalar(value).to_lowercase().starts_with(with))
            };
            begins(old, from) && begins(new, to)
        }
        Operator::Emptied
        | Operator::Added
        | Operator::Changed
        | Operator::ElementsRemoved
        | Operator::ElementsAdded
        | Operator::AddsAny(_)
        | Operator::Matches(_)
        | Operator::Created
        | Operator::PolicyWidened => false,
    }
}

/// Operators that look at a collection as a whole.
fn whole<'a>(
    row: &Row,
    before: Side<'a>,
    after: Side<'a>,
    documents: &Documents<'a>,
) -> Outcome<'a> {
    // The collection itself, not its elements.
    let path = match row.path {
        [rest @ .., super::catalogue::Step::Each] => rest,
        path => path,
    };
    let olds = walk::leaves(before, path, row.key);
    let news = walk::leaves(after, path, row.key);
    let holds = |leaves: &[Leaf<'_>]| {
        leaves
            .iter()
            .any(|leaf| leaf.value.is_some_and(|value| !value.is_empty()))
    };
    // An element with an unknown part is told from others by its key alone; without one, only the number counts.
    let by_key = row.key.is_some() && !matches!(row.operator, Operator::Changed);
    if news
        .iter()
        .any(|leaf| leaf.unknown || (leaf.unknown_within && !by_key))
    {
        return if holds(&olds) && differs(row, &olds, &news, documents) {
            let unknown = news.iter().find(|leaf| leaf.unknown_within);
            Outcome::Unknown(hit(olds.first(), unknown))
        } else {
            Outcome::Silent
        };
    }
    let bad = match row.operator {
        Operator::Emptied => holds(&olds) && !holds(&news),
        Operator::Added => !holds(&olds) && holds(&news),
        Operator::Changed => differs(row, &olds, &news, documents),
        Operator::ElementsRemoved | Operator::ElementsAdded => {
            let was = walk::elements(&olds, row.key);
            let is = walk::elements(&news, row.key);
            if matches!(row.operator, Operator::ElementsRemoved) {
                was.keys().any(|element| !is.contains_key(element))
            } else {
                is.keys().any(|element| !was.contains_key(element))
            }
        }
        _ => false,
    };
    if bad {
        let at = (0..olds.len().max(news.len()))
            .find(|at| olds.get(*at).and_then(|l| l.value) != news.get(*at).and_then(|l| l.value))
            .unwrap_or(0);
        Outcome::Fires(hit(olds.get(at), news.get(at)))
    } else {
        Outcome::Silent
    }
}

fn differs<'a>(row: &Row, olds: &[Leaf<'a>], news: &[Leaf<'a>], documents: &Documents<'a>) -> bool {
    let parsed = |value: &'a Value| {
        let text = value.as_text().filter(|_| row.form == Form::Json)?;
        documents.within(text)
    };
    let same = |old: &'a Value, new: &'a Value| {
        old == new
            || walk::same(
                parsed(old).as_deref().unwrap_or(old),
                parsed(new).as_deref().unwrap_or(new),
            )
    };
    olds.len() != news.len()
        || olds
            .iter()
            .zip(news)
            .any(|(old, new)| match (old.value, new.value) {
                (Some(old), Some(new)) => !same(old, new),
                (old, new) => old.is_some() != new.is_some(),
            })
}

/// Operators that look for one bad value among many.
fn gained<'a>(row: &Row, before: Side<'a>, after: Side<'a>) -> Outcome<'a> {
    let olds = walk::leaves(before, row.path, row.key);
    let news = walk::leaves(after, row.path, row.key);
    let had = walk::flat(&olds);
    let bad = |text: &str| match row.operator {
        Operator::AddsAny(words) => words.contains(&text),
        Operator::Matches(pattern) => pattern.is_match(text),
        _ => false,
    };
    let has = walk::flat(&news);
    // One more of what was there already stands in another rule, for another port or another person.
    let count = |leaves: &[(String, &Value)], value: &Value| {
        leaves.iter().filter(|(_, other)| *other == value).count()
    };
    for (path, value) in &has {
        let text = scalar(value);
        if bad(&text) && count(&has, value) > count(&had, value) {
            let path = path.clone();
            let secret = olds.iter().chain(&news).any(|leaf| leaf.secret);
            return Outcome::Fires(Hit {
                path,
                old: None,
                new: Some(value),
                secret,
                unknown: false,
            });
        }
    }
    match news.iter().find(|leaf| leaf.unknown_within) {
        Some(new) if !had.is_empty() => Outcome::Unknown(hit(olds.first(), Some(new))),
        _ => Outcome::Silent,
    }
}

/// Whether a switch is on. Words that providers use for it count; a value that is missing is the default.
fn on(value: Option<&Value>, default: bool) -> bool {
    match value {
        None => default,
        Some(Value::Bool(on)) => *on,
        Some(Value::Text(text)) if text.is_empty() => default,
        Some(Value::Text(text)) => {
            ["true", "yes", "1", "enabled", "on"].contains(&&*text.to_lowercase())
        }
        Some(Value::Number(number)) => number.parse::<f64>().is_ok_and(|number| number != 0.0),
        Some(other) => !other.is_empty(),
    }
}

/// The text of a value, without quotes.
pub fn scalar(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) | Value::Number(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

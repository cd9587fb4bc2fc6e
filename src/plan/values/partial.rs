//! Only as much of a change's values as somebody wants to know.
//!
//! Building the values of every change costs more than everything else that is done with a plan, and of most changes a
//! few attributes say it all. What is decoded here is a part of what [`Values::of_item`] decodes; what is left out is
//! equal on both sides, byte by byte, or was not asked for. Where that cannot be told for certain, everything is decoded.

use memchr::memmem;

use super::Values;
use crate::plan::scan::{Item, Members};
use crate::plan::value::{Value, ValueError};

/// What somebody wants to know of the two sides of a change. What is marked as secret always belongs to it.
#[derive(Clone, Copy)]
pub enum Wanted<'w> {
    /// Nothing else.
    Secrets,
    /// Whether the sides differ at all; if they do, everything.
    Difference,
    /// The attributes that `named` picks by name and JSON text; and where there are two sides, those that differ.
    Attributes(&'w dyn Fn(&str, &str) -> bool),
}

/// One side of a change, or the marks on it, as they stand in the item.
type Side<'a> = Option<(&'a str, Members<'a>)>;

impl Values {
    /// Decodes what is wanted of an element of `resource_changes` or `resource_drift`.
    pub fn of_part(item: &Item<'_>, wanted: Wanted<'_>) -> Result<Values, ValueError> {
        part(*item, wanted).unwrap_or_else(|| Values::of_item(item.text))
    }
}

/// `None`: it must be decoded as a whole.
fn part(item: Item<'_>, wanted: Wanted<'_>) -> Option<Result<Values, ValueError>> {
    let (_, change) = item.members().get("change")?;
    let [before, after] = ["before", "after"].map(|key| change.get(key));
    let marks = ["after_unknown", "before_sensitive", "after_sensitive"].map(|key| change.get(key));
    // A file without any marks has its secrets told by their names, wherever they stand.
    let without_marks = marks[1].is_none() && marks[2].is_none();
    if without_marks || item.has_escaped_keys() {
        return None;
    }
    let marked = marks.map(some_marked);
    let [unknown, was_secret, is_secret] = marked;
    let (unknown, was_secret, is_secret) = (unknown?, was_secret?, is_secret?);
    let secret = |name: &str| {
        let named = |marked: &Marked<'_>| marked.members.iter().any(|(known, _)| *known == name);
        named(&was_secret) || named(&is_secret)
    };
    let (olds, news) = (members(before)?, members(after)?);
    let (olds, news) = match wanted {
        Wanted::Secrets => picked(olds, news, |name, _, _| secret(name)),
        Wanted::Difference => {
            if before.map(|(json, _)| json) != after.map(|(json, _)| json) {
                return None;
            }
            picked(olds, news, |name, _, _| secret(name))
        }
        Wanted::Attributes(named) => {
            let both = olds.is_some() && news.is_some();
            picked(olds, news, |name, old, new| {
                (both && old != new)
                    || secret(name)
                    || [old, new]
                        .into_iter()
                        .flatten()
                        .any(|json| named(name, json))
            })
        }
    };
    let decode = || {
        Ok(Values {
            before: side(before, olds.as_deref())?,
            after: side(after, news.as_deref())?,
            after_unknown: unknown.decode()?,
            before_sensitive: was_secret.decode()?,
            after_sensitive: is_secret.decode()?,
            // Nothing in it is judged: it says what the new side says.
            generated_config: None,
        })
    };
    Some(decode())
}

/// The members of a side; an inner `None` where there is no object. An outer one: it is something else.
#[allow(
    clippy::option_option,
    reason = "no object there, and something else there, are two things"
)]
fn members(side: Side<'_>) -> Option<Option<Members<'_>>> {
    match side {
        Some((json, members)) if json.starts_with('{') => Some(Some(members)),
        None | Some(("null", _)) => Some(None),
        Some(_) => None,
    }
}

/// Attributes by name and JSON text.
type Attributes<'a> = Vec<(&'a str, &'a str)>;

/// The attributes of both sides that `wanted` picks by name, old and new text, each in the order of its side.
fn picked<'a>(
    olds: Option<Members<'a>>,
    news: Option<Members<'a>>,
    wanted: impl Fn(&str, Option<&str>, Option<&str>) -> bool,
) -> (Option<Attributes<'a>>, Option<Attributes<'a>>) {
    let attributes = |members: Members<'a>| -> Attributes<'a> {
        members.iter().map(|(key, json, _)| (key, json)).collect()
    };
    let (olds, news) = (olds.map(attributes), news.map(attributes));
    let pick = |own: &Attributes<'a>, other: &Option<Attributes<'a>>, swapped: bool| {
        let other = other.as_deref().unwrap_or_default();
        // Both sides have their keys in the same order, nearly always.
        let mut next = 0;
        own.iter()
            .filter(|(name, json)| {
                let found = (next..other.len())
                    .chain(0..next)
                    .find(|at| other[*at].0 == *name);
                next = found.map_or(next, |at| at + 1);
                let twin = found.map(|at| other[at].1);
                if swapped {
                    wanted(name, twin, Some(json))
                } else {
                    wanted(name, Some(json), twin)
                }
            })
            .copied()
            .collect::<Attributes<'a>>()
    };
    (
        olds.as_ref().map(|own| pick(own, &news, false)),
        news.as_ref().map(|own| pick(own, &olds, true)),
    )
}

fn side(side: Side<'_>, picked: Option<&[(&str, &str)]>) -> Result<Option<Value>, ValueError> {
    match (side, picked) {
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(Value::Null)),
        (Some(_), Some(picked)) => object(picked).map(Some),
    }
}

fn object(members: &[(&str, &str)]) -> Result<Value, ValueError> {
    members
        .iter()
        .map(|(name, json)| Ok(((*name).into(), Value::parse(json)?)))
        .collect::<Result<_, _>>()
        .map(Value::Object)
}

/// The members of a tree of marks in which something is marked.
struct Marked<'a> {
    there: bool,
    members: Attributes<'a>,
}

impl Marked<'_> {
    fn decode(&self) -> Result<Option<Value>, ValueError> {
        self.there.then(|| object(&self.members)).transpose()
    }
}

/// `None`: the marks are no object, and may speak of the whole. Only a literal `true` marks.
fn some_marked(marks: Side<'_>) -> Option<Marked<'_>> {
    let Some((json, members)) = marks else {
        return Some(Marked {
            there: false,
            members: Vec::new(),
        });
    };
    if !json.starts_with('{') && json != "false" {
        return None;
    }
    let marks = |json: &str| memmem::find(json.as_bytes(), b"true").is_some();
    let members = if marks(json) {
        members
            .iter()
            .filter(|(_, json, _)| marks(json))
            .map(|(key, json, _)| (key, json))
            .collect()
    } else {
        Vec::new()
    };
    Some(Marked {
        there: true,
        members,
    })
}

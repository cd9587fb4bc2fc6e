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
    /// The attributes that this picks by name, JSON text, and what the other side has; and those that are known only
    /// after apply.
    Attributes(&'w dyn Fn(&str, &str, Twin<'_>) -> bool),
}

/// What the other side has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twin<'a> {
    /// There is no other side.
    NoSide,
    /// The same bytes.
    Same,
    /// Other bytes, or nothing.
    Other(Option<&'a str>),
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
fn part<'a>(item: Item<'a>, wanted: Wanted<'_>) -> Option<Result<Values, ValueError>> {
    // Keys are compared as they are written.
    if item.has_escaped_keys() {
        return None;
    }
    let Sides {
        before,
        after,
        marks,
    } = Sides::of(item)?;
    // A file without any marks has its secrets told by their names, wherever they stand.
    if marks[1].is_none() && marks[2].is_none() {
        return None;
    }
    let [unknown, was_secret, is_secret] = marks.map(some_marked);
    let (unknown, was_secret, is_secret) = (unknown?, was_secret?, is_secret?);
    let secret = |name: &str| was_secret.names(name) || is_secret.names(name);
    let (olds, news) = (members(before)?, members(after)?);
    let only_secrets = match wanted {
        Wanted::Secrets => true,
        Wanted::Difference if before.map(|(json, _)| json) == after.map(|(json, _)| json) => true,
        Wanted::Difference => return None,
        Wanted::Attributes(_) => false,
    };
    let (olds, news) = match (wanted, olds, news) {
        _ if only_secrets => {
            let names = || was_secret.members.iter().chain(&is_secret.members);
            let some = |members: Members<'a>| named(members, names().map(|(name, _)| *name));
            (olds.map(some), news.map(some))
        }
        (Wanted::Attributes(pick), Some(olds), Some(news)) => {
            let [olds, news] = [olds, news].map(attributes);
            let wanted = |name: &str, json: &str, twin: Option<&str>| {
                let twin = match twin {
                    Some(twin) if twin == json => Twin::Same,
                    other => Twin::Other(other),
                };
                secret(name) || unknown.names(name) || pick(name, json, twin)
            };
            let (old, new) = (picked(&olds, &news, wanted), picked(&news, &olds, wanted));
            (Some(old), Some(new))
        }
        (Wanted::Attributes(pick), olds, news) => {
            let one = |members: Members<'a>| {
                let mut picked = attributes(members);
                picked.retain(|(name, json)| {
                    secret(name) || unknown.names(name) || pick(name, json, Twin::NoSide)
                });
                picked
            };
            (olds.map(one), news.map(one))
        }
        _ => return None,
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

/// The sides of a change and the marks on them, found in one pass.
#[derive(Default)]
struct Sides<'a> {
    before: Side<'a>,
    after: Side<'a>,
    /// What is unknown, what was secret, what is secret.
    marks: [Side<'a>; 3],
}

impl<'a> Sides<'a> {
    fn of(item: Item<'a>) -> Option<Self> {
        let (_, change) = item.members().get("change")?;
        let mut sides = Sides::default();
        for (key, json, members) in change.iter() {
            let side = match key {
                "before" => &mut sides.before,
                "after" => &mut sides.after,
                "after_unknown" => &mut sides.marks[0],
                "before_sensitive" => &mut sides.marks[1],
                "after_sensitive" => &mut sides.marks[2],
                _ => continue,
            };
            *side = Some((json, members));
        }
        Some(sides)
    }
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

fn attributes(members: Members<'_>) -> Attributes<'_> {
    let mut all = Vec::with_capacity(members.at_most());
    all.extend(members.iter().map(|(name, json, _)| (name, json)));
    all
}

/// The attributes of these names, each once.
fn named<'a, 'n>(members: Members<'a>, names: impl Iterator<Item = &'n str>) -> Attributes<'a> {
    let mut found = Attributes::new();
    for name in names {
        if let Some((name, json)) = members.find(name)
            && !found.contains(&(name, json))
        {
            found.push((name, json));
        }
    }
    found
}

/// The attributes of one side that `wanted` picks by name, text, and text on the `other` side; in the order of its side.
fn picked<'a>(
    own: &Attributes<'a>,
    other: &Attributes<'a>,
    wanted: impl Fn(&str, &str, Option<&str>) -> bool,
) -> Attributes<'a> {
    // Both sides have their keys in the same order, nearly always.
    let mut next = 0;
    own.iter()
        .filter(|(name, json)| {
            let found = (next..other.len())
                .chain(0..next)
                .find(|at| other[*at].0 == *name);
            next = found.map_or(next, |at| at + 1);
            wanted(name, json, found.map(|at| other[at].1))
        })
        .copied()
        .collect()
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
    fn names(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| *known == name)
    }

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
    let members = if marks_something(json) {
        let members = members.iter().map(|(name, json, _)| (name, json));
        members.filter(|(_, json)| marks_something(json)).collect()
    } else {
        Vec::new()
    };
    Some(Marked {
        there: true,
        members,
    })
}

/// Whether the word that marks stands in the text.
fn marks_something(json: &str) -> bool {
    match json {
        "true" => true,
        "" | "{}" | "[]" | "null" | "false" => false,
        _ => memmem::find(json.as_bytes(), b"true").is_some(),
    }
}

//! Containers that are written as JSON: the task definitions of ECS, the job definitions of Batch.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::catalogue::{self, Step};
use super::documents::Documents;
use super::written::{Part, Side};
use super::{Finding, Risk};
use crate::plan::value::{Member, Value};

/// The type whose rows speak of what such a document holds.
const TYPE: &str = "container-definition";

/// What tells one container from another.
const NAME: &str = "name";

/// Where containers stand within a document, in lower case.
const NESTS: [&str; 7] = [
    "container",
    "containers",
    "ecsproperties",
    "eksproperties",
    "noderangeproperties",
    "podproperties",
    "taskproperties",
];

/// The members of a container that its rows look at, and its name.
static LOOKED_AT: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let rows = catalogue::protections(TYPE).chain(catalogue::exposures(TYPE));
    let members = rows.filter_map(|row| match row.path {
        [_, Step::Each, Step::Member(name), ..] => Some(*name),
        _ => None,
    });
    members.chain([NAME]).collect()
});

/// Documents are looked into this deep.
const MAX_DEPTH: usize = 12;

/// The containers of a document, and what holds them, with what the rows look at.
pub fn objects<'a>(side: Side<'a>, documents: &Documents<'a>) -> Option<Vec<Part>> {
    let document = documents.of(side.value)?;
    let told = |container: &Value| {
        let Value::Object(members) = container else {
            return Value::Null;
        };
        object(members.iter().filter_map(|(name, value)| {
            let name = folded(name);
            LOOKED_AT.contains(&&*name).then(|| (name, lower(value, 0)))
        }))
    };
    let list = Value::List(containers(&document).into_iter().map(told).collect());
    Some(vec![Part {
        name: String::new(),
        type_name: TYPE.to_owned(),
        value: Value::Object(vec![("container".into(), list)]),
        unknown: None,
        secret: side.secret.cloned(),
    }])
}

/// A secret that was fetched when the program started, and now stands in the definition.
pub fn moved_to_clear<'a>(
    before: Option<Side<'a>>,
    after: Option<Side<'a>>,
    documents: &Documents<'a>,
) -> Option<Finding> {
    let names = |side: Side<'a>, list: &str| -> Option<BTreeSet<String>> {
        let document = documents.of(side.value)?;
        let lists = containers(&document)
            .into_iter()
            .filter_map(|it| member(it, list));
        let settings = lists.flat_map(|list| match list {
            Value::List(items) => items.as_slice(),
            _ => &[],
        });
        let names = settings.filter_map(|setting| member(setting, NAME)?.as_text());
        Some(names.map(str::to_owned).collect())
    };
    let was = names(before?, "secrets").filter(|names| !names.is_empty())?;
    let is = names(after?, "environment")?;
    was.intersection(&is).next()?;
    Some(Finding::new(
        "protection-weakened",
        Risk::High,
        "A secret that the program fetched when it started stands in the definition in clear: whoever may read that may read it.",
    ))
}

/// Every object of a document that is a container, or holds some.
fn containers(document: &Value) -> Vec<&Value> {
    fn add<'v>(value: &'v Value, depth: usize, found: &mut Vec<&'v Value>) {
        match value {
            Value::Object(members) if depth < MAX_DEPTH => {
                found.push(value);
                for (name, inner) in members {
                    let may_nest = matches!(inner, Value::Object(_) | Value::List(_));
                    if may_nest && NESTS.contains(&&*folded(name)) {
                        add(inner, depth + 1, found);
                    }
                }
            }
            Value::List(items) if depth < MAX_DEPTH => {
                for item in items {
                    add(item, depth + 1, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    add(document, 0, &mut found);
    found
}

/// The member of this name, as the service finds it.
fn member<'v>(object: &'v Value, known: &str) -> Option<&'v Value> {
    match object {
        Value::Object(members) => members
            .iter()
            .rev()
            .find(|(name, _)| folded(name) == known)
            .map(|(_, it)| it),
        _ => None,
    }
}

/// A name as the service's reader takes it: `Privileged` is `privileged` to it.
fn folded(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    lower.replace('ſ', "s").replace('\u{212a}', "k")
}

/// A value with its names in lower case. Of two names that are the same then, the service takes the last.
fn lower(value: &Value, depth: usize) -> Value {
    match value {
        Value::List(items) if depth < MAX_DEPTH => {
            Value::List(items.iter().map(|item| lower(item, depth + 1)).collect())
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            let lowered = members.iter();
            object(lowered.map(|(name, value)| (folded(name), lower(value, depth + 1))))
        }
        other => other.clone(),
    }
}

fn object(members: impl Iterator<Item = (String, Value)>) -> Value {
    let mut object: Vec<Member> = Vec::new();
    for (name, value) in members {
        match object.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => object.push((name.into(), value)),
        }
    }
    Value::Object(object)
}

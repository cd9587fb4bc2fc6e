//! What a release of a chart is told: the values of its programs, by the names that charts give them.
//!
//! Which templates use a value, and how, stands in the chart and not in the plan. So the names say what a value is for, a
//! finding says that it goes by the name only, and its risk is that of a guess.

use std::collections::BTreeMap;

use super::written::Side;
use super::{Finding, Risk, redirect, render};
use crate::diff::yaml;
use crate::plan::value::Value;
use crate::plan::values::Mark;

/// Values by their place, `controller.image.tag`; an element of a list of words is a place of its own.
type Places = BTreeMap<String, String>;

/// What the new values switch on, and which images come from another place.
pub fn judge(before: Option<Side<'_>>, after: Option<Side<'_>>) -> Vec<Finding> {
    let secret = [before, after]
        .into_iter()
        .flatten()
        .any(|side| Mark::root(side.secret).touches());
    let (Some(olds), Some(news)) = (places(before), places(after)) else {
        return vec![Finding::new(
            "policy-unreadable",
            Risk::Medium,
            "The values of the release cannot be taken apart; read them.",
        )];
    };
    let mut findings = Vec::new();
    let opened = |place: &&String| {
        let now = opens(place, &news[*place]);
        now.is_some() && now != olds.get(*place).and_then(|was| opens(place, was))
    };
    if let Some(place) = news.keys().find(opened) {
        let what = opens(place, &news[place]).unwrap_or_default();
        findings.push(guess(
            "exposure-opened",
            &format!("{what} The chart decides whether it is used."),
            [olds.get(place), news.get(place)],
            place,
            secret,
        ));
    }
    let moved = |place: &&String| {
        olds.get(*place)
            .is_some_and(|was| comes_from_elsewhere(place, was, &news[*place]))
    };
    if let Some(place) = news.keys().find(moved) {
        findings.push(guess(
            "source-redirected",
            "A program of the release comes from another repository of images.",
            [olds.get(place), news.get(place)],
            place,
            secret,
        ));
    }
    findings
}

fn guess(
    rule: &'static str,
    message: &str,
    sides: [Option<&String>; 2],
    place: &str,
    secret: bool,
) -> Finding {
    let at = if secret {
        render::SENSITIVE
    } else {
        &*render::cut(place)
    };
    let [old, new] = sides.map(|value| match value {
        None => render::NOTHING.to_owned(),
        Some(_) if secret => render::SENSITIVE.to_owned(),
        Some(value) => render::cut(value),
    });
    Finding::new(rule, Risk::High, "")
        .say(format!("Judged by its name only ({at}): {message}"))
        .values(&old, &new)
}

/// The last name of a place, without the word of a list behind it.
fn last(place: &str) -> &str {
    let name = place.split('[').next().unwrap_or(place);
    name.rsplit('.').next().unwrap_or(name)
}

/// What a value switches on by its name.
fn opens(place: &str, value: &str) -> Option<&'static str> {
    let on = matches!(&*value.to_ascii_lowercase(), "true" | "yes" | "on" | "y");
    match last(place) {
        "privileged" if on => Some("A container gets full control of its host."),
        "hostNetwork" if on => Some("Pods share the host's network."),
        "hostPID" if on => Some("Pods see the host's processes."),
        "hostIPC" if on => Some("Pods see the host's shared memory."),
        "add" if place.contains("apabilities.add[") && RIGHTS.contains(&value) => {
            Some("A container gets rights over its host.")
        }
        _ => None,
    }
}

/// Rights of the kernel that reach past a container.
const RIGHTS: [&str; 6] = [
    "ALL",
    "SYS_ADMIN",
    "SYS_PTRACE",
    "SYS_MODULE",
    "NET_ADMIN",
    "DAC_READ_SEARCH",
];

fn comes_from_elsewhere(place: &str, old: &str, new: &str) -> bool {
    let names = ["image", "repository", "registry", "imageRegistry"];
    let [old, new] = [old, new].map(redirect::repository);
    names.contains(&last(place)) && !old.is_empty() && old != new
}

/// What the texts and settings of one side say, later ones over earlier ones.
fn places(side: Option<Side<'_>>) -> Option<Places> {
    let mut places = Places::new();
    let items = match side.map(|side| side.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    for item in items {
        match (item.as_text(), item.get("name").and_then(Value::as_text)) {
            (Some(text), _) => {
                for document in &yaml::read(text)?.documents {
                    lay(document, String::new(), &mut places);
                }
            }
            (None, Some(name)) => match item.get("value") {
                Some(Value::List(words)) => {
                    lay(&Value::List(words.clone()), name.to_owned(), &mut places);
                }
                Some(value) => settings(name, &super::operator::scalar(value), &mut places),
                None => {}
            },
            (None, None) => {}
        }
    }
    Some(places)
}

fn lay(value: &Value, place: String, places: &mut Places) {
    let scalar = |value: &Value| super::operator::scalar(value).into_owned();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('.', "\\.");
                let dot = if place.is_empty() { "" } else { "." };
                lay(member, format!("{place}{dot}{name}"), places);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                match item {
                    Value::Object(_) | Value::List(_) => {
                        lay(item, format!("{place}[{index}]"), places);
                    }
                    word => {
                        let word = scalar(word);
                        places.insert(format!("{place}[{word}]"), word);
                    }
                }
            }
        }
        value => drop(places.insert(place, scalar(value))),
    }
}

/// A setting as it is given to the chart: `name=value`, where a comma begins the next one and braces hold a list.
fn settings(name: &str, value: &str, places: &mut Places) {
    let text = format!("{name}={value}");
    let (mut depth, mut escaped, mut start) = (0_u32, false, 0);
    let mut parts = Vec::new();
    for (at, letter) in text.char_indices() {
        match letter {
            '\\' => {
                escaped = !escaped;
                continue;
            }
            '{' if !escaped => depth += 1,
            '}' if !escaped => depth = depth.saturating_sub(1),
            ',' if !escaped && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    parts.push(&text[start..]);
    for (place, value) in parts.iter().filter_map(|part| part.split_once('=')) {
        match value
            .strip_prefix('{')
            .and_then(|list| list.strip_suffix('}'))
        {
            Some(words) => {
                for word in words.split(',').map(str::trim) {
                    places.insert(format!("{place}[{word}]"), word.to_owned());
                }
            }
            None => drop(places.insert(place.to_owned(), value.to_owned())),
        }
    }
}

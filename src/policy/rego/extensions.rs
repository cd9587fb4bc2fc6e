//! Functions that real policies use and regorus has not, or has otherwise than OPA.
//!
//! None of them knows the time, the network or the machine: a verdict must come out the same wherever it is asked for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, Result, bail};
use regex::Regex;
use regorus::{Engine, Value};

use super::sprintf::sprintf;

mod cidr;
mod time;

type Function = fn(&[Value]) -> Result<Value>;

/// Name, number of arguments, what it does.
const FUNCTIONS: &[(&str, u8, Function)] = &[
    ("sprintf", 2, format),
    ("re_match", 2, re_match),
    ("any", 1, any),
    ("all", 1, all),
    ("set_diff", 2, set_diff),
    ("net.cidr_overlap", 2, cidr::contains),
    ("net.cidr_intersects", 2, cidr::intersects),
    ("net.cidr_contains_matches", 2, cidr::contains_matches),
    ("net.cidr_merge", 1, cidr::merge),
    ("time.parse_rfc3339_ns", 1, time::parse_rfc3339_ns),
    ("time.parse_duration_ns", 1, time::parse_duration_ns),
    ("time.weekday", 1, time::weekday),
    ("time.clock", 1, time::clock),
    ("time.date", 1, time::date),
];

/// Adds all of them.
pub(super) fn add(engine: &mut Engine) {
    for &(name, arguments, function) in FUNCTIONS {
        let call = move |values: Vec<Value>| {
            function(&values).with_context(|| format!("error: {name} was given what it cannot use"))
        };
        engine
            .add_extension(name.to_owned(), arguments, Box::new(call))
            .expect("each name is there once");
    }
}

/// Whether there is a function of this name.
pub(super) fn has(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, ..)| *known == name)
}

fn text(value: &Value) -> Result<&str> {
    Ok(value.as_string()?)
}

/// The elements of an array or a set.
fn elements(value: &Value) -> Result<Vec<&Value>> {
    match value {
        Value::Array(items) => Ok(items.iter().collect()),
        Value::Set(items) => Ok(items.iter().collect()),
        _ => bail!("no array and no set"),
    }
}

fn format(arguments: &[Value]) -> Result<Value> {
    let values: Vec<Value> = elements(&arguments[1])?.into_iter().cloned().collect();
    if values.contains(&Value::Undefined) {
        return Ok(Value::Undefined);
    }
    Ok(Value::from(sprintf(text(&arguments[0])?, &values)))
}

thread_local! {
    /// A policy asks for the same few patterns again and again.
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

fn re_match(arguments: &[Value]) -> Result<Value> {
    let (pattern, value) = (text(&arguments[0])?, text(&arguments[1])?);
    PATTERNS.with_borrow_mut(|known| {
        if !known.contains_key(pattern) {
            known.insert(pattern.to_owned(), Regex::new(pattern)?);
        }
        Ok(Value::from(known[pattern].is_match(value)))
    })
}

fn any(arguments: &[Value]) -> Result<Value> {
    let values = elements(&arguments[0])?;
    Ok(Value::from(values.contains(&&Value::Bool(true))))
}

fn all(arguments: &[Value]) -> Result<Value> {
    let values = elements(&arguments[0])?;
    Ok(Value::from(
        values.iter().all(|value| **value == Value::Bool(true)),
    ))
}

fn set_diff(arguments: &[Value]) -> Result<Value> {
    let (left, right) = (arguments[0].as_set()?, arguments[1].as_set()?);
    let left_only: BTreeSet<Value> = left
        .iter()
        .filter(|value| !right.contains(value))
        .cloned()
        .collect();
    Ok(Value::from(left_only))
}

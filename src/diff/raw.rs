//! A whole element of the plan with its secrets masked: by its own marks, by its own values, and by those of the plan.

use super::node::masked;
use super::secrets::{MASK, Secrets};
use super::value::pretty;
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// Pairs of a value and the marks that stand beside it in the same object.
const MARKED_BY: [(&str, &str); 4] = [
    ("before", "before_sensitive"),
    ("after", "after_sensitive"),
    ("config_values", "config_sensitive"),
    ("values", "sensitive_values"),
];

/// The element as pretty JSON with sorted keys, masked.
pub fn pretty_masked(element: &Value, secrets: Option<&Secrets>) -> String {
    let mut own = Secrets::default();
    let element = cover(element, &mut own);
    let mask = |text: &str| {
        if text == MASK {
            return text.to_owned();
        }
        let text = own.mask(text);
        secrets.map_or_else(
            || text.clone().into_owned(),
            |all| all.mask(&text).into_owned(),
        )
    };
    pretty(&element, &mask)
}

/// Masks every value that has marks beside it, and collects what was masked.
fn cover(value: &Value, own: &mut Secrets) -> Value {
    let members = match value {
        Value::Object(members) => members,
        Value::List(items) => {
            return Value::List(items.iter().map(|item| cover(item, own)).collect());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => return value.clone(),
    };
    let both = |side: &Value| {
        // A value that is secret on one side is not shown on the other one either.
        MARKED_BY.iter().fold(side.clone(), |side, (_, marks)| {
            masked(&side, Mark::root(value.get(marks)))
        })
    };
    let covered = members
        .iter()
        .map(|(key, member)| {
            let is_side = MARKED_BY.iter().any(|(name, _)| **key == **name);
            let member = if is_side {
                collect(member, value, key, own);
                both(member)
            } else {
                cover(member, own)
            };
            (key.clone(), member)
        })
        .collect();
    Value::Object(covered)
}

fn collect(side: &Value, around: &Value, key: &str, own: &mut Secrets) {
    let marks = MARKED_BY
        .iter()
        .find(|(name, _)| *name == key)
        .and_then(|(_, marks)| around.get(marks));
    let has_marks = MARKED_BY
        .iter()
        .any(|(_, marks)| around.get(marks).is_some());
    own.collect(&Values {
        before: Some(side.clone()),
        before_sensitive: marks.cloned().or(has_marks.then_some(Value::Bool(false))),
        ..Values::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_one_side_cover_the_other_and_the_value_everywhere() {
        let element = Value::parse(
            r#"{"change":{"before":{"p":"hunter2-old","q":"x hunter2-new"},"after":{"p":"hunter2-new"},"after_sensitive":{"p":true},"before_sensitive":{}},"note":"hunter2-new"}"#,
        )
        .unwrap();
        let shown = pretty_masked(&element, None);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(r#""q": "x (sensitive)""#), "{shown}");
    }

    #[test]
    fn what_an_action_is_given_is_masked_too() {
        let element =
            Value::parse(r#"{"config_values":{"payload":"s3cret-token","f":"g"},"config_sensitive":{"payload":true}}"#)
                .unwrap();
        let shown = pretty_masked(&element, None);
        assert!(
            !shown.contains("s3cret") && shown.contains(r#""f": "g""#),
            "{shown}"
        );
    }
}

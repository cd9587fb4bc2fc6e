//! The two sides of one change, with what is unknown and what is secret.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::value::{Member, Value, ValueError};

mod partial;

pub use partial::{Twin, Wanted};

/// The decoded `change` object of one element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// `before`; `None` if the key is absent, `Some(Null)` if there is no object yet.
    pub before: Option<Value>,
    /// `after`; `None` if the key is absent (wholly unknown), `Some(Null)` if there is no object any more.
    pub after: Option<Value>,
    /// `after_unknown`: the same shape as `after`, `true` where a value is known only after apply.
    pub after_unknown: Option<Value>,
    /// `before_sensitive`: `true` where everything below is secret.
    pub before_sensitive: Option<Value>,
    /// `after_sensitive`: `true` where everything below is secret.
    pub after_sensitive: Option<Value>,
    /// `generated_config`: the block that the tool wrote for an object that is imported.
    pub generated_config: Option<String>,
}

#[derive(Deserialize)]
struct Element<'a> {
    #[serde(borrow, default)]
    change: Option<Sides<'a>>,
    #[serde(borrow, default)]
    resource_change: Option<Box<Element<'a>>>,
}

// `Option<&RawValue>` would turn a null into `None`; a default keeps absent and null apart.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sides<'a> {
    #[serde(borrow)]
    before: Raw<'a>,
    #[serde(borrow)]
    after: Raw<'a>,
    #[serde(borrow)]
    after_unknown: Raw<'a>,
    #[serde(borrow)]
    before_sensitive: Raw<'a>,
    #[serde(borrow)]
    after_sensitive: Raw<'a>,
    #[serde(borrow)]
    generated_config: Raw<'a>,
}

/// What an action is given: a new side without an old one.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Given<'a> {
    #[serde(borrow, rename = "config_values")]
    values: Raw<'a>,
    #[serde(borrow, rename = "config_unknown")]
    unknown: Raw<'a>,
    #[serde(borrow, rename = "config_sensitive")]
    sensitive: Raw<'a>,
}

#[derive(Default)]
struct Raw<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Raw(Some(raw)))
    }
}

impl Raw<'_> {
    fn decode(&self) -> Result<Option<Value>, ValueError> {
        self.0.map(|raw| Value::parse(raw.get())).transpose()
    }
}

impl Values {
    /// Decodes the element of `resource_changes`, `resource_drift` or `deferred_changes` in `item`, or the value of an
    /// entry of `output_changes`. What an action is given is a new side without an
    /// old one.
    pub fn of_item(item: &str) -> Result<Values, ValueError> {
        let invalid = |_| ValueError::Json {
            at: 0,
            what: "the element is not an object with a change",
        };
        let element: Element<'_> = serde_json::from_str(item).map_err(invalid)?;
        let sides = match (element.change, element.resource_change) {
            (Some(sides), _) => sides,
            (None, Some(deferred)) => deferred.change.unwrap_or_default(),
            (None, None) => {
                let given: Given<'_> = serde_json::from_str(item).map_err(invalid)?;
                let mut sides: Sides<'_> = serde_json::from_str(item).map_err(invalid)?;
                if given.values.0.is_some() {
                    sides.after = given.values;
                    sides.after_unknown = given.unknown;
                    sides.after_sensitive = given.sensitive;
                }
                sides
            }
        };
        Ok(Values {
            before: sides.before.decode()?,
            after: sides.after.decode()?,
            after_unknown: sides.after_unknown.decode()?,
            before_sensitive: sides.before_sensitive.decode()?,
            after_sensitive: sides.after_sensitive.decode()?,
            generated_config: match sides.generated_config.decode()? {
                Some(Value::Text(text)) => Some(text.into()),
                Some(_) | None => None,
            },
        })
    }
}

/// A cursor into a tree of marks (`after_unknown`, `before_sensitive`, `after_sensitive`) that walks beside a value.
///
/// Only a literal `true` marks; `false`, `{}` and `[]` mark nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a>(Option<&'a Value>);

impl<'a> Mark<'a> {
    /// Marks nothing.
    pub const NOTHING: Mark<'static> = Mark(None);

    /// The mark of the whole value.
    pub fn root(marks: Option<&'a Value>) -> Self {
        Mark(marks)
    }

    /// The mark of a member.
    #[must_use]
    pub fn member(self, key: &str) -> Self {
        if self.covers() {
            self
        } else {
            Mark(self.0.and_then(|v| v.get(key)))
        }
    }

    /// The mark of an element.
    #[must_use]
    pub fn element(self, index: usize) -> Self {
        if self.covers() {
            self
        } else {
            Mark(self.0.and_then(|v| v.at(index)))
        }
    }

    /// Whether everything from here down is marked.
    pub fn covers(self) -> bool {
        self.0 == Some(&Value::Bool(true))
    }

    /// Whether anything from here down is marked.
    pub fn touches(self) -> bool {
        fn any(value: &Value) -> bool {
            match value {
                Value::Bool(b) => *b,
                Value::List(items) => items.iter().any(any),
                Value::Object(members) => members.iter().any(|(_, v)| any(v)),
                _ => false,
            }
        }
        self.0.is_some_and(any)
    }

    /// The keys that are marked in some way below here and stand in no value: unknown members are absent from `after`.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Mark<'a>)> {
        let members: &[Member] = match self.0 {
            Some(Value::Object(members)) => members,
            _ => &[],
        };
        members
            .iter()
            .map(|(key, value)| (&**key, Mark(Some(value))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_absent_and_unknown_stay_apart() {
        let values = Values::of_item(
            r#"{"address":"a.b","change":{"actions":["create"],"before":null,"after":{"x":null},"after_unknown":{"id":true}}}"#,
        )
        .unwrap();
        assert_eq!(values.before, Some(Value::Null));
        assert_eq!(values.before_sensitive, None);
        let unknown = Mark::root(values.after_unknown.as_ref());
        assert!(unknown.member("id").covers());
        assert!(!unknown.member("x").covers());
        assert!(unknown.touches());
        assert_eq!(values.after.unwrap().get("x"), Some(&Value::Null));
    }

    #[test]
    fn a_mark_covers_everything_below_it() {
        let marks = Value::parse(r#"{"a":true,"b":[false,{}]}"#).unwrap();
        let root = Mark::root(Some(&marks));
        assert!(root.member("a").member("deep").element(3).covers());
        assert!(!root.member("b").touches());
    }

    #[test]
    fn outputs_deferred_changes_and_what_an_action_is_given_are_decoded_too() {
        let action =
            r#"{"address":"action.a.b","config_values":{"p":1},"config_sensitive":{"p":true}}"#;
        let given = Values::of_item(action).unwrap();
        assert_eq!(given.before, None);
        assert!(
            Mark::root(given.after_sensitive.as_ref())
                .member("p")
                .covers()
        );
        let output = r#"{"actions":["create"],"before":null,"after":1,"after_unknown":false}"#;
        assert_eq!(
            Values::of_item(output).unwrap().after,
            Some(Value::Number("1".into()))
        );
        let deferred = format!(
            r#"{{"reason":"unknown","resource_change":{{"address":"a.b","change":{output}}}}}"#
        );
        assert_eq!(
            Values::of_item(&deferred).unwrap().after,
            Some(Value::Number("1".into()))
        );
    }
}

//! Values that stand outside of the rows: variables, their defaults, and what providers are configured with.
//!
//! No row shows them, but a row may hold one of them again, without a mark. The plan says of a variable in one place what
//! it is, and in another that it is sensitive; both come in any order, so they are kept until the end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::element::Wrong;
use super::value::{Member, Value};

/// What was found so far.
#[derive(Default)]
pub(super) struct Constants {
    /// The values of the root module's variables.
    variables: Vec<Member>,
    /// Which of them are sensitive; `None` where no configuration says anything about variables.
    sensitive: Option<BTreeSet<String>>,
    /// Defaults of sensitive variables, with their names.
    defaults: Vec<Member>,
    /// What providers are given as constants, with the paths of the settings: `aws.endpoints.s3`.
    providers: Vec<(String, Value)>,
}

#[derive(Deserialize)]
struct Configuration<'a> {
    #[serde(borrow, default)]
    root_module: Option<Module<'a>>,
    #[serde(borrow, default)]
    provider_config: Option<BTreeMap<Cow<'a, str>, Provider<'a>>>,
}

#[derive(Deserialize)]
struct Provider<'a> {
    #[serde(borrow, default)]
    expressions: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    variables: Option<BTreeMap<String, Variable<'a>>>,
    #[serde(borrow, default)]
    module_calls: Option<BTreeMap<Cow<'a, str>, Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    module: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Variable<'a> {
    #[serde(default)]
    sensitive: Option<bool>,
    #[serde(borrow, default)]
    default: Option<&'a RawValue>,
}

impl Constants {
    /// Reads `variables`.
    pub fn variables(&mut self, json: &str) -> Result<(), Wrong> {
        let wrong = || Wrong {
            key: "variables",
            wanted: "an object of objects that hold a value",
        };
        match Value::parse(json).map_err(|_| wrong())? {
            Value::Null => Ok(()),
            Value::Object(variables) => {
                for (name, variable) in variables {
                    let Value::Object(members) = variable else {
                        return Err(wrong());
                    };
                    let value = members.into_iter().find(|(key, _)| &**key == "value");
                    self.variables.extend(value.map(|(_, value)| (name, value)));
                }
                Ok(())
            }
            _ => Err(wrong()),
        }
    }

    /// Reads `configuration`.
    pub fn configuration(&mut self, json: &str) -> Result<(), Wrong> {
        let configuration: Option<Configuration<'_>> = read(json)?;
        let Some(configuration) = configuration else {
            return Ok(());
        };
        for (name, provider) in configuration.provider_config.into_iter().flatten() {
            if let Some(expressions) = provider.expressions {
                self.provider(&name, value(expressions)?);
            }
        }
        let mut todo: Vec<Module<'_>> = Vec::new();
        if let Some(root) = configuration.root_module {
            let sensitive = |variables: &BTreeMap<String, Variable<'_>>| {
                let marked = variables
                    .iter()
                    .filter(|(_, it)| it.sensitive == Some(true));
                marked.map(|(name, _)| name.clone()).collect()
            };
            self.sensitive = root.variables.as_ref().map(sensitive);
            todo.push(root);
        }
        while let Some(module) = todo.pop() {
            for (name, variable) in module.variables.into_iter().flatten() {
                if let (Some(true), Some(default)) = (variable.sensitive, variable.default) {
                    self.defaults.push((name.into(), value(default)?));
                }
            }
            for (_, call) in module.module_calls.into_iter().flatten() {
                if let Some(raw) = call.module {
                    todo.extend(read::<Option<Module<'_>>>(raw.get())?);
                }
            }
        }
        Ok(())
    }

    /// Gathers the constants of one provider, those in its nested blocks too.
    fn provider(&mut self, name: &str, expressions: Value) {
        let mut todo: Vec<(String, Value)> = vec![(name.to_owned(), expressions)];
        while let Some((path, value)) = todo.pop() {
            match value {
                Value::Object(members) => {
                    for (key, inner) in members {
                        if &*key == "constant_value" {
                            self.providers.push((path.clone(), inner));
                        } else {
                            todo.push((format!("{path}.{key}"), inner));
                        }
                    }
                }
                Value::List(items) => {
                    todo.extend(items.into_iter().map(|item| (path.clone(), item)));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
            }
        }
    }

    /// Switches of providers, and the addresses that they are given: of every other text nobody knows whether it is a secret.
    pub fn provider_settings(&self) -> Vec<(String, Value)> {
        let mut settings = Vec::new();
        let mut todo: Vec<(String, &Value)> = Vec::new();
        todo.extend(
            self.providers
                .iter()
                .map(|(path, value)| (path.clone(), value)),
        );
        while let Some((path, value)) = todo.pop() {
            match value {
                Value::Object(members) => {
                    todo.extend(
                        members
                            .iter()
                            .map(|(key, it)| (format!("{path}.{key}"), it)),
                    );
                }
                Value::List(items) => todo.extend(items.iter().map(|it| (path.clone(), it))),
                Value::Text(_) if !path.contains(".endpoints.") => {}
                Value::Bool(_) | Value::Text(_) => settings.push((path, value.clone())),
                Value::Null | Value::Number(_) => {}
            }
        }
        settings.sort_by(|(one, _), (other, _)| one.cmp(other));
        settings
    }

    /// Hands out each value with its name, and whether the configuration calls it sensitive, where it says so at all.
    pub fn tell(&self, mut to: impl FnMut(&str, &Value, Option<bool>)) {
        for (name, value) in &self.variables {
            let sensitive = self.sensitive.as_ref();
            to(name, value, sensitive.map(|names| names.contains(&**name)));
        }
        for (name, value) in &self.defaults {
            to(name, value, Some(true));
        }
        for (path, value) in &self.providers {
            to(path.rsplit('.').next().unwrap_or(path), value, None);
        }
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Wrong> {
    serde_json::from_str(json).map_err(|_| Wrong {
        key: "configuration",
        wanted: "an object of providers and modules",
    })
}

fn value(raw: &RawValue) -> Result<Value, Wrong> {
    Value::parse(raw.get()).map_err(|_| Wrong {
        key: "configuration",
        wanted: "values of at most 1000 levels",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sensitive_is_told_whatever_comes_first() {
        let mut constants = Constants::default();
        constants
            .variables(r#"{"pass":{"value":"p"},"region":{"value":["r"]},"none":{}}"#)
            .unwrap();
        constants
            .configuration(
                r#"{"provider_config":{"aws":{"expressions":{"region":{"references":["var.region"]},
                    "assume_role":[{"token":{"constant_value":"t"}}]}}},
                  "root_module":{"variables":{"pass":{"sensitive":true,"default":"d"},"region":{}},
                    "module_calls":{"m":{"module":{"variables":{"inner":{"sensitive":true,"default":{"a":"i"}}}}}}}}"#,
            )
            .unwrap();
        let mut told = Vec::new();
        constants.tell(|name, value, marked| told.push(format!("{name} {value} {marked:?}")));
        assert_eq!(
            told,
            [
                r#"pass "p" Some(true)"#,
                r#"region ["r"] Some(false)"#,
                r#"pass "d" Some(true)"#,
                r#"inner {"a":"i"} Some(true)"#,
                r#"token "t" None"#,
            ]
        );
    }

    #[test]
    fn of_providers_switches_and_addresses_are_kept() {
        let mut constants = Constants::default();
        constants
            .configuration(
                r#"{"provider_config":{"aws":{"expressions":{"region":{"constant_value":"r"},
                    "insecure":{"constant_value":true},"retries":{"constant_value":3},
                    "endpoints":[{"s3":{"constant_value":"http://s3"}}]}},
                  "m:helm":{"expressions":{"kubernetes":{"constant_value":{"insecure":false,"token":"t"}}}}}}"#,
            )
            .unwrap();
        let kept = constants.provider_settings();
        let kept: Vec<String> = kept
            .iter()
            .map(|(path, value)| format!("{path} {value}"))
            .collect();
        assert_eq!(
            kept,
            [
                r#"aws.endpoints.s3 "http://s3""#,
                "aws.insecure true",
                "m:helm.kubernetes.insecure false",
            ]
        );
    }

    #[test]
    fn what_has_another_shape_is_refused() {
        for json in ["[]", "1", r#"{"a":1}"#] {
            assert!(Constants::default().variables(json).is_err(), "{json}");
        }
        assert!(
            Constants::default()
                .configuration(r#"{"provider_config":[]}"#)
                .is_err()
        );
        for json in ["null", "{}", r#"{"root_module":null}"#] {
            assert!(Constants::default().configuration(json).is_ok(), "{json}");
        }
    }
}

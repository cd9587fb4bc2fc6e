//! As much of JSON Schema as the schemas of this repository use. A word it does not know is an error: a schema that asks
//! for more than is checked would be no test.

use serde_json::Value;

/// Panics where `value` is not what `schema` asks for.
#[track_caller]
pub fn fits(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let mut wrong = Vec::new();
    check(&schema, value, "$", &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What does not fit, by place.
pub fn check(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let words = schema.as_object().unwrap();
    for (word, wanted) in words {
        let good = match word.as_str() {
            "$schema" | "$id" | "title" | "description" => true,
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "type" => wanted == kind(value),
            "minimum" => value.as_i64().is_none_or(|n| n >= wanted.as_i64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| {
                regex::Regex::new(wanted.as_str().unwrap())
                    .unwrap()
                    .is_match(text)
            }),
            "anyOf" => wanted.as_array().unwrap().iter().any(|one| {
                let mut inner = Vec::new();
                check(one, value, at, &mut inner);
                inner.is_empty()
            }),
            "required" => {
                for key in wanted.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        wrong.push(format!("{at}: {key} is missing"));
                    }
                }
                true
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(wanted, item, &format!("{at}[{number}]"), wrong);
                }
                true
            }
            "properties" => {
                for (key, one) in wanted.as_object().unwrap() {
                    if let Some(member) = value.get(key) {
                        check(one, member, &format!("{at}.{key}"), wrong);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = &schema["properties"];
                for key in value.as_object().into_iter().flat_map(|map| map.keys()) {
                    if wanted == false && known.get(key).is_none() {
                        wrong.push(format!("{at}: {key} is not in the schema"));
                    }
                }
                true
            }
            other => panic!("this test does not know the schema word {other}"),
        };
        if !good {
            wrong.push(format!("{at}: {word} wants {wanted}, got {value}"));
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

//! Whether two values are the same, and how one is written in a line or over many.

use std::fmt::Write as _;

use crate::plan::value::Value;

/// Whether two values mean the same: the order of members does not count, and `1.0` is `1`.
pub fn same(a: &Value, b: &Value) -> bool {
    a == b || canonical(a) == canonical(b)
}

/// One spelling for everything that means the same: members sorted, numbers normalised. For comparing only.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(&mut out, value);
    out
}

fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) => match decimal(number) {
            Some((negative, digits, exponent)) => {
                let sign = if negative { "-" } else { "" };
                let _ = write!(out, "{sign}{digits}e{exponent}");
            }
            None => out.push_str(number),
        },
        Value::List(items) => {
            out.push('[');
            for item in items {
                write_canonical(out, item);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (key, member) in members {
                let _ = write!(out, "{:?}:", &**key);
                write_canonical(out, member);
                out.push(',');
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Text(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// A JSON number as sign, significant digits and exponent: exact at any length. `None` if the exponent is absurd.
fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).ok()?;
    let exponent = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(zeros)?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some((false, "0".into(), 0));
    }
    Some((negative, digits.into(), exponent))
}

/// A value in one line of JSON, as `shown` writes its strings.
pub fn compact(value: &Value, shown: &impl Fn(&str) -> String) -> String {
    match value {
        Value::Text(text) => quoted(&shown(text)),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| compact(item, shown)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".into(),
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, member)| format!("{}: {}", quoted(&shown(key)), compact(member, shown)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// How wide a list of plain values may be to stand in one line of pretty JSON.
const SHORT_LIST: usize = 60;

/// A value over many lines of JSON with sorted keys, as `shown` writes its strings.
pub fn pretty(value: &Value, shown: &impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    write_pretty(&mut out, value, shown, 0);
    out
}

fn write_pretty(out: &mut String, value: &Value, shown: &impl Fn(&str) -> String, depth: usize) {
    // Deeper than any person reads, spaces would make the text grow with the square of its depth.
    let indent = "  ".repeat((depth + 1).min(40));
    let outdent = "  ".repeat(depth.min(40));
    match value {
        Value::List(items) if !items.is_empty() => {
            let plain = |item: &Value| !matches!(item, Value::List(_) | Value::Object(_));
            if items.iter().all(plain) {
                let line = compact(value, shown);
                if line.len() <= SHORT_LIST {
                    out.push_str(&line);
                    return;
                }
            }
            out.push_str("[\n");
            for (i, item) in items.iter().enumerate() {
                out.push_str(&indent);
                write_pretty(out, item, shown, depth + 1);
                out.push_str(if i + 1 < items.len() { ",\n" } else { "\n" });
            }
            let _ = write!(out, "{outdent}]");
        }
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            let last = members.len() - 1;
            out.push_str("{\n");
            for (i, (key, member)) in members.into_iter().enumerate() {
                let _ = write!(out, "{indent}{}: ", quoted(&shown(key)));
                write_pretty(out, member, shown, depth + 1);
                out.push_str(if i < last { ",\n" } else { "\n" });
            }
            let _ = write!(out, "{outdent}}}");
        }
        Value::List(_)
        | Value::Object(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_) => {
            out.push_str(&compact(value, shown));
        }
    }
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::parse(json).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_what_they_mean() {
        for (a, b, equal) in [
            ("1.0", "1", true),
            ("100", "1e2", true),
            ("0.10", "0.1", true),
            ("0.001", "1e-3", true),
            ("-0", "0", true),
            ("0e5", "0.00", true),
            ("12.50", "12.5", true),
            ("12.5", "12.05", false),
            ("-1", "1", false),
            ("9007199254740993", "9007199254740992", false),
            ("12.5", "125e-1", true),
            ("1", "10", false),
        ] {
            assert_eq!(same(&value(a), &value(b)), equal, "{a} {b}");
        }
        let digits = "9".repeat(401);
        assert!(same(&value(&digits), &value(&format!("{digits}.0"))));
    }

    #[test]
    fn the_order_of_members_does_not_count_and_types_do() {
        assert!(same(
            &value(r#"{"a":1,"b":[2]}"#),
            &value(r#"{"b":[2.0],"a":1}"#)
        ));
        assert!(!same(&value("[1,2]"), &value("[2,1]")));
        assert!(!same(&value("1"), &value(r#""1""#)));
        assert!(!same(&value("null"), &value("{}")));
    }

    #[test]
    fn pretty_json_keeps_short_lists_in_a_line() {
        let json = value(r#"{"b":["x",1],"a":[{"c":null}],"d":{}}"#);
        assert_eq!(
            pretty(&json, &|text| text.into()),
            "{\n  \"a\": [\n    {\n      \"c\": null\n    }\n  ],\n  \"b\": [\"x\", 1],\n  \"d\": {}\n}"
        );
    }
}

//! `sprintf` as Go has it: with widths, flags and Go's own words for what does not fit.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regorus::Value;

/// An argument, as OPA hands it to Go.
enum Argument {
    Integer(i128),
    Float(f64),
    Text(String),
}

impl Argument {
    fn of(value: &Value) -> Self {
        match value {
            Value::Number(_) => value.as_i128().map_or_else(
                |_| {
                    value
                        .as_f64()
                        .map_or_else(|_| Argument::Text(literal(value)), Argument::Float)
                },
                Argument::Integer,
            ),
            Value::String(text) => Argument::Text(text.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Set(_)
            | Value::Object(_)
            | Value::Undefined => Argument::Text(literal(value)),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Argument::Integer(_) => "int",
            Argument::Float(_) => "float64",
            Argument::Text(_) => "string",
        }
    }

    /// As `%v` shows it.
    fn plain(&self) -> String {
        match self {
            Argument::Integer(number) => number.to_string(),
            Argument::Float(number) => general(*number),
            Argument::Text(text) => text.clone(),
        }
    }
}

/// A value as Rego writes it.
fn literal(value: &Value) -> String {
    let list = |items: &mut dyn Iterator<Item = &Value>| -> String {
        items.map(literal).collect::<Vec<_>>().join(", ")
    };
    match value {
        Value::Array(items) => format!("[{}]", list(&mut items.iter())),
        Value::Set(items) if items.is_empty() => "set()".into(),
        Value::Set(items) => format!("{{{}}}", list(&mut items.iter())),
        Value::Object(fields) => {
            let fields = fields.iter();
            let parts: Vec<String> = fields
                .map(|(key, value)| format!("{}: {}", literal(key), literal(value)))
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Undefined => {
            value.to_string()
        }
    }
}

/// Go's shortest form of a number.
fn general(number: f64) -> String {
    let exponent = if number == 0.0 {
        0
    } else {
        number.abs().log10().floor() as i32
    };
    if (-4..21).contains(&exponent) {
        return number.to_string();
    }
    scientific(&format!("{number:e}"))
}

/// `1e5` as Go writes it: `1e+05`.
fn scientific(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// What stands between `%` and the verb.
#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Go's, and any of them may stand together"
)]
struct Form {
    left: bool,
    plus: bool,
    zero: bool,
    sharp: bool,
    space: bool,
    width: usize,
    precision: Option<usize>,
}

/// Formats as Go's `fmt.Sprintf` does.
pub(super) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut given = values.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut form = Form::default();
        while let Some(&flag) = chars.peek() {
            match flag {
                '-' => form.left = true,
                '+' => form.plus = true,
                '0' => form.zero = true,
                '#' => form.sharp = true,
                ' ' => form.space = true,
                _ => break,
            }
            chars.next();
        }
        form.width = number(&mut chars);
        if chars.next_if_eq(&'.').is_some() {
            form.precision = Some(number(&mut chars));
        }
        match chars.next() {
            Some('%') => out.push('%'),
            None => out.push_str("%!(NOVERB)"),
            Some(verb) => match given.next() {
                Some(value) => out.push_str(&one(&form, verb, &Argument::of(value))),
                None => {
                    let _ = write!(out, "%!{verb}(MISSING)");
                }
            },
        }
    }
    let extra: Vec<String> = given
        .map(|value| {
            let argument = Argument::of(value);
            format!("{}={}", argument.kind(), argument.plain())
        })
        .collect();
    if !extra.is_empty() {
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    out
}

/// A width or a precision. A wider field than any screen is a mistake; Go has a bound too.
fn number(chars: &mut Peekable<Chars<'_>>) -> usize {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.parse::<usize>().unwrap_or(0).min(10_000)
}

fn one(form: &Form, verb: char, argument: &Argument) -> String {
    let body = match (verb, argument) {
        ('v', argument) => argument.plain(),
        ('s', Argument::Text(text)) => cut(text, form.precision),
        ('q', Argument::Text(text)) => format!("{:?}", cut(text, form.precision)),
        ('x', Argument::Text(text)) => text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        }),
        ('X', Argument::Text(text)) => text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02X}");
            out
        }),
        ('d', Argument::Integer(number)) => number.to_string(),
        ('x', Argument::Integer(number)) => {
            signed(*number, |n| format!("{}{n:x}", prefix(form, "0x")))
        }
        ('X', Argument::Integer(number)) => {
            signed(*number, |n| format!("{}{n:X}", prefix(form, "0X")))
        }
        ('o', Argument::Integer(number)) => {
            signed(*number, |n| format!("{}{n:o}", prefix(form, "0")))
        }
        ('b', Argument::Integer(number)) => signed(*number, |n| format!("{n:b}")),
        ('c', Argument::Integer(number)) => u32::try_from(*number)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
            .to_string(),
        ('f' | 'F', Argument::Float(number)) => format!("{number:.*}", form.precision.unwrap_or(6)),
        ('e', Argument::Float(number)) => {
            scientific(&format!("{number:.*e}", form.precision.unwrap_or(6)))
        }
        ('g', Argument::Float(number)) => general(*number),
        ('T', argument) => argument.kind().to_owned(),
        _ => return format!("%!{verb}({}={})", argument.kind(), argument.plain()),
    };
    let is_number = matches!(argument, Argument::Integer(_) | Argument::Float(_)) && verb != 'c';
    let body = match body.starts_with('-') {
        false if is_number && form.plus => format!("+{body}"),
        false if is_number && form.space => format!(" {body}"),
        _ => body,
    };
    pad(form, body, is_number)
}

fn prefix<'a>(form: &Form, with: &'a str) -> &'a str {
    if form.sharp { with } else { "" }
}

fn signed(number: i128, write: impl Fn(u128) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", write(number.unsigned_abs()))
}

fn cut(text: &str, precision: Option<usize>) -> String {
    precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect())
}

fn pad(form: &Form, body: String, is_number: bool) -> String {
    let missing = form.width.saturating_sub(body.chars().count());
    if missing == 0 {
        return body;
    }
    if form.left {
        return format!("{body}{}", " ".repeat(missing));
    }
    if form.zero && is_number {
        let (sign, digits) = match body.strip_prefix(['-', '+']) {
            Some(digits) => (&body[..1], digits),
            None => ("", body.as_str()),
        };
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{body}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_those_of_go() {
        let value = |text: &str| Value::from_json_str(text).unwrap();
        for (format, arguments, expected) in [
            ("%s is %d", r#"["a", 42]"#, "a is 42"),
            (
                "%-10s|%5d|%.2f",
                r#"["a", 42, 1.005]"#,
                "a         |   42|1.00",
            ),
            ("%05d %+d", "[42, 7]", "00042 +7"),
            (
                "%-40s!",
                r#"["aws_s3_bucket.logs"]"#,
                "aws_s3_bucket.logs                      !",
            ),
            (
                "%v %v %v",
                r#"[true, null, [1, "a"]]"#,
                "true null [1, \"a\"]",
            ),
            ("%v", r#"[{"a": [1]}]"#, r#"{"a": [1]}"#),
            ("%q", r#"["a\"b"]"#, r#""a\"b""#),
            ("%d", r#"["a"]"#, "%!d(string=a)"),
            ("%s", "[5]", "%!s(int=5)"),
            ("%s %s", r#"["a"]"#, "a %!s(MISSING)"),
            ("a", "[1]", "a%!(EXTRA int=1)"),
            ("100%%", "[]", "100%"),
            ("50%", "[]", "50%!(NOVERB)"),
            (
                "%x %X %#x %o %b",
                "[255, 255, 255, 8, 5]",
                "ff FF 0xff 10 101",
            ),
            (
                "%f %g %e",
                "[1.5, 1.5, 1500000.5]",
                "1.500000 1.5 1.500000e+06",
            ),
            ("%.3s", r#"["abcdef"]"#, "abc"),
            ("%v", "[1e-7]", "1e-07"),
        ] {
            let arguments = value(arguments);
            let arguments: Vec<Value> = arguments.as_array().unwrap().iter().cloned().collect();
            assert_eq!(sprintf(format, &arguments), expected, "{format}");
        }
    }
}

//! Values as short texts for people: secrets and unknown values never as they are.

use crate::plan::value::Value;

/// Stands for a secret.
pub const SENSITIVE: &str = "(sensitive)";
/// Stands for what only apply will tell.
pub const UNKNOWN: &str = "(known after apply)";
/// Stands for no value.
pub const NOTHING: &str = "(none)";

const MAX_CHARS: usize = 80;

/// A value on one line; a long one is cut and says how long it is.
pub fn short(value: Option<&Value>, secret: bool) -> String {
    match value {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(_) if secret => SENSITIVE.to_owned(),
        Some(value) => cut(&value.to_string()),
    }
}

/// A text, cut where it is long.
pub fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_CHARS {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_CHARS - 20).collect();
    format!("{start}… ({length} characters)")
}

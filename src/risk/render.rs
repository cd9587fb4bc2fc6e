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
        // A document of many kilobytes is not written out to be cut.
        Some(Value::Text(text)) if text.len() > MAX_CHARS => {
            let start: String = text.chars().take(MAX_CHARS).collect();
            let written = Value::Text(start.into()).to_string();
            start_of(&written, written_length(text))
        }
        Some(value) => cut(&value.to_string()),
    }
}

/// A text, cut where it is long.
pub fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_CHARS {
        return text.to_owned();
    }
    start_of(text, length)
}

fn start_of(text: &str, length: usize) -> String {
    if length <= MAX_CHARS {
        return text.to_owned();
    }
    let start: String = text.chars().take(MAX_CHARS - 20).collect();
    format!("{start}… ({length} characters)")
}

/// How many characters a text has when it is written as JSON.
fn written_length(text: &str) -> usize {
    let quotes = 2;
    let characters = text.chars().map(|c| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\x1f' => 6,
        _ => 1,
    });
    quotes + characters.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_long_text_is_cut_as_if_it_had_been_written_out(text in "[a-é€𝄞\"\\\\\u{0}-\u{1f}]{0,200}") {
            let value = Value::Text(text.as_str().into());
            prop_assert_eq!(short(Some(&value), false), cut(&value.to_string()));
        }
    }
}

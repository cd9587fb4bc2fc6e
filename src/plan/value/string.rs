//! How a string is written in JSON.

use std::borrow::Cow;

use super::ValueError;

/// The text of a JSON string, if this is one and nothing else.
pub fn text(json: &str) -> Option<Cow<'_, str>> {
    match string(json, 0) {
        Ok((text, end)) if end == json.len() => Some(text),
        _ => None,
    }
}

/// The text of the string that begins at `at`, and where it ends. Without an escape its bytes are the text.
pub(super) fn string(json: &str, at: usize) -> Result<(Cow<'_, str>, usize), ValueError> {
    let bytes = json.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return Err(bad(at, "this is no string"));
    }
    let start = at + 1;
    let mut at = plain(bytes, start);
    if bytes.get(at) == Some(&b'"') {
        return Ok((Cow::Borrowed(&json[start..at]), at + 1));
    }
    // No escape is shorter than what it stands for.
    let mut decoded = String::with_capacity(end(bytes, at) - start);
    decoded.push_str(&json[start..at]);
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((Cow::Owned(decoded), at + 1)),
            Some(b'\\') => {
                let (character, behind) = escape(json, at)?;
                decoded.push(character);
                at = behind;
            }
            Some(_) => return Err(bad(at, "a control character stands bare in a string")),
            None => return Err(bad(at, "the string has no end")),
        }
        let next = plain(bytes, at);
        decoded.push_str(&json[at..next]);
        at = next;
    }
}

fn bad(at: usize, what: &'static str) -> ValueError {
    ValueError::Json { at, what }
}

/// Where the string ends that goes on at `at`, if it does.
fn end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| *byte != b'"') {
        at = plain(bytes, at + if bytes[at] == b'\\' { 2 } else { 1 });
    }
    at.min(bytes.len())
}

/// The character that an escape stands for, and where the escape ends, which begins with the backslash at `at`.
fn escape(json: &str, at: usize) -> Result<(char, usize), ValueError> {
    let decoded = match json.as_bytes().get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return spelled(json, at),
        _ => return Err(bad(at, "this is no escape")),
    };
    Ok((decoded, at + 2))
}

/// A character that is spelled out in hexadecimal digits: one unit of UTF-16, or two that belong together.
fn spelled(json: &str, at: usize) -> Result<(char, usize), ValueError> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
    };
    let first = unit(at);
    let pair = matches!(first, Some(0xd800..=0xdbff));
    let second = if pair { unit(at + 6) } else { None };
    match char::decode_utf16(first.into_iter().chain(second)).next() {
        Some(Ok(decoded)) => Ok((decoded, at + if pair { 12 } else { 6 })),
        Some(Err(_)) | None => Err(bad(at, "this is no escape of a character")),
    }
}

/// Where the first byte stands, at `at` or behind it, that is not itself in a string: a quote, a backslash, a control
/// character. The end of `bytes`, if there is none.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest byte of which the high bit is set is below `limit`; so may be higher ones that are not.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let same = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = below(word, 0x20) | same(b'"') | same(b'\\');
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let stops = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(stops).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_string_is_read_as_serde_json_reads_it() {
        for json in [
            r#""""#,
            r#""a""#,
            r#""\"\\\/\b\f\n\r\t""#,
            r#""\u0041\u00e9\u20ac\ud834\udd1e""#,
            r#""\ud834""#,
            r#""\ud834x""#,
            r#""\ud834\u0041""#,
            r#""\udd1e""#,
            r#""\u004""#,
            r#""\u+041""#,
            r#""\x""#,
            r#""\"#,
            r#"""#,
            r#""a"b"#,
            "\"a\nb\"",
            "\"12345678\u{1f}\"",
            "a",
            "",
        ] {
            let wanted = serde_json::from_str::<String>(json).ok();
            assert_eq!(text(json).map(Cow::into_owned), wanted, "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_string_is_read_as_serde_json_reads_it(parts in prop::collection::vec(prop_oneof![
            3 => "[a-z]{0,12}",
            1 => Just("é€𝄞".to_owned()),
            2 => r#"\\["\\/bfnrtux]"#,
            2 => "\\\\u[0-9a-fdD]{4}",
            1 => "[\u{0}-\u{22}]",
        ], 0..8)) {
            let json = format!("\"{}\"", parts.concat());
            let wanted = serde_json::from_str::<String>(&json).ok();
            prop_assert_eq!(text(&json).map(Cow::into_owned), wanted);
        }
    }
}

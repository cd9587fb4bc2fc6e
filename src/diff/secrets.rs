//! Secret values, wherever they stand.
//!
//! A plan marks where a value is secret, but the same value stands unmarked elsewhere: in another attribute, in an
//! output, inside JSON in a string. So marked values are collected and masked by value.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::plan::index::fingerprint;
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// What stands in place of a secret.
pub const MASK: &str = "(sensitive)";
/// What stands in place of a text while nobody knows whether it is secret.
pub const NOT_YET: &str = "(not shown yet)";
/// Shorter values are words and numbers that stand everywhere; masking them would hide the plan.
const SHORTEST: usize = 6;

/// So many bytes has a line that is a part of something secret and nothing else.
const SHORTEST_LINE: usize = 16;

/// The secret values of a plan.
///
/// None of them is kept: a plan of 100,000 changes has 30,000 secrets, and all that is ever asked is whether a text is one.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeSet<Known>,
    /// Made of all of them when the first text is searched.
    sieve: OnceLock<Sieve>,
}

/// What is known of a secret value: enough to tell whether it stands somewhere. The order brings those together that begin
/// alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(Rust, packed(4))]
struct Known {
    beginning: [u8; SHORTEST],
    len: u32,
    fingerprint: u64,
}

/// Tells at once of nearly every run of bytes that no secret begins with it.
#[derive(Clone)]
struct Sieve {
    words: Vec<u64>,
    /// How many bits there are, as a power of two.
    power: u32,
}

impl Sieve {
    /// So many bits for each secret: nearly all stay empty.
    const EACH: usize = 32;

    fn of(values: &BTreeSet<Known>) -> Self {
        let bits = (values.len() * Self::EACH).next_power_of_two().max(64);
        let mut sieve = Sieve {
            words: vec![0; bits / 64],
            power: bits.ilog2(),
        };
        for known in values {
            let (word, bit) = sieve.place(known.beginning);
            sieve.words[word] |= bit;
        }
        sieve
    }

    fn place(&self, beginning: [u8; SHORTEST]) -> (usize, u64) {
        let number = beginning
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = mixed >> (u64::BITS - self.power);
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    #[inline]
    fn may_hold(&self, beginning: [u8; SHORTEST]) -> bool {
        let (word, bit) = self.place(beginning);
        self.words[word] & bit != 0
    }
}

impl PartialEq for Secrets {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Eq for Secrets {}

/// Says how many there are, never which.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    /// Adds every value of one change that is marked as sensitive, or named like a secret where the file has no marks.
    pub fn collect(&mut self, values: &Values) {
        let by_name = has_no_marks(values);
        for (side, marks) in [
            (&values.before, &values.before_sensitive),
            (&values.after, &values.after_sensitive),
        ] {
            if let Some(side) = side {
                self.walk(side, Mark::root(marks.as_ref()), by_name);
            }
        }
    }

    /// Adds a value from outside of the changes if it is `marked` as sensitive; where nothing says so, as for the settings
    /// of providers, the name decides.
    pub fn collect_constant(&mut self, name: &str, value: &Value, marked: Option<bool>) {
        if marked.unwrap_or_else(|| named_like_a_secret(name)) {
            self.walk(value, Mark::root(Some(&Value::Bool(true))), false);
        }
    }

    fn walk(&mut self, value: &Value, mark: Mark<'_>, by_name: bool) {
        match value {
            Value::Text(text) | Value::Number(text) if mark.covers() => self.add(text),
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.walk(item, mark.element(i), by_name);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::Text(text) if by_name && named_like_a_secret(key) => self.add(text),
                        _ => self.walk(member, mark.member(key), by_name),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }

    /// Every value of one change that may turn out to be secret when the rest of the plan is read.
    pub fn suspected(values: &Values) -> Self {
        let mut all = Secrets::default();
        for side in [&values.before, &values.after].into_iter().flatten() {
            all.walk(side, Mark::root(Some(&Value::Bool(true))), false);
        }
        all
    }

    /// Adds one value.
    pub fn add(&mut self, text: &str) {
        let text = text.trim();
        if !may_be_secret(text) {
            return;
        }
        self.insert(text);
        self.add_lines(text);
        // Inside JSON in a string the same value may stand escaped, and Go spells out what could be taken for HTML.
        if text.contains(is_escaped)
            && let Ok(quoted) = serde_json::to_string(text)
        {
            self.insert(&quoted[1..quoted.len() - 1]);
            let spelled = |c: char| match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(c)),
                other => other.to_string(),
            };
            let by_go: String = quoted.chars().map(spelled).collect();
            self.insert(&by_go[1..by_go.len() - 1]);
        }
    }

    /// Adds the lines of a key or a certificate: within a document each may be indented, and then the whole does not stand
    /// there. A line of several words may stand anywhere.
    fn add_lines(&mut self, text: &str) {
        if !text.contains('\n') {
            return;
        }
        for line in text.lines().map(str::trim) {
            if line.len() >= SHORTEST_LINE && !line.contains(char::is_whitespace) {
                self.insert(line);
            }
        }
    }

    /// Adds the secrets of another part of the plan.
    pub fn merge(&mut self, other: Secrets) {
        self.sieve.take();
        self.values.extend(other.values);
    }

    fn insert(&mut self, text: &str) {
        // No element of a plan is longer than this can say, so nothing longer stands in one.
        if let (Some(&beginning), Ok(len)) =
            (text.as_bytes().first_chunk(), u32::try_from(text.len()))
        {
            self.sieve.take();
            self.values.insert(Known {
                beginning,
                len,
                fingerprint: fingerprint(text),
            });
        }
    }

    /// How long the secrets are with which a text begins. Those that begin alike stand side by side, by their length: a
    /// plan may have thousands of keys, and a text is hashed once for all that are as long.
    fn lengths(&self, beginning: [u8; SHORTEST], text: &str) -> impl Iterator<Item = usize> {
        let known = move |len, fingerprint| Known {
            beginning,
            len,
            fingerprint,
        };
        let mut shortest = Some(0);
        let lengths = std::iter::from_fn(move || {
            let next = self.values.range(known(shortest?, 0)..).next()?;
            let len = next.len;
            shortest = len.checked_add(1);
            (next.beginning == beginning && len as usize <= text.len()).then_some(len)
        });
        lengths.filter_map(move |len| {
            let begun = text.get(..len as usize)?;
            let is_one = self.values.contains(&known(len, fingerprint(begun)));
            is_one.then_some(begun.len())
        })
    }

    /// `text` with every secret in it masked.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut hits: Vec<(usize, usize)> = Vec::new();
        let sieve = self.sieve.get_or_init(|| Sieve::of(&self.values));
        for (at, beginning) in windows(text.as_bytes()).enumerate() {
            if !sieve.may_hold(*beginning) {
                continue;
            }
            // In the middle of a character begins none.
            if let Some(rest) = text.get(at..) {
                let lengths = self.lengths(*beginning, rest);
                hits.extend(lengths.map(|length| (at, at + length)));
            }
        }
        if hits.is_empty() {
            return Cow::Borrowed(text);
        }
        hits.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (start, end) in hits {
            if start >= done {
                out.push_str(&text[done..start]);
                out.push_str(MASK);
            }
            // Secrets that overlap are hidden together; the rest of the second one must not stand bare.
            done = done.max(end);
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }
}

/// Whether JSON may hold the character in another form.
fn is_escaped(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x1f' | '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}'
    )
}

/// Whether a text is masked where it stands unmarked, if something marks it elsewhere.
pub fn may_be_secret(text: &str) -> bool {
    let text = text.trim();
    let common = ["enabled", "disabled"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    text.len() >= SHORTEST && !common
}

/// Each run of as many bytes as the shortest secret has.
fn windows(bytes: &[u8]) -> impl Iterator<Item = &[u8; SHORTEST]> {
    bytes.windows(SHORTEST).filter_map(|run| run.first_chunk())
}

/// Whether the file says nothing about sensitivity, as Terraform before 0.15 and trimmed files.
pub fn has_no_marks(values: &Values) -> bool {
    values.before_sensitive.is_none() && values.after_sensitive.is_none()
}

/// Whether an attribute of that name holds a secret, by the words people use. Only for files without marks.
pub fn named_like_a_secret(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "private_key",
        "privatekey",
        "api_key",
        "apikey",
        "access_key",
        "credential",
        "connection_string",
    ];
    const ABOUT_ONE: [&str; 6] = ["_arn", "_id", "_name", "_version", "_type", "_url"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word)) && !ABOUT_ONE.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(item: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.collect(&Values::of_item(item).unwrap());
        secrets
    }

    #[test]
    fn a_marked_value_is_masked_wherever_it_stands() {
        let secrets = of(
            r#"{"change":{"before":{"a":{"b":["hunter2-x","six"]}},"after":null,"before_sensitive":{"a":true}}}"#,
        );
        assert_eq!(
            secrets.mask("postgres://u:hunter2-x@host six"),
            "postgres://u:(sensitive)@host six"
        );
        assert!(matches!(secrets.mask("nothing"), Cow::Borrowed(_)));
        assert_eq!(format!("{secrets:?}"), "Secrets(1)");
    }

    #[test]
    fn a_secret_is_found_escaped_inside_json_and_next_to_another_one() {
        let mut secrets = Secrets::default();
        secrets.add("pa\"ss\nword");
        secrets.add("abcdef");
        secrets.add("defghi");
        assert_eq!(
            secrets.mask(r#"{"x":"pa\"ss\nword"}"#),
            r#"{"x":"(sensitive)"}"#
        );
        assert_eq!(secrets.mask("-abcdefghi-"), "-(sensitive)-");
    }

    #[test]
    fn a_key_is_found_where_its_lines_are_indented() {
        let mut secrets = Secrets::default();
        let key =
            "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\nshort=\n-----END KEY-----\n";
        secrets.add(key);
        assert_eq!(secrets.mask(key), "(sensitive)\n");
        assert_eq!(
            secrets.mask(
                "key: |\n  -----BEGIN KEY-----\n  MIIEvQIBADANBgkq\n  hkiG9w0BAQEFAASC\n  short=\n"
            ),
            "key: |\n  -----BEGIN KEY-----\n  (sensitive)\n  (sensitive)\n  short=\n"
        );
    }

    #[test]
    fn a_secret_is_found_as_go_writes_it_into_json() {
        let mut secrets = Secrets::default();
        secrets.add("p<ss&\"wo\u{2028}rd");
        for json in [
            r#"{"x":"p<ss&\"word"}"#.replace("word", "wo\u{2028}rd"),
            r#"{"x":"p\u003css\u0026\"wo\u2028rd"}"#.to_owned(),
        ] {
            assert_eq!(secrets.mask(&json), r#"{"x":"(sensitive)"}"#);
        }
    }

    #[test]
    fn names_count_only_where_a_file_has_no_marks() {
        let bare = of(
            r#"{"change":{"before":null,"after":{"db_password":"opensesame","secret_arn":"arn:aws:x"}}}"#,
        );
        assert_eq!(bare.mask("opensesame arn:aws:x"), "(sensitive) arn:aws:x");
        let marked = of(
            r#"{"change":{"before":null,"after":{"db_password":"opensesame"},"after_sensitive":{}}}"#,
        );
        assert_eq!(marked.mask("opensesame"), "opensesame");
    }
}

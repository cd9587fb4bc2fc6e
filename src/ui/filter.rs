//! The filter language: words that must all fit.
//!
//! `db !replica type:aws_db action:replace,delete risk:>=high module:network rule:delete open /tenant\["e/`.
//! An error is a sentence; nothing that cannot be understood is ever taken as "show all".

use std::ops::Range;

pub mod complete;
mod needle;

use needle::Needle;

use super::standing::Standing;
use super::tree::facets::Facets;
use crate::review::verdicts;
use crate::risk::{Judged, Risk};

/// The words in front of a colon, with what they look at.
pub const FIELDS: &[(&str, &str)] = &[
    ("type", "resource type"),
    ("action", "create, update, delete, replace, ..."),
    ("risk", "critical, high, medium, low; >=high"),
    ("module", "module address"),
    ("attr", "attribute that a finding or a replacement names"),
    ("rule", "rule that made a finding"),
    (
        "policy",
        "policy that speaks of it: its rule, or deny, warn, info",
    ),
    ("kind", "change, output, drift, ..."),
    ("unit", "plan, where several are reviewed together"),
];

/// What must hold for a row.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Address(Needle),
    Type(Needle),
    Module(Needle),
    Attribute(Needle),
    Rule(Needle),
    Policy(Needle),
    Kind(Needle),
    Unit(Needle),
    Action(Vec<String>),
    Risk(Compare, Risk),
    Is(Standing),
}

#[derive(Debug, Clone, Copy)]
enum Compare {
    Equal,
    AtLeast,
    AtMost,
}

impl Filter {
    /// Reads a filter; fails with a sentence.
    pub fn parse(text: &str) -> Result<Filter, String> {
        let terms = words(text)?
            .into_iter()
            .map(|word| term(&word))
            .collect::<Result<_, _>>()?;
        Ok(Filter { terms })
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The numbers of the rows that fit.
    pub fn fitting(&self, rows: &[Judged], facets: &Facets, standings: &[Standing]) -> Vec<u32> {
        if self.is_empty() {
            return (0..rows.len() as u32).collect();
        }
        let mut room = String::new();
        let mut fits = |row: &u32| {
            let at = *row as usize;
            self.fits(&rows[at], facets.of(*row).small, standings[at], &mut room)
        };
        (0..rows.len() as u32).filter(|row| fits(row)).collect()
    }

    /// Whether a row fits. `small`: its address is in small letters; it is put together in `room`.
    fn fits(&self, judged: &Judged, small: bool, standing: Standing, room: &mut String) -> bool {
        self.terms
            .iter()
            .all(|term| term.test.holds(judged, small, standing, room) != term.negated)
    }

    /// Where the words of the filter stand in an address.
    pub fn hits(&self, address: &str) -> Vec<Range<usize>> {
        let mut hits: Vec<Range<usize>> = self
            .terms
            .iter()
            .filter(|term| !term.negated)
            .filter_map(|term| match &term.test {
                Test::Address(needle) | Test::Type(needle) => Some(needle),
                Test::Module(_)
                | Test::Attribute(_)
                | Test::Rule(_)
                | Test::Policy(_)
                | Test::Kind(_)
                | Test::Unit(_)
                | Test::Action(_)
                | Test::Risk(..)
                | Test::Is(_) => None,
            })
            .flat_map(|needle| needle.places(address))
            .filter(|hit| !hit.is_empty())
            .collect();
        hits.sort_by_key(|hit| hit.start);
        hits
    }
}

impl Test {
    fn holds(&self, judged: &Judged, small: bool, standing: Standing, room: &mut String) -> bool {
        let effect = &judged.effect;
        match self {
            Test::Address(needle) => {
                let address = effect.address_in(room);
                let here = if small {
                    needle.is_in_small(address)
                } else {
                    needle.is_in(address)
                };
                here || effect.previous_address().is_some_and(|a| needle.is_in(a))
            }
            Test::Type(needle) => needle.is_in(&effect.type_name),
            Test::Module(needle) => needle.is_in(&effect.module),
            Test::Attribute(needle) => {
                let named = judged.findings.iter().filter_map(|f| f.path.as_deref());
                let forced = effect.replace_paths().iter().map(|path| &**path);
                named.chain(forced).any(|path| needle.is_in(path))
            }
            Test::Rule(needle) => judged.findings.iter().any(|f| needle.is_in(&f.rule)),
            Test::Policy(needle) => judged
                .findings
                .iter()
                .filter_map(|finding| Some((finding, verdicts::said(finding)?)))
                .any(|(finding, said)| needle.is_in(said) || needle.is_in(&finding.rule)),
            Test::Kind(needle) => needle.is_in(effect.kind.word()),
            Test::Unit(needle) => judged
                .unit
                .as_deref()
                .is_some_and(|unit| needle.is_in(unit)),
            Test::Action(wanted) => {
                let is = |word: &String| {
                    word == effect.action.sign()
                        || (word == "replace" && effect.action.replaces())
                        || effect.action_words().contains(word)
                };
                wanted.iter().any(is)
            }
            Test::Risk(Compare::Equal, risk) => judged.risk() == *risk,
            Test::Risk(Compare::AtLeast, risk) => judged.risk() >= *risk,
            Test::Risk(Compare::AtMost, risk) => judged.risk() <= *risk,
            Test::Is(Standing::Acked) => {
                matches!(standing, Standing::Acked | Standing::Carried)
            }
            Test::Is(wanted) => standing == *wanted,
        }
    }
}

/// Cuts at spaces, but not inside `"…"` or `/…/`.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let bare = rest.trim_start_matches('!');
        let start = rest.len() - bare.len();
        let end = match bare.chars().next() {
            Some(fence @ ('"' | '/')) => {
                let inside = &bare[1..];
                let close = closing(inside, fence).ok_or_else(|| {
                    format!("{fence} is opened and not closed: write {fence}words{fence}")
                })?;
                start + 1 + close + 1
            }
            _ => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

fn closing(text: &str, fence: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .find(|&(_, c)| {
            let closes = c == fence && !escaped;
            escaped = c == '\\' && !escaped && fence == '/';
            closes
        })
        .map(|(at, _)| at)
}

fn term(word: &str) -> Result<Term, String> {
    let bare = word.trim_start_matches('!');
    let negated = (word.len() - bare.len()) % 2 == 1;
    if bare.is_empty() {
        return Err("! wants a word after it: !replica".into());
    }
    Ok(Term {
        negated,
        test: test(bare)?,
    })
}

fn test(word: &str) -> Result<Test, String> {
    if let Some(inside) = fenced(word, '/') {
        return Needle::pattern(inside).map(Test::Address);
    }
    if let Some(inside) = fenced(word, '"') {
        return Ok(Test::Address(Needle::literal(inside)));
    }
    match word {
        "open" => return Ok(Test::Is(Standing::Open)),
        "acked" => return Ok(Test::Is(Standing::Acked)),
        "carried" => return Ok(Test::Is(Standing::Carried)),
        "objected" => return Ok(Test::Is(Standing::Objected)),
        _ => {}
    }
    let Some((field, value)) = word.split_once(':') else {
        return Ok(Test::Address(Needle::literal(word)));
    };
    if value.is_empty() && FIELDS.iter().any(|(name, _)| *name == field) {
        return Err(format!("{field}: wants a word after the colon"));
    }
    match field {
        "type" => Ok(Test::Type(Needle::literal(value))),
        "module" => Ok(Test::Module(Needle::literal(value))),
        "attr" => Ok(Test::Attribute(Needle::literal(value))),
        "rule" => Ok(Test::Rule(Needle::literal(value))),
        "policy" => Ok(Test::Policy(Needle::literal(value))),
        "kind" => Ok(Test::Kind(Needle::literal(value))),
        "unit" => Ok(Test::Unit(Needle::literal(value))),
        "action" => Ok(Test::Action(value.split(',').map(Into::into).collect())),
        "risk" => risk(value),
        // A word of its own from the start, so that nobody takes it for text to look for.
        unknown => {
            let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "no field {unknown}: {}; text goes in quotes",
                known.join(" ")
            ))
        }
    }
}

fn fenced(word: &str, fence: char) -> Option<&str> {
    word.strip_prefix(fence)?.strip_suffix(fence)
}

fn risk(value: &str) -> Result<Test, String> {
    let (compare, word) = match value {
        v if v.starts_with(">=") => (Compare::AtLeast, &v[2..]),
        v if v.starts_with("<=") => (Compare::AtMost, &v[2..]),
        v => (Compare::Equal, v),
    };
    Risk::WORST_FIRST
        .into_iter()
        .find(|risk| risk.word() == word)
        .map(|risk| Test::Risk(compare, risk))
        .ok_or_else(|| format!("no risk {word}: there are critical, high, medium, low"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Effect, Kind, Span};
    use crate::risk::Finding;

    fn row() -> Judged {
        let mut effect = Effect::bare(
            Kind::Change,
            "module.db.aws_db_instance.Primary",
            Action::DeleteCreate,
            Span::default(),
        );
        effect.type_name = "aws_db_instance".into();
        effect.module = "module.db".into();
        let finding = Finding {
            rule: "delete-stateful".into(),
            risk: Risk::Critical,
            path: Some("engine_version".into()),
            old: None,
            new: None,
            message: "".into(),
            origin: None,
        };
        Judged::new(effect, vec![finding])
    }

    #[test]
    fn every_word_must_fit() {
        for (filter, expected) in [
            ("", true),
            ("primary", true),
            ("Primary", true),
            ("PRIMARY", false),
            ("db primary", true),
            ("db replica", false),
            ("!replica", true),
            ("!db", false),
            ("!!db", true),
            ("type:aws_db", true),
            ("type:primary", false),
            ("action:replace", true),
            ("action:create,update", true),
            ("action:update", false),
            ("action:-/+", true),
            ("risk:critical", true),
            ("risk:>=high", true),
            ("risk:<=high", false),
            ("!risk:critical", false),
            ("module:db", true),
            ("attr:engine", true),
            ("attr:tags", false),
            ("rule:delete", true),
            ("kind:output", false),
            ("open", true),
            ("acked", false),
            ("/db_.*prim/", true),
            ("/^aws/", false),
            ("!/^aws/", true),
            ("\"db.aws\"", true),
        ] {
            let parsed = Filter::parse(filter).unwrap();
            assert_eq!(
                parsed.fits(&row(), false, Standing::Open, &mut String::new()),
                expected,
                "{filter}"
            );
        }
    }

    #[test]
    fn what_cannot_be_understood_is_a_sentence() {
        for (filter, words) in [
            ("foo:bar", "no field foo"),
            ("risk:bad", "no risk bad"),
            ("type:", "wants a word"),
            ("!", "wants a word"),
            ("/a(/", "no regular expression: unclosed group"),
            ("/ab", "not closed"),
            ("arn:aws:s3", "in quotes"),
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert!(error.contains(words), "{filter}: {error}");
        }
    }

    #[test]
    fn hits_are_where_the_words_stand() {
        let filter = Filter::parse("db !x risk:high").unwrap();
        assert_eq!(filter.hits("module.db.aws_db"), [7..9, 14..16]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error(text in ".*") {
            if let Ok(filter) = Filter::parse(&text) {
                filter.fits(&row(), false, Standing::Nothing, &mut String::new());
                for hit in filter.hits("module.db.aws_db_instance.日本") {
                    assert!("module.db.aws_db_instance.日本".get(hit).is_some());
                }
            }
        }
    }
}

//! Which address a text speaks of: the longest one of the plan that stands in it.

use std::collections::{BTreeSet, HashSet};

/// The addresses of a plan.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    known: HashSet<String>,
    /// First bytes and lengths, so that a text is not held against every address.
    lengths: BTreeSet<usize>,
}

impl Addresses {
    /// The addresses, in any order.
    pub fn new(addresses: impl IntoIterator<Item = String>) -> Self {
        let known: HashSet<String> = addresses.into_iter().collect();
        let lengths = known.iter().map(String::len).collect();
        Addresses { known, lengths }
    }

    /// Whether the plan has this very address.
    pub fn has(&self, address: &str) -> bool {
        self.known.contains(address)
    }

    /// The longest address of the plan that stands in `text` with nothing around it that could belong to it.
    pub fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.lengths.iter().rev().find_map(|&length| {
            text.char_indices()
                .filter(|(start, _)| begins(text, *start))
                .filter_map(|(start, _)| Some((start, text.get(start..start + length)?)))
                .find(|(start, part)| self.has(part) && ends(&text[start + length..]))
                .map(|(_, part)| part)
        })
    }
}

/// Whether an address can begin at `start`: what stands before is no part of one.
fn begins(text: &str, start: usize) -> bool {
    let before = text[..start].chars().next_back();
    before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
}

/// Whether an address can end before `rest`: what follows does not go on with it.
fn ends(rest: &str) -> bool {
    let mut after = rest.chars();
    match after.next() {
        Some('[') => false,
        Some('.') => !after
            .next()
            .is_some_and(|c| c.is_alphanumeric() || c == '_'),
        Some(c) => !(c.is_alphanumeric() || matches!(c, '_' | '-')),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_whole_address_is_found() {
        let known = ["a.b", "a.b[0]", "module.m.a.b", "a.b[\"x y\"]", "a.bc"];
        let addresses = Addresses::new(known.map(String::from));
        for (text, expected) in [
            ("a.b must not be public", Some("a.b")),
            ("`a.b`", Some("a.b")),
            ("delete of a.b.", Some("a.b")),
            ("a.b.id is open", None),
            ("a.b[0] and a.b", Some("a.b[0]")),
            ("module.m.a.b: no", Some("module.m.a.b")),
            ("module.n.a.b: no", None),
            ("a.b[\"x y\"] no", Some("a.b[\"x y\"]")),
            ("a.b[1] no", None),
            ("a.bcd a.b-c", None),
            ("données a.bc", Some("a.bc")),
            ("", None),
        ] {
            assert_eq!(addresses.find(text), expected, "{text}");
        }
    }
}

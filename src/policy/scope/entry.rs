//! One entry of a scope: the addresses, the actions and the attributes that it speaks of.

use super::act::Act;
use super::pattern::{Keys, Pattern, attribute};

/// The actions whose changed attributes an entry can limit.
const LIMITED: [&str; 2] = ["update", "replace"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Any of them fits.
    pub addresses: Vec<Pattern>,
    /// Words of actions, or `*`.
    pub actions: Vec<String>,
    /// What alone may change; anything where it is not given.
    pub attributes: Option<Vec<String>>,
}

impl Entry {
    /// The pattern that fits an address, if the entry speaks of the action.
    pub fn meets(&self, address: &str, word: &str, keys: Keys) -> Option<&str> {
        self.actions
            .iter()
            .any(|action| action == "*" || action == word)
            .then(|| {
                self.addresses
                    .iter()
                    .find(|pattern| pattern.fits(address, keys))
            })
            .flatten()
            .map(|pattern| pattern.text.as_str())
    }

    /// The attributes that may change, where they are limited.
    pub fn attributes(&self) -> &[String] {
        self.attributes.as_deref().unwrap_or_default()
    }

    /// Whether everything that changes is among the attributes that may.
    pub fn allows_attributes(&self, word: &str, act: &Act) -> bool {
        self.attributes.is_none()
            || !LIMITED.contains(&word)
            || (act.changed.is_some() && self.other_attributes(act).next().is_none())
    }

    /// What changes beyond the attributes that may.
    pub fn other_attributes<'a>(&'a self, act: &'a Act) -> impl Iterator<Item = &'a Vec<String>> {
        let paths = act.changed.iter().flatten();
        paths.filter(|path| {
            !self
                .attributes()
                .iter()
                .any(|pattern| attribute(pattern, path))
        })
    }
}

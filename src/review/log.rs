//! The log of a review: it only grows, and undo is an entry like any other.

use std::collections::BTreeMap;

use arcstr::ArcStr;
use serde::{Deserialize, Serialize};

use super::{Ack, Key, Objection};

/// One thing a reviewer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Said {
    /// Yes to one row. Takes back an objection to it.
    Ack(Ack),
    /// No to one row. Takes back an acknowledgement of it.
    Object(Objection),
    /// A remark that decides nothing.
    Comment {
        /// The row.
        key: Key,
        /// The remark.
        text: String,
    },
}

impl Said {
    /// The row that is spoken of.
    pub fn key(&self) -> &Key {
        match self {
            Said::Ack(ack) => &ack.requirement.key,
            Said::Object(objection) => &objection.key,
            Said::Comment { key, .. } => key,
        }
    }

    fn key_mut(&mut self) -> &mut Key {
        match self {
            Said::Ack(ack) => &mut ack.requirement.key,
            Said::Object(objection) => &mut objection.key,
            Said::Comment { key, .. } => key,
        }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Entry {
    /// Something was said.
    Said(Said),
    /// The newest thing that stands is taken back.
    Undo,
    /// The newest thing that was taken back stands again.
    Redo,
    /// A secret value of the row was shown on the screen. Which one, and what it is, is nobody's business.
    Revealed(Key),
}

impl Entry {
    fn key_mut(&mut self) -> Option<&mut Key> {
        match self {
            Entry::Said(said) => Some(said.key_mut()),
            Entry::Revealed(key) => Some(key),
            Entry::Undo | Entry::Redo => None,
        }
    }
}

/// Everything that was said, in order, and what of it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    entries: Vec<Entry>,
    stands: Vec<Said>,
    undone: Vec<Said>,
}

impl Log {
    /// Rebuilds a log from its entries, as a draft holds them.
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut log = Log::default();
        for entry in entries {
            log.enter(entry);
        }
        log
    }

    /// Adds what another log says after this one.
    pub fn append(&mut self, later: Log) {
        for entry in later.entries {
            self.enter(entry);
        }
    }

    fn enter(&mut self, entry: Entry) {
        match entry {
            Entry::Said(said) => self.say(said),
            Entry::Undo => drop(self.undo()),
            Entry::Redo => drop(self.redo()),
            Entry::Revealed(key) => self.revealed(key),
        }
    }

    /// The same, said of a plan that is one of several.
    #[must_use]
    pub fn in_unit(self, unit: Option<&ArcStr>) -> Self {
        Log::replay(self.entries.into_iter().map(|mut entry| {
            if let Some(key) = entry.key_mut() {
                key.unit = unit.cloned();
            }
            entry
        }))
    }

    /// What stands of one plan of several, as if it had been said of that plan alone.
    #[must_use]
    pub fn of_unit(&self, unit: &ArcStr) -> Self {
        let stands = self.stands.iter().cloned().map(Entry::Said);
        let revealed = self
            .entries
            .iter()
            .filter(|entry| matches!(entry, Entry::Revealed(_)))
            .cloned();
        let of_unit = stands.chain(revealed).filter_map(|mut entry| {
            let key = entry.key_mut()?;
            (key.unit.take().as_ref() == Some(unit)).then_some(entry)
        });
        Log::replay(of_unit)
    }

    /// Adds what a reviewer says.
    pub fn say(&mut self, said: Said) {
        self.entries.push(Entry::Said(said.clone()));
        self.stands.push(said);
        self.undone.clear();
    }

    /// Takes back the newest thing that stands, and returns it.
    pub fn undo(&mut self) -> Option<&Said> {
        let said = self.stands.pop()?;
        self.entries.push(Entry::Undo);
        self.undone.push(said);
        self.undone.last()
    }

    /// Lets the newest thing that was taken back stand again, and returns it.
    pub fn redo(&mut self) -> Option<&Said> {
        let said = self.undone.pop()?;
        self.entries.push(Entry::Redo);
        self.stands.push(said);
        self.stands.last()
    }

    /// Whether nothing stands of what was said.
    pub fn nothing_stands(&self) -> bool {
        self.stands.is_empty()
    }

    /// Whether nothing that was taken back can stand again.
    pub fn nothing_to_redo(&self) -> bool {
        self.undone.is_empty()
    }

    /// Notes that a secret value of a row was shown. It stands whatever is taken back.
    pub fn revealed(&mut self, key: Key) {
        self.entries.push(Entry::Revealed(key));
    }

    /// Every entry, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The acknowledgements and objections that stand: the last word on each row.
    pub fn verdicts(&self) -> BTreeMap<&Key, &Said> {
        self.stands
            .iter()
            .filter(|said| !matches!(said, Said::Comment { .. }))
            .map(|said| (said.key(), said))
            .collect()
    }

    /// The remarks that stand, oldest first.
    pub fn comments(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.stands.iter().filter_map(|said| match said {
            Said::Comment { key, text } => Some((key, text.as_str())),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::{Method, Requirement};

    fn key(address: &str) -> Key {
        Key {
            unit: None,
            kind: "change".into(),
            address: address.into(),
            deposed: None,
        }
    }

    fn ack(address: &str) -> Said {
        let requirement = Requirement {
            key: key(address),
            actions: vec!["delete".into()],
            rules: vec!["delete-stateful".into()],
        };
        Said::Ack(Ack {
            requirement,
            method: Method::Typed,
            reason: None,
        })
    }

    fn no(address: &str) -> Said {
        Said::Object(Objection {
            key: key(address),
            reason: "not this one".into(),
        })
    }

    #[test]
    fn the_last_word_on_a_row_counts() {
        let log = Log::replay([
            Entry::Said(ack("a.b")),
            Entry::Said(no("a.b")),
            Entry::Said(ack("a.c")),
        ]);
        assert_eq!(log.verdicts().len(), 2);
        assert_eq!(log.verdicts()[&key("a.b")], &no("a.b"));
    }

    #[test]
    fn what_is_said_of_one_plan_of_several_is_kept_for_that_plan_alone() {
        let (network, app): (ArcStr, ArcStr) = ("network".into(), "app".into());
        let alone = Log::replay([Entry::Said(ack("a.b")), Entry::Revealed(key("a.c"))]);
        let mut log = alone.clone().in_unit(Some(&network));
        log.append(Log::replay([Entry::Said(no("a.b"))]).in_unit(Some(&app)));
        assert_eq!(log.verdicts().len(), 2);
        assert_eq!(log.of_unit(&network), alone);
        assert_eq!(log.of_unit(&app).verdicts()[&key("a.b")], &no("a.b"));
        log.undo();
        assert_eq!(log.of_unit(&app), Log::default());
    }

    #[test]
    fn undo_brings_back_the_word_before() {
        let mut log = Log::default();
        log.say(ack("a.b"));
        log.say(no("a.b"));
        log.undo();
        assert_eq!(log.verdicts()[&key("a.b")], &ack("a.b"));
        log.redo();
        assert_eq!(log.verdicts()[&key("a.b")], &no("a.b"));
        log.undo();
        log.undo();
        assert_eq!(log.undo(), None);
        assert!(log.verdicts().is_empty());
        assert_eq!(Log::replay(log.entries().to_vec()), log);
    }
}

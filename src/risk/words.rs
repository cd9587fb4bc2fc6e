//! Words of a finding, in two machine words.
//!
//! Most are undersign's own and stand in the program. Others are made for a row, and then many rows say the same: those
//! are held once.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

use arcstr::ArcStr;

use crate::plan::texts::Texts;

/// Words of a finding.
#[derive(Clone)]
pub enum Words {
    /// Undersign's own; nothing of a plan is in them.
    Own(&'static str),
    /// Made for a row. Foreign text may stand in them.
    Made(ArcStr),
}

impl Words {
    /// The same, held once among `texts`.
    pub fn share(&mut self, texts: &mut Texts) {
        if let Words::Made(made) = self {
            *made = texts.get(made);
        }
    }
}

impl Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Words::Own(own) => own,
            Words::Made(made) => made,
        }
    }
}

impl From<&'static str> for Words {
    fn from(own: &'static str) -> Self {
        Words::Own(own)
    }
}

impl From<String> for Words {
    fn from(made: String) -> Self {
        Words::Made(made.into())
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Words {}

impl PartialOrd for Words {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Words {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl PartialEq<str> for Words {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Words {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

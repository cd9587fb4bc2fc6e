//! Texts that many rows share, each held once.

use std::collections::HashSet;

use arcstr::ArcStr;

/// The texts so far.
#[derive(Debug, Default)]
pub struct Texts(HashSet<ArcStr>);

impl Texts {
    /// The one copy of `text`.
    pub fn get(&mut self, text: &str) -> ArcStr {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new = ArcStr::from(text);
        self.0.insert(new.clone());
        new
    }
}

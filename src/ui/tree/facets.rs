//! What of each row decides where it stands in the list.
//!
//! A key in the filter groups all rows anew. A row is large, and what it points to lies far away; so what the list needs of
//! it stands beside the rows, a few bytes for each.

use std::collections::HashMap;

use arcstr::ArcStr;

use crate::plan::action::Action;
use crate::plan::effect::Kind;
use crate::review::verdicts;
use crate::risk::{Judged, Risk};

/// What of one row decides where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing that is or is not so, and none excludes another"
)]
pub struct Facet {
    /// What sort of thing it is.
    pub kind: Kind,
    /// What is done.
    pub action: Action,
    /// Its risk.
    pub risk: Risk,
    /// It changes nothing at all.
    pub nothing: bool,
    /// It asks for an acknowledgement.
    pub asks: bool,
    /// The task may not touch it.
    pub out_of_scope: bool,
    /// It has nothing to say for itself: what is like it may be folded.
    pub plain: bool,
    /// Its address is in small letters of the plain alphabet, as nearly all are.
    pub small: bool,
    /// Its module.
    pub module: Label,
    /// Its resource type.
    pub type_name: Label,
    /// Its plan, where there are several.
    pub unit: Label,
}

/// A text that rows share, by its number among the [`Labels`].
pub type Label = u32;

/// The texts that rows are grouped by.
#[derive(Debug, Clone)]
pub struct Labels {
    numbers: HashMap<ArcStr, Label>,
    texts: Vec<ArcStr>,
    /// The place of each when they are sorted; made for as many as there were.
    places: Vec<u32>,
}

/// No text at all.
const EMPTY: Label = 0;

impl Labels {
    /// The text.
    pub fn text(&self, label: Label) -> &ArcStr {
        &self.texts[label as usize]
    }

    /// Its place among all of them, sorted.
    pub fn place(&self, label: Label) -> usize {
        self.places[label as usize] as usize
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// The number of a text that is one of them.
    pub fn of(&self, text: &str) -> Label {
        self.numbers.get(text).copied().unwrap_or(EMPTY)
    }

    /// The number of a text. It is `likely` that of the row before, which costs less to find out.
    fn number(&mut self, text: &ArcStr, likely: Label) -> Label {
        if self
            .texts
            .get(likely as usize)
            .is_some_and(|known| known == text)
        {
            return likely;
        }
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let new = self.texts.len() as Label;
        self.texts.push(text.clone());
        self.numbers.insert(text.clone(), new);
        new
    }
}

fn is_small(address: &str) -> bool {
    let other = |byte: &u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    !address.as_bytes().iter().any(other)
}

/// The facets of all rows, in their order.
#[derive(Debug, Clone)]
pub struct Facets {
    rows: Vec<Facet>,
    labels: Labels,
}

impl Default for Facets {
    fn default() -> Self {
        let mut labels = Labels {
            numbers: HashMap::new(),
            texts: Vec::new(),
            places: Vec::new(),
        };
        labels.number(&ArcStr::new(), EMPTY);
        for action in Action::ALL {
            labels.number(&action.word().into(), EMPTY);
        }
        Facets {
            rows: Vec::new(),
            labels,
        }
    }
}

impl Facets {
    /// Adds the next row.
    pub fn add(&mut self, judged: &Judged) {
        let facet = self.facet(judged, self.rows.last().copied());
        self.rows.push(facet);
    }

    /// Takes a row that is no longer what it was.
    pub fn renew(&mut self, row: usize, judged: &Judged) {
        let before = self.rows[row];
        self.rows[row] = self.facet(judged, Some(before));
    }

    fn facet(&mut self, judged: &Judged, like: Option<Facet>) -> Facet {
        let effect = &judged.effect;
        let labels = &mut self.labels;
        let mut number = |text: &ArcStr, label: fn(Facet) -> Label| {
            labels.number(text, like.map_or(EMPTY, label))
        };
        let no_unit = ArcStr::new();
        Facet {
            kind: effect.kind,
            action: effect.action,
            risk: judged.risk(),
            nothing: effect.is_nothing(),
            asks: judged.needs_ack(),
            out_of_scope: verdicts::is_out_of_scope(judged),
            plain: judged.findings.is_empty() && effect.more.is_none(),
            small: effect.address_parts().into_iter().all(is_small),
            module: number(&effect.module, |like| like.module),
            type_name: number(&effect.type_name, |like| like.type_name),
            unit: number(judged.unit.as_ref().unwrap_or(&no_unit), |like| like.unit),
        }
    }

    /// The facet of a row.
    pub fn of(&self, row: u32) -> Facet {
        self.rows[row as usize]
    }

    /// The texts.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Sorts the texts, if there are new ones.
    pub fn sort(&mut self) {
        let Labels { texts, places, .. } = &mut self.labels;
        if places.len() == texts.len() {
            return;
        }
        let mut order: Vec<Label> = (0..texts.len() as Label).collect();
        order.sort_by_key(|&label| &texts[label as usize]);
        places.resize(texts.len(), 0);
        for (place, label) in (0..).zip(order) {
            places[label as usize] = place;
        }
    }
}

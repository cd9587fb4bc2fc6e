//! Places in the plan's own JSON: a tool that was given the JSON may say where in it something is, and not what it is called.
//!
//! Owns the way from such a place to the addresses of the objects around it. The bytes are looked at while they are read for
//! the rows, and nothing of them is kept. Only a file that is named like the plan is the plan.

use std::collections::BTreeMap;
use std::path::Path;

mod watch;

pub use watch::{Watch, Watched};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, as the tool names it.
    pub file: String,
    /// Where in it.
    pub at: At,
}

/// Where in a file; everything is counted from 1 but bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A whole line.
    Line(u32),
    /// A column of a line, in units of UTF-16.
    Column(u32, u32),
    /// The same, in characters.
    Character(u32, u32),
    /// So many bytes behind the beginning.
    Byte(u64),
}

/// The names that the JSON of a plan can have: its own, or that of the plan file it was made from.
#[derive(Debug, Clone, Default)]
pub struct PlanNames(Vec<String>);

impl PlanNames {
    /// Those of the plan at `path`.
    pub fn of(path: &Path) -> Self {
        let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
        let Some(name) = path.file_name().map(text) else {
            return PlanNames::default();
        };
        let mut names = vec![name.clone()];
        if path.extension().is_none_or(|extension| extension != "json") {
            names.push(format!("{name}.json"));
            let stem = path.file_stem().map(text).unwrap_or_default();
            names.push(format!("{stem}.json"));
        }
        PlanNames(names)
    }

    fn has(&self, file: &str) -> bool {
        let name = file.rsplit('/').next().unwrap_or(file);
        self.0.iter().any(|own| own == name)
    }
}

/// The objects around places of a plan.
#[derive(Debug, Clone, Default)]
pub struct Around {
    plan: PlanNames,
    addresses: BTreeMap<At, Vec<String>>,
}

impl Around {
    /// The addresses around a place, outermost first; `None` for a place in another file.
    pub fn addresses(&self, spot: &Spot) -> Option<&[String]> {
        let found = self
            .addresses
            .get(&spot.at)
            .filter(|_| self.plan.has(&spot.file));
        found.map(Vec::as_slice)
    }
}

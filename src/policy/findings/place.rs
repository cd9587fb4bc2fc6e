//! Which rows of a plan a finding is about.

use std::collections::{HashMap, HashSet};

use super::entry::{Entry, Target, Within};
use super::mention::mentioned;
use super::spot::{Around, At};
use crate::plan::address;
use crate::policy::Place;

/// The addresses of a plan.
#[derive(Debug, Default)]
pub struct Addresses<'a> {
    exact: HashSet<&'a str>,
    /// All instances of a block, by the block's address without keys.
    blocks: HashMap<String, Vec<&'a str>>,
    /// Those that the plan does nothing to.
    still: HashSet<&'a str>,
    /// What is around places of the plan's JSON.
    around: Option<&'a Around>,
}

/// How a finding came to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The tool names the very address.
    Address,
    /// The tool names the block; the finding is on all its instances.
    Block,
    /// The tool names a line of the configuration, which is in the block.
    Line,
    /// The tool names a place in the plan's JSON, which is in the object with that address.
    Spot,
    /// The tool's sentence mentions the address.
    Mention,
}

impl By {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            By::Address => "named by its address",
            By::Block => "block-level: on all instances of the block",
            By::Line => "found by its line in the configuration",
            By::Spot => "found by its place in the plan's JSON",
            By::Mention => "mentioned in the message",
        }
    }
}

/// Where a finding belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landing<'a> {
    /// On these rows.
    Rows(Vec<&'a str>, By),
    /// The tool names this address, and it is not in the plan.
    Missing(String),
    /// On the plan as a whole.
    Plan,
}

/// Finds the blocks that a line of the configuration is in: their addresses without instance keys.
pub type BlocksAt<'a> = &'a dyn Fn(&Place) -> Vec<String>;

impl<'a> Addresses<'a> {
    /// The addresses of all rows that policies speak of, each with whether the plan does anything to it.
    pub fn new(rows: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let mut new = Addresses::default();
        let mut busy = HashSet::new();
        for (address, is_done) in rows {
            if is_done {
                busy.insert(address);
            }
            if new.exact.insert(address) {
                let block = address::block(address);
                new.blocks.entry(block).or_default().push(address);
            }
        }
        new.still = new.exact.difference(&busy).copied().collect();
        new
    }

    /// The same, with what is around places of the plan's JSON.
    #[must_use]
    pub fn around(mut self, around: &'a Around) -> Self {
        self.around = Some(around);
        self
    }

    /// Why a finding at a place of the plan's JSON is on no row; `None` where it is at no such place.
    pub fn is_at_no_change(&self, entry: &Entry) -> Option<&'static str> {
        let spot = entry.target.spot()?;
        self.around?.addresses(&spot)?;
        Some(match spot.at {
            At::Line(_) => {
                "that line of the plan's JSON is in no one change; where it holds several, only a column or a byte offset tells which"
            }
            At::Column(..) | At::Character(..) | At::Byte(_) => {
                "that place of the plan's JSON is in no change"
            }
        })
    }

    /// Whether the plan does nothing to what has this address.
    pub fn is_still(&self, address: &str) -> bool {
        self.still.contains(address)
    }

    /// Where `entry` belongs: by the address it names, else by the block, else by the line or the place in the plan's
    /// JSON, else by its message.
    ///
    /// A finding that names an address is about that address and no other, so its message is not searched.
    pub fn place(&self, entry: &Entry, blocks_at: BlocksAt<'_>) -> Landing<'a> {
        let Target {
            addresses,
            within,
            location,
            exact: _,
        } = &entry.target;
        if let Some(found) = addresses
            .iter()
            .find_map(|address| self.exact.get(&**address))
        {
            return Landing::Rows(vec![found], By::Address);
        }
        let mut blocks = addresses.iter().filter(|address| !has_key(address));
        if let Some(rows) = blocks.find_map(|block| self.blocks.get(&**block)) {
            return Landing::Rows(rows.clone(), By::Block);
        }
        if let Some(within) = within {
            let rows = self.within(within);
            if !rows.is_empty() {
                return Landing::Rows(rows, By::Block);
            }
        }
        let blocks = location.as_ref().map(blocks_at).unwrap_or_default();
        let rows: Vec<&str> = blocks
            .iter()
            .filter_map(|block| self.blocks.get(block))
            .flatten()
            .copied()
            .collect();
        if !rows.is_empty() {
            return Landing::Rows(rows, By::Line);
        }
        if let Some(spot) = entry.target.spot()
            && let Some(found) = self.around.and_then(|around| around.addresses(&spot))
            // What an object holds can be called like another one, so the outermost counts.
            && let Some(rows) = found.iter().find_map(|address| self.known(address))
        {
            return Landing::Rows(rows, By::Spot);
        }
        let named = addresses
            .first()
            .or(within.as_ref().map(|within| &within.resource));
        if let Some(address) = named {
            return Landing::Missing(address.clone());
        }
        let rows = mentioned(&entry.message, &|address| self.known(address));
        if rows.is_empty() {
            Landing::Plan
        } else {
            Landing::Rows(rows, By::Mention)
        }
    }

    /// The instance with this address, or all instances of the block with this address.
    fn known(&self, address: &str) -> Option<Vec<&'a str>> {
        match self.exact.get(address) {
            Some(exact) => Some(vec![exact]),
            None => self.blocks.get(address).cloned(),
        }
    }

    /// The rows of a resource that may stand in any module, or in any below a given one.
    fn within(&self, within: &Within) -> Vec<&'a str> {
        let Within { module, resource } = within;
        let in_module = |address: &str| match module {
            None => true,
            Some(module) => address
                .strip_prefix(&**module)
                .is_some_and(|rest| rest.starts_with(['.', '['])),
        };
        let ends = |address: &str| {
            address
                .strip_suffix(&**resource)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let mut rows: Vec<&str> = if has_key(resource) {
            let exact = self.exact.iter().copied();
            exact
                .filter(|address| in_module(address) && ends(address))
                .collect()
        } else {
            let blocks = self.blocks.iter().filter(|(block, _)| ends(block));
            blocks
                .flat_map(|(_, rows)| rows.iter().copied())
                .filter(|address| in_module(address))
                .collect()
        };
        // `data.x.y` ends with `x.y` and is another resource.
        rows.retain(|address| {
            let mode = |address: &str| {
                address::split(address).and_then(|parts| parts.mode.map(str::to_owned))
            };
            mode(address) == mode(resource)
        });
        rows.sort_unstable();
        rows
    }
}

fn has_key(address: &str) -> bool {
    address.contains('[')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Kind;

    const PLAN: [&str; 6] = [
        "aws_db_instance.main",
        r#"aws_sns_topic.t["a"]"#,
        r#"aws_sns_topic.t["b"]"#,
        "module.x[0].aws_s3_bucket.logs",
        "module.x[1].aws_s3_bucket.logs",
        "module.x[0].data.aws_s3_bucket.logs",
    ];

    fn land(target: Target, message: &str) -> Landing<'static> {
        let entry = Entry::new("r", Kind::Deny, message, target);
        Addresses::new(PLAN.map(|address| (address, true))).place(&entry, &|place| {
            let is_topic = place.file == "main.tf" && place.line == 7;
            Vec::from_iter(is_topic.then(|| "aws_sns_topic.t".into()))
        })
    }

    fn named(address: &str) -> Target {
        Target::of(Some(address))
    }

    fn line(line: u32) -> Option<Place> {
        (line > 0).then(|| Place {
            file: "main.tf".into(),
            line,
        })
    }

    fn rows(rows: &[usize], by: By) -> Landing<'static> {
        Landing::Rows(rows.iter().map(|row| PLAN[*row]).collect(), by)
    }

    fn within(module: Option<&str>, resource: &str) -> Target {
        Target {
            within: Some(Within {
                module: module.map(Into::into),
                resource: resource.into(),
            }),
            ..Target::default()
        }
    }

    #[test]
    fn the_exact_address_comes_first_and_the_plan_last() {
        let about_main = "aws_db_instance.main is open";
        for (target, message, landing) in [
            (named(PLAN[0]), "", rows(&[0], By::Address)),
            (named(PLAN[2]), about_main, rows(&[2], By::Address)),
            (named("aws_sns_topic.t"), "", rows(&[1, 2], By::Block)),
            (
                named("module.x.aws_s3_bucket.logs"),
                "",
                rows(&[3, 4], By::Block),
            ),
            (
                named("aws_sns_topic.t[\"c\"]"),
                about_main,
                Landing::Missing("aws_sns_topic.t[\"c\"]".into()),
            ),
            (named("gone.x").at(line(7)), "", rows(&[1, 2], By::Line)),
            (
                Target::of(None).at(line(7)),
                about_main,
                rows(&[1, 2], By::Line),
            ),
            (
                Target::of(None).at(line(9)),
                about_main,
                rows(&[0], By::Mention),
            ),
            (
                within(None, "aws_s3_bucket.logs"),
                "",
                rows(&[3, 4], By::Block),
            ),
            (
                within(Some("module.x"), "aws_s3_bucket.logs"),
                "",
                rows(&[3, 4], By::Block),
            ),
            (
                within(Some("module.x[1]"), "aws_s3_bucket.logs"),
                "",
                rows(&[4], By::Block),
            ),
            (
                within(Some("module.y"), "aws_s3_bucket.logs"),
                "",
                Landing::Missing("aws_s3_bucket.logs".into()),
            ),
            (
                within(None, "s3_bucket.logs"),
                "",
                Landing::Missing("s3_bucket.logs".into()),
            ),
            (Target::default(), "score 7 of 5", Landing::Plan),
            (
                Target::default(),
                "aws_sns_topic.t has no key",
                rows(&[1, 2], By::Mention),
            ),
        ] {
            assert_eq!(
                land(target.clone(), message),
                landing,
                "{target:?} {message}"
            );
        }
    }
}

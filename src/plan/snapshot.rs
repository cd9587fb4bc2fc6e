//! The configuration that a plan was made from, as its plan file keeps it.
//!
//! Owns the way from an address to the block that stands behind it: which file, which line, which `lifecycle`, which
//! comments. None of this is in the plan's JSON. Reads blocks and comments only; what the tool makes of a value is in the
//! plan already.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::address;
use super::effect::{Effect, Kind};

mod body;
pub mod dependencies;
mod json;
mod lines;
mod read;
mod token;

/// The configuration, block by block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Resources, data sources, outputs, checks and module calls by their full name without instance keys.
    blocks: BTreeMap<String, Block>,
    /// `removed` blocks by the full name of what they remove: a resource, or a module with all that is in it.
    removed: BTreeMap<String, Block>,
    /// `moved` blocks by the full name of where they move it to.
    moved: BTreeMap<String, Block>,
    /// `import` blocks by the full name of what they import.
    imports: BTreeMap<String, Block>,
    /// Every line of a comment, in the order of modules, files and lines.
    comments: Vec<Comment>,
}

/// Lines of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, from the directory in which the plan was made: `modules/network/main.tf`.
    pub file: Arc<str>,
    /// The first line, from 1.
    pub first: u32,
    /// The last line.
    pub last: u32,
}

/// `main.tf:12`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.first)
    }
}

/// One block of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it stands.
    pub place: Place,
    /// Where blocks of override files stand that are merged into it, in the order in which they are.
    pub overrides: Vec<Place>,
    /// What its `lifecycle` says, the overrides' included.
    pub lifecycle: Lifecycle,
    /// Of a module call: where the module is to be had, as it is written there.
    pub source: Option<Box<str>>,
}

/// What a `lifecycle` block says, as it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lifecycle {
    /// `prevent_destroy`: the tool makes no plan that destroys the object.
    pub prevent_destroy: Option<String>,
    /// `create_before_destroy`
    pub create_before_destroy: Option<String>,
    /// `ignore_changes`: attributes whose changes are not made; `all` for every one.
    pub ignore_changes: Vec<String>,
    /// `replace_triggered_by`
    pub replace_triggered_by: Vec<String>,
    /// `destroy` of a `removed` block.
    pub destroy: Option<String>,
}

/// One line of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The file. The same file may be read by several modules; each of them then has this comment.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// What it says, without the signs that make it a comment.
    pub text: String,
    /// The module, as `module.a.module.b`; empty for the root.
    pub module: Arc<str>,
    /// Full name, without instance keys, of the block it speaks of: it stands inside, behind, or right above without a
    /// blank line. For a `removed`, `moved` or `import` block that is the name of what is removed, moved or imported.
    pub attached_to: Option<String>,
    /// Nothing else stands on its line.
    pub alone: bool,
}

/// What the configuration says about one row of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source<'a> {
    /// The block itself; an object whose block is gone has none.
    pub block: Option<&'a Block>,
    /// The `removed` block that takes it out of the configuration.
    pub removed: Option<&'a Block>,
    /// The `moved` block that names its address.
    pub moved: Option<&'a Block>,
    /// The `import` block that names its address.
    pub import: Option<&'a Block>,
    /// The calls of the modules it is in, outermost first.
    pub calls: Vec<&'a Block>,
}

impl<'a> Source<'a> {
    /// The block to look at first.
    pub fn place(&self) -> Option<&'a Place> {
        self.block.or(self.removed).map(|block| &block.place)
    }

    /// What the block says about the life of its object.
    pub fn lifecycle(&self) -> Option<&'a Lifecycle> {
        self.block.or(self.removed).map(|block| &block.lifecycle)
    }
}

/// `modules/db/main.tf:31, prevent_destroy = true`. Foreign text; empty if the configuration says nothing about the row.
impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (self.block, self.removed) {
            (Some(block), _) => {
                parts.push(block.place.to_string());
                parts.extend(
                    block
                        .overrides
                        .iter()
                        .map(|place| format!("overridden in {place}")),
                );
            }
            (None, Some(block)) => parts.push(format!("removed by {}", block.place)),
            (None, None) => {}
        }
        parts.extend(self.moved.map(|block| format!("moved by {}", block.place)));
        parts.extend(
            self.import
                .map(|block| format!("imported by {}", block.place)),
        );
        parts.extend(self.lifecycle().into_iter().flat_map(Lifecycle::settings));
        f.write_str(&parts.join(", "))
    }
}

impl Snapshot {
    /// The block with this full name, without instance keys.
    pub fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.get(name)
    }

    /// Full names of the blocks that keep their objects from being destroyed, and where they stand.
    pub fn guarded(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.blocks
            .iter()
            .filter(|(_, block)| block.lifecycle.prevent_destroy.as_deref() == Some("true"))
            .map(|(name, block)| (name.as_str(), &block.place))
    }

    /// The module calls, by their full names, whose modules lie beside the configuration; and where, from there.
    pub fn local_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|(name, block)| {
            let source = block.source.as_deref()?;
            let is_local = source.starts_with("./") || source.starts_with("../");
            is_local.then_some((name.as_str(), source))
        })
    }

    /// What the configuration says about a row.
    pub fn source(&self, effect: &Effect) -> Source<'_> {
        let name = match effect.kind {
            Kind::Change | Kind::Deferred | Kind::Drift | Kind::Invocation | Kind::Check => {
                address::block(&effect.address())
            }
            Kind::Output => format!("output.{}", effect.address()),
            // Its address goes on behind the block's, by the program that runs.
            Kind::Provisioner => effect
                .address()
                .split(' ')
                .next()
                .and_then(|address| address.rsplit_once('.'))
                .map(|(block, _)| block.to_owned())
                .unwrap_or_default(),
            Kind::Plan | Kind::UnknownKey => return Source::default(),
        };
        let modules = enclosing(&name);
        // What is said of the object itself counts more than what is said of a module around it.
        let around = || std::iter::once(&*name).chain(modules.iter().rev().copied());
        Source {
            block: self.blocks.get(&name),
            removed: around().find_map(|name| self.removed.get(name)),
            moved: around()
                .find_map(|name| self.moved.get(name))
                .filter(|_| effect.previous_address().is_some()),
            import: self.imports.get(&name).filter(|_| effect.is_import()),
            calls: modules
                .iter()
                .filter_map(|module| self.blocks.get(*module))
                .collect(),
        }
    }

    /// Every line of a comment, in the order of modules, files and lines.
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }
}

/// The modules that a full name goes through, outermost first: `module.a`, `module.a.module.b`.
fn enclosing(name: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut end = 0;
    while let Some(rest) = name[end..].strip_prefix("module.") {
        let Some(dot) = rest.find('.') else { break };
        let stop = name.len() - rest.len() + dot;
        found.push(&name[..stop]);
        end = stop + 1;
    }
    found
}

impl Lifecycle {
    /// What it says, setting by setting, as it is written.
    pub fn settings(&self) -> Vec<String> {
        let one = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{name} = {value}"))
        };
        let list = |name: &str, values: &[String]| match values {
            [] => None,
            [all] if all == "all" => Some(format!("{name} = all")),
            values => Some(format!("{name} = [{}]", values.join(", "))),
        };
        [
            one("prevent_destroy", &self.prevent_destroy),
            one("destroy", &self.destroy),
            one("create_before_destroy", &self.create_before_destroy),
            list("ignore_changes", &self.ignore_changes),
            list("replace_triggered_by", &self.replace_triggered_by),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests;

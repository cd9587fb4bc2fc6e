//! The configuration that a plan was made from, as its plan file keeps it.
//!
//! Owns the way from an address to the block that stands behind it: which file, which line, which `lifecycle`, which
//! comments. None of this is in the plan's JSON. Reads blocks and comments only; what the tool makes of a value is in the
//! plan already.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::address;
use super::effect::{Effect, Kind};

mod body;
mod json;
mod lines;
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
    /// Reads the files of a snapshot: path inside `tfconfig/` to text. What cannot be read is told in `unread`.
    pub fn read(files: &BTreeMap<String, String>, unread: &mut Vec<String>) -> Self {
        let directories = directories(files, unread);
        let mut modules: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for (path, text) in files {
            if let Some((module, file)) = path.strip_prefix("m-").and_then(|p| p.split_once('/')) {
                modules.entry(module).or_default().insert(file, text);
            }
        }
        let mut snapshot = Snapshot::default();
        for (key, files) in modules {
            let directory = match directories.get(key).map(String::as_str) {
                Some("." | "") => String::new(),
                None if key.is_empty() => String::new(),
                Some(directory) => format!("{directory}/"),
                None => format!("m-{key}/"),
            };
            let module: Arc<str> = module_path(key).into();
            for name in in_order(&files) {
                let file: Arc<str> = format!("{directory}{name}").into();
                let reading = Reading {
                    snapshot: &mut snapshot,
                    module: &module,
                    file: &file,
                    overrides: is_override(name),
                };
                if let Some(line) = reading.read(files[name], is_json(name)) {
                    unread.push(format!(
                        "configuration file {file}: what stands at line {line} cannot be read"
                    ));
                }
            }
        }
        snapshot
    }

    /// What the configuration says about a row.
    pub fn source(&self, effect: &Effect) -> Source<'_> {
        let name = match effect.kind {
            Kind::Change | Kind::Deferred | Kind::Drift | Kind::Invocation | Kind::Check => {
                address::block(&effect.address)
            }
            Kind::Output => format!("output.{}", effect.address),
            // Its address goes on behind the block's, by the program that runs.
            Kind::Provisioner => effect
                .address
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

/// Where each module's files stood when the plan was made, by the module's key.
fn directories(
    files: &BTreeMap<String, String>,
    unread: &mut Vec<String>,
) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Module {
        #[serde(default)]
        key: String,
        #[serde(default)]
        dir: String,
    }
    let Some(text) = files.get("modules.json") else {
        return BTreeMap::new();
    };
    match serde_json::from_str::<Vec<Module>>(text) {
        Ok(modules) => modules
            .into_iter()
            .map(|module| (module.key, module.dir))
            .collect(),
        Err(error) => {
            unread.push(format!(
                "configuration file modules.json: what stands at line {} cannot be read",
                error.line()
            ));
            BTreeMap::new()
        }
    }
}

/// `a.b` is `module.a.module.b`.
fn module_path(key: &str) -> String {
    let names = key.split('.').filter(|name| !name.is_empty());
    names
        .map(|name| format!("module.{name}"))
        .collect::<Vec<_>>()
        .join(".")
}

/// A configuration file's name in two: what it is called, and the extension that makes it one.
fn parted(name: &str) -> Option<(&str, &str)> {
    [".tofu.json", ".tf.json", ".tofu", ".tf"]
        .iter()
        .find_map(|extension| Some((name.strip_suffix(extension)?, *extension)))
}

fn is_json(name: &str) -> bool {
    parted(name).is_some_and(|(_, extension)| extension.ends_with("json"))
}

fn is_override(name: &str) -> bool {
    parted(name).is_some_and(|(stem, _)| stem == "override" || stem.ends_with("_override"))
}

/// `OpenTofu` leaves a file aside that has a twin written for it alone.
fn has_twin(name: &str, files: &BTreeMap<&str, &str>) -> bool {
    parted(name).is_some_and(|(stem, extension)| {
        let twin = extension.replace(".tf", ".tofu");
        twin != extension && files.contains_key(&*format!("{stem}{twin}"))
    })
}

/// The files of one module that the tool reads, in the order in which they count: overrides last.
fn in_order<'a>(files: &BTreeMap<&'a str, &str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = files
        .keys()
        .copied()
        .filter(|name| parted(name).is_some() && !has_twin(name, files))
        .collect();
    names.sort_by_key(|name| is_override(name));
    names
}

/// One file on its way into the snapshot.
struct Reading<'s> {
    snapshot: &'s mut Snapshot,
    module: &'s Arc<str>,
    file: &'s Arc<str>,
    /// Its blocks are merged into those of other files.
    overrides: bool,
}

/// Name and text of a setting.
type Setting<'a> = (&'a str, &'a str);

impl Reading<'_> {
    /// Reads the file; says at which line it stopped making sense, if it did.
    fn read(mut self, text: &str, is_json: bool) -> Option<u32> {
        if is_json {
            return self.read_json(text).err();
        }
        let body = body::read(text);
        let mut speaks_of = BTreeMap::new();
        let alone: BTreeSet<u32> = body
            .remarks
            .iter()
            .filter(|r| r.alone)
            .map(|r| r.line)
            .collect();
        for block in &body.blocks {
            let lines = (block.first, block.last);
            let Some(name) = self.add(
                block.keyword,
                &block.labels,
                lines,
                &block.settings,
                &block.lifecycle,
            ) else {
                continue;
            };
            let above = (1..block.first)
                .rev()
                .take_while(|line| alone.contains(line));
            for line in above.chain(block.first..=block.last) {
                // A line that belongs to the block before this one stays with it.
                speaks_of.entry(line).or_insert_with(|| name.clone());
            }
        }
        for remark in body.remarks {
            let attached_to = speaks_of.get(&remark.line).cloned();
            self.comment(remark.line, remark.text, attached_to, remark.alone);
        }
        body.unread
    }

    fn read_json(&mut self, text: &str) -> Result<(), u32> {
        for block in json::read(text)? {
            let labels: Vec<&str> = block.labels.iter().map(String::as_str).collect();
            let name = self.add(
                &block.keyword,
                &labels,
                (block.first, block.last),
                &borrowed(&block.settings),
                &borrowed(&block.lifecycle),
            );
            for (line, text) in &block.remarks {
                self.comment(*line, text, name.clone(), true);
            }
        }
        Ok(())
    }

    fn comment(&mut self, line: u32, text: &str, attached_to: Option<String>, alone: bool) {
        self.snapshot.comments.push(Comment {
            file: Arc::clone(self.file),
            line,
            text: text.to_owned(),
            module: Arc::clone(self.module),
            attached_to,
            alone,
        });
    }

    /// Adds a block, if it is one that a row of a plan can be about; returns the full name of what it is about.
    fn add(
        &mut self,
        keyword: &str,
        labels: &[&str],
        (first, last): (u32, u32),
        settings: &[Setting<'_>],
        lifecycle: &[Setting<'_>],
    ) -> Option<String> {
        let about = |name: &str| {
            let (_, text) = settings.iter().find(|(setting, _)| *setting == name)?;
            Some(address::block(text))
        };
        let (blocks, name) = match (keyword, labels) {
            ("resource", [kind, name]) => (&mut self.snapshot.blocks, format!("{kind}.{name}")),
            ("data" | "ephemeral" | "action", [kind, name]) => (
                &mut self.snapshot.blocks,
                format!("{keyword}.{kind}.{name}"),
            ),
            ("module" | "output" | "check", [name]) => {
                (&mut self.snapshot.blocks, format!("{keyword}.{name}"))
            }
            ("removed", []) => (&mut self.snapshot.removed, about("from")?),
            ("moved", []) => (&mut self.snapshot.moved, about("to")?),
            ("import", []) => (&mut self.snapshot.imports, about("to")?),
            _ => return None,
        };
        let name = super::config::join(self.module, &name);
        let place = Place {
            file: Arc::clone(self.file),
            first,
            last,
        };
        let block = match blocks.get_mut(&name) {
            Some(block) if self.overrides => {
                block.overrides.push(place);
                block
            }
            // The tool refuses a block that stands twice; the first one is as good as the second.
            Some(_) => return Some(name),
            None => blocks.entry(name.clone()).or_insert(Block {
                place,
                overrides: Vec::new(),
                lifecycle: Lifecycle::default(),
            }),
        };
        for (setting, text) in lifecycle {
            block.lifecycle.set(setting, text);
        }
        Some(name)
    }
}

fn borrowed(settings: &[(String, String)]) -> Vec<Setting<'_>> {
    settings
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect()
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

    fn set(&mut self, name: &str, text: &str) {
        let one = || Some(text.trim_matches('"').to_owned());
        let list = || {
            let elements = body::elements(text).into_iter();
            elements
                .map(|element| element.trim_matches('"').to_owned())
                .collect()
        };
        match name {
            "prevent_destroy" => self.prevent_destroy = one(),
            "create_before_destroy" => self.create_before_destroy = one(),
            "destroy" => self.destroy = one(),
            "ignore_changes" => self.ignore_changes = list(),
            "replace_triggered_by" => self.replace_triggered_by = list(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;

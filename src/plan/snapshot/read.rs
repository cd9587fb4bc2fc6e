//! From the files of a snapshot to its blocks and comments: which files count, in which order, and what is merged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::{Block, Comment, Lifecycle, Place, Snapshot, body, json};
use crate::plan::address;
use crate::plan::config::join;

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
        let name = join(self.module, &name);
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
                source: None,
            }),
        };
        if let ("module", Some((_, text))) =
            (keyword, settings.iter().find(|(name, _)| *name == "source"))
        {
            block.source = Some(text.trim_matches('"').into());
        }
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

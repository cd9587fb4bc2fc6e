//! What git knows of the configuration: who wrote an override, and whether a guard was taken away on the way to this plan.
//!
//! Told to the reviewer, and never asked by the gate: a history can be written anew, and the gate must come to the same
//! verdicts without one. Where nobody can tell, that is said.

mod git;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::overrides::{Override, TOOL};
use super::scope::Act;
use super::{Kind, Place, Verdict};
use crate::plan::address;
use crate::plan::snapshot::{Comment, Snapshot};
use git::Git;
use serde::Serialize;

/// So many commits of a file are looked at for who wrote a line of it.
const MAX_COMMITS: usize = 100;
/// What files of a configuration end with.
const CONFIGURATION: [&str; 4] = [".tf", ".tofu", ".tf.json", ".tofu.json"];
/// So many files of a commit are read for the guards that stand in them.
const MAX_FILES: usize = 200;

/// The history of a configuration.
#[derive(Debug, Clone)]
pub struct History {
    git: Git,
}

/// Who brought a line into the history.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Author {
    name: String,
    commit: String,
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.commit.get(..12).unwrap_or(&self.commit);
        // Anybody can commit under any name.
        write!(f, "{}, as commit {short} says", self.name)
    }
}

impl History {
    /// The history of the configuration in a directory, if it has one.
    pub fn of(directory: &Path) -> Self {
        History {
            git: Git::at(directory),
        }
    }

    /// What is to be said of overrides that accept a deny, and of guards that are no longer there.
    pub(super) fn verdicts(
        &self,
        used: &[Override],
        snapshot: &Snapshot,
        acts: &[Act],
    ) -> Vec<Verdict> {
        let head = match self.git.lines(&["rev-parse", "--verify", "HEAD^{commit}"]) {
            Ok(lines) => lines.concat(),
            Err(why) => {
                let of_override = |over: &Override| {
                    let message = format!(
                        "nobody can tell who wrote the override at {}: {why}",
                        over.place
                    );
                    notice("unknown-author", Kind::Warn, message, None)
                };
                return used.iter().map(of_override).collect();
            }
        };
        let written = used.iter().map(|over| self.author(&head, over, snapshot));
        let mut verdicts: Vec<Verdict> = written.collect();
        verdicts.extend(self.guards(&head, snapshot, acts));
        verdicts
    }

    fn author(&self, head: &str, over: &Override, snapshot: &Snapshot) -> Verdict {
        let at = &over.place;
        let comment = snapshot
            .comments()
            .iter()
            .find(|comment| format!("{}:{}", comment.file, comment.line) == *at);
        let found = comment
            .ok_or_else(|| "its line is not known".to_owned())
            .and_then(|comment| self.wrote(head, comment));
        let (rule, kind, message) = match found {
            Ok(Some(author)) => (
                "committed",
                Kind::Info,
                format!("the override at {at} was written by {author}"),
            ),
            Ok(None) => (
                "from-working-tree-only",
                Kind::Warn,
                format!(
                    "the override at {at} is in no commit: somebody wrote it beside the history, and nobody reviewed it"
                ),
            ),
            Err(why) => (
                "unknown-author",
                Kind::Warn,
                format!("nobody can tell who wrote the override at {at}: {why}"),
            ),
        };
        notice(rule, kind, message, None)
    }

    /// Who wrote the line of a comment; `None` where the commit does not have it.
    fn wrote(&self, head: &str, comment: &Comment) -> Result<Option<Author>, String> {
        let has = |text: Option<String>| {
            text.is_some_and(|text| text.lines().any(|line| line.contains(&*comment.text)))
        };
        if comment.file.starts_with(".terraform/") {
            return Err("it stands in a module that was fetched".into());
        }
        if !has(self.git.file(head, &comment.file)?) {
            return Ok(None);
        }
        let count = format!("--max-count={MAX_COMMITS}");
        let commits = self
            .git
            .lines(&["rev-list", &count, head, "--", &comment.file])?;
        let mut first = None;
        for commit in &commits {
            if !has(self.git.file(commit, &comment.file)?) {
                break;
            }
            first = Some(commit);
        }
        let commit = first.ok_or("no commit of its file can be read")?;
        if commits.len() == MAX_COMMITS && commits.last() == Some(commit) {
            return Err(format!(
                "it is older than {MAX_COMMITS} commits of {}",
                comment.file
            ));
        }
        let text = self.git.lines(&["cat-file", "commit", commit])?;
        let author = text.iter().find_map(|line| line.strip_prefix("author "));
        // Behind the address stand seconds and a time zone.
        let name = author.and_then(|author| Some(author[..=author.rfind('>')?].to_owned()));
        Ok(Some(Author {
            name: name.ok_or("the commit names no author")?,
            commit: commit.clone(),
        }))
    }

    /// Guards that stood in the configuration before, of what this plan destroys.
    fn guards(&self, head: &str, snapshot: &Snapshot, acts: &[Act]) -> Vec<Verdict> {
        let ends = |act: &&Act| {
            let words = act.words().unwrap_or_default();
            words
                .iter()
                .any(|word| matches!(*word, "delete" | "replace" | "forget"))
        };
        let ending: Vec<&Act> = acts.iter().filter(ends).collect();
        if ending.is_empty() {
            return Vec::new();
        }
        let mut verdicts = Vec::new();
        for (name, commit) in self.commits(head) {
            let guarded = match self.guarded(&commit) {
                Ok(guarded) => guarded,
                Err(why) => {
                    let message = format!("nobody can tell which guards stood in {name}: {why}");
                    verdicts.push(notice("unknown-guards", Kind::Info, message, None));
                    continue;
                }
            };
            for act in &ending {
                let block = address::block(&act.address);
                let holds = snapshot.block(&block).is_some_and(|block| {
                    block.lifecycle.prevent_destroy.as_deref() == Some("true")
                });
                if let Some(place) = guarded.get(&block).filter(|_| !holds) {
                    let message = format!(
                        "prevent_destroy stood at {place} in {name} and is gone from the configuration of this plan"
                    );
                    verdicts.push(notice(
                        "guard-removed",
                        Kind::Warn,
                        message,
                        Some(act.address.clone()),
                    ));
                }
            }
        }
        verdicts.sort();
        verdicts.dedup_by(|one, other| one.address.is_some() && one.address == other.address);
        verdicts
    }

    /// The commits that this plan is held against: the last one, and where the branch began.
    fn commits(&self, head: &str) -> Vec<(&'static str, String)> {
        let mut commits = vec![("the last commit", head.to_owned())];
        let base = self
            .git
            .lines(&["merge-base", head, "refs/remotes/origin/HEAD"]);
        if let Ok([base]) = base.as_deref()
            && base != head
        {
            commits.push(("the commit that this branch began at", base.clone()));
        }
        commits
    }

    /// Blocks that a commit keeps from being destroyed, in the root module and in those that are called from beside it, and
    /// where that is written.
    fn guarded(&self, commit: &str) -> Result<BTreeMap<String, Place>, String> {
        let mut files = self.files(commit, "", "")?;
        let mut modules = vec![Module::default()];
        let snapshot = loop {
            let list = serde_json::json!(modules).to_string();
            files.insert("modules.json".to_owned(), list);
            let snapshot = Snapshot::read(&files, &mut Vec::new());
            let called: Vec<Module> = snapshot
                .local_calls()
                .filter_map(|(name, source)| Module::called(name, source, &modules))
                .collect();
            if called.is_empty() || files.len() > MAX_FILES {
                break snapshot;
            }
            for module in called {
                // What lies outside of the checkout is in no commit.
                let found = self.files(commit, &module.key, &module.dir);
                files.extend(found.unwrap_or_default());
                modules.push(module);
            }
        };
        Ok(snapshot
            .guarded()
            .map(|(name, place)| {
                let place = Place {
                    file: place.file.to_string(),
                    line: place.first,
                };
                (name.to_owned(), place)
            })
            .collect())
    }

    /// The files of a module at a commit, as a snapshot has them.
    fn files(
        &self,
        commit: &str,
        key: &str,
        directory: &str,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut listing = vec!["ls-tree", "--name-only", commit];
        let inside = format!("{directory}/");
        if !directory.is_empty() {
            listing.extend(["--", &inside]);
        }
        let names = self.git.lines(&listing)?;
        let mut texts = BTreeMap::new();
        for path in names.iter().take(MAX_FILES) {
            let name = path.rsplit('/').next().unwrap_or(path);
            if CONFIGURATION.iter().any(|end| name.ends_with(end))
                && let Some(text) = self.git.file(commit, path)?
            {
                texts.insert(format!("m-{key}/{name}"), text);
            }
        }
        Ok(texts)
    }
}

/// A module as a snapshot lists it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    /// `a.b` for `module.a.module.b`.
    key: String,
    /// Its directory, from the root module's.
    dir: String,
}

impl Module {
    /// The module of the call with this full name; `None` if it is known already.
    fn called(name: &str, source: &str, known: &[Module]) -> Option<Self> {
        let names = name.split('.').skip(1).step_by(2);
        let key = names.collect::<Vec<_>>().join(".");
        let above = key.rsplit_once('.').map_or("", |(above, _)| above);
        if known.iter().any(|module| module.key == key) {
            return None;
        }
        let above = known.iter().find(|module| module.key == above)?;
        let mut dir: Vec<&str> = Vec::new();
        for part in above.dir.split('/').chain(source.split('/')) {
            match part {
                "" | "." => {}
                ".." if dir.last().is_some_and(|last| *last != "..") => _ = dir.pop(),
                part => dir.push(part),
            }
        }
        let dir = dir.join("/");
        Some(Module { key, dir })
    }
}

fn notice(rule: &str, kind: Kind, message: String, address: Option<String>) -> Verdict {
    Verdict {
        kind,
        rule: format!("{TOOL}/{rule}"),
        message,
        address,
        source: None,
        tool: "git".into(),
        metadata: BTreeMap::new(),
    }
}

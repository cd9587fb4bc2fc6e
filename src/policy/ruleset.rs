//! The policies of a team: a directory of `*.rego` files, data and settings.

use std::fs;
use std::path::{Path, PathBuf};

use super::config::{self, Config, Engine};
use super::external;
use super::inputs::Inputs;
use super::job::{File, Job, Task};
use crate::failure::{Exit, Failure};

/// A larger policy or data file is not read.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// More files are no policies.
const MAX_FILES: usize = 20_000;
/// Deeper directories are none either.
const MAX_DEPTH: usize = 32;

/// A directory of policies that was read.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// The directory.
    pub directory: PathBuf,
    /// Policies, by name.
    pub files: Vec<File>,
    /// Data, by name.
    pub data: Vec<File>,
    /// The settings.
    pub config: Config,
    /// Who evaluates, with its version.
    pub engine: String,
    /// Everything that decides what the policies say.
    pub inputs: Inputs,
}

impl Ruleset {
    /// Reads a directory. Hidden files and directories are no part of it; everything else that could decide is.
    pub fn load(directory: &Path) -> Result<Self, Failure> {
        let mut found = Found::default();
        found.walk(directory, "", 0)?;
        let Found {
            files,
            data,
            config,
            config_text,
        } = found;
        if files.is_empty() {
            return Err(refuse(
                "no-policies",
                format!("{} holds no *.rego file", directory.display()),
            )
            .hint("Name the directory that your policies stand in."));
        }
        let engine = match config.engine {
            Engine::Embedded => super::EMBEDDED.to_owned(),
            Engine::Opa => external::version("opa", &["version"])?,
            Engine::Conftest => external::version("conftest", &["--version"])?,
        };
        let mut inputs = Inputs::default();
        for (sort, list) in [("rego", &files), ("data", &data)] {
            for file in list {
                inputs.add(sort, &file.path, file.text.as_bytes());
            }
        }
        inputs.add("engine", config.engine.word(), engine.as_bytes());
        inputs.add("config", config::NAME, config_text.as_bytes());
        Ok(Ruleset {
            directory: directory.to_path_buf(),
            files,
            data,
            config,
            engine,
            inputs,
        })
    }

    /// The job that a worker is given for these policies.
    pub fn job(&self, task: Task) -> Job {
        Job {
            task,
            files: self.files.clone(),
            data: self.data.clone(),
            shape: self.config.input,
            beside: serde_json::to_value(&self.config.run).unwrap_or_default(),
            accepted: self.config.accept.clone(),
            rule_seconds: self.config.rule_seconds,
            whole: false,
        }
    }

    /// The text of a policy, by the name that verdicts give.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|known| known.path == file)
            .map(|known| known.text.as_str())
    }
}

#[derive(Default)]
struct Found {
    files: Vec<File>,
    data: Vec<File>,
    config: Config,
    config_text: String,
}

impl Found {
    fn walk(&mut self, directory: &Path, prefix: &str, depth: usize) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| Failure::io(directory.display(), error);
        let mut entries: Vec<fs::DirEntry> = fs::read_dir(directory)
            .and_then(Iterator::collect)
            .map_err(|error| failed(&error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let Ok(name) = entry.file_name().into_string() else {
                return Err(refuse(
                    "policy-name",
                    format!("{} is no UTF-8 name", path.display()),
                ));
            };
            if name.starts_with('.') {
                continue;
            }
            let shown = format!("{prefix}{name}");
            // A link is followed: what it leads to is read now, and its text is what the digest is made of.
            if fs::metadata(&path)
                .map_err(|error| failed(&error))?
                .is_dir()
            {
                if depth == MAX_DEPTH {
                    return Err(refuse(
                        "policy-depth",
                        format!("{} is nested too deep", path.display()),
                    ));
                }
                self.walk(&path, &format!("{shown}/"), depth + 1)?;
            } else {
                self.file(&path, shown)?;
            }
            if self.files.len() + self.data.len() > MAX_FILES {
                return Err(refuse(
                    "policy-count",
                    format!("{} holds more than {MAX_FILES} files", directory.display()),
                ));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, shown: String) -> Result<(), Failure> {
        if shown == config::NAME {
            self.config_text = read(path)?;
            self.config = Config::parse(&path.display().to_string(), &self.config_text)?;
            return Ok(());
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rego") => self.files.push(File {
                text: read(path)?,
                path: shown,
            }),
            Some("json") => self.data.push(File {
                text: read(path)?,
                path: shown,
            }),
            Some("yaml" | "yml") => {
                return Err(refuse(
                    "policy-data",
                    format!("{} is YAML, and policies would be evaluated without it", path.display()),
                )
                .hint("Write the data as JSON, or move the file out of the directory of the policies."));
            }
            _ => {}
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| Failure::io(path.display(), &error);
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(failed)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(refuse(
            "policy-size",
            format!("{} is larger than {MAX_FILE_BYTES} bytes", path.display()),
        ));
    }
    String::from_utf8(bytes).map_err(|_| {
        refuse(
            "policy-text",
            format!("{} is no UTF-8 text", path.display()),
        )
    })
}

fn refuse(reason: &'static str, error: String) -> Failure {
    Failure::new(Exit::Usage, reason, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        directory
    }

    #[test]
    fn everything_that_decides_is_in_the_digest() {
        let own = [
            ("a.rego", "package main\n"),
            ("lib/d.json", "{}"),
            ("README.md", "x"),
        ];
        let digest = |files: &[(&str, &str)]| {
            let directory = directory(files);
            Ruleset::load(directory.path()).unwrap().inputs.sha256()
        };
        let first = digest(&own);
        assert_eq!(first, digest(&[own[2], own[1], own[0]]));
        assert_eq!(first, digest(&[own[0], own[1]]));
        for other in [
            vec![own[0]],
            vec![own[0], ("lib/d.json", "[]")],
            vec![own[0], ("d.json", "{}")],
            vec![own[0], own[1], ("undersign.toml", "rule_seconds = 3\n")],
        ] {
            assert_ne!(first, digest(&other), "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_never_left_out() {
        for (files, reason) in [
            (vec![("a.txt", "x")], "no-policies"),
            (vec![("a.rego", "x"), ("data.yaml", "x: 1")], "policy-data"),
            (
                vec![("a.rego", "x"), ("undersign.toml", "engine = 1")],
                "policy-config",
            ),
        ] {
            let directory = directory(&files);
            let failure = Ruleset::load(directory.path()).unwrap_err();
            assert_eq!(failure.reason, reason);
        }
    }
}

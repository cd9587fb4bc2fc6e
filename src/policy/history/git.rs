//! Asking `git` about a checkout that a stranger may have prepared.
//!
//! The program is asked and no library, because it is what wrote the objects, reads every format of them, and is there
//! where a checkout is. Only commands that read objects are used (`rev-parse`, `rev-list`, `ls-tree`, `cat-file`): they run
//! no hook, no filter, no pager and no monitor, and never look at the index. `blame` and `log` do more: they can start what
//! the configuration of the repository names. Nothing is fetched, and settings of the system and of the user stay out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::super::external::run;

/// A command that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(10);

/// What is set for every command.
const SETTINGS: [&str; 7] = [
    "safe.directory=*",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "protocol.allow=never",
    "credential.helper=",
];

/// A directory of a checkout.
#[derive(Debug, Clone)]
pub struct Git {
    directory: PathBuf,
}

impl Git {
    /// The checkout that `directory` is in.
    pub fn at(directory: &Path) -> Self {
        Git {
            directory: directory.to_path_buf(),
        }
    }

    /// What a command prints; the error is a sentence.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new("git");
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("LC_ALL", "C"),
        ] {
            command.env(name, value);
        }
        command.arg("--no-pager");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.arg("-C").arg(&self.directory).args(arguments);
        let output =
            run(command, LIMIT).map_err(|error| format!("git cannot be asked: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let words = words.lines().find(|line| !line.trim().is_empty());
        Err(format!("git says: {}", words.unwrap_or("nothing").trim()))
    }

    /// The same, as the lines of a text.
    pub(super) fn lines(&self, arguments: &[&str]) -> Result<Vec<String>, String> {
        let text = String::from_utf8_lossy(&self.ask(arguments)?).into_owned();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The text of a file at a commit; `None` where it is not there.
    pub(super) fn file(&self, commit: &str, file: &str) -> Result<Option<String>, String> {
        let listed = self.lines(&["ls-tree", "--name-only", commit, "--", file])?;
        if listed.is_empty() {
            return Ok(None);
        }
        let object = format!("{commit}:./{file}");
        let bytes = self.ask(&["cat-file", "blob", &object])?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

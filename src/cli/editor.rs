//! The reviewer's own editor, for what is too long for a line.

use std::process::Command;

use crate::failure::{Exit, Failure};
use crate::process::{Bond, Child, Directory};

/// Lets the reviewer write in an editor of their own.
pub fn edit(text: &str) -> Result<String, Failure> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(std::env::var_os)
        .unwrap_or_else(|| "vi".into());
    let failed = |error: std::io::Error| Failure::io("a file to edit", &error);
    let directory = Directory::new().map_err(failed)?;
    let file = directory.path().join("words.txt");
    std::fs::write(&file, text).map_err(failed)?;
    let editor_words = editor.to_string_lossy().into_owned();
    let mut words = editor_words.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let mut command = Command::new(program);
    command.args(words).arg(&file);
    let status = Child::start(&mut command, Bond::Terminal)
        .and_then(|mut editor| editor.wait())
        .map_err(|error| Failure::io(format!("the editor {program}"), &error))?;
    if !status.success() {
        return Err(Failure::new(
            Exit::Internal,
            "editor",
            format!("the editor {program} ended with {status}"),
        )
        .hint("Set EDITOR to the one you use."));
    }
    std::fs::read_to_string(&file).map_err(|error| Failure::io("the edited text", &error))
}

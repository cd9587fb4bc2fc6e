//! `undersign hook`: answers an agent that is about to apply with what to do instead.
//!
//! Made for agents that ask a program before they run a command: the command comes as JSON on standard input, and exit code 2
//! with a text on standard error keeps them from it. Advice again: a command can be spelled in ways that no such text finds.

use std::io::{Read as _, Write as _};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::check::print;
use crate::failure::{Exit, Failure};

/// What changes the world or the state, by the words after the tool's name.
pub const FORBIDDEN: &[&[&str]] = &[
    &["apply"],
    &["destroy"],
    &["apply-all"],
    &["destroy-all"],
    &["import"],
    &["refresh"],
    &["taint"],
    &["untaint"],
    &["force-unlock"],
    &["state", "rm"],
    &["state", "mv"],
    &["state", "push"],
    &["state", "replace-provider"],
    // What it tests it makes, and destroys.
    &["test"],
    &["workspace", "delete"],
];

/// The tools whose commands these are.
const TOOLS: &[&str] = &["terraform", "tofu", "terragrunt"];
/// No command that a person would read is longer.
const MAX_BYTES: u64 = 1 << 20;

/// What `hook` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the settings that make a coding agent ask this hook, instead of being the hook.
    #[arg(long)]
    pub settings: bool,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    tool_input: Input,
}

#[derive(Deserialize, Default)]
struct Input {
    #[serde(default)]
    command: String,
}

/// Reads what the agent is about to run, and objects to what is a person's to do.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.settings {
        let settings = json!({"hooks": {"PreToolUse": [{
            "matcher": "Bash",
            "hooks": [{"type": "command", "command": "undersign hook"}],
        }]}});
        let text = serde_json::to_string_pretty(&settings).expect("texts") + "\n";
        print(&text)?;
        return Ok(Exit::Success);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("standard input", &error))?;
    let event: Event = serde_json::from_str(&text).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "hook-input",
            format!("what the agent sent is not the JSON of a hook: {error}"),
        )
        .hint("`undersign hook --settings` prints how it is called.")
    })?;
    let Some(words) = forbidden(&event.tool_input.command) else {
        return Ok(Exit::Success);
    };
    // Nobody is left to tell if standard error is gone; the exit code says it too.
    let _ = writeln!(
        std::io::stderr(),
        "`{words}` is for a person, behind a signed approval. Do this instead:\n\
         1. terraform plan -out plan.tfplan\n\
         2. undersign submit plan.tfplan --task \"what it is for\"\n\
         3. undersign status ID --wait 600 --format json\n\
         This text is advice. The gate is elsewhere: without an approval nothing is applied, however it is called."
    );
    Ok(Exit::Usage)
}

/// The words of the first command in `line` that is a person's to run.
fn forbidden(line: &str) -> Option<String> {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || ";&|()`'\"{}".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let tool = word.rsplit('/').next().unwrap_or(word);
        if !TOOLS.contains(&tool) {
            return None;
        }
        let mut rest = words[at + 1..]
            .iter()
            .filter(|word| !word.starts_with('-') && **word != "run-all" && **word != "run");
        let (first, second) = (rest.next()?, rest.next());
        FORBIDDEN.iter().find_map(|known| {
            let fits = match known {
                [one] => one == first,
                [one, two] => one == first && second == Some(two),
                _ => false,
            };
            fits.then(|| format!("{tool} {}", known.join(" ")))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_persons_to_run_is_found_where_it_stands_plainly() {
        for (line, wanted) in [
            ("terraform apply", Some("terraform apply")),
            (
                "cd infra && terraform -chdir=prod apply -auto-approve",
                Some("terraform apply"),
            ),
            ("/usr/bin/tofu destroy", Some("tofu destroy")),
            (
                "sh -c 'terraform state rm aws_db_instance.main'",
                Some("terraform state rm"),
            ),
            ("terragrunt run-all apply", Some("terragrunt apply")),
            ("terragrunt destroy-all", Some("terragrunt destroy-all")),
            ("terraform test", Some("terraform test")),
            (
                "terraform workspace delete -force prod",
                Some("terraform workspace delete"),
            ),
            ("terraform workspace show", None),
            ("terraform state list", None),
            ("terraform plan -out apply", None),
            ("echo apply", None),
            ("git commit -m 'do not terraform'", None),
            ("", None),
        ] {
            assert_eq!(forbidden(line).as_deref(), wanted, "{line}");
        }
    }
}

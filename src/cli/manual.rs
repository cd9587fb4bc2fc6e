//! `undersign completions` and `undersign man`: what shells and `man` want to know, made from the very arguments.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::check::print;
use crate::failure::{Exit, Failure};

/// What `completions` takes.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// What `man` takes.
#[derive(Debug, Args)]
pub struct Man {
    /// The page of one command [default: the page of undersign].
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Prints the completions of a shell.
pub fn completions(arguments: &Completions) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "undersign", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Success)
}

/// Prints a manual page.
pub fn man(arguments: &Man) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let page = match &arguments.command {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "unknown-command",
                format!("undersign has no command {name}"),
            )
            .hint("`undersign --help` names them.")
        })?,
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut out)
        .map_err(|error| Failure::io("the manual page", &error))?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Success)
}

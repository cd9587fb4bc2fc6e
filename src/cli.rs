//! The commands: what a person types, and what comes out.
//!
//! Owns arguments, files and terminals. Each command lives in a file of its own; what they share is how a plan is opened
//! ([`open`]) and read ([`loading`]), what a review needs of the world ([`desk`]), and how a failure is printed
//! ([`failure`]).

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::failure::Exit;
use crate::policy::serve::serve;
use crate::policy::worker;
use crate::process::{Leaving, signals};

pub mod agents;
pub mod apply;
pub mod break_glass;
pub mod brought;
pub mod check;
pub mod defect;
pub mod demo;
pub mod desk;
pub mod diff;
pub mod directory;
pub mod doctor;
pub mod editor;
pub mod explain;
pub mod failure;
pub mod hook;
pub mod identity;
pub mod inbox;
pub mod loading;
pub mod looks;
pub mod manual;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod open;
pub mod places;
pub mod plain;
pub mod policy;
pub mod prompts;
pub mod report;
pub mod results;
pub mod review;
pub mod schema;
pub mod set;
pub mod setup;
pub mod signing;
pub mod silence;
pub mod since;
pub mod status;
pub mod submit;
pub mod trust;
pub mod verify;
pub mod watch;
pub mod yardstick;

/// An agent plans, a person reads and undersigns, a wrapper applies exactly what was signed.
#[derive(Debug, Parser)]
#[command(name = "undersign", version, arg_required_else_help = true, after_help = exit_codes())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Review a plan on the screen: acknowledge what is dangerous, then sign, or send it back.
    Review(review::Arguments),
    /// Say what a plan does and what of it needs a person. Exit 0: nothing; 3: something; 4: a policy denies.
    Check(check::Arguments),
    /// Say what a plan does that another one did not. Exit 0: nothing more to acknowledge; 3: something.
    Diff(diff::Arguments),
    /// Say what a rule means, what is lost where it speaks, and what would make the change safe.
    Explain(explain::Arguments),
    /// Say whether a plan is approved, by whom and until when. Changes nothing.
    Verify(verify::Arguments),
    /// Apply an approved plan, once: verify, claim, apply, record what became of it.
    Apply(verify::Arguments),
    /// Say what this machine's set-up really protects against: the level, what it rests on, and the step to the next.
    Doctor(doctor::Arguments),
    /// Print a set-up to copy: another user applies, or a protected job.
    Setup(setup::Arguments),
    /// After an emergency: a second person looks at it and countersigns.
    #[command(subcommand)]
    BreakGlass(break_glass::Command),
    /// Policies in Rego: what is doubtful in them, their own tests, their digest.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Evaluate policies where they can do no harm: what undersign starts for itself.
    #[command(name = worker::COMMAND, hide = true)]
    PolicyWorker,
    /// Put a plan where a person will find it, with what it is for. For agents.
    Submit(submit::Arguments),
    /// The plans that were submitted: review one, see what came of the others.
    Inbox(inbox::Arguments),
    /// What became of a submitted plan: pending, approved, changes requested, expired, applied.
    Status(status::Arguments),
    /// Whose signature counts: make a trust file, check one, export its keys.
    #[command(subcommand)]
    Trust(trust::Command),
    /// Print the JSON schema of what undersign prints for programs.
    Schema(schema::Arguments),
    /// Print the rules for a coding agent, for AGENTS.md or CLAUDE.md. Advice; the gate is elsewhere.
    AgentsMd(agents::Arguments),
    /// Answer an agent that is about to apply with what to do instead. Advice; the gate is elsewhere.
    Hook(hook::Arguments),
    /// Offer an agent four tools over the Model Context Protocol, none of which decides anything.
    #[cfg(feature = "mcp")]
    Mcp(mcp::Arguments),
    /// Print the completions of a shell.
    Completions(manual::Completions),
    /// Print a manual page.
    Man(manual::Man),
    /// See it all on an embedded plan, with a key made for the occasion. Leaves nothing behind.
    Demo(demo::Arguments),
    /// Measure one step of what is done with a plan.
    #[command(subcommand, hide = true)]
    Yardstick(yardstick::Command),
}

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Reads the command line, does what it says, and returns the exit code.
pub fn main() -> ExitCode {
    defect::watch();
    signals::listen();
    let leaving = Leaving;
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            // A reader that closed the pipe has read what it wanted.
            let _ = error.print();
            return ExitCode::from(code.code());
        }
    };
    let (result, format) = match cli.command {
        Command::Check(arguments) => {
            let format = arguments.format.of_failures();
            (check::run(&arguments), format)
        }
        Command::Diff(arguments) => {
            let format = arguments.format.of_failures();
            (diff::run(&arguments), format)
        }
        Command::Explain(arguments) => (explain::run(&arguments), arguments.format),
        Command::Review(arguments) => (review::run(&arguments), Format::Text),
        Command::Schema(arguments) => (schema::run(&arguments), Format::Text),
        Command::Submit(arguments) => (submit::run(&arguments), arguments.format),
        Command::Inbox(arguments) => (inbox::run(&arguments), Format::Text),
        Command::Status(arguments) => (status::run(&arguments), arguments.format),
        Command::AgentsMd(arguments) => (agents::run(&arguments), Format::Text),
        Command::Hook(arguments) => (hook::run(&arguments), Format::Text),
        #[cfg(feature = "mcp")]
        Command::Mcp(arguments) => (mcp::run(&arguments), Format::Text),
        Command::Completions(arguments) => (manual::completions(&arguments), Format::Text),
        Command::Man(arguments) => (manual::man(&arguments), Format::Text),
        Command::Demo(arguments) => (demo::run(&arguments), Format::Text),
        Command::Verify(arguments) => (verify::run(&arguments), arguments.format),
        Command::Apply(arguments) => (apply::run(&arguments), arguments.format),
        Command::Doctor(arguments) => (doctor::run(&arguments), Format::Text),
        Command::Setup(arguments) => (setup::run(&arguments), Format::Text),
        Command::BreakGlass(command) => (break_glass::run(&command), Format::Text),
        Command::Policy(command) => (policy::run(&command), Format::Text),
        Command::PolicyWorker => {
            let exit = if serve() {
                Exit::Success
            } else {
                Exit::Internal
            };
            return ExitCode::from(exit.code());
        }
        Command::Trust(command) => (trust::run(&command), Format::Text),
        Command::Yardstick(command) => (yardstick::run(&command), Format::Text),
    };
    // Whoever was asked to stop meanwhile is done for by now, and says nothing about it.
    drop(leaving);
    match result {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            failure::print(&failure, format);
            ExitCode::from(failure.exit.code())
        }
    }
}

/// The table of exit codes, as `--help` shows it.
fn exit_codes() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in Exit::TABLE {
        let _ = writeln!(text, "  {:>2}  {meaning}", exit.code());
    }
    text
}

//! `undersign trust`: a first trust file, a check of one, and its keys in OpenSSH's form.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::break_glass::describe as describe_emergency;
use super::check::print;
use super::places::own_trust_file;
use crate::approval::key::PublicKey;
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;
use crate::text::visible;
use crate::trust::file::HeldBy;
use crate::trust::ledger::Ledger;
use crate::trust::{Trust, file, init};

/// The trust file of a machine where somebody else than the user decides.
const SYSTEM: &str = "/etc/undersign/trust.toml";

/// Which trust file.
#[derive(Debug, Clone, Args)]
pub struct TrustArgument {
    /// The trust file [default: /etc/undersign/trust.toml, else trust.toml in your configuration directory].
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,

    /// The digest that the trust file must have; its owner and place are then not looked at.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    pub trust_sha256: Option<Sha256>,
}

/// A trust file that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub trust: Trust,
    /// What keeps others from changing it.
    pub held_by: HeldBy,
}

impl TrustArgument {
    /// Opens the trust file that is meant.
    pub fn open(&self) -> Result<Opened, Failure> {
        let path = match &self.trust {
            Some(path) => path.clone(),
            None if Path::new(SYSTEM).exists() => SYSTEM.into(),
            None => own_trust_file()?,
        };
        if !path.exists() {
            return Err(Failure::new(
                Exit::TrustUnsafe,
                "no-trust-file",
                format!(
                    "there is no trust file {}: it says whose signature counts",
                    path.display()
                ),
            )
            .hint("No key yet? ssh-keygen -t ed25519 -f ~/.ssh/id_undersign")
            .hint("Give it a passphrase, and make a trust file that knows it:")
            .hint("undersign trust init --person YOU --key ~/.ssh/id_undersign.pub")
            .hint("Or name another one: --trust FILE"));
        }
        let opened = file::open(&path, self.trust_sha256)?;
        let trust = Trust::parse(&path.display().to_string(), &opened.text)?;
        Ok(Opened {
            path,
            trust,
            held_by: opened.held_by,
        })
    }
}

fn digest(text: &str) -> Result<Sha256, String> {
    Hex::try_from(text.to_string())
        .map(|hex| hex.0)
        .map_err(str::to_string)
}

/// What `trust` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first trust file: one person, one key, one scope for every target.
    Init {
        /// The person's name.
        #[arg(long)]
        person: String,
        /// The public key file.
        #[arg(long, value_name = "FILE.pub")]
        key: PathBuf,
        /// The name of the scope; a reviewer types it to sign.
        #[arg(long, default_value = "default")]
        scope: String,
        /// The name of the trust file, for people.
        #[arg(long, default_value = "own")]
        id: String,
        /// Where to write it [default: trust.toml in your configuration directory].
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read a trust file as the gate would, and say what it means.
    Check(TrustArgument),
    /// Who approved what, when, and what became of it: the ledger, oldest first.
    History(TrustArgument),
    /// Print the keys in the form of OpenSSH's `allowed_signers`.
    ExportAllowedSigners(TrustArgument),
}

/// Does it.
pub fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Init {
            person,
            key,
            scope,
            id,
            output,
        } => {
            let line =
                fs::read_to_string(key).map_err(|error| Failure::io(key.display(), &error))?;
            let text = init::render(id, person, &PublicKey::from_line(&line)?, scope)?;
            let path = output.clone().map_or_else(own_trust_file, Ok)?;
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .map_err(|error| Failure::io(parent.display(), &error))?;
            }
            init::write(&path, &text)?;
            print(&format!(
                "{}: {person} may approve everything, as scope {scope}. Read it, narrow it, keep it out of the agent's reach.\n",
                visible(&path.display().to_string())
            ))?;
        }
        Command::Check(argument) => print(&describe(&argument.open()?))?,
        Command::History(argument) => print(&history(&argument.open()?.trust)?)?,
        Command::ExportAllowedSigners(argument) => {
            print(&init::allowed_signers(&argument.open()?.trust))?;
        }
    }
    Ok(Exit::Success)
}

/// Every plan that was claimed, and every emergency.
fn history(trust: &Trust) -> Result<String, Failure> {
    use std::fmt::Write as _;
    let ledger = Ledger::of(trust.ledger.as_ref())?;
    let mut records = ledger.records()?;
    records.sort_by_key(|record| record.at.time());
    let mut out = String::new();
    for record in &records {
        let _ = writeln!(
            out,
            "{}  {:8} {}  {}  approved by {}  run by {}",
            record.at,
            ledger.outcome(record.plan_sha256).word(),
            visible(&record.scope),
            record.plan_sha256,
            visible(&record.persons.join(", ")),
            visible(&record.by),
        );
    }
    if records.is_empty() {
        out.push_str("No plan was applied yet.\n");
    }
    for entry in ledger.emergencies(trust, jiff::Timestamp::now())? {
        let _ = write!(out, "\n{}", describe_emergency(&entry));
    }
    Ok(out)
}

/// What a trust file means, in words.
fn describe(opened: &Opened) -> String {
    use std::fmt::Write as _;
    let trust = &opened.trust;
    let held = match opened.held_by {
        HeldBy::Digest => "its digest is pinned",
        HeldBy::OtherUser => "another user holds it, you cannot change it",
        HeldBy::Nobody => {
            "you can change it yourself: it stops mistakes, not a program that runs as you"
        }
    };
    let mut out = format!(
        "{}  {} version {}\n{held}\n",
        visible(&opened.path.display().to_string()),
        visible(&trust.id),
        trust.version
    );
    for person in &trust.persons {
        let _ = writeln!(out, "\n{}", visible(&person.id));
        for key in &person.keys {
            let fingerprint = key.public.fingerprint();
            let revoked = trust
                .revoked
                .get(&fingerprint)
                .map(|why| format!("  revoked: {}", visible(why)))
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "  {} {fingerprint}{revoked}",
                key.public.key_type().name()
            );
        }
    }
    for scope in &trust.scopes {
        let _ = writeln!(
            out,
            "\nscope {}\n  {} of {}, each by {} or better, not older than {:#}",
            visible(&scope.id),
            scope.approvals,
            visible(&scope.from.join(", ")),
            scope.min_assurance.word(),
            scope.max_age
        );
    }
    if let Some(rules) = &trust.break_glass {
        let _ = writeln!(
            out,
            "\nbreak-glass\n  {}, by {} or better, not older than {:#}",
            visible(&rules.persons.join(", ")),
            rules.min_assurance.word(),
            rules.max_age
        );
    }
    out
}

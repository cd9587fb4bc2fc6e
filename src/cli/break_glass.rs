//! `undersign break-glass review`: a second person looks at an emergency and countersigns it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::check::print;
use super::identity::Identity;
use super::trust::TrustArgument;
use crate::approval::emergency::{Countersignature, Review};
use crate::approval::sshsig::Assurance;
use crate::approval::statement::{Reviewer, Utc};
use crate::failure::{Exit, Failure};
use crate::text::visible;
use crate::trust::ledger::Ledger;
use crate::trust::ledger::emergencies::{Entry, may_close};

/// What can be done about an emergency.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the emergency that is open, and countersign it as a second person. Nothing else is applied until then.
    Review(Arguments),
}

/// What `break-glass review` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The key to sign with [default: the one key in the ssh-agent that the trust file knows].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// What you found when you looked at it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub comment: String,
}

/// Does it.
pub fn run(command: &Command) -> Result<Exit, Failure> {
    let Command::Review(arguments) = command;
    let trust = arguments.trust.open()?.trust;
    let ledger = Ledger::of(trust.ledger.as_ref())?;
    let now = jiff::Timestamp::now();
    let Some(open) = ledger
        .emergencies(&trust, now)?
        .into_iter()
        .find(|entry| entry.closed_by.is_none())
    else {
        print("No emergency is open.\n")?;
        return Ok(Exit::Success);
    };
    print(&describe(&open))?;

    let identity = Identity::find(&trust, arguments.key.as_deref())?;
    // Who may not sign is told before a key is touched. What the signature proves is known only afterwards.
    may_close(&open, &identity.person, Assurance::TouchPin, &trust)?;
    let mut out = std::io::stdout();
    let asked = write!(
        out,
        "\nYou are {}. Type {} to countersign, or enter to leave: ",
        visible(&identity.person),
        open.name
    );
    asked
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("the terminal", &error))?;
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::io("the terminal", &error))?;
    if line.trim() != open.name {
        print("Left before signing. The emergency stays open.\n")?;
        return Ok(Exit::Aborted);
    }
    let signer = identity.signer(trust.signing.allow_unencrypted_keys)?;
    let review = Review {
        reviewer: Reviewer {
            person: identity.person.clone(),
            key: identity.key.fingerprint(),
        },
        issued_at: Utc::of(now),
        comment: arguments.comment.clone(),
    };
    let statement = Countersignature::new(&open.name, open.sha256, review);
    let (envelope, _) = signer.seal(
        statement.to_bytes(),
        &trust.signing.breakglass_namespace,
        Assurance::Software,
    )?;
    let person = ledger.countersign(&open, &envelope, &trust, now)?;
    print(&format!(
        "{} is countersigned by {}. Plans can be applied again.\n",
        open.name,
        visible(&person)
    ))?;
    Ok(Exit::Success)
}

/// An emergency, for people.
pub fn describe(entry: &Entry) -> String {
    let mut out = format!("BREAK-GLASS   {}\n", entry.name);
    match &entry.declared {
        Some(declared) => {
            let _ = writeln!(
                out,
                "by            {} at {}\nfor           {}\nticket        {}\nreason        {}\nplan          {}\nrun by        {}\nnot acknowledged  {}",
                visible(&declared.person),
                declared.at,
                visible(&declared.scope),
                visible(&declared.emergency.ticket),
                visible(&declared.emergency.reason),
                declared.plan_sha256,
                visible(&declared.by),
                declared.not_acknowledged,
            );
        }
        None => out.push_str("its record was cut off and cannot be read\n"),
    }
    match &entry.closed_by {
        Some(person) => {
            let _ = writeln!(out, "countersigned by {}", visible(person));
        }
        None => out.push_str("nobody has countersigned it yet\n"),
    }
    out
}

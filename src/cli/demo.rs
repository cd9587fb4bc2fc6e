//! `undersign demo`: the incident as an embedded plan, a key for the occasion, the whole way to a verified approval.
//!
//! Everything lies in a private directory that is gone when the command ends.

use std::io::{Cursor, IsTerminal as _};
use std::path::Path;

use clap::Args;
use ed25519_dalek::SigningKey;

use super::check::print;
use super::identity::Identity;
use super::looks::Looks;
use super::open::Json;
use super::results::Results;
use super::review::{self, Review};
use super::signing::Signing;
use crate::approval::facts::{Facts, matches};
use crate::approval::key::PublicKey;
use crate::approval::{covers, sshsig};
use crate::failure::{Exit, Failure};
use crate::policy::Policies;
use crate::process::Directory;
use crate::random;
use crate::review::{Requirement, judge};
use crate::trust::people::{self, Asked};
use crate::trust::{Trust, approvals, init, scope};
use crate::ui::hands::Outcome;

/// The incident: an agent adds a static site, and the same plan takes the database.
const INCIDENT: &[u8] = include_bytes!("../../fixtures/plans/incident/plan.json");
const NAME: &str = "incident.json";
const PERSON: &str = "you";
const SCOPE: &str = "prod/courses";

/// What `demo` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How the screen looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// Reviews the incident on the screen, and verifies what was signed.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if !std::io::stdout().is_terminal() {
        return Err(
            Failure::new(Exit::Usage, "no-terminal", "the demo needs a terminal").hint(
                "Run it in a terminal; or see the same analysis as text: undersign check PLAN",
            ),
        );
    }
    let private = Directory::new().map_err(|error| Failure::io("a private directory", &error))?;
    let key = throw_away_key()?;
    let public = PublicKey::ed25519(key.verifying_key().as_bytes());
    let trust = Trust::parse(
        "the demo's trust file",
        &init::render("demo", PERSON, &public, SCOPE)?,
    )?;
    let scope = scope::named(&trust, SCOPE)?.clone();
    let outcome = review::on_screen(
        Review {
            name: NAME.into(),
            file: None,
            bytes: Some(INCIDENT.len() as u64),
            json: Json::Pipe(Box::new(Cursor::new(INCIDENT))),
            policies: Policies::none()?,
            signing: Ok(Signing {
                trust: trust.clone(),
                scope,
                identity: Identity::throw_away(PERSON, key),
                emergency: None,
                files_sha256: None,
            }),
            task: None,
            state: None,
            since: None,
            watch: false,
            watched: None,
            results: Results::Nowhere(private.path().into()),
        },
        &arguments.looks,
    )?;
    match outcome {
        Outcome::Signed(receipt) => {
            print(&receipt.0)?;
            print(&verify(&private.path().join("approval.json"), &trust)?)?;
            print(
                "\nNothing is left behind. For plans of yours: undersign trust init --help, then undersign review plan.tfplan\n",
            )?;
            Ok(Exit::Success)
        }
        Outcome::Rejected(markdown) => {
            print(&markdown)?;
            Ok(Exit::Rejected)
        }
        Outcome::Left { .. } | Outcome::Remade => {
            print("Left before signing. Nothing is left behind.\n")?;
            Ok(Exit::Aborted)
        }
    }
}

fn throw_away_key() -> Result<SigningKey, Failure> {
    Ok(SigningKey::from_bytes(&random::bytes()?))
}

/// Verifies as the gate does: believes nothing but the signature, and works everything else out anew.
fn verify(approval: &Path, trust: &Trust) -> Result<String, Failure> {
    let scope = scope::named(trust, SCOPE)?;
    let bytes = approvals::read(approval, trust)?;
    let verified = approvals::check(&bytes, trust, scope, jiff::Timestamp::now())?;
    let (judgement, rows) = judge::judge_all(
        &mut Cursor::new(INCIDENT),
        Some(INCIDENT.len() as u64),
        None,
    )?;
    matches(
        &verified.statement,
        &Facts::of(NAME, None, &judgement, SCOPE)?,
    )?;
    let required: Vec<Requirement> = rows.iter().filter_map(Requirement::of).collect();
    covers::covers(&required, &verified.statement.predicate.acknowledgements)?;
    let rules = required
        .iter()
        .flat_map(|requirement| requirement.rules.iter().cloned())
        .collect();
    let assurance: sshsig::Assurance = verified.assurance;
    let persons = people::enough(
        trust,
        scope,
        &[verified],
        Asked {
            requester: None,
            rules: &rules,
        },
    )?;
    Ok(format!(
        "\nverified     by {}: the signature is good ({}), the plan is the one that was read,\n             and all {} acknowledgements that it needs are there\n",
        persons.join(", "),
        assurance.word(),
        required.len()
    ))
}

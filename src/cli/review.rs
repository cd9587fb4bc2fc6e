//! `undersign review`: the screen; it ends in an approval, in a rejection with comments, or in a draft that waits.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::check::print;
use super::desk::{Desk, Results, Signing};
use super::identity::Identity;
use super::loading;
use super::open::{self, Json, PlanArgument};
use super::places;
use super::plain::Plain;
use super::policy::PolicyArgument;
use super::report::Report;
use super::trust::TrustArgument;
use super::watch::Watched;
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanFile;
use crate::policy::Policies;
use crate::review::draft::Draft;
use crate::review::memory::Memory;
use crate::review::verdicts;
use crate::trust::{Scope, Trust, scope};
use crate::ui::hands::Outcome;
use crate::ui::keymap;
use crate::ui::theme::{Palette, Theme};
use crate::ui::{self, Msg};

/// What `review` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan; only `--keys` needs none.
    #[command(flatten)]
    pub plan: Option<PlanArgument>,

    /// Print every key of the screen, and what it does.
    #[arg(long, exclusive = true)]
    pub keys: bool,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// The key to sign with: a private key file, or a public one whose private key an ssh-agent holds
    /// [default: the one key in the agent that the trust file knows].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// The scope that holds, for a plan JSON that does not say its target [default: the only one].
    #[arg(long, value_name = "ID")]
    pub scope: Option<String>,

    /// Where the approval is written [default: PLAN.approvals/PERSON-NONCE.json].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Ask line by line instead of drawing a screen: for screen readers and plain terminals.
    #[arg(long)]
    pub plain: bool,

    /// How the screen looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// How the screen looks.
#[derive(Debug, Clone, Args)]
pub struct Looks {
    /// Colours for a dark or a light background, or none at all [default: dark, none with `NO_COLOR`].
    #[arg(long, value_enum)]
    pub theme: Option<Colours>,

    /// Draw with ASCII only.
    #[arg(long)]
    pub ascii: bool,
}

/// The value of `--theme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colours {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Without colour.
    None,
}

impl Looks {
    /// The theme that is meant, where `no_color` is the value of the variable of that name.
    fn theme(&self, no_color: Option<&std::ffi::OsStr>) -> Theme {
        let without_colour = no_color.is_some_and(|value| !value.is_empty());
        let palette = match self.theme.unwrap_or(if without_colour {
            Colours::None
        } else {
            Colours::Dark
        }) {
            Colours::Dark => Palette::Dark,
            Colours::Light => Palette::Light,
            Colours::None => Palette::None,
        };
        Theme {
            palette,
            ascii: self.ascii,
        }
    }
}

/// A review that can begin.
pub struct Review {
    /// The plan's name for people.
    pub name: String,
    /// The plan file, if there is one.
    pub file: Option<PlanFile>,
    /// Number of JSON bytes, where that is known.
    pub bytes: Option<u64>,
    /// The plan's JSON.
    pub json: Json,
    /// What the plan is held against.
    pub policies: Policies,
    /// Who signs, or why nobody can.
    pub signing: Result<Signing, Failure>,
    /// Where drafts lie.
    pub drafts: Option<PathBuf>,
    /// The plan on disk, where there is one.
    pub watched: Option<Watched>,
    /// Where the results go.
    pub results: Results,
}

/// Reviews a plan.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.keys {
        print(&keymap::print())?;
        return Ok(Exit::Success);
    }
    if !arguments.plain && !std::io::stdout().is_terminal() {
        return Err(
            Failure::new(Exit::Usage, "no-terminal", "a review needs a terminal")
                .hint("Ask line by line instead: undersign review --plain PLAN")
                .hint("For the same analysis as text: undersign check PLAN"),
        );
    }
    let Some(argument) = &arguments.plan else {
        return Err(
            Failure::new(Exit::Usage, "plan", "which plan is to be reviewed?")
                .hint("undersign review PLAN"),
        );
    };
    let trust = arguments.trust.open().map(|opened| opened.trust);
    let policies = arguments.policy.open(trust.as_ref().ok(), &argument.plan)?;
    // Before it is opened: what is written while it is read must be seen too.
    let watched = Watched::new(&argument.plan);
    let plan = open::plan(argument)?;
    let signing = trust.and_then(|trust| signing(arguments, trust, plan.file.as_ref()));
    let beside = if argument.plan.as_os_str() == "-" {
        PathBuf::from("plan.json")
    } else {
        argument.plan.clone()
    };
    let review = Review {
        name: plan.name,
        file: plan.file,
        bytes: plan.bytes,
        json: plan.json,
        policies,
        signing,
        drafts: Some(places::drafts()?),
        watched,
        results: Results::Beside {
            plan: beside,
            approval: arguments.output.clone(),
        },
    };
    let outcome = if arguments.plain {
        at_prompts(review, &arguments.looks)?
    } else {
        on_screen(review, &arguments.looks)?
    };
    match outcome {
        Outcome::Signed(receipt) => {
            print(&receipt.0)?;
            Ok(Exit::Success)
        }
        Outcome::Rejected(said) => {
            print(&said)?;
            Ok(Exit::Rejected)
        }
        Outcome::Left { saved } => {
            let plan = argument.plan.display();
            print(&if saved {
                format!(
                    "Left before signing. What you said is kept; go on with: undersign review {plan}\n"
                )
            } else {
                format!(
                    "Left before signing. Nothing was said that is kept; review again with: undersign review {plan}\n"
                )
            })?;
            Ok(Exit::Aborted)
        }
    }
}

/// A desk with everything on it, and what the loader sends to whoever sits there.
struct Begun {
    desk: Desk,
    setup: ui::Setup,
    messages: Receiver<Msg>,
}

impl Review {
    /// What was approved last where this plan goes, kept beside the drafts.
    fn memory(&self) -> Option<Memory> {
        let directory = self.drafts.as_ref()?.with_file_name("approved");
        let Results::Beside { plan, .. } = &self.results else {
            return None;
        };
        let plan = plan.canonicalize().unwrap_or_else(|_| plan.clone());
        let beside = plan.parent().unwrap_or(Path::new("."));
        Some(Memory::new(&directory, self.file.as_ref()?, beside))
    }

    /// Starts reading the plan.
    fn begin(self, looks: &Looks) -> Result<Begun, Failure> {
        let (spool, source) = self.json.keep()?;
        let earlier = match (&self.drafts, &self.file) {
            (Some(directory), Some(file)) => Draft::new(directory, &file.sha256).load()?,
            _ => None,
        };
        let memory = self.memory();
        let policy_sha256 = self.policies.sha256();
        let rules = self.policies.ruleset.iter().flat_map(|rules| &rules.files);
        let texts = rules
            .map(|file| (file.path.clone(), file.text.clone()))
            .collect();
        let (messages, loaded) = loading::start(
            self.json,
            self.bytes,
            spool,
            self.file.clone(),
            loading::Earlier {
                drafts: self.drafts.clone(),
                memory: memory.clone(),
            },
            self.policies,
        );
        let (signing, identity) = match self.signing {
            Ok(signing) => {
                let identity = signing.identity.describe();
                (Some(signing), Ok(identity))
            }
            Err(failure) => (None, Err(why_not(&failure))),
        };
        let target = signing.as_ref().map(|signing| signing.scope.id.clone());
        let setup = ui::Setup {
            plan: self.name.clone(),
            phrase: target.clone().unwrap_or_else(|| self.name.clone()),
            target,
            identity,
            restored: earlier.as_ref().map(loading::describe),
            log: earlier.unwrap_or_default(),
            policies: Arc::new(texts),
            theme: looks.theme(std::env::var_os("NO_COLOR").as_deref()),
        };
        let desk = Desk {
            name: self.name,
            source: Arc::new(source),
            file: self.file,
            loaded,
            drafts: self.drafts,
            policy_sha256,
            memory,
            signing,
            results: self.results,
            watched: self.watched,
            since: Instant::now(),
        };
        Ok(Begun {
            desk,
            setup,
            messages,
        })
    }
}

/// Runs the screen until the review ends.
pub fn on_screen(review: Review, looks: &Looks) -> Result<Outcome, Failure> {
    let mut begun = review.begin(looks)?;
    ui::run(begun.setup, &begun.messages, &mut begun.desk)
}

/// Asks line by line until the review ends. The plan is read to its end first.
fn at_prompts(review: Review, looks: &Looks) -> Result<Outcome, Failure> {
    let Begun {
        mut desk,
        setup,
        messages,
    } = review.begin(looks)?;
    let mut rows = Vec::new();
    let mut log = setup.log;
    for message in messages {
        match message {
            Msg::Rows(more) => rows.extend(more),
            Msg::Restored(earlier, _) => log = earlier,
            Msg::Opinion(opinion, secrets) => {
                let of_plan = verdicts::attach(&mut rows, &opinion, &secrets);
                rows.splice(..0, of_plan).for_each(drop);
            }
            Msg::Loaded(_, signals) => rows.splice(..0, signals).for_each(drop),
            Msg::LoadFailed(failure) => return Err(failure),
            _ => {}
        }
    }
    let file = desk.file.clone();
    let loaded = Arc::clone(&desk.loaded);
    let judgement = loaded.judgement()?;
    let report = Report {
        name: &setup.plan,
        judgement,
        file: file.as_ref(),
        rows: &rows,
    };
    print(&report.to_text())?;
    let plain = Plain {
        rows: &rows,
        log,
        phrase: setup.identity.map(|_| setup.phrase),
        judgement,
        file: file.as_ref(),
        theme: setup.theme,
    };
    plain.run(
        &mut std::io::stdin().lock(),
        &mut std::io::stdout(),
        &mut desk,
    )
}

/// A refusal in one line, with what to do.
fn why_not(failure: &Failure) -> String {
    std::iter::once(failure.error.as_str())
        .chain(failure.hints.first().map(String::as_str))
        .collect::<Vec<_>>()
        .join(". ")
}

/// Who may sign this plan here, and for which scope.
fn signing(
    arguments: &Arguments,
    trust: Trust,
    file: Option<&PlanFile>,
) -> Result<Signing, Failure> {
    let scope = scope_for(&trust, arguments.scope.as_deref(), file)?.clone();
    let identity = Identity::find(&trust, arguments.key.as_deref())?;
    Ok(Signing {
        trust,
        scope,
        identity,
    })
}

/// The scope is chosen by what the plan file says; a plan JSON says nothing, so it is named or the only one.
fn scope_for<'a>(
    trust: &'a Trust,
    named: Option<&str>,
    file: Option<&PlanFile>,
) -> Result<&'a Scope, Failure> {
    match (file, named, trust.scopes.as_slice()) {
        (Some(file), None, _) => {
            scope::choose(trust, &file.workspace, &file.backend_type, &file.lineage)
        }
        (Some(file), Some(id), _) => {
            let chosen = scope::choose(trust, &file.workspace, &file.backend_type, &file.lineage)?;
            if chosen.id == id {
                return Ok(chosen);
            }
            Err(
                Failure::new(Exit::Mismatch, "scope", "the plan is for another scope")
                    .expected(id, &chosen.id),
            )
        }
        (None, Some(id), _) => scope::named(trust, id),
        (None, None, [only]) => Ok(only),
        (None, None, _) => Err(Failure::new(
            Exit::Usage,
            "scope",
            "a plan JSON does not say its target, and the trust file has several scopes",
        )
        .hint("Name one with --scope, or review the plan file.")),
    }
}

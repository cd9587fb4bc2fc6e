//! `undersign inbox`: the plans that agents submitted; one is opened for review, the others say what came of them.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use super::check::print;
use super::looks::Looks;
use super::open::PlanArgument;
use super::places::StateDirectory;
use super::policy::PolicyArgument;
use super::review::{self, Said};
use super::status::{Status, became};
use super::trust::TrustArgument;
use crate::failure::{Exit, Failure};
use crate::review::inbox::{Entry, Inbox};
use crate::text::visible;
use crate::trust::Trust;
use crate::ui::hands::Outcome;
use crate::ui::inbox::{Item, choose};

/// Where submitted plans are.
#[derive(Debug, Clone, Args)]
pub struct InboxArgument {
    /// The directory of submitted plans [default: inbox in your own state directory].
    #[arg(long, value_name = "DIR")]
    pub inbox: Option<PathBuf>,
}

impl InboxArgument {
    /// Opens the inbox that is meant.
    pub fn open(&self) -> Result<Inbox, Failure> {
        match &self.inbox {
            Some(directory) => Inbox::open(directory),
            None => Inbox::open(&StateDirectory::find()?.inbox()),
        }
    }
}

/// What `inbox` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Open this plan at once: what `submit` printed, or the beginning of it.
    #[arg(value_name = "ID")]
    pub id: Option<String>,

    /// The inbox.
    #[command(flatten)]
    pub inbox: InboxArgument,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The key to sign with: as for `review`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// The terraform or tofu to read plan files with [default: the one on PATH].
    #[arg(long, value_name = "PATH")]
    pub tool: Option<PathBuf>,

    /// A CLI configuration that says where the tool finds providers: as for `review`.
    #[arg(long, value_name = "FILE")]
    pub cli_config: Option<PathBuf>,

    /// An earlier review that the opened plan is held against: as for `review`.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// Print the list, or review the opened plan line by line, instead of drawing a screen.
    #[arg(long)]
    pub plain: bool,

    /// How the screen looks.
    #[command(flatten)]
    pub looks: Looks,
}

/// Shows the list, or opens one plan.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let inbox = arguments.inbox.open()?;
    if let Some(id) = &arguments.id {
        return review::say(open(arguments, &inbox.find(id)?)?);
    }
    let trust = arguments.trust.open().map(|opened| opened.trust);
    let (shown, unusable) = items(&inbox, trust.as_ref())?;
    if arguments.plain || !std::io::stdout().is_terminal() {
        print(&to_text(&shown, &unusable))?;
        return Ok(Exit::Success);
    }
    let mut items = || items(&inbox, trust.as_ref()).map(|(items, _)| items);
    let mut notice = unusable.first().map(|failure| failure.error.clone());
    while let Some(id) = choose(notice.take(), arguments.looks.theme(), &mut items)? {
        notice = Some(match open(arguments, &inbox.find(&id)?) {
            Ok(Outcome::Signed(_)) => "signed; its approval lies beside it".into(),
            Ok(Outcome::Rejected(_)) => "sent back; the agent can read why".into(),
            Ok(Outcome::Left { saved: true }) => {
                "left before signing; what you said is kept".into()
            }
            Ok(Outcome::Left { saved: false } | Outcome::Remade) => "left before signing".into(),
            Err(failure) => failure.error,
        });
    }
    Ok(Exit::Success)
}

/// Reviews a plan of the inbox, unless somebody else is at it.
fn open(arguments: &Arguments, entry: &Entry) -> Result<Outcome, Failure> {
    let Some(_turn) = entry.turn()? else {
        return Err(Failure::new(
            Exit::EnvironmentUnsafe,
            "in-review",
            format!(
                "plan {} is being reviewed by somebody else",
                &entry.id()[..12]
            ),
        )
        .hint("Wait until they are done; `undersign status` tells."));
    };
    let submission = &entry.submission;
    let plan = PlanArgument {
        plan: entry.plan(),
        tool: arguments.tool.clone(),
        cli_config: arguments.cli_config.clone(),
        directory: None,
    };
    let review = review::Arguments {
        plan: None,
        keys: false,
        trust: arguments.trust.clone(),
        key: arguments.key.clone(),
        scope: submission.scope.clone(),
        output: None,
        since: arguments.since.clone(),
        watch: false,
        plain: arguments.plain,
        policy: PolicyArgument::default(),
        break_glass: false,
        ticket: None,
        reason: None,
        directory: PathBuf::from("."),
        looks: arguments.looks.clone(),
        said: Some(Said {
            name: submission.name.clone(),
            task: submission.task.clone(),
        }),
    };
    review::review(&review, &plan)
}

/// What is shown of each plan, and what is said of those that cannot be used.
fn items(
    inbox: &Inbox,
    trust: Result<&Trust, &Failure>,
) -> Result<(Vec<Item>, Vec<Failure>), Failure> {
    let now = jiff::Timestamp::now();
    let mut items = Vec::new();
    let (entries, mut unusable) = inbox.list()?;
    for entry in entries {
        let became = match became(&entry, trust, now) {
            Ok(became) => became,
            Err(failure) => {
                unusable.push(failure);
                continue;
            }
        };
        let submission = entry.submission;
        items.push(Item {
            age: age(&submission.submitted_at, now),
            id: submission.plan_sha256,
            name: submission.name,
            task: submission.task,
            risks: submission.risks,
            status: became.status.word(),
            waits: became.status == Status::Pending,
        });
    }
    // What waits comes first; among the rest the order is the same.
    items.sort_by_key(|item| !item.waits);
    Ok((items, unusable))
}

/// How long something has been there, in one unit.
fn age(since: &str, now: jiff::Timestamp) -> String {
    let Ok(since) = since.parse::<jiff::Timestamp>() else {
        return "?".into();
    };
    let minutes = now.duration_since(since).as_secs().max(0) / 60;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

fn to_text(items: &[Item], unusable: &[Failure]) -> String {
    let mut out = String::new();
    for item in items {
        let [critical, high, medium, low] = item.risks;
        let _ = writeln!(
            out,
            "{}  {:<17} {:>6}  {critical} critical, {high} high, {medium} medium, {low} low  {}\n              {}",
            &item.id[..12],
            item.status,
            item.age,
            visible(&item.name),
            visible(&item.task),
        );
    }
    for failure in unusable {
        let _ = writeln!(out, "not shown: {}", visible(&failure.error));
    }
    match items.len() + unusable.len() {
        0 => out.push_str(
            "No plan was submitted here.
",
        ),
        all => _ = writeln!(out, "shown {} of {all}", items.len()),
    }
    out
}

//! `undersign review`: the screen; it ends in an approval, in a rejection with comments, or in a draft that waits.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use super::check::print;
use super::directory;
use super::looks::Looks;
use super::open::{self, PlanArgument};
use super::places::StateDirectory;
use super::policy::PolicyArgument;
use super::prompts::at_prompts;
use super::results::{Destination, Results};
use super::signing::signing;
use super::since;
use super::trust::TrustArgument;
use super::watch::Watched;
use crate::failure::{Exit, Failure};
use crate::review::carry::Earlier;
use crate::ui;
use crate::ui::hands::Outcome;
use crate::ui::{keymap, marks};

mod begin;
mod ended;

pub(super) use begin::Begun;
pub use begin::Review;
pub use ended::say;

/// What `review` takes.
#[derive(Debug, Clone, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Arguments {
    /// The plan; only `--keys` needs none.
    #[command(flatten)]
    pub plan: Option<PlanArgument>,

    /// Print every key of the screen and what it does, and what the marks mean.
    #[arg(long, exclusive = true)]
    pub keys: bool,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// The key to sign with: a private key file, or a public one whose private key an ssh-agent holds
    /// [default: the one key in the agent, else in ~/.ssh, that the trust file knows].
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// The scope that holds, for a plan JSON that does not say its target [default: the only one].
    #[arg(long, value_name = "ID")]
    pub scope: Option<String>,

    /// Where the approval is written; of several plans the directory that the approvals are written below, each at the
    /// path of its plan [default: PLAN.approvals/PERSON-NONCE.json].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Break the glass: approve without acknowledging one by one, alone, for half an hour at most. Who may is said in the
    /// trust file, and nothing else is applied until a second person has countersigned.
    #[arg(long, requires_all = ["ticket", "reason"])]
    pub break_glass: bool,

    /// Where others can read what happens: the number of an incident.
    #[arg(long, value_name = "TICKET", requires = "break_glass")]
    pub ticket: Option<String>,

    /// What cannot wait.
    #[arg(long, value_name = "TEXT", requires = "break_glass")]
    pub reason: Option<String>,

    /// The directory of the configuration, where the trust file says workdir = "manifest"; of several plans the one in
    /// which their units lie.
    #[arg(long = "dir", value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,

    /// An approval, a draft or a rejection of an earlier plan that you reviewed: what is the same to the last value comes
    /// acknowledged, and only the rest is asked.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// When the plan file is made again while it is reviewed, offer to go on with the new one.
    #[arg(long, conflicts_with = "plain")]
    pub watch: bool,

    /// Ask line by line instead of drawing a screen: for screen readers and plain terminals.
    #[arg(long)]
    pub plain: bool,

    /// How the screen looks.
    #[command(flatten)]
    pub looks: Looks,

    /// What an agent said about the plan, where it was submitted.
    #[arg(skip)]
    pub said: Option<Said>,
}

/// What an agent said about a plan.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its file name; it lies under another one.
    pub name: String,
    /// What it is for.
    pub task: String,
}

/// Reviews a plan, and says how that ended.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.keys {
        print(&(keymap::print() + &marks::print()))?;
        return Ok(Exit::Success);
    }
    let Some(argument) = &arguments.plan else {
        return Err(
            Failure::new(Exit::Usage, "plan", "which plan is to be reviewed?")
                .hint("undersign review PLAN"),
        );
    };
    say(review(arguments, argument)?)
}

/// Reviews a plan, and those that are made of it while it is watched.
pub fn review(arguments: &Arguments, argument: &PlanArgument) -> Result<Outcome, Failure> {
    let prompts = arguments.plain || arguments.break_glass;
    if !prompts && !std::io::stdout().is_terminal() {
        return Err(
            Failure::new(Exit::Usage, "no-terminal", "a review needs a terminal")
                .hint("Ask line by line instead: undersign review --plain PLAN")
                .hint("For the same analysis as text: undersign check PLAN"),
        );
    }
    let state = StateDirectory::find()?;
    if argument.plan.is_dir() {
        return directory::review(arguments, argument, &state);
    }
    let mut since = match &arguments.since {
        Some(path) => Some(since::earlier(path, &state)?),
        None => None,
    };
    loop {
        let review = prepare(arguments, argument, state.clone(), since.take())?;
        if prompts {
            return at_prompts(review, &arguments.looks);
        }
        let mut begun = review.begin(&arguments.looks)?;
        let outcome = ui::run(begun.setup, &begun.loading.messages, &mut begun.desk)?;
        if outcome != Outcome::Remade {
            return Ok(outcome);
        }
        since = begun.desk.earlier()?;
    }
}

/// Opens the plan and finds out who may sign it.
///
/// `open` says whether a tool is started already.
pub(super) fn prepare(
    arguments: &Arguments,
    argument: &PlanArgument,
    state: StateDirectory,
    since: Option<Earlier>,
) -> Result<Review, Failure> {
    let trust = arguments.trust.open().map(|opened| opened.trust);
    let policies = arguments.policy.open(trust.as_ref().ok(), &argument.plan)?;
    // Before it is opened: what is written while it is read must be seen too.
    let watched = Watched::new(&argument.plan);
    let plan = open::plan(argument)?;
    let signing = match trust.and_then(|trust| signing(arguments, trust, plan.file.as_ref())) {
        // Whoever breaks the glass has come to sign, and is told at once that they cannot.
        Err(failure) if arguments.break_glass => return Err(failure),
        signing => signing,
    };
    let said = arguments.said.as_ref();
    let path = match argument.plan.as_os_str() {
        stdin if stdin == "-" => PathBuf::from("plan.json"),
        path => path.into(),
    };
    Ok(Review {
        name: said.map_or(plan.name, |said| said.name.clone()),
        task: said.map(|said| said.task.clone()),
        file: plan.file,
        bytes: plan.bytes,
        json: plan.json,
        policies,
        signing,
        state: Some(state),
        since,
        watch: arguments.watch,
        watched,
        results: Results::Beside {
            approval: match &arguments.output {
                Some(file) => Destination::File(file.clone()),
                None => Destination::Beside(path.clone()),
            },
            plan: path,
        },
    })
}

/// Runs the screen until the review ends.
pub fn on_screen(review: Review, looks: &Looks) -> Result<Outcome, Failure> {
    let mut begun = review.begin(looks)?;
    ui::run(begun.setup, &begun.loading.messages, &mut begun.desk)
}

//! `undersign review`: the screen; it ends in an approval, in a rejection with comments, or in a draft that waits.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arcstr::ArcStr;
use clap::Args;

use super::check::print;
use super::desk::{Desk, Destination, Results, Signing};
use super::directory;
use super::loading::{self, Loaded, Loading, Unread};
use super::looks::Looks;
use super::open::{self, Json, PlanArgument};
use super::places::StateDirectory;
use super::policy::PolicyArgument;
use super::prompts::at_prompts;
use super::signing::{signing, then};
use super::since;
use super::trust::TrustArgument;
use super::watch::Watched;
use crate::approval::set::Member;
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanFile;
use crate::policy::Policies;
use crate::review::carry::Earlier;
use crate::review::draft::Draft;
use crate::review::log::Log;
use crate::review::memory::Memory;
use crate::text::visible;
use crate::ui;
use crate::ui::hands::Outcome;
use crate::ui::{keymap, marks};

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
    /// What an agent says it is for.
    pub task: Option<String>,
    /// Where drafts and memories lie.
    pub state: Option<StateDirectory>,
    /// The earlier review that the plan is held against.
    pub since: Option<Earlier>,
    /// Whether the plan that is made again is offered.
    pub watch: bool,
    /// The plan on disk, where there is one.
    pub watched: Option<Watched>,
    /// Where the results go.
    pub results: Results,
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

/// Says how a review ended.
pub fn say(outcome: Outcome) -> Result<Exit, Failure> {
    match outcome {
        Outcome::Signed(receipt) => {
            print(&receipt.0)?;
            Ok(Exit::Success)
        }
        Outcome::Rejected(said) => {
            print(&said)?;
            Ok(Exit::Rejected)
        }
        // Whoever goes on is not out yet.
        Outcome::Remade => Ok(Exit::Aborted),
        Outcome::Left { saved } => {
            let again = as_typed();
            print(&if saved {
                format!("Left before signing. What you said is kept; go on with: {again}\n")
            } else {
                format!(
                    "Left before signing. Nothing was said that is kept; review again with: {again}\n"
                )
            })?;
            Ok(Exit::Aborted)
        }
    }
}

/// This command as it was typed, for a shell: whoever goes on means the same policies, findings and key.
fn as_typed() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| quoted(&visible(&word.to_string_lossy())));
    std::iter::once("undersign".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A desk with everything on it, and the plan that is being read for whoever sits there.
pub(super) struct Begun {
    /// The desk.
    pub desk: Desk,
    /// What is known before the plan is read.
    pub setup: ui::Setup,
    /// The plan that is being read.
    pub loading: Loading,
}

impl Review {
    /// What was approved last where this plan goes, kept beside the drafts.
    fn memory(&self) -> Option<Memory> {
        let directory = self.state.as_ref()?.approved();
        let Results::Beside { plan, .. } = &self.results else {
            return None;
        };
        let plan = plan.canonicalize().unwrap_or_else(|_| plan.clone());
        let beside = plan.parent().unwrap_or(Path::new("."));
        Some(Memory::new(&directory, self.file.as_ref()?, beside))
    }

    /// Lays everything out, before anything is read. `unit` and `member` say which of several plans it is.
    pub(super) fn lay(self, unit: Option<ArcStr>, member: Option<Member>) -> Result<Laid, Failure> {
        let (spool, source) = self.json.keep()?;
        let source = Arc::new(source);
        let drafts = self.state.as_ref().map(StateDirectory::drafts);
        let earlier = match (&drafts, &self.file) {
            (Some(directory), Some(file)) => Draft::new(directory, &file.sha256).load()?,
            _ => None,
        };
        let memory = self.memory();
        let policy_sha256 = self.policies.sha256();
        let rules = self.policies.ruleset.iter().flat_map(|rules| &rules.files);
        let texts = rules
            .map(|file| (file.path.clone(), file.text.clone()))
            .collect();
        let loaded = Arc::new(Loaded::default());
        let reviewed = self
            .since
            .map(|earlier| (earlier.at(self.file.as_ref()), Arc::clone(&source)));
        let unread = Unread {
            unit,
            json: self.json,
            bytes: self.bytes,
            spool,
            file: self.file.clone(),
            earlier: loading::Earlier {
                drafts,
                memory: memory.clone(),
                reviewed,
            },
            policies: self.policies,
            loaded: Arc::clone(&loaded),
        };
        let (signing, identity) = match self.signing {
            Ok(signing) => {
                let identity = signing.identity.describe();
                (Some(signing), Ok(identity))
            }
            Err(failure) => (None, Err(Box::new(failure))),
        };
        let desk = Desk {
            name: self.name,
            member,
            source,
            file: self.file,
            loaded,
            policy_sha256,
            state: self.state,
            remembered: BTreeMap::new(),
            memory,
            signing,
            results: self.results,
            watched: self.watched,
            since: Instant::now(),
        };
        Ok(Laid {
            desk,
            unread,
            identity,
            restored: earlier,
            policies: texts,
        })
    }

    /// Starts reading the plan.
    pub(super) fn begin(self, looks: &Looks) -> Result<Begun, Failure> {
        let (task, watch) = (self.task.clone(), self.watch);
        let laid = self.lay(None, None)?;
        let desk = laid.desk;
        let target = desk
            .signing
            .as_ref()
            .map(|signing| signing.scope.id.clone());
        let setup = ui::Setup {
            plan: desk.name.clone(),
            set: None,
            phrase: target.clone().unwrap_or_else(|| desk.name.clone()),
            target,
            identity: laid.identity,
            restored: laid.restored.as_ref().map(loading::describe).or_else(|| {
                let task = task.as_ref()?;
                Some(format!("the agent says: {task}"))
            }),
            task,
            then: desk.signing.as_ref().and_then(|signing| then(&[signing])),
            watch,
            log: laid.restored.unwrap_or_default(),
            policies: Arc::new(laid.policies),
            theme: looks.theme(),
        };
        Ok(Begun {
            desk,
            setup,
            loading: loading::start(vec![laid.unread]),
        })
    }
}

/// A plan that is laid out for review.
pub(super) struct Laid {
    /// The desk.
    pub desk: Desk,
    /// What is read next.
    pub unread: Unread,
    /// Who signs, or why nobody can.
    pub identity: Result<String, Box<Failure>>,
    /// What was said in an earlier sitting.
    pub restored: Option<Log>,
    /// The texts of the policies, by the name of their file.
    pub policies: BTreeMap<String, String>,
}

/// Runs the screen until the review ends.
pub fn on_screen(review: Review, looks: &Looks) -> Result<Outcome, Failure> {
    let mut begun = review.begin(looks)?;
    ui::run(begun.setup, &begun.loading.messages, &mut begun.desk)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_typed_again_means_the_same_to_a_shell() {
        assert_eq!(quoted("plan.tfplan"), "plan.tfplan");
        assert_eq!(quoted("--policy=a/b"), "--policy=a/b");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("the shop is down"), "'the shop is down'");
        assert_eq!(quoted("it's; rm *"), r"'it'\''s; rm *'");
    }
}

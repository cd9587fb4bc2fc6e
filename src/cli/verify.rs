//! `undersign verify`: is this plan approved, by whom, until when. Changes nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Format;
use super::check::print;
use super::policy::PolicyArgument;
use super::set;
use super::silence::Silence;
use super::trust::TrustArgument;
use crate::approval::set::Member;
use crate::approval::statement::{Hex, Mode, Utc};
use crate::failure::{Exit, Failure};
use crate::gate::harden::harden;
use crate::gate::verify::{Request, Verified, verify};
use crate::policy::worker::Program;
use crate::text::visible;
use crate::trust::{self, ledger::Ledger};

/// What `verify` and `apply` take.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan file, or the directory of several that were reviewed together.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,

    /// An approval; give it several times for several people and several plans. A directory stands for those in it, for
    /// several plans for those that a review wrote below it [default: those in PLAN.approvals/].
    #[arg(long = "approval", value_name = "FILE", num_args = 1..)]
    pub approvals: Vec<PathBuf>,

    /// Whose signature counts.
    #[command(flatten)]
    pub trust: TrustArgument,

    /// The terraform or tofu that made the plan, where the trust file names none [default: the one on PATH].
    #[arg(long, value_name = "PATH")]
    pub tool: Option<PathBuf>,

    /// The directory of the configuration, where the trust file says workdir = "as-is"; of several plans the one in which
    /// their units lie.
    #[arg(long = "dir", value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,

    /// Who asked for the change, where the trust file excludes them from approving it.
    #[arg(long, value_name = "NAME")]
    pub requester: Option<String>,

    /// The policies.
    #[command(flatten)]
    pub policy: PolicyArgument,

    /// Print text, or one JSON object for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Arguments {
    /// What is asked of the gate, and told of what is waited for. The process is made safe before anything is read.
    pub fn request(&self, silence: &Arc<Silence>) -> Result<Request, Failure> {
        self.request_for(&self.plan, None, &self.directory, silence)
    }

    /// The same for a plan of a set, whose configuration lies in `directory`.
    pub fn request_for(
        &self,
        plan: &Path,
        member: Option<Member>,
        directory: &Path,
        silence: &Arc<Silence>,
    ) -> Result<Request, Failure> {
        harden()?;
        let opened = self.trust.open()?;
        Ok(Request {
            plan: plan.into(),
            member,
            approvals: self.approvals.clone(),
            trust: opened.trust,
            held_by: opened.held_by,
            tool: self.tool.clone(),
            directory: directory.into(),
            requester: self.requester.clone(),
            policy: self.policy.policy.clone(),
            brought: self.policy.brought.open(plan)?,
            worker: Program::own()?,
            variables: std::env::vars_os().collect(),
            now: jiff::Timestamp::now(),
            told: silence.told(),
        })
    }
}

/// Verifies, and prints who approved and what that is worth.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.plan.is_dir() {
        return set::verify(arguments);
    }
    let silence = Silence::on_terminal();
    let request = arguments.request(&silence)?;
    let verified = verify(&request)?;
    silence.end();
    print(&match arguments.format {
        Format::Text => to_text(&verified) + &used(&request, &verified),
        Format::Json => to_json(&verified, None) + "\n",
    })?;
    Ok(Exit::Success)
}

/// That the plan was applied already, where the ledger lies on this machine: approved, it is refused all the same.
///
/// A ledger that is not there is not made by looking.
fn used(request: &Request, verified: &Verified) -> String {
    let directory = match &request.trust.ledger {
        None => Ledger::default_place().ok(),
        Some(trust::Ledger::Dir(directory)) => Some(directory.clone()),
        Some(trust::Ledger::Remote(_)) => None,
    };
    let plan = Hex(verified.prepared.plan.sha256());
    directory
        .filter(|directory| directory.exists())
        .and_then(|directory| Ledger::open(&directory).ok()?.refuse_used(plan).err())
        .map_or_else(String::new, |failure| {
            format!(
                "but           {}; apply refuses it\n",
                visible(&failure.error)
            )
        })
}

/// The verification for people.
pub fn to_text(verified: &Verified) -> String {
    let Verified {
        facts,
        scope,
        prepared,
        approvals,
        ..
    } = verified;
    let mut out = format!(
        "approved      {}\nsha256        {}\n",
        visible(&facts.name),
        Hex(prepared.plan.sha256())
    );
    if let Some(declared) = &verified.emergency {
        let _ = writeln!(
            out,
            "BREAK-GLASS   {}: {}\n              {} of {} not acknowledged; nothing else is applied until a second person countersigns",
            visible(&declared.emergency.ticket),
            visible(&declared.emergency.reason),
            declared.not_acknowledged,
            verified.required.len(),
        );
    }
    for vote in &approvals.verified {
        let _ = writeln!(
            out,
            "by            {}  {} ({}, {})",
            visible(&vote.person),
            vote.key.fingerprint(),
            vote.key.key_type().name(),
            vote.assurance.word()
        );
    }
    let _ = writeln!(
        out,
        "for           {}  workspace {}  backend {}\nuntil         {}\nacknowledged  {}\nlevel         {}  {}",
        visible(&scope.id),
        visible(&prepared.file.workspace),
        visible(&prepared.file.backend_type),
        Utc::of(verified.expires_at),
        acknowledged(verified),
        verified.level.word(),
        verified.level.claim(),
    );
    for (name, failure) in &approvals.refused {
        let _ = writeln!(
            out,
            "not counted   {}: {}",
            visible(name),
            visible(&failure.error)
        );
    }
    out
}

/// How many of the changes that ask were acknowledged: all, but in an emergency.
fn acknowledged(verified: &Verified) -> usize {
    let open = verified
        .emergency
        .as_ref()
        .map_or(0, |declared| declared.not_acknowledged);
    verified.required.len() - open
}

/// How an apply ended, for programs.
#[derive(Debug, Serialize)]
pub struct End<'a> {
    /// The word in the ledger.
    pub outcome: &'a str,
    /// The tool's own summary.
    pub summary: Option<&'a str>,
}

/// The verification as one JSON object, with how an apply of it ended.
pub fn to_json(verified: &Verified, end: Option<&End<'_>>) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report<'a> {
        schema: u32,
        approved: bool,
        plan: &'a str,
        sha256: Hex,
        json_sha256: Hex,
        scope: &'a str,
        workspace: &'a str,
        backend: &'a str,
        mode: &'static str,
        persons: &'a [String],
        approvals: Vec<Vote<'a>>,
        expires_at: Utc,
        acknowledged: usize,
        level: &'static str,
        claim: &'static str,
        not_counted: Vec<NotCounted<'a>>,
        #[serde(flatten)]
        end: Option<&'a End<'a>>,
    }
    #[derive(Serialize)]
    struct Vote<'a> {
        id: Hex,
        person: &'a str,
        key: String,
        assurance: &'static str,
    }
    #[derive(Serialize)]
    struct NotCounted<'a> {
        file: &'a str,
        code: u8,
        reason: &'a str,
        error: &'a str,
    }
    let Verified {
        facts,
        scope,
        prepared,
        approvals,
        ..
    } = verified;
    let report = Report {
        schema: 1,
        approved: true,
        plan: &facts.name,
        sha256: Hex(prepared.plan.sha256()),
        json_sha256: Hex(facts.json.sha256),
        scope: &scope.id,
        workspace: &prepared.file.workspace,
        backend: &prepared.file.backend_type,
        mode: match verified.emergency {
            Some(_) => Mode::BreakGlass.word(),
            None => Mode::Normal.word(),
        },
        persons: &verified.persons,
        approvals: approvals
            .verified
            .iter()
            .map(|vote| Vote {
                id: Hex(vote.approval_id),
                person: &vote.person,
                key: vote.key.fingerprint(),
                assurance: vote.assurance.word(),
            })
            .collect(),
        expires_at: Utc::of(verified.expires_at),
        acknowledged: acknowledged(verified),
        level: verified.level.word(),
        claim: verified.level.claim(),
        not_counted: approvals
            .refused
            .iter()
            .map(|(file, failure)| NotCounted {
                file,
                code: failure.exit.code(),
                reason: failure.reason,
                error: &failure.error,
            })
            .collect(),
        end,
    };
    serde_json::to_string(&report).expect("texts and numbers")
}

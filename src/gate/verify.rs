//! Is this plan approved, by whom, until when?
//!
//! Everything an approval could say of a plan is worked out again here, from one sealed copy: its target from the plan
//! file, its JSON from our own run of the tool, its rows and findings from that JSON. An approval counts only if it says
//! the same. The steps stand in the order in which they are made; the first that fails ends the verification, but a bad
//! approval does not stop a good one beside it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::conditions::{self, Context};
use super::level::Level;
use super::place::{self, Place};
use super::prepare::{Prepared, Told};
use super::sealed::SealedPlan;
use super::tool;
use crate::approval::covers::{covers, overrides};
use crate::approval::emergency::Emergency;
use crate::approval::facts::{self, Facts};
use crate::approval::set::Member;
use crate::approval::statement::{Acknowledgement, Hex, Mode};
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::effect::Kind;
use crate::policy::Policies;
use crate::policy::brought::Brought;
use crate::policy::worker::Program;
use crate::review::judge::{self, Judgement, Step};
use crate::review::{Requirement, verdicts};
use crate::risk::{Judged, ruleset_sha256};
use crate::trust::approvals::{self, Gathered, Verified as Vote};
use crate::trust::file::HeldBy;
use crate::trust::people;
use crate::trust::policies::policies;
use crate::trust::{Scope, Trust, scope};

/// What is asked, and from where.
#[derive(Debug, Clone)]
pub struct Request {
    /// The plan file.
    pub plan: PathBuf,
    /// Which plan of which set it is, where several go together.
    pub member: Option<Member>,
    /// The approvals, and directories of them; where there are none, the directory beside the plan.
    pub approvals: Vec<PathBuf>,
    /// What the trust file says.
    pub trust: Trust,
    /// What keeps others from changing the trust file.
    pub held_by: HeldBy,
    /// The tool, where the trust file names none.
    pub tool: Option<PathBuf>,
    /// The directory of the configuration, for a trust file that says `workdir = "as-is"`.
    pub directory: PathBuf,
    /// Who asked for the change, as the place that runs the gate says.
    pub requester: Option<String>,
    /// Policies that the plan is held against, where the trust file names none or pins their digest.
    pub policy: Option<PathBuf>,
    /// Findings and the scope of the task that the plan is held against as well.
    pub brought: Brought,
    /// The program that evaluates them.
    pub worker: Program,
    /// Our own environment: where tools are looked for, and where variables that may pass come from.
    pub variables: Vec<(OsString, OsString)>,
    /// The time.
    pub now: Timestamp,
    /// Who hears what is waited for.
    pub told: Told,
}

/// A plan that may be applied.
#[derive(Debug)]
pub struct Verified {
    /// What the verification is worth.
    pub level: Level,
    /// The scope whose rules were followed.
    pub scope: Scope,
    /// Who approved.
    pub persons: Vec<String>,
    /// From when on the first of the approvals counts no more.
    pub expires_at: Timestamp,
    /// The approvals, those that hold and those that do not.
    pub approvals: Gathered,
    /// What was found out about the plan.
    pub facts: Facts,
    /// What had to be acknowledged, and was.
    pub required: Vec<Requirement>,
    /// The plan, its tool and its environment, ready to be applied.
    pub prepared: Prepared,
    /// Where the tool will run.
    pub work_dir: PathBuf,
    /// The emergency that stands in for enough people, where there are too few.
    pub emergency: Option<InEmergency>,
}

/// An emergency that one person has declared for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InEmergency {
    /// The ticket and the reason.
    pub emergency: Emergency,
    /// The approval that declares it.
    pub approval_id: Sha256,
    /// How many changes asked for an acknowledgement and had none.
    pub not_acknowledged: usize,
}

/// Verifies a plan and changes nothing.
///
/// Whatever is wrong with a plan that is there ends as [`Exit::Mismatch`]: it is not what was approved.
pub fn verify(request: &Request) -> Result<Verified, Failure> {
    let plan = SealedPlan::of_path(&request.plan)?;
    steps(request, plan).map_err(|failure| match failure.exit {
        Exit::BadPlan => Failure {
            exit: Exit::Mismatch,
            ..failure
        },
        _ => failure,
    })
}

fn steps(request: &Request, plan: SealedPlan) -> Result<Verified, Failure> {
    let trust = &request.trust;
    refuse_larger("max_plan_bytes", plan.size(), trust.limits.max_plan_bytes)?;
    let file = plan.describe()?;
    let scope = scope::choose(trust, &file.workspace, &file.backend_type, &file.lineage)?.clone();
    refuse_unbound(&file)?;

    let Place {
        prepared,
        work_dir,
        files_sha256,
    } = place::prepare(request, plan)?;
    let mut policies = policies(
        Some(trust),
        request.policy.as_deref(),
        request.worker.clone(),
    )?;
    policies.brought = request.brought.clone();
    let (judgement, Asked { required, rules }) = judge(&prepared, trust, &policies)?;
    let name = request
        .plan
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let mut facts =
        Facts::of(&name, Some(&prepared.file), &judgement, &scope.id)?.under(policies.sha256());
    facts.workdir_sha256 = files_sha256;
    facts.set.clone_from(&request.member);
    refuse_other_rules(&scope)?;

    let approvals = gather(request, &scope, &facts, &required)?;
    let asked = people::Asked {
        requester: request.requester.as_deref(),
        rules: &rules,
    };
    let (votes, emergencies): (Vec<Vote>, Vec<Vote>) = approvals
        .verified
        .iter()
        .cloned()
        .partition(|vote| vote.statement.predicate.mode == Mode::Normal);
    // Where enough people have approved there is no emergency, whatever else lies beside the plan.
    let (persons, counted, emergency) = match (
        people::enough(trust, &scope, &votes, asked),
        emergencies.first(),
    ) {
        (Ok(persons), _) => (persons, votes.as_slice(), None),
        (Err(_), Some(vote)) => (
            vec![vote.person.clone()],
            std::slice::from_ref(vote),
            Some(in_emergency(vote, &required)),
        ),
        (Err(failure), None) => return Err(failure),
    };
    if let Some(rules) = &trust.conditions {
        let context = Context {
            now: request.now,
            requester: request.requester.as_deref(),
            scope: &scope,
            facts: &facts,
            required: &required,
            votes: counted,
        };
        conditions::hold(rules, &request.worker, context)?;
    }
    let expires_at = counted
        .iter()
        .map(|vote| vote.statement.predicate.expires_at.time())
        .min()
        .expect("enough people are at least one");
    Ok(Verified {
        level: Level::of(
            request.held_by,
            trust,
            is_ours(&request.plan),
            is_program_safe(),
        ),
        emergency,
        scope,
        persons,
        expires_at,
        approvals,
        facts,
        required,
        prepared,
        work_dir,
    })
}

/// What an emergency leaves open.
fn in_emergency(vote: &Vote, required: &[Requirement]) -> InEmergency {
    let approval = &vote.statement.predicate;
    let given: BTreeSet<Requirement> = approval
        .acknowledgements
        .iter()
        .map(Acknowledgement::requirement)
        .collect();
    InEmergency {
        emergency: approval
            .emergency
            .clone()
            .expect("a statement in this mode is read only with its emergency"),
        approval_id: vote.approval_id,
        not_acknowledged: required
            .iter()
            .filter(|requirement| !given.contains(requirement))
            .count(),
    }
}

/// Whether nobody but root and this user can change the program that runs here.
pub(super) fn is_program_safe() -> bool {
    std::env::current_exe().is_ok_and(|program| tool::refuse_writable(&program).is_ok())
}

/// Refuses what an approval cannot bind: a plan that is not whole, and one that asks for values again at apply.
fn refuse_unbound(file: &PlanFile) -> Result<(), Failure> {
    if file.errored {
        return Err(errored());
    }
    if file.apply_time_variables.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "apply-time-variables",
        format!(
            "the plan asks for values again at apply, and no approval can bind them: {}",
            file.apply_time_variables.join(", ")
        ),
    )
    .hint("Plan without ephemeral variables."))
}

fn errored() -> Failure {
    Failure::new(
        Exit::BadPlan,
        "errored",
        "the plan ended in an error and is not whole; it cannot be applied",
    )
    .hint("Correct the error and plan again.")
}

/// What the rows of a plan ask for.
#[derive(Default)]
struct Asked {
    /// Acknowledgements.
    required: Vec<Requirement>,
    /// Every rule that found something, also where it asks for no acknowledgement: a trust file may want more people for it.
    rules: BTreeSet<String>,
}

impl Asked {
    fn add(&mut self, rows: &[Judged]) {
        self.required
            .extend(rows.iter().filter_map(Requirement::of));
        let acting = rows.iter().filter(|row| row.effect.kind != Kind::Drift);
        self.rules
            .extend(acting.flat_map(|row| row.findings.iter().map(|found| found.rule.to_string())));
    }
}

/// Has the tool show the plan, holds it against the policies, and judges every row of what it shows. Returns what they
/// ask for.
fn judge(
    prepared: &Prepared,
    trust: &Trust,
    policies: &Policies,
) -> Result<(Judgement, Asked), Failure> {
    let mut asked = Asked::default();
    // Rows wait for what policies say of them; without policies nothing is kept that nobody looks at.
    let mut waiting = Vec::new();
    let mut shown = prepared.show()?;
    let limit = trust.limits.max_json_bytes;
    let mut bounded = Bounded {
        inner: &mut shown,
        left: limit,
        exceeded: false,
    };
    let file = Some(&prepared.file);
    let judged = judge::judge_under(&mut bounded, None, file, policies, &mut |step| {
        match step {
            Step::Rows(rows) if !policies.is_none() => waiting.extend(rows),
            Step::Rows(rows) => asked.add(&rows),
            Step::Progress(_) | Step::Verdicts(_) => {}
        }
        ControlFlow::Continue(())
    });
    if bounded.exceeded {
        refuse_larger("max_json_bytes", limit.saturating_add(1), limit)?;
    }
    // Why the tool failed says more than that its answer cannot be read.
    shown.finish()?;
    let (judgement, opinion) = judged?;
    if let Some(refusal) = opinion.refusal() {
        return Err(refusal);
    }
    let of_plan = verdicts::attach(&mut waiting, &opinion, &judgement.secrets);
    asked.add(&waiting);
    asked.add(&of_plan);
    asked.add(&judgement.signals);
    refuse_larger(
        "max_changes",
        judgement.header.rows,
        trust.limits.max_changes,
    )?;
    if judgement.header.errored == Some(true) {
        return Err(errored());
    }
    prepared.plan.refuse_if_changed()?;
    Ok((judgement, asked))
}

/// Gives an error instead of the byte after the last that may be read.
struct Bounded<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            self.exceeded = true;
            return Err(io::Error::other(
                "the plan is larger than the trust file allows",
            ));
        };
        self.left = left;
        Ok(count)
    }
}

fn refuse_larger(limit: &str, got: u64, wanted: u64) -> Result<(), Failure> {
    if got <= wanted {
        return Ok(());
    }
    Err(Failure::new(
        Exit::BadPlan,
        "too-large",
        format!("the plan is larger than {limit} of the trust file allows"),
    )
    .expected(format!("at most {wanted}"), got.to_string()))
}

/// A scope may pin the rules that plans are judged by; then ours must be those.
fn refuse_other_rules(scope: &Scope) -> Result<(), Failure> {
    let ours = ruleset_sha256();
    match scope.ruleset_sha256 {
        Some(wanted) if wanted != ours => Err(Failure::new(
            Exit::Mismatch,
            "ruleset",
            "this undersign judges by other rules than the trust file asks for",
        )
        .expected(Hex(wanted).to_string(), Hex(ours).to_string())
        .hint("Use the version of undersign that the trust file was written for.")),
        Some(_) | None => Ok(()),
    }
}

fn gather(
    request: &Request,
    scope: &Scope,
    facts: &Facts,
    required: &[Requirement],
) -> Result<Gathered, Failure> {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    let member = request.member.as_ref().map(|member| &*member.path);
    let found = approvals::find(&request.approvals, &request.plan, member)?;
    approvals::refuse_too_many(found.files.len())?;
    for path in found.files {
        let name = path.display().to_string();
        match approvals::read(&path, &request.trust) {
            Ok(bytes) => files.push((name, bytes)),
            Err(failure) => unreadable.push((name, failure)),
        }
    }
    if files.is_empty()
        && let Some((_, failure)) = unreadable.pop()
    {
        return Err(failure);
    }
    let mut gathered = approvals::gather(&files, |bytes| {
        let vote = approvals::check(bytes, &request.trust, scope, request.now)?;
        facts::matches(&vote.statement, facts)?;
        let approval = &vote.statement.predicate;
        match approval.mode {
            Mode::Normal => {
                covers(required, &approval.acknowledgements)?;
                covers_exactly(required, &approval.acknowledgements)?;
                overrides(required, &approval.overrides)?;
            }
            // Who breaks the glass has no time to say yes to each; how many were left out goes into the record.
            Mode::BreakGlass => {}
        }
        Ok(vote)
    })
    .map_err(|failure| match failure.reason {
        "no-approval" => {
            let places = found.places.iter().map(|place| place.display().to_string());
            let places = places.collect::<Vec<_>>().join(", ");
            failure.expected(format!("one in {places}"), "none")
        }
        _ => failure,
    })?;
    gathered.refused.extend(unreadable);
    Ok(gathered)
}

/// Asks for an acknowledgement of exactly the rules that we find. One of more rules was given to another judgement of the
/// plan than ours, and what the reviewer saw then is not what we know.
fn covers_exactly(required: &[Requirement], acks: &[Acknowledgement]) -> Result<(), Failure> {
    let given: BTreeSet<Requirement> = acks.iter().map(Acknowledgement::requirement).collect();
    let Some(other) = required
        .iter()
        .find(|requirement| !given.contains(requirement))
    else {
        return Ok(());
    };
    let said: Vec<String> = given
        .iter()
        .filter(|ack| ack.key == other.key)
        .map(|ack| ack.rules.join(", "))
        .collect();
    Err(Failure::new(
        Exit::NotApproved,
        "other-rules",
        format!(
            "{} was acknowledged under other rules than those that apply",
            other.key
        ),
    )
    .expected(other.rules.join(", "), said.join("; "))
    .hint("Review the plan with this version of undersign, and sign again."))
}

/// Whether the user who runs this owns the plan file, and so may be the one who made it.
#[cfg(unix)]
pub(super) fn is_ours(plan: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let us = rustix::process::geteuid().as_raw();
    std::fs::metadata(plan).map_or(true, |metadata| metadata.uid() == us)
}

#[cfg(not(unix))]
pub(super) fn is_ours(_plan: &Path) -> bool {
    true
}

//! Reading and judging in one pass: the way from bytes to judged rows, for the screen, for `check` and for the gate.
//!
//! All three must come to the same findings, so there is one way. Holds no row itself: rows go out in batches while
//! the pass goes on.

use std::fs::File;
use std::io::Seek as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::crew::Crew;
use crate::diff::Secrets;
use crate::failure::Failure;
use crate::plan::archive::PlanFile;
use crate::plan::count::Counts;
use crate::plan::digest::Bytes;
use crate::plan::effect::{Effect, Kind};
use crate::plan::index::{self, Header, Progress, Sink};
use crate::plan::scan::Item;
use crate::plan::value::Value;
use crate::policy::brought;
use crate::policy::overrides::Accepted;
use crate::policy::scope::Act;
use crate::policy::worker::Ear;
use crate::policy::{Opinion, Policies, Verdict};
use crate::review::verdicts;
use crate::risk::{self, Judged, Tally};

/// Rows are judged and sent one by one until this many are out, so that the first screen does not wait; then in batches.
const EAGER: u64 = 64;

/// What a pass hands out while it goes on.
#[derive(Debug)]
pub enum Step {
    /// Judged rows, in the order of the file.
    Rows(Vec<Judged>),
    /// How far the pass is.
    Progress(Progress),
    /// What policies say already, before they have said all. All of it, and it alone, counts at the end.
    Verdicts(Vec<Verdict>),
}

/// What is known only at the end of the file.
#[derive(Debug)]
pub struct Judgement {
    /// The top of the plan.
    pub header: Header,
    /// Findings about the plan as a whole; rows like any other.
    pub signals: Vec<Judged>,
    /// How many changes of each kind.
    pub counts: Counts,
    /// Whether a program of the configuration runs at apply.
    pub runs_local_code: bool,
    /// Which tool the plan is for.
    pub product: Product,
    /// What is marked as secret anywhere in the plan, and is therefore masked everywhere.
    pub secrets: Arc<Secrets>,
    /// Denies of policies that comments in the configuration accept.
    pub accepted: Vec<Accepted>,
}

/// The tool that a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Terraform, unless something says otherwise.
    Terraform,
    /// `OpenTofu`.
    OpenTofu,
}

/// Where the registry of `OpenTofu` names its providers.
const TOFU_REGISTRY: &str = "registry.opentofu.org/";

impl Product {
    /// The two products' versions overlap and the JSON names neither. What tells them apart is the registry of a
    /// provider, and since 1.8 a key that only Terraform writes.
    fn of(header: &Header) -> Self {
        let mut providers = header.providers.iter();
        let names_tofu = providers.any(|provider| provider.starts_with(TOFU_REGISTRY));
        let mut numbers = header
            .terraform_version
            .split('.')
            .map(|part| part.parse::<u64>().ok());
        let since_1_8 = matches!(
            (numbers.next(), numbers.next()),
            (Some(Some(1)), Some(Some(8..)))
        );
        // A file that was trimmed lacks both keys and tells nothing.
        let without_applyable = header.errored.is_some() && header.applyable.is_none();
        if names_tofu || (since_1_8 && without_applyable) {
            Product::OpenTofu
        } else {
            Product::Terraform
        }
    }

    /// The name of its program.
    pub fn word(self) -> &'static str {
        match self {
            Product::Terraform => "terraform",
            Product::OpenTofu => "tofu",
        }
    }
}

/// Reads the plan JSON in `bytes`, judges each row, and hands everything to `step`, which may end the pass.
///
/// `plan_file` is what the plan file said, where the JSON was made from one.
pub fn judge<'a>(
    bytes: impl Into<Bytes<'a>>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
    step: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<Judgement, Failure> {
    judge_rows(bytes.into(), total, plan_file, Beside::default(), step)
        .map(|(judgement, _)| judgement)
}

/// What else happens while rows are judged.
#[derive(Default)]
struct Beside<'a> {
    /// Every row is also kept here as an act of the plan.
    acts: Option<Vec<Act>>,
    /// Policies speak meanwhile.
    ear: Option<Ear<'a>>,
}

/// The same, with what happens beside it. Returns the acts.
fn judge_rows(
    bytes: Bytes<'_>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
    beside: Beside<'_>,
    step: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<(Judgement, Vec<Act>), Failure> {
    std::thread::scope(|scope| {
        let mut judging = Judging {
            beside,
            crew: Crew::start(scope),
            counted: Counted::default(),
            step,
            taken: 0,
            constants: Secrets::default(),
        };
        let header = index::read(bytes, total, &mut judging)?;
        let Judging {
            beside,
            crew,
            mut counted,
            step,
            constants: mut secrets,
            ..
        } = judging;
        let marked = crew.finish(|rows| {
            counted.add(&rows);
            // A reviewer who leaves at the very end leaves all the same; the caller knows.
            let _ = step(Step::Rows(rows));
        });
        secrets.merge(marked);
        let judgement = Judgement {
            product: Product::of(&header),
            signals: risk::summary(&header, plan_file, &counted.tally),
            header,
            counts: counted.counts,
            runs_local_code: counted.runs_local_code,
            secrets: Arc::new(secrets),
            accepted: Vec::new(),
        };
        Ok((judgement, beside.acts.unwrap_or_default()))
    })
}

/// The same, with what `policies` say of the plan. They are asked while it is read, and answer at its end; until they
/// are laid on the rows with [`verdicts::attach`], the judgement is not whole.
pub fn judge_under<'a>(
    bytes: impl Into<Bytes<'a>>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
    policies: &Policies,
    step: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<(Judgement, Opinion), Failure> {
    let mut watch = policies.brought.watch();
    let judged = match bytes.into() {
        bytes if watch.is_idle() => read_under(bytes, total, plan_file, policies, step)?,
        Bytes::Stream(reader) => {
            let mut watched = watch.watched(reader);
            read_under((&mut watched).into(), total, plan_file, policies, step)?
        }
        Bytes::File(file) => {
            rewind(file)?;
            let mut watched = watch.watched(file);
            read_under((&mut watched).into(), total, plan_file, policies, step)?
        }
    };
    let ((mut judgement, acts), mut opinion) = judged;
    if policies.is_none() {
        return Ok((judgement, opinion));
    }
    let header = &judgement.header;
    let plan = brought::Plan {
        acts: &acts,
        around: &watch.finish(),
        snapshot: plan_file.map(|file| &*file.snapshot),
        workspace: plan_file.map(|file| &*file.workspace),
        made: header
            .timestamp
            .as_deref()
            .and_then(|time| time.parse().ok()),
        errored: header.errored == Some(true) || plan_file.is_some_and(|file| file.errored),
    };
    judgement.accepted = policies.brought.weigh(&mut opinion, plan);
    if !policies.reviewer_overrides {
        opinion.demand_comments();
    }
    Ok((judgement, opinion))
}

fn rewind(mut file: &File) -> Result<(), Failure> {
    file.rewind()
        .map_err(|error| Failure::io("the plan", &error))
}

/// Reads and judges the plan, and hears the policies that are evaluated. Returns the acts of the plan too, where anything
/// is brought along.
fn read_under(
    bytes: Bytes<'_>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
    policies: &Policies,
    step: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<((Judgement, Vec<Act>), Opinion), Failure> {
    // What is brought along is weighed against everything that the plan does.
    let acts = (!policies.is_none()).then(Vec::new);
    Ok(match policies.begin()? {
        None => {
            let beside = Beside { acts, ear: None };
            let judged = judge_rows(bytes, total, plan_file, beside, step)?;
            (judged, Opinion::default())
        }
        Some(mut evaluation) => {
            // Policies see the very bytes that are judged: a file that changes meanwhile is not read a second time.
            let judged = match bytes {
                Bytes::Stream(reader) => {
                    let (mut tee, ear) = evaluation.tee(reader);
                    let beside = Beside { acts, ear };
                    judge_rows((&mut tee).into(), total, plan_file, beside, step)?
                }
                Bytes::File(file) => {
                    rewind(file)?;
                    let (mut tee, ear) = evaluation.tee(file);
                    let beside = Beside { acts, ear };
                    judge_rows((&mut tee).into(), total, plan_file, beside, step)?
                }
            };
            let mut early = |verdicts| {
                // A reviewer who leaves now leaves all the same; the caller knows.
                let _ = step(Step::Verdicts(verdicts));
            };
            (judged, evaluation.finish(&mut early))
        }
    })
}

/// Reads and judges everything into one list, with what policies say: the signals first, then what policies say of the
/// whole plan, then the rows in the order of the file.
pub fn judge_all_under<'a>(
    bytes: impl Into<Bytes<'a>>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
    policies: &Policies,
) -> Result<(Judgement, Vec<Judged>), Failure> {
    let mut rows = Vec::new();
    let (judgement, opinion) = judge_under(bytes, total, plan_file, policies, &mut |step| {
        if let Step::Rows(batch) = step {
            rows.extend(batch);
        }
        ControlFlow::Continue(())
    })?;
    let of_plan = verdicts::attach(&mut rows, &opinion, &judgement.secrets);
    let signals = judgement.signals.iter().cloned();
    rows.splice(..0, signals.chain(of_plan));
    Ok((judgement, rows))
}

/// Reads and judges everything into one list: the signals first, then the rows in the order of the file.
pub fn judge_all<'a>(
    bytes: impl Into<Bytes<'a>>,
    total: Option<u64>,
    plan_file: Option<&PlanFile>,
) -> Result<(Judgement, Vec<Judged>), Failure> {
    let mut rows = Vec::new();
    let judgement = judge(bytes, total, plan_file, &mut |step| {
        if let Step::Rows(batch) = step {
            rows.extend(batch);
        }
        ControlFlow::Continue(())
    })?;
    rows.splice(..0, judgement.signals.iter().cloned());
    Ok((judgement, rows))
}

/// What the rows add up to.
#[derive(Default)]
struct Counted {
    tally: Tally,
    counts: Counts,
    runs_local_code: bool,
}

impl Counted {
    fn add(&mut self, rows: &[Judged]) {
        for judged in rows {
            self.tally.add(judged);
            self.counts.add(&judged.effect);
            self.runs_local_code |= judged.effect.kind == Kind::Provisioner;
        }
    }
}

struct Judging<'scope, 's, 'e> {
    beside: Beside<'e>,
    crew: Crew<'scope>,
    counted: Counted,
    step: &'s mut dyn FnMut(Step) -> ControlFlow<()>,
    taken: u64,
    constants: Secrets,
}

impl Judging<'_, '_, '_> {
    fn flush(&mut self) -> ControlFlow<()> {
        while let Some(rows) = self.crew.judged() {
            self.counted.add(&rows);
            (self.step)(Step::Rows(rows))?;
        }
        let early = self.beside.ear.as_mut().map(Ear::early);
        match early {
            Some(verdicts) if !verdicts.is_empty() => (self.step)(Step::Verdicts(verdicts)),
            Some(_) | None => ControlFlow::Continue(()),
        }
    }
}

impl Sink for Judging<'_, '_, '_> {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        if let Some(acts) = &mut self.beside.acts {
            acts.push(Act::of_item(&effect, item));
        }
        self.crew.take(effect, item, self.taken < EAGER);
        self.taken += 1;
        self.flush()
    }

    fn constant(&mut self, name: &str, value: &Value, marked: Option<bool>) {
        self.constants.collect_constant(name, value, marked);
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        self.crew.hand_on();
        self.flush()?;
        (self.step)(Step::Progress(progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_told_by_what_it_writes() {
        let [terraform, tofu] = ["terraform.io", "opentofu.org"]
            .map(|registry| format!("registry.{registry}/hashicorp/aws"));
        for (version, applyable, provider, product) in [
            ("1.11.4", Some(true), &terraform, Product::Terraform),
            ("1.11.4", None, &terraform, Product::OpenTofu),
            ("1.7.0", None, &terraform, Product::Terraform),
            ("0.15.5", None, &terraform, Product::Terraform),
            ("1.6.2", None, &tofu, Product::OpenTofu),
        ] {
            let header = Header {
                terraform_version: version.into(),
                applyable,
                errored: Some(false),
                providers: [provider.clone()].into(),
                ..Header::default()
            };
            assert_eq!(Product::of(&header), product, "{version}");
        }
        let trimmed = Header {
            terraform_version: "1.11.4".into(),
            ..Header::default()
        };
        assert_eq!(Product::of(&trimmed), Product::Terraform);
    }
}

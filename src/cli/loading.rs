//! The worker that reads and judges a plan while the screen is already there.
//!
//! Owns the order in which the screen hears of things, and what is left for the desk at the end. How rows are judged is
//! [`judge`]'s business.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use arcstr::ArcStr;

use super::open::Json;
use super::silence::Silence;
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::source::{Source, Spool};
use crate::policy::{Opinion, Policies};
use crate::process::Work;
use crate::review::carry::{self, Since};
use crate::review::draft::Draft;
use crate::review::judge::{self, Judgement, Step};
use crate::review::log::Log;
use crate::review::memory::Memory;
use crate::risk::{self, Judged};
use crate::ui::{Facts, Msg};

mod laying;

pub use laying::messages;

use laying::Laying;

/// Batches that may wait for the screen; then the worker waits for it. More than come between two looks of the screen, which
/// keeps every row anyway.
const AHEAD: usize = 256;

/// What the worker leaves for the desk: the judgement, once there is one.
#[derive(Debug, Default)]
pub struct Loaded(OnceLock<(Judgement, Option<Failure>)>);

impl Loaded {
    /// Digest of the plan JSON, known at its end.
    pub fn json_sha256(&self) -> Option<Sha256> {
        self.0.get().map(|(judgement, _)| judgement.header.sha256)
    }

    /// The judgement, which is there when the plan was read to its end.
    pub fn judgement(&self) -> Result<&Judgement, Failure> {
        self.whole().map(|(judgement, _)| judgement)
    }

    /// The judgement, if policies let anything be approved.
    pub fn unblocked(&self) -> Result<&Judgement, Failure> {
        match self.whole()? {
            (judgement, None) => Ok(judgement),
            (_, Some(refusal)) => Err(refusal.clone()),
        }
    }

    fn whole(&self) -> Result<&(Judgement, Option<Failure>), Failure> {
        self.0.get().ok_or_else(|| {
            Failure::new(
                Exit::NotApproved,
                "loading",
                "the plan is not read to its end yet",
            )
        })
    }
}

/// What is known from before.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Where drafts lie.
    pub drafts: Option<PathBuf>,
    /// What was approved last where this plan goes.
    pub memory: Option<Memory>,
    /// An earlier review that the rows are held against, and where they are read again.
    pub reviewed: Option<(carry::Earlier, Arc<Source>)>,
}

/// A plan that is to be read, and all that it is held against.
pub struct Unread {
    /// Which of several plans it is.
    pub unit: Option<ArcStr>,
    /// The JSON.
    pub json: Json,
    /// Its number of bytes, where that is known.
    pub bytes: Option<u64>,
    /// Where a private copy of it goes, if one is kept.
    pub spool: Option<Spool>,
    /// The plan file, if the JSON is made from one.
    pub file: Option<PlanFile>,
    /// What is known from before.
    pub earlier: Earlier,
    /// The policies.
    pub policies: Policies,
    /// Where the judgement is left.
    pub loaded: Arc<Loaded>,
}

/// Starts the worker, which reads one plan after the other. It ends when the last does, when one cannot be read, or when
/// nobody listens any more.
pub fn start(plans: Vec<Unread>) -> Loading {
    let (sender, messages) = sync_channel(AHEAD);
    let work = Work::start(move || {
        for plan in plans {
            let unit = plan.unit.clone();
            if let Some(unit) = &unit {
                let _ = sender.send(Msg::Unit(unit.clone()));
            }
            let last = plan.read(&sender).unwrap_or_else(|failure| {
                Msg::LoadFailed(match unit {
                    Some(unit) => failure.of(unit),
                    None => failure,
                })
            });
            let failed = matches!(last, Msg::LoadFailed(_));
            // Nobody listens any more when the reviewer has left.
            if sender.send(last).is_err() || failed {
                return;
            }
        }
    });
    Loading {
        messages,
        _work: work,
    }
}

/// Plans that are being read. Whoever drops this wants none of them any more: tools and policies that are still at it are
/// ended.
pub struct Loading {
    /// What the reader finds.
    pub messages: Receiver<Msg>,
    _work: Work,
}

/// How much later than the screen the reader comes to a processor that both want.
#[cfg(target_os = "linux")]
const LATER: i32 = 5;

/// Lets the screen have a processor first, where what is read and what policies say keep all of them busy. Threads and
/// programs that are started from here on do the same; the tool that shows the plan has been started, and is waited for.
fn give_way() {
    // Elsewhere it would hold for the screen too. Where it is not granted, all is as it would be without it.
    #[cfg(target_os = "linux")]
    if rustix::process::getpriority_process(None).is_ok_and(|now| now < LATER) {
        let _ = rustix::process::setpriority_process(None, LATER);
    }
}

impl Unread {
    /// Reads and judges the plan; the last message of it is returned.
    ///
    /// A plan JSON has its draft only when its digest is known.
    fn read(self, sender: &SyncSender<Msg>) -> Result<Msg, Failure> {
        let Unread {
            json,
            bytes,
            spool,
            file,
            earlier,
            policies,
            loaded,
            ..
        } = self;
        let mut beside = Beside {
            comparison: earlier.reviewed.map(Comparison::new),
            laying: Laying::default(),
        };
        let (judgement, opinion) = load(
            json,
            bytes,
            spool,
            file.as_ref(),
            &policies,
            &mut beside,
            sender,
        )?;
        let since = match (&file, earlier.memory) {
            (Some(file), Some(memory)) => {
                let earlier = memory.recall()?;
                earlier.and_then(|earlier| risk::since(&earlier, file))
            }
            _ => None,
        };
        if let (None, Some(directory)) = (&file, earlier.drafts)
            && let Some(log) = Draft::new(&directory, &judgement.header.sha256).load()?
        {
            let _ = sender.send(restored(log));
        }
        let facts = Facts {
            unit: None,
            header: judgement.header.clone(),
            tool: judgement.product.word(),
            file,
            secrets: Some(Arc::clone(&judgement.secrets)),
        };
        let mut signals = judgement.signals.clone();
        signals.extend(since);
        let refusal = opinion.refusal();
        beside.laying.finish(&opinion, &judgement.secrets, sender);
        if let Some(comparison) = beside.comparison {
            let since = comparison.finish(&signals);
            let _ = sender.send(Msg::Since(Box::new(since)));
        }
        let _ = loaded.0.set((judgement, refusal));
        Ok(Msg::Loaded(Box::new(facts), signals))
    }
}

/// What an earlier sitting left, with a sentence about it.
pub fn restored(log: Log) -> Msg {
    let sentence = describe(&log);
    Msg::Restored(log, sentence)
}

/// How much of an earlier sitting stands again, in words.
pub fn describe(log: &Log) -> String {
    let verdicts = log.verdicts().len();
    let comments = log.comments().count();
    format!("restored from your draft: {verdicts} decided, {comments} commented")
}

/// Who looks at the rows while they pass.
struct Beside {
    comparison: Option<Comparison>,
    laying: Laying,
}

/// Holds the rows against an earlier review while they are read.
struct Comparison {
    earlier: carry::Earlier,
    source: Arc<Source>,
    since: Since,
}

impl Comparison {
    fn new((earlier, source): (carry::Earlier, Arc<Source>)) -> Self {
        Comparison {
            earlier,
            source,
            since: Since::default(),
        }
    }

    fn rows(&mut self, rows: &[Judged]) {
        for judged in rows.iter().filter(|judged| self.earlier.concerns(judged)) {
            // A row that cannot be read again is held to be another one.
            let item = self.source.item(&judged.effect).ok();
            self.earlier
                .compare(judged, item.as_deref(), &mut self.since);
        }
    }

    fn finish(mut self, signals: &[Judged]) -> Since {
        for signal in signals
            .iter()
            .filter(|signal| self.earlier.concerns(signal))
        {
            self.earlier.compare(signal, None, &mut self.since);
        }
        self.earlier.finish(&mut self.since);
        self.since
    }
}

fn load(
    json: Json,
    bytes: Option<u64>,
    spool: Option<Spool>,
    file: Option<&PlanFile>,
    policies: &Policies,
    beside: &mut Beside,
    screen: &SyncSender<Msg>,
) -> Result<(Judgement, Opinion), Failure> {
    let listener = screen.clone();
    let silence = Silence::heard_by(move |waits| listener.send(Msg::Waiting(waits)).is_ok());
    json.read_after(Arc::new(silence), spool, |json| {
        give_way();
        judge::judge_under(json, bytes, file, policies, &mut |step| {
            let message = match step {
                Step::Rows(rows) => {
                    if let Some(comparison) = &mut beside.comparison {
                        comparison.rows(&rows);
                    }
                    if !policies.is_none() {
                        beside.laying.rows(&rows);
                    }
                    Msg::Rows(rows)
                }
                Step::Progress(progress) => Msg::Progress(progress),
                Step::Verdicts(verdicts) => match beside.laying.early(verdicts) {
                    said if said.is_empty() => return ControlFlow::Continue(()),
                    said => Msg::Verdicts(said),
                },
            };
            screen
                .send(message)
                .map_or(ControlFlow::Break(()), ControlFlow::Continue)
        })
    })
}

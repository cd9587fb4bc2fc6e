//! The second pair of eyes: rows are judged on another core while the plan is read on.
//!
//! A batch goes to the worker when it is free; when it is not, the reader judges the batch itself instead of waiting. The
//! batches come out in the order in which they went in, whoever judged them. Holds a few batches, however long the plan is.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use crate::diff::Secrets;
use crate::plan::effect::{Effect, Kind};
use crate::plan::scan::{Item, Outline};
use crate::plan::texts::Texts;
use crate::plan::value::ValueError;
use crate::plan::values::Values;
use crate::risk::{self, Finding, Interests, Judged, Risk};

/// A batch is handed on when its items have so many bytes together: much more than handing on costs.
const BATCH_BYTES: usize = 64 * 1024;
/// Batches that the worker may have before it; more would only be held in memory, and be cold when their turn comes.
const AHEAD: usize = 2;

/// Rows that wait to be judged, with the text of their elements. Used again when they are judged, for it holds much memory.
#[derive(Default)]
struct Batch {
    text: String,
    rows: Vec<(Effect, Range<usize>)>,
    /// Those of the rows, and behind them what earlier rows have left.
    outlines: Vec<Outline>,
}

impl Batch {
    fn add(&mut self, effect: Effect, item: &Item<'_>) {
        let (place, from) = (self.rows.len(), self.text.len());
        self.text.push_str(item.text);
        self.rows.push((effect, from..self.text.len()));
        if place == self.outlines.len() {
            self.outlines.push(Outline::default());
        }
        self.outlines[place].copy(item.outline());
    }
}

/// Judges rows; each thread has one of its own.
#[derive(Default)]
pub struct Judge {
    interests: Interests,
    texts: Texts,
    /// What is marked as secret in the rows that were judged.
    pub secrets: Secrets,
}

impl Judge {
    /// Says what is wrong with a row.
    pub fn judge(&mut self, effect: Effect, item: &Item<'_>) -> Judged {
        let mut findings = if has_values(&effect) {
            match self.interests.values(&effect, item) {
                Ok(values) => {
                    self.secrets.collect(&values);
                    risk::assess(&effect, Some(&values))
                }
                Err(error) => vec![undecodable(&error)],
            }
        } else {
            // What an action is given is no change to judge, but secrets stand in it like anywhere.
            if effect.kind == Kind::Invocation
                && let Ok(values) = Values::of_item(item)
            {
                self.secrets.collect(&values);
            }
            risk::assess(&effect, None)
        };
        for finding in &mut findings {
            finding.share(&mut self.texts);
        }
        Judged::new(effect, findings)
    }

    /// Judges a batch, and leaves it empty.
    fn all(&mut self, batch: &mut Batch) -> Vec<Judged> {
        let Batch {
            text,
            rows,
            outlines,
        } = batch;
        let judged = rows
            .drain(..)
            .zip(outlines)
            .map(|((effect, range), outline)| self.judge(effect, &Item::new(&text[range], outline)))
            .collect();
        text.clear();
        judged
    }
}

/// Where a batch is.
enum Place {
    /// With the worker.
    Away,
    /// Judged by the reader, while earlier ones were still away.
    Here(Vec<Judged>),
}

/// The reader, with a worker beside it.
pub struct Crew<'scope> {
    own: Judge,
    batch: Batch,
    /// Empty ones.
    spare: Vec<Batch>,
    /// Batches in the order of the plan.
    places: VecDeque<Place>,
    to_worker: SyncSender<Batch>,
    judged: Receiver<(Vec<Judged>, Batch)>,
    worker: ScopedJoinHandle<'scope, Secrets>,
}

impl<'scope> Crew<'scope> {
    /// Starts the worker.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>) -> Self {
        let (to_worker, batches) = sync_channel::<Batch>(AHEAD);
        // As many as can be away at once fit in, so the worker never waits for the reader.
        let (done, judged) = sync_channel(AHEAD + 2);
        let worker = scope.spawn(move || {
            let mut judge = Judge::default();
            for mut batch in batches {
                if done.send((judge.all(&mut batch), batch)).is_err() {
                    break;
                }
            }
            judge.secrets
        });
        Crew {
            own: Judge::default(),
            batch: Batch::default(),
            spare: Vec::new(),
            places: VecDeque::new(),
            to_worker,
            judged,
            worker,
        }
    }

    /// Takes a row; hands the batch on when it is full, or judges it `at_once`.
    pub fn take(&mut self, effect: Effect, item: &Item<'_>, at_once: bool) {
        self.batch.add(effect, item);
        if at_once {
            self.judge_here();
        } else if self.batch.text.len() >= BATCH_BYTES {
            self.hand_on();
        }
    }

    /// Hands on what was taken, to the worker if it is free.
    pub fn hand_on(&mut self) {
        if self.batch.rows.is_empty() {
            return;
        }
        let next = self.spare.pop().unwrap_or_default();
        match self
            .to_worker
            .try_send(std::mem::replace(&mut self.batch, next))
        {
            Ok(()) => self.places.push_back(Place::Away),
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                self.spare.push(std::mem::replace(&mut self.batch, batch));
                self.judge_here();
            }
        }
    }

    fn judge_here(&mut self) {
        let judged = self.own.all(&mut self.batch);
        self.places.push_back(Place::Here(judged));
    }

    /// The next judged rows in the order of the plan, if they are there.
    pub fn judged(&mut self) -> Option<Vec<Judged>> {
        match self.places.pop_front()? {
            Place::Here(judged) => Some(judged),
            Place::Away => match self.judged.try_recv() {
                Ok((judged, batch)) => {
                    self.spare.push(batch);
                    Some(judged)
                }
                // A worker that is gone has panicked; whoever waits for it hears of that.
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                    self.places.push_front(Place::Away);
                    None
                }
            },
        }
    }

    /// Waits for what is still away, hands it to `rows`, and says what is secret in all of them.
    pub fn finish(mut self, mut rows: impl FnMut(Vec<Judged>)) -> Secrets {
        self.hand_on();
        for place in self.places {
            match place {
                Place::Here(judged) => rows(judged),
                Place::Away => {
                    let judged = self.judged.recv().into_iter();
                    judged.for_each(|(judged, _)| rows(judged));
                }
            }
        }
        drop(self.to_worker);
        let secrets = self
            .worker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.own.secrets.merge(secrets);
        self.own.secrets
    }
}

/// Values that cannot be read cannot be judged.
fn undecodable(error: &ValueError) -> Finding {
    Finding {
        rule: "undecodable-values".into(),
        risk: Risk::High,
        path: None,
        old: None,
        new: None,
        message: format!("The values cannot be read, so nothing can be said about them: {error}.")
            .into(),
        origin: None,
    }
}

/// Whether a row's element holds the two sides of a change.
fn has_values(effect: &Effect) -> bool {
    match effect.kind {
        Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift => true,
        Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Check | Kind::UnknownKey => false,
    }
}

//! The worker that reads and judges a plan while the screen is already there.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::open::Json;
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::source::Spool;
use crate::review::judge::{self, Judgement, Step};
use crate::ui::message::Msg;

/// Batches that may wait for the screen; then the worker waits for it.
const AHEAD: usize = 8;

/// What the worker leaves for the desk: the judgement, once there is one.
#[derive(Debug, Default)]
pub struct Loaded(OnceLock<Judgement>);

impl Loaded {
    /// Digest of the plan JSON, known at its end.
    pub fn json_sha256(&self) -> Option<Sha256> {
        self.0.get().map(|judgement| judgement.header.sha256)
    }

    /// The judgement, which is there when the plan was read to its end.
    pub fn judgement(&self) -> Result<&Judgement, Failure> {
        self.0
            .get()
            .ok_or_else(|| Failure::new(Exit::NotApproved, "loading", "the plan is not read to its end yet"))
    }
}

/// Starts the worker. It ends when the plan does, or when nobody listens any more.
pub fn start(json: Json, bytes: Option<u64>, spool: Option<Spool>, file: Option<PlanFile>) -> (Receiver<Msg>, Arc<Loaded>) {
    let (sender, receiver) = sync_channel(AHEAD);
    let loaded = Arc::new(Loaded::default());
    let leave = Arc::clone(&loaded);
    thread::spawn(move || {
        let last = match load(json, bytes, spool, file.as_ref(), &sender) {
            Ok(judgement) => {
                let signals = judgement.signals.clone();
                let header = judgement.header.clone();
                let _ = leave.0.set(judgement);
                Msg::Loaded { header: Box::new(header), signals }
            }
            Err(failure) => Msg::LoadFailed(failure),
        };
        // Nobody listens any more when the reviewer has left.
        let _ = sender.send(last);
    });
    (receiver, loaded)
}

fn load(
    json: Json,
    bytes: Option<u64>,
    spool: Option<Spool>,
    file: Option<&PlanFile>,
    screen: &SyncSender<Msg>,
) -> Result<Judgement, Failure> {
    json.read(spool, |reader| {
        judge::judge(reader, bytes, file, &mut |step| {
            let message = match step {
                Step::Rows(rows) => Msg::Rows(rows),
                Step::Progress(progress) => Msg::Progress(progress),
            };
            screen.send(message).map_or(ControlFlow::Break(()), ControlFlow::Continue)
        })
    })
}

//! From an opened plan to a desk with everything on it, and a reader that has started.
//!
//! Knows neither screen nor prompts: both begin here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arcstr::ArcStr;

use crate::approval::set::Member;
use crate::cli::desk::Desk;
use crate::cli::loading::{self, Loaded, Loading, Unread};
use crate::cli::looks::Looks;
use crate::cli::open::Json;
use crate::cli::places::StateDirectory;
use crate::cli::results::Results;
use crate::cli::signing::{Signing, then};
use crate::cli::watch::Watched;
use crate::failure::Failure;
use crate::plan::archive::PlanFile;
use crate::policy::Policies;
use crate::review::carry::Earlier;
use crate::review::draft::Draft;
use crate::review::log::Log;
use crate::review::memory::Memory;
use crate::ui;

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

/// A plan that is laid out for review.
pub(in crate::cli) struct Laid {
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

/// A desk with everything on it, and the plan that is being read for whoever sits there.
pub(in crate::cli) struct Begun {
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
    pub(in crate::cli) fn lay(
        self,
        unit: Option<ArcStr>,
        member: Option<Member>,
    ) -> Result<Laid, Failure> {
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
    pub(in crate::cli) fn begin(self, looks: &Looks) -> Result<Begun, Failure> {
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

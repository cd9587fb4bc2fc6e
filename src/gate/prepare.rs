//! Everything that must stand before a plan can be shown or applied: the sealed copy, what it says of itself, the tool
//! that made it, a clean environment and the right providers.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::failure::Failure;
use crate::plan::archive::PlanFile;

use super::environment::{Environment, ProviderSource};
use super::providers;
use super::sealed::SealedPlan;
use super::show::{self, Shown};
use super::tool::{self, Program, Tool};

/// Where the providers of a plan are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Providers {
    /// Fetched again from a source we chose, as the plan's own lock says.
    Rebuilt(ProviderSource),
    /// As they lie in the `.terraform` directory of this working directory. Whoever may write there chooses which
    /// programs run, so this is for a reviewer's own machine only.
    AsIs(PathBuf),
}

/// What a plan waits for before the first byte of its JSON is there. Any of it may take long, and none says how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The tool tells its version.
    Version,
    /// It fetches so many providers.
    Providers(usize),
    /// It reads the plan with them.
    Show,
}

/// Who hears what is begun: the tool's name, and the step. Nobody, unless somebody wants to.
#[derive(Clone, Default)]
pub struct Told(Option<Arc<Tell>>);

type Tell = dyn Fn(&str, Step) + Send + Sync;

impl Told {
    /// Somebody does.
    pub fn to(listener: impl Fn(&str, Step) + Send + Sync + 'static) -> Self {
        Told(Some(Arc::new(listener)))
    }

    fn tell(&self, tool: &str, step: Step) {
        if let Some(listener) = &self.0 {
            listener(tool, step);
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Told({})", self.0.is_some())
    }
}

/// How to get ready.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The tool, if one was named.
    pub tool: Option<&'a Path>,
    /// Where else to look for it: the value of `PATH`.
    pub search: Option<&'a OsStr>,
    /// Where the providers come from.
    pub providers: &'a Providers,
    /// Variables that are handed on.
    pub passed: &'a [(OsString, OsString)],
    /// Who hears what is waited for.
    pub told: &'a Told,
}

/// A plan that can be shown and applied.
#[derive(Debug)]
pub struct Prepared {
    /// The one private copy.
    pub plan: SealedPlan,
    /// What it says of itself.
    pub file: PlanFile,
    /// The tool that made it.
    pub tool: Tool,
    /// What the tool will see.
    pub environment: Environment,
}

impl Prepared {
    /// Gets ready; runs `version` and, for providers that are fetched again, `init`.
    ///
    /// `accept` judges the tool before it is run for the first time.
    pub fn new(
        plan: SealedPlan,
        setup: &Setup<'_>,
        accept: impl Fn(&Program) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let file = plan.describe()?;
        let source = match setup.providers {
            Providers::Rebuilt(source) => source,
            Providers::AsIs(_) => &ProviderSource::Registry,
        };
        let mut environment = Environment::new(&file.workspace, source, setup.passed)?;
        let named = setup.tool.and_then(Path::file_name);
        let name = named.map_or_else(
            || tool::name_of(&file).to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        let tell = |step| setup.told.tell(&name, step);
        tell(Step::Version);
        let tool = tool::find(setup.tool, setup.search, &file, &environment, accept)?;
        match setup.providers {
            Providers::Rebuilt(_) => {
                providers::fetch(&tool, &plan, &environment, &|providers| {
                    tell(Step::Providers(providers));
                })?;
            }
            Providers::AsIs(directory) => environment.use_providers_of(&plan, directory)?,
        }
        tell(Step::Show);
        Ok(Prepared {
            plan,
            file,
            tool,
            environment,
        })
    }

    /// Starts the tool's `show -json` of the plan.
    pub fn show(&self) -> Result<Shown, Failure> {
        show::start(
            &self.tool,
            &self.plan,
            &self.environment,
            &self.environment.work_dir(),
        )
    }
}

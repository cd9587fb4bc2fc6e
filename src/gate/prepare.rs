//! Everything that must stand before a plan can be shown or applied: the sealed copy, what it says of itself, the tool
//! that made it, a clean environment and the right providers.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::failure::Failure;
use crate::plan::archive::PlanFile;

use super::environment::{Environment, ProviderSource};
use super::providers;
use super::sealed::SealedPlan;
use super::show::{self, Shown};
use super::tool::{self, Tool};

/// How to get ready.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The tool, if one was named.
    pub tool: Option<&'a Path>,
    /// Where else to look for it: the value of `PATH`.
    pub search: Option<&'a OsStr>,
    /// Where the providers are fetched from, as the plan's own lock says.
    pub providers: &'a ProviderSource,
    /// The working directory whose `.terraform` is used as it lies there, instead of fetching anything. Whoever may write
    /// there chooses which programs run: this is for a reviewer's own machine.
    pub as_is: Option<&'a Path>,
    /// Variables that are handed on.
    pub passed: &'a [(OsString, OsString)],
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
        accept: impl Fn(&Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let file = plan.describe()?;
        let mut environment = Environment::new(&file.workspace, setup.providers, setup.passed)?;
        let tool = tool::find(setup.tool, setup.search, &file, &environment, accept)?;
        match setup.as_is {
            None => providers::fetch(&tool, &plan, &environment)?,
            Some(directory) => environment.use_providers_of(&plan, directory)?,
        }
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

//! Where undersign keeps what belongs to one user and to no project: drafts, memories, the inbox.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::failure::{Exit, Failure};

/// The user's own state directory.
#[derive(Debug, Clone)]
pub struct StateDirectory(PathBuf);

impl StateDirectory {
    /// The one that this system's rules name.
    pub fn find() -> Result<Self, Failure> {
        let strategy = etcetera::choose_base_strategy().map_err(|error| {
            Failure::new(
                Exit::Internal,
                "home",
                format!("your home directory cannot be found: {error}"),
            )
        })?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Ok(StateDirectory(state.join("undersign")))
    }

    /// Where drafts lie.
    pub fn drafts(&self) -> PathBuf {
        self.0.join("drafts")
    }

    /// Where it is kept what was said about earlier plans.
    pub fn memory(&self) -> PathBuf {
        self.0.join("carry")
    }

    /// Where plans wait that were submitted.
    pub fn inbox(&self) -> PathBuf {
        self.0.join("inbox")
    }
}

//! Where a user's own files lie: the trust file, and what belongs to no project: drafts, memories, the inbox.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::failure::{Exit, Failure};

/// The trust file of a user who decides alone.
pub fn own_trust_file() -> Result<PathBuf, Failure> {
    Ok(strategy()?
        .config_dir()
        .join("undersign")
        .join("trust.toml"))
}

/// Where OpenSSH keeps a user's keys.
pub fn ssh_directory() -> Result<PathBuf, Failure> {
    Ok(strategy()?.home_dir().join(".ssh"))
}

/// The user's own state directory.
#[derive(Debug, Clone)]
pub struct StateDirectory(PathBuf);

impl StateDirectory {
    /// The one that this system's rules name.
    pub fn find() -> Result<Self, Failure> {
        let strategy = strategy()?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Ok(StateDirectory(state.join("undersign")))
    }

    /// Where drafts lie.
    pub fn drafts(&self) -> PathBuf {
        self.0.join("drafts")
    }

    /// Where it is kept which state was approved last.
    pub fn approved(&self) -> PathBuf {
        self.0.join("approved")
    }

    /// Where it is kept what was said about earlier plans.
    pub fn carry(&self) -> PathBuf {
        self.0.join("carry")
    }

    /// Where plans wait that were submitted.
    pub fn inbox(&self) -> PathBuf {
        self.0.join("inbox")
    }
}

fn strategy() -> Result<impl BaseStrategy, Failure> {
    etcetera::choose_base_strategy().map_err(|error| {
        Failure::new(
            Exit::Internal,
            "home",
            format!("your home directory cannot be found: {error}"),
        )
    })
}

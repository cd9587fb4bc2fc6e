//! Where a user's own files lie: the trust file and the drafts.

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

/// The directory of the drafts.
pub fn drafts() -> Result<PathBuf, Failure> {
    let strategy = strategy()?;
    let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(state.join("undersign").join("drafts"))
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

//! Where the results of a review go.

use std::path::PathBuf;

use crate::approval::sign;
use crate::approval::statement::Nonce;

/// Where the results of a review go.
#[derive(Debug, Clone)]
pub enum Results {
    /// Beside the plan; the approval may have a place of its own.
    Beside {
        /// The plan.
        plan: PathBuf,
        /// Where the approval goes.
        approval: Destination,
    },
    /// Into a directory that goes away with the process.
    Nowhere(PathBuf),
}

/// Where an approval goes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Into this file.
    File(PathBuf),
    /// Into the directory of the approvals of a plan that lies here, or would.
    Beside(PathBuf),
}

impl Results {
    /// The file of an approval.
    pub fn approval(&self, person: &str, nonce: Nonce) -> PathBuf {
        match self {
            Results::Beside { approval, .. } => match approval {
                Destination::File(path) => path.clone(),
                Destination::Beside(plan) => sign::default_path(plan, person, nonce),
            },
            Results::Nowhere(directory) => directory.join("approval.json"),
        }
    }
}

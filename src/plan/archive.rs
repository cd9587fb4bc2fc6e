//! The plan file: a zip that holds the plan, the states it was made from, and the configuration.

use std::collections::BTreeMap;

/// SHA-256, as bytes.
pub type Sha256 = [u8; 32];

/// How the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// An ordinary plan.
    Normal,
    /// `-destroy`
    Destroy,
    /// `-refresh-only`
    RefreshOnly,
}

/// What a plan file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Digest of the plan file: the subject of the signature.
    pub sha256: Sha256,
    /// Size of the plan file in bytes.
    pub size: u64,
    /// Version of the tool that made it.
    pub tool_version: String,
    /// Workspace that was current when it was made.
    pub workspace: String,
    /// Backend type: `local`, `s3`, ...
    pub backend_type: String,
    /// Digest of the backend's configuration as the plan file holds it. The configuration itself may hold credentials.
    pub backend_config_sha256: Sha256,
    /// Lineage of the state; empty for a first plan.
    pub lineage: String,
    /// Serial of the state.
    pub serial: u64,
    /// Number of resources in the prior state.
    pub prior_resources: usize,
    /// Digest of the dependency lock inside the plan file.
    pub lock_sha256: Sha256,
    /// Providers in the lock, with whether each has at least one hash.
    pub locked_providers: BTreeMap<String, bool>,
    /// When the plan was made (RFC 3339, as written), if the file says so.
    pub created_at: Option<String>,
    /// Names of variables whose values must be given again at apply.
    pub apply_time_variables: Vec<String>,
    /// How the plan was made.
    pub mode: PlanMode,
    /// `-target` addresses.
    pub targets: Vec<String>,
    /// `-replace` addresses.
    pub forced_replacements: Vec<String>,
    /// The plan ended in an error.
    pub errored: bool,
    /// Members of the configuration snapshot: path inside `tfconfig/` to text.
    pub configuration: BTreeMap<String, String>,
    /// What could not be read, in words. Shown, never silent.
    pub unread: Vec<String>,
}

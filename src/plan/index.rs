//! One pass over the bytes: rows with byte ranges, the digest, and nothing kept that nobody looks at.

use std::ops::ControlFlow;

use super::archive::Sha256;
use super::effect::Effect;

/// Takes what the pass finds, while it goes on.
pub trait Sink {
    /// A row, with the JSON text of its element. Rows come in the order of the file.
    fn row(&mut self, effect: Effect, item: &str) -> ControlFlow<()>;

    /// How far the pass is. Called now and then, also where no rows come.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()>;
}

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes there are, where that is known.
    pub total: Option<u64>,
    /// Rows found.
    pub rows: u64,
}

/// What stands at the top of a plan, known only at its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `format_version`
    pub format_version: String,
    /// `terraform_version`: of the tool that printed the JSON.
    pub terraform_version: String,
    /// `timestamp`: when the plan was made.
    pub timestamp: Option<String>,
    /// `errored`; `None` where the tool does not say.
    pub errored: Option<bool>,
    /// `complete`; `None` where the tool does not say.
    pub complete: Option<bool>,
    /// `applyable`; `None` where the tool does not say.
    pub applyable: Option<bool>,
    /// Number of managed resources in `prior_state`; `None` if the plan has no `prior_state`.
    pub prior_resources: Option<u64>,
    /// Whether `planned_values` holds no resource at all.
    pub plans_nothing: bool,
    /// Digest of the JSON bytes.
    pub sha256: Sha256,
    /// Number of JSON bytes.
    pub bytes: u64,
    /// Number of rows.
    pub rows: u64,
    /// For each resource block (without instance keys), the blocks that refer to it.
    pub dependants: std::collections::BTreeMap<String, Vec<String>>,
}

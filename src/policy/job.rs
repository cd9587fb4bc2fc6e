//! What the worker is asked and what it answers: JSON, one line each way at a time.

use serde::{Deserialize, Serialize};

use super::config::{Accepted, Shape};
use super::{Place, Trouble, Verdict};

/// What the worker is to do. It stands on the first line; what follows, to the end, is the plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// What.
    pub task: Task,
    /// Policies.
    pub files: Vec<File>,
    /// Data, as JSON.
    pub data: Vec<File>,
    /// The form of `input`; `None` to see it by what a package reads.
    pub shape: Option<Shape>,
    /// What stands beside the plan in `input`: `run`, `tfrun`, `spacelift`.
    pub beside: serde_json::Value,
    /// Lints that are known and accepted.
    pub accepted: Vec<Accepted>,
    /// How long one rule may take.
    pub rule_seconds: u64,
    /// The whole plan in one go, even where a rule could read one change at a time.
    pub whole: bool,
}

/// What a worker can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Verdicts on a plan.
    Evaluate,
    /// What in the policies is understood otherwise by OPA.
    Lint,
    /// The policies' own tests.
    Test,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name, relative to the directory of the policies.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// From here on it is busy with this, which is to blame if nothing more comes.
    Begins {
        /// The file or the rule.
        what: String,
        /// Where it stands.
        place: Option<Place>,
    },
    /// What a rule says of a change while the plan is still read. It is said again at the end, if it stands.
    Early(Verdict),
    /// A verdict.
    Verdict(Verdict),
    /// Something that blocks.
    Trouble(Trouble),
    /// A doubtful place in a policy.
    Lint(Lint),
    /// A test was run.
    Test(Test),
    /// How much of a file the tests reach.
    Coverage(Coverage),
    /// All was said.
    Done {
        /// How many rules were asked.
        rules: usize,
    },
}

/// A doubtful place in a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lint {
    /// Where.
    pub place: Place,
    /// Stable kebab-case id.
    pub id: String,
    /// Whether a deny can be lost by it: it blocks until it is accepted.
    pub fails_open: bool,
    /// Whether the configuration accepts it.
    pub accepted: bool,
    /// What it is, and what to write instead.
    pub message: String,
}

/// A test of the policies' owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Where.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Why it did not pass; `None` if it did.
    pub failed: Option<String>,
}

/// How much of a file the tests reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The file.
    pub file: String,
    /// Lines that were reached.
    pub reached: usize,
    /// Lines that were not.
    pub missed: Vec<u32>,
}

//! What is shown of the change beside the list, and how.

use crate::failure::Failure;
use crate::plan::values::Values;
use crate::ui::detail::Arrangement;
use crate::ui::theme::Piece;

/// The change beside the tree.
#[derive(Debug, Clone, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing that is or is not so, and none excludes another"
)]
pub struct Detail {
    /// Which row is shown.
    pub row: Option<u32>,
    /// Its JSON and its values, or why they cannot be had; `None` until they come.
    pub values: Option<Result<(String, Values), Failure>>,
    /// The lines, made for the width they are drawn in.
    pub lines: Vec<Vec<Piece>>,
    /// The path of the attribute that each line belongs to.
    pub paths: Vec<Option<String>>,
    /// First line shown.
    pub top: usize,
    /// The line that the keys are about.
    pub line: usize,
    /// The one value that is shown whole instead.
    pub whole: Option<Whole>,
    /// Show what stays as it is.
    pub unchanged: bool,
    /// Wrap long values instead of cutting them.
    pub wrap: bool,
    /// Tell what the rules behind the findings mean.
    pub explain: bool,
    /// The path of the one secret value that is shown.
    pub revealed: Option<String>,
    /// Show the JSON as it stands in the plan.
    pub json: bool,
    /// Show the text of a policy instead: its file, and the line of the rule.
    pub rule: Option<(String, usize)>,
    /// How before and after stand.
    pub arrangement: Arrangement,
    /// What is searched.
    pub find: String,
}

/// One value on a page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The path of its attribute.
    pub path: String,
    /// Columns that are left out at the left.
    pub aside: usize,
    /// Long lines go on beyond the right edge instead of in the next line.
    pub straight: bool,
    /// Whether the change was on the whole screen before.
    pub full: bool,
}

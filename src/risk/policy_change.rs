//! Policy documents on both sides of a change.

use super::Finding;
use crate::plan::effect::Effect;
use crate::plan::values::Values;

/// What the documents of this change no longer deny, or newly allow.
pub fn judge(_effect: &Effect, _values: &Values) -> Vec<Finding> {
    Vec::new()
}

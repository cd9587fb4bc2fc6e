//! Rules by name, for types that no row speaks of. A guess is marked as one and is never more than high.

use super::Finding;
use super::catalogue::{self, Heuristic, Scope};
use crate::plan::values::Values;

/// The guess that objects of this type hold what cannot be made again.
pub fn stateful(type_name: &str) -> Option<&'static Heuristic> {
    catalogue::heuristics()
        .iter()
        .filter(|rule| rule.scope == Scope::Type)
        .find(|rule| fits(rule, type_name))
}

fn fits(rule: &Heuristic, text: &str) -> bool {
    rule.matches.is_match(text) && rule.except.is_none_or(|except| !except.is_match(text))
}

/// Findings by attribute names.
pub fn judge(_values: &Values) -> Vec<Finding> {
    Vec::new()
}

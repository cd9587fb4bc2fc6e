//! Which rows get a line of their own, and which are told together or only counted.

use super::DetailContext;
use crate::diff::{Entry, Kind, Side, is_at_or_above};
use crate::plan::action::Action;
use crate::risk::Judged;

/// Why rows are told together in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// A new object gets its ids and addresses when it is made.
    KnownAfterApply,
    /// Texts of a plan that is still being read.
    NotYet,
    /// Null, an empty string and an empty container: the configuration says nothing, the provider wrote its own nothing.
    Empty,
}

impl Fold {
    pub const ALL: [Fold; 3] = [Fold::NotYet, Fold::KnownAfterApply, Fold::Empty];

    /// What stands before the names: where it is known, with the cause.
    pub fn title(self, action: Action) -> &'static str {
        match self {
            Fold::KnownAfterApply if action.replaces() => "known after apply, as it is made anew: ",
            Fold::KnownAfterApply if action == Action::Create => {
                "known after apply, as it is new: "
            }
            Fold::KnownAfterApply => "known after apply: ",
            Fold::NotYet => "not shown yet: ",
            Fold::Empty => "empty before and after: ",
        }
    }
}

/// How an attribute is told together with others, if it is.
///
/// What a finding speaks of, what forces the replacement, and a value that an update takes away is always a row.
pub(super) fn fold(entry: &Entry, judged: &Judged) -> Option<Fold> {
    let named = || {
        judged
            .findings
            .iter()
            .filter_map(|finding| finding.path.as_deref())
            .any(|path| is_at_or_above(&entry.path, path))
    };
    if entry.depth > 0 || entry.label.is_empty() || entry.forces_replacement || named() {
        return None;
    }
    if !entry.kind.is_quiet() && [&entry.old, &entry.new].contains(&&Side::NotYet) {
        return Some(Fold::NotYet);
    }
    match entry.kind {
        Kind::Unknown => {
            let had_value = !matches!(entry.old, Side::Absent | Side::Null);
            let expected = !had_value || judged.effect.action.replaces();
            expected.then_some(Fold::KnownAfterApply)
        }
        Kind::Added | Kind::Removed | Kind::Changed => {
            (is_empty(&entry.old) && is_empty(&entry.new)).then_some(Fold::Empty)
        }
        Kind::Reordered | Kind::Sensitivity | Kind::Unchanged | Kind::Unset => None,
    }
}

fn is_empty(side: &Side) -> bool {
    match side {
        Side::Absent | Side::Null => true,
        Side::Text(text) => text.is_empty(),
        Side::Literal(json) => matches!(json.as_str(), "{}" | "[]"),
        Side::Members(n) | Side::Elements(n) => *n == 0,
        Side::Secret | Side::NotYet | Side::Unknown { .. } => false,
    }
}

/// Lists of one element told in the line of that element: `rule[0]` in place of `rule` and, set in below it, `[0]`. A block
/// of a configuration is such a list, and mostly there is one.
pub(super) fn joined(entries: Vec<Entry>) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::with_capacity(entries.len());
    // The depths of the lists around the row that have no line of their own.
    let mut without: Vec<usize> = Vec::new();
    let mut entries = entries.into_iter().peekable();
    let mut names: Vec<Entry> = Vec::new();
    while let Some(mut entry) = entries.next() {
        without.retain(|depth| *depth < entry.depth);
        let single = |side: &Side| matches!(side, Side::Elements(1) | Side::Absent | Side::Null);
        let next = entries.peek();
        let joins = single(&entry.old)
            && single(&entry.new)
            && entry.note.is_none()
            && !entry.label.is_empty()
            && next.is_some_and(|next| next.depth == entry.depth + 1);
        if joins {
            without.push(entry.depth);
            names.push(entry);
            continue;
        }
        entry.depth -= without.iter().filter(|depth| **depth < entry.depth).count();
        if !names.is_empty() {
            let name: String = names.iter().map(|list| list.label.as_str()).collect();
            entry.label = format!("{name}{}", entry.label);
            entry.forces_replacement |= names.iter().any(|list| list.forces_replacement);
            names.clear();
        }
        out.push(entry);
    }
    out
}

/// A row that gets lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'e> {
    pub entry: &'e Entry,
    /// How many of its direct members get none, because they tell of no difference.
    pub hidden: usize,
}

/// The rows that get lines, in their order.
pub(super) fn shown<'e>(
    entries: &'e [Entry],
    judged: &Judged,
    context: &DetailContext<'_>,
) -> Vec<Shown<'e>> {
    let options = context.options;
    let mut shown: Vec<Shown<'_>> = Vec::new();
    // The containers around the row that comes next, as positions in `shown`, one a depth.
    let mut around: Vec<usize> = Vec::new();
    let mut skipping: Option<usize> = None;
    for (i, entry) in entries.iter().enumerate() {
        if skipping.is_some_and(|depth| entry.depth > depth) {
            continue;
        }
        around.truncate(entry.depth);
        // The one value of an output is shown even if it stays the same.
        let quiet = entry.kind.is_quiet()
            && !entry.label.is_empty()
            && !options.unchanged
            && !forces(&entries[i..]);
        let folded = !options.expand && fold(entry, judged).is_some();
        skipping = (quiet || folded).then_some(entry.depth);
        if skipping.is_none() {
            around.push(shown.len());
            shown.push(Shown { entry, hidden: 0 });
        } else if let Some(&container) = around.last() {
            shown[container].hidden += 1;
        }
    }
    shown
}

/// Whether the first row or one below it forces the replacement.
fn forces(entries: &[Entry]) -> bool {
    let Some((first, rest)) = entries.split_first() else {
        return false;
    };
    let mut below = rest.iter().take_while(|next| next.depth > first.depth);
    first.forces_replacement || below.any(|next| next.forces_replacement)
}

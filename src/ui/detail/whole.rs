//! One value as a page of its own: everything that stands at its path and below it, nothing folded, nothing cut.

use super::layout::{Page, space};
use super::{DetailContext, DetailLine, rows};
use crate::diff::{Entry, Kind, Side};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::count;

/// The page; `None` where no row stands at `path`.
pub(super) fn lines(
    entries: &[Entry],
    path: &str,
    context: &DetailContext<'_>,
    page: &Page,
) -> Option<Vec<DetailLine>> {
    let at = entries.iter().position(|entry| entry.path == path)?;
    let depth = entries[at].depth;
    let below = entries[at + 1..].iter();
    let below = below.take_while(|entry| entry.depth > depth).count();
    let mut entries = entries[at..=at + below].to_vec();
    for entry in &mut entries {
        entry.depth -= depth;
    }
    let label = [Piece::new("value", Role::Strong), space(2)];
    let mut out = page.wrapped(&label, vec![heading(&entries[0])]);
    out.push(DetailLine::default());
    out.extend(rows::all(&entries, context, page));
    Some(out)
}

/// `changed, 4,388 characters before, 4,401 after`
fn heading(entry: &Entry) -> Piece {
    let what = match entry.kind {
        Kind::Added => "added",
        Kind::Removed => "removed",
        Kind::Changed | Kind::Sensitivity => "changed",
        Kind::Reordered => "in another order",
        Kind::Unknown => "known after apply",
        Kind::Unchanged => "unchanged",
        Kind::Unset => "unset",
    };
    let sizes: Vec<String> = [&entry.old, &entry.new]
        .into_iter()
        .filter_map(|side| match side {
            Side::Text(text) => Some(count(text.chars().count())),
            Side::Absent
            | Side::Null
            | Side::Literal(_)
            | Side::Secret
            | Side::NotYet
            | Side::Unknown { .. }
            | Side::Members(_)
            | Side::Elements(_) => None,
        })
        .collect();
    let sizes = match sizes.as_slice() {
        [old, new] if old != new => format!(", {old} characters before, {new} after"),
        [size, ..] => format!(", {size} characters"),
        [] => String::new(),
    };
    Piece::new(format!("{what}{sizes}"), Role::Dim)
}

//! The detail pane: everything there is to know about one row, as lines.
//!
//! Owns what is said and how it is cut to a width. Draws nothing: the lines are pieces with roles, and whoever draws
//! them scrolls. Values come from [`crate::diff`] masked already; every other foreign text is made visible here.

use super::theme::{Piece, Role, Theme};
use crate::diff::{self, Looking, Secrets, Side};
use crate::plan::effect::Kind;
use crate::plan::values::Values;
use crate::review::Fate;
use crate::risk::Judged;

mod columns;
mod document;
pub mod find;
mod fold;
mod generated;
mod head;
mod layout;
mod raw;
mod rows;
mod value;
mod whole;
mod why;
mod words;

pub use raw::raw_json;

/// Why texts are missing while the plan is read, and for ever where it could not be read.
pub const EARLY: &str = "Texts are shown once the plan is read to its end: only then is it known which of them are secret.";

/// One line of the pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailLine {
    /// What stands in it, from left to right. Never wider than was asked for.
    pub pieces: Vec<Piece>,
    /// The path of the attribute it belongs to: what a key on this line reveals or copies. Not for display.
    pub path: Option<String>,
}

impl DetailLine {
    /// The text of the line, without roles.
    pub fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }
}

/// What the reviewer has said about the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing<'a> {
    /// Nothing is asked of the reviewer.
    #[default]
    NotAsked,
    /// An acknowledgement is missing.
    Open,
    /// Acknowledged, with the reason if one was given.
    Acknowledged(Option<&'a str>),
    /// Objected to, with the reason.
    Objected(&'a str),
}

/// How before and after of a value stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrangement {
    /// In one line where they fit, else one under the other.
    #[default]
    OneLine,
    /// One under the other.
    TwoLines,
    /// Side by side.
    Columns,
}

/// How the pane is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says one thing that is or is not so, and none excludes another"
)]
pub struct Options<'a> {
    /// Rows that tell of no difference are shown too.
    pub unchanged: bool,
    /// Long values go on in the next line; else they are cut, and the cut says how long they are.
    pub wrap: bool,
    /// Nothing is folded: whole texts, all rows, each value that is known only after apply.
    pub expand: bool,
    /// How before and after stand.
    pub arrangement: Arrangement,
    /// What each rule means, what is lost and what would be safer is told too.
    pub explain: bool,
    /// The one path whose value is shown although it is secret.
    pub reveal: Option<&'a str>,
}

/// What the pane shows beside the plan's own facts.
#[derive(Debug, Clone, Copy)]
pub struct DetailContext<'a> {
    /// Colours do not matter here; whether only ASCII may be drawn does.
    pub theme: Theme,
    /// How it is looked at.
    pub options: Options<'a>,
    /// What the reviewer has said.
    pub standing: Standing<'a>,
    /// The reviewer's remarks.
    pub comments: &'a [&'a str],
    /// The blocks that refer to this one.
    pub dependants: &'a [String],
    /// What becomes of a difference that was seen outside.
    pub fate: Option<Fate>,
    /// Where its block stands, as `modules/db/main.tf:31`.
    pub source: Option<&'a str>,
    /// How it compares with the change of an earlier review.
    pub since: Option<&'a str>,
    /// The secrets of the plan; where it is still read, none are known.
    pub secrets: Option<&'a Secrets>,
    /// The plan is not read to its end: which of its texts are secret is not known yet, so none is shown.
    pub early: bool,
}

/// All lines of the pane, none wider than `width`.
///
/// `values` is what the row's element decodes to, or why it does not; rows that are no change have no values worth
/// showing, and theirs are ignored.
pub fn lines(
    judged: &Judged,
    values: Result<&Values, &str>,
    context: &DetailContext<'_>,
    width: u16,
) -> Vec<DetailLine> {
    let page = layout::Page::new(width, context.theme);
    let own = match values {
        Ok(values) if context.early => Secrets::suspected(values),
        Ok(values) => {
            let mut own = Secrets::default();
            own.collect(values);
            own
        }
        Err(_) => Secrets::default(),
    };
    let mut out = head::lines(judged, &own, context, &page);
    // A signal of the whole plan stands nowhere in it.
    if judged.effect.kind == Kind::Plan {
        return out;
    }
    out.push(DetailLine::default());
    if !has_attributes(judged) {
        let hint = [
            Piece::new("J", Role::Key),
            Piece::new(" shows it as it stands in the plan", Role::Dim),
        ];
        out.extend(page.wrapped(&[], hint.to_vec()));
        return out;
    }
    match values {
        Ok(values) => {
            if context.early {
                out.extend(page.wrapped(&[], vec![Piece::new(EARLY, Role::Dim)]));
            }
            let entries = entries(judged, values, context, false);
            out.extend(rows::lines(&entries, judged, context, &page));
            if let Some(text) = values.generated_config.as_ref().filter(|_| !context.early) {
                out.extend(generated::lines(text, &own, context, &page));
            }
        }
        Err(why) => {
            let label = [
                Piece::new("values", Role::Strong),
                Piece::new("  ", Role::Text),
            ];
            let text = format!("cannot be shown: {why}");
            out.extend(page.wrapped(&label, vec![Piece::foreign(&text, Role::Alarm)]));
        }
    }
    out
}

/// One value whole: what stands at `path` and below it. `None` where nothing stands there.
pub fn value(
    judged: &Judged,
    values: &Values,
    context: &DetailContext<'_>,
    path: &str,
    width: u16,
) -> Option<Vec<DetailLine>> {
    let page = layout::Page::new(width, context.theme);
    let entries = entries(judged, values, context, true);
    whole::lines(&entries, path, context, &page)
}

/// What `path` holds as text to be copied: the new side where there is one. Masked as on the screen; `None` where nothing
/// may be shown, or nothing is there.
pub fn copied(
    judged: &Judged,
    values: &Values,
    context: &DetailContext<'_>,
    path: &str,
) -> Option<String> {
    let entries = entries(judged, values, context, true);
    let entry = entries.iter().find(|entry| entry.path == path)?;
    let text = |side: &Side| match side {
        Side::Text(text) | Side::Literal(text) => Some(text.clone()),
        Side::Null => Some("null".to_owned()),
        Side::Absent
        | Side::Secret
        | Side::NotYet
        | Side::Unknown { .. }
        | Side::Members(_)
        | Side::Elements(_) => None,
    };
    text(&entry.new).or_else(|| text(&entry.old))
}

fn entries(
    judged: &Judged,
    values: &Values,
    context: &DetailContext<'_>,
    whole: bool,
) -> Vec<diff::Entry> {
    let looking = Looking {
        secrets: context.secrets,
        forced: judged.effect.replace_paths(),
        revealed: context.options.reveal,
        early: context.early,
        whole,
    };
    fold::joined(diff::attributes(values, looking))
}

/// Whether the row's element holds values: two sides, or what an action is given.
fn has_attributes(judged: &Judged) -> bool {
    match judged.effect.kind {
        Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift | Kind::Invocation => true,
        Kind::Plan | Kind::Provisioner | Kind::Check | Kind::UnknownKey => false,
    }
}

#[cfg(test)]
mod tests;

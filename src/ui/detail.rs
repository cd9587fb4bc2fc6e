//! The detail pane: everything there is to know about one row, as lines.
//!
//! Owns what is said and how it is cut to a width. Draws nothing: the lines are pieces with roles, and whoever draws
//! them scrolls. Values come from [`crate::diff`] masked already; every other foreign text is made visible here.

use super::theme::{Piece, Role, Theme};
use crate::diff::{self, Looking, Secrets};
use crate::plan::effect::Kind;
use crate::plan::values::Values;
use crate::review::Fate;
use crate::risk::Judged;

mod columns;
mod document;
mod fold;
mod generated;
mod head;
mod layout;
mod raw;
mod rows;
mod value;
mod why;
mod words;

pub use raw::raw_json;

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
    /// The secrets of the plan, as far as it was read.
    pub secrets: Option<&'a Secrets>,
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
    let mut own = Secrets::default();
    if let Ok(values) = values {
        own.collect(values);
    }
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
            let looking = Looking {
                secrets: context.secrets,
                forced: judged.effect.replace_paths(),
                revealed: context.options.reveal,
            };
            let entries = diff::attributes(values, looking);
            out.extend(rows::lines(&entries, judged, context, &page));
            if let Some(text) = &values.generated_config {
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

/// Whether the row's element holds values: two sides, or what an action is given.
fn has_attributes(judged: &Judged) -> bool {
    match judged.effect.kind {
        Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift | Kind::Invocation => true,
        Kind::Plan | Kind::Provisioner | Kind::Check | Kind::UnknownKey => false,
    }
}

#[cfg(test)]
mod tests;

//! The element as JSON, for those who want to see what stands in the file.

use super::DetailLine;
use super::layout::Page;
use crate::diff::{Secrets, raw};
use crate::plan::value::Value;
use crate::ui::theme::{Piece, Role, Theme};

/// The element of a row as pretty JSON, with secrets masked and each line within `width`.
///
/// `item` is the element's own text. Long lines go on in the next one: this is the view where nothing is left out.
pub fn raw_json(
    item: &str,
    secrets: Option<&Secrets>,
    theme: Theme,
    width: u16,
) -> Vec<DetailLine> {
    let page = Page::new(width, theme);
    match Value::parse(item) {
        Ok(value) => raw::pretty_masked(&value, secrets)
            .lines()
            .flat_map(|line| {
                let indent = line.len() - line.trim_start().len();
                let label = [Piece::new(
                    " ".repeat(indent.min(page.width / 2)),
                    Role::Text,
                )];
                page.wrapped(&label, vec![Piece::foreign(line.trim_start(), Role::Text)])
            })
            .collect(),
        Err(why) => page.wrapped(
            &[],
            vec![Piece::foreign(
                &format!("cannot be shown: {why}"),
                Role::Alarm,
            )],
        ),
    }
}

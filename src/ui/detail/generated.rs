//! The block that the tool wrote itself for an object that is imported: it stands in no file until somebody keeps it.

use super::layout::{Page, space};
use super::{DetailContext, DetailLine, rows};
use crate::diff::Secrets;
use crate::ui::theme::{Piece, Role};

/// More lines than this are counted unless all are asked for.
const MOST_LINES: usize = 24;

pub(super) fn lines(
    text: &str,
    own: &Secrets,
    context: &DetailContext<'_>,
    page: &Page,
) -> Vec<DetailLine> {
    let mask = |text: &str| {
        let text = own.mask(text);
        context
            .secrets
            .map_or_else(|| text.to_string(), |all| all.mask(&text).into_owned())
    };
    // A secret may go over several lines, or stand in one with its signs escaped.
    let whole = mask(text);
    let all: Vec<&str> = whole.lines().collect();
    let most = if context.options.expand {
        all.len()
    } else {
        MOST_LINES
    };
    let label = Piece::new("generated configuration", Role::Strong);
    let mut out = vec![DetailLine::default(), page.line(vec![label])];
    for line in all.iter().take(most) {
        let plain = unescaped(line);
        let masked = mask(&plain);
        let shown = if masked == plain { *line } else { &masked };
        out.extend(page.wrapped(&[space(2)], vec![Piece::foreign(shown, Role::Text)]));
    }
    if let Some(more @ 1..) = all.len().checked_sub(most) {
        let more = rows::more(page, more, "more lines, enter opens");
        out.push(page.line(vec![space(2), more]));
    }
    out
}

/// A line of a block as the value in it is.
fn unescaped(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    // `$${` and `%%{` stand for what would begin a template.
    out.replace("$${", "${").replace("%%{", "%{")
}

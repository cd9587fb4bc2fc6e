//! A drawn screen as text for snapshots: what it says, then how it looks, then what the letters mean.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// The rows.
pub fn text(buffer: &Buffer) -> String {
    lines(buffer, |cell, _| cell.symbol().to_owned())
}

/// The rows, and under them one letter for each look that is not plain.
pub fn styled(buffer: &Buffer) -> String {
    let mut looks: Vec<String> = Vec::new();
    let letters = lines(buffer, |cell, columns| {
        let look = look(cell);
        let letter = if look.is_empty() {
            ' '
        } else {
            let known = looks.iter().position(|seen| *seen == look);
            let at = known.unwrap_or_else(|| {
                looks.push(look);
                looks.len() - 1
            });
            char::from(b'a' + u8::try_from(at).expect("a screen has few looks"))
        };
        letter.to_string().repeat(columns)
    });
    let mut out = format!("{}\n{letters}\n", text(buffer));
    for (letter, look) in ('a'..).zip(&looks) {
        let _ = writeln!(out, "{letter} {look}");
    }
    out
}

fn lines(buffer: &Buffer, mut draw: impl FnMut(&Cell, usize) -> String) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let cell = &buffer[(x, y)];
            let columns = cell.symbol().width().max(1);
            row.push_str(&draw(cell, columns));
            x += columns as u16;
        }
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

/// In words; nothing for plain text, and for blanks that show nothing of their colour.
fn look(cell: &Cell) -> String {
    let seen_on_blanks = Modifier::REVERSED | Modifier::UNDERLINED;
    let blank = cell.symbol().trim().is_empty();
    let mut words = Vec::new();
    if !blank && cell.fg != Color::Reset {
        words.push(cell.fg.to_string().to_lowercase());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg.to_string().to_lowercase()));
    }
    let modifier = if blank {
        cell.modifier & seen_on_blanks
    } else {
        cell.modifier
    };
    words.extend(modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

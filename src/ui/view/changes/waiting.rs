//! Where the changes will be, as long as nothing of the plan is there: what is waited for, and how long so far.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{line, put};
use crate::ui::Wait;
use crate::ui::keymap::{self, Action, Mode};
use crate::ui::state::{Reading, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{pad, width, wrap};

/// What is waited for now, and what was before it. Nothing once the plan is coming.
pub fn waits(state: &State) -> &[Wait] {
    match &state.reading {
        Reading::Going(progress) if progress.bytes == 0 && state.rows.len() == state.unit_from => {
            &state.waiting
        }
        _ => &[],
    }
}

/// Draws the steps, the one that goes on last, and how to leave.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let waits = waits(state);
    let Some((now, _)) = waits.split_last() else {
        return;
    };
    let theme = state.theme();
    let dots = theme.glyph("…", "..");
    let column = |text: fn(&Wait) -> String| waits.iter().map(|wait| width(&text(wait))).max();
    let what = column(|wait| wait.what.clone()).unwrap_or_default();
    let time = column(Wait::elapsed).unwrap_or_default();
    let mut lines = vec![Vec::new()];
    for wait in waits {
        let (mark, role) = if wait == now {
            (dots, Role::Strong)
        } else {
            (theme.glyph("✓", "ok"), Role::Dim)
        };
        let mut pieces = vec![
            Piece::new(pad(mark, 3, ""), role),
            Piece::foreign(&pad(&wait.what, what + 2, ""), role),
            Piece::new(format!("{:>time$}", wait.elapsed()), role),
        ];
        if wait == now {
            pieces.push(Piece::foreign(&format!("  {}", wait.purpose), Role::Dim));
        }
        lines.push(pieces);
    }
    let quit = keymap::first(Mode::Tree, Action::Quit);
    let leave = format!("{quit} leaves: what runs is ended, and nothing of it stays behind.");
    lines.push(Vec::new());
    lines.extend(
        wrap(&leave, area.width.into())
            .into_iter()
            .map(|text| vec![Piece::new(text, Role::Text)]),
    );
    for (y, pieces) in lines.iter().enumerate() {
        put(buffer, theme, line(area, y as u16), pieces);
    }
}

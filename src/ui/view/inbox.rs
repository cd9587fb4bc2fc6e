//! The list of submitted plans: two lines each, what it is and what it is for.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::footer::{Hint, fitting_hints};
use super::{frame as edges, line, lists, put, put_right, say_too_small};
use crate::risk::Risk;
use crate::ui::inbox::{Item, State};
use crate::ui::keymap::{self, Mode};
use crate::ui::layout::too_small;
use crate::ui::number::counted;
use crate::ui::theme::{Piece, Role, Theme};
use crate::ui::width::count;

/// Lines of a plan.
const LINES: usize = 2;
/// Lines above and below the plans.
const AROUND: u16 = 3;
/// Characters of an id that are shown: enough to name it.
const SHORT: usize = 12;

/// How many plans are seen at once on a screen of this height.
pub fn fits(height: u16) -> usize {
    usize::from(height.saturating_sub(AROUND)) / LINES
}

/// Draws it.
pub fn draw(state: &State, frame: &mut Frame<'_>) {
    let size = frame.area();
    let theme = state.theme;
    let buffer = frame.buffer_mut();
    if too_small((size.width, size.height)) {
        say_too_small(theme, size, buffer);
        return;
    }
    let area = Rect {
        x: size.x + 1,
        width: size.width - 2,
        ..size
    };
    let waiting = state.items.iter().filter(|item| item.waits).count();
    let all = count(state.items.len());
    let title = [
        Piece::new("undersign", Role::Strong),
        Piece::new("  inbox  ", Role::Text),
        Piece::new(
            format!("{} of {all}", counted(waiting, "plan waits", "plans wait")),
            Role::Dim,
        ),
    ];
    put(buffer, theme, line(area, 0), &title);
    let mut cursor = None;
    if state.items.is_empty() {
        let nothing = Piece::new("No plan was submitted.", Role::Dim);
        put(buffer, theme, line(area, 2), &[nothing]);
    } else {
        let at = format!("plan {} of {all}", count(state.at + 1));
        put_right(buffer, theme, line(area, 0), &[Piece::new(at, Role::Dim)]);
    }
    let fits = fits(size.height);
    let top = (state.at + 1).saturating_sub(fits);
    let seen = state.items.iter().enumerate().skip(top).take(fits);
    for (row, (number, item)) in seen.enumerate() {
        let y = 2 + (row * LINES) as u16;
        let head = line(area, y);
        let right = standing(item);
        let x = put_right(buffer, theme, head, &right);
        let room = Rect {
            width: x.saturating_sub(head.x + 1),
            ..head
        };
        put(buffer, theme, room, &what(theme, item));
        let task = Piece::foreign(&format!("    {}", item.task), Role::Text);
        put(buffer, theme, line(area, y + 1), &[task]);
        if number == state.at {
            edges::cursor(buffer, theme, head);
            cursor = Some(head.as_position());
        }
    }
    let last = line(area, size.height - 1);
    let foot = match &state.notice {
        Some(notice) => vec![Piece::foreign(notice, Role::Done)],
        None => hints(state, last.width.into()),
    };
    put(buffer, theme, last, &foot);
    let over = state
        .help
        .as_ref()
        .map(|help| lists::draw_help(help, theme, size, buffer));
    if let Some(cursor) = over.or(cursor) {
        frame.set_cursor_position(cursor);
    }
}

/// What a plan is: what it holds by risk, its name, and what names it.
fn what(theme: Theme, item: &Item) -> Vec<Piece> {
    let risks = Risk::WORST_FIRST.into_iter().zip(item.risks);
    let mut pieces: Vec<Piece> = risks
        .map(|(risk, n)| {
            let role = if n == 0 { Role::Dim } else { Role::Risk(risk) };
            Piece::new(format!("{} {} ", theme.risk_mark(risk), count(n)), role)
        })
        .collect();
    pieces.push(Piece::foreign(&item.name, Role::Strong));
    let id = &item.id[..SHORT.min(item.id.len())];
    pieces.push(Piece::new(format!("  {id}"), Role::Dim));
    pieces
}

/// What became of it, and how long it has been there.
fn standing(item: &Item) -> [Piece; 2] {
    let role = if item.waits { Role::Warn } else { Role::Dim };
    [
        Piece::new(item.status, role),
        Piece::new(format!("   {}", item.age), Role::Dim),
    ]
}

fn hints(state: &State, room: usize) -> Vec<Piece> {
    if state.mode() != Mode::Inbox {
        return Vec::new();
    }
    let hints = keymap::of(Mode::Inbox).map(|binding| Hint {
        binding,
        words: binding.hint,
        can: binding.action != keymap::Action::Enter || !state.items.is_empty(),
    });
    fitting_hints(hints.collect(), room)
}

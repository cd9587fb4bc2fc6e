//! What a click and the wheel do. They move and open, and never answer a question.

use ratatui::layout::{Position, Rect};

use super::{browse, cursor, over};
use crate::ui::keymap::Action;
use crate::ui::layout::inside;
use crate::ui::mouse::{Mouse, Press};
use crate::ui::state::{Pane, State};
use crate::ui::theme::Role;

/// Lines that one turn of the wheel moves.
const TURN: usize = 3;

/// Takes a click or a turn of the wheel in.
pub fn at(state: &mut State, mouse: Mouse) {
    let place = Position::new(mouse.column, mouse.row);
    let areas = state.areas();
    let on = |area: Rect| area.contains(place);
    match mouse.press {
        Press::WheelDown | Press::WheelUp => {
            let action = if mouse.press == Press::WheelDown {
                Action::Down
            } else {
                Action::Up
            };
            for _ in 0..TURN {
                if state.overlay.is_some() {
                    over::scroll(state, action);
                } else if on(areas.tree) {
                    browse::tree(state, action);
                } else if on(areas.detail) {
                    cursor::turn(state, if action == Action::Down { 1 } else { -1 });
                }
            }
        }
        Press::Click | Press::DoubleClick if state.overlay.is_some() => {
            state.say("a dialog is answered with its keys", Role::Dim);
        }
        Press::Click | Press::DoubleClick if on(inside(areas.tree)) => {
            let line = usize::from(mouse.row - inside(areas.tree).y);
            if !state.tree.point(line) {
                return;
            }
            state.moved = true;
            state.notice = None;
            let group = state.tree.row().is_none();
            // One click opens a group, as everywhere; a change is opened by two.
            if group && mouse.press == Press::Click || !group && mouse.press == Press::DoubleClick {
                browse::tree(state, Action::Enter);
            } else if state.pane != Pane::Tree {
                state.pane = Pane::Tree;
                state.detail_stale = true;
            }
        }
        Press::Click | Press::DoubleClick if on(areas.detail) => {
            state.pane = Pane::Detail;
            state.detail_stale = true;
            let inner = inside(areas.detail);
            if inner.contains(place) {
                state.detail.line = state.detail.top + usize::from(mouse.row - inner.y);
                cursor::clamp(state);
            }
            if mouse.press == Press::DoubleClick {
                browse::enter(state);
            }
        }
        Press::Click | Press::DoubleClick => {}
    }
}

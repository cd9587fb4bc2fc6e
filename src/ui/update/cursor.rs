//! The line of the detail that the keys are about, and the part of the detail that is seen.

use crate::ui::detail::find::hits;
use crate::ui::keymap::Action;
use crate::ui::layout::inside;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};

fn height(state: &State) -> usize {
    usize::from(inside(state.areas().detail).height)
}

/// Keeps the line within what there is, and what is seen around the line.
pub fn clamp(state: &mut State) {
    let height = height(state);
    let detail = &mut state.detail;
    let all = detail.lines.len();
    detail.line = detail.line.min(all.saturating_sub(1));
    let margin = usize::from(height > 4);
    if detail.line < detail.top + margin {
        detail.top = detail.line.saturating_sub(margin);
    }
    if detail.line + margin >= detail.top + height {
        detail.top = (detail.line + margin + 1).saturating_sub(height);
    }
    detail.top = detail.top.min(all.saturating_sub(height));
}

/// Moves the line; a page moves what is seen with it.
pub fn go(state: &mut State, action: Action) {
    let page = isize::try_from(height(state)).unwrap_or(1);
    let last = state.detail.lines.len().saturating_sub(1);
    let by = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::HalfDown => page / 2,
        Action::HalfUp => -page / 2,
        Action::PageDown => page - 1,
        Action::PageUp => 1 - page,
        _ => 0,
    };
    let detail = &mut state.detail;
    match action {
        Action::First => detail.line = 0,
        Action::Last => detail.line = last,
        _ => detail.line = detail.line.saturating_add_signed(by).min(last),
    }
    if by.abs() > 1 {
        detail.top = detail.top.saturating_add_signed(by);
    }
    clamp(state);
}

/// Moves what is seen, as a wheel does; the line stays where it is as long as it is seen.
pub fn turn(state: &mut State, lines: isize) {
    let height = height(state);
    let detail = &mut state.detail;
    let most = detail.lines.len().saturating_sub(height);
    detail.top = detail.top.saturating_add_signed(lines).min(most);
    let margin = usize::from(height > 4);
    let least = if detail.top == 0 {
        0
    } else {
        detail.top + margin
    };
    let end = if detail.top == most {
        detail.lines.len()
    } else {
        (detail.top + height).saturating_sub(margin)
    };
    detail.line = detail.line.clamp(least, end.saturating_sub(1).max(least));
    clamp(state);
}

/// Puts the line on the first one that belongs to `path`; says whether there is one.
pub fn go_to(state: &mut State, path: &str) -> bool {
    let paths = &state.detail.paths;
    let line = paths.iter().position(|of| of.as_deref() == Some(path));
    if let Some(line) = line {
        state.detail.line = line;
        clamp(state);
    }
    line.is_some()
}

/// Goes to the next or previous line that holds what is searched; `here` lets the line itself count too.
pub fn find(state: &mut State, forward: bool, here: bool) {
    if state.detail.find.is_empty() {
        return;
    }
    let lines = &state.detail.lines;
    let holds = |line: &[Piece]| {
        let text: String = line.iter().map(|piece| piece.text.as_str()).collect();
        !hits(&text, &state.detail.find).is_empty()
    };
    let found: Vec<usize> = (0..lines.len()).filter(|&at| holds(&lines[at])).collect();
    let line = state.detail.line;
    let next = if forward {
        let behind = found.iter().find(|&&at| at > line || (here && at == line));
        behind.or(found.first())
    } else {
        found.iter().rev().find(|&&at| at < line).or(found.last())
    };
    let Some(&at) = next else {
        let text = format!("nothing here holds {}", state.detail.find);
        return state.say(text, Role::Warn);
    };
    let place = found.partition_point(|&hit| hit < at) + 1;
    let text = format!("{place} of {} lines", found.len());
    state.detail.line = at;
    clamp(state);
    state.say(text, Role::Dim);
}

//! Keys that go to what lies over the list.

use super::decide;
use crate::failure::Failure;
use crate::ui::Command;
use crate::ui::dialog::{Field, Overlay};
use crate::ui::hands::Outcome;
use crate::ui::key::Key;
use crate::ui::keymap::{self, Action, Mode};
use crate::ui::line::Line;
use crate::ui::state::{Pane, State};
use crate::ui::theme::Role;

/// Answers a dialog, or goes on in it.
pub fn act(state: &mut State, action: Action) -> Vec<Command> {
    match action {
        Action::NextField => {
            if let Some(Overlay::Ack(asking)) = &mut state.overlay {
                asking.field = match asking.field {
                    Field::Answer => Field::Reason,
                    Field::Reason => Field::Answer,
                };
            }
            Vec::new()
        }
        Action::Editor => {
            let line = state.overlay.as_mut().and_then(Overlay::line);
            line.map(|line| vec![Command::Edit(line.text().to_owned())])
                .unwrap_or_default()
        }
        Action::Yes | Action::Submit => submit(state),
        _ => Vec::new(),
    }
}

fn submit(state: &mut State) -> Vec<Command> {
    match state.overlay.take() {
        // Enter in the reason goes back to the question; it never answers it.
        Some(Overlay::Ack(mut asking)) if asking.field == Field::Reason => {
            asking.field = Field::Answer;
            state.overlay = Some(Overlay::Ack(asking));
            Vec::new()
        }
        Some(Overlay::Ack(asking)) => decide::acknowledge(state, &asking),
        Some(Overlay::Words(words)) => decide::words(state, &words),
        Some(Overlay::Sign(signing)) => {
            state.signing = true;
            vec![Command::Sign(signing.request)]
        }
        Some(Overlay::SendBack) => vec![Command::Reject],
        Some(Overlay::Remade) => vec![Command::Quit(Outcome::Remade)],
        Some(Overlay::Leave(_)) => vec![Command::Quit(Outcome::Left { saved: false })],
        Some(Overlay::Palette { line, chosen }) => {
            let pane = pane_mode(state);
            if let Some(binding) = keymap::commands(pane, line.text()).get(chosen) {
                return super::act(state, binding.action);
            }
            state.say(format!("no command {}", line.text()), Role::Warn);
            Vec::new()
        }
        Some(
            Overlay::Filter(_)
            | Overlay::Find(_)
            | Overlay::Help { .. }
            | Overlay::Waiting(_)
            | Overlay::Notice(_),
        )
        | None => Vec::new(),
    }
}

/// The mode of the pane behind what lies over it.
pub fn pane_mode(state: &State) -> Mode {
    match state.pane {
        Pane::Tree => Mode::Tree,
        Pane::Detail => Mode::Detail,
    }
}

/// Closes what lies over the list, and changes nothing.
pub fn back(state: &mut State) {
    match state.overlay.take() {
        Some(Overlay::Filter(_)) => {
            state.set_filter("");
        }
        Some(Overlay::Find(_)) => {
            state.detail.find.clear();
            state.detail_stale = true;
        }
        Some(Overlay::Waiting(_)) => {
            state.say(
                "no longer waiting; a signature that still comes ends the review",
                Role::Warn,
            );
        }
        Some(
            Overlay::Help { .. }
            | Overlay::Palette { .. }
            | Overlay::Ack(_)
            | Overlay::Words(_)
            | Overlay::Sign(_)
            | Overlay::SendBack
            | Overlay::Remade
            | Overlay::Leave(_)
            | Overlay::Notice(_),
        )
        | None => {}
    }
    state.undrawn = false;
}

/// Moves in a list that lies over the tree.
pub fn scroll(state: &mut State, action: Action) {
    let lines = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => 10,
        _ => -10,
    };
    let pane = pane_mode(state);
    match &mut state.overlay {
        Some(Overlay::Help { of, search, top }) => {
            let most = keymap::help(*of, search.text()).len().saturating_sub(1);
            *top = top.saturating_add_signed(lines).min(most);
        }
        Some(Overlay::Palette { line, chosen }) => {
            let most = keymap::commands(pane, line.text()).len().saturating_sub(1);
            *chosen = chosen.saturating_add_signed(lines).min(most);
        }
        _ => {}
    }
}

/// Types a key into the line that takes it.
pub fn typed(state: &mut State, key: &Key) {
    if let Some(line) = state.overlay.as_mut().and_then(Overlay::line)
        && line.press(key)
    {
        live(state);
    }
}

/// Pastes into the line that takes it; a name is typed, not pasted.
pub fn paste(state: &mut State, text: &str) {
    match state.overlay.as_mut() {
        Some(overlay) if overlay.mode() == Mode::Typed => {
            state.say("type it: what is pasted is not read", Role::Warn);
        }
        Some(overlay) => {
            if let Some(line) = overlay.line() {
                line.insert(text);
                live(state);
            }
        }
        None => state.say("nothing takes a paste here", Role::Dim),
    }
}

/// Puts what was written in an editor into the field it came from.
pub fn edited(state: &mut State, text: Result<String, Failure>) {
    match text {
        Ok(text) => {
            if let Some(line) = state.overlay.as_mut().and_then(Overlay::line) {
                *line = Line::new(&text);
            }
        }
        Err(failure) => state.say(failure.error, Role::Alarm),
    }
}

/// Lines that work while they are typed.
fn live(state: &mut State) {
    match &mut state.overlay {
        Some(Overlay::Filter(line)) => {
            let text = line.text().to_owned();
            state.set_filter(&text);
            state.regroup();
            state.tree.to_a_row();
            state.moved = true;
        }
        Some(Overlay::Find(line)) => {
            state.detail.find = line.text().to_owned();
            state.detail_stale = true;
            super::pane::find(state, true, true);
        }
        Some(Overlay::Palette { chosen, .. }) => *chosen = 0,
        Some(Overlay::Help { top, .. }) => *top = 0,
        Some(
            Overlay::Ack(_)
            | Overlay::Words(_)
            | Overlay::Sign(_)
            | Overlay::SendBack
            | Overlay::Remade
            | Overlay::Waiting(_)
            | Overlay::Leave(_)
            | Overlay::Notice(_),
        )
        | None => {}
    }
}

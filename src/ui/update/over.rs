//! Keys that go to what lies over the list.

use super::decide;
use crate::failure::Failure;
use crate::ui::Command;
use crate::ui::dialog::{Field, Overlay};
use crate::ui::filter::complete::complete;
use crate::ui::hands::Outcome;
use crate::ui::key::Key;
use crate::ui::keymap::{self, Action, Mode};
use crate::ui::line::Line;
use crate::ui::state::{Pane, State};
use crate::ui::theme::Role;
use crate::ui::view::dialog;

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
        Action::Complete => {
            if let Some(Overlay::Filter(line)) = &mut state.overlay {
                let found = complete(line.before_caret(), &state.rows);
                line.insert(&found.insert);
                state.recall.choices = found.choices;
                set_live(state);
            }
            Vec::new()
        }
        Action::Older | Action::Newer => {
            recall(state, action == Action::Older);
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
        Some(Overlay::Filter(line)) => {
            let kept = line.text().trim();
            if !kept.is_empty() && state.recall.kept.last().is_none_or(|last| last != kept) {
                state.recall.kept.push(kept.to_owned());
            }
            Vec::new()
        }
        Some(Overlay::Find(_)) => {
            // The line stays where the search led; how many there are is told once more.
            super::cursor::find(state, true, true);
            Vec::new()
        }
        Some(Overlay::Help(_) | Overlay::Waiting(_) | Overlay::Notice(_)) | None => Vec::new(),
    }
}

/// Brings back a filter that was kept before.
fn recall(state: &mut State, older: bool) {
    let recall = &mut state.recall;
    recall.at = if older {
        recall.at.saturating_sub(1)
    } else {
        (recall.at + 1).min(recall.kept.len())
    };
    let text = recall.kept.get(recall.at).map_or("", String::as_str);
    if let Some(Overlay::Filter(line)) = &mut state.overlay {
        *line = Line::new(text);
        live(state);
    }
}

/// The mode of the pane behind what lies over it.
pub fn pane_mode(state: &State) -> Mode {
    match state.pane {
        Pane::Tree => Mode::Tree,
        Pane::Detail if state.detail.whole.is_some() => Mode::Value,
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
            Overlay::Help(_)
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
    // A dialog on a low screen shows few lines: a page must not jump over any.
    let page = isize::from(state.size.1.cast_signed() / 3);
    let lines = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => page,
        _ => -page,
    };
    let mode = pane_mode(state);
    match &mut state.overlay {
        Some(Overlay::Help(help)) => help.scroll(lines),
        Some(Overlay::Palette { line, chosen }) => {
            let most = keymap::commands(mode, line.text()).len().saturating_sub(1);
            *chosen = chosen.saturating_add_signed(lines).min(most);
        }
        Some(_) => {
            let most = dialog::most(state);
            state.dialog_top = state.dialog_top.saturating_add_signed(lines).min(most);
        }
        None => {}
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
                *line = Line::with_breaks(&text);
            }
        }
        Err(failure) => state.say(failure.error, Role::Alarm),
    }
}

/// Lines that work while they are typed.
fn live(state: &mut State) {
    state.recall.choices.clear();
    set_live(state);
}

fn set_live(state: &mut State) {
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
            super::cursor::find(state, true, true);
        }
        Some(Overlay::Palette { chosen, .. }) => *chosen = 0,
        Some(Overlay::Help(help)) => help.top = 0,
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

//! What a message does to the state, and what is to be done about it.
//!
//! Pure: what touches the world goes out as a [`Command`], and what comes of it comes back as a [`Msg`].

use super::dialog::Overlay;
use super::hands::{Disk, Outcome};
use super::key::Key;
use super::keymap::{self, Action};
use super::layout::too_small;
use super::state::State;
use super::theme::Role;
use super::{Command, Msg};
use crate::failure::Failure;

mod browse;
pub mod cursor;
mod decide;
pub mod over;
pub mod pane;
pub mod permit;
mod point;
mod read;
mod whole;

/// Takes a message in; returns what is to be done.
pub fn update(state: &mut State, msg: Msg) -> Vec<Command> {
    match msg {
        // Keys typed before a dialog was seen do not answer it.
        Msg::Key(_) | Msg::Paste(_) if state.undrawn => return Vec::new(),
        Msg::Key(key) => {
            let mut commands = press(state, &key);
            commands.extend(settle(state));
            return commands;
        }
        Msg::Paste(text) => {
            over::paste(state, &text);
            return settle(state);
        }
        // Nothing is decided with a click, so one that comes early does no harm.
        Msg::Mouse(mouse) => {
            point::at(state, mouse);
            return settle(state);
        }
        Msg::Resize(width, height) => {
            state.size = (width, height);
            state.detail_stale = true;
            return settle(state);
        }
        Msg::Tick => {
            state.catch_up();
            return settle(state);
        }
        Msg::Drawn => state.undrawn = false,
        Msg::Unit(unit) => read::begin(state, unit),
        Msg::Rows(rows) => state.add(rows),
        Msg::Waiting(waits) => state.waiting = waits,
        Msg::Progress(progress) => read::progress(state, progress),
        Msg::Verdicts(said) => state.hear(said),
        Msg::Since(since) => read::since(state, *since),
        Msg::Restored(earlier, sentence) => {
            read::restored(state, earlier, sentence);
            return settle(state);
        }
        Msg::Loaded(facts, rows) => {
            read::end(state, *facts, rows);
            let mut commands = settle(state);
            // Before the digest was known there was no draft to write to.
            if !state.log.entries().is_empty() {
                commands.push(Command::Save);
            }
            return commands;
        }
        Msg::LoadFailed(failure) => {
            read::failed(state, failure);
            return settle(state);
        }
        Msg::Values(row, values) => {
            if state.detail.row == Some(row) {
                state.detail.values = Some(values);
                state.detail_stale = true;
            }
            return settle(state);
        }
        Msg::Saved(saved) => state.unsaved = saved.err().map(|failure| failure.error),
        Msg::Signed(Ok(receipt)) => return vec![Command::Quit(Outcome::Signed(receipt))],
        Msg::Rejected(Ok(text)) => return vec![Command::Quit(Outcome::Rejected(text))],
        Msg::Signed(Err(failure)) => not_signed(state, failure),
        Msg::Rejected(Err(failure)) => state.open(Overlay::Notice(Box::new(failure))),
        Msg::Edited(text) => over::edited(state, text),
        Msg::Disk(disk) => on_disk(state, disk),
    }
    Vec::new()
}

/// Says that there is no signature: somebody who stopped waiting is told all the same, but not torn out of another dialog.
fn not_signed(state: &mut State, failure: Failure) {
    state.signing = false;
    match state.overlay {
        None | Some(Overlay::Waiting(_) | Overlay::Sign(_)) => {
            state.open(Overlay::Notice(Box::new(failure)));
        }
        Some(_) => state.say(format!("not signed: {}", failure.error), Role::Alarm),
    }
}

/// Says whether the plan on disk is still the one that was read, and offers the new one to whoever watches.
fn on_disk(state: &mut State, disk: Disk) {
    state.disk = disk;
    match (disk, state.setup.watch, &state.overlay) {
        (Disk::AsRead, _, _) => {}
        (Disk::CopyStands | Disk::Changed, true, None) => state.open(Overlay::Remade),
        (Disk::CopyStands, _, _) => state.say(
            "the plan file on disk is another one now; you see and sign the copy that was read",
            Role::Warn,
        ),
        (Disk::Changed, _, _) => state.say(
            "the plan on disk is no longer what was read: leave, and start again",
            Role::Alarm,
        ),
    }
}

/// What a key does in the mode the screen is in.
fn press(state: &mut State, key: &Key) -> Vec<Command> {
    let mode = state.mode();
    let action = keymap::action(mode, key.name());
    if too_small(state.size) {
        // Nobody decides anything on a screen that shows nothing.
        return match (action, &state.overlay) {
            (Some(Action::Quit), None) => decide::leave(state),
            (Some(Action::Suspend), _) => vec![Command::Suspend],
            _ => Vec::new(),
        };
    }
    state.notice = None;
    match (action, state.overlay.is_some()) {
        (Some(action), _) => act(state, action),
        (None, true) => {
            over::typed(state, key);
            Vec::new()
        }
        (None, false) => {
            state.say(
                format!("{} does nothing here; ? shows the keys", key.name()),
                Role::Dim,
            );
            Vec::new()
        }
    }
}

/// Does what a key or a command of the palette stands for.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Command> {
    if action == Action::Sign
        && let Some(failure) = permit::nobody_signs(state).cloned()
    {
        state.open(Overlay::Notice(Box::new(failure)));
        return Vec::new();
    }
    if let Some(reason) = permit::why_not(state, action) {
        state.say(reason, Role::Warn);
        return Vec::new();
    }
    match action {
        Action::Suspend => vec![Command::Suspend],
        Action::Redraw => vec![Command::Redraw],
        // Only the inbox looks for something new.
        Action::Refresh => Vec::new(),
        Action::Quit => decide::leave(state),
        Action::Acknowledge
        | Action::Object
        | Action::Comment
        | Action::Undo
        | Action::Redo
        | Action::Sign => decide::act(state, action),
        Action::Mouse => {
            state.mouse = !state.mouse;
            state.say(
                if state.mouse {
                    "mouse on: click, double click, wheel; M turns it off, to select text"
                } else {
                    "mouse off"
                },
                Role::Text,
            );
            vec![Command::Mouse(state.mouse)]
        }
        Action::Yes
        | Action::Submit
        | Action::NextField
        | Action::Editor
        | Action::Complete
        | Action::Older
        | Action::Newer => over::act(state, action),
        Action::Back if state.overlay.is_some() => {
            over::back(state);
            Vec::new()
        }
        Action::Down | Action::Up | Action::PageDown | Action::PageUp
            if state.overlay.is_some() =>
        {
            over::scroll(state, action);
            Vec::new()
        }
        Action::Down
        | Action::Up
        | Action::HalfDown
        | Action::HalfUp
        | Action::PageDown
        | Action::PageUp
        | Action::First
        | Action::Last
        | Action::Open
        | Action::Close
        | Action::Parent
        | Action::OpenAll
        | Action::CloseAll
        | Action::Enter
        | Action::NextPane
        | Action::NextOpen
        | Action::PreviousOpen
        | Action::Filter
        | Action::Find
        | Action::FindNext
        | Action::FindPrevious
        | Action::OnlyCritical
        | Action::HighUp
        | Action::MediumUp
        | Action::AllRisks
        | Action::View
        | Action::Unchanged
        | Action::Wrap
        | Action::AsideRight
        | Action::AsideLeft
        | Action::Json
        | Action::PolicyText
        | Action::Arrange
        | Action::Widen
        | Action::Narrow
        | Action::Explain
        | Action::Reveal
        | Action::CopyAddress
        | Action::CopyDetail
        | Action::Palette
        | Action::Help
        | Action::Back => browse::act(state, action),
    }
}

/// Brings what is shown in line with what is known; asks for the values of a newly shown row.
fn settle(state: &mut State) -> Vec<Command> {
    state.regroup();
    let tree = super::layout::inside(state.areas().tree);
    state.tree.scroll(tree.height.into());
    let row = state.tree.row();
    let mut commands = Vec::new();
    if state.detail.row != row {
        state.detail.row = row;
        state.detail.values = None;
        state.detail.revealed = None;
        state.detail.top = 0;
        state.detail.line = 0;
        state.detail.whole = None;
        state.detail.rule = None;
        state.detail_stale = true;
        commands.extend(row.map(Command::LoadValues));
    }
    // A group's few words depend on whether it is open.
    if std::mem::take(&mut state.detail_stale) || row.is_none() {
        pane::compose(state);
    }
    cursor::clamp(state);
    commands
}

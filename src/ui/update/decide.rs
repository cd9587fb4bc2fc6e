//! Acknowledge, object, comment, undo, sign, leave.

use crate::review::log::{Log, Said};
use crate::review::{Ack, Key, Objection, Requirement};
use crate::ui::Command;
use crate::ui::dialog::{Asking, Overlay, Signing, Tone, Words};
use crate::ui::hands::{Outcome, SignRequest};
use crate::ui::keymap::Action;
use crate::ui::line::Line;
use crate::ui::state::State;
use crate::ui::theme::Role;

/// Opens the dialog of a decision, or takes one back.
pub fn act(state: &mut State, action: Action) -> Vec<Command> {
    match action {
        Action::Acknowledge => {
            let asking = state
                .current()
                .and_then(|(_, judged)| Asking::of(judged, &state.rows));
            if let Some(asking) = asking {
                state.open(Overlay::Ack(Box::new(asking)));
            }
            Vec::new()
        }
        Action::Object => open_words(state, Tone::Objection),
        Action::Comment => open_words(state, Tone::Comment),
        Action::Undo => {
            let said = state.log.undo().map(|said| sentence("took back", said));
            after(state, said)
        }
        Action::Redo => {
            let said = state.log.redo().map(|said| sentence("stands again:", said));
            after(state, said)
        }
        Action::Sign => {
            if state.tally.objected > 0 {
                state.open(Overlay::SendBack);
            } else if super::permit::remade(state) {
                state.open(Overlay::Remade);
            } else {
                let request = request(state);
                let typed = Line::default();
                state.open(Overlay::Sign(Box::new(Signing { request, typed })));
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn open_words(state: &mut State, tone: Tone) -> Vec<Command> {
    if let Some((_, judged)) = state.current() {
        let key = Key::of(judged);
        let line = Line::default();
        state.open(Overlay::Words(Box::new(Words { key, tone, line })));
    }
    Vec::new()
}

/// Writes the acknowledgement that the dialog showed, and goes to the next open row.
pub fn acknowledge(state: &mut State, asking: &Asking) -> Vec<Command> {
    let reason = asking.reason.text().trim();
    let ack = Ack {
        requirement: asking.requirement.clone(),
        method: asking.method(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    };
    let address = ack.requirement.key.to_string();
    state.log.say(Said::Ack(ack));
    state.moved = true;
    let commands = after(
        state,
        Some(format!("acknowledged {address}; u takes it back")),
    );
    match state.next_open(false) {
        Some(row) => _ = state.tree.go_to(row),
        None if state.tally.open == 0 && state.is_read() => {
            state.say(
                "everything is acknowledged: S signs, u takes the last back",
                Role::Done,
            );
        }
        None => {}
    }
    commands
}

/// Writes an objection or a remark.
pub fn words(state: &mut State, words: &Words) -> Vec<Command> {
    let text = words.line.text().trim().to_owned();
    let key = words.key.clone();
    let (said, done) = match words.tone {
        Tone::Objection => {
            let done = format!("objected to {key}; u takes it back");
            (Said::Object(Objection { key, reason: text }), done)
        }
        Tone::Comment => {
            let done = format!("remark on {key} is kept");
            (Said::Comment { key, text }, done)
        }
    };
    state.log.say(said);
    after(state, Some(done))
}

/// What follows every entry of the log.
fn after(state: &mut State, done: Option<String>) -> Vec<Command> {
    state.stale = true;
    state.regroup();
    if let Some(done) = done {
        state.say(done, Role::Done);
    }
    vec![Command::Save]
}

fn sentence(verb: &str, said: &Said) -> String {
    let what = match said {
        Said::Ack(_) => "the acknowledgement of",
        Said::Object(_) => "the objection to",
        Said::Comment { .. } => "the remark on",
    };
    format!("{verb} {what} {}", said.key())
}

/// Every acknowledgement that stands, for exactly what the plan asks.
fn request(state: &State) -> SignRequest {
    let acks = acks(state, &state.log);
    let comments = state.log.comments();
    SignRequest {
        acks,
        comments: comments
            .map(|(key, text)| (key.clone(), text.to_owned()))
            .collect(),
    }
}

fn acks(state: &State, log: &Log) -> Vec<Ack> {
    let verdicts = log.verdicts();
    state
        .rows
        .iter()
        .filter_map(Requirement::of)
        .filter_map(|wanted| match verdicts.get(&wanted.key) {
            Some(Said::Ack(ack)) if ack.requirement == wanted => Some(ack.clone()),
            _ => None,
        })
        .collect()
}

/// Leaves; asks only if what was said would be lost.
pub fn leave(state: &mut State) -> Vec<Command> {
    match state.unsaved.clone() {
        Some(reason) => {
            state.open(Overlay::Leave(reason));
            vec![Command::Save]
        }
        None => vec![Command::Quit(Outcome::Left {
            saved: !state.log.entries().is_empty(),
        })],
    }
}

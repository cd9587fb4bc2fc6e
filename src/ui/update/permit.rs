//! Why an action cannot be done now, in words. The footer and the palette ask, and so does every key.

use crate::failure::Failure;
use crate::plan::effect::Kind;
use crate::review::{SHORTEST_REASON, verdicts};
use crate::ui::Facts;
use crate::ui::dialog::{Asking, Field, Overlay};
use crate::ui::hands::Disk;
use crate::ui::keymap::Action;
use crate::ui::number::counted;
use crate::ui::standing::Standing;
use crate::ui::state::{Reading, State};

/// Why `action` cannot be done now; `None` if it can.
pub fn why_not(state: &State, action: Action) -> Option<String> {
    match action {
        Action::Acknowledge => acknowledge(state),
        Action::CopyDetail if state.detail.revealed.is_some() => {
            Some("a secret value is shown: V on it hides it again".into())
        }
        Action::Object | Action::Comment | Action::CopyAddress | Action::CopyDetail => state
            .current()
            .is_none()
            .then(|| "put the cursor on a change first".into()),
        Action::Undo => state.log.nothing_stands().then(|| "nothing to undo".into()),
        Action::Redo => state
            .log
            .nothing_to_redo()
            .then(|| "nothing was taken back".into()),
        Action::NextOpen | Action::PreviousOpen => {
            state
                .next_open(false)
                .is_none()
                .then(|| match (state.tally.open, &state.reading) {
                    (0, Reading::Going(_)) => "nothing waits so far".into(),
                    (0, _) => "nothing waits any more: S signs".into(),
                    (n, _) => format!("{n} wait, but the filter hides them: esc clears it"),
                })
        }
        Action::Sign => sign(state),
        Action::Widen | Action::Narrow => {
            let areas = state.areas();
            (areas.tree.is_empty() || areas.detail.is_empty())
                .then(|| "only one pane is on the screen: there is no border to move".into())
        }
        Action::Yes | Action::Submit => submit(state),
        _ => None,
    }
}

fn acknowledge(state: &State) -> Option<String> {
    let Some((row, judged)) = state.current() else {
        return Some("put the cursor on a change first; ] goes to the next that waits".into());
    };
    if judged.findings.iter().any(verdicts::is_withheld) {
        return Some("what a policy says of this is shown when the plan is read to its end".into());
    }
    match state.standings[row as usize] {
        Standing::Acked | Standing::Carried => {
            Some("already acknowledged; u takes the last one back".into())
        }
        Standing::Open => None,
        Standing::Objected | Standing::Nothing if judged.needs_ack() => None,
        Standing::Objected | Standing::Nothing if judged.effect.kind == Kind::Drift => {
            Some("drift is not done by this plan: nothing to acknowledge".into())
        }
        Standing::Objected | Standing::Nothing => Some(format!(
            "{} risk: nothing to acknowledge",
            judged.risk().word()
        )),
    }
}

/// Why the plan can neither be signed nor sent back.
fn sign(state: &State) -> Option<String> {
    match &state.reading {
        Reading::Going(_) => return Some("still reading the plan".into()),
        Reading::Failed(failure) => {
            return Some(format!("the plan was not read: {}", failure.error));
        }
        Reading::Done => {}
    }
    if state.signing {
        return Some("a signature is still on its way".into());
    }
    if state.tally.objected > 0 || remade(state) {
        return None;
    }
    cannot_sign(state)
}

/// Whether what is on the screen can only be left for the plan that was made again.
pub fn remade(state: &State) -> bool {
    state.setup.watch && state.disk == Disk::Changed
}

/// Why a plan that was read and that nobody objects to cannot be signed.
pub fn cannot_sign(state: &State) -> Option<String> {
    if !state.is_read() {
        return None;
    }
    let errored = |facts: &Facts| {
        let file_errored = facts.file.as_ref().is_some_and(|file| file.errored);
        facts.header.errored == Some(true) || file_errored
    };
    if state.read.iter().any(errored) {
        return Some("the plan ended in an error: it cannot be approved, plan again".into());
    }
    if state.disk == Disk::Changed {
        return Some("the plan on disk is no longer what was read: start again".into());
    }
    let blocked = state.tally.blocked.map(|row| &state.rows[row as usize]);
    if let Some(finding) = verdicts::blocked(blocked.into_iter()) {
        return Some(match &*finding.rule {
            verdicts::TROUBLE => format!("policies cannot be evaluated: {}", finding.message),
            _ => format!(
                "{} lets nobody pass: {}",
                verdicts::rule(finding),
                finding.message
            ),
        });
    }
    // Before what is open: nobody should do the work to learn it at the end.
    if let Err(failure) = &state.setup.identity {
        return Some(failure.error.clone());
    }
    let open = state.tally.open;
    if open > 0 {
        return Some(format!(
            "{} not acknowledged yet; ] goes to the next",
            counted(open, "change is", "changes are")
        ));
    }
    state
        .unsaved
        .as_ref()
        .map(|unsaved| format!("what you said is not on disk: {unsaved}"))
}

/// Why nobody can sign here, where that is what stands in the way: it takes more than a line to say what to do about it.
pub fn nobody_signs(state: &State) -> Option<&Failure> {
    let failure = state.setup.identity.as_ref().err()?;
    (sign(state).as_ref() == Some(&failure.error)).then_some(failure)
}

/// Why what is in the dialog cannot be done yet.
fn submit(state: &State) -> Option<String> {
    match state.overlay.as_ref()? {
        Overlay::Ack(asking) if asking.field == Field::Answer && !asking.matches() => {
            mismatch(asking)
        }
        Overlay::Ack(asking) if asking.field == Field::Answer && !asking.is_reasoned() => {
            Some(format!(
                "a policy denies this: write why it may be done all the same, {SHORTEST_REASON} characters or more (tab)"
            ))
        }
        Overlay::Words(words) if words.line.text().trim().is_empty() => {
            Some("write why first".into())
        }
        Overlay::Sign(signing) if signing.typed.text() != state.setup.phrase => {
            Some(format!("type {} to sign", state.setup.phrase))
        }
        Overlay::Sign(_) => cannot_sign(state),
        Overlay::Remade => state
            .unsaved
            .as_ref()
            .map(|unsaved| format!("what you said is not on disk: {unsaved}")),
        Overlay::Filter(_) => state.filter_error.clone(),
        Overlay::Ack(_)
        | Overlay::Words(_)
        | Overlay::Find(_)
        | Overlay::Help(_)
        | Overlay::Palette { .. }
        | Overlay::SendBack
        | Overlay::Waiting(_)
        | Overlay::Leave(_)
        | Overlay::Notice(_) => None,
    }
}

fn mismatch(asking: &Asking) -> Option<String> {
    let phrase = asking.phrase.as_deref()?;
    Some(format!("type {phrase} to acknowledge"))
}

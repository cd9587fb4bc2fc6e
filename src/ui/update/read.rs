//! What the reader of plans says, from the beginning of a plan to its end.

use arcstr::ArcStr;

use crate::failure::Failure;
use crate::plan::index::Progress;
use crate::review::carry::{self, Since};
use crate::review::log::Log;
use crate::risk::Judged;
use crate::ui::Facts;
use crate::ui::dialog::Overlay;
use crate::ui::state::{Reading, State};
use crate::ui::theme::Role;

/// What comes from here on is of this plan of several.
pub(super) fn begin(state: &mut State, unit: ArcStr) {
    state.unit = Some(unit);
    state.waiting.clear();
    progress(state, Progress::default());
    state.unit_from = state.rows.len();
}

/// Reading goes on.
pub(super) fn progress(state: &mut State, progress: Progress) {
    if matches!(state.reading, Reading::Going(_)) {
        state.reading = Reading::Going(progress);
    }
}

/// What was said in an earlier sitting goes before what was said by now.
pub(super) fn restored(state: &mut State, earlier: Log, sentence: String) {
    let earlier = earlier.in_unit(state.unit.as_ref());
    let said = std::mem::replace(&mut state.log, earlier);
    state.log.append(said);
    state.stale = true;
    state.say(sentence, Role::Done);
}

/// What still holds of an earlier review.
pub(super) fn since(state: &mut State, since: Since) {
    let since = since.in_unit(state.unit.as_ref());
    carry::over(&mut state.log, &since.acks);
    state.since.extend(since.says);
    state.stale = true;
    state.say(since.summary, Role::Done);
}

/// A plan is read to its end; `rows` are about it as a whole.
pub(super) fn end(state: &mut State, facts: Facts, rows: Vec<Judged>) {
    state.read.push(Facts {
        unit: state.unit.clone(),
        ..facts
    });
    if state.read.len() == state.plans() {
        state.reading = Reading::Done;
    }
    state.add(rows);
}

/// A plan could not be read to its end.
pub(super) fn failed(state: &mut State, failure: Failure) {
    state.reading = Reading::Failed(failure.clone());
    state.stale = true;
    state.open(Overlay::Notice(Box::new(failure)));
}

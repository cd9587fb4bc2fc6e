//! One value: shown whole on a page of its own, revealed, copied. What is meant is what the line is about.

use super::{cursor, pane};
use crate::diff;
use crate::review::Key;
use crate::text::visible;
use crate::ui::Command;
use crate::ui::detail;
use crate::ui::state::{State, Whole};
use crate::ui::theme::Role;

/// The path of the attribute under the cursor, if the line is about one.
pub fn path(state: &State) -> Option<String> {
    state.detail.paths.get(state.detail.line)?.clone()
}

/// Shows the value under the cursor whole; says whether there is one.
pub fn open(state: &mut State) -> bool {
    let Some(path) = path(state) else {
        return false;
    };
    state.detail.whole = Some(Whole {
        path,
        aside: 0,
        straight: false,
        full: state.full,
    });
    state.full = true;
    state.detail.json = false;
    state.detail.find.clear();
    (state.detail.line, state.detail.top) = (0, 0);
    pane::compose(state);
    true
}

/// Goes back to the change, to the line the value was opened from; says whether a value was open.
pub fn close(state: &mut State) -> bool {
    let Some(whole) = state.detail.whole.take() else {
        return false;
    };
    state.full = whole.full;
    state.detail.find.clear();
    pane::compose(state);
    cursor::go_to(state, &whole.path);
    true
}

/// Lets long lines go on beyond the right edge, or in the next line again.
pub fn wrap(state: &mut State) {
    let Some(whole) = &mut state.detail.whole else {
        return;
    };
    whole.straight = !whole.straight;
    whole.aside = 0;
    let words = if whole.straight {
        "long lines go on at the right: left and right move there"
    } else {
        "long lines go on in the next line"
    };
    state.detail_stale = true;
    state.say(words, Role::Text);
}

/// Columns that one step to the side moves.
const STEP: usize = 16;

/// Moves to the right in lines that are longer than the screen, or back.
pub fn aside(state: &mut State, right: bool) {
    let width = pane::seen(state);
    let longest = state.detail.lines.iter().map(|line| pane::wide(line)).max();
    let most = longest.unwrap_or(0).saturating_sub(width);
    let Some(whole) = &mut state.detail.whole else {
        return;
    };
    let before = whole.aside;
    whole.aside = if right {
        (before + STEP).min(most.max(before))
    } else {
        before.saturating_sub(STEP)
    };
    if whole.aside == before {
        let words = match (right, whole.straight) {
            (true, true) => "no line goes on there",
            (true, false) => "long lines go on in the next line; w lets them go on at the right",
            (false, _) => "this is where the lines begin",
        };
        state.say(words, Role::Dim);
    }
}

/// Shows the secret value under the cursor, or else the next one below, and notes that it was shown, never what. On the
/// value that is shown it hides it.
pub fn reveal(state: &mut State) -> Vec<Command> {
    let Some((Ok((_, values)), judged)) = state
        .detail
        .values
        .as_ref()
        .zip(state.current().map(|(_, judged)| judged))
    else {
        state.say("no values are shown here", Role::Warn);
        return Vec::new();
    };
    let key = Key::of(judged);
    let secret = diff::secret_paths(values);
    let detail = &state.detail;
    let from = detail.line.min(detail.paths.len());
    let round = detail.paths[from..].iter().chain(&detail.paths[..from]);
    // The lines of the value that is shown are hidden before the next one is looked for.
    let here = detail.revealed.is_some() && path(state) == detail.revealed;
    let next = round
        .flatten()
        .find(|path| secret.contains(*path))
        .filter(|_| !here)
        .cloned();
    state.detail.revealed = next;
    state.detail.json = false;
    pane::compose(state);
    let Some(path) = state.detail.revealed.clone() else {
        let text = if here {
            "the secret value is hidden again"
        } else {
            "no value here is marked as secret"
        };
        state.say(text, Role::Dim);
        return Vec::new();
    };
    cursor::go_to(state, &path);
    state.log.revealed(key);
    state.say("one secret value is shown; V hides it again", Role::Alarm);
    vec![Command::Save]
}

/// Hands the value under the cursor to the terminal's clipboard, masked as it is shown; on a line that is about no value,
/// everything that the detail shows.
pub fn copy(state: &mut State) -> Vec<Command> {
    let path = match &state.detail.whole {
        Some(whole) => Some(whole.path.clone()),
        None if state.detail.json || state.detail.rule.is_some() => None,
        None => path(state),
    };
    let Some((row, path)) = state.tree.row().zip(path) else {
        return copy_all(state);
    };
    let value = pane::with_context(state, row, |judged, values, context| {
        detail::copied(judged, values.ok()?, context, &path)
    });
    let Some(value) = value else {
        state.say("this value cannot be copied by itself", Role::Warn);
        return Vec::new();
    };
    let lines: Vec<_> = value.split('\n').map(visible).collect();
    let text = lines.join("\n");
    let words = match lines.len() {
        1 => format!("sent to the terminal's clipboard: {text}"),
        n => format!("sent the value to the terminal's clipboard, {n} lines"),
    };
    state.say(words, Role::Text);
    vec![Command::Copy(text)]
}

/// Hands over everything that the detail shows.
pub fn copy_all(state: &mut State) -> Vec<Command> {
    let lines = state.detail.lines.iter();
    let text: Vec<String> = lines
        .map(|line| line.iter().map(|piece| piece.text.as_str()).collect())
        .collect();
    state.say("sent the detail to the terminal's clipboard", Role::Text);
    vec![Command::Copy(text.join("\n"))]
}

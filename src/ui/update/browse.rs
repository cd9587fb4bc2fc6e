//! Moving about: cursor, folds, panes, filter, what the detail shows.

use super::{cursor, over, pane, whole};
use crate::review::verdicts;
use crate::risk::Judged;
use crate::text::visible;
use crate::ui::Command;
use crate::ui::detail::Arrangement;
use crate::ui::dialog::{Help, Overlay};
use crate::ui::keymap::Action;
use crate::ui::layout::inside;
use crate::ui::line::Line;
use crate::ui::state::{Pane, State};
use crate::ui::theme::Role;

/// From here on before and after may stand side by side.
const COLUMNS_SIDE_BY_SIDE: u16 = 140;

/// Moves, opens, closes, shows.
pub fn act(state: &mut State, action: Action) -> Vec<Command> {
    match (state.pane, action) {
        (_, Action::Help) => {
            let of = over::pane_mode(state);
            state.open(Overlay::Help(Help::new(of)));
        }
        (_, Action::Palette) => {
            let line = Line::default();
            state.open(Overlay::Palette { line, chosen: 0 });
        }
        (_, Action::Filter) => {
            let line = Line::new(&state.filter_text);
            state.recall.at = state.recall.kept.len();
            state.recall.choices.clear();
            state.open(Overlay::Filter(line));
        }
        (_, Action::Find) => {
            let line = Line::new(&state.detail.find);
            state.open(Overlay::Find(line));
        }
        (_, Action::OnlyCritical) => state.set_filter("risk:critical"),
        (_, Action::HighUp) => state.set_filter("risk:>=high"),
        (_, Action::MediumUp) => state.set_filter("risk:>=medium"),
        (_, Action::AllRisks) => state.set_filter(""),
        (_, Action::View) => {
            state.by = state.by.next(state.setup.set.is_some());
            state.reshaped = true;
            state.moved = true;
            let row = state.tree.row();
            state.regroup();
            row.map(|row| state.tree.go_to(row));
        }
        (_, Action::Unchanged) => {
            state.detail.unchanged = !state.detail.unchanged;
            state.detail_stale = true;
        }
        (_, Action::Wrap) if state.detail.whole.is_some() => whole::wrap(state),
        (_, Action::AsideRight) => whole::aside(state, true),
        (_, Action::AsideLeft) => whole::aside(state, false),
        (_, Action::Wrap) => {
            state.detail.wrap = !state.detail.wrap;
            state.detail_stale = true;
        }
        (_, Action::Json) => {
            state.detail.json = !state.detail.json;
            to_the_top(state);
            state.detail_stale = true;
        }
        (_, Action::PolicyText) => policy_text(state),
        (_, Action::Arrange) => arrange(state),
        (_, Action::Widen) => move_border(state, 1),
        (_, Action::Narrow) => move_border(state, -1),
        (_, Action::Explain) => {
            state.detail.explain = !state.detail.explain;
            state.detail.json = false;
            to_the_top(state);
            state.detail_stale = true;
        }
        (_, Action::Reveal) => return whole::reveal(state),
        (_, Action::CopyAddress) => return copy_address(state),
        (Pane::Detail, Action::CopyDetail) => return whole::copy(state),
        (Pane::Tree, Action::CopyDetail) => return whole::copy_all(state),
        (_, Action::NextPane) => {
            state.pane = match state.pane {
                Pane::Tree => Pane::Detail,
                Pane::Detail => Pane::Tree,
            };
            state.full = false;
            state.detail_stale = true;
        }
        (Pane::Detail, Action::NextOpen | Action::FindNext) if !state.detail.find.is_empty() => {
            cursor::find(state, true, false);
        }
        (Pane::Detail, Action::PreviousOpen | Action::FindPrevious)
            if !state.detail.find.is_empty() =>
        {
            cursor::find(state, false, false);
        }
        (_, Action::FindNext | Action::FindPrevious) => {
            state.say("nothing is searched: / finds text here", Role::Dim);
        }
        (_, Action::NextOpen | Action::PreviousOpen) => {
            if let Some(row) = state.next_open(action == Action::PreviousOpen) {
                state.moved = true;
                state.tree.go_to(row);
            }
        }
        (_, Action::Back) => back(state),
        (Pane::Tree, action) => tree(state, action),
        (Pane::Detail, Action::Enter) => enter(state),
        (Pane::Detail, action) => cursor::go(state, action),
    }
    Vec::new()
}

/// Shows the value under the cursor whole; where the line is about none, the detail on the whole screen, or beside the list.
pub fn enter(state: &mut State) {
    let of_values = !state.detail.json && state.detail.rule.is_none();
    if !(of_values && whole::open(state)) {
        state.full = !state.full;
        state.detail_stale = true;
    }
}

fn to_the_top(state: &mut State) {
    (state.detail.top, state.detail.line) = (0, 0);
}

/// Shows the first policy that speaks of the change, then the next, then the change again.
fn policy_text(state: &mut State) {
    let Some((_, judged)) = state.current() else {
        state.say("policies speak of changes: go to one first", Role::Warn);
        return;
    };
    let known = pane::rule_places(state, judged);
    let next = match &state.detail.rule {
        Some(shown) => known.iter().position(|one| one == shown).map(|at| at + 1),
        None => None,
    };
    let next = next.unwrap_or(0);
    let shown = known.get(next).cloned();
    match &shown {
        Some((file, line)) => {
            let then = if next + 1 < known.len() {
                "p shows the next, esc the change"
            } else {
                "p shows the change again"
            };
            let text = format!("{file}:{line}, {} of {}; {then}", next + 1, known.len());
            state.say(text, Role::Text);
        }
        None if known.is_empty() => state.say(no_text(judged), Role::Warn),
        None => {}
    }
    state.detail.rule = shown;
    to_the_top(state);
    pane::compose(state);
    if state.detail.rule.is_some() {
        state.detail.line = pane::rule_line(state);
        state.detail.top = state.detail.line.saturating_sub(2);
    }
}

/// Why no policy's text can be shown: nobody speaks, or only what is not written here does.
fn no_text(judged: &Judged) -> String {
    let mut said = judged.findings.iter();
    let of_policy = said.find_map(|finding| Some((finding, finding.origin.as_ref()?)));
    match of_policy {
        None => "no policy speaks of this".into(),
        Some((finding, origin)) => {
            let rule = verdicts::rule(finding);
            format!(
                "the text of {rule}, of which {} speaks, is not here",
                origin.tool
            )
        }
    }
}

/// The next way to set before and after; side by side needs room.
fn arrange(state: &mut State) {
    let room = state.size.0 >= COLUMNS_SIDE_BY_SIDE;
    let (next, words) = match state.detail.arrangement {
        Arrangement::OneLine => (Arrangement::TwoLines, "before and after in two lines"),
        Arrangement::TwoLines if room => (Arrangement::Columns, "before and after side by side"),
        Arrangement::TwoLines => (
            Arrangement::OneLine,
            "before and after in one line; side by side needs 140 columns",
        ),
        Arrangement::Columns => (Arrangement::OneLine, "before and after in one line"),
    };
    state.detail.arrangement = next;
    state.detail_stale = true;
    state.say(words, Role::Text);
}

/// Moves the border between the panes, as far as both stay of use.
fn move_border(state: &mut State, steps: i16) {
    let before = state.areas();
    state.split += steps;
    if state.areas() == before {
        state.split -= steps;
        state.say("the border goes no further", Role::Dim);
    }
    state.detail_stale = true;
}

/// One step back: out of the full screen, out of the detail, out of the filter.
fn back(state: &mut State) {
    if state.detail.rule.take().is_some() {
        to_the_top(state);
        state.detail_stale = true;
    } else if state.pane == Pane::Detail && !state.detail.find.is_empty() {
        state.detail.find.clear();
        state.detail_stale = true;
    } else if whole::close(state) {
        // Back on the change, where the value was opened.
    } else if state.full || state.pane == Pane::Detail {
        state.full = false;
        state.pane = Pane::Tree;
        state.detail_stale = true;
    } else if !state.filter.is_empty() {
        state.set_filter("");
    } else {
        state.say("nothing to go back from; q leaves", Role::Dim);
    }
}

/// Moves through the list, opens and closes in it.
pub fn tree(state: &mut State, action: Action) {
    let page = isize::try_from(inside(state.areas().tree).height).unwrap_or(1);
    state.moved = true;
    match action {
        Action::Down => state.tree.step(1),
        Action::Up => state.tree.step(-1),
        Action::HalfDown => state.tree.step(page / 2),
        Action::HalfUp => state.tree.step(-page / 2),
        Action::PageDown => state.tree.step(page - 1),
        Action::PageUp => state.tree.step(1 - page),
        Action::First => state.tree.first(),
        Action::Last => state.tree.end(),
        Action::Open => {
            let opened = state.tree.enter();
            show_detail(state, !opened, false);
        }
        Action::Close => state.tree.leave(),
        Action::Parent => state.tree.parent(),
        Action::OpenAll => state.tree.set_all(true),
        Action::CloseAll => state.tree.set_all(false),
        Action::Enter => {
            let toggled = state.tree.toggle();
            show_detail(state, !toggled, true);
        }
        _ => {}
    }
}

/// Gives the keys to the detail if the cursor is on a row that cannot be opened any further.
fn show_detail(state: &mut State, wanted: bool, full: bool) {
    if wanted && state.tree.row().is_some() {
        state.full = full;
        state.pane = Pane::Detail;
        state.detail_stale = true;
    }
}

fn copy_address(state: &mut State) -> Vec<Command> {
    let Some((_, judged)) = state.current() else {
        return Vec::new();
    };
    // What is pasted elsewhere must be what was seen here.
    let address = visible(&judged.effect.address()).into_owned();
    state.say(
        format!("sent to the terminal's clipboard: {address}"),
        Role::Text,
    );
    vec![Command::Copy(address)]
}

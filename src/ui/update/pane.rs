//! The detail pane's lines: made when row, width or options change, never while drawing.

use crate::diff;
use crate::review::log::Said;
use crate::review::{self, Key};
use crate::risk::{Judged, Risk};
use crate::text::visible;
use crate::ui::Command;
use crate::ui::detail::{self, DetailContext, DetailLine, Options};
use crate::ui::keymap::Action;
use crate::ui::layout::inside;
use crate::ui::standing::Standing;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, wrap};

/// Makes the lines anew for the row under the cursor.
pub fn compose(state: &mut State) {
    let width = inside(state.areas().detail).width;
    let lines = match state.current() {
        Some((row, _)) if width > 0 => lines(state, row, width),
        Some(_) => Vec::new(),
        None => about_group(state, width),
    };
    let detail = &mut state.detail;
    (detail.lines, detail.paths) = lines
        .into_iter()
        .map(|line| (line.pieces, line.path))
        .unzip();
}

fn lines(state: &State, row: u32, width: u16) -> Vec<DetailLine> {
    let judged = &state.rows[row as usize];
    let facts = state.facts_of(judged);
    let secrets = facts.and_then(|facts| facts.secrets.as_deref());
    if let Some(shown) = state.detail.rule
        && let Some(lines) = rule_text(state, judged, shown, width)
    {
        return lines;
    }
    if state.detail.json
        && let Some(Ok((json, _))) = &state.detail.values
    {
        return detail::raw_json(json, secrets, state.theme(), width);
    }
    let values = match &state.detail.values {
        Some(Ok((_, values))) => Ok(values),
        Some(Err(failure)) => Err(failure.error.as_str()),
        None => Err("not read yet"),
    };
    let key = Key::of(judged);
    let verdicts = state.log.verdicts();
    let standing = match (state.standings[row as usize], verdicts.get(&key)) {
        (Standing::Objected, Some(Said::Object(no))) => detail::Standing::Objected(&no.reason),
        (Standing::Acked | Standing::Carried, Some(Said::Ack(ack))) => {
            detail::Standing::Acknowledged(ack.reason.as_deref())
        }
        (Standing::Open, _) => detail::Standing::Open,
        (Standing::Nothing | Standing::Acked | Standing::Carried | Standing::Objected, _) => {
            detail::Standing::NotAsked
        }
    };
    let comments: Vec<&str> = state
        .log
        .comments()
        .filter(|(on, _)| **on == key)
        .map(|(_, text)| text)
        .collect();
    let file = facts.and_then(|facts| facts.file.as_ref());
    let source = file.and_then(|file| file.source(&judged.effect));
    let context = DetailContext {
        theme: state.theme(),
        options: Options {
            unchanged: state.detail.unchanged,
            wrap: state.detail.wrap,
            expand: state.full,
            arrangement: state.detail.arrangement,
            explain: state.detail.explain,
            reveal: state.detail.revealed.as_deref(),
        },
        standing,
        comments: &comments,
        dependants: facts.map_or(&[], |facts| facts.header.dependants_of(&judged.effect)),
        fate: review::fate(judged, &state.rows),
        source: source.as_deref(),
        since: state.since.get(&key).map(String::as_str),
        secrets,
    };
    detail::lines(judged, values, &context, width)
}

/// Where the policies stand that speak of a row: file and line of each whose text is known.
pub fn rule_places(state: &State, judged: &Judged) -> Vec<(String, usize)> {
    let places = judged.findings.iter().filter_map(|finding| {
        let at = finding.origin.as_ref()?.at.as_deref()?;
        let (file, line) = at.rsplit_once(':')?;
        let known = state.setup.policies.contains_key(file);
        known.then(|| Some((file.to_owned(), line.parse().ok()?)))?
    });
    let mut places: Vec<_> = places.collect();
    places.dedup();
    places
}

/// The text of a policy, with the line of the rule marked.
fn rule_text(state: &State, judged: &Judged, shown: usize, width: u16) -> Option<Vec<DetailLine>> {
    let (file, at) = rule_places(state, judged).into_iter().nth(shown)?;
    let text = state.setup.policies.get(&file)?;
    let mut lines = vec![
        vec![Piece::foreign(&format!("{file}:{at}"), Role::Strong)],
        Vec::new(),
    ];
    for (number, line) in (1..).zip(text.lines()) {
        let role = if number == at {
            Role::Strong
        } else {
            Role::Text
        };
        let mark = if number == at { ">" } else { " " };
        let shown = visible(&line.replace('\t', "  ")).into_owned();
        let room = usize::from(width).saturating_sub(7).max(1);
        for (part, text) in wrap(&shown, room).into_iter().enumerate() {
            let label = if part == 0 {
                format!("{mark}{number:>4}  ")
            } else {
                " ".repeat(7)
            };
            lines.push(vec![Piece::new(label, Role::Dim), Piece::new(text, role)]);
        }
        if line.trim().is_empty() {
            lines.push(Vec::new());
        }
    }
    let lines = lines.into_iter();
    Some(
        lines
            .map(|pieces| DetailLine {
                pieces,
                ..DetailLine::default()
            })
            .collect(),
    )
}

/// The first line to show, so that the rule's own line is in sight.
pub fn rule_top(state: &State) -> usize {
    let marked = state.detail.lines.iter().position(|line| {
        line.first()
            .is_some_and(|piece| piece.text.starts_with('>'))
    });
    marked.map_or(0, |line| line.saturating_sub(2))
}

/// Shows the next secret value of the change and notes that it was shown, never what; behind the last one none is shown.
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
    let mut lines: Vec<&String> = state.detail.paths.iter().flatten().collect();
    lines.dedup();
    let mut paths = lines.into_iter().filter(|path| secret.contains(*path));
    let next = match &state.detail.revealed {
        Some(shown) => paths.find(|path| *path == shown).and_then(|_| paths.next()),
        None => paths.next(),
    };
    let next = next.cloned();
    let none_before = state.detail.revealed.is_none();
    state.detail.revealed = next;
    state.detail.json = false;
    compose(state);
    let Some(path) = state.detail.revealed.clone() else {
        let text = if none_before {
            "no value of this change is marked as secret"
        } else {
            "no secret value is shown any more"
        };
        state.say(text, Role::Dim);
        return Vec::new();
    };
    if let Some(line) = state
        .detail
        .paths
        .iter()
        .position(|of| of.as_ref() == Some(&path))
    {
        state.detail.top = line;
    }
    clamp(state);
    state.log.revealed(key);
    state.say(
        "one secret value is shown; V goes on and hides it",
        Role::Alarm,
    );
    vec![Command::Save]
}

/// What is said where the cursor is on no row: what is below it, and what to do next.
fn about_group(state: &State, width: u16) -> Vec<DetailLine> {
    let mut said: Vec<(String, Role)> = Vec::new();
    match state.tree.current() {
        None if state.rows.is_empty() && state.busy() => {
            said.push(("Reading the plan.".into(), Role::Dim));
        }
        None if state.rows.is_empty() => {
            said.push(("This plan does nothing.".into(), Role::Strong));
        }
        None => said.push(("Nothing fits the filter. esc clears it.".into(), Role::Dim)),
        Some(node) => {
            let sums = node.sums;
            if let Some(worst) = sums.worst.filter(|worst| *worst > Risk::Low) {
                said.push((format!("The worst in here is {worst}."), Role::Risk(worst)));
            }
            if sums.asking > 0 {
                let text = format!(
                    "{} of {} that ask are answered.",
                    count(sums.answered),
                    count(sums.asking)
                );
                said.push((text, Role::Text));
            }
            let text = if node.open {
                "Go down to a change to see what it does."
            } else {
                "enter opens this."
            };
            said.push((text.into(), Role::Dim));
        }
    }
    if state.is_read() && state.tally.asking == 0 && state.tally.objected == 0 {
        said.push((String::new(), Role::Text));
        let text = "Nothing in this plan asks for an acknowledgement: S signs it as it is.";
        said.push((text.into(), Role::Text));
    }
    said.into_iter()
        .flat_map(|(text, role)| {
            let lines = wrap(&text, width.into());
            lines.into_iter().map(move |line| DetailLine {
                pieces: vec![Piece::new(line, role)],
                path: None,
            })
        })
        .collect()
}

/// Keeps the first line within what there is.
pub fn clamp(state: &mut State) {
    let height = usize::from(inside(state.areas().detail).height);
    let most = state.detail.lines.len().saturating_sub(height);
    state.detail.top = state.detail.top.min(most);
}

/// Moves through the detail.
pub fn scroll(state: &mut State, action: Action) {
    let height = usize::from(inside(state.areas().detail).height);
    let page = isize::try_from(height).unwrap_or(1);
    let top = &mut state.detail.top;
    *top = match action {
        Action::Down => top.saturating_add(1),
        Action::Up => top.saturating_sub(1),
        Action::HalfDown => top.saturating_add_signed(page / 2),
        Action::HalfUp => top.saturating_add_signed(-page / 2),
        Action::PageDown => top.saturating_add_signed(page - 1),
        Action::PageUp => top.saturating_add_signed(1 - page),
        Action::First => 0,
        Action::Last => state.detail.lines.len(),
        _ => *top,
    };
    clamp(state);
}

/// Goes to the next or previous line that holds what is searched; `here` lets the first shown line count too.
pub fn find(state: &mut State, forward: bool, here: bool) {
    let wanted = state.detail.find.to_lowercase();
    if wanted.is_empty() {
        return;
    }
    let lines = &state.detail.lines;
    let holds = |line: &Vec<Piece>| {
        let text: String = line.iter().map(|piece| piece.text.as_str()).collect();
        text.to_lowercase().contains(&wanted)
    };
    let hits: Vec<usize> = (0..lines.len()).filter(|&at| holds(&lines[at])).collect();
    let top = state.detail.top;
    let next = if forward {
        let behind = hits.iter().find(|&&at| at > top || (here && at == top));
        behind.or(hits.first())
    } else {
        hits.iter().rev().find(|&&at| at < top).or(hits.last())
    };
    let Some(&at) = next else {
        let text = format!("nothing here holds {}", state.detail.find);
        return state.say(text, Role::Warn);
    };
    let place = hits.partition_point(|&hit| hit < at) + 1;
    let text = format!("{place} of {} lines", hits.len());
    state.detail.top = at;
    state.say(text, Role::Dim);
}

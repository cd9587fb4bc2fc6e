//! The detail pane's lines: made when row, width or options change, never while drawing.

use super::cursor;
use crate::plan::values::Values;
use crate::review::log::Said;
use crate::review::{self, Key};
use crate::risk::{Judged, Risk};
use crate::text::visible;
use crate::ui::detail::{self, DetailContext, DetailLine, Options};
use crate::ui::layout::inside;
use crate::ui::standing::Standing;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::{Count, Group, Name, Node};
use crate::ui::view::changes::signed;
use crate::ui::width::{count, width, wrap};

/// Makes the lines anew for the row under the cursor; the line that the keys are about stays on its attribute.
pub fn compose(state: &mut State) {
    let width = inside(state.areas().detail).width;
    let before = state.detail.paths.get(state.detail.line).cloned().flatten();
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
    let now = detail.paths.get(detail.line).cloned().flatten();
    if before != now
        && let Some(path) = before
    {
        cursor::go_to(state, &path);
    }
}

/// The columns of the pane.
pub fn seen(state: &State) -> usize {
    inside(state.areas().detail).width.into()
}

/// The columns that a line takes.
pub fn wide(line: &[Piece]) -> usize {
    line.iter().map(|piece| width(&piece.text)).sum()
}

fn lines(state: &State, row: u32, width: u16) -> Vec<DetailLine> {
    let judged = &state.rows[row as usize];
    if let Some(whole) = &state.detail.whole {
        let width = if whole.straight { u16::MAX } else { width };
        let page = with_context(state, row, |judged, values, context| {
            detail::value(judged, values.ok()?, context, &whole.path, width)
        });
        return page.unwrap_or_default();
    }
    if let Some(shown) = &state.detail.rule
        && let Some(lines) = rule_text(state, shown, width)
    {
        return lines;
    }
    if state.detail.json
        && let Some(Ok((json, _))) = &state.detail.values
    {
        let Some(facts) = state.facts_of(judged) else {
            return said(vec![(detail::EARLY.into(), Role::Warn)], width);
        };
        return detail::raw_json(json, facts.secrets.as_deref(), state.theme(), width);
    }
    with_context(state, row, |judged, values, context| {
        detail::lines(judged, values, context, width)
    })
}

/// Does something with what the detail is made of.
pub fn with_context<R>(
    state: &State,
    row: u32,
    make: impl FnOnce(&Judged, Result<&Values, &str>, &DetailContext<'_>) -> R,
) -> R {
    let judged = &state.rows[row as usize];
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
    let facts = state.facts_of(judged);
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
        secrets: facts.and_then(|facts| facts.secrets.as_deref()),
        early: facts.is_none(),
    };
    make(judged, values, &context)
}

/// Where the policies stand that speak of a row: file and line of each whose text is known.
pub fn rule_places(state: &State, judged: &Judged) -> Vec<(String, usize)> {
    let places = judged.findings.iter().filter_map(|finding| {
        let at = finding.origin.as_ref()?.at.as_deref()?;
        let (file, line) = at.rsplit_once(':')?;
        let known = state.setup.policies.contains_key(file);
        known.then(|| Some((file.to_owned(), line.parse().ok()?)))?
    });
    let mut each = Vec::new();
    for place in places {
        if !each.contains(&place) {
            each.push(place);
        }
    }
    each
}

/// The text of a policy, with the line of the rule marked.
fn rule_text(state: &State, (file, at): &(String, usize), width: u16) -> Option<Vec<DetailLine>> {
    let text = state.setup.policies.get(file)?;
    let mut lines = vec![
        vec![Piece::foreign(&format!("{file}:{at}"), Role::Strong)],
        Vec::new(),
    ];
    for (number, line) in (1..).zip(text.lines()) {
        let here = number == *at;
        let role = if here { Role::Strong } else { Role::Text };
        let mark = if here { ">" } else { " " };
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

/// The line of the rule itself.
pub fn rule_line(state: &State) -> usize {
    let marked = state.detail.lines.iter().position(|line| {
        line.first()
            .is_some_and(|piece| piece.text.starts_with('>'))
    });
    marked.unwrap_or(0)
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
        Some(Node::Row { .. }) => {}
        Some(Node::Group(group)) => {
            let sums = group.sums;
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
            let (text, next) = match &group.name {
                Name::Alike(..) => (
                    "They do the same as those above: to the same type, by the same action, to the same attributes. No finding sets one of them apart.".into(),
                    "enter shows them one by one.",
                ),
                Name::Section(_) | Name::Part(..) if group.open => {
                    (held(group), "Go down to a change to see what it does.")
                }
                Name::Section(_) | Name::Part(..) => (held(group), "enter opens this."),
            };
            said.push((text, Role::Text));
            said.push((next.into(), Role::Dim));
        }
    }
    if state.is_read() && state.tally.asking == 0 && state.tally.objected == 0 {
        said.push((String::new(), Role::Text));
        let text = "Nothing in this plan asks for an acknowledgement: S signs it as it is.";
        said.push((text.into(), Role::Text));
    }
    self::said(said, width)
}

/// How many rows a group holds, by what is done in them.
fn held(group: &Group) -> String {
    match &group.count {
        Some(Count::Signs(signs)) => {
            let words: Vec<String> = signs.iter().map(|&(sign, n)| signed(sign, n)).collect();
            format!("In here: {}.", words.join("  "))
        }
        Some(Count::Rows(n) | Count::Done(_, n)) => format!("In here: {}.", count(*n)),
        None => String::new(),
    }
}

/// Sentences as lines.
fn said(said: Vec<(String, Role)>, width: u16) -> Vec<DetailLine> {
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

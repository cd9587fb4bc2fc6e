//! The first lines: which plan, what is in it, how far the reviewer is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::changes::waiting::waits;
use super::{line, pieces_width, put, put_right};
use crate::plan::index::Progress;
use crate::risk::Risk;
use crate::text::visible;
use crate::ui::hands::Disk;
use crate::ui::number::{digest, size};
use crate::ui::state::{Reading, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::{count, tail, width, wrap};

/// From so many columns on there is room for more than a few words on the left.
const ROOMY: u16 = 80;

/// Draws the two lines.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme();
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let first = line(area, 0);
    let mut left = vec![Piece::new("undersign", Role::Strong)];
    if state.setup.identity.is_err() {
        // Said before the work is done and not after it.
        left.push(Piece::new("  cannot be signed here", Role::Warn));
        if state.size.0 >= ROOMY {
            left.push(Piece::new(", S says why", Role::Dim));
        }
    } else if let Some(target) = &state.setup.target {
        left.push(Piece::new("  ", Role::Text));
        left.push(Piece::foreign(target, Role::Text));
    }
    let right = identity(
        state,
        usize::from(first.width).saturating_sub(pieces_width(&left) + 2),
    );
    put(buffer, theme, first, &left);
    put_right(buffer, theme, first, &right);

    let second = line(area, 1);
    let progress = progress(state);
    let room = usize::from(second.width).saturating_sub(pieces_width(&progress) + 2);
    put(buffer, theme, second, &counts(state, room));
    put_right(buffer, theme, second, &progress);
}

/// Which plan this is: as much of it as there is room for.
fn identity(state: &State, room: usize) -> Vec<Piece> {
    let name = Piece::foreign(&state.setup.plan, Role::Text);
    match &state.reading {
        Reading::Going(progress) => being_read(state, progress, name, room),
        Reading::Failed(_) => vec![name, gap(), Piece::new("not read to its end", Role::Alarm)],
        Reading::Done => was_read(state, name, room),
    }
}

fn gap() -> Piece {
    Piece::new("  ", Role::Dim)
}

/// How far the plan is read.
fn being_read(state: &State, progress: &Progress, name: Piece, room: usize) -> Vec<Piece> {
    let waits = waits(state)
        .last()
        .map(|wait| visible(&wait.latest()).into_owned());
    let share = match (progress.total, &state.unit) {
        (Some(total), None) if total > 0 => format!(
            "reading {} %",
            progress.bytes * 100 / total.max(progress.bytes)
        ),
        (_, Some(unit)) => {
            let (at, all) = (state.read.len() + 1, state.plans());
            let waits = waits.map_or_else(String::new, |waits| format!(": {waits}"));
            format!("reading {}, {at} of {all}{waits}", visible(unit))
        }
        (_, None) => waits.unwrap_or_else(|| format!("reading, {} so far", size(progress.bytes))),
    };
    let rows = format!("{} effects", count(state.rows.len()));
    let news = vec![
        Piece::new(share, Role::Strong),
        gap(),
        Piece::new(rows, Role::Dim),
    ];
    let full: Vec<Piece> = [name, gap()].into_iter().chain(news.clone()).collect();
    if pieces_width(&full) <= room {
        full
    } else {
        news
    }
}

/// What was read: the name, what made it, and the digest that a signature binds, which is never left out.
fn was_read(state: &State, name: Piece, room: usize) -> Vec<Piece> {
    let subject = state
        .subject()
        .map_or_else(String::new, |sha256| digest(sha256, 3));
    let short = Piece::new(subject, Role::Strong);
    if state.disk != Disk::AsRead {
        let news = Piece::new("changed on disk", Role::Alarm);
        let full = vec![name, gap(), news.clone(), gap(), short.clone()];
        let fits = pieces_width(&full) <= room;
        return if fits { full } else { vec![news, gap(), short] };
    }
    let what = match (&state.setup.set, state.read.first()) {
        (Some(set), _) => format!("{} plans  ", count(set.units.len())),
        (None, Some(facts)) => format!("{} {}  ", facts.tool, facts.header.terraform_version),
        (None, None) => String::new(),
    };
    let version = Piece::foreign(&what, Role::Dim);
    // Of several plans as JSON there is no digest that somebody could sign.
    let label = if state.subject().is_some() {
        "sha256 "
    } else {
        ""
    };
    let label = Piece::new(label, Role::Dim);
    let long = vec![name.clone(), gap(), version, label.clone(), short.clone()];
    let middle = vec![name.clone(), gap(), label, short.clone()];
    let least = vec![name.clone(), gap(), short.clone()];
    [long, middle, least]
        .into_iter()
        .find(|pieces| pieces_width(pieces) <= room)
        .unwrap_or_else(|| end_of_name(state, &name.text, short, room))
}

/// The end of a name that is too long: plans of one place begin alike.
fn end_of_name(state: &State, name: &str, digest: Piece, room: usize) -> Vec<Piece> {
    const LEAST: usize = 8;
    let dots = state.theme().glyph("…", "..");
    let gap = 2;
    let left = room.saturating_sub(width(&digest.text) + gap + width(dots));
    if left < LEAST {
        return vec![digest];
    }
    let end = tail(name, left);
    let name = Piece::new(format!("{dots}{end}"), Role::Text);
    vec![name, Piece::new(" ".repeat(gap), Role::Dim), digest]
}

/// How many effects of which risk; the words go first where there is no room.
fn counts(state: &State, room: usize) -> Vec<Piece> {
    let theme = state.theme();
    let make = |words: bool, gap: &str| {
        let mut pieces = Vec::new();
        for (risk, n) in Risk::WORST_FIRST.into_iter().zip(state.tally.by_risk) {
            if !pieces.is_empty() {
                pieces.push(Piece::new(gap, Role::Text));
            }
            let word = if words {
                format!(" {risk}")
            } else {
                String::new()
            };
            let role = if n == 0 || risk == Risk::Low {
                Role::Dim
            } else {
                Role::Risk(risk)
            };
            pieces.push(Piece::new(
                format!("{} {}{word}", theme.risk_mark(risk), count(n)),
                role,
            ));
        }
        for (mark, n, word, role) in [
            (
                theme.glyph("✗", "x"),
                state.tally.denies,
                "deny",
                Role::Alarm,
            ),
            ("!", state.tally.warns, "warn", Role::Warn),
        ] {
            if n > 0 {
                let word = if words {
                    format!(" {word}")
                } else {
                    String::new()
                };
                pieces.push(Piece::new(gap, Role::Text));
                pieces.push(Piece::new(format!("{mark} {}{word}", count(n)), role));
            }
        }
        pieces
    };
    let full = make(true, "   ");
    if pieces_width(&full) <= room {
        return full;
    }
    let tight = make(true, "  ");
    if pieces_width(&tight) <= room {
        tight
    } else {
        make(false, "  ")
    }
}

/// How far the reviewer is.
fn progress(state: &State) -> Vec<Piece> {
    if state.unsaved.is_some() {
        return vec![Piece::new("not saved", Role::Alarm)];
    }
    let tally = &state.tally;
    if tally.objected > 0 {
        let objections = if tally.objected == 1 {
            "objection"
        } else {
            "objections"
        };
        return vec![
            Piece::new(count(tally.objected), Role::Alarm),
            Piece::new(format!(" {objections}   acknowledged "), Role::Dim),
            Piece::new(
                format!("{} of {}", count(tally.acked), count(tally.asking)),
                Role::Strong,
            ),
        ];
    }
    if tally.asking == 0 {
        // Nothing so far is not nothing.
        let words = match &state.reading {
            Reading::Going(_) => "nothing to acknowledge so far",
            Reading::Failed(_) => "not read to its end",
            Reading::Done => "nothing to acknowledge",
        };
        return vec![Piece::new(words, Role::Dim)];
    }
    let role = if tally.acked == tally.asking {
        Role::Done
    } else {
        Role::Strong
    };
    let so_far = match &state.reading {
        Reading::Going(_) => " so far",
        Reading::Done | Reading::Failed(_) => "",
    };
    vec![
        Piece::new("acknowledged ", Role::Dim),
        Piece::new(
            format!("{} of {}", count(tally.acked), count(tally.asking)),
            role,
        ),
        Piece::new(so_far, Role::Dim),
    ]
}

/// What the whole plan is guilty of, the worst of it, broken into lines for `width` columns.
fn signal_lines(state: &State, width: u16) -> Option<(Risk, Vec<String>)> {
    let &worst = state.signals.first()?;
    let judged = &state.rows[worst as usize];
    let message = judged.findings.first().map_or("", |found| &found.message);
    // Of several plans it is one that is guilty.
    let message = match &judged.unit {
        Some(unit) => format!("{unit}: {message}"),
        None => message.to_owned(),
    };
    let taken = 2 + more(state).map_or(0, |text| text.len());
    let room = usize::from(width.saturating_sub(2)).saturating_sub(taken);
    Some((judged.risk(), wrap(&visible(&message), room)))
}

fn more(state: &State) -> Option<String> {
    let more = state.signals.len().checked_sub(2)? + 1;
    Some(format!("   and {} more", count(more)))
}

/// How many lines the signal wants.
pub fn signal_height(state: &State) -> u16 {
    let lines = signal_lines(state, state.size.0).map_or(0, |(_, lines)| lines.len());
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws the signal. Where it is longer than its lines the cut falls between words; its row says all of it.
pub fn draw_signal(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.theme();
    let Some((risk, mut lines)) = signal_lines(state, area.width).filter(|_| !area.is_empty())
    else {
        return;
    };
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let last = usize::from(area.height) - 1;
    if lines.len() > last + 1 {
        lines.truncate(last + 1);
        lines[last].push_str(theme.glyph(" …", " .."));
    }
    let mark = format!("{} ", theme.risk_mark(risk));
    for (y, text) in lines.into_iter().enumerate() {
        let mark = if y == 0 { mark.as_str() } else { "  " };
        let pieces = [mark, &text].map(|text| Piece::new(text, Role::Risk(risk)));
        put(buffer, theme, line(area, y as u16), &pieces);
    }
    let more = more(state).map(|text| Piece::new(text, Role::Dim));
    put_right(buffer, theme, line(area, last as u16), more.as_slice());
}

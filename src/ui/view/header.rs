//! The first lines: which plan, what is in it, how far the reviewer is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{line, pieces_width, put, put_right};
use crate::risk::Risk;
use crate::text::visible;
use crate::ui::hands::Disk;
use crate::ui::number::{digest, size};
use crate::ui::state::{Reading, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::width::count;

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
    if let Some(target) = &state.setup.target {
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
    let gap = || Piece::new("  ", Role::Dim);
    match &state.reading {
        Reading::Going(progress) => {
            let share = match (progress.total, &state.waiting) {
                (Some(total), _) if total > 0 && state.unit.is_none() => format!(
                    "reading {} %",
                    progress.bytes * 100 / total.max(progress.bytes)
                ),
                // It prints nothing until it is nearly done.
                (_, Some((tool, seconds))) if progress.bytes == 0 && state.rows.is_empty() => {
                    format!("{} is reading the plan, {seconds} s", visible(tool))
                }
                _ => match &state.unit {
                    Some(unit) => format!(
                        "reading {}, {} of {}",
                        visible(unit),
                        state.read.len() + 1,
                        state.plans()
                    ),
                    None => format!("reading, {} so far", size(progress.bytes)),
                },
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
        Reading::Failed(_) => vec![name, gap(), Piece::new("not read to its end", Role::Alarm)],
        Reading::Done => {
            let subject = state
                .subject()
                .map_or_else(String::new, |sha256| digest(sha256, 3));
            let short = Piece::new(subject, Role::Strong);
            let what = match (&state.setup.set, state.read.first()) {
                (Some(set), _) => format!("{} plans  ", count(set.units.len())),
                (None, Some(facts)) => {
                    format!("{} {}  ", facts.tool, facts.header.terraform_version)
                }
                (None, None) => String::new(),
            };
            let version = Piece::foreign(&what, Role::Dim);
            let label = Piece::new("sha256 ", Role::Dim);
            if state.disk != Disk::AsRead {
                let news = Piece::new("changed on disk", Role::Alarm);
                let full = vec![name, gap(), news.clone(), gap(), short.clone()];
                let fits = pieces_width(&full) <= room;
                return if fits { full } else { vec![news, gap(), short] };
            }
            let long = vec![name.clone(), gap(), version, label.clone(), short.clone()];
            let middle = vec![name.clone(), gap(), label, short.clone()];
            let least = vec![name, gap(), short.clone()];
            [long, middle, least]
                .into_iter()
                .find(|pieces| pieces_width(pieces) <= room)
                .unwrap_or_else(|| vec![short])
        }
    }
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
        return vec![Piece::new("nothing to acknowledge", Role::Dim)];
    }
    let role = if tally.acked == tally.asking {
        Role::Done
    } else {
        Role::Strong
    };
    vec![
        Piece::new("acknowledged ", Role::Dim),
        Piece::new(
            format!("{} of {}", count(tally.acked), count(tally.asking)),
            role,
        ),
    ]
}

/// Draws what the whole plan is guilty of, the worst of it.
pub fn draw_signal(state: &State, area: Rect, buffer: &mut Buffer) {
    let Some(&worst) = state.signals.first() else {
        return;
    };
    if area.is_empty() {
        return;
    }
    let theme = state.theme();
    let judged = &state.rows[worst as usize];
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let more = match state.signals.len() - 1 {
        0 => Vec::new(),
        n => vec![Piece::new(format!("   and {n} more"), Role::Dim)],
    };
    let risk = judged.risk();
    let message = judged
        .findings
        .first()
        .map_or("", |finding| &finding.message);
    let pieces = [
        Piece::new(format!("{} ", theme.risk_mark(risk)), Role::Risk(risk)),
        Piece::foreign(message, Role::Risk(risk)),
    ];
    let x = put_right(buffer, theme, area, &more);
    let room = Rect {
        width: x - area.x,
        ..area
    };
    put(buffer, theme, room, &pieces);
}

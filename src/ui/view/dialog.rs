//! Dialogs: what, why, consequence, key. Each is lines of pieces in a frame, and where the caret stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::footer::fitting;
use super::frame::{self, Edges};
use super::{line, pieces_width, place, put};
use crate::failure::Failure;
use crate::text::visible;
use crate::ui::dialog::{Overlay, Tone, Words};
use crate::ui::layout::inside;
use crate::ui::line::Line;
use crate::ui::standing::Standing;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::width::wrap;

mod acknowledge;
mod sign;

/// The least and the most columns of a dialog, frame included, where there is room.
const WIDTH: (u16, u16) = (70, 88);

/// Rows of a reason with line breaks that are shown.
const MOST_ROWS: usize = 3;

/// The column where what a label speaks of begins.
const LABEL: usize = 9;

/// Lines that are being put together.
struct Page<'a> {
    state: &'a State,
    width: usize,
    lines: Vec<Vec<Piece>>,
    caret: Option<(usize, usize)>,
    /// Where the part begins that must be seen, whatever is cut: what is typed, and the keys.
    anchor: usize,
}

/// Draws the dialog if there is one; returns where its caret stands.
pub fn draw(state: &State, screen: Rect, buffer: &mut Buffer) -> Option<Position> {
    let (page, title) = compose(state)?;
    page.show(title, screen, buffer)
}

/// How far the dialog can be scrolled: lines that do not fit on the screen.
pub fn most(state: &State) -> usize {
    compose(state).map_or(0, |(mut page, _)| {
        page.fit(usize::from(state.size.1.saturating_sub(2)))
    })
}

fn columns(screen: (u16, u16)) -> u16 {
    let (least, most) = WIDTH;
    (screen.0 * 2 / 3)
        .clamp(least, most)
        .min(screen.0.saturating_sub(2))
}

/// The dialog's lines and its title, if there is a dialog.
fn compose(state: &State) -> Option<(Page<'_>, &'static str)> {
    let overlay = state.overlay.as_ref()?;
    let mut page = Page {
        state,
        width: usize::from(columns(state.size).saturating_sub(4)),
        lines: Vec::new(),
        caret: None,
        anchor: 0,
    };
    let title = match overlay {
        Overlay::Ack(asking) => page.acknowledge(asking),
        Overlay::Words(words) => page.words(words),
        Overlay::Sign(signing) => page.sign(signing),
        Overlay::SendBack => page.send_back(),
        Overlay::Remade => page.remade(),
        Overlay::Waiting(what) => page.waiting(what),
        Overlay::Leave(why) => page.leave(why),
        Overlay::Notice(failure) => page.notice(failure),
        Overlay::Filter(_) | Overlay::Find(_) | Overlay::Help(_) | Overlay::Palette { .. } => {
            return None;
        }
    };
    Some((page, title))
}

impl Page<'_> {
    fn show(mut self, title: &str, screen: Rect, buffer: &mut Buffer) -> Option<Position> {
        let theme = self.state.theme();
        let columns = columns((screen.width, screen.height));
        let most = self.fit(usize::from(screen.height.saturating_sub(2)));
        let top = self.state.dialog_top.min(most);
        let foot = self.scroll(top, most);
        let rows = (self.lines.len() as u16 + 2).min(screen.height);
        let area = Rect {
            x: screen.x + (screen.width - columns) / 2,
            y: screen.y + (screen.height - rows) / 2,
            width: columns,
            height: rows,
        };
        // A column of air, so that what is behind does not run into the frame.
        let air = Rect {
            x: area.x.saturating_sub(1),
            width: (area.width + 2).min(screen.width),
            ..area
        };
        Clear.render(air.intersection(screen), buffer);
        let title = [Piece::new(title, Role::Strong)];
        let edges = Edges {
            title: &title,
            foot: &foot,
            focus: true,
        };
        frame::draw(buffer, theme, area, &edges);
        frame::scrollbar(buffer, theme, area, top, most - top);
        let area = inside(area);
        for (y, pieces) in self.lines.iter().enumerate() {
            put(buffer, theme, line(area, y as u16), pieces);
        }
        let (y, columns) = self.caret?;
        Some(place(line(area, y as u16), columns))
    }

    /// Leaves out air where the screen is too low; returns how many lines above the anchor still do not fit.
    fn fit(&mut self, room: usize) -> usize {
        let room = room.max(1);
        while self.lines.len() > room {
            let Some(blank) = self.lines.iter().rposition(Vec::is_empty) else {
                break;
            };
            self.take_out(blank);
        }
        // At least one line of what is asked about stays, whatever else there is.
        let over = self.lines.len().saturating_sub(room);
        over.min(self.anchor.saturating_sub(1))
    }

    /// Shows the part above the anchor from line `top` on; returns what the frame says about it.
    fn scroll(&mut self, top: usize, most: usize) -> Vec<Piece> {
        if most == 0 {
            return Vec::new();
        }
        let all = self.anchor;
        for _ in 0..most - top {
            self.take_out(self.anchor - 1);
        }
        for _ in 0..top {
            self.take_out(0);
        }
        let words = format!(
            "lines {} to {} of {all}, up and down move",
            top + 1,
            top + self.anchor
        );
        vec![Piece::new(words, Role::Warn)]
    }

    fn take_out(&mut self, at: usize) {
        self.lines.remove(at);
        self.anchor -= usize::from(at < self.anchor);
        if let Some((y, _)) = &mut self.caret {
            *y -= usize::from(at < *y);
        }
    }

    fn blank(&mut self) {
        self.lines.push(Vec::new());
    }

    fn line(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        self.lines.push(pieces.into_iter().collect());
    }

    fn text(&mut self, text: &str, role: Role) {
        for text in wrap(&visible(text), self.width) {
            self.line([Piece::new(text, role)]);
        }
    }

    /// A label, and what it speaks of, as many lines as that takes.
    fn labelled(&mut self, label: &str, text: &str, role: Role) {
        for (i, text) in wrap(&visible(text), self.width.saturating_sub(LABEL))
            .into_iter()
            .enumerate()
        {
            let label = if i == 0 { label } else { "" };
            self.line([
                Piece::new(format!("{label:<LABEL$}"), Role::Dim),
                Piece::new(text, role),
            ]);
        }
    }

    /// A line to type in; one with breaks in it takes several, of which those around the caret are shown.
    ///
    /// What stands in an empty one without the caret is `empty`.
    fn field(&mut self, prompt: &str, line: &Line, active: bool, empty: &str) {
        let start = prompt.chars().count();
        let room = self.width.saturating_sub(start + 1);
        let role = if active { Role::Key } else { Role::Dim };
        if line.text().is_empty() && !active {
            self.line([Piece::new(prompt, role), Piece::new(empty, Role::Dim)]);
            return;
        }
        let at = line.before_caret().matches('\n').count();
        let rows: Vec<&str> = line.text().split('\n').collect();
        let first = at.saturating_sub(MOST_ROWS - 1);
        let column = line.before_caret().rsplit('\n').next().map_or(0, str::len);
        for (i, text) in rows.iter().enumerate().skip(first).take(MOST_ROWS) {
            let (before, after) = text.split_at(if i == at { column } else { 0 });
            let (shown, caret) = fitting(before, after, room);
            if active && i == at {
                self.caret = Some((self.lines.len(), start + caret));
            }
            let prompt = if i == first {
                prompt.to_owned()
            } else {
                " ".repeat(start)
            };
            self.line([Piece::new(prompt, role), Piece::new(shown, Role::Text)]);
        }
        let more = rows.len().saturating_sub(MOST_ROWS);
        if more > 0 {
            let text = format!("{} lines in all", rows.len());
            self.line([
                Piece::new(" ".repeat(start), role),
                Piece::new(text, Role::Dim),
            ]);
        }
    }

    /// The keys at the bottom; those that do nothing yet are quiet. Where they do not fit, what follows a comma goes.
    ///
    /// They are not shown before they work: what is typed until the dialog was seen does not answer it.
    fn keys(&mut self, keys: &[(&str, &str, bool)]) {
        self.blank();
        if self.state.undrawn {
            self.line([]);
            return;
        }
        let make = |gap: &str, short: bool| {
            let mut pieces = Vec::new();
            for (key, words, can) in keys {
                if !pieces.is_empty() {
                    pieces.push(Piece::new(gap, Role::Text));
                }
                let role = if *can { Role::Key } else { Role::Dim };
                let words = words.split(',').next().filter(|_| short).unwrap_or(words);
                pieces.push(Piece::new(*key, role));
                pieces.push(Piece::new(format!(" {words}"), Role::Dim));
            }
            pieces
        };
        let full = make("   ", false);
        let fits = pieces_width(&full) <= self.width;
        self.line(if fits { full } else { make("   ", true) });
    }

    /// What just happened, inside the dialog where the eye is.
    fn news(&mut self) {
        if let Some(notice) = &self.state.notice {
            let (text, role) = (notice.text.clone(), notice.role);
            self.text(&text, role);
        }
    }

    fn words(&mut self, words: &Words) -> &'static str {
        self.blank();
        self.text(&words.key.to_string(), Role::Strong);
        self.blank();
        let (title, done) = match words.tone {
            Tone::Objection => {
                self.text(
                    "The plan can then not be signed, only sent back with your words.",
                    Role::Text,
                );
                ("Object to a change", "object")
            }
            Tone::Comment => {
                self.text(
                    "A remark decides nothing. It goes into the approval.",
                    Role::Text,
                );
                ("Remark on a change", "keep the remark")
            }
        };
        self.blank();
        self.anchor = self.lines.len();
        self.field("> ", &words.line, true, "");
        self.news();
        let can = !words.line.text().trim().is_empty();
        self.keys(&[
            ("enter", done, can),
            ("ctrl-o", "editor", true),
            ("esc", "cancel", true),
        ]);
        title
    }

    fn send_back(&mut self) -> &'static str {
        let state = self.state;
        self.blank();
        self.text(
            "You objected, so this plan is not signed. It goes back with:",
            Role::Text,
        );
        self.blank();
        let objected = state
            .standings
            .iter()
            .zip(&state.rows)
            .filter(|(s, _)| **s == Standing::Objected);
        let verdicts = state.log.verdicts();
        for (_, judged) in objected {
            let key = crate::review::Key::of(judged);
            self.text(&key.to_string(), Role::Strong);
            if let Some(crate::review::log::Said::Object(objection)) = verdicts.get(&key) {
                for line in objection.reason.lines() {
                    self.text(&format!("  {line}"), Role::Text);
                }
            }
        }
        self.anchor = self.lines.len();
        self.news();
        self.keys(&[
            ("y", "send it back", true),
            ("esc", "back to the review", true),
        ]);
        "Send this plan back"
    }

    fn remade(&mut self) -> &'static str {
        self.blank();
        self.text(
            "The plan was made again while you read it; what is on the screen can no longer be signed.",
            Role::Text,
        );
        self.blank();
        self.text(
            "In the new one, what is the same to the last value stays acknowledged. The rest is asked.",
            Role::Text,
        );
        self.anchor = self.lines.len();
        self.news();
        self.keys(&[
            ("y", "go on with the new plan", true),
            ("esc", "stay with this one", true),
        ]);
        "The plan was made again"
    }

    fn waiting(&mut self, what: &str) -> &'static str {
        self.blank();
        self.text(&format!("Waiting for {what}."), Role::Text);
        self.anchor = self.lines.len();
        self.keys(&[("esc", "stop waiting", true)]);
        "Signing"
    }

    fn leave(&mut self, why: &str) -> &'static str {
        self.blank();
        self.text(
            "What you said is not on disk and would be lost.",
            Role::Text,
        );
        self.text(why, Role::Alarm);
        self.anchor = self.lines.len();
        self.keys(&[("y", "leave all the same", true), ("esc", "stay", true)]);
        "Leave the review"
    }

    fn notice(&mut self, failure: &Failure) -> &'static str {
        self.blank();
        self.text(&failure.error, Role::Alarm);
        if let (Some(want), Some(got)) = (&failure.want, &failure.got) {
            self.blank();
            self.labelled("wanted", want, Role::Text);
            self.labelled("got", got, Role::Text);
        }
        if !failure.hints.is_empty() {
            self.blank();
        }
        for hint in &failure.hints {
            self.text(hint, Role::Text);
        }
        self.anchor = self.lines.len();
        self.keys(&[("enter", "close", true)]);
        "This did not work"
    }
}

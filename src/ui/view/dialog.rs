//! Dialogs: what, why, consequence, key. Each is lines of pieces in a frame, and where the caret stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::footer::window;
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
    let overlay = state.overlay.as_ref()?;
    let (least, most) = WIDTH;
    let columns = (screen.width * 2 / 3)
        .clamp(least, most)
        .min(screen.width.saturating_sub(2));
    let mut page = Page {
        state,
        width: usize::from(columns.saturating_sub(4)),
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
        Overlay::Filter(_) | Overlay::Find(_) | Overlay::Help { .. } | Overlay::Palette { .. } => {
            return None;
        }
    };
    page.show(title, columns, screen, buffer)
}

impl Page<'_> {
    fn show(
        mut self,
        title: &str,
        columns: u16,
        screen: Rect,
        buffer: &mut Buffer,
    ) -> Option<Position> {
        let theme = self.state.theme();
        self.fit(usize::from(screen.height.saturating_sub(2)));
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
            foot: &[],
            focus: true,
        };
        frame::draw(buffer, theme, area, &edges);
        let area = inside(area);
        for (y, pieces) in self.lines.iter().enumerate() {
            put(buffer, theme, line(area, y as u16), pieces);
        }
        let (y, columns) = self.caret?;
        Some(place(line(area, y as u16), columns))
    }

    /// Leaves out lines above the anchor where the screen is too low, and says how many.
    fn fit(&mut self, room: usize) {
        let room = room.max(1);
        while self.lines.len() > room {
            let Some(blank) = self.lines.iter().rposition(Vec::is_empty) else {
                break;
            };
            self.take_out(blank);
        }
        let over = self.lines.len().saturating_sub(room);
        if over == 0 {
            return;
        }
        let first = self.anchor.saturating_sub(over + 1);
        let gone = self.anchor - first;
        for _ in 0..gone {
            self.take_out(first);
        }
        let dots = self.state.theme().glyph("…", "..");
        let text = format!("{dots} {gone} lines more: esc, and read them in the detail");
        self.lines.insert(first, vec![Piece::new(text, Role::Warn)]);
        if let Some((y, _)) = &mut self.caret {
            *y += usize::from(*y >= first);
        }
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

    /// A line to type in.
    fn field(&mut self, prompt: &str, line: &Line, active: bool) {
        let start = prompt.chars().count();
        let (text, caret) = window(line, self.width.saturating_sub(start + 1));
        if active {
            self.caret = Some((self.lines.len(), start + caret));
        }
        let role = if active { Role::Key } else { Role::Dim };
        let text = if text.is_empty() && !active {
            Piece::new("none", Role::Dim)
        } else {
            Piece::new(text, Role::Text)
        };
        self.line([Piece::new(prompt, role), text]);
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
        self.field("> ", &words.line, true);
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
                self.text(&format!("  {}", objection.reason), Role::Text);
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

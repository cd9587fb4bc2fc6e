//! Dialogs: what, why, consequence, key. Each is lines of pieces in a frame, and where the caret stands.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget as _};

use super::changes::heading;
use super::footer::window;
use super::frame::{self, Edges};
use super::{line, pieces_width, place, put};
use crate::failure::Failure;
use crate::plan::effect::Kind;
use crate::risk::Risk;
use crate::text::visible;
use crate::ui::dialog::{Asking, Field, Overlay, Signing, Tone, Words};
use crate::ui::layout::inside;
use crate::ui::line::Line;
use crate::ui::number::{digest, size};
use crate::ui::standing::Standing;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::groups::by_sign;
use crate::ui::update::permit::cannot_sign;
use crate::ui::width::{count, wrap};

/// The columns of a dialog, frame included, where there is room.
const WIDTH: u16 = 70;

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
    let columns = WIDTH.min(screen.width.saturating_sub(2));
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
        self.line([Piece::new(prompt, role), Piece::new(text, Role::Text)]);
    }

    /// The keys at the bottom; those that do nothing yet are quiet. Where they do not fit, what follows a comma goes.
    fn keys(&mut self, keys: &[(&str, &str, bool)]) {
        self.blank();
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

    fn acknowledge(&mut self, asking: &Asking) -> &'static str {
        let theme = self.state.theme();
        let judged = &asking.judged;
        self.blank();
        let head = heading(theme, &judged.effect);
        if pieces_width(&head) <= self.width {
            self.line(head);
        } else {
            // An address is never cut where it is answered for.
            let [what, address] = [&head[0], &head[1]];
            self.line([what.clone()]);
            let lines = wrap(&address.text, self.width);
            for text in lines {
                self.line([Piece::new(text, Role::Strong)]);
            }
        }
        if let Some(deposed) = &asking.requirement.key.deposed {
            self.text(&format!("the deposed object {deposed}"), Role::Text);
        }
        self.blank();
        // Exactly the findings whose rules are written into the acknowledgement.
        let asked = judged.findings.iter();
        for finding in asked.filter(|f| {
            f.risk >= Risk::High
                && asking
                    .requirement
                    .rules
                    .iter()
                    .any(|rule| **rule == *f.rule)
        }) {
            let mark = theme.risk_mark(finding.risk);
            let lines = wrap(&visible(&finding.message), self.width.saturating_sub(2));
            for (i, text) in lines.into_iter().enumerate() {
                let mark = if i == 0 { mark } else { " " };
                self.line([
                    Piece::new(format!("{mark} "), Role::Risk(finding.risk)),
                    Piece::new(text, Role::Text),
                ]);
            }
        }
        self.blank();
        self.anchor = self.lines.len();
        let on_reason = asking.field == Field::Reason;
        self.field("Reason   ", &asking.reason, on_reason);
        match &asking.phrase {
            Some(phrase) => {
                self.blank();
                self.line([
                    Piece::new("Type ", Role::Text),
                    Piece::foreign(phrase, Role::Strong),
                    Piece::new(" to acknowledge.", Role::Text),
                ]);
                self.field("> ", &asking.typed, !on_reason);
                self.news();
                if on_reason {
                    self.keys(&[
                        ("tab", "name", true),
                        ("ctrl-o", "editor", true),
                        ("esc", "cancel", true),
                    ]);
                } else {
                    let matches = asking.matches();
                    let words = if matches {
                        "acknowledge"
                    } else {
                        "acknowledge, when it matches"
                    };
                    self.keys(&[
                        ("enter", words, matches),
                        ("tab", "reason", true),
                        ("esc", "cancel", true),
                    ]);
                }
                "Acknowledge a critical change"
            }
            None => {
                self.news();
                if on_reason {
                    self.keys(&[
                        ("enter", "back to the question", true),
                        ("ctrl-o", "editor", true),
                        ("esc", "cancel", true),
                    ]);
                } else {
                    self.keys(&[
                        ("y", "acknowledge", true),
                        ("tab", "reason", true),
                        ("esc", "cancel", true),
                    ]);
                    // The cursor is on what changes nothing.
                    let esc = "y acknowledge   tab reason   ".chars().count();
                    self.caret = Some((self.lines.len() - 1, esc));
                }
                "Acknowledge a high change"
            }
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

    fn sign(&mut self, signing: &Signing) -> &'static str {
        let state = self.state;
        let tally = &state.tally;
        self.blank();
        if let Some(facts) = state.facts() {
            let whole = digest(facts.subject(), 16);
            // Two lines of eight groups each.
            let (first, second) = whole.split_at(whole.len() / 2);
            self.labelled("sha256", first.trim(), Role::Strong);
            self.labelled("", second.trim(), Role::Strong);
            let bytes = facts
                .file
                .as_ref()
                .map_or(facts.header.bytes, |file| file.size);
            let alone = if facts.file.is_some() {
                ""
            } else {
                ", the JSON alone"
            };
            let plan = format!("{}, {}{alone}", state.setup.plan, size(bytes));
            self.labelled("plan", &plan, Role::Text);
        }
        self.labelled("changes", &changes(state), Role::Text);
        let reasons = signing
            .request
            .acks
            .iter()
            .filter(|ack| ack.reason.is_some())
            .count();
        let acked = match (tally.asking, reasons) {
            (0, _) => "0, nothing asked for an acknowledgement".to_owned(),
            (asking, 0) => format!(
                "0, {} of {} acknowledged",
                count(tally.acked),
                count(asking)
            ),
            (asking, n) => format!(
                "0, {} of {} acknowledged, {n} with a reason",
                count(tally.acked),
                count(asking)
            ),
        };
        self.labelled("open", &acked, Role::Text);
        if !signing.request.comments.is_empty() {
            self.labelled(
                "remarks",
                &count(signing.request.comments.len()),
                Role::Text,
            );
        }
        if let Ok(identity) = &state.setup.identity {
            self.labelled("as", identity, Role::Text);
        }
        self.blank();
        self.anchor = self.lines.len();
        if let Some(reason) = cannot_sign(state) {
            self.text(&reason, Role::Alarm);
            self.keys(&[("esc", "back to the review", true)]);
            return "Undersign this plan";
        }
        self.line([
            Piece::new("Type ", Role::Text),
            Piece::foreign(&state.setup.phrase, Role::Strong),
            Piece::new(" to sign.", Role::Text),
        ]);
        self.field("> ", &signing.typed, true);
        self.news();
        let matches = signing.typed.text() == state.setup.phrase;
        let words = if matches {
            "sign"
        } else {
            "sign, when it matches"
        };
        self.keys(&[
            ("enter", words, matches),
            ("esc", "back to the review", true),
        ]);
        "Undersign this plan"
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

/// `1,284:  +312  ~901  -/+41  -30`
fn changes(state: &State) -> String {
    let changes = state
        .rows
        .iter()
        .map(|judged| &judged.effect)
        .filter(|effect| effect.kind == Kind::Change && !effect.is_nothing());
    let signs = by_sign(changes.map(|effect| &effect.action));
    let all: usize = signs.iter().map(|(_, n)| n).sum();
    let mut text = if all == 0 {
        "none".into()
    } else {
        format!("{}:", count(all))
    };
    for (sign, n) in signs {
        let sign = if sign.is_empty() { "moved " } else { sign };
        let _ = write!(text, "  {sign}{}", count(n));
    }
    text
}

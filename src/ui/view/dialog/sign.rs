//! The dialog that asks for the signature: what is signed, as whom, and the name that says yes.

use std::fmt::Write as _;

use super::Page;
use crate::plan::effect::Kind;
use crate::ui::dialog::Signing;
use crate::ui::hands::Disk;
use crate::ui::number::{digest, size};
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::groups::by_sign;
use crate::ui::update::permit::cannot_sign;
use crate::ui::view::changes::signed;
use crate::ui::width::count;

impl Page<'_> {
    pub(super) fn sign(&mut self, signing: &Signing) -> &'static str {
        let state = self.state;
        let tally = &state.tally;
        self.blank();
        if let Some(subject) = state.subject() {
            let whole = digest(subject, 16);
            // Two lines of eight groups each.
            let (first, second) = whole.split_at(whole.len() / 2);
            self.labelled("sha256", first.trim(), Role::Strong);
            self.labelled("", second.trim(), Role::Strong);
        }
        // Of several: in the order in which they will be applied.
        for (number, facts) in state.read.iter().enumerate() {
            let label = if number == 0 { "plan" } else { "" };
            let bytes = facts
                .file
                .as_ref()
                .map_or(facts.header.bytes, |file| file.size);
            let alone = if facts.file.is_some() {
                ""
            } else {
                ", the JSON alone"
            };
            let plan = match &facts.unit {
                None => format!("{}, {}{alone}", state.setup.plan, size(bytes)),
                Some(unit) => format!(
                    "{}. {unit}, {}{alone}, sha256 {}",
                    number + 1,
                    size(bytes),
                    digest(facts.subject(), 3)
                ),
            };
            self.labelled(label, &plan, Role::Text);
        }
        if state.disk == Disk::CopyStands {
            let text = "the file on disk is another one now; you sign the copy that was read";
            self.labelled("disk", text, Role::Warn);
        }
        if let Some(task) = &state.setup.task {
            self.labelled("task", &format!("the agent says: {task}"), Role::Text);
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
        if let Some(then) = &state.setup.then {
            self.labelled("then", then, Role::Text);
        }
        self.blank();
        self.anchor = self.lines.len();
        if let Some(reason) = cannot_sign(state) {
            self.text(&reason, Role::Alarm);
            self.keys(&[("esc", "back to the review", true)]);
            return title(state);
        }
        self.line([
            Piece::new("Type ", Role::Text),
            Piece::foreign(&state.setup.phrase, Role::Strong),
            Piece::new(" to sign.", Role::Text),
        ]);
        self.field("> ", &signing.typed, true, "");
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
        title(state)
    }
}

fn title(state: &State) -> &'static str {
    match state.setup.set {
        Some(_) => "Undersign these plans, in this order",
        None => "Undersign this plan",
    }
}

/// `1,284:  +312  ~901  -/+41  -30`
fn changes(state: &State) -> String {
    let changes = state
        .rows
        .iter()
        .map(|judged| &judged.effect)
        .filter(|effect| effect.kind == Kind::Change && !effect.is_nothing());
    let signs = by_sign(changes.map(|effect| effect.action));
    let all: usize = signs.iter().map(|(_, n)| n).sum();
    let mut text = if all == 0 {
        "none".into()
    } else {
        format!("{}:", count(all))
    };
    for (sign, n) in signs {
        let _ = write!(text, "  {}", signed(sign, n));
    }
    text
}

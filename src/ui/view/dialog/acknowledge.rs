//! The dialog that asks for an acknowledgement: what is done, what is lost, and the key or the name that says yes.
//!
//! Built from the very requirement that is written into the acknowledgement.

use super::Page;
use crate::diff::secrets::{NOT_YET, may_be_secret};
use crate::policy::scope::OUT_OF_SCOPE;
use crate::review::verdicts;
use crate::risk::{Finding, Risk};
use crate::text::visible;
use crate::ui::dialog::{Asking, Field};
use crate::ui::theme::{Piece, Role};
use crate::ui::view::changes::heading;
use crate::ui::view::pieces_width;
use crate::ui::width::{width, wrap};

impl Page<'_> {
    pub(super) fn acknowledge(&mut self, asking: &Asking) -> &'static str {
        self.blank();
        self.what(asking);
        self.blank();
        self.why(asking);
        self.blank();
        self.anchor = self.lines.len();
        let on_reason = asking.field == Field::Reason;
        let overrides = asking.requirement.denies().next().is_some();
        if overrides {
            self.text(
                "A policy denies this: write why it may be done.",
                Role::Text,
            );
        }
        let label = if overrides { "Override " } else { "Reason   " };
        self.field(label, &asking.reason, on_reason, "none");
        if let Some(phrase) = &asking.phrase {
            self.name(asking, phrase);
            "Acknowledge a critical change"
        } else {
            self.key(on_reason);
            "Acknowledge a high change"
        }
    }

    /// What is done to what. An address is never cut where it is answered for.
    fn what(&mut self, asking: &Asking) {
        let head = heading(&asking.judged.effect);
        if pieces_width(&head) <= self.width {
            self.line(head);
        } else {
            let [action, address] = head;
            self.line([action]);
            for text in wrap(&address.text, self.width) {
                self.line([Piece::new(text, Role::Strong)]);
            }
        }
        if let Some(unit) = &asking.judged.unit {
            self.text(&format!("in {unit}"), Role::Text);
        }
        if let Some(deposed) = &asking.requirement.key.deposed {
            self.text(&format!("the deposed object {deposed}"), Role::Text);
        }
    }

    /// The findings whose rules are written into the acknowledgement, and no others. What denies comes first.
    fn why(&mut self, asking: &Asking) {
        let theme = self.state.theme();
        let rules = &asking.requirement.rules;
        let findings = asking.judged.findings.iter();
        let mut asked: Vec<&Finding> = findings
            .filter(|finding| finding.risk >= Risk::High)
            .filter(|finding| rules.iter().any(|rule| **rule == *finding.rule))
            .collect();
        asked.sort_by_key(|finding| finding.origin.is_none());
        for finding in asked {
            let message = self.state.masked(&finding.message);
            let message = match (&finding.origin, verdicts::rule(finding)) {
                // It says itself which scope, and that it is outside.
                (None, _) | (Some(_), OUT_OF_SCOPE) => message.into_owned(),
                (Some(_), rule) => format!("Policy {rule} denies: {message}"),
            };
            let lines = wrap(&visible(&message), self.width.saturating_sub(2));
            for (i, text) in lines.into_iter().enumerate() {
                let mark = if i == 0 {
                    theme.risk_mark(finding.risk)
                } else {
                    " "
                };
                self.line([
                    Piece::new(format!("{mark} "), Role::Risk(finding.risk)),
                    Piece::new(text, Role::Text),
                ]);
            }
            self.found(asking, finding);
        }
        self.around(asking);
    }

    /// What it was and what it becomes: `14 → 13` and `14 → 1` are one sentence and two risks.
    fn found(&mut self, asking: &Asking, finding: &Finding) {
        let early = self.state.facts_of(&asking.judged).is_none();
        let quoted = |text: &str| {
            if early && may_be_secret(text) {
                NOT_YET.to_owned()
            } else {
                self.state.masked(text).into_owned()
            }
        };
        let arrow = self.state.theme().glyph("→", "->");
        let values = match (&finding.old, &finding.new) {
            (None, None) => return,
            (Some(one), None) | (None, Some(one)) => quoted(one),
            (Some(old), Some(new)) => format!("{} {arrow} {}", quoted(old), quoted(new)),
        };
        let path = finding.path.as_deref().unwrap_or_default();
        let text = format!("{path}  {values}");
        for text in wrap(&visible(text.trim()), self.width.saturating_sub(2)) {
            self.line([Piece::new(format!("  {text}"), Role::Dim)]);
        }
    }

    /// What depends on the object, and what its block says about its life: an address alone tells neither.
    fn around(&mut self, asking: &Asking) {
        let effect = &asking.judged.effect;
        let Some(facts) = self.state.facts_of(&asking.judged) else {
            return;
        };
        let dependants = facts.header.dependants_of(effect);
        if let Some((first, rest)) = dependants.split_first() {
            let text = match rest.len() {
                0 => format!("{first} refers to it."),
                more => format!("{first} and {more} more refer to it."),
            };
            self.text(&text, Role::Dim);
        }
        if let Some(source) = facts.file.as_ref().and_then(|file| file.source(effect)) {
            self.text(&source, Role::Dim);
        }
    }

    /// The name that must be typed.
    fn name(&mut self, asking: &Asking, phrase: &str) {
        let on_reason = asking.field == Field::Reason;
        self.blank();
        self.line([
            Piece::new("Type ", Role::Text),
            Piece::foreign(phrase, Role::Strong),
            Piece::new(" to acknowledge.", Role::Text),
        ]);
        self.field("> ", &asking.typed, !on_reason, "");
        self.news();
        if on_reason {
            self.keys(&[
                ("enter", "back to the name", true),
                ("ctrl-o", "editor", true),
                ("esc", "cancel", true),
            ]);
            return;
        }
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

    /// The key that must be pressed.
    fn key(&mut self, on_reason: bool) {
        self.news();
        if on_reason {
            self.keys(&[
                ("enter", "back to the question", true),
                ("ctrl-o", "editor", true),
                ("esc", "cancel", true),
            ]);
            return;
        }
        self.keys(&[
            ("y", "acknowledge", true),
            ("tab", "reason", true),
            ("esc", "cancel", true),
        ]);
        // The cursor stands on what changes nothing.
        let before = "y acknowledge   tab reason   ";
        self.caret = Some((self.lines.len() - 1, width(before)));
    }
}

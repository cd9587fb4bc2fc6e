//! What lies over the list: lines to type in, dialogs, messages. Data only; drawing is elsewhere.

use super::hands::SignRequest;
use super::keymap::{self, Binding, Mode};
use super::line::Line;
use super::marks::{self, Mark};
use crate::failure::Failure;
use crate::plan::effect::Effect;
use crate::review::{Key, Method, Requirement, is_counted, is_reason};
use crate::risk::{Judged, Risk};
use crate::text::is_hidden;

/// What is typed where a name cannot be.
const FALLBACK_PHRASE: &str = "acknowledge";

/// What lies over the list.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The filter line, live.
    Filter(Line),
    /// The line that finds text in the detail, live.
    Find(Line),
    /// The keys.
    Help(Help),
    /// The commands.
    Palette {
        /// What is typed.
        line: Line,
        /// Which of those found is chosen.
        chosen: usize,
    },
    /// An acknowledgement is asked for.
    Ack(Box<Asking>),
    /// An objection or a remark is written.
    Words(Box<Words>),
    /// The signature is asked for.
    Sign(Box<Signing>),
    /// The plan is to be sent back with its objections.
    SendBack,
    /// The plan was made again: go on with the new one?
    Remade,
    /// Something is waited for.
    Waiting(String),
    /// What was said is not on disk: leave all the same?
    Leave(String),
    /// Something went wrong.
    Notice(Box<Failure>),
}

/// The keys, and the line that searches them.
#[derive(Debug, Clone)]
pub struct Help {
    /// Which keys: those of what is behind.
    pub of: Mode,
    /// What is searched.
    pub search: Line,
    /// First line shown.
    pub top: usize,
}

impl Help {
    /// All keys of a mode.
    pub fn new(of: Mode) -> Self {
        Help {
            of,
            search: Line::default(),
            top: 0,
        }
    }

    /// The lines of the key table that are found.
    pub fn found(&self) -> Vec<&'static Binding> {
        keymap::help(self.of, self.search.text())
    }

    /// The marks that are found; they stand behind the keys.
    pub fn marks(&self) -> Vec<&'static Mark> {
        marks::found(self.of, self.search.text())
    }

    /// Moves by so many lines.
    pub fn scroll(&mut self, lines: isize) {
        let most = (self.found().len() + self.marks().len()).saturating_sub(1);
        self.top = self.top.saturating_add_signed(lines).min(most);
    }
}

/// Which field of a dialog has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The one that answers.
    Answer,
    /// The reason.
    Reason,
}

/// An acknowledgement that is asked for.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The row with its findings.
    pub judged: Judged,
    /// What is shown and, word for word, what is written.
    pub requirement: Requirement,
    /// What must be typed; `None` where one key is enough.
    pub phrase: Option<String>,
    /// What was typed.
    pub typed: Line,
    /// Why, in the reviewer's words.
    pub reason: Line,
    /// Which field has the keys.
    pub field: Field,
}

impl Asking {
    /// The dialog for one of the rows, if it asks for an acknowledgement.
    pub fn of(judged: &Judged, rows: &[Judged]) -> Option<Self> {
        let requirement = Requirement::of(judged)?;
        let phrase = (judged.risk() == Risk::Critical).then(|| phrase(judged, rows));
        Some(Asking {
            judged: judged.clone(),
            phrase,
            typed: Line::default(),
            reason: Line::default(),
            field: if requirement.denies().next().is_some() {
                Field::Reason
            } else {
                Field::Answer
            },
            requirement,
        })
    }

    /// Whether what was typed is what must be typed.
    pub fn matches(&self) -> bool {
        self.phrase
            .as_deref()
            .is_none_or(|phrase| self.typed.text() == phrase)
    }

    /// Whether a reason is there, where a policy's deny asks for one.
    pub fn is_reasoned(&self) -> bool {
        self.requirement.denies().next().is_none() || is_reason(self.reason.text())
    }

    /// How the answer is given.
    pub fn method(&self) -> Method {
        match self.phrase {
            Some(_) => Method::Typed,
            None => Method::Key,
        }
    }
}

/// What a reviewer types to acknowledge a row: its name, or as much more of its address as no other of the rows has too.
pub fn phrase(judged: &Judged, rows: &[Judged]) -> String {
    let address = judged.effect.address();
    let others: Vec<_> = rows
        .iter()
        .filter(|row| row.effect.name == judged.effect.name && is_counted(row))
        .filter(|row| row.unit != judged.unit || row.effect.address() != address)
        .map(|row| names(&row.effect))
        .collect();
    let mut phrase = FALLBACK_PHRASE.to_owned();
    for (length, name) in names(&judged.effect).into_iter().enumerate() {
        if !is_typeable(&name) {
            continue;
        }
        phrase = name;
        if others.iter().all(|other| other[length] != phrase) {
            break;
        }
    }
    phrase
}

/// What a row can be called, the shortest first: `data`, `aws_kms_key.data`, `module.keys.aws_kms_key.data["eu"]`.
fn names(effect: &Effect) -> [String; 3] {
    let name = effect.name.to_string();
    let typed = match &*effect.type_name {
        "" => name.clone(),
        type_name => format!("{type_name}.{name}"),
    };
    [name, typed, effect.address().into_owned()]
}

fn is_typeable(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= 48
        && name.chars().all(|c| !is_hidden(c) && !c.is_whitespace())
}

/// What an objection and a remark differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A no.
    Objection,
    /// A remark that decides nothing.
    Comment,
}

/// Words on a row.
#[derive(Debug, Clone)]
pub struct Words {
    /// The row.
    pub key: Key,
    /// Objection or remark.
    pub tone: Tone,
    /// The words.
    pub line: Line,
}

/// A signature that is asked for.
#[derive(Debug, Clone)]
pub struct Signing {
    /// What is signed.
    pub request: SignRequest,
    /// What was typed.
    pub typed: Line,
}

impl Overlay {
    /// Where the keys go.
    pub fn mode(&self) -> Mode {
        match self {
            Overlay::Filter(_) => Mode::Filter,
            Overlay::Find(_) => Mode::Find,
            Overlay::Help(_) => Mode::Help,
            Overlay::Palette { .. } => Mode::Palette,
            Overlay::Ack(asking) => match (asking.field, &asking.phrase) {
                (Field::Reason, _) => Mode::Words,
                (Field::Answer, Some(_)) => Mode::Typed,
                (Field::Answer, None) => Mode::Confirm,
            },
            Overlay::Words(_) => Mode::Words,
            Overlay::Sign(_) => Mode::Typed,
            Overlay::SendBack | Overlay::Remade | Overlay::Leave(_) => Mode::Confirm,
            Overlay::Waiting(_) => Mode::Waiting,
            Overlay::Notice(_) => Mode::Notice,
        }
    }

    /// Whether it asks something that must not be answered by keys typed before it was seen.
    pub fn asks(&self) -> bool {
        match self {
            Overlay::Ack(_)
            | Overlay::Words(_)
            | Overlay::Sign(_)
            | Overlay::SendBack
            | Overlay::Remade
            | Overlay::Waiting(_)
            | Overlay::Leave(_)
            | Overlay::Notice(_) => true,
            Overlay::Filter(_) | Overlay::Find(_) | Overlay::Help(_) | Overlay::Palette { .. } => {
                false
            }
        }
    }

    /// The line that takes what is typed.
    pub fn line(&mut self) -> Option<&mut Line> {
        match self {
            Overlay::Filter(line) | Overlay::Find(line) | Overlay::Palette { line, .. } => {
                Some(line)
            }
            Overlay::Help(help) => Some(&mut help.search),
            Overlay::Ack(asking) => match (asking.field, &asking.phrase) {
                (Field::Reason, _) => Some(&mut asking.reason),
                (Field::Answer, Some(_)) => Some(&mut asking.typed),
                (Field::Answer, None) => None,
            },
            Overlay::Words(words) => Some(&mut words.line),
            Overlay::Sign(signing) => Some(&mut signing.typed),
            Overlay::SendBack
            | Overlay::Remade
            | Overlay::Waiting(_)
            | Overlay::Leave(_)
            | Overlay::Notice(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Kind, Span};

    fn row(address: &str) -> Judged {
        let mut effect = Effect::bare(Kind::Change, address, Action::Delete, Span::default());
        let block = address.split('[').next().unwrap();
        let mut words = block.rsplit('.');
        effect.name = words.next().unwrap().into();
        effect.type_name = words.next().unwrap_or_default().into();
        Judged::new(effect, Vec::new())
    }

    #[test]
    fn a_name_that_several_rows_have_is_not_enough() {
        let long = format!("module.{}.aws_s3_bucket.logs", "x".repeat(40));
        let rows = [
            "aws_db_instance.primary",
            "aws_kms_key.data",
            "module.network.aws_security_group.data",
            "module.a.aws_s3_bucket.this",
            "module.b.aws_s3_bucket.this[\"eu\"]",
            "module.b.aws_s3_bucket.this[\"of the west\"]",
            "aws_s3_bucket.logs",
            &long,
        ]
        .map(row);
        let asked = rows.each_ref().map(|judged| phrase(judged, &rows));
        assert_eq!(
            asked.each_ref().map(|phrase| &**phrase),
            [
                "primary",
                "aws_kms_key.data",
                "aws_security_group.data",
                "module.a.aws_s3_bucket.this",
                "module.b.aws_s3_bucket.this[\"eu\"]",
                // Neither can be typed whole.
                "aws_s3_bucket.this",
                "aws_s3_bucket.logs",
                "aws_s3_bucket.logs",
            ]
        );
        // What was done outside is no other change, and neither is what is left behind of the same object.
        let mut drift = row("aws_rds_cluster.primary");
        drift.effect.kind = Kind::Drift;
        let rows = [
            row("aws_db_instance.primary"),
            drift,
            row("aws_db_instance.primary"),
        ];
        assert_eq!(phrase(&rows[0], &rows), "primary");
    }

    #[test]
    fn a_name_that_cannot_be_typed_is_not_asked_for() {
        let typed = |name: &str| phrase(&row(name), &[]);
        assert_eq!(typed("primary"), "primary");
        for name in ["", "a\u{202e}b", "two words", &"x".repeat(99)] {
            assert_eq!(typed(name), FALLBACK_PHRASE);
        }
    }
}

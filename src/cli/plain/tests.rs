//! Reviews at prompts, with scripted answers and a desk that only remembers.

use std::io::Cursor;

use super::*;
use crate::failure::Exit;
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind, Span};
use crate::plan::values::Values;
use crate::review::judge::judge_all;
use crate::review::{Ack, Method};
use crate::risk::Finding;
use crate::ui::hands::{Disk, Receipt, SignJob};
use crate::ui::theme::Palette;

/// What was asked of the desk.
#[derive(Default)]
struct Remembers {
    saves: usize,
    save_fails: bool,
    signed: Vec<Ack>,
    rejected: usize,
}

impl Hands for Remembers {
    fn values(&mut self, _: &Judged) -> Result<(String, Values), Failure> {
        Ok((String::new(), Values::default()))
    }

    fn save(&mut self, _: &Log, _: &[Judged]) -> Result<(), Failure> {
        self.saves += 1;
        if self.save_fails {
            return Err(Failure::new(Exit::Internal, "io", "the disk is full"));
        }
        Ok(())
    }

    fn sign(&mut self, request: SignRequest) -> SignJob {
        self.signed = request.acks;
        SignJob {
            needs_terminal: false,
            waits_for: "a touch".into(),
            run: Box::new(|| Ok(Receipt("signed".into()))),
        }
    }

    fn reject(&mut self, _: &Log, _: &[Judged]) -> Result<String, Failure> {
        self.rejected += 1;
        Ok("sent back".into())
    }

    fn disk(&mut self) -> Disk {
        Disk::AsRead
    }

    fn edit(&mut self, text: &str) -> Result<String, Failure> {
        Ok(text.into())
    }
}

fn row(name: &str, risk: Risk) -> Judged {
    let mut effect = Effect::bare(
        Kind::Change,
        format!("aws_db_instance.{name}"),
        Action::Delete,
        Span::default(),
    );
    effect.name = name.into();
    Judged::new(effect, vec![Finding::new("delete", risk, "It is gone.")])
}

/// A high row, a critical one, and one that asks nothing.
fn rows() -> [Judged; 3] {
    [
        row("replica", Risk::High),
        row("primary", Risk::Critical),
        row("cache", Risk::Medium),
    ]
}

/// The review of `rows` with these answers: how it ended, and what was printed.
fn review(rows: &[Judged], log: Log, answers: &str, hands: &mut Remembers) -> (Outcome, String) {
    let empty = r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[]}"#;
    let (judgement, _) = judge_all(&mut Cursor::new(empty), None, None).unwrap();
    let plain = Plain {
        emergency: false,
        rows,
        log,
        since: std::collections::BTreeMap::new(),
        phrase: Ok("prod/web".into()),
        columns: WIDTH.0,
        theme: Theme {
            palette: Palette::None,
            ascii: true,
        },
        plans: vec![super::About {
            unit: None,
            judgement: &judgement,
            file: None,
        }],
    };
    let mut out = Vec::new();
    let outcome = plain
        .run(&mut Cursor::new(answers), &mut out, hands)
        .unwrap();
    (outcome, String::from_utf8(out).unwrap())
}

#[test]
fn every_answer_leads_where_it_says() {
    let left = Outcome::Left { saved: true };
    let silent = Outcome::Left { saved: false };
    let signed = Outcome::Signed(Receipt("signed".into()));
    let rejected = Outcome::Rejected("sent back".into());
    for (answers, expected, saves) in [
        // The worst is asked first, by its name; the other by a word.
        ("primary\nyes\nprod/web\n", &signed, 2),
        ("primary\nyes\nprod/we\n", &left, 2),
        ("primary\nyes\n\n", &left, 2),
        (
            "yes\nPrimary\nprimary\nprimary\nyes\nprod/web\n",
            &signed,
            2,
        ),
        ("no\nkeep it\nyes\nyes\n", &rejected, 2),
        ("no\nkeep it\nyes\nprod/web\n", &left, 2),
        ("no\n\nprimary\nyes\nprod/web\n", &signed, 2),
        ("skip\nyes\n", &left, 1),
        ("primary\nquit\n", &left, 1),
        ("primary\n", &left, 1),
        ("no\n", &silent, 0),
        ("quit\n", &silent, 0),
        ("", &silent, 0),
    ] {
        let mut hands = Remembers::default();
        let (outcome, _) = review(&rows(), Log::default(), answers, &mut hands);
        assert_eq!((&outcome, hands.saves), (expected, saves), "{answers:?}");
        assert_eq!(hands.signed.len(), if outcome == signed { 2 } else { 0 });
    }
}

#[test]
fn no_line_of_a_change_is_wider_than_the_terminal() {
    let mut long = row("primary", Risk::High);
    long.findings[0].message = "A sentence that is longer than a narrow terminal is wide.".into();
    let mut hands = Remembers::default();
    let (_, out) = review(&[long], Log::default(), "", &mut hands);
    assert!(out.contains("A sentence that"), "{out}");
    let detail = out.lines().filter(|line| !line.contains(" to acknowledge"));
    for line in detail {
        assert!(line.chars().count() <= usize::from(WIDTH.0), "{line:?}");
    }
}

#[test]
fn what_was_answered_before_is_not_asked_again() {
    let rows = rows();
    let mut log = Log::default();
    log.say(Said::Ack(Ack {
        requirement: Requirement::of(&rows[1]).unwrap(),
        method: Method::Typed,
        reason: None,
    }));
    let mut hands = Remembers::default();
    let (outcome, out) = review(&rows, log, "yes\nprod/web\n", &mut hands);
    assert!(matches!(outcome, Outcome::Signed(_)));
    assert!(!out.contains("1 of 2") && out.contains("2 of 2"), "{out}");
}

#[test]
fn what_cannot_be_kept_is_not_taken_for_said() {
    let mut hands = Remembers {
        save_fails: true,
        ..Remembers::default()
    };
    let (outcome, out) = review(&rows(), Log::default(), "primary\nskip\nskip\n", &mut hands);
    assert_eq!(outcome, Outcome::Left { saved: false });
    assert!(
        out.contains("the disk is full") && out.contains("2 of 2 still open"),
        "{out}"
    );
}

#[test]
fn a_name_that_cannot_be_typed_is_not_asked_for_and_acts_on_no_terminal() {
    let rows = [row("x\u{202e}y\u{1b}[2J", Risk::Critical)];
    let mut hands = Remembers::default();
    let answers = "acknowledge\nprod/web\n";
    let (outcome, out) = review(&rows, Log::default(), answers, &mut hands);
    assert!(matches!(outcome, Outcome::Signed(_)), "{out}");
    let lines = out.replace('\n', "");
    assert!(!lines.chars().any(crate::text::is_hidden), "{out:?}");
}

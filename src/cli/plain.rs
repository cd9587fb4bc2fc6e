//! `review --plain`: the same review as numbered prompts, without the alternate screen.
//!
//! For screen readers, dumb terminals and logs of a session. What is asked, what counts as an answer and what is
//! written are the same as on the screen; only the form differs.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use arcstr::ArcStr;

use crate::failure::Failure;
use crate::plan::archive::PlanFile;
use crate::review::judge::Judgement;
use crate::review::log::{Log, Said};
use crate::review::{self, Key, Requirement};
use crate::risk::{Judged, Risk};
use crate::text::visible;
use crate::ui::detail::{self, DetailContext, Options, Standing};
use crate::ui::dialog;
use crate::ui::hands::{Hands, Outcome, SignRequest};
use crate::ui::theme::Theme;

mod answer;
mod talk;

use answer::{Wanted, acknowledgement, objection};
use talk::Talk;

/// The least and the most columns of the detail. A screen reader does not care; a terminal would break lines inside of words.
pub const WIDTH: (u16, u16) = (40, 100);

/// A review at prompts.
pub struct Plain<'a> {
    /// Whether the reviewer breaks the glass: then nothing is asked but the signature.
    pub emergency: bool,
    /// Every row: the signals first, then as in the plan.
    pub rows: &'a [Judged],
    /// What was said before.
    pub log: Log,
    /// How rows compare with those of an earlier review.
    pub since: BTreeMap<Key, String>,
    /// What is typed to sign; `Err` says why nobody can sign.
    pub phrase: Result<String, String>,
    /// What each plan says beyond its rows.
    pub plans: Vec<About<'a>>,
    /// Marks and words only.
    pub theme: Theme,
    /// Columns of the detail.
    pub columns: u16,
}

/// What a plan says beyond its rows.
pub struct About<'a> {
    /// Which of several plans it is.
    pub unit: Option<ArcStr>,
    /// What was found out at its end.
    pub judgement: &'a Judgement,
    /// The plan file, if the JSON was made from one.
    pub file: Option<&'a PlanFile>,
}

enum Answer {
    Next,
    Leave,
}

impl Plain<'_> {
    /// Asks until everything is answered or the reviewer leaves.
    pub fn run(
        mut self,
        input: &mut dyn BufRead,
        out: &mut dyn Write,
        hands: &mut dyn Hands,
    ) -> Result<Outcome, Failure> {
        let mut talk = Talk { input, out };
        let rows = self.rows;
        let mut asking: Vec<(&Judged, Requirement)> = rows
            .iter()
            .filter_map(|row| Some((row, Requirement::of(row)?)))
            .collect();
        asking.sort_by_key(|(row, _)| std::cmp::Reverse(row.risk()));
        let total = asking.len();
        for (number, (row, requirement)) in asking.iter().enumerate() {
            if self.emergency || self.answered(requirement) {
                continue;
            }
            talk.say(&format!("\n{} of {total}\n", number + 1))?;
            self.show(row, &mut talk, hands)?;
            match self.decide(row, requirement, &mut talk, hands)? {
                Answer::Next => {}
                Answer::Leave => return Ok(self.left()),
            }
        }
        if self.objections() > 0 {
            return self.send_back(&mut talk, hands);
        }
        let open = self.open(&asking);
        if open > 0 && !self.emergency {
            talk.say(&format!("\n{open} of {total} still open.\n"))?;
            return Ok(self.left());
        }
        self.sign(&asking, &mut talk, hands)
    }

    /// Leaving keeps what was said; every answer is on disk before the next question.
    fn left(&self) -> Outcome {
        Outcome::Left {
            saved: !self.log.nothing_stands(),
        }
    }

    fn objections(&self) -> usize {
        let verdicts = self.log.verdicts().into_values();
        verdicts
            .filter(|said| matches!(said, Said::Object(_)))
            .count()
    }

    /// How many of those that ask have no answer.
    fn open(&self, asking: &[(&Judged, Requirement)]) -> usize {
        let requirements = asking.iter().map(|(_, requirement)| requirement);
        requirements.filter(|wanted| !self.answered(wanted)).count()
    }

    /// Offers to send a plan back that somebody objects to.
    fn send_back(&self, talk: &mut Talk<'_>, hands: &mut dyn Hands) -> Result<Outcome, Failure> {
        let objections = self.objections();
        talk.say(&format!(
            "\n{objections} objected to. The plan cannot be approved.\n"
        ))?;
        let question = "Send it back with your comments? (yes, or enter to leave) ";
        match talk.ask(question)?.as_deref() {
            Some("yes") => hands.reject(&self.log, self.rows).map(Outcome::Rejected),
            _ => Ok(self.left()),
        }
    }

    fn about(&self, row: &Judged) -> &About<'_> {
        let of = |about: &&About<'_>| about.unit == row.unit;
        self.plans
            .iter()
            .find(of)
            .expect("a row is of a plan that was read")
    }

    fn show(
        &self,
        row: &Judged,
        talk: &mut Talk<'_>,
        hands: &mut dyn Hands,
    ) -> Result<(), Failure> {
        let values = hands.values(row);
        let values = values
            .as_ref()
            .map(|(_, values)| values)
            .map_err(Failure::to_string);
        let about = self.about(row);
        let source = about.file.and_then(|file| file.source(&row.effect));
        let context = DetailContext {
            early: false,
            theme: self.theme,
            options: Options {
                wrap: true,
                ..Options::default()
            },
            standing: Standing::Open,
            comments: &[],
            dependants: about.judgement.header.dependants_of(&row.effect),
            fate: review::fate(row, self.rows),
            since: self.since.get(&Key::of(row)).map(String::as_str),
            source: source.as_deref(),
            secrets: Some(&about.judgement.secrets),
        };
        talk.say(&format!("{}\n", visible(&Key::of(row).to_string())))?;
        for line in detail::lines(
            row,
            values.as_ref().copied().map_err(String::as_str),
            &context,
            self.columns,
        ) {
            talk.say(&format!("{}\n", line.text().trim_end()))?;
        }
        Ok(())
    }

    /// Asks about one row until there is an answer that is kept.
    fn decide(
        &mut self,
        row: &Judged,
        requirement: &Requirement,
        talk: &mut Talk<'_>,
        hands: &mut dyn Hands,
    ) -> Result<Answer, Failure> {
        let wanted = match row.risk() {
            Risk::Critical => Wanted::Name(dialog::phrase(row, self.rows)),
            _ => Wanted::Yes,
        };
        let question = format!(
            "{} to acknowledge, no to object, skip, or quit: ",
            wanted.in_words()
        );
        loop {
            let Some(answer) = talk.ask(&question)? else {
                return Ok(Answer::Leave);
            };
            let said = match answer.as_str() {
                "quit" => return Ok(Answer::Leave),
                "skip" => return Ok(Answer::Next),
                "no" => objection(requirement, talk)?,
                typed if typed == wanted.typed() => {
                    acknowledgement(requirement, wanted.method(), talk)?
                }
                _ => {
                    talk.say("That is none of the answers.\n")?;
                    None
                }
            };
            let Some(said) = said else { continue };
            self.log.say(said);
            match hands.save(&self.log, self.rows) {
                Ok(()) => return Ok(Answer::Next),
                Err(failure) => {
                    self.log.undo();
                    talk.say(&super::failure::to_text(&failure))?;
                }
            }
        }
    }

    fn sign(
        &self,
        asking: &[(&Judged, Requirement)],
        talk: &mut Talk<'_>,
        hands: &mut dyn Hands,
    ) -> Result<Outcome, Failure> {
        let phrase = match &self.phrase {
            Ok(phrase) => phrase,
            Err(why) => {
                talk.say(&format!(
                    "\nNothing is open, but nothing can be signed: {}\n",
                    visible(why)
                ))?;
                return Ok(self.left());
            }
        };
        let standing = match self.open(asking) {
            0 => "Nothing is open.".into(),
            open => format!(
                "BREAK-GLASS: {open} of {} not acknowledged, and the record will say so.",
                asking.len()
            ),
        };
        let question = format!(
            "\n{standing} Type {} to sign, or enter to leave: ",
            visible(phrase)
        );
        if talk.ask(&question)?.as_deref() != Some(phrase) {
            return Ok(self.left());
        }
        let verdicts: BTreeMap<&Key, &Said> = self.log.verdicts();
        let acks =
            asking
                .iter()
                .filter_map(|(_, requirement)| match verdicts.get(&requirement.key) {
                    Some(Said::Ack(ack)) => Some(ack.clone()),
                    _ => None,
                });
        let comments = self
            .log
            .comments()
            .map(|(key, text)| (key.clone(), text.into()))
            .collect();
        let job = hands.sign(SignRequest {
            acks: acks.collect(),
            comments,
        });
        if !job.waits_for.is_empty() {
            talk.say(&format!("Waiting for {}\n", visible(&job.waits_for)))?;
        }
        (job.run)().map(Outcome::Signed)
    }

    /// Whether the last word on a row still fits what is asked about it.
    fn answered(&self, requirement: &Requirement) -> bool {
        match self.log.verdicts().get(&requirement.key) {
            Some(Said::Ack(ack)) => ack.requirement == *requirement,
            Some(Said::Object(_)) => true,
            Some(Said::Comment { .. }) | None => false,
        }
    }
}

#[cfg(test)]
mod tests;

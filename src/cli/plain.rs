//! `review --plain`: the same review as numbered prompts, without the alternate screen.
//!
//! For screen readers, dumb terminals and logs of a session. What is asked, what counts as an answer and what is
//! written are the same as on the screen; only the form differs.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use arcstr::ArcStr;

use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanFile;
use crate::review::judge::Judgement;
use crate::review::log::{Log, Said};
use crate::review::{self, Ack, Key, Method, Objection, Requirement, SHORTEST_REASON, is_reason};
use crate::risk::{Judged, Risk};
use crate::text::visible;
use crate::ui::detail::{self, DetailContext, Options, Standing};
use crate::ui::dialog;
use crate::ui::hands::{Hands, Outcome, SignRequest};
use crate::ui::theme::Theme;

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
            say(out, &format!("\n{} of {total}\n", number + 1))?;
            self.show(row, out, hands)?;
            match self.ask(row, requirement, input, out, hands)? {
                Answer::Next => {}
                Answer::Leave => return Ok(Outcome::Left { saved: true }),
            }
        }
        let objections = self
            .log
            .verdicts()
            .values()
            .filter(|said| matches!(said, Said::Object(_)))
            .count();
        if objections > 0 {
            say(
                out,
                &format!("\n{objections} objected to. The plan cannot be approved.\n"),
            )?;
            return match prompt(
                input,
                out,
                "Send it back with your comments? (yes, or enter to leave) ",
            )?
            .as_deref()
            {
                Some("yes") => hands.reject(&self.log, rows).map(Outcome::Rejected),
                _ => Ok(Outcome::Left { saved: true }),
            };
        }
        let open = asking
            .iter()
            .filter(|(_, requirement)| !self.answered(requirement))
            .count();
        if open > 0 && !self.emergency {
            say(out, &format!("\n{open} of {total} still open.\n"))?;
            return Ok(Outcome::Left { saved: true });
        }
        self.sign(&asking, input, out, hands)
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
        out: &mut dyn Write,
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
        say(out, &format!("{}\n", visible(&Key::of(row).to_string())))?;
        for line in detail::lines(
            row,
            values.as_ref().copied().map_err(String::as_str),
            &context,
            self.columns,
        ) {
            say(out, &format!("{}\n", line.text().trim_end()))?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        row: &Judged,
        requirement: &Requirement,
        input: &mut dyn BufRead,
        out: &mut dyn Write,
        hands: &mut dyn Hands,
    ) -> Result<Answer, Failure> {
        let name = dialog::phrase(row, self.rows);
        let critical = row.risk() == Risk::Critical;
        let yes = if critical {
            format!("type {} to acknowledge", visible(&name))
        } else {
            "yes to acknowledge".into()
        };
        loop {
            let question = format!("{yes}, no to object, skip, or quit: ");
            let Some(answer) = prompt(input, out, &question)? else {
                return Ok(Answer::Leave);
            };
            let said = match answer.as_str() {
                "quit" => return Ok(Answer::Leave),
                "skip" => return Ok(Answer::Next),
                "no" => {
                    let Some(reason) =
                        prompt(input, out, "Why not? ")?.filter(|reason| !reason.is_empty())
                    else {
                        say(out, "An objection needs a reason.\n")?;
                        continue;
                    };
                    Said::Object(Objection {
                        key: requirement.key.clone(),
                        reason,
                    })
                }
                typed if (critical && typed == name) || (!critical && typed == "yes") => {
                    let denied = requirement.denies().next().is_some();
                    let reason = if denied {
                        override_reason(input, out)?
                    } else {
                        None
                    };
                    if denied && reason.is_none() {
                        continue;
                    }
                    let method = if critical {
                        Method::Typed
                    } else {
                        Method::Prompt
                    };
                    Said::Ack(Ack {
                        requirement: requirement.clone(),
                        method,
                        reason,
                    })
                }
                _ => {
                    say(out, "That is none of the answers.\n")?;
                    continue;
                }
            };
            self.log.say(said);
            match hands.save(&self.log, self.rows) {
                Ok(()) => return Ok(Answer::Next),
                Err(failure) => {
                    self.log.undo();
                    say(out, &super::failure::to_text(&failure))?;
                }
            }
        }
    }

    fn sign(
        &self,
        asking: &[(&Judged, Requirement)],
        input: &mut dyn BufRead,
        out: &mut dyn Write,
        hands: &mut dyn Hands,
    ) -> Result<Outcome, Failure> {
        let phrase = match &self.phrase {
            Ok(phrase) => phrase,
            Err(why) => {
                say(
                    out,
                    &format!(
                        "\nNothing is open, but nothing can be signed: {}\n",
                        visible(why)
                    ),
                )?;
                return Ok(Outcome::Left { saved: true });
            }
        };
        let open = asking
            .iter()
            .filter(|(_, requirement)| !self.answered(requirement))
            .count();
        let standing = if open == 0 {
            "Nothing is open.".into()
        } else {
            format!(
                "BREAK-GLASS: {open} of {} not acknowledged, and the record will say so.",
                asking.len()
            )
        };
        let question = format!(
            "\n{standing} Type {} to sign, or enter to leave: ",
            visible(phrase)
        );
        if prompt(input, out, &question)?.as_deref() != Some(phrase) {
            return Ok(Outcome::Left { saved: true });
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
            say(out, &format!("Waiting for {}\n", visible(&job.waits_for)))?;
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

/// Asks why a policy's deny is accepted. `None` if what was said is no reason.
fn override_reason(
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Option<String>, Failure> {
    let question = "A policy denies this. Why may it be done all the same? ";
    let reason = prompt(input, out, question)?.filter(|reason| is_reason(reason));
    if reason.is_none() {
        let least = format!("A reason has at least {SHORTEST_REASON} characters.\n");
        say(out, &least)?;
    }
    Ok(reason)
}

fn say(out: &mut dyn Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::io("the terminal", &error))
}

/// Asks, and returns the line that comes, without its end. `None` if no line will ever come.
fn prompt(
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    question: &str,
) -> Result<Option<String>, Failure> {
    say(out, question)?;
    let mut line = String::new();
    match input.read_line(&mut line) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(line.trim().to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(Failure::new(
            Exit::Usage,
            "input",
            "what was typed is no UTF-8 text",
        )),
        Err(error) => Err(Failure::io("the terminal", &error)),
    }
}

#[cfg(test)]
mod tests;

//! A review at prompts, from what the reader says of the plans to the questions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use arcstr::ArcStr;

use super::apply::columns;
use super::check::print;
use super::looks::Looks;
use super::plain::{About, Plain, WIDTH};
use super::report::Report;
use super::review::{Begun, Review};
use crate::failure::Failure;
use crate::review::log::Log;
use crate::review::{Key, carry};
use crate::risk::Judged;
use crate::text::visible;
use crate::ui::hands::{Hands, Outcome};
use crate::ui::{Msg, Setup};

/// Asks line by line until the review ends. The plan is read to its end first.
pub(super) fn at_prompts(review: Review, looks: &Looks) -> Result<Outcome, Failure> {
    let Begun {
        mut desk,
        setup,
        loading,
    } = review.begin(looks)?;
    let heard = Heard::of(setup.log.clone(), &loading.messages)?;
    if !heard.log.entries().is_empty() {
        desk.save(&heard.log, &heard.rows)?;
    }
    let file = desk.file.clone();
    let loaded = Arc::clone(&desk.loaded);
    let judgement = loaded.judgement()?;
    let report = Report {
        name: &setup.plan,
        judgement,
        file: file.as_ref(),
        rows: &heard.rows,
    };
    print(&report.to_text())?;
    let emergency = desk
        .signing
        .as_ref()
        .is_some_and(|signing| signing.emergency.is_some());
    let about = About {
        unit: None,
        judgement,
        file: file.as_ref(),
    };
    heard.ask(setup, vec![about], emergency, &mut desk)
}

/// What the reader of plans had to say, all of it.
pub(super) struct Heard {
    /// Every row.
    pub rows: Vec<Judged>,
    /// What was said before.
    pub log: Log,
    since: BTreeMap<Key, String>,
}

impl Heard {
    /// Listens until every plan is read.
    pub(super) fn of(log: Log, messages: &Receiver<Msg>) -> Result<Self, Failure> {
        let mut heard = Heard {
            rows: Vec::new(),
            log,
            since: BTreeMap::new(),
        };
        let mut unit: Option<ArcStr> = None;
        let (mut from, mut steps) = (0, 0);
        let of_unit = |mut rows: Vec<Judged>, unit: &Option<ArcStr>| {
            for row in &mut rows {
                row.unit.clone_from(unit);
            }
            rows
        };
        for message in messages {
            match message {
                Msg::Unit(next) => {
                    unit = Some(next);
                    from = heard.rows.len();
                    steps = 0;
                }
                // Told once a step: a line that is drawn anew each second is read aloud each second.
                Msg::Waiting(waits) if waits.len() != steps => {
                    steps = waits.len();
                    if let Some(now) = waits.last() {
                        print(&format!(
                            "{}: {}\n",
                            visible(&now.what),
                            visible(&now.purpose)
                        ))?;
                    }
                }
                Msg::Rows(more) => heard.rows.extend(of_unit(more, &unit)),
                Msg::Restored(earlier, _) => {
                    let said = std::mem::replace(&mut heard.log, earlier.in_unit(unit.as_ref()));
                    heard.log.append(said);
                }
                Msg::Verdicts(said) => {
                    for (row, findings) in said {
                        heard.rows[from + row as usize].hear(findings);
                    }
                }
                Msg::Since(since) => {
                    let since = since.in_unit(unit.as_ref());
                    carry::over(&mut heard.log, &since.acks);
                    print(&format!("{}\n", visible(&since.summary)))?;
                    heard.since.extend(since.says);
                }
                Msg::Loaded(_, signals) => {
                    let at = from..from;
                    heard
                        .rows
                        .splice(at, of_unit(signals, &unit))
                        .for_each(drop);
                }
                Msg::LoadFailed(failure) => return Err(failure),
                _ => {}
            }
        }
        Ok(heard)
    }

    /// Asks at prompts.
    pub(super) fn ask(
        self,
        setup: Setup,
        plans: Vec<About<'_>>,
        emergency: bool,
        hands: &mut dyn Hands,
    ) -> Result<Outcome, Failure> {
        let plain = Plain {
            emergency,
            rows: &self.rows,
            log: self.log,
            since: self.since,
            phrase: match setup.identity {
                Ok(_) => Ok(setup.phrase),
                Err(failure) => Err(why_not(&failure)),
            },
            plans,
            theme: setup.theme,
            columns: columns().unwrap_or(WIDTH.1).clamp(WIDTH.0, WIDTH.1),
        };
        plain.run(&mut std::io::stdin().lock(), &mut std::io::stdout(), hands)
    }
}

/// A refusal in one line, with what to do.
fn why_not(failure: &Failure) -> String {
    std::iter::once(failure.error.as_str())
        .chain(failure.hints.first().map(String::as_str))
        .collect::<Vec<_>>()
        .join(". ")
}

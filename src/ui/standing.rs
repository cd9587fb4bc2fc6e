//! Where each row stands in the review: what the log says, held against what the row asks for.

use std::collections::HashSet;

use crate::review::log::{Log, Said};
use crate::review::{Key, Method, Requirement, is_counted, verdicts};
use crate::risk::{Judged, Risk};

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// It asks for nothing, and nobody objected.
    #[default]
    Nothing,
    /// It waits for an acknowledgement.
    Open,
    /// It is acknowledged, for exactly what it asks.
    Acked,
    /// The same, carried over from an earlier plan.
    Carried,
    /// Somebody objected.
    Objected,
}

impl Standing {
    /// The box in front of a row: three columns, or nothing where nothing is asked.
    pub fn tick(self) -> &'static str {
        match self {
            Standing::Nothing => "   ",
            Standing::Open => "[ ]",
            Standing::Acked => "[x]",
            Standing::Carried => "[=]",
            Standing::Objected => "[!]",
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Nothing => "",
            Standing::Open => "not acknowledged",
            Standing::Acked => "acknowledged",
            Standing::Carried => "acknowledged before",
            Standing::Objected => "objected",
        }
    }
}

/// Where each of `rows` stands after `log`.
pub fn standings(rows: &[Judged], log: &Log) -> Vec<Standing> {
    let verdicts = log.verdicts();
    // Few rows are spoken of, so the others are not even given a key.
    let spoken_of: HashSet<&str> = verdicts.keys().map(|key| &*key.address).collect();
    let mut room = String::new();
    rows.iter()
        .map(|judged| {
            let said = spoken_of
                .contains(judged.effect.address_in(&mut room))
                .then(|| verdicts.get(&Key::of(judged)))
                .flatten();
            match said {
                Some(Said::Object(_)) => Standing::Objected,
                Some(Said::Ack(ack))
                    if Requirement::of(judged).as_ref() == Some(&ack.requirement) =>
                {
                    match ack.method {
                        Method::Carried => Standing::Carried,
                        Method::Key | Method::Typed | Method::Prompt => Standing::Acked,
                    }
                }
                // An acknowledgement of something else than what the row asks for counts as none.
                Some(Said::Ack(_) | Said::Comment { .. }) | None if judged.needs_ack() => {
                    Standing::Open
                }
                Some(Said::Ack(_) | Said::Comment { .. }) | None => Standing::Nothing,
            }
        })
        .collect()
}

/// Counts over all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Effects by risk, worst first; without drift and without what changes nothing.
    pub by_risk: [usize; 4],
    /// Rows that ask for an acknowledgement.
    pub asking: usize,
    /// Of these, the acknowledged ones.
    pub acked: usize,
    /// Rows that wait for an acknowledgement.
    pub open: usize,
    /// Rows somebody objected to.
    pub objected: usize,
    /// What policies deny.
    pub denies: usize,
    /// What they warn of.
    pub warns: usize,
    /// A row of which a policy lets nobody pass.
    pub blocked: Option<u32>,
}

impl Tally {
    /// Counts.
    pub fn of(rows: &[Judged], standings: &[Standing]) -> Self {
        let mut tally = Tally::default();
        for (number, (judged, standing)) in rows.iter().zip(standings).enumerate() {
            if is_counted(judged) {
                tally.by_risk[Risk::Critical as usize - judged.risk() as usize] += 1;
            }
            for finding in judged.findings.iter().filter(|f| f.origin.is_some()) {
                tally.denies += usize::from(finding.risk >= Risk::High);
                tally.warns += usize::from(finding.risk == Risk::Medium);
                if verdicts::blocks(finding) {
                    tally.blocked.get_or_insert(number as u32);
                }
            }
            tally.asking += usize::from(judged.needs_ack());
            match standing {
                Standing::Acked | Standing::Carried => tally.acked += 1,
                Standing::Objected => tally.objected += 1,
                Standing::Open => tally.open += 1,
                Standing::Nothing => {}
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Effect, Kind, Span};
    use crate::review::{Ack, Method, Objection};
    use crate::risk::Finding;

    fn row(rules: &[&'static str]) -> Judged {
        let effect = Effect::bare(Kind::Change, "a.b", Action::Delete, Span::default());
        let finding = |rule: &&'static str| Finding {
            rule: (*rule).into(),
            risk: Risk::High,
            path: None,
            old: None,
            new: None,
            message: "".into(),
            origin: None,
        };
        Judged::new(effect, rules.iter().map(finding).collect())
    }

    fn ack(judged: &Judged) -> Said {
        Said::Ack(Ack {
            requirement: Requirement::of(judged).unwrap(),
            method: Method::Key,
            reason: None,
        })
    }

    #[test]
    fn an_acknowledgement_counts_only_for_exactly_what_is_asked() {
        let mut log = Log::default();
        log.say(ack(&row(&["delete"])));
        let stands = |judged: Judged| standings(&[judged], &log)[0];
        assert_eq!(stands(row(&["delete"])), Standing::Acked);
        assert_eq!(stands(row(&["delete", "deny-lost"])), Standing::Open);
        assert_eq!(stands(row(&["forget"])), Standing::Open);
        assert_eq!(stands(row(&[])), Standing::Nothing);
    }

    #[test]
    fn an_objection_stands_on_any_row_until_it_is_acknowledged() {
        let mut log = Log::default();
        let key = Key::of(&row(&[]));
        log.say(Said::Object(Objection {
            key,
            reason: "no".into(),
        }));
        let rows = [row(&["delete"])];
        assert_eq!(standings(&rows, &log), [Standing::Objected]);
        assert_eq!(Tally::of(&rows, &standings(&rows, &log)).objected, 1);
        log.say(ack(&rows[0]));
        assert_eq!(standings(&rows, &log), [Standing::Acked]);
    }
}

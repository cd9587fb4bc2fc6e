//! Rego, evaluated by regorus. Runs in the worker only.
//!
//! Owns how policies are read ([`source`]), which of their rules are asked ([`rules`]), what a rule may see
//! ([`spread`]), and how a rule's value becomes verdicts ([`answer`]).

use std::io::{self, Read};

use super::job::{Answer, Job, Task};
use super::serve::Say;
use super::{Place, Trouble};

mod ahead;
mod answer;
mod evaluate;
mod extensions;
mod lint;
mod rules;
mod source;
mod spread;
mod sprintf;
mod test;
mod walk;

/// Does a job.
pub(super) fn perform(
    job: &Job,
    plan: &mut (dyn Read + Send),
    say: &mut Say<'_>,
) -> io::Result<()> {
    let policies = source::read(job, say)?;
    let rules = match job.task {
        Task::Evaluate => {
            for lint in lint::lints(job, &policies) {
                say(&Answer::Lint(lint))?;
            }
            evaluate::evaluate(job, policies, plan, say)?
        }
        Task::Lint => {
            for lint in lint::lints(job, &policies) {
                say(&Answer::Lint(lint))?;
            }
            rules::asked(&policies).len()
        }
        Task::Test => test::test(policies, say)?,
    };
    say(&Answer::Done { rules })
}

/// A place, as a span of the source knows it.
fn place(span: &regorus::unstable::Span) -> Place {
    Place {
        file: span.source.file().clone(),
        line: span.line,
    }
}

/// What regorus complains of: where, and the sentence without the picture it draws.
fn trouble(reason: &str, error: &anyhow::Error, fallback: Option<Place>) -> Trouble {
    let text = error.to_string();
    let at = text.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let (_column, line) = (parts.next()?, parts.next()?);
        Some(Place {
            line: line.parse().ok()?,
            file: parts.next()?.to_owned(),
        })
    });
    let sentence = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("error: "))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("no reason given")
        .trim();
    let timeout = sentence.contains("time limit") || sentence.contains("timed out");
    Trouble {
        reason: if timeout { "timeout" } else { reason }.into(),
        place: at.or(fallback),
        error: sentence.to_owned(),
    }
}

//! What counts as a yes and as a no, and the reasons that are asked for with them.

use super::talk::Talk;
use crate::failure::Failure;
use crate::review::log::Said;
use crate::review::{Ack, Method, Objection, Requirement, SHORTEST_REASON, is_reason};
use crate::text::visible;

/// What is typed to acknowledge a row.
pub(super) enum Wanted {
    /// The word.
    Yes,
    /// The name of the resource.
    Name(String),
}

impl Wanted {
    /// The answer itself.
    pub fn typed(&self) -> &str {
        match self {
            Wanted::Yes => "yes",
            Wanted::Name(name) => name,
        }
    }

    /// What the question says of it.
    pub fn in_words(&self) -> String {
        match self {
            Wanted::Yes => "yes".into(),
            Wanted::Name(name) => format!("type {}", visible(name)),
        }
    }

    /// How the acknowledgement is given by it.
    pub fn method(&self) -> Method {
        match self {
            Wanted::Yes => Method::Prompt,
            Wanted::Name(_) => Method::Typed,
        }
    }
}

/// A no, with its reason. `None` if no reason is given.
pub(super) fn objection(
    requirement: &Requirement,
    talk: &mut Talk<'_>,
) -> Result<Option<Said>, Failure> {
    let reason = talk.ask("Why not? ")?.filter(|reason| !reason.is_empty());
    let Some(reason) = reason else {
        talk.say("An objection needs a reason.\n")?;
        return Ok(None);
    };
    Ok(Some(Said::Object(Objection {
        key: requirement.key.clone(),
        reason,
    })))
}

/// A yes, with its reason where a policy denies. `None` if what was said is none.
pub(super) fn acknowledgement(
    requirement: &Requirement,
    method: Method,
    talk: &mut Talk<'_>,
) -> Result<Option<Said>, Failure> {
    let mut reason = None;
    if requirement.denies().next().is_some() {
        let question = "A policy denies this. Why may it be done all the same? ";
        reason = talk.ask(question)?.filter(|reason| is_reason(reason));
        if reason.is_none() {
            talk.say(&format!(
                "A reason has at least {SHORTEST_REASON} characters.\n"
            ))?;
            return Ok(None);
        }
    }
    Ok(Some(Said::Ack(Ack {
        requirement: requirement.clone(),
        method,
        reason,
    })))
}

//! The rules of an emergency: who, how strong, how long. Whatever would make them weak is refused.

use jiff::SignedDuration;
use toml::Spanned;

use super::{Place, words};
use crate::approval::sshsig::Assurance;
use crate::failure::Failure;
use crate::trust::{BreakGlass, Person, config};

/// An emergency lasts no longer than this.
const LONGEST: SignedDuration = SignedDuration::from_mins(30);

impl Place<'_> {
    pub(super) fn break_glass(
        &self,
        break_glass: Option<Spanned<config::BreakGlass>>,
        persons: &[Person],
    ) -> Result<Option<BreakGlass>, Failure> {
        let Some(break_glass) = break_glass else {
            return Ok(None);
        };
        let span = break_glass.span();
        let break_glass = break_glass.into_inner();
        let refuse = |span, error: &str| Err(self.refuse(span, "trust-break-glass", error));
        for person in &break_glass.persons {
            if !persons.iter().any(|known| known.id == *person.get_ref()) {
                return refuse(
                    person.span(),
                    &format!("there is no person {}", person.get_ref()),
                );
            }
        }
        if let Some(open) = break_glass.max_open.filter(|open| *open.get_ref() != 1) {
            return refuse(
                open.span(),
                "max_open can only be 1: a second emergency waits until the first is countersigned",
            );
        }
        let min_assurance = match break_glass.min_assurance {
            None => Assurance::TouchPin,
            Some(least) if *least.get_ref() >= Assurance::Touch => least.into_inner(),
            Some(least) => {
                return refuse(
                    least.span(),
                    "an emergency needs at least touch: a program must not be able to declare it",
                );
            }
        };
        let max_age = match &break_glass.max_age {
            None => LONGEST,
            Some(text) => {
                let age = self.duration(text)?;
                if age > LONGEST {
                    return refuse(text.span(), "max_age can be at most 30m");
                }
                age
            }
        };
        if !break_glass.enabled {
            return Ok(None);
        }
        if break_glass.persons.is_empty() {
            return refuse(span, "persons names nobody");
        }
        // Somebody else must be there to countersign, or the first emergency would close the gate for ever.
        if persons.len() < 2 {
            return refuse(
                span,
                "there is no second person who could countersign an emergency",
            );
        }
        Ok(Some(BreakGlass {
            persons: words(break_glass.persons),
            min_assurance,
            max_age,
        }))
    }
}

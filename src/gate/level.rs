//! How much a verification is worth here, said with every answer: never more than the set-up gives.

use crate::trust::file::HeldBy;
use crate::trust::{Trust, Workdir};

/// What the set-up protects against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Who makes the plan can also change the trust file or run the tool.
    Local,
    /// Another user than the one who made the plan verifies and applies, by a trust file that neither can change.
    OtherUser,
    /// The trust file is pinned from outside.
    Pinned,
}

impl Level {
    /// The level of a run. `plan_is_ours` says that the user who runs this also owns the plan file; `program_is_safe` that
    /// nobody but root and this user can change the program that is judging.
    ///
    /// A trust file that lets programs and files of the working directory be used, or that names no ledger, gives no more
    /// than the lowest: the place of an unnamed ledger comes from the environment, and an empty ledger knows no used plan.
    pub fn of(held_by: HeldBy, trust: &Trust, plan_is_ours: bool, program_is_safe: bool) -> Self {
        let as_is = trust.runner.workdir == Workdir::AsIs;
        match held_by {
            _ if as_is || trust.ledger.is_none() || !program_is_safe => Level::Local,
            HeldBy::Digest => Level::Pinned,
            HeldBy::OtherUser if !plan_is_ours => Level::OtherUser,
            HeldBy::OtherUser | HeldBy::Nobody => Level::Local,
        }
    }

    /// The short name.
    pub fn word(self) -> &'static str {
        match self {
            Level::Local => "L0",
            Level::OtherUser => "L1",
            Level::Pinned => "L2",
        }
    }

    /// What it is good against, in one sentence.
    pub fn claim(self) -> &'static str {
        match self {
            Level::Local => "same user: this stops mistakes and honest agents, not a hostile one",
            Level::OtherUser => {
                "another user applies: this holds against an agent without root, if only that user can read the credentials"
            }
            Level::Pinned => {
                "pinned trust file: this holds against the whole development host, if the pin and the credentials are out of its reach"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a07_a_level_is_never_more_than_its_weakest_part() {
        let trust = |more: &str| {
            Trust::parse("t", &format!("schema = 1\nid = \"t\"\nversion = 1\n{more}")).unwrap()
        };
        let ledger = "[ledger]\nkind = \"dir\"\npath = \"/var/lib/undersign\"\n";
        let bound = trust(&format!("{ledger}[runner]\nworkdir = \"plan-only\"\n"));
        let as_is = trust(ledger);
        let no_ledger = trust("[runner]\nworkdir = \"plan-only\"\n");
        for (held_by, trust, plan_is_ours, program_is_safe, level) in [
            (HeldBy::Nobody, &bound, true, true, Level::Local),
            (HeldBy::Nobody, &bound, false, true, Level::Local),
            (HeldBy::OtherUser, &bound, true, true, Level::Local),
            (HeldBy::OtherUser, &bound, false, true, Level::OtherUser),
            (HeldBy::OtherUser, &as_is, false, true, Level::Local),
            (HeldBy::OtherUser, &no_ledger, false, true, Level::Local),
            (HeldBy::OtherUser, &bound, false, false, Level::Local),
            (HeldBy::Digest, &bound, true, true, Level::Pinned),
            (HeldBy::Digest, &as_is, true, true, Level::Local),
            (HeldBy::Digest, &no_ledger, true, true, Level::Local),
            (HeldBy::Digest, &bound, true, false, Level::Local),
        ] {
            assert_eq!(
                Level::of(held_by, trust, plan_is_ours, program_is_safe),
                level
            );
        }
    }
}

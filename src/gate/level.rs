//! How much a verification is worth here, said with every answer: never more than the set-up gives.

use crate::trust::file::HeldBy;

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
    /// The level of a run. `plan_is_ours` says that the user who runs this also owns the plan file; `as_is` that programs
    /// and files of the working directory are used; `program_is_safe` that nobody but root and this user can change the
    /// program that is judging.
    pub fn of(held_by: HeldBy, plan_is_ours: bool, as_is: bool, program_is_safe: bool) -> Self {
        match held_by {
            _ if as_is || !program_is_safe => Level::Local,
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
        for (held_by, plan_is_ours, as_is, program_is_safe, level) in [
            (HeldBy::Nobody, true, false, true, Level::Local),
            (HeldBy::Nobody, false, false, true, Level::Local),
            (HeldBy::OtherUser, true, false, true, Level::Local),
            (HeldBy::OtherUser, false, false, true, Level::OtherUser),
            (HeldBy::OtherUser, false, true, true, Level::Local),
            (HeldBy::OtherUser, false, false, false, Level::Local),
            (HeldBy::Digest, true, false, true, Level::Pinned),
            (HeldBy::Digest, true, true, true, Level::Local),
            (HeldBy::Digest, true, false, false, Level::Local),
        ] {
            assert_eq!(
                Level::of(held_by, plan_is_ours, as_is, program_is_safe),
                level
            );
        }
    }
}

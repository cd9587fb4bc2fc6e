//! Exit codes, and refusals as data.
//!
//! Owns the one table of exit codes and the shape of every refusal: what was wanted, what was got, where, and what to do.
//! Prints nothing and knows no command.

use std::fmt;

/// Why the program ends, as a number that scripts and agents can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to do, verified, or applied.
    Success = 0,
    /// A defect of undersign, or an input or output error that has no code of its own.
    Internal = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// `check`: something needs an acknowledgement.
    NeedsAcknowledgement = 3,
    /// `check`: a policy denies.
    PolicyDenies = 4,
    /// There is no plan, or it cannot be read as one.
    BadPlan = 5,
    /// `review`: the reviewer objected; the plan must not be applied.
    Rejected = 6,
    /// Acknowledgements are missing.
    NotApproved = 10,
    /// A signature, an envelope or a statement is not what it must be.
    BadSignature = 11,
    /// The approval is expired, from the future, or outside its window.
    OutOfTime = 12,
    /// The approval is for another plan or another target.
    Mismatch = 13,
    /// The plan was used already.
    AlreadyUsed = 14,
    /// Too few people approved.
    TooFewPeople = 15,
    /// The signature holds no proof of touch or PIN.
    NoPresence = 16,
    /// The key is revoked or out of its time.
    KeyRevoked = 17,
    /// A policy denies, and no override is possible.
    HardDeny = 18,
    /// The trust file is unsafe, unreadable, or older than one seen before.
    TrustUnsafe = 20,
    /// The environment, the tool or its lock is unsafe.
    EnvironmentUnsafe = 21,
    /// The ledger cannot be used.
    LedgerUnavailable = 22,
    /// The tool ran and failed.
    ToolFailed = 30,
    /// Nobody can say what the apply did.
    StateUnknown = 31,
    /// The reviewer left before signing.
    Aborted = 32,
}

impl Exit {
    /// Every code with what it means, for `--help` and the README.
    pub const TABLE: &[(Exit, &str)] = &[
        (
            Exit::Success,
            "nothing to acknowledge, verified, or applied",
        ),
        (Exit::Internal, "internal error"),
        (Exit::Usage, "wrong usage"),
        (
            Exit::NeedsAcknowledgement,
            "check, diff: something needs an acknowledgement",
        ),
        (Exit::PolicyDenies, "check: a policy denies"),
        (Exit::BadPlan, "no plan there, or none that can be read"),
        (Exit::Rejected, "review: rejected with comments"),
        (
            Exit::NotApproved,
            "not approved: acknowledgements are missing",
        ),
        (Exit::BadSignature, "bad signature or bad format"),
        (Exit::OutOfTime, "expired, too early, or outside the window"),
        (Exit::Mismatch, "does not match this plan or target"),
        (Exit::AlreadyUsed, "already used"),
        (Exit::TooFewPeople, "too few people"),
        (Exit::NoPresence, "proof of touch or PIN is missing"),
        (Exit::KeyRevoked, "key revoked or out of its time"),
        (Exit::HardDeny, "policy denies, no override possible"),
        (Exit::TrustUnsafe, "trust file unsafe or older than seen"),
        (
            Exit::EnvironmentUnsafe,
            "environment, tool, lock or preflight unsafe",
        ),
        (Exit::LedgerUnavailable, "ledger unavailable"),
        (Exit::ToolFailed, "terraform failed"),
        (Exit::StateUnknown, "state of the apply unknown"),
        (Exit::Aborted, "left before signing"),
    ];

    /// The number the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// A refusal: what was found, where, and what to do about it.
///
/// `error` and the other texts may hold foreign text; whoever prints them passes them through [`crate::text::visible`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// A stable kebab-case word for machines: `duplicate-key`, `expired`, `workspace`.
    pub reason: &'static str,
    /// One sentence: what was found, and where (byte, line, key).
    pub error: String,
    /// What was wanted, where that can be said in a few words.
    pub want: Option<String>,
    /// What was got instead.
    pub got: Option<String>,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure with nothing but a sentence.
    pub fn new(exit: Exit, reason: &'static str, error: impl Into<String>) -> Self {
        Failure {
            exit,
            reason,
            error: error.into(),
            want: None,
            got: None,
            hints: Vec::new(),
        }
    }

    /// Adds what was wanted and what was got.
    #[must_use]
    pub fn expected(mut self, want: impl Into<String>, got: impl Into<String>) -> Self {
        self.want = Some(want.into());
        self.got = Some(got.into());
        self
    }

    /// Adds a sentence on what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same, said of `what`: of one plan among several.
    #[must_use]
    pub fn of(self, what: impl fmt::Display) -> Self {
        Failure {
            error: format!("{what}: {}", self.error),
            ..self
        }
    }

    /// An input or output error on `what`.
    pub fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Failure::new(Exit::Internal, "io", format!("{what}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_complete() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, _)| exit.code()).collect();
        assert!(codes.is_sorted());
        assert_eq!(
            codes.len(),
            22,
            "a code was added: say what it means in the table"
        );
    }
}

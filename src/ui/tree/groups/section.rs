//! The sections of the list, and which of them a row belongs to.

use super::By;
use crate::plan::effect::Kind;
use crate::ui::standing::Standing;
use crate::ui::tree::facets::Facet;

/// The sections in the order of the list: an alarm of the configuration's own is read before what is routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Asking,
    Plan,
    Checks,
    Changes,
    Invocations,
    Provisioners,
    Deferred,
    Outputs,
    Drift,
    UnknownKeys,
    Nothing,
}

/// How many sections there are.
pub(super) const SECTIONS: usize = Section::Nothing as usize + 1;

/// The one section that a row belongs to.
pub(super) fn section(facet: Facet, standing: Standing, by: By) -> Section {
    let asks = facet.asks || standing == Standing::Objected;
    if asks && (by == By::Risk || facet.kind != Kind::Change) {
        return Section::Asking;
    }
    if facet.nothing {
        return Section::Nothing;
    }
    match facet.kind {
        Kind::Plan => Section::Plan,
        Kind::Change => Section::Changes,
        Kind::Deferred => Section::Deferred,
        Kind::Invocation => Section::Invocations,
        Kind::Provisioner => Section::Provisioners,
        Kind::Output => Section::Outputs,
        Kind::Drift => Section::Drift,
        Kind::Check => Section::Checks,
        Kind::UnknownKey => Section::UnknownKeys,
    }
}

impl Section {
    /// What it is called.
    pub fn label(self, by: By) -> &'static str {
        match self {
            Section::Asking if by == By::Risk => "To acknowledge",
            // The changes that ask stand among the others, and most of what asks is a change.
            Section::Asking => "To acknowledge besides changes",
            Section::Plan => "The whole plan",
            Section::Changes if by == By::Risk => "Routine",
            Section::Changes => "Changes",
            Section::Invocations => "Actions",
            Section::Provisioners => "Programs that run",
            Section::Deferred => "Put off to a later plan",
            Section::Outputs => "Outputs",
            Section::Drift => "Drift seen while planning",
            Section::Checks => "Checks that did not pass",
            Section::UnknownKeys => "Unknown to undersign",
            Section::Nothing => "No change",
        }
    }

    /// Whether it is open until somebody closes it.
    pub fn starts_open(self) -> bool {
        match self {
            Section::Asking | Section::Plan | Section::Changes | Section::Checks => true,
            Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Outputs
            | Section::Drift
            | Section::UnknownKeys
            | Section::Nothing => false,
        }
    }
}

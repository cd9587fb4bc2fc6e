//! One row: one thing that the plan will do.
//!
//! A row holds what is needed to list, sort and judge by name. Values stay in the plan's bytes, found by [`Span`].

use std::sync::Arc;

use super::action::Action;

/// Where in the plan JSON an element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub len: u64,
}

/// What sort of thing a row is. The order is the order of the groups on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A property of the whole plan; the address is the id of the signal.
    Plan,
    /// An element of `resource_changes`.
    Change,
    /// An element of `deferred_changes`: it will not be done by this apply.
    Deferred,
    /// An element of `action_invocations` or `deferred_action_invocations`.
    Invocation,
    /// A provisioner, or a data source that runs a program, found in `configuration`.
    Provisioner,
    /// An entry of `output_changes`; the address is the output's name.
    Output,
    /// An element of `resource_drift`: seen outside, not done by this plan.
    Drift,
    /// An element of `checks` that did not pass.
    Check,
    /// A top-level key that undersign does not know; the address is the key.
    UnknownKey,
}

impl Kind {
    /// The word in approvals and in `check --format json`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Plan => "plan",
            Kind::Change => "change",
            Kind::Deferred => "deferred",
            Kind::Invocation => "invocation",
            Kind::Provisioner => "provisioner",
            Kind::Output => "output",
            Kind::Drift => "drift",
            Kind::Check => "check",
            Kind::UnknownKey => "unknown-key",
        }
    }
}

/// `mode` of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A resource that Terraform owns.
    Managed,
    /// A data source.
    Data,
    /// An ephemeral resource.
    Ephemeral,
    /// The row is no resource, or its file does not say.
    None,
}

/// The instance key of a resource, typed: `[0]` and `["0"]` are two instances.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// From `count`, as the plan writes the number.
    Number(Box<str>),
    /// From `for_each`. Any character may stand in it.
    Text(Box<str>),
    /// Known only later: `index_unknown`.
    Unknown,
}

/// One thing that the plan will do.
///
/// Identity is (`kind`, `address`, `deposed`): the same address may hold a current and several deposed objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What sort of thing this is.
    pub kind: Kind,
    /// The full address, or the name where a row is no resource.
    pub address: Box<str>,
    /// Key of the deposed object, if the row is about one.
    pub deposed: Option<Box<str>>,
    /// Address of the module instance, empty for the root.
    pub module: Arc<str>,
    /// Managed, data or ephemeral.
    pub mode: Mode,
    /// Resource type, empty where the row is no resource.
    pub type_name: Arc<str>,
    /// The resource's own name: what a reviewer types for a critical change.
    pub name: Box<str>,
    /// Instance key, if any.
    pub key: Option<Key>,
    /// Provider source address as the plan writes it.
    pub provider: Arc<str>,
    /// What will be done.
    pub action: Action,
    /// `action_reason` as the plan writes it.
    pub reason: Option<Arc<str>>,
    /// What only some rows have.
    pub more: Option<Box<More>>,
    /// Where the element stands in the plan JSON.
    pub span: Span,
    /// Keyed fingerprint of the element's bytes, so that a later read is known to be of the same bytes.
    pub fingerprint: u64,
}

/// What only some rows have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// `previous_address`: the object is moved in the state.
    pub previous_address: Option<Box<str>>,
    /// `importing` is present; holds the id where one is given.
    pub importing: Option<Option<Box<str>>>,
    /// `generated_config`: Terraform wrote the block itself.
    pub generated_config: bool,
    /// `replace_paths`: what forces the replacement, as `a.b[0]`.
    pub replace_paths: Vec<Box<str>>,
    /// A sentence about the row in the plan's own words: why deferred, what triggers, which problem, which command.
    pub note: Option<Box<str>>,
}

impl Effect {
    /// A row that is no resource: `address` is its name.
    pub fn bare(kind: Kind, address: impl Into<Box<str>>, action: Action, span: Span) -> Self {
        let address = address.into();
        Effect {
            kind,
            name: address.clone(),
            address,
            deposed: None,
            module: "".into(),
            mode: Mode::None,
            type_name: "".into(),
            key: None,
            provider: "".into(),
            action,
            reason: None,
            more: None,
            span,
            fingerprint: 0,
        }
    }

    /// Its action, where the plan states one. What is no object has none: a finding about the plan as a whole, a program that
    /// runs, a check.
    pub fn stated_action(&self) -> Option<&Action> {
        match self.kind {
            Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift => Some(&self.action),
            Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Check | Kind::UnknownKey => {
                None
            }
        }
    }

    /// `previous_address`, if the object is moved.
    pub fn previous_address(&self) -> Option<&str> {
        self.more.as_ref()?.previous_address.as_deref()
    }

    /// Whether the object is imported.
    pub fn is_import(&self) -> bool {
        self.more
            .as_ref()
            .is_some_and(|more| more.importing.is_some())
    }

    /// Whether nobody wrote its block: the tool did, for an import.
    pub fn has_generated_config(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.generated_config)
    }

    /// The paths that force a replacement.
    pub fn replace_paths(&self) -> &[Box<str>] {
        self.more.as_ref().map_or(&[], |more| &more.replace_paths)
    }

    /// A sentence about the row in the plan's own words.
    pub fn note(&self) -> Option<&str> {
        self.more.as_ref()?.note.as_deref()
    }

    /// Whether applying this row changes nothing at all: no object, no state, no program.
    pub fn is_nothing(&self) -> bool {
        self.action == Action::NoOp
            && matches!(self.kind, Kind::Change | Kind::Output)
            && self.previous_address().is_none()
            && !self.is_import()
    }
}

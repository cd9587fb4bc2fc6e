//! One row: one thing that the plan will do.
//!
//! A row holds what is needed to list, sort and judge by name. Values stay in the plan's bytes, found by [`Span`].

use std::borrow::Cow;

use arcstr::ArcStr;

use super::action::Action;
use own::Own;

mod own;

/// Where in the plan JSON an element stands.
///
/// Packed, for it would be a third larger: every row has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(Rust, packed(4))]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes: no item may have more.
    pub len: u32,
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

/// One thing that the plan will do.
///
/// Identity is (`kind`, [`Effect::address`], `deposed`): the same address may hold a current and several deposed objects.
///
/// A plan can have 100,000 of them, and all are held: what many rows share is held once, and what few have is in [`More`].
/// Nearly every address is made of what is shared, so only what is the row's own is held of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What sort of thing this is.
    pub kind: Kind,
    /// What of its address is its own.
    pub(super) own: Own,
    /// Address of the module instance, empty for the root.
    pub module: ArcStr,
    /// Managed, data or ephemeral.
    pub mode: Mode,
    /// Resource type, empty where the row is no resource.
    pub type_name: ArcStr,
    /// The resource's own name: what a reviewer types for a critical change, where no other has it.
    pub name: ArcStr,
    /// What will be done.
    pub action: Action,
    /// `action_reason` as the plan writes it.
    pub reason: Option<ArcStr>,
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
    /// Key of the deposed object, if the row is about one.
    pub deposed: Option<Box<str>>,
    /// The words of an action that nobody knows.
    pub words: Vec<String>,
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
            name: (&*address).into(),
            own: Own::Whole(address),
            module: ArcStr::new(),
            mode: Mode::None,
            type_name: ArcStr::new(),
            action,
            reason: None,
            more: None,
            span,
            fingerprint: 0,
        }
    }

    /// The full address, or the name where a row is no resource.
    pub fn address(&self) -> Cow<'_, str> {
        match &self.own {
            Own::Whole(whole) => Cow::Borrowed(whole),
            Own::Behind(_) => Cow::Owned(self.address_parts().concat()),
        }
    }

    /// The same for whoever goes over many rows: it is put together in `room`, if it must be.
    pub fn address_in<'a>(&'a self, room: &'a mut String) -> &'a str {
        match &self.own {
            Own::Whole(whole) => whole,
            Own::Behind(_) => {
                room.clear();
                room.extend(self.address_parts());
                room
            }
        }
    }

    /// What the address consists of, one behind the other.
    pub fn address_parts(&self) -> [&str; own::PARTS] {
        self.own
            .parts(&self.module, self.mode, &self.type_name, &self.name)
    }

    /// Gives it an address, whatever it is. Its module, mode, type and name must be there before: what they say of it is
    /// not held again.
    pub fn rename(&mut self, address: &str) {
        self.own = Own::of(
            address,
            &self.module,
            self.mode,
            &self.type_name,
            &self.name,
        );
    }

    /// Key of the deposed object, if the row is about one.
    pub fn deposed(&self) -> Option<&str> {
        self.more.as_ref()?.deposed.as_deref()
    }

    /// The words of its action as the plan writes them; what an approval holds.
    pub fn action_words(&self) -> Vec<String> {
        match self.action.words() {
            Some(words) => words.iter().map(ToString::to_string).collect(),
            None => self
                .more
                .as_ref()
                .map(|more| more.words.clone())
                .unwrap_or_default(),
        }
    }

    /// What is done, in words.
    pub fn deed(&self) -> String {
        match self.action {
            Action::Unknown => format!("{} {:?}", self.action.word(), self.action_words()),
            known => known.word().to_owned(),
        }
    }

    /// Its action, where the plan states one. What is no object has none: a finding about the plan as a whole, a program that
    /// runs, a check.
    pub fn stated_action(&self) -> Option<Action> {
        match self.kind {
            Kind::Change | Kind::Deferred | Kind::Output | Kind::Drift => Some(self.action),
            Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Check | Kind::UnknownKey => {
                None
            }
        }
    }

    /// The words of its action, where the plan states one.
    pub fn stated_words(&self) -> Option<Vec<String>> {
        self.stated_action().map(|_| self.action_words())
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

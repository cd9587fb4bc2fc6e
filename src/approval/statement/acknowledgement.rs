//! What a statement says of single changes: the yes to each, and the reasons to accept what a policy denies.

use serde::{Deserialize, Serialize};

use crate::policy::overrides::Accepted;
use crate::review::verdicts;
use crate::review::{Ack, Key, Method, Requirement};

/// A yes to one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The word of the row's kind: `change`, `output`, `plan`.
    pub kind: String,
    /// The row's address.
    pub address: String,
    /// Key of the deposed object, if the row is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// The action words of the plan.
    pub actions: Vec<String>,
    /// The rules that asked.
    pub rules: Vec<String>,
    /// How it was given.
    pub method: Method,
    /// Why, in the reviewer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Acknowledgement {
    /// What is acknowledged, as the review knows it.
    pub fn requirement(&self) -> Requirement {
        Requirement {
            key: Key {
                unit: None,
                kind: self.kind.clone(),
                address: self.address.clone(),
                deposed: self.deposed.clone(),
            },
            actions: self.actions.clone(),
            rules: self.rules.clone(),
        }
    }
}

impl From<&Ack> for Acknowledgement {
    fn from(ack: &Ack) -> Self {
        let Requirement {
            key,
            actions,
            rules,
        } = ack.requirement.clone();
        Acknowledgement {
            kind: key.kind,
            address: key.address,
            deposed: key.deposed,
            actions,
            rules,
            method: ack.method,
            reason: ack.reason.clone(),
        }
    }
}

/// The reason to accept what a policy denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The rule that denies.
    pub rule: String,
    /// The row's address.
    pub address: String,
    /// Why, in the words of the reviewer, or of the comment that accepts it.
    pub reason: String,
    /// Where the comment stands; none for the reviewer's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl From<&Accepted> for Override {
    fn from(accepted: &Accepted) -> Self {
        Override {
            rule: verdicts::overridden(&accepted.rule),
            address: accepted.address.clone(),
            reason: accepted.reason.clone(),
            source: Some(accepted.place.clone()),
        }
    }
}

impl Override {
    /// What an acknowledgement says of the policies that deny.
    pub(super) fn of(ack: &Ack) -> impl Iterator<Item = Self> {
        ack.requirement.denies().map(|rule| Override {
            rule: rule.to_owned(),
            address: ack.requirement.key.address.clone(),
            reason: ack.reason.clone().unwrap_or_default(),
            source: None,
        })
    }
}

//! How many changes of each kind a plan makes.

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::effect::{Effect, Kind};

/// Number of changes of each kind. Replacements count once, as replacements; imports count besides what else is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Counts {
    pub create: u64,
    pub update: u64,
    pub delete: u64,
    pub replace: u64,
    pub forget: u64,
    pub import: u64,
    pub read: u64,
    pub noop: u64,
}

impl Counts {
    /// Counts a row, if it is a change.
    pub fn add(&mut self, effect: &Effect) {
        if effect.kind != Kind::Change {
            return;
        }
        self.import += u64::from(effect.is_import());
        match effect.action {
            Action::NoOp => self.noop += 1,
            Action::Create | Action::Open => self.create += 1,
            Action::Read => self.read += 1,
            Action::Update | Action::Unknown => self.update += 1,
            Action::Delete => self.delete += 1,
            Action::DeleteCreate | Action::CreateDelete => self.replace += 1,
            Action::Forget => self.forget += 1,
            Action::CreateForget | Action::ForgetCreate => {
                self.create += 1;
                self.forget += 1;
            }
        }
    }
}

/// `+3 ~1 -/+2 -4`: as Terraform draws them, only what there is.
impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let signs = [
            ("+", self.create),
            ("~", self.update),
            ("-/+", self.replace),
            ("-", self.delete),
            ("x", self.forget),
            ("<=", self.read),
            ("import ", self.import),
        ];
        let mut parts = signs.iter().filter(|(_, count)| *count > 0).peekable();
        if parts.peek().is_none() {
            return f.write_str("no changes");
        }
        for (at, (sign, count)) in parts.enumerate() {
            write!(f, "{}{sign}{count}", if at == 0 { "" } else { "  " })?;
        }
        Ok(())
    }
}

//! What a plan does to one object: a closed set, and everything else as what cannot be judged.

/// The `actions` of a change, in the order Terraform or `OpenTofu` wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `["no-op"]`. Look at the previous address and the import: they still change the state.
    NoOp,
    /// `["create"]`
    Create,
    /// `["read"]`: a data source that is read during apply.
    Read,
    /// `["update"]`
    Update,
    /// `["delete"]`
    Delete,
    /// `["delete","create"]`: replaced, the old object goes first.
    DeleteCreate,
    /// `["create","delete"]`: replaced, the new object comes first.
    CreateDelete,
    /// `["forget"]`: dropped from the state, the real object stays.
    Forget,
    /// `["create","forget"]`: replaced, the old object stays behind unmanaged (Terraform).
    CreateForget,
    /// `["forget","create"]`: the same, in `OpenTofu`'s order.
    ForgetCreate,
    /// `["open"]`: an ephemeral resource (`OpenTofu` 1.11).
    Open,
    /// Anything else. It is never taken for something harmless; its words stand with the row.
    Unknown,
}

impl Action {
    /// All of them; what is made first and what is lost last.
    pub const ALL: [Action; 12] = [
        Action::Create,
        Action::Update,
        Action::DeleteCreate,
        Action::CreateDelete,
        Action::Delete,
        Action::Read,
        Action::Forget,
        Action::CreateForget,
        Action::ForgetCreate,
        Action::Open,
        Action::Unknown,
        Action::NoOp,
    ];

    /// Reads the words of a plan.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Self {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        match words.as_slice() {
            ["no-op"] => Action::NoOp,
            ["create"] => Action::Create,
            ["read"] => Action::Read,
            ["update"] => Action::Update,
            ["delete"] => Action::Delete,
            ["delete", "create"] => Action::DeleteCreate,
            ["create", "delete"] => Action::CreateDelete,
            ["forget"] => Action::Forget,
            ["create", "forget"] => Action::CreateForget,
            ["forget", "create"] => Action::ForgetCreate,
            ["open"] => Action::Open,
            _ => Action::Unknown,
        }
    }

    /// Reads the words in the way that the tools write them. `None`: they are written in another way, or not known.
    pub fn from_json(words: &str) -> Option<Self> {
        Some(match words {
            r#"["no-op"]"# => Action::NoOp,
            r#"["create"]"# => Action::Create,
            r#"["read"]"# => Action::Read,
            r#"["update"]"# => Action::Update,
            r#"["delete"]"# => Action::Delete,
            r#"["delete","create"]"# => Action::DeleteCreate,
            r#"["create","delete"]"# => Action::CreateDelete,
            _ => return None,
        })
    }

    /// The words as a plan writes them; `None`: they are not known.
    pub fn words(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Action::NoOp => &["no-op"],
            Action::Create => &["create"],
            Action::Read => &["read"],
            Action::Update => &["update"],
            Action::Delete => &["delete"],
            Action::DeleteCreate => &["delete", "create"],
            Action::CreateDelete => &["create", "delete"],
            Action::Forget => &["forget"],
            Action::CreateForget => &["create", "forget"],
            Action::ForgetCreate => &["forget", "create"],
            Action::Open => &["open"],
            Action::Unknown => return None,
        })
    }

    /// The sign in front of a row, as Terraform draws it where it has one. At most three columns.
    pub fn sign(self) -> &'static str {
        match self {
            Action::NoOp => "",
            Action::Create => "+",
            Action::Read => "<=",
            Action::Update => "~",
            Action::Delete => "-",
            Action::DeleteCreate => "-/+",
            Action::CreateDelete => "+/-",
            Action::Forget => "x",
            Action::CreateForget => "+/x",
            Action::ForgetCreate => "x/+",
            Action::Open => "o",
            Action::Unknown => "?",
        }
    }

    /// The word beside the sign.
    pub fn word(self) -> &'static str {
        match self {
            Action::NoOp => "no change",
            Action::Create => "create",
            Action::Read => "read at apply",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::DeleteCreate => "replace",
            Action::CreateDelete => "replace, create first",
            Action::Forget => "forget",
            Action::CreateForget | Action::ForgetCreate => "create and forget",
            Action::Open => "open",
            Action::Unknown => "unknown action",
        }
    }

    /// Whether a real object is destroyed.
    pub fn destroys(self) -> bool {
        matches!(
            self,
            Action::Delete | Action::DeleteCreate | Action::CreateDelete
        )
    }

    /// Whether a real object is destroyed and made anew.
    pub fn replaces(self) -> bool {
        matches!(self, Action::DeleteCreate | Action::CreateDelete)
    }

    /// Whether an object leaves the state while it goes on existing.
    pub fn forgets(self) -> bool {
        matches!(
            self,
            Action::Forget | Action::CreateForget | Action::ForgetCreate
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_action_is_read_back_from_its_words() {
        for action in Action::ALL {
            let Some(words) = action.words() else {
                assert_eq!(action, Action::Unknown);
                continue;
            };
            assert_eq!(Action::from_words(words), action);
            let json = serde_json::to_string(words).unwrap();
            assert!(Action::from_json(&json).is_none_or(|read| read == action));
        }
    }

    #[test]
    fn a_set_with_an_extra_word_is_unknown() {
        for words in [&["create", "update"][..], &[], &["Delete"]] {
            assert_eq!(Action::from_words(words), Action::Unknown);
        }
    }
}

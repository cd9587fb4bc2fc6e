//! Which values of a change the rules look at.
//!
//! Owns nothing but the promise that [`assess`](super::assess()) comes to the same findings with these values as with all
//! of them: `tests/judgement.rs` compares both on every plan there is.

use std::collections::HashMap;

use arcstr::ArcStr;

use super::catalogue::{self, Operator, Step};
use super::firewall::{self, Looks};
use super::{lifecycle, redirect};
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind};
use crate::plan::scan::Item;
use crate::plan::value::ValueError;
use crate::plan::values::{Twin, Values, Wanted};

/// What the rules look at, by resource type; found out once for each type.
#[derive(Debug, Default)]
pub struct Interests(HashMap<ArcStr, Interest>);

/// What the rules look at in changes of one type.
#[derive(Debug, Default)]
struct Interest {
    /// Everything: a rule takes the object as a whole.
    whole: bool,
    /// Attributes that decide how another one is taken.
    deciding: Names,
    /// Attributes that are compared, and say something only if they differ.
    compared: Names,
    /// Every attribute is compared.
    all_compared: bool,
    /// Those that count in a new object too.
    in_new: Names,
    /// Those that count in an object that goes.
    in_old: Names,
    /// Policy documents are known by their shape, whatever the attribute is called.
    by_shape: bool,
}

/// Names of attributes.
#[derive(Debug, Default)]
struct Names {
    all: Vec<&'static str>,
    /// A bit for each of them: nearly all other names are told by theirs.
    bits: u64,
}

impl Names {
    fn bit(name: &str) -> u64 {
        let bytes = name.as_bytes();
        let ends = bytes.first().zip(bytes.last());
        let sum = ends.map_or(0, |(first, last)| {
            usize::from(*first) + 3 * usize::from(*last)
        });
        1 << ((sum + 7 * bytes.len()) % 64)
    }

    fn extend(&mut self, names: impl IntoIterator<Item = &'static str>) {
        for name in names {
            if !self.contains(name) {
                self.all.push(name);
                self.bits |= Self::bit(name);
            }
        }
    }

    #[inline]
    fn contains(&self, name: &str) -> bool {
        self.bits & Self::bit(name) != 0 && self.all.contains(&name)
    }
}

impl Interests {
    /// Decodes what the rules look at, and what is secret.
    pub fn values(&mut self, effect: &Effect, item: &Item<'_>) -> Result<Values, ValueError> {
        if !matches!(effect.kind, Kind::Change | Kind::Drift) {
            return Values::of_item(item.text);
        }
        let interest = match self.0.get(&effect.type_name) {
            Some(known) => known,
            None => self
                .0
                .entry(effect.type_name.clone())
                .or_insert_with(|| Interest::of(&effect.type_name)),
        };
        let one_sided = match effect.action {
            Action::NoOp => return Values::of_part(item, Wanted::Difference),
            Action::Read | Action::Forget | Action::Open | Action::Unknown => {
                return Values::of_part(item, Wanted::Secrets);
            }
            Action::Create => &interest.in_new,
            // Nothing of what goes is compared.
            Action::Delete => &interest.in_old,
            Action::Update
            | Action::DeleteCreate
            | Action::CreateDelete
            | Action::CreateForget
            | Action::ForgetCreate => &interest.deciding,
        };
        let whole = interest.whole && effect.action != Action::Delete;
        if whole || contradicts(effect.action, item) {
            return Values::of_item(item.text);
        }
        let by_shape = |json: &str| interest.by_shape && may_be_a_policy(json);
        Values::of_part(
            item,
            Wanted::Attributes(&|name, json, twin| match twin {
                Twin::NoSide => one_sided.contains(name) || by_shape(json),
                Twin::Same => interest.deciding.contains(name),
                Twin::Other(other) => {
                    interest.all_compared
                        || interest.compared.contains(name)
                        || interest.deciding.contains(name)
                        || by_shape(json)
                        || other.is_some_and(by_shape)
                }
            }),
        )
    }
}

impl Interest {
    fn of(type_name: &str) -> Self {
        let mut interest = Interest {
            // What nobody knows is judged by the names of all that changes, and of a guard every change is told.
            all_compared: !catalogue::knows(type_name)
                || catalogue::guard(type_name).is_some_and(|guard| guard.update),
            ..Interest::default()
        };
        match firewall::looks_at(type_name) {
            Looks::Nowhere => {}
            Looks::At(name) => {
                interest.compared.extend(Some(name));
                interest.in_new.extend(Some(name));
            }
            Looks::Everywhere => interest.whole = true,
        }
        for row in catalogue::protections(type_name).chain(catalogue::exposures(type_name)) {
            let decide = row.unless.iter().chain(row.only);
            let decide = decide.map(|(attribute, _)| *attribute);
            let first = interest.first(row.path);
            if row.on_create {
                interest.in_new.extend(decide.clone().chain(first));
            }
            interest.compared.extend(first);
            if matches!(row.operator, Operator::FromPrefix(..)) {
                interest.deciding.extend(first);
            }
            interest.deciding.extend(decide);
        }
        let mut documents = 0;
        for document in catalogue::policy_documents(type_name) {
            documents += 1;
            let name = interest.first(document.path);
            interest.in_old.extend(name);
            interest.in_new.extend(name);
            interest.compared.extend(name);
        }
        interest.by_shape = documents == 0;
        interest.in_old.extend(lifecycle::decides_what_is_left());
        interest.deciding.extend(lifecycle::decides_what_is_left());
        for redirect in catalogue::redirects(type_name) {
            let name = interest.first(redirect.path);
            interest.compared.extend(name);
            interest.deciding.extend(Some(redirect::DECIDES));
        }
        interest
    }

    /// The attribute that a path begins with.
    fn first(&mut self, path: &[Step]) -> Option<&'static str> {
        match path.first() {
            Some(Step::Member(name)) => Some(name),
            Some(Step::Each | Step::Values) | None => {
                self.whole = true;
                None
            }
        }
    }
}

/// Whether the sides do not fit the action. No tool writes such a change; whoever did gets the long look.
fn contradicts(action: Action, item: &Item<'_>) -> bool {
    let change = item.members().get("change").map(|(_, change)| change);
    let before = change.and_then(|change| change.get("before"));
    let after = change.and_then(|change| change.get("after"));
    let [before, after] = [before, after].map(|side| side.is_some_and(|(json, _)| json != "null"));
    match action {
        Action::Create => before || !after,
        Action::Delete => after || !before,
        _ => !before || !after,
    }
}

/// Whether this text may be a policy document that is told by its shape: a string of an object with an `Effect`, with space
/// before it where a heredoc made it. Each of its letters may be written as an escape, so a text that spells out letters is
/// taken for one.
fn may_be_a_policy(json: &str) -> bool {
    let has = |needle: &str| memchr::memmem::find(json.as_bytes(), needle.as_bytes()).is_some();
    let object =
        json.starts_with("\"{") || (json.starts_with(['"']) && json[1..].starts_with([' ', '\\']));
    object && (has("Effect") || has("\\u004") || has("\\u006") || has("\\u007"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_suspected_however_it_is_spelled() {
        for (json, suspected) in [
            (r#""{\"Statement\":[{\"Effect\":\"Allow\"}]}""#, true),
            (r#""{\"\u0045ffect\":\"Allow\"}""#, true),
            (r#""{\"E\u0066fect\":\"Allow\"}""#, true),
            (r#""\u007b\"Effec\u0074\":1}""#, true),
            (r#""\n  {\"Effect\":\"Allow\"}""#, true),
            (r#""a \u003c b""#, false),
            (r#"["Effect"]"#, false),
        ] {
            assert_eq!(may_be_a_policy(json), suspected, "{json}");
        }
    }

    #[test]
    fn what_is_looked_at_is_known_of_each_type() {
        let database = Interest::of("aws_db_instance");
        assert!(!database.whole && database.by_shape);
        assert!(database.in_old.contains("skip_final_snapshot"));
        assert!(!database.deciding.contains("deletion_protection"));
        assert!(database.compared.contains("deletion_protection"));
        assert!(!database.all_compared);
        assert!(Interest::of("aws_security_group_rule").whole);
        assert!(
            Interest::of("aws_security_group")
                .compared
                .contains("ingress")
        );
        assert!(Interest::of("acme_thing").all_compared);
        assert!(Interest::of("aws_iam_policy").in_new.contains("policy"));
    }
}

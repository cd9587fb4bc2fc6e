//! Policy documents: what no longer is denied, what newly is allowed.
//!
//! Statements are not paired. Each is taken apart into grants of one action on one resource to one principal, and a grant
//! counts as lost (or gained) if no grant of the other side covers it. Statements that are split, merged, renamed,
//! reordered or written as a string instead of a list are then the same, as they are for the service.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::covers_glob;
use crate::plan::value::Value;

mod dialect;

pub use dialect::{Dialect, parse};

/// More comparisons than this are not made; the document cannot be judged then.
const MAX_COMPARISONS: usize = 4_000_000;

/// A policy document, whatever its dialect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// Its statements.
    pub statements: Vec<Statement>,
    /// `${...}` in it is replaced by what it stands for.
    pub substitutes: bool,
    /// It holds `${...}` that stays as it is written.
    pub left_as_written: bool,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It lets through.
    Allow,
    /// It blocks.
    Deny,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it does.
    pub verdict: Verdict,
    /// On which actions, lower case.
    pub actions: Axis,
    /// On which resources.
    pub resources: Axis,
    /// For whom.
    pub principals: Axis,
    /// Under which conditions: operator and lower-case key, with the values.
    pub conditions: Conditions,
}

/// Operator and key of a condition, with its values.
pub type Conditions = BTreeMap<(String, String), BTreeSet<String>>;

/// What a statement lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axis {
    /// These.
    These(BTreeSet<String>),
    /// Everything but these.
    AllBut(BTreeSet<String>),
}

impl Axis {
    /// Everything.
    pub fn all() -> Self {
        Axis::These(BTreeSet::from(["*".to_owned()]))
    }

    fn atoms(&self) -> Vec<Atom<'_>> {
        match self {
            Axis::These(names) => names.iter().map(|name| Atom::This(name)).collect(),
            Axis::AllBut(names) => vec![Atom::AllBut(names)],
        }
    }
}

/// One thing that an axis lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atom<'a> {
    /// This one, or what it matches.
    This(&'a str),
    /// Everything but these.
    AllBut(&'a BTreeSet<String>),
}

impl Atom<'_> {
    /// Whether this covers `small`. `wild` says whether names are patterns.
    fn covers(self, small: Atom<'_>, wild: bool) -> bool {
        let fits = |big: &str, small: &str| {
            if wild {
                covers_name(big, small)
            } else {
                big == small || big == "*"
            }
        };
        match (self, small) {
            (Atom::This(big), Atom::This(small)) => fits(big, small),
            (Atom::This(big), Atom::AllBut(_)) => big == "*",
            (Atom::AllBut(names), Atom::This(small)) => !names
                .iter()
                .any(|name| fits(name, small) || fits(small, name)),
            (Atom::AllBut(bigs), Atom::AllBut(smalls)) => bigs
                .iter()
                .all(|big| smalls.iter().any(|small| fits(small, big))),
        }
    }
}

/// Whether the pattern `big` matches everything that the pattern `small` matches.
fn covers_name(big: &str, small: &str) -> bool {
    if big == small || big == "*" {
        return true;
    }
    // What stands before the first wildcard of the bigger one stands in the smaller one too.
    let Some(literal) = big.find(['*', '?']) else {
        return false;
    };
    small.starts_with(&big[..literal]) && covers_glob(big, small)
}

/// One action on one resource for one principal.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The action.
    pub action: Atom<'a>,
    /// The resource.
    pub resource: Atom<'a>,
    /// The principal.
    pub principal: Atom<'a>,
    /// The whole condition of its statement.
    pub conditions: &'a Conditions,
}

impl Grant<'_> {
    fn covers(&self, small: &Grant<'_>) -> bool {
        self.action.covers(small.action, true)
            && self.resource.covers(small.resource, true)
            && self.principal.covers(small.principal, false)
            && weaker_or_equal(self.conditions, small.conditions)
    }
}

/// Whether `big` holds whenever `small` holds.
fn weaker_or_equal(big: &Conditions, small: &Conditions) -> bool {
    big.is_empty()
        || big.iter().all(|(key, values)| {
            small.get(key).is_some_and(|others| {
                if key.0.to_lowercase().contains("not") {
                    values.is_subset(others)
                } else {
                    values.is_superset(others)
                }
            })
        })
}

fn grants(document: &Document, verdict: Verdict) -> impl Iterator<Item = Grant<'_>> {
    let statements = document
        .statements
        .iter()
        .filter(move |s| s.verdict == verdict);
    statements.flat_map(|statement| {
        let (resources, principals) = (statement.resources.atoms(), statement.principals.atoms());
        let mut grants = Vec::new();
        for action in statement.actions.atoms() {
            for &resource in &resources {
                for &principal in &principals {
                    grants.push(Grant {
                        action,
                        resource,
                        principal,
                        conditions: &statement.conditions,
                    });
                }
            }
        }
        grants
    })
}

/// Everything that the document allows.
pub fn allowed(document: &Document) -> impl Iterator<Item = Grant<'_>> {
    grants(document, Verdict::Allow)
}

/// The documents are too big to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooBig;

/// The grants of `old` with this verdict that no grant of `new` covers.
pub fn uncovered<'a>(
    old: &'a Document,
    new: &Document,
    verdict: Verdict,
) -> Result<Vec<Grant<'a>>, TooBig> {
    let size = |document: &Document| {
        document.statements.iter().fold(0_usize, |sum, s| {
            let len = |axis: &Axis| match axis {
                Axis::These(names) => names.len(),
                Axis::AllBut(_) => 1,
            };
            sum.saturating_add(
                len(&s.actions)
                    .saturating_mul(len(&s.resources))
                    .saturating_mul(len(&s.principals)),
            )
        })
    };
    if size(old).saturating_mul(size(new).max(1)) > MAX_COMPARISONS {
        return if old == new {
            Ok(Vec::new())
        } else {
            Err(TooBig)
        };
    }
    let pool: Vec<Grant<'_>> = grants(new, verdict).collect();
    Ok(grants(old, verdict)
        .filter(|grant| !pool.iter().any(|big| big.covers(grant)))
        .collect())
}

/// The values at a key, whatever the case of the key; a single value is a list of one.
fn listed<'v>(object: &'v Value, key: &str) -> Option<&'v [Value]> {
    let Value::Object(members) = object else {
        return None;
    };
    let (_, value) = members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))?;
    Some(match value {
        Value::Null => return None,
        Value::List(items) => items,
        one => std::slice::from_ref(one),
    })
}

#[cfg(test)]
mod tests {
    use super::super::documents::Documents;
    use super::*;

    const DENY: &str = r#""Sid":"d","Effect":"Deny","Action":["s3:Delete*","kms:ScheduleKeyDeletion"],"Resource":"*""#;

    fn read(statements: &str) -> Document {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        parse(
            Dialect::Iam,
            &Value::Text(text.into()),
            &Documents::default(),
        )
        .unwrap()
    }

    /// Statements before and after, and whether a deny is lost and an allow is gained.
    #[test]
    fn what_is_lost_and_gained_does_not_depend_on_the_writing() {
        let deny = format!("{{{DENY}}}");
        let with = |more: &str| format!("{{{DENY},{more}}}");
        let swapped = |from: &str, to: &str| deny.replace(from, to);
        let both = r#""s3:Delete*","kms:ScheduleKeyDeletion""#;
        let but =
            |names: &str| format!(r#"{{"Effect":"Deny","NotAction":[{names}],"Resource":"*"}}"#);
        let allow = |action: &str, resource: &str| {
            format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
        };
        let unless = |names: &str| {
            with(&format!(
                r#""Condition":{{"StringNotLike":{{"aws:PrincipalArn":[{names}]}}}}"#
            ))
        };
        let broad = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
        let trust = |principal: &str, condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}"#
            )
        };
        let external = r#","Condition":{"StringEquals":{"sts:ExternalId":"x"}}"#;
        let cases: Vec<(&str, String, String, bool, bool)> = vec![
            (
                "removed, a read allowed",
                deny.clone(),
                allow("s3:GetObject", "*"),
                true,
                true,
            ),
            (
                "reordered and renamed",
                deny.clone(),
                swapped(both, r#""kms:ScheduleKeyDeletion","s3:Delete*""#)
                    .replace(r#""d""#, r#""other""#),
                false,
                false,
            ),
            (
                "list of one or string",
                swapped(both, r#""s3:x""#),
                swapped(&format!("[{both}]"), r#""s3:x""#),
                false,
                false,
            ),
            (
                "an action leaves",
                deny.clone(),
                swapped(both, r#""s3:Delete*""#),
                true,
                false,
            ),
            (
                "a pattern gets narrower",
                deny.clone(),
                swapped("s3:Delete*", "s3:DeleteObject"),
                true,
                false,
            ),
            (
                "a pattern gets wider",
                deny.clone(),
                swapped(both, r#""s3:*","kms:*""#),
                false,
                false,
            ),
            (
                "a resource gets narrower",
                deny.clone(),
                swapped(r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::b/*""#),
                true,
                false,
            ),
            (
                "a condition appears",
                deny.clone(),
                unless(r#""arn:x""#),
                true,
                false,
            ),
            (
                "somebody more is exempted",
                unless(r#""a""#),
                unless(r#""a","b""#),
                true,
                false,
            ),
            (
                "somebody less is exempted",
                unless(r#""a","b""#),
                unless(r#""a""#),
                false,
                false,
            ),
            (
                "a condition is dropped",
                with(r#""Condition":{"Bool":{"aws:SecureTransport":"false"}}"#),
                deny.clone(),
                false,
                false,
            ),
            (
                "everything but more",
                but(r#""iam:*""#),
                but(r#""iam:*","s3:*""#),
                true,
                false,
            ),
            (
                "deny becomes allow",
                deny.clone(),
                swapped(r#""Deny""#, r#""Allow""#),
                true,
                true,
            ),
            (
                "for one instead of all",
                with(r#""Principal":"*""#),
                with(r#""Principal":{"AWS":"arn:aws:iam::1:root"}"#),
                true,
                false,
            ),
            (
                "a broader one stays",
                format!("{deny},{broad}"),
                broad.into(),
                false,
                false,
            ),
            (
                "split in two",
                deny.clone(),
                format!(
                    "{},{}",
                    swapped(both, r#""s3:Delete*""#),
                    swapped(both, r#""kms:ScheduleKeyDeletion""#)
                ),
                false,
                false,
            ),
            (
                "allowed everything",
                allow("s3:GetObject", "arn:1"),
                allow("*", "*"),
                false,
                true,
            ),
            (
                "trust without the external id",
                trust(r#"{"AWS":"arn:1"}"#, external),
                trust(r#"{"AWS":"*"}"#, ""),
                false,
                true,
            ),
            (
                "same but for case",
                swapped("s3:Delete*", "S3:DELETE*"),
                deny.clone(),
                false,
                false,
            ),
            ("empty", deny.clone(), String::new(), true, false),
        ];
        assert_eq!(cases.len(), 20);
        for (what, before, after, lost, gained) in cases {
            let (before, after) = (read(&before), read(&after));
            assert_eq!(
                !uncovered(&before, &after, Verdict::Deny)
                    .unwrap()
                    .is_empty(),
                lost,
                "lost: {what}"
            );
            assert_eq!(
                !uncovered(&after, &before, Verdict::Allow)
                    .unwrap()
                    .is_empty(),
                gained,
                "gained: {what}"
            );
        }
    }

    #[test]
    fn a_pattern_covers_what_it_matches_whatever_it_holds() {
        for (big, small, covers) in [
            ("s3:*", "s3:Get*", true),
            ("s3:*", "s3:*", true),
            ("*", "s3:?", true),
            ("s3:?et*", "s3:Get*", true),
            ("s3:?et*", "s3:Put*", false),
            ("s3:Get*", "s3:*", false),
            ("s3:??*", "s3:*", false),
            ("s3:??", "s3:*", false),
            ("s3:G?t", "s3:Get", true),
            ("s3:G?t", "s3:G*t", false),
            ("s3:Get", "s3:G?t", false),
            ("ec2:*", "s3:*", false),
            ("*:Get*", "s3:Get?", true),
            ("s3:\u{1}\u{1}*", "s3:*Object", false),
        ] {
            assert_eq!(covers_name(big, small), covers, "{big:?} {small:?}");
        }
    }

    #[test]
    fn a_principal_is_the_same_as_account_number_and_as_its_root() {
        let with = |principal: &str| {
            read(&format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:*"}}"#
            ))
        };
        let (number, root) = (with("123456789012"), with("arn:aws:iam::123456789012:root"));
        assert!(
            uncovered(&number, &root, Verdict::Allow)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_document_that_is_too_big_is_said_to_be() {
        let many: Vec<String> = (0..3000).map(|n| format!(r#""s3:A{n}""#)).collect();
        let big = |resource: &str| {
            read(&format!(
                r#"{{"Effect":"Deny","Action":[{}],"Resource":"{resource}"}}"#,
                many.join(",")
            ))
        };
        assert_eq!(
            uncovered(&big("*"), &big("a"), Verdict::Deny).err(),
            Some(TooBig)
        );
        assert!(
            uncovered(&big("*"), &big("*"), Verdict::Deny)
                .unwrap()
                .is_empty()
        );
    }
}

//! Which rules are asked: those with the names that conftest knows, in every package, and OPA's `authz`.

use std::collections::BTreeMap;

use regorus::unstable::{Expr, Rule, RuleHead};

use super::source::{Policies, Unit};
use super::spread::{self, Sight};
use super::{place, walk};
use crate::policy::config::Shape;
use crate::policy::job::Answer;
use crate::policy::{Kind, Place};

/// A rule that is asked.
pub(super) struct Asked {
    /// Its package.
    pub(super) package: String,
    /// Its name.
    pub(super) name: String,
    /// The path that the engine knows it by.
    pub(super) path: String,
    /// What its values are.
    pub(super) kind: Kind,
    /// Whether it says what is allowed, and denies by not being true.
    pub(super) allows: bool,
    /// Where its definitions stand, and the strings in each.
    pub(super) definitions: Vec<Definition>,
    /// What it must see at once.
    pub(super) sight: Sight,
    /// The form of its input.
    pub(super) shape: Shape,
}

/// One definition of a rule.
pub(super) struct Definition {
    pub(super) place: Place,
    strings: Vec<String>,
}

impl Asked {
    /// The rule's id.
    pub(super) fn id(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// Where its first definition stands.
    pub(super) fn place(&self) -> Option<Place> {
        self.definitions.first().map(|one| one.place.clone())
    }

    /// Says that it is asked from here on.
    pub(super) fn begins(&self) -> Answer {
        Answer::Begins {
            what: format!("the rule {}", self.id()),
            place: self.place(),
        }
    }

    /// The definition whose own words are most in `message`: rules do not tell which of their definitions spoke.
    pub(super) fn source(&self, message: &str) -> Option<Place> {
        let score = |definition: &Definition| -> usize {
            let parts = definition
                .strings
                .iter()
                .flat_map(|text| literal_parts(text));
            parts
                .filter(|part| part.len() > 2 && message.contains(part))
                .map(str::len)
                .sum()
        };
        let best = self.definitions.iter().rev().max_by_key(|one| score(one))?;
        Some(best.place.clone())
    }
}

/// A format without its verbs.
fn literal_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split('%').enumerate().map(|(number, part)| {
        if number == 0 {
            return part;
        }
        let verb = part
            .find(|c: char| c.is_alphabetic())
            .map_or(part.len(), |at| at + 1);
        part.get(verb..).unwrap_or_default()
    })
}

/// What a rule of this name says; `None` where nobody asks for it.
fn kind_of(name: &str) -> Option<Kind> {
    let word = name.split('_').next().unwrap_or_default();
    match word {
        "deny" | "violation" => Some(Kind::Deny),
        "warn" => Some(Kind::Warn),
        _ => None,
    }
}

/// The name of a rule: the first word of its head.
pub(super) fn name_of(rule: &Rule) -> Option<String> {
    let refr = match rule {
        Rule::Default { refr, .. }
        | Rule::Spec {
            head:
                RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        } => refr,
    };
    let mut expr: &Expr = refr;
    loop {
        match expr {
            Expr::Var { span, .. } => return Some(span.text().to_owned()),
            Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => expr = refr,
            _ => return None,
        }
    }
}

/// Whether the rule is a function, which nobody can ask.
fn is_function(rule: &Rule) -> bool {
    match rule {
        Rule::Spec {
            head: RuleHead::Func { .. },
            ..
        } => true,
        Rule::Default { args, .. } => !args.is_empty(),
        Rule::Spec {
            head: RuleHead::Compr { .. } | RuleHead::Set { .. },
            ..
        } => false,
    }
}

/// Every rule that is asked, in the order of package and name.
pub(super) fn asked(policies: &Policies) -> Vec<Asked> {
    let mut found: BTreeMap<(String, String), Vec<(&Unit, &Rule)>> = BTreeMap::new();
    for unit in policies.units.iter().filter(|unit| !is_test_package(unit)) {
        for rule in &unit.module.policy {
            if let Some(name) = name_of(rule)
                && (kind_of(&name).is_some() || name == "authz")
                && !is_function(rule)
            {
                found
                    .entry((unit.package.clone(), name))
                    .or_default()
                    .push((unit, rule));
            }
        }
    }
    found
        .into_iter()
        .map(|((package, name), parts)| Asked {
            kind: kind_of(&name).unwrap_or(Kind::Deny),
            allows: name == "authz",
            sight: if name == "authz" {
                Sight::Whole
            } else {
                spread::sight(policies, &parts)
            },
            shape: shape(policies, &package),
            definitions: parts
                .iter()
                .filter_map(|(_, rule)| definition(rule))
                .collect(),
            path: parts
                .first()
                .map(|(unit, _)| unit.rule_path(&name))
                .unwrap_or_default(),
            package,
            name,
        })
        .collect()
}

/// Whether a file says what its package makes an exception of.
pub(super) fn has_exception(unit: &Unit) -> bool {
    let mut rules = unit.module.policy.iter();
    rules.any(|rule| name_of(rule).as_deref() == Some("exception"))
}

/// Whether a package makes exceptions of its own rules.
pub(super) fn makes_exceptions(policies: &Policies, package: &str) -> bool {
    let mut units = policies.units.iter();
    units.any(|unit| unit.package == package && has_exception(unit))
}

fn is_test_package(unit: &Unit) -> bool {
    unit.package.ends_with("_test") || super::source::is_test(&unit.file)
}

fn definition(rule: &Rule) -> Option<Definition> {
    let Rule::Spec { span, .. } = rule else {
        return None;
    };
    let mut strings = Vec::new();
    walk::rule(rule, &mut |expr| strings.extend(walk::strings(expr)));
    Some(Definition {
        place: place(span),
        strings,
    })
}

/// The form of input that a package reads: its own files', else that of the plan.
fn shape(policies: &Policies, package: &str) -> Shape {
    policies
        .units
        .iter()
        .filter(|unit| unit.package == package)
        .find_map(Unit::shape)
        .unwrap_or(Shape::Plan)
}

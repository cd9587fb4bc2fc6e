//! Whether a rule says of a plan what it says of each of its changes.
//!
//! Then it can be asked one change at a time, and each answer is known to be about that change. It can if each of its
//! bodies looks at the changes once, with an iteration that nothing counts, negates or compares with another. All else
//! is asked about the whole plan: the analysis may say no too often, never yes.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Query, Rule, RuleHead};

use super::rules::name_of;
use super::source::{Policies, Unit};
use super::walk;
use crate::policy::config::Shape;

const CHANGES: &str = "resource_changes";

/// What a rule must see at once to say all that it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// One change and nothing else of the plan: it can be asked before the plan is read to its end.
    Change,
    /// One change, and what stands beside the changes.
    Each,
    /// The whole plan.
    Whole,
}

/// What the rule that these definitions make must see.
pub(super) fn sight(policies: &Policies, definitions: &[(&Unit, &Rule)]) -> Sight {
    let each = definitions
        .iter()
        .map(|(unit, rule)| of_definition(policies, unit, rule));
    each.max().unwrap_or(Sight::Whole)
}

fn of_definition(policies: &Policies, unit: &Unit, rule: &Rule) -> Sight {
    let Rule::Spec {
        head: head @ RuleHead::Set { .. },
        bodies,
        ..
    } = rule
    else {
        return Sight::Whole;
    };
    let mut used = Used::default();
    walk::head(head, &mut |expr| used.see(unit, expr));
    let Some(others) = reachable(policies, unit, rule) else {
        return Sight::Whole;
    };
    let mut plain = used.is_plain() && !bodies.is_empty();
    for (unit, rule) in others {
        let mut others = Used::default();
        walk::rule(rule, &mut |expr| others.see(unit, expr));
        plain &= others.is_plain() && !has_with(rule);
        used.beside |= others.beside;
    }
    for body in bodies {
        walk::body(body, &mut |expr| used.see(unit, expr));
        plain &= !body.is_else && iterates_once(unit, &body.query);
    }
    match (plain, used.beside) {
        (false, _) => Sight::Whole,
        (true, true) => Sight::Each,
        (true, false) => Sight::Change,
    }
}

/// What expressions look at.
#[derive(Default)]
struct Used {
    /// How often at the changes.
    changes: usize,
    /// At `input` as a whole.
    input: bool,
    /// At `data` as a whole.
    anything: bool,
    /// At something of `input` beside the changes.
    beside: bool,
}

impl Used {
    /// Neither at the changes nor at what may hold them.
    fn is_plain(&self) -> bool {
        self.changes == 0 && !self.input && !self.anything
    }

    fn see(&mut self, unit: &Unit, expr: &Expr) {
        let Some(path) = unit.resolve(expr) else {
            return;
        };
        match behind_input(&path) {
            Some([]) => self.input = true,
            Some([first, ..]) if first == CHANGES => self.changes += 1,
            Some(_) => self.beside = true,
            None => self.anything |= path == ["data"],
        }
    }
}

/// What of the plan a path names; `None` if it does not begin with `input`.
fn behind_input(path: &[String]) -> Option<&[String]> {
    let (first, rest) = path.split_first()?;
    if first != "input" {
        return None;
    }
    let wrapped = rest.first().is_some_and(|key| {
        Shape::ALL
            .iter()
            .any(|shape| shape.keys().is_some_and(|(plan, _)| key == plan))
    });
    Some(if wrapped { &rest[1..] } else { rest })
}

/// Whether a body looks at the changes exactly once, and there takes one after the other.
fn iterates_once(unit: &Unit, query: &Query) -> bool {
    let mut used = Used::default();
    walk::query(query, &mut |expr| used.see(unit, expr));
    let steps = query.stmts.iter().filter(|stmt| {
        stmt.with_mods.is_empty()
            && match &stmt.literal {
                Literal::SomeIn {
                    key, collection, ..
                } => {
                    key.as_ref().is_none_or(|key| is_wildcard(key)) && is_changes(unit, collection)
                }
                Literal::Expr { expr, .. } => steps_through(unit, expr, query),
                Literal::SomeVars { .. } | Literal::NotExpr { .. } | Literal::Every { .. } => false,
            }
    });
    let no_with = query.stmts.iter().all(|stmt| stmt.with_mods.is_empty());
    used.changes == 1 && !used.input && !used.anything && no_with && steps.count() == 1
}

fn is_changes(unit: &Unit, expr: &Expr) -> bool {
    unit.resolve(expr)
        .is_some_and(|path| matches!(behind_input(&path), Some([only]) if only == CHANGES))
}

fn is_wildcard(expr: &Expr) -> bool {
    matches!(expr, Expr::Var { span, .. } if span.text() == "_")
}

/// Whether `…resource_changes[_]` stands in the expression, outside of what collects; an index with a name of its own
/// must have no other use.
fn steps_through(unit: &Unit, expr: &Expr, query: &Query) -> bool {
    match expr {
        Expr::RefBrack { refr, index, .. } if is_changes(unit, refr) => {
            let Expr::Var { span, .. } = &**index else {
                return false;
            };
            span.text() == "_" || uses(query, span.text()) == 1
        }
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => steps_through(unit, refr, query),
        Expr::AssignExpr { lhs, rhs, .. } | Expr::BoolExpr { lhs, rhs, .. } => {
            steps_through(unit, lhs, query) || steps_through(unit, rhs, query)
        }
        Expr::Call { params, .. } => params.iter().any(|param| steps_through(unit, param, query)),
        Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. }
        | Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. }
        | Expr::Array { .. }
        | Expr::Set { .. }
        | Expr::Object { .. }
        | Expr::UnaryExpr { .. }
        | Expr::BinExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::Membership { .. } => false,
    }
}

fn uses(query: &Query, name: &str) -> usize {
    let mut count = 0;
    walk::query(query, &mut |expr| {
        if let Expr::Var { span, .. } = expr
            && span.text() == name
        {
            count += 1;
        }
    });
    count
}

fn has_with(rule: &Rule) -> bool {
    let Rule::Spec { bodies, .. } = rule else {
        return false;
    };
    bodies.iter().any(|body| {
        body.query
            .stmts
            .iter()
            .any(|stmt| !stmt.with_mods.is_empty())
    })
}

/// Every rule that a rule can come to, without itself; `None` where that cannot be told.
fn reachable<'a>(
    policies: &'a Policies,
    unit: &'a Unit,
    rule: &'a Rule,
) -> Option<Vec<(&'a Unit, &'a Rule)>> {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut found = Vec::new();
    let mut open = vec![(unit, rule)];
    while let Some((unit, rule)) = open.pop() {
        let mut wanted: Vec<(String, Option<String>)> = Vec::new();
        let mut known = true;
        walk::rule(rule, &mut |expr| {
            let Some(path) = unit.resolve(expr) else {
                return;
            };
            match path.split_first() {
                Some((first, rest)) if first == "data" => {
                    let packages = policies.units.iter().map(|unit| unit.package.as_str());
                    let text = rest.join(".");
                    let mut hits = 0;
                    for package in packages {
                        if let Some(name) = text
                            .strip_prefix(package)
                            .and_then(|rest| rest.strip_prefix('.'))
                        {
                            let name = name.split('.').next().unwrap_or_default();
                            wanted.push((package.to_owned(), Some(name.to_owned())));
                            hits += 1;
                        } else if package == text || package.starts_with(&format!("{text}.")) {
                            wanted.push((package.to_owned(), None));
                            hits += 1;
                        }
                    }
                    known &= hits > 0 || !rest.is_empty();
                }
                Some((first, _)) => wanted.push((unit.package.clone(), Some(first.clone()))),
                None => {}
            }
        });
        if !known {
            return None;
        }
        for (package, name) in wanted {
            let key = (package.clone(), name.clone().unwrap_or_default());
            if !seen.insert(key) {
                continue;
            }
            for unit in policies.units.iter().filter(|unit| unit.package == package) {
                for other in &unit.module.policy {
                    let fits = name.is_none() || name_of(other) == name;
                    if fits && !std::ptr::eq(&raw const **other, rule) {
                        found.push((unit, &**other));
                        open.push((unit, &**other));
                    }
                }
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::Sight;
    use crate::policy::job::{File, Job, Task};
    use crate::policy::rego::{rules, source};

    fn sight_of(texts: &[&str]) -> Sight {
        let files = texts
            .iter()
            .enumerate()
            .map(|(number, text)| File {
                path: format!("{number}.rego"),
                text: (*text).to_owned(),
            })
            .collect();
        let job = Job {
            task: Task::Evaluate,
            files,
            data: Vec::new(),
            shape: None,
            beside: serde_json::Value::Null,
            accepted: Vec::new(),
            rule_seconds: 1,
            whole: false,
        };
        let policies = source::read(&job, &mut |answer| {
            assert!(
                !matches!(answer, crate::policy::job::Answer::Trouble(_)),
                "{answer:?}"
            );
            Ok(())
        })
        .unwrap();
        let asked = rules::asked(&policies);
        assert_eq!(asked.len(), 1);
        asked[0].sight
    }

    #[test]
    fn a_rule_that_takes_one_change_after_the_other_is_given_them_so() {
        for text in [
            "package main\ndeny contains m if { some rc in input.resource_changes; m := rc.address }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; rc.type == \"x\"; m := rc.address }",
            "package main\ndeny[m] { rc = input.resource_changes[i]; m := rc.address }",
            "package t\nimport input.plan as tfplan\ndeny[m] { rc := tfplan.resource_changes[_]; m := rc.address }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; f(rc); input.terraform_version != \"1\"; m := \"x\" }\nf(rc) { rc.type == \"x\" }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; count([x | x := rc.change.actions[_]; x == \"delete\"]) > 0; m := \"x\" }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; not data.allowed[rc.type]; m := \"x\" }",
        ] {
            assert_ne!(sight_of(&[text]), Sight::Whole, "{text}");
        }
    }

    #[test]
    fn a_rule_that_counts_compares_or_cannot_be_seen_through_gets_the_whole_plan() {
        for text in [
            "package main\ndeny[m] { count(input.resource_changes) > 3; m := \"x\" }",
            "package main\ndeny[m] { count([r | r := input.resource_changes[_]]) > 3; m := \"x\" }",
            "package main\ndeny[m] { a := input.resource_changes[_]; b := input.resource_changes[_]; a.address != b.address; m := \"x\" }",
            "package main\ndeny[m] { not input.resource_changes[_].type; m := \"x\" }",
            "package main\nimport rego.v1\ndeny contains m if { every rc in input.resource_changes { rc.type == \"x\" }; m := \"x\" }",
            "package main\nall_of := input.resource_changes\ndeny[m] { rc := all_of[_]; m := rc.address }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; n > 3; m := rc.address }\nn := count(input.resource_changes)",
            "package main\ndeny[m] { rc := input.resource_changes[i]; m := sprintf(\"%d\", [i]) }",
            "package main\ndeny[m] { walk(input, [p, v]); v == 1; m := \"x\" }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; f(input); m := rc.address }\nf(x) { true }",
            "package main\ndeny[m] { rc := input.resource_changes[_]; x with input as rc; m := \"x\" }\nx { input.type == \"a\" }",
            "package main\ndeny := true if { some rc in input.resource_changes }",
            "package main\nimport rego.v1\ndeny contains \"x\" if count(input.planned_values) > 1",
        ] {
            assert_eq!(sight_of(&[text]), Sight::Whole, "{text}");
        }
        let library = "package lib\nchanges[rc] { rc := input.resource_changes[_] }";
        let user =
            "package main\nimport data.lib\ndeny[m] { rc := lib.changes[_]; m := rc.address }";
        assert_eq!(sight_of(&[library, user]), Sight::Whole);
    }

    #[test]
    fn only_a_rule_that_looks_at_nothing_beside_its_change_is_asked_before_the_end() {
        for (text, sight) in [
            (
                "deny[m] { rc := input.resource_changes[_]; m := rc.address }",
                Sight::Change,
            ),
            (
                "deny[m] { rc := input.resource_changes[_]; f(rc); m := rc.address }\nf(rc) { data.types[rc.type] }",
                Sight::Change,
            ),
            (
                "deny[m] { rc := input.resource_changes[_]; input.terraform_version == \"1\"; m := rc.address }",
                Sight::Each,
            ),
            (
                "deny[m] { rc := input.resource_changes[_]; f(rc); m := rc.address }\nf(rc) { input.variables.x.value }",
                Sight::Each,
            ),
            (
                "deny[m] { rc := input.resource_changes[_]; m := rc.address }\ndeny[m] { rc := input.resource_changes[_]; input.variables.x; m := \"m\" }",
                Sight::Each,
            ),
            (
                "deny[m] { rc := input.resource_changes[_]; input[rc.type]; m := \"m\" }",
                Sight::Whole,
            ),
        ] {
            let text = format!("package main\n{text}");
            assert_eq!(sight_of(&[&text]), sight, "{text}");
        }
    }
}

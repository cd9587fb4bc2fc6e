//! What in a policy is understood otherwise by OPA, or depends on what nobody gives.

use std::collections::BTreeSet;

use regorus::unstable::{BUILTINS, Expr, Literal, LiteralStmt, Rule, RuleHead};

use super::rules::name_of;
use super::source::{Policies, Unit};
use super::walk::{self, path_of};
use super::{extensions, place};
use crate::policy::Place;
use crate::policy::config::Shape;
use crate::policy::job::{Job, Lint};

/// Every doubtful place, in the order of file and line.
pub(super) fn lints(job: &Job, policies: &Policies) -> Vec<Lint> {
    let mut found = BTreeSet::new();
    for unit in &policies.units {
        let mut linter = Linter {
            job,
            policies,
            unit,
            found: &mut found,
        };
        if unit.v0 {
            let place = Place {
                file: unit.file.clone(),
                line: unit.module.package.span.line,
            };
            linter.add(
                place,
                "v0-syntax",
                false,
                "this is Rego of before 1.0; `opa fmt --rego-v0-v1` brings it up to date",
            );
        }
        for rule in &unit.module.policy {
            linter.rule(rule);
        }
    }
    found.into_iter().collect()
}

struct Linter<'a> {
    job: &'a Job,
    policies: &'a Policies,
    unit: &'a Unit,
    found: &'a mut BTreeSet<Lint>,
}

impl Linter<'_> {
    fn add(&mut self, place: Place, id: &str, fails_open: bool, message: impl Into<String>) {
        let accepted = self
            .job
            .accepted
            .iter()
            .any(|known| known.lint == id && known.file == place.file);
        self.found.insert(Lint {
            place,
            id: id.into(),
            fails_open,
            accepted,
            message: message.into(),
        });
    }

    fn rule(&mut self, rule: &Rule) {
        walk::rule(rule, &mut |expr| self.expr(expr));
        let Rule::Spec { bodies, head, .. } = rule else {
            return;
        };
        for body in bodies {
            self.query(&body.query);
        }
        walk::rule(rule, &mut |expr| {
            if let Expr::ArrayCompr { query, .. }
            | Expr::SetCompr { query, .. }
            | Expr::ObjectCompr { query, .. } = expr
            {
                self.query(query);
            }
        });
        self.shadows(rule, head);
    }

    fn query(&mut self, query: &regorus::unstable::Query) {
        for stmt in &query.stmts {
            self.statement(stmt);
            if let Literal::Every { query, .. } = &stmt.literal {
                self.query(query);
            }
        }
    }

    fn statement(&mut self, stmt: &LiteralStmt) {
        match &stmt.literal {
            Literal::NotExpr { span, expr } if negates_what_may_be_undefined(expr) => {
                self.add(place(span), "not-undefined", false, "where the argument is undefined, this holds here and not in OPA, and so it is where a function inside of the negation says nothing; name the case: `not has(input, \"x\")`, or assign the argument first");
            }
            Literal::SomeIn {
                span, collection, ..
            } if is_walk(collection) => {
                self.add(
                    place(span),
                    "walk-assign",
                    true,
                    "`some … in walk(x)` finds nothing here; write walk(x, [path, value])",
                );
            }
            Literal::SomeVars { .. }
            | Literal::SomeIn { .. }
            | Literal::Expr { .. }
            | Literal::NotExpr { .. }
            | Literal::Every { .. } => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::AssignExpr { span, rhs, .. } if is_walk(rhs) => {
                self.add(
                    place(span),
                    "walk-assign",
                    true,
                    "an assignment from walk(x) finds nothing here; write walk(x, [path, value])",
                );
            }
            Expr::Call { span, fcn, .. } => self.call(span, fcn),
            _ => {
                if let Some(path) = self.unit.resolve(expr) {
                    self.input(expr, &path);
                }
            }
        }
    }

    /// A function that nobody has.
    fn call(&mut self, span: &regorus::unstable::Span, fcn: &Expr) {
        let Some(path) = self.unit.resolve(fcn) else {
            return;
        };
        let name = path.join(".");
        let own = || {
            let package = path
                .strip_prefix(&["data".to_owned()][..])
                .map(|rest| rest.join("."));
            self.policies.units.iter().any(|unit| {
                unit.module.policy.iter().any(|rule| {
                    let Some(rule) = name_of(rule) else {
                        return false;
                    };
                    (unit.package == self.unit.package && name == rule)
                        || package.as_deref() == Some(&format!("{}.{rule}", unit.package))
                })
            })
        };
        if name == "print"
            || BUILTINS.contains_key(name.as_str())
            || extensions::has(&name)
            || own()
        {
            return;
        }
        self.add(place(span), "missing-builtin", false, format!("there is no function {name} here; set engine = \"opa\" in undersign.toml to use OPA itself"));
    }

    /// Something beside the plan that nobody gives: the rule would say nothing at all.
    fn input(&mut self, expr: &Expr, path: &[String]) {
        let [first, beside, rest @ ..] = path else {
            return;
        };
        let is_beside = Shape::ALL
            .iter()
            .any(|shape| shape.keys().is_some_and(|(_, key)| key == beside));
        if first != "input" || !is_beside {
            return;
        }
        let given = rest
            .first()
            .is_some_and(|key| self.job.beside.get(key).is_some());
        if !given {
            let missing = path.join(".");
            self.add(place(expr.span()), "unknown-input", true, format!("{missing} is not known here, so the rule says nothing; give it in [run] of undersign.toml"));
        }
    }

    /// A variable that hides the function it stands in.
    fn shadows(&mut self, rule: &Rule, head: &RuleHead) {
        let (RuleHead::Func { .. }, Some(name)) = (head, name_of(rule)) else {
            return;
        };
        let Rule::Spec { bodies, .. } = rule else {
            return;
        };
        let mut hits = Vec::new();
        for body in bodies {
            walk::query(&body.query, &mut |expr| {
                if let Expr::AssignExpr { span, lhs, .. } = expr
                    && path_of(lhs).is_some_and(|path| path == [name.as_str()])
                {
                    hits.push(place(span));
                }
            });
        }
        for place in hits {
            self.add(place, "function-shadow", false, format!("the variable {name} has the name of its function and cannot be evaluated here; give it another"));
        }
    }
}

fn is_walk(expr: &Expr) -> bool {
    matches!(expr, Expr::Call { fcn, params, .. }
        if params.len() == 1 && path_of(fcn).is_some_and(|path| path == ["walk"]))
}

/// Whether something inside of this is found out before it is negated, and may be undefined: OPA does so with every call
/// but the outermost.
fn negates_what_may_be_undefined(expr: &Expr) -> bool {
    let mut found = calls_with_reference(expr);
    walk::inside(expr, &mut |inner| {
        if let Expr::Call { fcn, .. } = inner {
            let name = path_of(fcn).unwrap_or_default().join(".");
            found |= calls_with_reference(inner) || !BUILTINS.contains_key(name.as_str());
        }
    });
    found
}

/// Whether this calls a function with a part of something, which may be undefined.
fn calls_with_reference(expr: &Expr) -> bool {
    let Expr::Call { params, .. } = expr else {
        return false;
    };
    params
        .iter()
        .any(|param| matches!(**param, Expr::RefDot { .. } | Expr::RefBrack { .. }))
}

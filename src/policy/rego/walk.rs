//! Going through the syntax of a policy.

use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Ref, Rule, RuleBody, RuleHead};

/// Hands every expression of a rule to `see`, the outer ones first.
pub(super) fn rule<'a>(rule: &'a Rule, see: &mut dyn FnMut(&'a Expr)) {
    match rule {
        Rule::Spec { head, bodies, .. } => {
            self::head(head, see);
            for body in bodies {
                self::body(body, see);
            }
        }
        Rule::Default { args, value, .. } => {
            for arg in args {
                expr(arg, see);
            }
            expr(value, see);
        }
    }
}

/// The expressions of a head, without the rule's own name.
pub(super) fn head<'a>(head: &'a RuleHead, see: &mut dyn FnMut(&'a Expr)) {
    match head {
        RuleHead::Compr { refr, assign, .. } => {
            // What stands in brackets behind the name is part of the value.
            if let Expr::RefBrack { index, .. } = &**refr {
                expr(index, see);
            }
            if let Some(assign) = assign {
                expr(&assign.value, see);
            }
        }
        RuleHead::Set { key, .. } => {
            if let Some(key) = key {
                expr(key, see);
            }
        }
        RuleHead::Func { args, assign, .. } => {
            for arg in args {
                expr(arg, see);
            }
            if let Some(assign) = assign {
                expr(&assign.value, see);
            }
        }
    }
}

/// The expressions of a body.
pub(super) fn body<'a>(body: &'a RuleBody, see: &mut dyn FnMut(&'a Expr)) {
    if let Some(assign) = &body.assign {
        expr(&assign.value, see);
    }
    query(&body.query, see);
}

/// The expressions of a query.
pub(super) fn query<'a>(query: &'a Query, see: &mut dyn FnMut(&'a Expr)) {
    for stmt in &query.stmts {
        statement(stmt, see);
    }
}

/// The expressions of a statement.
pub(super) fn statement<'a>(stmt: &'a LiteralStmt, see: &mut dyn FnMut(&'a Expr)) {
    match &stmt.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn {
            key,
            value,
            collection,
            ..
        } => {
            if let Some(key) = key {
                expr(key, see);
            }
            expr(value, see);
            expr(collection, see);
        }
        Literal::Expr { expr: inner, .. } | Literal::NotExpr { expr: inner, .. } => {
            expr(inner, see);
        }
        Literal::Every { domain, query, .. } => {
            expr(domain, see);
            self::query(query, see);
        }
    }
    for with in &stmt.with_mods {
        expr(&with.refr, see);
        expr(&with.r#as, see);
    }
}

/// An expression and what is in it. A plain reference is one thing: its parts are not handed out on their own.
pub(super) fn expr<'a>(outer: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    see(outer);
    inside(outer, see);
}

fn all<'a>(list: impl IntoIterator<Item = &'a Ref<Expr>>, see: &mut dyn FnMut(&'a Expr)) {
    for item in list {
        expr(item, see);
    }
}

/// What is in an expression, without itself.
pub(super) fn inside<'a>(outer: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    match outer {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => all(items, see),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                all([key, value], see);
            }
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            expr(term, see);
            self::query(query, see);
        }
        Expr::ObjectCompr {
            key, value, query, ..
        } => {
            all([key, value], see);
            self::query(query, see);
        }
        Expr::Call { fcn, params, .. } => {
            expr(fcn, see);
            all(params, see);
        }
        Expr::UnaryExpr { expr: inner, .. } => expr(inner, see),
        // The longest plain reference was handed out; what is inside its brackets may be more than a name.
        Expr::RefDot { refr, .. } => reference(outer, refr, see),
        Expr::RefBrack { refr, index, .. } => {
            reference(outer, refr, see);
            if !matches!(**index, Expr::String { .. } | Expr::RawString { .. }) {
                expr(index, see);
            }
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => all([lhs, rhs], see),
        Expr::Membership {
            key,
            value,
            collection,
            ..
        } => {
            all(key, see);
            all([value, collection], see);
        }
    }
}

fn reference<'a>(outer: &Expr, inner: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    if path_of(outer).is_some() {
        // A part of a plain reference is no reference of its own.
        return;
    }
    expr(inner, see);
}

/// The words of a plain reference: a name, then fields. `None` where something must be worked out.
pub(super) fn path_of(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Var { span, .. } => Some(vec![span.text().to_owned()]),
        Expr::RefDot { refr, field, .. } => {
            let mut path = path_of(refr)?;
            path.push(field.0.text().to_owned());
            Some(path)
        }
        Expr::RefBrack { refr, index, .. } => match &**index {
            Expr::String { value, .. } | Expr::RawString { value, .. } => {
                let mut path = path_of(refr)?;
                path.push(value.as_string().ok()?.to_string());
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The strings that stand in a body or a head, as they are written.
pub(super) fn strings(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => {
            value.as_string().ok().map(ToString::to_string)
        }
        _ => None,
    }
}

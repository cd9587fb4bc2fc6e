//! Documents that are no lists of allows and denies: in each, the one thing that matters is compared.

use std::collections::BTreeSet;

use super::documents::Documents;
use super::operator::scalar;
use super::{Finding, Risk, render};
use crate::plan::value::Value;

/// What got weaker in a document of this dialect. Both sides exist.
pub fn judge<'a>(
    dialect: &str,
    old: &'a Value,
    new: &'a Value,
    secret: bool,
    documents: &Documents<'a>,
) -> Option<Finding> {
    match dialect {
        "azure-policy" | "azure-policy-parameters" => {
            azure(&*documents.of(old)?, &*documents.of(new)?)
        }
        "google-iam" => google_audit(&*documents.of(old)?, &*documents.of(new)?),
        "oci-statements" => oracle(old, new, secret),
        _ => None,
    }
}

fn finding(rule: &'static str, risk: Risk, message: &'static str, old: &str, new: &str) -> Finding {
    Finding::new(rule, risk, message).values(&render::cut(old), &render::cut(new))
}

/// Effects of an Azure policy, weakest first.
const EFFECTS: [&str; 8] = [
    "disabled",
    "audit",
    "auditifnotexists",
    "append",
    "modify",
    "deployifnotexists",
    "deny",
    "denyaction",
];

fn azure(old: &Value, new: &Value) -> Option<Finding> {
    let effect = |document: &Value| {
        let then = document.get("then").and_then(|then| then.get("effect"));
        let parameter = document
            .get("effect")
            .and_then(|effect| effect.get("value").or(Some(effect)));
        then.or(parameter)
            .map(|effect| scalar(effect).to_lowercase())
    };
    let (was, is) = (effect(old)?, effect(new).unwrap_or_default());
    let place = |word: &str| EFFECTS.iter().position(|known| *known == word);
    (place(&was)? > place(&is).unwrap_or(0)).then(|| {
        finding(
            "deny-narrowed",
            Risk::Critical,
            "A policy that acted only reports from now on, or is off.",
            &was,
            &is,
        )
    })
}

fn google_audit(old: &Value, new: &Value) -> Option<Finding> {
    let logged = |document: &Value| -> BTreeSet<String> {
        let mut logged = BTreeSet::new();
        for config in list(document, "auditConfigs") {
            let service = config.get("service").map(scalar).unwrap_or_default();
            for log in list(config, "auditLogConfigs") {
                let kind = log.get("logType").map(scalar).unwrap_or_default();
                let exempt: Vec<_> = list(log, "exemptedMembers").iter().map(scalar).collect();
                logged.insert(format!("{service} {kind} but for [{}]", exempt.join(", ")));
            }
        }
        logged
    };
    let (was, is) = (logged(old), logged(new));
    let lost = was.difference(&is).next()?;
    Some(finding(
        "protection-weakened",
        Risk::Critical,
        "Audit logging gets narrower.",
        lost,
        render::NOTHING,
    ))
}

fn oracle(old: &Value, new: &Value, secret: bool) -> Option<Finding> {
    let statements = |value: &Value| -> BTreeSet<String> {
        match value {
            Value::List(items) => items
                .iter()
                .map(|item| scalar(item).to_lowercase())
                .collect(),
            one => BTreeSet::from([scalar(one).to_lowercase()]),
        }
    };
    let (was, is) = (statements(old), statements(new));
    let gained: Vec<&String> = is.difference(&was).collect();
    let boundless = |statement: &&&String| {
        statement.contains("manage all-resources") || statement.contains("any-user")
    };
    let worst = gained.iter().find(boundless).or(gained.first())?;
    let risk = if boundless(&worst) {
        Risk::Critical
    } else {
        Risk::High
    };
    let shown = if secret { render::SENSITIVE } else { worst };
    Some(finding(
        "iam-widened",
        risk,
        "More is allowed than before.",
        render::NOTHING,
        shown,
    ))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    match value.get(key) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_in_each_is_compared() {
        for (dialect, strong, weak, rule) in [
            (
                "azure-policy",
                r#"{"if":{},"then":{"effect":"deny"}}"#,
                r#"{"if":{},"then":{"effect":"Audit"}}"#,
                "deny-narrowed",
            ),
            (
                "azure-policy-parameters",
                r#"{"effect":{"value":"Deny"}}"#,
                r#"{"effect":{"value":"Disabled"}}"#,
                "deny-narrowed",
            ),
            (
                "google-iam",
                r#"{"auditConfigs":[{"service":"allServices","auditLogConfigs":[{"logType":"DATA_READ"}]}]}"#,
                r#"{"bindings":[]}"#,
                "protection-weakened",
            ),
        ] {
            let (strong, weak) = (Value::Text(strong.into()), Value::Text(weak.into()));
            let found = judge(dialect, &strong, &weak, false, &Documents::default())
                .map(|finding| finding.rule.to_string());
            assert_eq!(found.as_deref(), Some(rule), "{dialect}");
            assert_eq!(
                judge(dialect, &weak, &strong, false, &Documents::default()),
                None,
                "{dialect}"
            );
            assert_eq!(
                judge(dialect, &strong, &strong, false, &Documents::default()),
                None,
                "{dialect}"
            );
        }
    }

    #[test]
    fn a_new_statement_of_oracle_grants() {
        let read = Value::parse(r#"["Allow group A to read buckets in tenancy"]"#).unwrap();
        let all = Value::parse(r#"["Allow group A to read buckets in tenancy","Allow group B to manage all-resources in tenancy"]"#).unwrap();
        assert_eq!(
            judge("oci-statements", &read, &all, false, &Documents::default())
                .unwrap()
                .risk,
            Risk::Critical
        );
        assert_eq!(
            judge("oci-statements", &all, &read, false, &Documents::default()),
            None
        );
    }
}

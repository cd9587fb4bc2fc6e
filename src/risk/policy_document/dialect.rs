//! The languages that policy documents are written in, read into one shape.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Axis, Conditions, Document, Statement, Verdict, listed};
use crate::plan::value::Value;
use crate::risk::documents::Documents;
use crate::risk::operator::scalar;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `Statement`, `Effect`, `Action`: AWS and those who took it over.
    Iam,
    /// `bindings` of roles to members.
    Google,
    /// `path "..." { capabilities = [...] }`
    Vault,
}

impl Dialect {
    /// The dialect of a catalogue row, if statements can be read in it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "iam-identity" | "iam-resource" | "iam-trust" | "by-attribute:type" | "ram" | "cam"
            | "huawei-scp" | "cfn-stack-policy" => Some(Dialect::Iam),
            "google-iam" => Some(Dialect::Google),
            "vault-hcl" => Some(Dialect::Vault),
            _ => None,
        }
    }
}

/// Reads a document; `None` if it is not written in this dialect. An empty text is an empty document.
pub fn parse<'a>(
    dialect: Dialect,
    value: &'a Value,
    documents: &Documents<'a>,
) -> Option<Document> {
    if value.is_empty() {
        return Some(Document::default());
    }
    if dialect == Dialect::Vault {
        return vault(value.as_text()?);
    }
    let object = &*documents.of(value)?;
    let Value::Object(members) = object else {
        return None;
    };
    if members.is_empty() {
        return Some(Document::default());
    }
    match dialect {
        Dialect::Iam => iam(object),
        Dialect::Google => google(object),
        Dialect::Vault => None,
    }
}

fn iam(object: &Value) -> Option<Document> {
    let statements = listed(object, "Statement")?;
    let version = listed(object, "Version").and_then(|values| values.first().map(scalar));
    let substitutes = version.as_deref() == Some("2012-10-17");
    Some(Document {
        statements: statements
            .iter()
            .map(iam_statement)
            .collect::<Option<_>>()?,
        substitutes,
        left_as_written: !substitutes && has_variables(object),
    })
}

fn has_variables(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains("${"),
        Value::List(items) => items.iter().any(has_variables),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains("${") || has_variables(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn iam_statement(statement: &Value) -> Option<Statement> {
    let verdict = match &*scalar(listed(statement, "Effect")?.first()?).to_lowercase() {
        "allow" => Verdict::Allow,
        "deny" => Verdict::Deny,
        _ => return None,
    };
    let axis = |key: &str, not_key: &str, lower: bool| {
        let names = |values: &[Value]| -> BTreeSet<String> {
            let text = |value: &Value| {
                if lower {
                    scalar(value).to_lowercase()
                } else {
                    scalar(value).into_owned()
                }
            };
            values.iter().map(text).collect()
        };
        match (listed(statement, key), listed(statement, not_key)) {
            (Some(these), _) => Axis::These(names(these)),
            (None, Some(those)) => Axis::AllBut(names(those)),
            (None, None) => Axis::all(),
        }
    };
    Some(Statement {
        verdict,
        actions: axis("Action", "NotAction", true),
        resources: axis("Resource", "NotResource", false),
        principals: match (
            listed(statement, "Principal"),
            listed(statement, "NotPrincipal"),
        ) {
            (Some(these), _) => Axis::These(principals(these)),
            (None, Some(those)) => Axis::AllBut(principals(those)),
            (None, None) => Axis::all(),
        },
        conditions: conditions(statement),
    })
}

/// `"*"`, or names by their kind. Everybody is `*`, however it is written.
fn principals(values: &[Value]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for value in values {
        if let Value::Object(kinds) = value {
            for (kind, _) in kinds {
                for name in listed(value, kind).unwrap_or_default() {
                    names.insert(principal(kind, &scalar(name)));
                }
            }
        } else {
            names.insert(scalar(value).into_owned());
        }
    }
    names
}

fn principal(kind: &str, name: &str) -> String {
    if kind == "AWS" && name == "*" {
        return "*".to_owned();
    }
    let is_account =
        kind == "AWS" && name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
    if is_account {
        return format!("AWS:arn:aws:iam::{name}:root");
    }
    format!("{kind}:{name}")
}

fn conditions(statement: &Value) -> Conditions {
    let mut conditions = Conditions::new();
    for block in listed(statement, "Condition").unwrap_or_default() {
        let Value::Object(operators) = block else {
            continue;
        };
        for (operator, keys) in operators {
            let Value::Object(members) = keys else {
                continue;
            };
            for (key, _) in members {
                let values = listed(keys, key).unwrap_or_default();
                conditions
                    .entry((operator.to_string(), key.as_str().to_lowercase()))
                    .or_default()
                    .extend(values.iter().map(|value| scalar(value).into_owned()));
            }
        }
    }
    conditions
}

fn google(object: &Value) -> Option<Document> {
    let bindings = listed(object, "bindings")?;
    let statement = |binding: &Value| -> Option<Statement> {
        let mut conditions = Conditions::new();
        for condition in listed(binding, "condition").unwrap_or_default() {
            let expression = condition.get("expression").unwrap_or(condition);
            conditions.insert(
                ("is".into(), "condition".into()),
                BTreeSet::from([scalar(expression).into_owned()]),
            );
        }
        let role = scalar(listed(binding, "role")?.first()?);
        Some(Statement {
            verdict: Verdict::Allow,
            actions: Axis::These(BTreeSet::from([role.into_owned()])),
            resources: Axis::all(),
            principals: Axis::These(
                listed(binding, "members")
                    .unwrap_or_default()
                    .iter()
                    .map(|member| scalar(member).into_owned())
                    .collect(),
            ),
            conditions,
        })
    };
    Some(Document {
        statements: bindings.iter().map(statement).collect::<Option<_>>()?,
        substitutes: true,
        left_as_written: false,
    })
}

static VAULT_PATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?s)path\s+"([^"]*)"\s*\{(?:[^{}]|\{[^{}]*\})*?\bcapabilities\s*=\s*\[([^\]]*)\]"#,
    )
    .expect("a test reads a document with it")
});

/// A string, or a remark.
static VAULT_REMARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?s)"(?:[^"\\]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/"#)
        .expect("a test reads a document with it")
});

/// Where a path begins.
static VAULT_BEGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s}])"?path"?\s*(?:"|\w|[={])"#).expect("a test reads a document with it")
});

fn vault(text: &str) -> Option<Document> {
    let mut statements = Vec::new();
    let text = VAULT_REMARK.replace_all(text, |found: &Captures<'_>| match &found[0] {
        string if string.starts_with('"') => string.to_owned(),
        _ => " ".to_owned(),
    });
    for found in VAULT_PATH.captures_iter(&text) {
        let words: BTreeSet<String> = found[2]
            .split(',')
            .map(|word| word.trim().trim_matches('"').to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        let deny = words.contains("deny");
        statements.push(Statement {
            verdict: if deny { Verdict::Deny } else { Verdict::Allow },
            actions: if deny {
                Axis::all()
            } else {
                Axis::These(words)
            },
            resources: Axis::These(BTreeSet::from([found[1].to_owned()])),
            principals: Axis::all(),
            conditions: Conditions::new(),
        });
    }
    // A path that cannot be read must not hide behind others that can; text without a single one is another language.
    let whole = VAULT_BEGIN.find_iter(&text).count() == statements.len();
    (whole && !statements.is_empty()).then_some(Document {
        statements,
        substitutes: true,
        left_as_written: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::uncovered;
    use super::*;

    fn read(dialect: Dialect, text: &str) -> Document {
        parse(dialect, &Value::Text(text.into()), &Documents::default()).unwrap()
    }

    #[test]
    fn a_vault_path_that_is_no_longer_denied_is_lost() {
        let before = read(
            Dialect::Vault,
            "path \"secret/*\" { capabilities = [\"read\"] }\npath \"secret/root\" {\n  capabilities = [\"deny\"]\n}",
        );
        let after = read(
            Dialect::Vault,
            r#"path "secret/*" { capabilities = ["read", "update"] }"#,
        );
        assert_eq!(uncovered(&before, &after, Verdict::Deny).unwrap().len(), 1);
        assert_eq!(uncovered(&after, &before, Verdict::Allow).unwrap().len(), 1);
    }

    /// What an older reader of a text passed over in silence would be granted unseen.
    #[test]
    fn a_vault_path_is_read_or_makes_the_text_unreadable() {
        let read = "path \"a\" { capabilities = [\"read\"] }\n";
        for (more, paths) in [
            ("# path \"b\" is for others\n", Some(1)),
            ("path \"b\" { # }\n capabilities = [\"sudo\"] }", Some(2)),
            ("path \"b\" { /* } */ capabilities = [\"sudo\"] }", Some(2)),
            (
                "path \"b\" { allowed_parameters = { \"x\" = [] }\n capabilities = [\"sudo\"] }",
                Some(2),
            ),
            ("path \"b#c//d\" { capabilities = [\"sudo\"] }", Some(2)),
            ("path \"b\" { policy = \"sudo\" }", None),
            ("path b { capabilities = [\"sudo\"] }", None),
        ] {
            let text = Value::Text(format!("{read}{more}").into());
            let document = parse(Dialect::Vault, &text, &Documents::default());
            let found = document.map(|document| document.statements.len());
            assert_eq!(found, paths, "{more}");
        }
    }

    #[test]
    fn a_new_member_of_a_google_role_is_gained() {
        let with = |members: &str| {
            read(
                Dialect::Google,
                &format!(r#"{{"bindings":[{{"role":"roles/viewer","members":[{members}]}}]}}"#),
            )
        };
        let (before, after) = (with(r#""user:a""#), with(r#""user:a","allUsers""#));
        assert_eq!(uncovered(&after, &before, Verdict::Allow).unwrap().len(), 1);
        assert!(
            uncovered(&before, &after, Verdict::Allow)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_is_no_policy_is_not_taken_for_an_empty_one() {
        for text in [
            "{\"a\":1}",
            "[1]",
            "no json",
            "{\"Statement\":[{\"Effect\":\"Maybe\"}]}",
        ] {
            assert_eq!(
                parse(
                    Dialect::Iam,
                    &Value::Text(text.into()),
                    &Documents::default()
                ),
                None,
                "{text}"
            );
        }
        assert_eq!(
            parse(Dialect::Iam, &Value::Text("".into()), &Documents::default()),
            Some(Document::default())
        );
    }
}

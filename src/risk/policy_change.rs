//! Policy documents on both sides of a change: what is said about them.

use super::catalogue::{self, PolicyDocument};
use super::documents::Documents;
use super::policy_document::{Atom, Dialect, Document, Grant, Verdict, allowed, parse, uncovered};
use super::walk::{self, Leaf, Side};
use super::{Finding, Risk, policy_special, render, written};
use crate::plan::action::Action;
use crate::plan::effect::Effect;
use crate::plan::value::Value;
use crate::plan::values::Values;

/// Actions with which somebody can make himself everything.
const ESCALATES: [&str; 31] = [
    "*",
    "sudo",
    "*:*",
    "iam:*",
    "iam:passrole",
    "iam:createpolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:attachgrouppolicy",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:updateassumerolepolicy",
    "iam:createaccesskey",
    "iam:createloginprofile",
    "iam:updateloginprofile",
    "iam:deleterolepermissionsboundary",
    "iam:deleteuserpermissionsboundary",
    "sts:assumerole",
    "organizations:*",
    "organizations:leaveorganization",
    "organizations:detachpolicy",
    "account:*",
    "kms:*",
    "kms:putkeypolicy",
    "kms:schedulekeydeletion",
    "sso:*",
    "roles/owner",
    "roles/editor",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.securityAdmin",
];

/// Condition keys that keep everybody's principal within bounds.
const BOUNDS: [&str; 9] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourcevpce",
    "aws:sourcevpc",
    "aws:principalarn",
    "aws:principalaccount",
];

/// Issuers whose tokens everybody with an account there can get: only the subject says whose token it is.
const SHARED_ISSUERS: [&str; 4] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "agent.buildkite.com",
];

/// What the documents of this change no longer deny, or newly allow.
pub fn judge<'a>(effect: &Effect, values: &'a Values, documents: &Documents<'a>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rows: Vec<&PolicyDocument> = catalogue::policy_documents(&effect.type_name).collect();
    for row in &rows {
        let found = attribute(effect, values, documents, row);
        findings.extend(found.into_iter().map(|mut finding| {
            finding.path = Some(row.attribute.replace("[*]", "").into());
            finding
        }));
    }
    if rows.is_empty() {
        findings.extend(by_shape(effect, values, documents));
    }
    findings
}

/// Documents of types that no row speaks of, known by their shape.
fn by_shape<'a>(effect: &Effect, values: &'a Values, documents: &Documents<'a>) -> Vec<Finding> {
    let sides = [values.before.as_ref(), values.after.as_ref()];
    let mut names: Vec<&str> = Vec::new();
    for side in sides.into_iter().flatten() {
        let Value::Object(members) = side else {
            continue;
        };
        for (name, value) in members {
            let looks = value.as_text().is_some_and(|text| {
                // The word may be spelled out.
                let said = text.contains("\"Effect\"") || text.contains("\\u00");
                said && text.trim_start().starts_with('{')
            });
            if looks && !names.contains(&&**name) && parse(Dialect::Iam, value, documents).is_some()
            {
                names.push(name);
            }
        }
    }
    let mut findings = Vec::new();
    for name in names {
        let before = Side::before(values).member(name);
        let after = Side::after(values).member(name);
        if before.value == after.value {
            continue;
        }
        if after.unknown.covers() {
            let mut finding = unknown(before.value.is_some() && !effect.action.replaces());
            finding.path = Some(name.into());
            findings.push(finding);
            continue;
        }
        let (Some(old), Some(new)) = (
            document(Dialect::Iam, before.value, documents),
            document(Dialect::Iam, after.value, documents),
        ) else {
            continue;
        };
        let secret = before.secret.touches() || after.secret.touches();
        findings.extend(
            compare(
                &old,
                &new,
                "iam-resource",
                effect.action == Action::Create,
                secret,
            )
            .into_iter()
            .map(|mut finding| {
                finding.path = Some(name.into());
                finding.at_most(Risk::High)
            }),
        );
    }
    findings
}

fn document<'a>(
    dialect: Dialect,
    value: Option<&'a Value>,
    documents: &Documents<'a>,
) -> Option<Document> {
    match value {
        Some(value) => parse(dialect, value, documents),
        None => Some(Document::default()),
    }
}

fn attribute<'a>(
    effect: &Effect,
    values: &'a Values,
    documents: &Documents<'a>,
    row: &PolicyDocument,
) -> Vec<Finding> {
    let (path, dialect_name) = (row.path, row.dialect);
    let olds = walk::leaves(Side::before(values), path, None);
    let news = walk::leaves(Side::after(values), path, None);
    let had = olds.iter().any(|leaf| leaf.value.is_some());
    let deleted = effect.action == Action::Delete;
    if !deleted && news.iter().any(|leaf| leaf.unknown) {
        return vec![unknown(had && !effect.action.replaces()).values(
            if had {
                "a policy document"
            } else {
                render::NOTHING
            },
            render::UNKNOWN,
        )];
    }
    let same = || {
        olds.iter()
            .map(|leaf| leaf.value)
            .eq(news.iter().map(|leaf| leaf.value))
    };
    if same() {
        return Vec::new();
    }
    if let Some(findings) = written::judge(effect, values, row, documents) {
        return findings;
    }
    let secret = olds.iter().chain(&news).any(|leaf| leaf.secret);
    let mut findings: Vec<Finding> = olds
        .iter()
        .zip(&news)
        .filter_map(|(old, new)| {
            policy_special::judge(dialect_name, old.value?, new.value?, secret, documents)
        })
        .collect();
    let Some(dialect) = Dialect::named(dialect_name) else {
        return findings;
    };
    let merged = |leaves: &[Leaf<'a>]| -> Option<Document> {
        let mut whole = Document {
            substitutes: true,
            ..Document::default()
        };
        for value in leaves.iter().filter_map(|leaf| leaf.value) {
            let part = parse(dialect, value, documents)?;
            whole.substitutes &= part.substitutes;
            whole.left_as_written |= part.left_as_written;
            whole.statements.extend(part.statements);
        }
        Some(whole)
    };
    let (Some(old), Some(new)) = (merged(&olds), merged(&news)) else {
        let risk = if had { Risk::High } else { Risk::Medium };
        return vec![Finding::new(
            "policy-unreadable",
            risk,
            "The policy document is written in a way that cannot be judged; read it.",
        )];
    };
    // Service control policies never grant: what they allow is only a limit.
    let dialect_name = if dialect_name == "by-attribute:type" {
        "scp"
    } else {
        dialect_name
    };
    if effect.type_name.starts_with("aws_kms_")
        && manages_key(&old)
        && !manages_key(&new)
        && !deleted
    {
        findings.push(Finding::new(
            "key-lockout",
            Risk::Critical,
            "The account may no longer manage this key: nobody can change its policy again, and what it encrypts may be lost.",
        ));
    }
    findings.extend(compare(
        &old,
        &new,
        dialect_name,
        effect.action == Action::Create,
        secret,
    ));
    findings
}

/// A new object's document often names what does not exist yet, and a replacement asks anyway. In an update the same hides
/// what changes.
fn unknown(hides: bool) -> Finding {
    Finding::new(
        "policy-unknown",
        if hides { Risk::High } else { Risk::Medium },
        "The new policy document is known only after apply and cannot be reviewed.",
    )
}

/// Whether somebody who stands for the whole account may change the policy of the key.
fn manages_key(document: &Document) -> bool {
    allowed(document).any(|grant| {
        let action = matches!(
            grant.action,
            Atom::This("*" | "kms:*" | "kms:put*" | "kms:putkeypolicy")
        );
        let account =
            matches!(grant.principal, Atom::This(name) if name == "*" || name.ends_with(":root"));
        action && account
    })
}

fn compare(
    old: &Document,
    new: &Document,
    dialect: &str,
    created: bool,
    secret: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match uncovered(old, new, Verdict::Deny) {
        Err(_) => {
            return vec![Finding::new(
                "policy-unreadable",
                Risk::High,
                "The policy document is too big to be compared statement by statement; read it.",
            )];
        }
        Ok(lost) if lost.is_empty() => {}
        Ok(lost) => {
            let any_left = new
                .statements
                .iter()
                .any(|statement| statement.verdict == Verdict::Deny);
            let (rule, message) = if any_left {
                (
                    "deny-narrowed",
                    "A deny gets narrower: what it blocked is possible again wherever something allows it.",
                )
            } else {
                (
                    "deny-lost",
                    "The last deny of the document is gone: what it blocked is possible again wherever something allows it.",
                )
            };
            findings.push(
                Finding::new(rule, Risk::Critical, message)
                    .values(&describe("deny", &lost, secret), render::NOTHING),
            );
        }
    }
    if old.substitutes && new.left_as_written && !new.statements.is_empty() {
        findings.push(Finding::new("deny-narrowed", Risk::High, "The version of the document goes back: variables in it are no longer replaced, and statements with them stop matching."));
    }
    if dialect == "scp" {
        return findings;
    }
    if let Ok(gained) = uncovered(new, old, Verdict::Allow) {
        let judged = gained
            .iter()
            .filter_map(|grant| Some((opened(grant, dialect, created)?, grant)));
        if let Some((risk, _)) = judged.clone().max_by_key(|(risk, _)| *risk) {
            let worst: Vec<Grant<'_>> = judged
                .filter(|(r, _)| *r == risk)
                .map(|(_, grant)| *grant)
                .collect();
            let (rule, message) = if dialect == "iam-trust" && created && risk < Risk::Critical {
                (
                    "trust-policy-opened",
                    "Whoever is named here may become the new role; whether that is one of your own does not stand in the plan.",
                )
            } else if dialect == "iam-trust" {
                (
                    "trust-policy-opened",
                    "More, or anybody, may become this role.",
                )
            } else {
                ("iam-widened", "More is allowed than before.")
            };
            findings.push(
                Finding::new(rule, risk, message)
                    .values(render::NOTHING, &describe("allow", &worst, secret)),
            );
        }
    }
    findings
}

/// How bad it is that this is allowed now; `None` where it asks for nothing.
fn opened(grant: &Grant<'_>, dialect: &str, created: bool) -> Option<Risk> {
    let everything = |atom: Atom<'_>| !matches!(atom, Atom::This(name) if name != "*");
    let bounded = grant
        .conditions
        .keys()
        .any(|(_, key)| BOUNDS.contains(&&**key) || key.ends_with(":sub"));
    let names_people = matches!(dialect, "iam-resource" | "iam-trust");
    let anybody = match grant.principal {
        Atom::This(name) => {
            name == "allUsers" || name == "allAuthenticatedUsers" || (name == "*" && names_people)
        }
        Atom::AllBut(_) => true,
    };
    if (anybody && !bounded) || everybody_there(grant) {
        return Some(Risk::Critical);
    }
    let federated = matches!(grant.principal, Atom::This(name) if name.starts_with("Federated:"));
    if federated
        && dialect == "iam-trust"
        && !grant
            .conditions
            .keys()
            .any(|(_, key)| key.ends_with(":sub"))
        && grant.conditions.keys().all(|(op, _)| op != "StringEquals")
    {
        return Some(Risk::High);
    }
    if created
        && dialect == "iam-trust"
        && matches!(grant.principal, Atom::This(name) if name.starts_with("AWS:"))
    {
        // Whose account that is does not stand in the row. A stranger's that is bound to a secret is how services are let in.
        let is_known = bounded
            || grant
                .conditions
                .keys()
                .any(|(_, key)| key == "sts:externalid");
        return Some(if is_known { Risk::Medium } else { Risk::High });
    }
    let inverse =
        matches!(grant.action, Atom::AllBut(_)) || matches!(grant.resource, Atom::AllBut(_));
    let full = matches!(grant.action, Atom::This("*" | "*:*" | "roles/owner"));
    let escalates = matches!(grant.action, Atom::This(name) if ESCALATES.contains(&name));
    if created {
        // A new policy grants something as a rule; only what is boundless is worth a stop.
        if names_people {
            return None;
        }
        return match (full || inverse, escalates && everything(grant.resource)) {
            (true, _) if everything(grant.resource) => Some(Risk::Critical),
            (_, true) => Some(Risk::High),
            _ => None,
        };
    }
    Some(if full || inverse || (escalates && !names_people) {
        Risk::Critical
    } else {
        Risk::High
    })
}

/// Whether the principal is an issuer that many share, and nothing says which of its subjects is meant.
fn everybody_there(grant: &Grant<'_>) -> bool {
    let Atom::This(principal) = grant.principal else {
        return false;
    };
    let shared = |issuer: &&&str| {
        let provider = principal.strip_prefix("Federated:");
        provider.is_some_and(|name| name.ends_with(&format!("oidc-provider/{issuer}")))
    };
    let Some(issuer) = SHARED_ISSUERS.iter().find(shared) else {
        return false;
    };
    !grant.conditions.iter().any(|((operator, key), values)| {
        let claim = key
            .strip_prefix(issuer)
            .and_then(|rest| rest.strip_prefix(':'));
        let by_pattern = operator.contains("StringLike");
        claim.is_some_and(|claim| claim != "aud")
            && (by_pattern || operator.contains("StringEquals"))
            && values
                .iter()
                .all(|value| !by_pattern || names_somebody(value))
    })
}

/// Whether a pattern for a subject says more than what kind of subject it is: `repo:us/*` does, `repo:*` does not.
fn names_somebody(pattern: &str) -> bool {
    let start = pattern.split(['*', '?']).next().unwrap_or(pattern);
    let name = start.split_once([':', '/']).map_or("", |(_, name)| name);
    start == pattern || !name.is_empty()
}

fn describe(word: &str, grants: &[Grant<'_>], secret: bool) -> String {
    if secret {
        return render::SENSITIVE.to_owned();
    }
    let name = |atom: Atom<'_>| match atom {
        Atom::This(name) => name.to_owned(),
        Atom::AllBut(names) => format!(
            "all but {}",
            names.iter().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    let Some(first) = grants.first() else {
        return word.to_owned();
    };
    let mut text = format!("{word} {} on {}", name(first.action), name(first.resource));
    if first.principal != Atom::This("*") {
        text = format!("{text} for {}", name(first.principal));
    }
    let text = render::cut(&text);
    match grants.len() {
        1 => text,
        many => format!("{text}, and {} more", many - 1),
    }
}

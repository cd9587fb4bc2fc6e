//! Which rules hold for a target, and whether it is the hour for it.

use jiff::{Timestamp, tz::TimeZone};

use super::{Scope, Trust};
use crate::failure::{Exit, Failure};

/// Chooses the one scope that is about a target.
///
/// None is a refusal, and so are two: which of them holds must not depend on their order.
pub fn choose<'a>(
    trust: &'a Trust,
    workspace: &str,
    backend: &str,
    lineage: &str,
) -> Result<&'a Scope, Failure> {
    let matching: Vec<&Scope> = trust
        .scopes
        .iter()
        .filter(|scope| is_about(scope, workspace, backend, lineage))
        .collect();
    let target = format!(
        "workspace {workspace}, backend {backend}, state {}",
        if lineage.is_empty() { "(new)" } else { lineage }
    );
    match matching.as_slice() {
        [scope] => Ok(scope),
        [] => Err(Failure::new(
            Exit::Mismatch,
            "scope",
            format!("no scope of the trust file is about {target}"),
        )
        .hint("Add a scope for this target to the trust file, or plan against the right one.")),
        several => Err(Failure::new(
            Exit::Mismatch,
            "scope",
            format!("more than one scope of the trust file is about {target}"),
        )
        .expected(
            "one",
            several
                .iter()
                .map(|scope| scope.id.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        )
        .hint("Narrow `match` in the trust file.")),
    }
}

/// Finds a scope by the name that a reviewer gave.
pub fn named<'a>(trust: &'a Trust, id: &str) -> Result<&'a Scope, Failure> {
    trust
        .scopes
        .iter()
        .find(|scope| scope.id == id)
        .ok_or_else(|| {
            let ids: Vec<&str> = trust.scopes.iter().map(|scope| scope.id.as_str()).collect();
            Failure::new(
                Exit::Mismatch,
                "scope",
                format!("the trust file has no scope {id}"),
            )
            .expected(ids.join(", "), id)
        })
}

fn is_about(scope: &Scope, workspace: &str, backend: &str, lineage: &str) -> bool {
    let matching = &scope.matching;
    matching
        .workspace
        .as_deref()
        .is_none_or(|wanted| wanted == workspace)
        && matching
            .backend
            .as_deref()
            .is_none_or(|wanted| wanted == backend)
        && (matching.state_lineage.is_empty()
            || matching
                .state_lineage
                .iter()
                .any(|wanted| wanted == lineage))
}

/// Whether a plan may be applied at `now`. Without windows it always may.
pub fn is_open(scope: &Scope, now: Timestamp) -> Result<(), Failure> {
    let now = now.to_zoned(TimeZone::UTC);
    let open = scope.windows.is_empty()
        || scope.windows.iter().any(|window| {
            window.days.contains(&now.weekday())
                && window.from <= now.time()
                && now.time() < window.to
        });
    if open {
        return Ok(());
    }
    let windows: Vec<String> = scope
        .windows
        .iter()
        .map(|window| format!("{:?} {} to {} UTC", window.days, window.from, window.to))
        .collect();
    Err(Failure::new(
        Exit::OutOfTime,
        "window",
        format!("{} may not be applied at this hour", scope.id),
    )
    .expected(windows.join("; "), now.timestamp().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(matches: &[&str]) -> Trust {
        let scopes: Vec<String> = matches
            .iter()
            .enumerate()
            .map(|(at, matching)| {
                format!(
                    "[[scope]]\nid = \"s{at}\"\nmatch = {matching}\napprovals = 1\nmin_assurance = \"software\"\nmax_age = \"1h\"\n"
                )
            })
            .collect();
        let text = format!("schema = 1\nid = \"x\"\nversion = 1\n{}", scopes.concat());
        Trust::parse("t", &text).unwrap()
    }

    /// The `match` of each scope, a target (workspace, backend, lineage), and the scope that is about it.
    type Row<'a> = (&'a [&'a str], (&'a str, &'a str, &'a str), Option<&'a str>);

    #[test]
    fn exactly_one_scope_must_be_about_a_target() {
        let prod = r#"{ workspace = "prod", backend = "s3" }"#;
        let known = r#"{ state_lineage = ["abc"] }"#;
        let table: &[Row<'_>] = &[
            (&["{}"], ("prod", "s3", ""), Some("s0")),
            (&[prod], ("prod", "s3", "abc"), Some("s0")),
            (&[prod], ("default", "s3", "abc"), None),
            (&[prod], ("prod", "local", "abc"), None),
            (&[known], ("prod", "s3", "abc"), Some("s0")),
            (&[known], ("prod", "s3", "abcd"), None),
            (&[known], ("prod", "s3", ""), None),
            (&[prod, "{}"], ("prod", "s3", ""), None),
            (&[prod, "{}"], ("dev", "s3", ""), Some("s1")),
            (&[], ("prod", "s3", ""), None),
        ];
        for (matches, (workspace, backend, lineage), want) in table {
            let trust = trust(matches);
            let got = choose(&trust, workspace, backend, lineage);
            assert_eq!(
                got.as_ref().ok().map(|scope| scope.id.as_str()),
                *want,
                "{matches:?}"
            );
            assert!(got.is_ok() || got.is_err_and(|failure| failure.exit == Exit::Mismatch));
        }
        assert!(named(&trust(&["{}"]), "s0").is_ok());
        assert!(named(&trust(&["{}"]), "s1").is_err());
    }
}

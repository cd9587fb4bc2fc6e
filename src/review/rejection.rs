//! The rejection: what a person does not want, in a form that an agent can read and a form for people.
//!
//! Holds addresses, actions, rule ids, what would make each acceptable, and the reviewer's own words. The schema of the form
//! for programs is printed by `undersign schema rejection`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::log::{Log, Said};
use crate::diff::Secrets;
use crate::risk::{Finding, Judged, rule};
use crate::text::markdown::{code, plain};

/// A rejection of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    schema: u32,
    decision: &'static str,
    plan: String,
    plan_sha256: String,
    by: Option<String>,
    at: String,
    changes: Vec<Change>,
    comments: Vec<Remark>,
    next: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Change {
    kind: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    verdict: &'static str,
    comment: Option<String>,
    risk: &'static str,
    rules: Vec<String>,
    findings: Vec<Reason>,
}

/// Why a change is risky, and what would make it acceptable. No value of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Reason {
    rule: String,
    risk: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Reason {
    fn of(finding: &Finding, secrets: &Secrets) -> Self {
        let rule = rule(&finding.rule);
        Reason {
            rule: finding.rule.to_string(),
            risk: finding.risk.word(),
            path: finding
                .path
                .as_deref()
                .map(|path| secrets.mask(path).into_owned()),
            title: rule.map(|rule| rule.title),
            remedy: rule.map(|rule| rule.remedy),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Remark {
    address: String,
    text: String,
}

/// Where the rejection of `plan` lies for programs.
pub fn json_path(plan: &Path) -> PathBuf {
    beside(plan, ".rejection.json")
}

/// Where the rejection of `plan` lies for people.
pub fn markdown_path(plan: &Path) -> PathBuf {
    beside(plan, ".rejection.md")
}

fn beside(plan: &Path, ending: &str) -> PathBuf {
    let mut path = plan.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

impl Rejection {
    /// Gathers what stands in `log` about the rows; `at` is the time of the decision (RFC 3339).
    pub fn new(
        plan: &str,
        plan_sha256: &str,
        by: Option<&str>,
        at: &str,
        log: &Log,
        rows: &[Judged],
        secrets: &Secrets,
    ) -> Self {
        let verdicts = log.verdicts();
        let changes = rows.iter().filter_map(|row| {
            let key = super::Key::of(row);
            let (verdict, comment) = match verdicts.get(&key) {
                Some(Said::Ack(ack)) => ("ok", ack.reason.clone()),
                Some(Said::Object(objection)) => ("reject", Some(objection.reason.clone())),
                Some(Said::Comment { .. }) | None if row.needs_ack() => ("undecided", None),
                Some(Said::Comment { .. }) | None => return None,
            };
            Some(Change {
                kind: key.kind,
                address: key.address,
                deposed: key.deposed,
                actions: row.effect.stated_words(),
                verdict,
                comment,
                risk: row.risk().word(),
                rules: row.asking_rules(),
                findings: row
                    .findings
                    .iter()
                    .map(|finding| Reason::of(finding, secrets))
                    .collect(),
            })
        });
        let mut changes: Vec<Change> = changes.collect();
        changes.sort_by_key(|change| change.verdict != "reject");
        let remark = |(key, text): (&super::Key, &str)| Remark {
            address: key.address.clone(),
            text: text.into(),
        };
        Rejection {
            schema: 1,
            decision: "changes_requested",
            plan: plan.into(),
            plan_sha256: plan_sha256.into(),
            by: by.map(Into::into),
            at: at.into(),
            changes,
            comments: log.comments().map(remark).collect(),
            next: "Change the configuration, plan again, and ask for a new review. This plan can never be applied.",
        }
    }

    /// The form for programs.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a rejection is plain data") + "\n"
    }

    /// The form for people.
    pub fn to_markdown(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!(
            "# Changes requested\n\nPlan `{}`, sha256 `{}`.\n",
            code(&self.plan),
            self.plan_sha256
        );
        let by = self
            .by
            .as_deref()
            .map(|by| format!(" by {}", plain(by)))
            .unwrap_or_default();
        let _ = writeln!(out, "Decided {}{by}.\n", self.at);
        for (verdict, heading) in [
            ("reject", "Rejected"),
            ("undecided", "Not decided"),
            ("ok", "Accepted"),
        ] {
            let mut of_this = self
                .changes
                .iter()
                .filter(|change| change.verdict == verdict)
                .peekable();
            if of_this.peek().is_some() {
                let _ = writeln!(out, "## {heading}\n");
            }
            for change in of_this {
                let what = match &change.actions {
                    Some(actions) => actions.join(", "),
                    None => change.kind.clone(),
                };
                let _ = write!(out, "- `{}` ({what})", code(&change.address));
                let _ = match &change.comment {
                    Some(comment) => writeln!(out, ": {}", paragraph(comment)),
                    None => writeln!(out),
                };
                if verdict == "ok" {
                    continue;
                }
                for reason in &change.findings {
                    let path = reason
                        .path
                        .as_deref()
                        .map(|path| format!(" `{}`", code(path)))
                        .unwrap_or_default();
                    let remedy = reason.remedy.map(plain).unwrap_or_default();
                    let _ = writeln!(out, "  - `{}`{path} {remedy}", code(&reason.rule));
                }
            }
        }
        if !self.comments.is_empty() {
            let _ = writeln!(out, "\n## Comments\n");
            for remark in &self.comments {
                let _ = writeln!(
                    out,
                    "- `{}`: {}",
                    code(&remark.address),
                    paragraph(&remark.text)
                );
            }
        }
        let _ = writeln!(out, "\n{}", self.next);
        out
    }
}

/// A person's words in an item of a list, broken where they broke them.
fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join("\\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Effect, Kind, Span};
    use crate::review::{Key, Objection};

    #[test]
    fn objections_come_first_and_markup_in_addresses_stays_text() {
        let rows: Vec<Judged> = ["a.b[\"`x\"]", "c.d"]
            .map(|address| {
                Judged::new(
                    Effect::bare(Kind::Change, address, Action::Delete, Span::default()),
                    vec![],
                )
            })
            .into();
        let mut log = Log::default();
        log.say(Said::Object(Objection {
            key: Key::of(&rows[0]),
            reason: "keep <it>\nplease".into(),
        }));
        log.say(Said::Comment {
            key: Key::of(&rows[1]),
            text: "looks fine".into(),
        });
        let rejection = Rejection::new(
            "p.tfplan",
            "00",
            Some("alice"),
            "2026-11-22T10:00:00Z",
            &log,
            &rows,
            &Secrets::default(),
        );
        let json: serde_json::Value = serde_json::from_str(&rejection.to_json()).unwrap();
        assert_eq!(json["decision"], "changes_requested");
        assert_eq!(json["changes"][0]["verdict"], "reject");
        assert_eq!(json["comments"][0]["text"], "looks fine");
        let markdown = rejection.to_markdown();
        assert!(
            markdown.contains("- `a.b[\"'x\"]` (delete): keep \\<it\\>\\\n  please"),
            "{markdown}"
        );
    }
}

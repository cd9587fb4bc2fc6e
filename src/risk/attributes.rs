//! The catalogue's rows on the values of one change: protections that get weaker, things that open.

use std::collections::BTreeMap;

use super::catalogue::{self, Operator, Row};
use super::documents::Documents;
use super::operator::{self, Hit, Outcome};
use super::quantity::quantity;
use super::walk::{self, Side};
use super::{Finding, Risk, firewall, heuristic, redirect, render};
use crate::plan::action::Action;
use crate::plan::effect::Effect;
use crate::plan::values::Values;

/// Every row of the type that says something, with where. Nothing is left out.
pub fn hits<'a>(
    type_name: &str,
    values: &'a Values,
    documents: &Documents<'a>,
) -> Vec<(&'static Row, bool, Outcome<'a>)> {
    let (before, after) = (Side::before(values), Side::after(values));
    let protections = catalogue::protections(type_name).map(|row| (row, false));
    let exposures = catalogue::exposures(type_name).map(|row| (row, true));
    protections
        .chain(exposures)
        .filter(|(row, _)| operator::may_speak(row, before, after))
        .map(|(row, opens)| (row, opens, operator::judge(row, before, after, documents)))
        .filter(|(_, _, outcome)| !matches!(outcome, Outcome::Silent))
        .collect()
}

/// Findings of the rows; of several on one attribute the worst stays.
pub fn judge<'a>(effect: &Effect, values: &'a Values, documents: &Documents<'a>) -> Vec<Finding> {
    let mut worst: BTreeMap<(&'static str, bool), Finding> = BTreeMap::new();
    for (row, opens, outcome) in hits(&effect.type_name, values, documents) {
        if opens && firewall::reads(&effect.type_name, row.attribute) {
            continue;
        }
        let finding = match &outcome {
            Outcome::Silent => continue,
            Outcome::Fires(hit) => {
                let finding = fired(row, opens, hit);
                // Nothing that exists is exposed by an object that is new; it is enough to look at it.
                let new = opens && effect.action == Action::Create && !is_iam(row);
                finding.at_most(if new { Risk::High } else { Risk::Critical })
            }
            // Of a replaced object many values are computed anew; that it is replaced asks by itself.
            Outcome::Unknown(hit) if effect.action.replaces() => {
                unknown(row, hit).at_most(Risk::Medium)
            }
            Outcome::Unknown(hit) => unknown(row, hit),
        };
        match worst.get(&(row.attribute, opens)) {
            Some(known) if known.risk >= finding.risk => {}
            _ => drop(worst.insert((row.attribute, opens), finding)),
        }
    }
    let mut findings: Vec<Finding> = worst.into_values().collect();
    findings.extend(hidden(effect, values, &findings));
    findings.extend(firewall::judge(&effect.type_name, values));
    for finding in redirect::judge(&effect.type_name, values, documents) {
        // A protection that leads somewhere is told once.
        let told = |said: &Finding| said.path == finding.path && said.risk >= finding.risk;
        if !findings.iter().any(told) {
            findings.push(finding);
        }
    }
    if !catalogue::knows(&effect.type_name) && !firewall::judges(&effect.type_name) {
        findings.extend(heuristic::judge(values));
    }
    findings
}

fn fired(row: &Row, opens: bool, hit: &Hit<'_>) -> Finding {
    let rule = if !opens {
        "protection-weakened"
    } else if is_iam(row) {
        "iam-widened"
    } else {
        "exposure-opened"
    };
    let mut finding = Finding::new(rule, risk(row, hit), row.message);
    describe(&mut finding, hit);
    finding
}

fn is_iam(row: &Row) -> bool {
    let name = row
        .attribute
        .rsplit(['.', ']'])
        .next()
        .unwrap_or(row.attribute);
    [
        "role",
        "member",
        "members",
        "policy_arn",
        "policy_arns",
        "managed_policy_arns",
        "principal",
        "grantee_principal",
        "permission_set_arn",
        "role_definition_name",
        "role_id",
        "app_role_id",
        "role_definition_id",
        "iam_instance_profile",
        "iam_role_arn",
        "task_role_arn",
        "role_arn",
        "service_role",
        "service_account",
        "service_account_name",
        "service_account_email",
        "users",
        "groups",
        "policies",
        "token_policies",
        "permissions",
        "permission",
    ]
    .contains(&name)
}

/// One step worse where the new value crosses the row's threshold.
fn risk(row: &Row, hit: &Hit<'_>) -> Risk {
    let crossed = row
        .threshold
        .zip(quantity(row, hit.new))
        .is_some_and(|(limit, value)| {
            if matches!(row.operator, Operator::Increase) {
                value > limit
            } else {
                value < limit
            }
        });
    if crossed { row.risk.worse() } else { row.risk }
}

fn unknown(row: &Row, hit: &Hit<'_>) -> Finding {
    let mut finding = Finding::new("unknown-on-protected", row.risk.milder(), "").say(format!(
        "What this becomes is known only after apply. At stake: {}",
        row.message
    ));
    describe(&mut finding, hit);
    finding
}

fn describe(finding: &mut Finding, hit: &Hit<'_>) {
    let new = if hit.unknown {
        render::UNKNOWN.to_owned()
    } else {
        render::short(hit.new, hit.secret)
    };
    finding.path = Some(hit.path.as_str().into());
    finding.old = Some(render::short(hit.old, hit.secret).into());
    finding.new = Some(new.into());
}

/// Protected attributes that change behind a mark of secrecy without getting weaker by what undersign can read.
fn hidden(effect: &Effect, values: &Values, said: &[Finding]) -> Vec<Finding> {
    let (before, after) = (Side::before(values), Side::after(values));
    let mut findings: Vec<Finding> = Vec::new();
    if !before.secret.touches() && !after.secret.touches() {
        return findings;
    }
    let rows = catalogue::protections(&effect.type_name);
    for row in rows.filter(|row| operator::may_speak(row, before, after)) {
        let olds = walk::leaves(before, row.path, row.key);
        let news = walk::leaves(after, row.path, row.key);
        let secret = olds.iter().chain(&news).any(|leaf| leaf.secret);
        let path = news.first().map(|leaf| leaf.path.as_str());
        let known = said
            .iter()
            .chain(&findings)
            .any(|finding| finding.path.as_deref() == path);
        let differs = olds
            .iter()
            .map(|leaf| leaf.value)
            .ne(news.iter().map(|leaf| leaf.value));
        if before.value.is_some() && secret && differs && !known {
            let mut finding = Finding::new("sensitive-changed-on-protected", Risk::Medium, "A protected setting changes and is marked secret: nobody can read here what it becomes.")
                .values(render::SENSITIVE, render::SENSITIVE);
            finding.path = path.map(Into::into);
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Kind, Span};

    #[test]
    fn a_secret_protection_that_changes_is_said_without_its_value() {
        let mut effect = Effect::bare(
            Kind::Change,
            "aws_db_instance.x",
            Action::Update,
            Span::default(),
        );
        effect.type_name = "aws_db_instance".into();
        let change = |old: u8, new: u8| {
            let item = format!(
                r#"{{"change":{{"before":{{"backup_retention_period":{old}}},"after":{{"backup_retention_period":{new}}},"before_sensitive":{{}},"after_sensitive":{{"backup_retention_period":true}}}}}}"#
            );
            judge(
                &effect,
                &Values::of_item(&item).unwrap(),
                &Documents::default(),
            )
        };
        let [finding] = change(7, 31).try_into().unwrap();
        assert_eq!(finding.rule, "sensitive-changed-on-protected");
        let [finding] = change(31, 7).try_into().unwrap();
        assert_eq!(finding.rule, "protection-weakened");
        assert_eq!(finding.old.as_deref(), Some(render::SENSITIVE));
        assert_eq!(change(7, 7), []);
    }

    #[test]
    fn a_value_below_the_threshold_is_one_step_worse() {
        let mut effect = Effect::bare(
            Kind::Change,
            "aws_db_instance.x",
            Action::Update,
            Span::default(),
        );
        effect.type_name = "aws_db_instance".into();
        let risk = |new: u8| {
            let item = format!(
                r#"{{"change":{{"before":{{"backup_retention_period":30}},"after":{{"backup_retention_period":{new}}}}}}}"#
            );
            judge(
                &effect,
                &Values::of_item(&item).unwrap(),
                &Documents::default(),
            )[0]
            .risk
        };
        assert_eq!(
            (risk(14), risk(7), risk(3)),
            (Risk::High, Risk::High, Risk::Critical)
        );
    }
}

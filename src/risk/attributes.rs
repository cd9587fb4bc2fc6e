//! The catalogue's rows on the values of one change: protections that get weaker, things that open.

use std::collections::BTreeMap;

use super::catalogue::{self, Operator, Row};
use super::operator::{self, Hit, Outcome};
use super::quantity::quantity;
use super::walk::Side;
use super::{Finding, Risk, firewall, heuristic, render};
use crate::plan::effect::Effect;
use crate::plan::values::Values;

/// Every row of the type that says something, with where. Nothing is left out.
pub fn hits<'a>(type_name: &str, values: &'a Values) -> Vec<(&'static Row, bool, Outcome<'a>)> {
    let (before, after) = (Side::before(values), Side::after(values));
    let protections = catalogue::protections(type_name).map(|row| (row, false));
    let exposures = catalogue::exposures(type_name).map(|row| (row, true));
    protections
        .chain(exposures)
        .map(|(row, opens)| (row, opens, operator::judge(row, before, after)))
        .filter(|(_, _, outcome)| !matches!(outcome, Outcome::Silent))
        .collect()
}

/// Findings of the rows; of several on one attribute the worst stays.
pub fn judge(effect: &Effect, values: &Values) -> Vec<Finding> {
    let mut worst: BTreeMap<(&'static str, bool), Finding> = BTreeMap::new();
    for (row, opens, outcome) in hits(&effect.type_name, values) {
        if opens && firewall::reads(&effect.type_name, row.attribute) {
            continue;
        }
        let finding = match &outcome {
            Outcome::Silent => continue,
            Outcome::Fires(hit) => fired(row, opens, hit),
            Outcome::Unknown(hit) => unknown(row, hit),
        };
        match worst.get(&(row.attribute, opens)) {
            Some(known) if known.risk >= finding.risk => {}
            _ => drop(worst.insert((row.attribute, opens), finding)),
        }
    }
    let mut findings: Vec<Finding> = worst.into_values().collect();
    findings.extend(firewall::judge(&effect.type_name, values));
    if !catalogue::knows(&effect.type_name) {
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
        "principal",
        "permission_set_arn",
        "role_definition_name",
        "role_id",
        "app_role_id",
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
        "What this becomes is known only after apply, so nobody can say whether it still protects. At stake: {}",
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

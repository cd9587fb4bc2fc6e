//! What `checkov --output json` prints, in its three shapes: one report, a list of them, or only numbers when there was
//! nothing to check.
//!
//! Without a platform key checkov gives no severity. Findings that put something into the open or give somebody full
//! rights are then high, all others medium.

use super::entry::{Entry, Severity, Target};
use super::node::{Node, Wrong};
use crate::plan::value::Value;
use crate::policy::Place;

/// Checks whose failure opens something to everybody, gives all rights away, or holds a secret in the open.
const HIGH: &[&str] = &[
    "CKV2_AWS_40",
    "CKV_ALI_1",
    "CKV_ALI_2",
    "CKV_ALI_3",
    "CKV_ALI_9",
    "CKV_ALI_43",
    "CKV_AWS_1",
    "CKV_AWS_17",
    "CKV_AWS_20",
    "CKV_AWS_24",
    "CKV_AWS_25",
    "CKV_AWS_33",
    "CKV_AWS_41",
    "CKV_AWS_45",
    "CKV_AWS_46",
    "CKV_AWS_57",
    "CKV_AWS_62",
    "CKV_AWS_63",
    "CKV_AWS_69",
    "CKV_AWS_70",
    "CKV_AWS_87",
    "CKV_AWS_89",
    "CKV_AWS_93",
    "CKV_AWS_102",
    "CKV_AWS_107",
    "CKV_AWS_110",
    "CKV_AWS_274",
    "CKV_AWS_277",
    "CKV_AWS_286",
    "CKV_AWS_287",
    "CKV_AZURE_9",
    "CKV_AZURE_10",
    "CKV_AZURE_34",
    "CKV_AZURE_59",
    "CKV_AZURE_77",
    "CKV_AZURE_190",
    "CKV_GCP_2",
    "CKV_GCP_3",
    "CKV_GCP_11",
    "CKV_GCP_15",
    "CKV_GCP_28",
    "CKV_GCP_88",
    "CKV2_GCP_6",
    "CKV2_GCP_7",
    "CKV2_GCP_8",
    "CKV2_GCP_9",
];

pub(super) fn fits(root: &Node<'_>) -> bool {
    let report = |node: &Node<'_>| is_report(node) || is_numbers(node);
    match root.value {
        Value::Object(_) => report(root),
        Value::List(_) => root
            .list()
            .is_ok_and(|reports| !reports.is_empty() && reports.iter().all(report)),
        _ => false,
    }
}

fn is_report(node: &Node<'_>) -> bool {
    node.get("check_type").is_some() && node.get("results").is_some()
}

/// `{"passed": 0, "failed": 0, …, "checkov_version": "…"}`
fn is_numbers(node: &Node<'_>) -> bool {
    node.get("checkov_version").is_some() && node.get("failed").is_some()
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let reports = match root.value {
        Value::List(_) => root.list()?,
        _ => vec![root.clone()],
    };
    let mut entries = Vec::new();
    for report in reports {
        if is_numbers(&report) {
            if report.number_at("failed")? != Some(0) {
                return Err(report.wrong("a report: numbers alone do not say what has failed"));
            }
            continue;
        }
        report.need_text("check_type")?;
        let results = report.need("results", "an object")?;
        results.members()?;
        for check in results.need_list("failed_checks")? {
            entries.push(entry(&check)?);
        }
        for check in results.list_at("skipped_checks")? {
            let comment = match check.get("check_result") {
                Some(result) => result.text_at("suppress_comment")?,
                None => None,
            };
            entries.push(entry(&check)?.silenced(comment));
        }
        for file in results.list_at("parsing_errors")? {
            let file = file.text()?;
            entries.push(Entry::not_evaluated(format!(
                "checkov could not parse {file}"
            )));
        }
    }
    Ok(entries)
}

fn entry(check: &Node<'_>) -> Result<Entry, Wrong> {
    let id = check.need_text("check_id")?;
    let severity = check.text_at("severity")?.map_or_else(
        || {
            if HIGH.contains(&id) {
                Severity::High
            } else {
                Severity::Medium
            }
        },
        Severity::of,
    );
    let address = check
        .text_at("resource_address")?
        .or(check.text_at("resource")?);
    let lines = check.list_at("file_line_range")?;
    let location = match (
        check.text_at("file_path")?,
        lines.first().map(|line| line.value),
    ) {
        (Some(file), Some(Value::Number(line))) => {
            line.parse()
                .ok()
                .filter(|line| *line > 0)
                .map(|line| Place {
                    file: file.into(),
                    line,
                })
        }
        _ => None,
    };
    let name = check.text_at("check_name")?.unwrap_or(id);
    let target = Target::of(address).at(location);
    Ok(Entry::scanned(id, severity, name, target).help(check.text_at("guideline")?))
}

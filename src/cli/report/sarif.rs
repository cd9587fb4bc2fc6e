//! The report as SARIF 2.1.0, for what collects findings of many tools.
//!
//! A plan has no lines worth pointing at: what is found is found in a resource. So the place is the resource's address,
//! and the file is the plan.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Report;
use crate::risk::{Finding, Judged, Risk, rule};

/// A log of these runs.
pub fn sarif(runs: &[Value]) -> String {
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    });
    serde_json::to_string_pretty(&sarif).expect("texts and numbers") + "\n"
}

impl Report<'_> {
    /// The report in SARIF.
    pub fn to_sarif(&self) -> String {
        sarif(&[self.sarif_run()])
    }

    /// The run of one plan.
    pub fn sarif_run(&self) -> Value {
        let found = || {
            self.rows
                .iter()
                .flat_map(|row| row.findings.iter().map(move |finding| (row, finding)))
        };
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, finding) in found() {
            rules.insert(&finding.rule, 0);
        }
        for (number, index) in rules.values_mut().enumerate() {
            *index = number;
        }
        let uri = uri(self.name);
        let results: Vec<Value> = found()
            .map(|(row, finding)| self.result(row, finding, rules[&*finding.rule], &uri))
            .collect();
        json!({
                "tool": {"driver": {
                    "name": "undersign",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.keys().map(|id| descriptor(id)).collect::<Vec<_>>(),
                }},
                "artifacts": [{
                    "location": {"uri": uri},
                    "hashes": {"sha-256": self.digest()},
                }],
                "results": results,
                "columnKind": "unicodeCodePoints",
        })
    }

    fn result(&self, row: &Judged, finding: &Finding, index: usize, uri: &str) -> Value {
        let effect = &row.effect;
        let level = match finding.risk {
            Risk::Critical | Risk::High => "error",
            Risk::Medium => "warning",
            Risk::Low => "note",
        };
        let address = effect.address();
        let mut message = format!("{address}: {}", self.message(finding));
        if let Some(path) = &finding.path {
            let _ = write!(message, " ({})", self.masked(path));
        }
        let name = match &finding.path {
            Some(path) => format!("{address}.{}", self.masked(path)),
            None => address.to_string(),
        };
        let same = [
            effect.kind.word(),
            &address,
            effect.deposed().unwrap_or_default(),
            &finding.rule,
            finding.path.as_deref().unwrap_or_default(),
        ]
        .join("\0");
        let mut properties = json!({
            "risk": finding.risk.word(),
            "effect": effect.kind.word(),
            "needsAcknowledgement": row.needs_ack(),
        });
        if let Some(words) = effect.stated_words() {
            properties["actions"] = json!(words);
        }
        json!({
            "ruleId": &*finding.rule,
            "ruleIndex": index,
            "level": level,
            "message": {"text": message},
            "locations": [{
                "physicalLocation": {"artifactLocation": {"uri": uri, "index": 0}},
                "logicalLocations": [{
                    "name": name,
                    "fullyQualifiedName": address,
                    "kind": "resource",
                }],
            }],
            "partialFingerprints": {
                "undersignFinding/v1": data_encoding::HEXLOWER.encode(&Sha256::digest(same)),
            },
            "properties": properties,
        })
    }
}

fn descriptor(id: &str) -> Value {
    match rule(id) {
        Some(rule) => json!({
            "id": id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": format!("{} {}", rule.why, rule.lost)},
            "help": {"text": rule.remedy},
        }),
        None => json!({"id": id}),
    }
}

/// A file name as a relative URI.
fn uri(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

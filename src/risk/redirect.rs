//! Names that point elsewhere, programs that talk to somebody else.
//!
//! Nothing is destroyed, nothing is opened, and yet all traffic or all data goes to another place.

use std::collections::BTreeSet;

use super::walk::{self, Side};
use super::{Finding, Risk, render};
use crate::plan::value::Value;
use crate::plan::values::Values;

/// Types of DNS records with the attributes that say where the name points to.
const RECORDS: [(&str, &[&str]); 26] = [
    ("aws_route53_record", &["records", "alias"]),
    ("google_dns_record_set", &["rrdatas", "routing_policy"]),
    ("azurerm_dns_a_record", &["records", "target_resource_id"]),
    (
        "azurerm_dns_aaaa_record",
        &["records", "target_resource_id"],
    ),
    (
        "azurerm_dns_cname_record",
        &["record", "target_resource_id"],
    ),
    ("azurerm_dns_mx_record", &["record"]),
    ("azurerm_dns_ns_record", &["records"]),
    ("azurerm_dns_srv_record", &["record"]),
    ("azurerm_private_dns_a_record", &["records"]),
    ("azurerm_private_dns_cname_record", &["record"]),
    ("cloudflare_record", &["value", "content"]),
    ("cloudflare_dns_record", &["content"]),
    ("digitalocean_record", &["value"]),
    ("alicloud_alidns_record", &["value"]),
    ("dnsimple_zone_record", &["value"]),
    ("hetznerdns_record", &["value"]),
    ("hcloud_zone_rrset", &["records"]),
    ("linode_domain_record", &["target"]),
    ("ns1_record", &["answers"]),
    ("oci_dns_rrset", &["items"]),
    ("ovh_domain_zone_record", &["target"]),
    ("scaleway_domain_record", &["data"]),
    ("tencentcloud_dnspod_record", &["value"]),
    ("vercel_dns_record", &["value"]),
    ("vultr_dns_record", &["data"]),
    ("yandex_dns_recordset", &["data"]),
];

/// Types that run somebody's program, with the path to its environment.
const ENVIRONMENTS: [(&str, &[&str]); 12] = [
    ("aws_lambda_function", &["environment", "variables"]),
    ("aws_apprunner_service", &["source_configuration"]),
    ("aws_amplify_app", &["environment_variables"]),
    ("google_cloudfunctions_function", &["environment_variables"]),
    (
        "google_cloudfunctions2_function",
        &["service_config", "environment_variables"],
    ),
    ("google_cloud_run_service", &["template"]),
    ("google_cloud_run_v2_service", &["template"]),
    ("azurerm_linux_function_app", &["app_settings"]),
    ("azurerm_windows_function_app", &["app_settings"]),
    ("azurerm_linux_web_app", &["app_settings"]),
    ("azurerm_windows_web_app", &["app_settings"]),
    ("kubernetes_config_map", &["data"]),
];

/// The attributes that decide how a change of another one is taken.
pub fn decides(type_name: &str) -> Option<&'static str> {
    RECORDS
        .iter()
        .any(|(known, _)| *known == type_name)
        .then_some("type")
}

/// What points elsewhere after this change of an existing object.
pub fn judge(type_name: &str, values: &Values) -> Option<Finding> {
    let (before, after) = (Side::before(values), Side::after(values));
    before.value?;
    record(type_name, before, after).or_else(|| environment(type_name, before, after))
}

fn record(type_name: &str, before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    let (_, attributes) = RECORDS.iter().find(|(known, _)| *known == type_name)?;
    let name = attributes.iter().find(|name| {
        let (old, new) = (before.member(name), after.member(name));
        old.value.is_some_and(|old| !old.is_empty())
            && !new.unknown.touches()
            && !same(old.value, new.value)
    })?;
    let kind = after
        .member("type")
        .value
        .and_then(Value::as_text)
        .unwrap_or_default();
    // Texts prove things; they do not lead anybody anywhere.
    let risk = if matches!(kind, "TXT" | "CAA" | "SPF") {
        Risk::Medium
    } else {
        Risk::High
    };
    let (old, new) = (before.member(name), after.member(name));
    let secret = old.secret.touches() || new.secret.touches();
    let mut finding = Finding::new(
        "traffic-redirected",
        risk,
        "The name points elsewhere: whoever asks for it is sent to another place.",
    )
    .values(
        &render::short(old.value, secret),
        &render::short(new.value, secret),
    );
    finding.path = Some((*name).into());
    Some(finding)
}

/// Whether the same things stand in both, in whatever order.
fn same(old: Option<&Value>, new: Option<&Value>) -> bool {
    let items = |value: Option<&Value>| -> BTreeSet<String> {
        match value {
            Some(Value::List(items)) => items.iter().map(walk::canonical).collect(),
            Some(value) => BTreeSet::from([walk::canonical(value)]),
            None => BTreeSet::new(),
        }
    };
    old == new || items(old) == items(new)
}

fn environment(type_name: &str, before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    let (_, path) = ENVIRONMENTS.iter().find(|(known, _)| *known == type_name)?;
    let descend = |side: Side<'_>| {
        path.iter()
            .fold(side.value, |value, name| {
                let value = value.and_then(|value| value.get(name));
                value.and_then(|value| value.at(0)).or(value)
            })
            .cloned()
    };
    let (old, new) = (descend(before)?, descend(after)?);
    let (Value::Object(olds), Value::Object(_)) = (&old, &new) else {
        return None;
    };
    let changed = olds.iter().find_map(|(name, was)| {
        let is = new.get(name)?;
        (is != was && (leads_somewhere(was) || leads_somewhere(is))).then_some((name, was, is))
    });
    let (name, was, is) = changed?;
    let secret = before.secret.touches() || after.secret.touches();
    let mut finding = Finding::new(
        "environment-redirected",
        Risk::High,
        "The program is told to talk to another place: its data may go there.",
    )
    .values(
        &render::short(Some(was), secret),
        &render::short(Some(is), secret),
    );
    finding.path = Some(format!("{}.{name}", path.join(".")).into());
    Some(finding)
}

/// Whether a setting names a place: an address, a host, a resource.
fn leads_somewhere(value: &Value) -> bool {
    let Some(text) = value.as_text() else {
        return false;
    };
    let host = text.split([':', '/']).next().unwrap_or(text);
    let labels: Vec<&str> = host.split('.').collect();
    let dotted = labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && (labels
            .iter()
            .any(|label| label.chars().any(|c| c.is_ascii_alphabetic()))
            || labels.len() == 4);
    let version = host
        .trim_start_matches('v')
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.')
        && labels.len() != 4;
    text.contains("://") || text.starts_with("arn:") || (dotted && !version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_names_a_place_is_told_from_one_that_does_not() {
        for (text, place) in [
            ("postgres://db.internal/x", true),
            ("db.example.com", true),
            ("db.example.com:5432", true),
            ("10.0.0.1", true),
            ("arn:aws:sqs:eu-west-1:1:q", true),
            ("debug", false),
            ("1.25.3", false),
            ("v1.2.3", false),
            ("512", false),
            ("a sentence. Another one", false),
        ] {
            assert_eq!(leads_somewhere(&Value::Text(text.into())), place, "{text}");
        }
    }
}

//! How each provider writes what it lets in.

use std::borrow::Cow;

use super::Opening;
use super::form::{self, Form};
use super::network::{EVERYBODY, around};
use crate::plan::value::Value;
use crate::risk::operator;

/// How the openings of objects of a type are read.
pub enum Reader {
    /// In a way of its own.
    Own(fn(&Value, &mut Vec<Opening>)),
    /// By the names of the parts of a rule.
    Form(&'static Form),
}

impl Reader {
    /// Reads the openings of an object.
    pub fn read(&self, object: &Value, found: &mut Vec<Opening>) {
        match self {
            Reader::Own(read) => read(object, found),
            Reader::Form(form) => form.read(object, found),
        }
    }
}

/// How the openings of this type are read, if they are.
pub fn reader(type_name: &str) -> Option<Reader> {
    own(type_name)
        .map(Reader::Own)
        .or_else(|| form::of(type_name).map(Reader::Form))
}

fn own(type_name: &str) -> Option<fn(&Value, &mut Vec<Opening>)> {
    match type_name {
        "aws_security_group" | "aws_default_security_group" => Some(|object, found| {
            for rule in list(object, "ingress") {
                aws(rule, found);
            }
        }),
        "aws_security_group_rule" => Some(|object, found| {
            if text(object, "type") != "egress" {
                aws(object, found);
            }
        }),
        "aws_vpc_security_group_ingress_rule" => Some(aws),
        "google_compute_firewall" => Some(google),
        "azurerm_network_security_rule" => Some(azure),
        "azurerm_network_security_group" => Some(|object, found| {
            for rule in list(object, "security_rule") {
                azure(rule, found);
            }
        }),
        "azurerm_mssql_firewall_rule"
        | "azurerm_sql_firewall_rule"
        | "azurerm_postgresql_firewall_rule"
        | "azurerm_postgresql_flexible_server_firewall_rule"
        | "azurerm_mysql_firewall_rule"
        | "azurerm_mysql_flexible_server_firewall_rule"
        | "azurerm_mariadb_firewall_rule"
        | "azurerm_synapse_firewall_rule"
        | "azurerm_redis_firewall_rule" => Some(azure_range),
        _ => None,
    }
}

/// Who may reach a database, from one address to another.
fn azure_range(rule: &Value, found: &mut Vec<Opening>) {
    let end =
        |name: &str| text(rule, &format!("{name}_ip_address")) + text(rule, &format!("{name}_ip"));
    if let Some(peer) = around(&end("start"), &end("end")) {
        found.push(Opening {
            protocol: "*".to_owned(),
            from: 0,
            to: u16::MAX,
            peer,
        });
    }
}

pub fn list<'v>(object: &'v Value, key: &str) -> Vec<&'v Value> {
    match object.get(key) {
        Some(Value::List(items)) => items.iter().filter(|item| **item != Value::Null).collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(one) => vec![one],
    }
}

pub fn text<'v>(object: &'v Value, key: &str) -> Cow<'v, str> {
    object
        .get(key)
        .filter(|value| **value != Value::Null)
        .map(operator::scalar)
        .unwrap_or_default()
}

pub fn port(object: &Value, key: &str) -> Option<u16> {
    text(object, key)
        .parse::<f64>()
        .ok()
        .filter(|port| (0.0..=65535.0).contains(port))
        .map(|port| {
            #[allow(clippy::cast_sign_loss)] // The range was checked.
            let port = port as u16;
            port
        })
}

fn aws(rule: &Value, found: &mut Vec<Opening>) {
    let protocol = text(rule, "protocol") + text(rule, "ip_protocol");
    let protocol = protocol.to_ascii_lowercase();
    let every = matches!(&*protocol, "-1" | "all");
    let icmp = protocol.starts_with("icmp") || protocol == "1" || protocol == "58";
    let (from, to) = if every || icmp {
        (0, u16::MAX)
    } else {
        (
            port(rule, "from_port").unwrap_or(0),
            port(rule, "to_port").unwrap_or(u16::MAX),
        )
    };
    let protocol = match &*protocol {
        "-1" | "all" => "*".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        _ => protocol,
    };
    for key in [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_ipv4",
        "cidr_ipv6",
        "prefix_list_ids",
        "prefix_list_id",
        "security_groups",
        "source_security_group_id",
        "referenced_security_group_id",
    ] {
        for peer in list(rule, key) {
            found.push(Opening {
                protocol: protocol.clone(),
                from,
                to,
                peer: operator::scalar(peer).into_owned(),
            });
        }
    }
}

fn google(object: &Value, found: &mut Vec<Opening>) {
    if text(object, "direction").eq_ignore_ascii_case("EGRESS")
        || text(object, "disabled") == "true"
    {
        return;
    }
    let mut peers: Vec<Cow<'_, str>> = ["source_ranges", "source_tags", "source_service_accounts"]
        .iter()
        .flat_map(|key| list(object, key))
        .map(operator::scalar)
        .collect();
    if peers.is_empty() {
        // Without any source the rule is for everybody, unless that is known only after apply.
        peers.extend(
            object
                .get("source_ranges")
                .is_some()
                .then_some(Cow::Borrowed(EVERYBODY)),
        );
    }
    for allow in list(object, "allow") {
        let protocol = text(allow, "protocol").to_ascii_lowercase();
        let protocol = if protocol == "all" {
            "*".to_owned()
        } else {
            protocol
        };
        let ranges = list(allow, "ports")
            .into_iter()
            .map(|value| ports(&operator::scalar(value)));
        let mut ranges: Vec<(u16, u16)> = ranges.collect();
        if ranges.is_empty() {
            ranges.push((0, u16::MAX));
        }
        for peer in &peers {
            found.extend(ranges.iter().map(|&(from, to)| Opening {
                protocol: protocol.clone(),
                from,
                to,
                peer: peer.to_string(),
            }));
        }
    }
}

fn azure(rule: &Value, found: &mut Vec<Opening>) {
    if text(rule, "access").eq_ignore_ascii_case("Deny")
        || text(rule, "direction").eq_ignore_ascii_case("Outbound")
    {
        return;
    }
    let protocol = match text(rule, "protocol").to_ascii_lowercase() {
        none if none.is_empty() => "*".to_owned(),
        protocol => protocol,
    };
    let both = |one: &str, many: &str| -> Vec<Cow<'_, str>> {
        list(rule, one)
            .into_iter()
            .chain(list(rule, many))
            .map(operator::scalar)
            .filter(|text| !text.is_empty())
            .collect()
    };
    for peer in both("source_address_prefix", "source_address_prefixes") {
        for range in both("destination_port_range", "destination_port_ranges") {
            let (from, to) = ports(&range);
            found.push(Opening {
                protocol: protocol.clone(),
                from,
                to,
                peer: peer.to_string(),
            });
        }
    }
}

/// `80`, `1000-2000` or `*`. What cannot be read is every port.
fn ports(text: &str) -> (u16, u16) {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) => (from, to),
        _ => (0, u16::MAX),
    }
}

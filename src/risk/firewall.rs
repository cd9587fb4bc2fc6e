//! Security groups and firewalls: what becomes reachable, from where, on which ports.
//!
//! Each side of a change is a set of openings (protocol, ports, peer). What of the new set no opening of the old one
//! covers is new; how bad that is depends on the peer and the ports, not on the attribute that changed.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::walk::Side;
use super::{Finding, Risk, operator, render};
use crate::plan::value::Value;
use crate::plan::values::Values;

/// Traffic that is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opening {
    protocol: String,
    from: u16,
    to: u16,
    peer: String,
}

/// Ports behind which data or a shell is: administration, databases, orchestration.
const SENSITIVE: [u16; 32] = [
    20, 21, 22, 23, 25, 111, 135, 139, 389, 445, 636, 1433, 1521, 2049, 2375, 2376, 2379, 3306,
    3389, 5432, 5601, 5900, 5985, 5986, 6379, 6443, 9042, 9092, 9200, 10250, 11211, 27017,
];

/// Ports that public services are published on.
const WEB: [u16; 2] = [80, 443];

/// Whether this type's openings are compared here instead of by the catalogue's rows on the same attributes.
pub fn reads(type_name: &str, attribute: &str) -> bool {
    let name = attribute.rsplit(['.', ']']).next().unwrap_or(attribute);
    let peers = [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_ipv4",
        "cidr_ipv6",
        "ip_protocol",
        "source_ranges",
        "source_address_prefix",
        "source_address_prefixes",
    ];
    reader(type_name).is_some() && peers.contains(&name) && !attribute.starts_with("egress")
}

type Reader = fn(&Value, &mut Vec<Opening>);

fn reader(type_name: &str) -> Option<Reader> {
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
        _ => None,
    }
}

/// What the change newly lets in: at most one finding for the worst of it.
pub fn judge(type_name: &str, values: &Values) -> Option<Finding> {
    let read = reader(type_name)?;
    let (before, after) = (Side::before(values), Side::after(values));
    let (mut old, mut new) = (Vec::new(), Vec::new());
    before
        .value
        .into_iter()
        .for_each(|object| read(object, &mut old));
    after
        .value
        .into_iter()
        .for_each(|object| read(object, &mut new));
    let gained: Vec<&Opening> = new
        .iter()
        .filter(|opening| !covered(opening, &old))
        .collect();
    let created = before.value.is_none();
    let worst = gained.iter().max_by_key(|opening| opening.risk(created));
    let Some(worst) = worst else {
        return unknown(before, after);
    };
    let risk = worst.risk(created);
    let message = if world(&worst.peer) {
        "Everybody on the internet can reach this from now on."
    } else {
        "More can reach this from now on."
    };
    let more = match gained.len() {
        1 => String::new(),
        many => format!(", and {} more openings", many - 1),
    };
    let secret = before.secret.touches() || after.secret.touches();
    let shown = if secret {
        render::SENSITIVE.to_owned()
    } else {
        render::cut(&format!("{}{more}", worst.words()))
    };
    let mut finding = Finding::new("exposure-opened", risk, message).values("not let in", &shown);
    finding.path = Some("ingress".into());
    Some(finding)
}

/// The peers of an existing object are known only after apply.
fn unknown(before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    let names = [
        "ingress",
        "security_rule",
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_ipv4",
        "cidr_ipv6",
        "source_ranges",
        "source_address_prefix",
        "source_address_prefixes",
    ];
    let name = names
        .iter()
        .find(|name| after.member(name).unknown.covers() && before.member(name).value.is_some())?;
    let mut finding = Finding::new(
        "unknown-on-protected",
        Risk::High,
        "Who will be let in is known only after apply.",
    );
    finding.path = Some((*name).into());
    finding.new = Some(render::UNKNOWN.into());
    Some(finding)
}

impl Opening {
    fn risk(&self, created: bool) -> Risk {
        let holds = |ports: &[u16]| {
            ports
                .iter()
                .any(|port| (self.from..=self.to).contains(port))
        };
        let web = self.from == self.to && WEB.contains(&self.from);
        let harmless = matches!(&*self.protocol, "icmp" | "icmpv6" | "1" | "58");
        match (world(&self.peer), holds(&SENSITIVE)) {
            (true, _) if harmless => Risk::Medium,
            (true, true) => Risk::Critical,
            // A new web server is there to be reached; one that was closed until now may have had a reason.
            (true, false) if web && created => Risk::Medium,
            (true, false) => Risk::High,
            (false, true) if !private(&self.peer) => Risk::High,
            (false, _) => Risk::Medium,
        }
    }

    fn words(&self) -> String {
        let ports = match (self.from, self.to) {
            (0, u16::MAX) => "every port".to_owned(),
            (from, to) if from == to => format!("port {from}"),
            (from, to) => format!("ports {from}-{to}"),
        };
        let protocol = if self.protocol == "*" {
            "every protocol"
        } else {
            &self.protocol
        };
        format!("{ports} ({protocol}) from {}", self.peer)
    }
}

/// Whether the openings of the other side let all of this in; port ranges may cover it together.
fn covered(opening: &Opening, others: &[Opening]) -> bool {
    let mut fitting: Vec<(u32, u32)> = others
        .iter()
        .filter(|other| other.protocol == "*" || other.protocol == opening.protocol)
        .filter(|other| contains(&other.peer, &opening.peer))
        .map(|other| (other.from.into(), other.to.into()))
        .collect();
    fitting.sort_unstable();
    let mut next = u32::from(opening.from);
    for (from, to) in fitting {
        if from <= next {
            next = next.max(to + 1);
        }
    }
    next > opening.to.into()
}

fn world(peer: &str) -> bool {
    let peer = peer.to_ascii_lowercase();
    matches!(&*peer, "*" | "internet" | "any" | "0.0.0.0" | "0/0") || peer.ends_with("/0")
}

fn private(peer: &str) -> bool {
    match network(peer) {
        Some(Network::Four(address, _)) => {
            let address = Ipv4Addr::from(address);
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.octets()[0] == 100
        }
        Some(Network::Six(address, _)) => {
            matches!(Ipv6Addr::from(address).segments()[0], 0xfc00..=0xfdff | 0xfe80..=0xfebf)
        }
        // A group, a prefix list, a service tag: something inside.
        None => true,
    }
}

enum Network {
    Four(u32, u32),
    Six(u128, u32),
}

fn network(peer: &str) -> Option<Network> {
    let (address, bits) = peer
        .split_once('/')
        .map_or((peer, None), |(address, bits)| (address, Some(bits)));
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let bits = bits
            .map_or(Ok(32), str::parse)
            .ok()
            .filter(|bits| *bits <= 32)?;
        return Some(Network::Four(address.into(), bits));
    }
    let address: Ipv6Addr = address.parse().ok()?;
    let bits = bits
        .map_or(Ok(128), str::parse)
        .ok()
        .filter(|bits| *bits <= 128)?;
    Some(Network::Six(address.into(), bits))
}

fn contains(big: &str, small: &str) -> bool {
    if big == small {
        return true;
    }
    match (network(big), network(small)) {
        (Some(Network::Four(a, wide)), Some(Network::Four(b, narrow))) => {
            wide <= narrow
                && a.checked_shr(32 - wide).unwrap_or(0) == b.checked_shr(32 - wide).unwrap_or(0)
        }
        (Some(Network::Six(a, wide)), Some(Network::Six(b, narrow))) => {
            wide <= narrow
                && a.checked_shr(128 - wide).unwrap_or(0) == b.checked_shr(128 - wide).unwrap_or(0)
        }
        // A world that is written in words covers every address.
        _ => world(big) && !big.contains(':') && !small.contains(':') || (big == "*"),
    }
}

fn list<'v>(object: &'v Value, key: &str) -> Vec<&'v Value> {
    match object.get(key) {
        Some(Value::List(items)) => items.iter().filter(|item| **item != Value::Null).collect(),
        None | Some(Value::Null) => Vec::new(),
        Some(one) => vec![one],
    }
}

fn text(object: &Value, key: &str) -> String {
    object
        .get(key)
        .filter(|value| **value != Value::Null)
        .map(operator::scalar)
        .unwrap_or_default()
}

fn port(object: &Value, key: &str) -> Option<u16> {
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
    let mut protocol = text(rule, "protocol") + &text(rule, "ip_protocol");
    protocol.make_ascii_lowercase();
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
                peer: operator::scalar(peer),
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
    let mut peers: Vec<String> = ["source_ranges", "source_tags", "source_service_accounts"]
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
                .then(|| "0.0.0.0/0".to_owned()),
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
                peer: peer.clone(),
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
    let both = |one: &str, many: &str| -> Vec<String> {
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
                peer: peer.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(type_name: &str, before: &str, after: &str) -> Option<Risk> {
        let values = Values {
            before: Some(Value::parse(before).unwrap()),
            after: Some(Value::parse(after).unwrap()),
            ..Values::default()
        };
        judge(type_name, &values).map(|finding| finding.risk)
    }

    fn group(rules: &[(u16, u16, &str, &str)]) -> String {
        let rules: Vec<String> = rules
            .iter()
            .map(|(from, to, protocol, peer)| format!(r#"{{"from_port":{from},"to_port":{to},"protocol":"{protocol}","cidr_blocks":["{peer}"]}}"#))
            .collect();
        format!(r#"{{"ingress":[{}]}}"#, rules.join(","))
    }

    #[test]
    fn what_becomes_reachable_is_a_difference_of_sets() {
        let none = group(&[]);
        for (what, before, after, risk) in [
            (
                "ssh for everybody",
                none.clone(),
                group(&[(22, 22, "tcp", "0.0.0.0/0")]),
                Some(Risk::Critical),
            ),
            (
                "everything for everybody",
                none.clone(),
                group(&[(0, 0, "-1", "0.0.0.0/0")]),
                Some(Risk::Critical),
            ),
            (
                "web for everybody",
                group(&[(443, 443, "tcp", "10.0.0.0/8")]),
                group(&[(443, 443, "tcp", "0.0.0.0/0")]),
                Some(Risk::High),
            ),
            (
                "reordered",
                group(&[(1, 2, "tcp", "10.0.0.0/8"), (3, 4, "udp", "10.0.0.0/8")]),
                group(&[(3, 4, "udp", "10.0.0.0/8"), (1, 2, "tcp", "10.0.0.0/8")]),
                None,
            ),
            (
                "a part of the network",
                group(&[(5432, 5432, "tcp", "10.0.0.0/8")]),
                group(&[(5432, 5432, "tcp", "10.1.0.0/16")]),
                None,
            ),
            (
                "a wider network",
                group(&[(5432, 5432, "tcp", "10.1.0.0/16")]),
                group(&[(5432, 5432, "tcp", "10.0.0.0/8")]),
                Some(Risk::Medium),
            ),
            (
                "a range split in two",
                group(&[(100, 200, "tcp", "10.0.0.0/8")]),
                group(&[
                    (100, 150, "tcp", "10.0.0.0/8"),
                    (151, 200, "tcp", "10.0.0.0/8"),
                ]),
                None,
            ),
            (
                "a range joined from two",
                group(&[
                    (100, 150, "tcp", "10.0.0.0/8"),
                    (151, 200, "tcp", "10.0.0.0/8"),
                ]),
                group(&[(100, 200, "tcp", "10.0.0.0/8")]),
                None,
            ),
            (
                "another protocol",
                group(&[(53, 53, "tcp", "10.0.0.0/8")]),
                group(&[(53, 53, "udp", "10.0.0.0/8")]),
                Some(Risk::Medium),
            ),
            (
                "closed",
                group(&[(22, 22, "tcp", "0.0.0.0/0")]),
                none.clone(),
                None,
            ),
            (
                "a stranger on ssh",
                none,
                group(&[(22, 22, "tcp", "203.0.113.9/32")]),
                Some(Risk::High),
            ),
        ] {
            assert_eq!(found("aws_security_group", &before, &after), risk, "{what}");
        }
    }

    #[test]
    fn other_clouds_are_read_too() {
        let google = |ranges: &str, port: &str| {
            format!(
                r#"{{"direction":"INGRESS","source_ranges":{ranges},"allow":[{{"protocol":"tcp","ports":["{port}"]}}]}}"#
            )
        };
        assert_eq!(
            found(
                "google_compute_firewall",
                &google(r#"["10.0.0.0/8"]"#, "22"),
                &google(r#"["0.0.0.0/0"]"#, "22")
            ),
            Some(Risk::Critical)
        );
        assert_eq!(
            found(
                "google_compute_firewall",
                "null",
                &google(r#"["0.0.0.0/0"]"#, "443")
            ),
            Some(Risk::Medium)
        );
        let azure = |access: &str, port: &str| {
            format!(
                r#"{{"access":"{access}","direction":"Inbound","protocol":"Tcp","source_address_prefix":"*","destination_port_range":"{port}"}}"#
            )
        };
        assert_eq!(
            found(
                "azurerm_network_security_rule",
                &azure("Deny", "3389"),
                &azure("Allow", "3389")
            ),
            Some(Risk::Critical)
        );
        assert_eq!(
            found(
                "azurerm_network_security_rule",
                &azure("Allow", "80"),
                &azure("Deny", "80")
            ),
            None
        );
    }
}

//! Security groups and firewalls: what becomes reachable, from where, on which ports.
//!
//! Each side of a change is a set of openings (protocol, ports, peer). What of the new set no opening of the old one
//! covers is new; how bad that is depends on the peer and the ports, not on the attribute that changed.

use super::walk::Side;
use super::{Finding, Risk, render};
use crate::plan::value::Value;
use crate::plan::values::Values;

mod form;
mod network;
mod provider;

use network::{contains, private, world};
use provider::reader;

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
    let of_a_form = || form::of(type_name).is_some_and(|form| form.names_peers_in(name));
    of_a_form() || judges(type_name) && peers.contains(&name) && !attribute.starts_with("egress")
}

/// Where the openings of an object stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// It has none.
    Nowhere,
    /// In one attribute.
    At(&'static str),
    /// In several attributes that belong together.
    Everywhere,
}

/// Where the openings of objects of this type stand.
pub fn looks_at(type_name: &str) -> Looks {
    match type_name {
        "aws_security_group" | "aws_default_security_group" => Looks::At("ingress"),
        "azurerm_network_security_group" => Looks::At("security_rule"),
        _ if judges(type_name) => Looks::Everywhere,
        _ => Looks::Nowhere,
    }
}

/// Whether openings of this type are compared at all.
pub fn judges(type_name: &str) -> bool {
    reader(type_name).is_some()
}

/// What the change newly lets in: at most one finding for the worst of it.
pub fn judge(type_name: &str, values: &Values) -> Option<Finding> {
    let reader = reader(type_name)?;
    let (before, after) = (Side::before(values), Side::after(values));
    let (mut old, mut new) = (Vec::new(), Vec::new());
    before
        .value
        .into_iter()
        .for_each(|object| reader.read(object, &mut old));
    after
        .value
        .into_iter()
        .for_each(|object| reader.read(object, &mut new));
    let gained: Vec<&Opening> = new
        .iter()
        .filter(|opening| !covered(opening, &old))
        .collect();
    let created = before.value.is_none();
    let worst = gained.iter().max_by_key(|opening| opening.risk(created));
    let hidden = unknown(before, after);
    let Some(worst) = worst else {
        return hidden;
    };
    let risk = worst.risk(created);
    if let Some(hidden) = hidden.filter(|hidden| hidden.risk > risk) {
        return Some(hidden);
    }
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

/// Attributes that say who is let in, and to which ports.
const OPENS: [&str; 25] = [
    "access",
    "allow",
    "cidr_blocks",
    "cidr_ip",
    "cidr_ipv4",
    "cidr_ipv6",
    "destination_port_range",
    "destination_port_ranges",
    "end_ip_address",
    "from_port",
    "ip_range",
    "ipv4",
    "ipv6_cidr_blocks",
    "remote",
    "remote_ip_prefix",
    "source",
    "source_address_prefix",
    "source_address_prefixes",
    "source_addresses",
    "source_ips",
    "source_ranges",
    "start_ip_address",
    "subnet",
    "v4_cidr_blocks",
    "value",
];

/// The lists that rules stand in.
const LISTS: [&str; 6] = [
    "inbound",
    "inbound_rule",
    "ingress",
    "ingress_security_rules",
    "rule",
    "security_rule",
];

/// Who is let in is known only after apply. Of a new object that is so as a rule: its network is made in the same plan.
fn unknown(before: Side<'_>, after: Side<'_>) -> Option<Finding> {
    let in_object = OPENS
        .iter()
        .find(|name| after.member(name).unknown.covers())
        .map(|name| (*name).to_owned());
    let in_rules = || {
        LISTS.into_iter().find_map(|list| {
            let rules = after.member(list);
            if rules.unknown.covers() {
                return Some(list.to_owned());
            }
            let Some(Value::List(items)) = rules.value else {
                return None;
            };
            (0..items.len()).find_map(|index| {
                let rule = rules.at(index);
                OPENS
                    .iter()
                    .find(|name| rule.member(name).unknown.touches())
                    .map(|name| format!("{list}[{index}].{name}"))
            })
        })
    };
    let path = in_object.or_else(in_rules)?;
    let risk = if before.value.is_some() {
        Risk::High
    } else {
        Risk::Medium
    };
    let mut finding = Finding::new(
        "unknown-on-protected",
        risk,
        "Who will be let in is known only after apply.",
    );
    finding.path = Some(path.into());
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
                "ssh for half of everybody",
                none.clone(),
                group(&[(22, 22, "tcp", "128.0.0.0/1")]),
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

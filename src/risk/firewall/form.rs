//! Rules of firewalls that differ from provider to provider in nothing but the names of their parts.

use super::provider::{list, port, text};
use super::{Opening, network};
use crate::plan::value::Value;
use crate::risk::operator;

/// How the rules of a type are written.
#[derive(Debug)]
pub struct Form {
    /// The types that write them so.
    types: &'static [&'static str],
    /// The list that they stand in; empty where the object is a rule itself.
    list: &'static str,
    /// What makes a rule one that lets nothing in.
    lets_nothing_in: &'static [(&'static str, &'static str)],
    protocol: &'static str,
    /// Attributes that hold ports as a text.
    ports: &'static [&'static str],
    /// The attributes of the first and the last port.
    range: (&'static str, &'static str),
    /// Blocks by protocol in which the range may stand.
    blocks: &'static [&'static str],
    peers: &'static [&'static str],
    /// The attribute that says how many bits of the peer count.
    bits: &'static str,
    /// A rule that names no peer is for everybody.
    everybody: bool,
}

/// A rule that is an object of its own, for whoever it names.
const RULE: Form = Form {
    types: &[],
    list: "",
    lets_nothing_in: &[],
    protocol: "protocol",
    ports: &[],
    range: ("", ""),
    blocks: &[],
    peers: &[],
    bits: "",
    everybody: false,
};

const ORACLE: Form = Form {
    range: ("min", "max"),
    blocks: &["tcp_options", "udp_options"],
    peers: &["source"],
    ..RULE
};

const YANDEX: Form = Form {
    ports: &["port"],
    range: ("from_port", "to_port"),
    peers: &[
        "v4_cidr_blocks",
        "v6_cidr_blocks",
        "security_group_id",
        "predefined_target",
    ],
    ..RULE
};

const FORMS: [Form; 13] = [
    Form {
        types: &["hcloud_firewall"],
        list: "rule",
        lets_nothing_in: &[("direction", "out")],
        ports: &["port"],
        peers: &["source_ips"],
        ..RULE
    },
    Form {
        types: &["digitalocean_firewall"],
        list: "inbound_rule",
        ports: &["port_range"],
        peers: &["source_addresses"],
        ..RULE
    },
    Form {
        types: &["digitalocean_database_firewall"],
        list: "rule",
        peers: &["value"],
        ..RULE
    },
    Form {
        types: &[
            "openstack_networking_secgroup_rule_v2",
            "opentelekomcloud_networking_secgroup_rule_v2",
            "flexibleengine_networking_secgroup_rule_v2",
        ],
        lets_nothing_in: &[("direction", "egress")],
        range: ("port_range_min", "port_range_max"),
        peers: &["remote_ip_prefix", "remote_group_id"],
        everybody: true,
        ..RULE
    },
    Form {
        types: &["oci_core_security_list", "oci_core_default_security_list"],
        list: "ingress_security_rules",
        ..ORACLE
    },
    Form {
        types: &["oci_core_network_security_group_security_rule"],
        lets_nothing_in: &[("direction", "egress")],
        ..ORACLE
    },
    Form {
        types: &["alicloud_security_group_rule"],
        lets_nothing_in: &[("type", "egress"), ("policy", "drop")],
        protocol: "ip_protocol",
        ports: &["port_range"],
        peers: &[
            "cidr_ip",
            "ipv6_cidr_ip",
            "source_security_group_id",
            "prefix_list_id",
        ],
        everybody: true,
        ..RULE
    },
    Form {
        types: &["yandex_vpc_security_group"],
        list: "ingress",
        ..YANDEX
    },
    Form {
        types: &["yandex_vpc_security_group_rule"],
        lets_nothing_in: &[("direction", "egress")],
        ..YANDEX
    },
    Form {
        types: &[
            "scaleway_instance_security_group",
            "scaleway_instance_security_group_rules",
        ],
        list: "inbound_rule",
        lets_nothing_in: &[("action", "drop")],
        ports: &["port_range", "port"],
        peers: &["ip_range", "ip"],
        everybody: true,
        ..RULE
    },
    Form {
        types: &["linode_firewall"],
        list: "inbound",
        lets_nothing_in: &[("action", "drop")],
        ports: &["ports"],
        peers: &["ipv4", "ipv6"],
        ..RULE
    },
    Form {
        types: &["vultr_firewall_rule"],
        ports: &["port"],
        peers: &["subnet"],
        bits: "subnet_size",
        ..RULE
    },
    Form {
        types: &["ibm_is_security_group_rule"],
        lets_nothing_in: &[("direction", "outbound"), ("direction", "egress")],
        range: ("port_min", "port_max"),
        blocks: &["tcp", "udp"],
        peers: &["remote"],
        everybody: true,
        ..RULE
    },
];

/// How objects of this type write their rules, if they are of this kind.
pub fn of(type_name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.types.contains(&type_name))
}

const EVERY_PORT: (u16, u16) = (0, u16::MAX);

impl Form {
    /// Reads the openings of an object.
    pub fn read(&self, object: &Value, found: &mut Vec<Opening>) {
        if self.list.is_empty() {
            self.rule(object, found);
        }
        for rule in list(object, self.list) {
            self.rule(rule, found);
        }
    }

    /// Whether the peers of a rule stand in this attribute.
    pub fn names_peers_in(&self, attribute: &str) -> bool {
        self.peers.contains(&attribute)
    }

    fn rule(&self, rule: &Value, found: &mut Vec<Opening>) {
        let says = |(name, word): &(&str, &str)| text(rule, name).eq_ignore_ascii_case(word);
        if self.lets_nothing_in.iter().any(says) {
            return;
        }
        let block = self
            .blocks
            .iter()
            .find_map(|name| Some((*name, *list(rule, name).first()?)));
        let written = text(rule, self.protocol);
        let protocol = match (&*written, block) {
            ("", Some((name, _))) => protocol(name),
            (written, _) => protocol(written),
        };
        let ports = if protocol.starts_with("icmp") {
            vec![EVERY_PORT]
        } else {
            self.ports(rule, block.map(|(_, block)| block))
        };
        for peer in self.peers(rule) {
            found.extend(ports.iter().map(|&(from, to)| Opening {
                protocol: protocol.clone(),
                from,
                to,
                peer: peer.clone(),
            }));
        }
    }

    fn peers(&self, rule: &Value) -> Vec<String> {
        let named = self.peers.iter().flat_map(|name| list(rule, name));
        let named = named.map(|peer| operator::scalar(peer).into_owned());
        let mut peers: Vec<String> = named.filter(|peer| !peer.is_empty()).collect();
        let bits = text(rule, self.bits);
        if !bits.is_empty() {
            for peer in &mut peers {
                *peer = format!("{peer}/{bits}");
            }
        }
        // What is known only after apply is not there at all.
        let says_so = self.peers.iter().any(|name| rule.get(name).is_some());
        if peers.is_empty() && self.everybody && says_so {
            peers.push(network::EVERYBODY.to_owned());
        }
        peers
    }

    fn ports(&self, rule: &Value, block: Option<&Value>) -> Vec<(u16, u16)> {
        let written = self.ports.iter().map(|name| text(rule, name));
        // Some providers say so where nothing is set.
        let unset = ["", "-1"];
        if let Some(written) = written
            .into_iter()
            .find(|written| !unset.contains(&&**written))
        {
            return written
                .split(',')
                .map(|range| between(range.trim()))
                .collect();
        }
        let holder = block.map_or(rule, |block| {
            list(block, "destination_port_range")
                .first()
                .copied()
                .unwrap_or(block)
        });
        let (first, last) = self.range;
        vec![match (port(holder, first), port(holder, last)) {
            (None | Some(0), None | Some(0)) => EVERY_PORT,
            (first, last) => (first.unwrap_or(0), last.unwrap_or(u16::MAX)),
        }]
    }
}

/// `22`, `22-23`, `22/23` or `22:23`; without a number, and as `0`, it is every port.
fn between(range: &str) -> (u16, u16) {
    let (first, last) = range.split_once(['-', '/', ':']).unwrap_or((range, range));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(0), Ok(0)) => EVERY_PORT,
        (Ok(first), Ok(last)) => (first, last),
        _ => EVERY_PORT,
    }
}

/// A protocol by the name that most providers use.
fn protocol(written: &str) -> String {
    let lower = written.to_ascii_lowercase();
    match &*lower {
        "" | "-1" | "all" | "any" | "icmp_tcp_udp" => "*",
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" | "ipv6-icmp" | "ipv6_icmp" => "icmpv6",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(type_name: &str, object: &str) -> Vec<String> {
        let mut found = Vec::new();
        let object = Value::parse(object).unwrap();
        of(type_name).unwrap().read(&object, &mut found);
        found.iter().map(Opening::words).collect()
    }

    #[test]
    fn each_provider_is_read_as_it_writes() {
        for (type_name, object, openings) in [
            (
                "hcloud_firewall",
                r#"{"rule":[{"direction":"in","protocol":"tcp","port":"22","source_ips":["::/0"]},{"direction":"out","protocol":"tcp","port":"1","source_ips":["::/0"]}]}"#,
                &["port 22 (tcp) from ::/0"][..],
            ),
            (
                "digitalocean_firewall",
                r#"{"inbound_rule":[{"protocol":"tcp","port_range":"0","source_addresses":["10.0.0.0/8"]}]}"#,
                &["every port (tcp) from 10.0.0.0/8"],
            ),
            (
                "digitalocean_database_firewall",
                r#"{"rule":[{"type":"ip_addr","value":"203.0.113.9"}]}"#,
                &["every port (every protocol) from 203.0.113.9"],
            ),
            (
                "openstack_networking_secgroup_rule_v2",
                r#"{"direction":"ingress","protocol":"tcp","port_range_min":0,"port_range_max":0,"remote_ip_prefix":"","remote_group_id":""}"#,
                &["every port (tcp) from 0.0.0.0/0"],
            ),
            (
                "openstack_networking_secgroup_rule_v2",
                r#"{"direction":"ingress","protocol":"tcp","port_range_min":22,"port_range_max":23,"remote_ip_prefix":"10.0.0.0/8"}"#,
                &["ports 22-23 (tcp) from 10.0.0.0/8"],
            ),
            (
                "openstack_networking_secgroup_rule_v2",
                r#"{"direction":"egress","protocol":"","remote_ip_prefix":"0.0.0.0/0"}"#,
                &[],
            ),
            (
                "oci_core_security_list",
                r#"{"ingress_security_rules":[{"protocol":"6","source":"0.0.0.0/0","tcp_options":[{"min":443,"max":443}]},{"protocol":"all","source":"10.0.0.0/8"},{"protocol":"1","source":"0.0.0.0/0","icmp_options":[{"type":3}]}]}"#,
                &[
                    "port 443 (tcp) from 0.0.0.0/0",
                    "every port (every protocol) from 10.0.0.0/8",
                    "every port (icmp) from 0.0.0.0/0",
                ],
            ),
            (
                "oci_core_network_security_group_security_rule",
                r#"{"direction":"INGRESS","protocol":"17","source":"10.0.0.0/8","udp_options":[{"destination_port_range":[{"min":53,"max":53}],"source_port_range":[]}]}"#,
                &["port 53 (udp) from 10.0.0.0/8"],
            ),
            (
                "alicloud_security_group_rule",
                r#"{"type":"ingress","ip_protocol":"tcp","policy":"accept","port_range":"22/22","cidr_ip":"0.0.0.0/0"}"#,
                &["port 22 (tcp) from 0.0.0.0/0"],
            ),
            (
                "alicloud_security_group_rule",
                r#"{"type":"ingress","ip_protocol":"all","port_range":"-1/-1","cidr_ip":"10.0.0.0/8"}"#,
                &["every port (every protocol) from 10.0.0.0/8"],
            ),
            (
                "alicloud_security_group_rule",
                r#"{"type":"ingress","ip_protocol":"tcp","policy":"drop","port_range":"22/22","cidr_ip":"0.0.0.0/0"}"#,
                &[],
            ),
            (
                "yandex_vpc_security_group",
                r#"{"ingress":[{"protocol":"TCP","port":-1,"from_port":8090,"to_port":8099,"v4_cidr_blocks":["10.0.1.0/24"]},{"protocol":"ANY","port":-1,"from_port":-1,"to_port":-1,"v4_cidr_blocks":[],"predefined_target":"self_security_group"}]}"#,
                &[
                    "ports 8090-8099 (tcp) from 10.0.1.0/24",
                    "every port (every protocol) from self_security_group",
                ],
            ),
            (
                "yandex_vpc_security_group_rule",
                r#"{"direction":"ingress","protocol":"TCP","port":5432,"v4_cidr_blocks":["0.0.0.0/0"]}"#,
                &["port 5432 (tcp) from 0.0.0.0/0"],
            ),
            (
                "scaleway_instance_security_group",
                r#"{"inbound_rule":[{"action":"accept","protocol":"TCP","port":22,"port_range":"","ip_range":""},{"action":"drop","ip_range":"1.1.1.1/32"}]}"#,
                &["port 22 (tcp) from 0.0.0.0/0"],
            ),
            (
                "linode_firewall",
                r#"{"inbound":[{"action":"ACCEPT","protocol":"TCP","ports":"80-90, 91","ipv4":["10.0.0.0/8"],"ipv6":null}]}"#,
                &[
                    "ports 80-90 (tcp) from 10.0.0.0/8",
                    "port 91 (tcp) from 10.0.0.0/8",
                ],
            ),
            (
                "vultr_firewall_rule",
                r#"{"protocol":"tcp","ip_type":"v4","subnet":"0.0.0.0","subnet_size":0,"port":"8090:8095"}"#,
                &["ports 8090-8095 (tcp) from 0.0.0.0/0"],
            ),
            (
                "ibm_is_security_group_rule",
                r#"{"direction":"inbound","remote":"0.0.0.0/0","protocol":"udp","port_min":805,"port_max":807}"#,
                &["ports 805-807 (udp) from 0.0.0.0/0"],
            ),
            (
                "ibm_is_security_group_rule",
                r#"{"direction":"inbound","remote":"10.0.0.1","tcp":[{"port_min":22,"port_max":22}],"udp":[]}"#,
                &["port 22 (tcp) from 10.0.0.1"],
            ),
        ] {
            assert_eq!(read(type_name, object), openings, "{object}");
        }
    }

    #[test]
    fn no_type_is_written_in_two_ways() {
        let mut types: Vec<&str> = FORMS.iter().flat_map(|form| form.types).copied().collect();
        let all = types.len();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), all);
    }
}

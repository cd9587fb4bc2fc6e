//! Who stands behind an address: everybody, somebody inside, a stranger.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The network that everybody is in.
pub const EVERYBODY: &str = "0.0.0.0/0";

/// Whether the peer is everybody, or so much of the internet that it comes to the same: two halves are the whole.
pub fn world(peer: &str) -> bool {
    match network(peer) {
        Some(Network::Four(0, 32)) => true,
        Some(Network::Four(_, bits)) => bits < 8,
        Some(Network::Six(_, bits)) => bits < 16,
        None => matches!(
            &*peer.to_ascii_lowercase(),
            "*" | "internet" | "any" | "0/0"
        ),
    }
}

/// Networks that nobody outside has an address in.
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// Whether all of the peer is in a private network, or it is a name for something inside.
pub fn private(peer: &str) -> bool {
    match network(peer) {
        Some(_) => PRIVATE.iter().any(|network| contains(network, peer)),
        // A group, a prefix list, a service tag: something inside. This tag means everybody who rents there.
        None => !peer.to_ascii_lowercase().starts_with("azurecloud"),
    }
}

/// The smallest network that holds both ends of a range, and with them all between.
pub fn around(first: &str, last: &str) -> Option<String> {
    let [first, last] = [first, last].map(|end| end.trim().parse::<Ipv4Addr>().map(u32::from));
    let (first, last) = (first.ok()?, last.ok()?);
    let bits = (first ^ last).leading_zeros();
    let address = first & u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    Some(format!("{}/{bits}", Ipv4Addr::from(address)))
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

/// Whether everybody in `small` is in `big`.
pub fn contains(big: &str, small: &str) -> bool {
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
        (None, _) => world(big),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_private_only_as_a_whole() {
        for (peer, inside) in [
            ("10.1.0.0/16", true),
            ("100.64.0.1", true),
            ("100.1.0.0/16", false),
            ("192.168.0.0/8", false),
            ("172.16.0.0/9", false),
            ("fd00::/8", true),
            ("2001:db8::/32", false),
            ("VirtualNetwork", true),
            ("AzureCloud.westeurope", false),
        ] {
            assert_eq!(private(peer), inside, "{peer}");
        }
    }

    #[test]
    fn a_range_lies_in_the_network_around_it() {
        for (first, last, network) in [
            ("10.0.0.0", "10.0.0.255", Some("10.0.0.0/24")),
            ("10.0.0.7", "10.0.0.7", Some("10.0.0.7/32")),
            ("1.0.0.0", "223.255.255.255", Some("0.0.0.0/0")),
            ("1.0.0.0", "", None),
        ] {
            assert_eq!(around(first, last).as_deref(), network, "{first} {last}");
        }
    }
}

//! Who stands behind an address: everybody, somebody inside, a stranger.

use std::net::{Ipv4Addr, Ipv6Addr};

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

/// Whether the peer is in a private network, or a name for something inside.
pub fn private(peer: &str) -> bool {
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

//! Networks, as OPA's `net.cidr_…` functions see them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::{Context as _, Result, bail};
use regorus::Value;

/// A range of addresses of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    v6: bool,
    first: u128,
    last: u128,
}

impl Range {
    /// A network, or an address alone.
    fn parse(text: &str) -> Result<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().context("no address")?;
        let (v6, bits, number) = match address {
            IpAddr::V4(address) => (false, 32, u128::from(u32::from(address))),
            IpAddr::V6(address) => (true, 128, u128::from(address)),
        };
        let length: u32 = length.map_or(Ok(bits), str::parse)?;
        if length > bits {
            bail!("a prefix is longer than its address");
        }
        let host = mask(bits - length);
        Ok(Range {
            v6,
            first: number & !host,
            last: number | host,
        })
    }

    fn intersects(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.last && other.first <= self.last
    }

    fn holds(self, other: Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// The fewest networks that are this range.
    fn networks(self) -> Vec<String> {
        let bits: u32 = if self.v6 { 128 } else { 32 };
        let mut found = Vec::new();
        let mut first = self.first;
        loop {
            let mut host = first.trailing_zeros().min(bits);
            while host > 0 && (first | mask(host)) > self.last {
                host -= 1;
            }
            let address = if self.v6 {
                IpAddr::from(first.to_be_bytes())
            } else {
                let number = u32::try_from(first).expect("an address of 32 bits");
                IpAddr::from(number.to_be_bytes())
            };
            found.push(format!("{address}/{}", bits - host));
            let last = first | mask(host);
            if last >= self.last {
                return found;
            }
            first = last + 1;
        }
    }
}

fn mask(bits: u32) -> u128 {
    if bits >= 128 {
        u128::MAX
    } else {
        (1 << bits) - 1
    }
}

fn range(value: &Value) -> Result<Range> {
    Range::parse(value.as_string()?)
}

pub(super) fn contains(arguments: &[Value]) -> Result<Value> {
    Ok(Value::from(
        range(&arguments[0])?.holds(range(&arguments[1])?),
    ))
}

pub(super) fn intersects(arguments: &[Value]) -> Result<Value> {
    Ok(Value::from(
        range(&arguments[0])?.intersects(range(&arguments[1])?),
    ))
}

/// Each network with the key it is known by.
fn keyed(value: &Value) -> Result<Vec<(Value, Range)>> {
    let network = |value: &Value| match value {
        // Of a list in a list, the first is the network and the rest belongs to the caller.
        Value::Array(items) => range(items.iter().next().context("an empty list")?),
        _ => range(value),
    };
    match value {
        Value::String(_) => Ok(vec![(value.clone(), range(value)?)]),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| Ok((Value::from(index), network(item)?)))
            .collect(),
        Value::Set(items) => items
            .iter()
            .map(|item| Ok((item.clone(), network(item)?)))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, item)| Ok((key.clone(), network(item)?)))
            .collect(),
        _ => bail!("no networks"),
    }
}

pub(super) fn contains_matches(arguments: &[Value]) -> Result<Value> {
    let (outer, inner) = (keyed(&arguments[0])?, keyed(&arguments[1])?);
    let pairs: BTreeSet<Value> = outer
        .iter()
        .flat_map(|(key, range)| {
            let held = inner.iter().filter(|(_, other)| range.holds(*other));
            held.map(|(other, _)| Value::from(vec![key.clone(), other.clone()]))
        })
        .collect();
    Ok(Value::from(pairs))
}

pub(super) fn merge(arguments: &[Value]) -> Result<Value> {
    let mut ranges: Vec<Range> = super::elements(&arguments[0])?
        .into_iter()
        .map(range)
        .collect::<Result<_>>()?;
    ranges.sort_unstable();
    let mut merged: Vec<Range> = Vec::new();
    for next in ranges {
        match merged.last_mut() {
            Some(last) if last.v6 == next.v6 && next.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(next.last);
            }
            _ => merged.push(next),
        }
    }
    let networks: BTreeSet<Value> = merged
        .into_iter()
        .flat_map(Range::networks)
        .map(Value::from)
        .collect();
    Ok(Value::from(networks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(function: super::super::Function, arguments: &str) -> String {
        let arguments = Value::from_json_str(arguments).unwrap();
        let arguments: Vec<Value> = arguments.as_array().unwrap().iter().cloned().collect();
        function(&arguments).map_or_else(|_| "error".into(), |value| value.to_json_str().unwrap())
    }

    #[test]
    fn networks_are_ranges_of_addresses() {
        for (function, arguments, expected) in [
            (
                intersects as super::super::Function,
                r#"["10.0.0.0/8", "10.1.0.0/16"]"#,
                "true",
            ),
            (intersects, r#"["10.0.0.0/8", "11.0.0.0/8"]"#, "false"),
            (intersects, r#"["0.0.0.0/0", "::/0"]"#, "false"),
            (contains, r#"["10.0.0.0/8", "10.1.2.3"]"#, "true"),
            (contains, r#"["10.1.0.0/16", "10.0.0.0/8"]"#, "false"),
            (contains, r#"["10.1.0.0/33", "10.0.0.0/8"]"#, "error"),
            (
                merge,
                r#"[["10.0.0.0/25", "10.0.0.128/25", "10.0.2.0/24"]]"#,
                r#"["10.0.0.0/24","10.0.2.0/24"]"#,
            ),
            (
                merge,
                r#"[["0.0.0.0/1", "128.0.0.0/1"]]"#,
                r#"["0.0.0.0/0"]"#,
            ),
            (
                contains_matches,
                r#"["10.0.0.0/8", ["10.1.0.0/16", "11.0.0.1"]]"#,
                r#"[["10.0.0.0/8",0]]"#,
            ),
        ] {
            assert_eq!(
                called(function, arguments).replace([' ', '\n'], ""),
                expected,
                "{arguments}"
            );
        }
    }
}

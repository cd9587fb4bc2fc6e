//! Sizes, shares and digests as a person reads them.

use std::fmt::Write as _;

use super::width::count;

/// A size in bytes: `41.2 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A digest in groups of four hexadecimal digits, the first `groups` of them.
pub fn digest(sha256: &[u8; 32], groups: usize) -> String {
    let mut out = String::new();
    for (i, pair) in sha256.chunks(2).take(groups).enumerate() {
        if i > 0 {
            out.push(' ');
        }
        for byte in pair {
            let _ = write!(out, "{byte:02x}");
        }
    }
    out
}

/// A count with its noun: `1 change`, `1,284 changes`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_digests_are_short() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(41_234_567), "41.2 MB");
        assert_eq!(size(1_000), "1.0 kB");
        assert_eq!(size(999_999), "999.9 kB");
        assert_eq!(digest(&[0xab; 32], 3), "abab abab abab");
        assert_eq!(counted(1284, "change", "changes"), "1,284 changes");
    }
}

//! The spelling of names and durations in a trust file.

use jiff::SignedDuration;

/// Whether a name is safe in a file name and in an `allowed_signers` line.
pub(in crate::trust) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._@+-".contains(&b))
}

/// A whole number and one unit: `60s`, `30m`, `4h`, `2d`.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return None,
    };
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = digits.then(|| number.parse().ok()).flatten()?;
    // Ten years is more than any approval lives, and far from where times overflow.
    number
        .checked_mul(seconds)
        .filter(|&seconds| seconds <= 3650 * 86400)
        .map(SignedDuration::from_secs)
}

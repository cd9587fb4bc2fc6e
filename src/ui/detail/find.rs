//! What a search in the pane finds: letter case does not count for the letters of ASCII.

use std::ops::Range;

/// Where `wanted` stands in `text`, as byte ranges that do not overlap.
pub fn hits(text: &str, wanted: &str) -> Vec<Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    // Only ASCII letters change case here, so places in both texts are the same.
    let (text, wanted) = (text.to_ascii_lowercase(), wanted.to_ascii_lowercase());
    text.match_indices(&wanted)
        .map(|(start, hit)| start..start + hit.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_in_both_cases_at_their_places() {
        assert_eq!(hits("Äxa XA", "xA"), [2..4, 5..7]);
        assert_eq!(hits("aaaa", "aa"), [0..2, 2..4]);
        assert!(hits("abc", "").is_empty());
    }
}

//! What differs inside texts: words within a line, lines within a text.
//!
//! Works on plain strings and knows no plan. Gives up exactness rather than time: a text may be megabytes of noise.

use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

/// How long one comparison may take before it settles for a coarser answer.
const TIME_LIMIT: Duration = Duration::from_millis(50);
/// Below this percentage of equal text, marks inside a line point at coincidences.
const LEAST_EQUAL: usize = 30;
/// Beyond this many bytes nobody reads word marks.
const LONGEST_WITH_MARKS: usize = 20_000;
/// Equal lines kept around a difference.
pub const CONTEXT: usize = 3;

/// A run of text that is equal on both sides, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Whether it stands on this side only.
    pub differs: bool,
}

/// One line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// On both sides; the number counts in the new text.
    Same(usize, String),
    /// Only in the old text, with its number there.
    Removed(usize, Vec<Span>),
    /// Only in the new text, with its number there.
    Added(usize, Vec<Span>),
    /// That many equal lines are left out here.
    Folded(usize),
}

/// The words that differ between two lines.
///
/// Nothing is marked where too little is equal for marks to mean anything.
pub fn words(old: &str, new: &str) -> (Vec<Span>, Vec<Span>) {
    let whole = |text: &str| {
        vec![Span {
            text: text.into(),
            differs: false,
        }]
    };
    if old.len().max(new.len()) > LONGEST_WITH_MARKS {
        return (whole(old), whole(new));
    }
    let (old_tokens, new_tokens) = (tokens(old), tokens(new));
    let ops = compare(&old_tokens, &new_tokens);
    let equal: usize = ops
        .iter()
        .filter(|op| matches!(op, DiffOp::Equal { .. }))
        .flat_map(|op| &old_tokens[op.old_range()])
        .map(|token| token.len())
        .sum();
    if equal * 2 * 100 < (old.len() + new.len()) * LEAST_EQUAL {
        return (whole(old), whole(new));
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for op in ops {
        let equal = matches!(op, DiffOp::Equal { .. });
        push(&mut left, &old_tokens[op.old_range()], !equal);
        push(&mut right, &new_tokens[op.new_range()], !equal);
    }
    (left, right)
}

/// Adds tokens to a side; joins them to the run before if that is of the same sort.
fn push(side: &mut Vec<Span>, tokens: &[&str], differs: bool) {
    if tokens.is_empty() {
        return;
    }
    let text = tokens.concat();
    match side.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(&text),
        _ => side.push(Span { text, differs }),
    }
}

/// Runs of letters and digits; each other character alone.
///
/// White space is no good border for values such as `db.r5.large` or a policy without spaces, and single characters
/// find coincidences.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() {
            if start < at {
                out.push(&text[start..at]);
            }
            start = at + c.len_utf8();
            out.push(&text[at..start]);
        }
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

fn compare(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    capture_diff_slices_deadline(
        Algorithm::Myers,
        old,
        new,
        Instant::now().checked_add(TIME_LIMIT),
    )
}

/// The lines that differ between two texts, with `around` equal lines around them: as a rule [`CONTEXT`].
pub fn lines(old: &str, new: &str, around: usize) -> Vec<Line> {
    let old_lines: Vec<&str> = old.lines().collect();
    let new_lines: Vec<&str> = new.lines().collect();
    let ops = compare(&old_lines, &new_lines);
    let mut out = Vec::new();
    let last = ops.len().saturating_sub(1);
    for (i, op) in ops.iter().enumerate() {
        match *op {
            DiffOp::Equal { new_index, len, .. } => {
                // At either end of the text nothing differs further on, so nothing needs to stand around it.
                let near = |end: bool| {
                    if end && around < usize::MAX {
                        0
                    } else {
                        around
                    }
                };
                let (head, tail) = (near(i == 0), near(i == last));
                same(&mut out, &new_lines, new_index, len, head, tail);
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                let (old_range, new_range) = (op.old_range(), op.new_range());
                let pair = |i: usize, j: usize| words(old_lines[i], new_lines[j]);
                // Lines that were replaced one for one are compared word by word.
                let paired = old_range.len() == new_range.len();
                let mut added = Vec::new();
                for (i, j) in old_range.clone().zip(new_range.clone()).filter(|_| paired) {
                    let (left, right) = pair(i, j);
                    out.push(Line::Removed(i + 1, left));
                    added.push(Line::Added(j + 1, right));
                }
                if !paired {
                    out.extend(old_range.map(|i| Line::Removed(i + 1, unmarked(old_lines[i]))));
                    added.extend(new_range.map(|j| Line::Added(j + 1, unmarked(new_lines[j]))));
                }
                out.append(&mut added);
            }
        }
    }
    out
}

/// On which side alone a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// The old one.
    Old,
    /// The new one.
    New,
    /// It is the same on both.
    Neither,
}

/// All lines of a text that is compared with nothing.
pub fn one_sided(text: &str, only: Only) -> Vec<Line> {
    let line = |(i, line): (usize, &str)| match only {
        Only::New => Line::Added(i + 1, unmarked(line)),
        Only::Old => Line::Removed(i + 1, unmarked(line)),
        Only::Neither => Line::Same(i + 1, line.to_owned()),
    };
    text.lines().enumerate().map(line).collect()
}

fn unmarked(line: &str) -> Vec<Span> {
    vec![Span {
        text: line.into(),
        differs: false,
    }]
}

/// Adds a run of equal lines; its middle is folded if that saves more than the line that says so.
fn same(out: &mut Vec<Line>, lines: &[&str], start: usize, len: usize, head: usize, tail: usize) {
    let hidden = len.saturating_sub(head.saturating_add(tail));
    for i in 0..len {
        if hidden > 1 && i == head {
            out.push(Line::Folded(hidden));
        }
        if hidden <= 1 || i < head || i >= head + hidden {
            out.push(Line::Same(start + i + 1, lines[start + i].into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(spans: &[Span]) -> String {
        spans
            .iter()
            .map(|s| {
                if s.differs {
                    format!("[{}]", s.text)
                } else {
                    s.text.clone()
                }
            })
            .collect()
    }

    #[test]
    fn words_are_marked_as_a_person_would() {
        for (old, new, left, right) in [
            ("14.9", "15.4", "14.9", "15.4"),
            (
                "db.r5.large",
                "db.r6g.large",
                "db.[r5].large",
                "db.[r6g].large",
            ),
            (
                r#"["s3:GetObject"]"#,
                r#"["s3:*"]"#,
                r#"["s3:[GetObject]"]"#,
                r#"["s3:[*]"]"#,
            ),
            ("kitten", "sitting", "kitten", "sitting"),
            ("a b", "a b", "a b", "a b"),
            ("", "x", "", "x"),
        ] {
            let (l, r) = words(old, new);
            assert_eq!(
                (marked(&l).as_str(), marked(&r).as_str()),
                (left, right),
                "{old} {new}"
            );
        }
    }

    #[test]
    fn equal_lines_far_from_a_difference_are_folded_and_counted() {
        let old: String = (1..=30).fold(String::new(), |s, i| s + &format!("line {i}\n"));
        let new = old.replace("line 15\n", "line fifteen\n");
        let lines = lines(&old, &new, CONTEXT);
        assert_eq!(lines[0], Line::Folded(11));
        assert_eq!(lines[1], Line::Same(12, "line 12".into()));
        assert!(matches!(&lines[4], Line::Removed(15, spans) if marked(spans) == "line [15]"));
        assert!(matches!(&lines[5], Line::Added(15, spans) if marked(spans) == "line [fifteen]"));
        assert_eq!(lines.last(), Some(&Line::Folded(12)));
    }

    #[test]
    fn a_fold_never_hides_a_single_line() {
        assert_eq!(
            lines("a\nb\nc\nd\ne", "a\nb\nc\nd\nE", CONTEXT)[0],
            Line::Same(1, "a".into())
        );
    }

    #[test]
    fn noise_is_compared_within_the_time_limit() {
        let noise = |seed: u64| {
            let mut x = seed;
            (0..40_000).fold(String::new(), |mut s, _| {
                x = x
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                s.push(char::from(b'a' + (x >> 60) as u8));
                s.push('\n');
                s
            })
        };
        let start = Instant::now();
        let (old, new) = (noise(1), noise(2));
        assert!(!lines(&old, &new, CONTEXT).is_empty());
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    proptest::proptest! {
        #[test]
        fn both_sides_can_be_read_back(old in "[ab.]{0,20}", new in "[ab.]{0,20}") {
            let (left, right) = words(&old, &new);
            assert_eq!(left.iter().map(|s| s.text.as_str()).collect::<String>(), old);
            assert_eq!(right.iter().map(|s| s.text.as_str()).collect::<String>(), new);
        }

        #[test]
        fn every_line_is_shown_or_counted(old in "([ab]{1,2}\n){0,30}", new in "([ab]{1,2}\n){0,30}") {
            let (mut left, mut right) = (0, 0);
            for line in lines(&old, &new, CONTEXT) {
                match line {
                    Line::Same(..) => { left += 1; right += 1; }
                    Line::Removed(..) => left += 1,
                    Line::Added(..) => right += 1,
                    Line::Folded(n) => { left += n; right += n; }
                }
            }
            assert_eq!((left, right), (old.lines().count(), new.lines().count()));
        }
    }
}

//! Which elements of two lists belong together.
//!
//! A plan writes sets as lists in an order of its own and does not say which is which. So elements are paired by being
//! equal, then by what identifies them, then by likeness; position decides only what is left.

use std::collections::{HashMap, HashSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::value::canonical;
use crate::plan::value::{Member, Value};

/// An old and a new position that belong together; one of them is missing where there is no partner.
pub type Pair = (Option<usize>, Option<usize>);

/// How two lists go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The pairs, in the order of the new list, removed elements where they stood.
    pub pairs: Vec<Pair>,
    /// Elements that stayed stand in another order.
    pub reordered: bool,
}

/// Members that identify an element, alone or together, best first.
const IDENTITIES: [&[&str]; 12] = [
    &["key"],
    &["name"],
    &["sid"],
    &["Sid"],
    &["id"],
    &["rule_id"],
    &["rule_number"],
    &["priority"],
    &["device_name"],
    &["hostname"],
    &["from_port", "to_port", "protocol"],
    &["port", "protocol"],
];
/// Beyond this many elements without a partner, likeness is not worth the time.
const MOST_COMPARED: usize = 64;

/// Pairs the elements of `old` and `new`. `unknown` says which new elements have no value yet: they equal nothing.
pub fn pair(old: &[Value], new: &[Value], unknown: impl Fn(usize) -> bool) -> Pairing {
    let left: Vec<String> = old.iter().map(canonical).collect();
    // No canonical text starts with a question mark.
    let right: Vec<String> = (0..new.len())
        .map(|j| {
            if unknown(j) {
                format!("?{j}")
            } else {
                canonical(&new[j])
            }
        })
        .collect();
    let objects = |items: &[Value]| items.iter().any(|item| matches!(item, Value::Object(_)));
    if objects(old) || objects(new) {
        let partner = by_identity(old, new, &left, &right);
        in_order(&partner, old.len(), new.len())
    } else if is_permutation(&left, &right) {
        in_order(&equal_partners(&left, &right), old.len(), new.len())
    } else {
        Pairing {
            pairs: by_position(&left, &right),
            reordered: false,
        }
    }
}

fn is_permutation(left: &[String], right: &[String]) -> bool {
    let sorted = |side: &[String]| {
        let mut side: Vec<String> = side.to_vec();
        side.sort_unstable();
        side
    };
    left.len() == right.len() && sorted(left) == sorted(right)
}

/// Ordered lists of plain values: what the fewest edits leave in place. A value replaced in its place is one row.
fn by_position(left: &[String], right: &[String]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, left, right) {
        let (old, new) = (op.old_range(), op.new_range());
        let in_place = matches!(op, DiffOp::Equal { .. })
            || (matches!(op, DiffOp::Replace { .. }) && old.len() == 1 && new.len() == 1)
            || (matches!(op, DiffOp::Replace { .. })
                && old.len() == new.len()
                && right[new.clone()].iter().all(|r| r.starts_with('?')));
        if in_place {
            pairs.extend(old.zip(new).map(|(i, j)| (Some(i), Some(j))));
        } else {
            pairs.extend(old.map(|i| (Some(i), None)));
            pairs.extend(new.map(|j| (None, Some(j))));
        }
    }
    pairs
}

/// For each new element its equal among the old ones, each old one used once, the earliest first.
fn equal_partners(left: &[String], right: &[String]) -> Vec<Option<usize>> {
    let mut at: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, text) in left.iter().enumerate().rev() {
        at.entry(text).or_default().push(i);
    }
    right
        .iter()
        .map(|text| at.get_mut(text.as_str()).and_then(Vec::pop))
        .collect()
}

fn by_identity(
    old: &[Value],
    new: &[Value],
    left: &[String],
    right: &[String],
) -> Vec<Option<usize>> {
    let mut partner = equal_partners(left, right);
    let mut used: HashSet<usize> = partner.iter().flatten().copied().collect();
    if let Some(identity) = IDENTITIES
        .iter()
        .find(|names| identifies(names, old) && identifies(names, new))
    {
        let at: HashMap<String, usize> = (0..old.len())
            .filter(|i| !used.contains(i))
            .filter_map(|i| Some((identity_of(identity, &old[i])?, i)))
            .collect();
        for (j, free) in partner.iter_mut().enumerate().filter(|(_, p)| p.is_none()) {
            *free = identity_of(identity, &new[j]).and_then(|id| at.get(&id).copied());
            used.extend(*free);
        }
    }
    by_likeness(old, new, &mut partner, &mut used);
    partner
}

/// Whether each element has these members, and no two the same.
fn identifies(names: &[&str], items: &[Value]) -> bool {
    let mut seen = HashSet::new();
    items
        .iter()
        .all(|item| identity_of(names, item).is_some_and(|id| seen.insert(id)))
}

fn identity_of(names: &[&str], item: &Value) -> Option<String> {
    let mut id = String::new();
    for name in names {
        let member = item.get(name)?;
        if matches!(member, Value::Null | Value::List(_) | Value::Object(_)) || member.is_empty() {
            return None;
        }
        id.push_str(&canonical(member));
        id.push('\n');
    }
    Some(id)
}

/// Pairs what is left: the likest first, if at least half of their members are equal. A single one on each side is a pair.
fn by_likeness(
    old: &[Value],
    new: &[Value],
    partner: &mut [Option<usize>],
    used: &mut HashSet<usize>,
) {
    let mut left: Vec<usize> = (0..old.len()).filter(|i| !used.contains(i)).collect();
    let right: Vec<usize> = (0..new.len()).filter(|&j| partner[j].is_none()).collect();
    if left.len().max(right.len()) > MOST_COMPARED {
        return;
    }
    if let ([i], [j]) = (left.as_slice(), right.as_slice()) {
        partner[*j] = Some(*i);
        used.insert(*i);
        return;
    }
    for j in right {
        let best = left
            .iter()
            .enumerate()
            .filter_map(|(at, &i)| Some((likeness(&old[i], &new[j])?, at)))
            .max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        if let Some((_, at)) = best {
            let i = left.remove(at);
            partner[j] = Some(i);
            used.insert(i);
        }
    }
}

/// How many members two objects share; `None` below half of them.
fn likeness(old: &Value, new: &Value) -> Option<usize> {
    let (Value::Object(left), Value::Object(right)) = (old, new) else {
        return None;
    };
    let shared = left
        .iter()
        .filter(|(key, member)| !member.is_empty() && new.get(key) == Some(member))
        .count();
    let full = |members: &[Member]| members.iter().filter(|(_, m)| !m.is_empty()).count();
    (shared > 0 && shared * 2 >= full(left).max(full(right))).then_some(shared)
}

/// Lists the pairs in the order of the new list, with removed elements before the first new one that stood after them.
fn in_order(partner: &[Option<usize>], old: usize, new: usize) -> Pairing {
    let kept: Vec<usize> = partner.iter().flatten().copied().collect();
    let taken: HashSet<usize> = kept.iter().copied().collect();
    let mut removed = (0..old).filter(|i| !taken.contains(i)).peekable();
    let mut pairs = Vec::with_capacity(old.max(new));
    for (j, i) in partner.iter().enumerate() {
        if let Some(i) = i {
            while let Some(gone) = removed.next_if(|gone| gone < i) {
                pairs.push((Some(gone), None));
            }
        }
        pairs.push((*i, Some(j)));
    }
    pairs.extend(removed.map(|i| (Some(i), None)));
    Pairing {
        pairs,
        reordered: !kept.is_sorted(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(old: &str, new: &str) -> Pairing {
        let items = |json: &str| match Value::parse(json).unwrap() {
            Value::List(items) => items,
            other => panic!("{other}"),
        };
        pair(&items(old), &items(new), |_| false)
    }

    #[test]
    fn elements_find_their_partners() {
        let both = |i, j| (Some(i), Some(j));
        let gone = |i| (Some(i), None);
        let come = |j| (None, Some(j));
        for (old, new, expected, reordered) in [
            ("[]", "[]", vec![], false),
            ("[1,2]", "[1,2]", vec![both(0, 0), both(1, 1)], false),
            ("[1,2]", "[2,1]", vec![both(1, 0), both(0, 1)], true),
            (
                r#"["a","b"]"#,
                r#"["a","c","d"]"#,
                vec![both(0, 0), gone(1), come(1), come(2)],
                false,
            ),
            (
                r#"["10.0.0.0/8"]"#,
                r#"["0.0.0.0/0"]"#,
                vec![both(0, 0)],
                false,
            ),
            ("[1,1]", "[1]", vec![both(0, 0), gone(1)], false),
            (
                r#"[{"name":"a","x":1},{"name":"b","x":1}]"#,
                r#"[{"name":"b","x":2},{"name":"a","x":1}]"#,
                vec![both(1, 0), both(0, 1)],
                true,
            ),
            (
                r#"[{"from_port":1,"to_port":1,"protocol":"tcp","c":[1]},{"from_port":2,"to_port":2,"protocol":"tcp","c":[1]}]"#,
                r#"[{"from_port":2,"to_port":2,"protocol":"tcp","c":[2]}]"#,
                vec![gone(0), both(1, 0)],
                false,
            ),
            (r#"[{"x":1}]"#, r#"[{"y":2}]"#, vec![both(0, 0)], false),
            (
                r#"[{"p":1,"q":1},{"p":2,"q":2}]"#,
                r#"[{"p":3,"q":3},{"p":2,"q":4}]"#,
                vec![gone(0), come(0), both(1, 1)],
                false,
            ),
        ] {
            let found = pairs(old, new);
            let mut sorted = found.pairs.clone();
            let mut want = expected.clone();
            sorted.sort_unstable();
            want.sort_unstable();
            assert_eq!(
                (sorted, found.reordered),
                (want, reordered),
                "{old} {new}: {:?}",
                found.pairs
            );
        }
    }

    #[test]
    fn an_element_without_a_value_equals_nothing() {
        let null = [Value::Null];
        assert_eq!(
            pair(&null, &null, |_| true).pairs,
            [(Some(0), Some(0))],
            "it takes the place of the old one"
        );
        let text = |t: &str| Value::Text(t.into());
        let found = pair(&[text("a")], &[text("a"), Value::Null], |j| j == 1);
        assert_eq!(found.pairs, [(Some(0), Some(0)), (None, Some(1))]);
    }

    proptest::proptest! {
        #[test]
        fn each_element_is_paired_once(old in "[ab1]{0,8}", new in "[ab1]{0,8}", named: bool) {
            let items = |text: &str| -> Vec<Value> {
                text.chars().map(|c| {
                    let text = Value::Text(c.to_string().into());
                    if named { Value::Object(vec![("name".into(), text)]) } else { text }
                }).collect()
            };
            let (old, new) = (items(&old), items(&new));
            let pairs = pair(&old, &new, |j| j % 3 == 2).pairs;
            let mut left: Vec<usize> = pairs.iter().filter_map(|p| p.0).collect();
            let right: Vec<usize> = pairs.iter().filter_map(|p| p.1).collect();
            left.sort_unstable();
            assert_eq!(left, (0..old.len()).collect::<Vec<_>>());
            assert_eq!(right, (0..new.len()).collect::<Vec<_>>());
        }
    }
}

//! Sorting rows by what there are few of: in two passes, without comparing anything.

use super::facets::Facet;
use crate::plan::effect::Kind;
use crate::risk::Risk;
use crate::ui::standing::Standing;

/// The rows in the order of their keys, which are less than `keys`. Rows of one key stay as they stand.
pub fn sorted(rows: &[u32], keys: usize, key: impl Fn(u32) -> usize) -> Vec<u32> {
    // First how many of each key there are, then where the next of it goes.
    let mut places = vec![0_u32; keys];
    for &row in rows {
        places[key(row)] += 1;
    }
    let mut from = 0;
    for place in &mut places {
        from += std::mem::replace(place, from);
    }
    let mut out = vec![0; rows.len()];
    for &row in rows {
        let place = &mut places[key(row)];
        out[*place as usize] = row;
        *place += 1;
    }
    out
}

/// How many different answers [`urgency`] has.
pub const URGENCIES: usize = 32;

/// What asks first: what the task may not touch, then signals of the whole plan, then the worst. What is carried over from
/// an earlier plan was read before, and goes last.
pub fn urgency(facet: Facet, standing: Standing) -> usize {
    let later = [
        standing == Standing::Carried,
        !facet.out_of_scope,
        facet.kind != Kind::Plan,
    ];
    let later = later
        .into_iter()
        .fold(0, |key, later| key << 1 | usize::from(later));
    later << 2 | (Risk::Critical as usize - facet.risk as usize)
}

//! What the rows below a group add up to: the worst of them, and how many of those that ask are answered.

use super::facets::Facets;
use crate::risk::Risk;
use crate::ui::standing::Standing;

/// What stands on a group's line for the rows below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// The highest risk; `None` where there is no row.
    pub worst: Option<Risk>,
    /// Rows that ask for an acknowledgement, or that somebody objected to.
    pub asking: usize,
    /// Of these, the answered ones.
    pub answered: usize,
    /// Whether somebody objected to one of them.
    pub objected: bool,
}

impl Sums {
    /// `[ ]`, `[-]`, `[x]` or, of an objection, `[!]`; `None` where nothing asks.
    pub fn tick(self) -> Option<&'static str> {
        match (self.asking, self.answered) {
            (0, _) => None,
            _ if self.objected => Some(Standing::Objected.tick()),
            (_, 0) => Some("[ ]"),
            (asking, answered) if asking == answered => Some("[x]"),
            _ => Some("[-]"),
        }
    }

    /// Adds up rows.
    pub fn of(rows: &[u32], facets: &Facets, standings: &[Standing]) -> Self {
        let mut sums = Sums::default();
        for &row in rows {
            sums.worst = sums.worst.max(Some(facets.of(row).risk));
            match standings[row as usize] {
                Standing::Open => sums.asking += 1,
                standing @ (Standing::Acked | Standing::Carried | Standing::Objected) => {
                    sums.asking += 1;
                    sums.answered += 1;
                    sums.objected |= standing == Standing::Objected;
                }
                Standing::Nothing => {}
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_four_states() {
        for (asking, answered, objected, tick) in [
            (0, 0, false, None),
            (2, 0, false, Some("[ ]")),
            (2, 1, false, Some("[-]")),
            (2, 2, false, Some("[x]")),
            (2, 1, true, Some("[!]")),
            (2, 2, true, Some("[!]")),
        ] {
            let sums = Sums {
                worst: None,
                asking,
                answered,
                objected,
            };
            assert_eq!(sums.tick(), tick);
        }
    }
}

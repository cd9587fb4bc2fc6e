//! What the rows below a group add up to: the worst of them, and how many of those that ask are answered.

use super::{Name, Node};
use crate::risk::{Judged, Risk};
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
}

impl Sums {
    /// `[ ]`, `[-]` or `[x]`; `None` where nothing asks.
    pub fn tick(self) -> Option<&'static str> {
        match (self.asking, self.answered) {
            (0, _) => None,
            (_, 0) => Some("[ ]"),
            (asking, answered) if asking == answered => Some("[x]"),
            _ => Some("[-]"),
        }
    }

    fn add(&mut self, judged: &Judged, standing: Standing) {
        self.worst = self.worst.max(Some(judged.risk()));
        match standing {
            Standing::Open => self.asking += 1,
            Standing::Acked | Standing::Carried | Standing::Objected => {
                self.asking += 1;
                self.answered += 1;
            }
            Standing::Nothing => {}
        }
    }
}

/// Writes the sums into the groups and folds.
pub fn sum(nodes: &mut [Node], rows: &[Judged], standings: &[Standing]) {
    // The groups around the node that comes next.
    let mut around: Vec<usize> = Vec::new();
    for at in 0..nodes.len() {
        while around
            .last()
            .is_some_and(|&group| nodes[group].next as usize <= at)
        {
            around.pop();
        }
        match nodes[at].name {
            Name::Row(row) => {
                let row = row as usize;
                for &group in &around {
                    nodes[group].sums.add(&rows[row], standings[row]);
                }
            }
            Name::Group(_) | Name::Alike(_) => around.push(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_three_states() {
        for (asking, answered, tick) in [
            (0, 0, None),
            (2, 0, Some("[ ]")),
            (2, 1, Some("[-]")),
            (2, 2, Some("[x]")),
        ] {
            let sums = Sums {
                worst: None,
                asking,
                answered,
            };
            assert_eq!(sums.tick(), tick);
        }
    }
}

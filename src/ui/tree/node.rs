//! A line of the list: a row, or a group of them.

use arcstr::ArcStr;

use super::sums::Sums;

/// Which group it is: survives every regrouping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// One at the top.
    Section(&'static str),
    /// One inside of a section.
    Part(&'static str, ArcStr),
    /// A fold of rows of such a part that are alike in this.
    Alike(&'static str, ArcStr, String),
}

/// What stands at the right end of a group's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// So many of so many are acknowledged.
    Done(usize, usize),
    /// So many rows.
    Rows(usize),
    /// So many rows by action sign: `+300 ~12`.
    Signs(Vec<(&'static str, usize)>),
}

/// A line of the tree. Nearly all are rows, and a plan can have 100,000 of them: what only groups have stands apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A row.
    Row {
        /// Its place in the plan.
        row: u32,
        /// How far it is set in.
        depth: u16,
    },
    /// A group, or a fold of rows that are alike.
    Group(Box<Group>),
}

/// A line with others below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Who it is.
    pub name: Name,
    /// How far it is set in.
    pub depth: u16,
    /// Index of the first node behind its subtree.
    pub next: u32,
    /// Whether its subtree is shown.
    pub open: bool,
    /// What it is called. Foreign text may stand in it.
    pub label: ArcStr,
    /// What is counted in it; a fold says it in its label.
    pub count: Option<Count>,
    /// What the rows below it add up to.
    pub sums: Sums,
}

impl Node {
    /// How far it is set in.
    pub fn depth(&self) -> u16 {
        match self {
            Node::Row { depth, .. } => *depth,
            Node::Group(group) => group.depth,
        }
    }

    /// The row, if it is one.
    pub fn row(&self) -> Option<u32> {
        match self {
            Node::Row { row, .. } => Some(*row),
            Node::Group(_) => None,
        }
    }

    /// The group, if it is one.
    pub fn group(&self) -> Option<&Group> {
        match self {
            Node::Row { .. } => None,
            Node::Group(group) => Some(group),
        }
    }

    /// Whether both are of the same row, or of the same group.
    pub(super) fn is(&self, other: &Node) -> bool {
        match (self, other) {
            (Node::Row { row, .. }, Node::Row { row: other, .. }) => row == other,
            (Node::Group(group), Node::Group(other)) => group.name == other.name,
            _ => false,
        }
    }
}

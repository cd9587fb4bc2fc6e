//! The list of changes: flat rows with skip pointers, folds, the cursor.
//!
//! A node knows where its subtree ends, so folding and drawing touch only what is seen: 100,000 rows cost as much as 30.
//! The cursor belongs to a row, never to a line number: it stays where it is while rows stream in.

use std::collections::HashMap;

pub mod groups;
pub mod sums;

use sums::Sums;

/// What a node is, by name: survives every regrouping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A group, by its path.
    Group(String),
    /// A row, by its place in the plan.
    Row(u32),
    /// A fold of rows that are alike, by its path.
    Alike(String),
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

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// How far it is set in.
    pub depth: u16,
    /// Index of the first node behind its subtree.
    pub next: u32,
    /// Whether its subtree is shown.
    pub open: bool,
    /// Who it is.
    pub name: Name,
    /// What a group or fold is called; empty for a row. Foreign text may stand in it.
    pub label: String,
    /// What is counted in it; `None` for a row.
    pub count: Option<Count>,
    /// What the rows below it add up to.
    pub sums: Sums,
}

/// The tree as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    visible: Vec<u32>,
    cursor: usize,
    top: usize,
    toggled: HashMap<Name, bool>,
}

impl Tree {
    /// Takes newly grouped nodes; keeps what was opened and closed, and the cursor on its row.
    pub fn replace(&mut self, nodes: Vec<Node>) {
        let at = self.current().map(|node| node.name.clone());
        self.nodes = nodes;
        for node in &mut self.nodes {
            if let Some(open) = self.toggled.get(&node.name) {
                node.open = *open;
            }
        }
        self.unfold();
        let found = at.and_then(|name| self.visible_position(&name));
        self.cursor = found.unwrap_or(self.cursor).min(self.last());
    }

    /// The node under the cursor.
    pub fn current(&self) -> Option<&Node> {
        self.visible
            .get(self.cursor)
            .map(|&at| &self.nodes[at as usize])
    }

    /// The row under the cursor.
    pub fn row(&self) -> Option<u32> {
        match self.current()?.name {
            Name::Row(row) => Some(row),
            Name::Group(_) | Name::Alike(_) => None,
        }
    }

    /// The lines of a window of `height`, and which of them has the cursor.
    pub fn window(&self, height: usize) -> impl Iterator<Item = (bool, &Node)> {
        let shown = self.visible.iter().enumerate().skip(self.top).take(height);
        shown.map(|(i, &at)| (i == self.cursor, &self.nodes[at as usize]))
    }

    /// The rows within `reach` lines of the line `y` of the window.
    pub fn beside(&self, y: usize, reach: usize) -> impl Iterator<Item = u32> {
        let at = self.top + y;
        let from = at.saturating_sub(reach).min(self.visible.len());
        let to = (at + reach + 1).min(self.visible.len());
        let nodes = self.visible[from..to].iter();
        nodes.filter_map(|&node| match self.nodes[node as usize].name {
            Name::Row(row) => Some(row),
            Name::Group(_) | Name::Alike(_) => None,
        })
    }

    /// How many lines are above and below a window of `height`.
    pub fn beyond(&self, height: usize) -> (usize, usize) {
        (
            self.top,
            self.visible.len().saturating_sub(self.top + height),
        )
    }

    /// The line with the cursor and the number of lines.
    pub fn position(&self) -> (usize, usize) {
        (self.cursor, self.visible.len())
    }

    /// Moves the cursor to the line `y` of the window; says whether there is one.
    pub fn point(&mut self, y: usize) -> bool {
        let there = self.top + y < self.visible.len();
        if there {
            self.cursor = self.top + y;
        }
        there
    }

    /// Moves the window so that the cursor is in it, with a line around it where there is room.
    pub fn scroll(&mut self, height: usize) {
        let margin = usize::from(height > 4);
        let most = self.visible.len().saturating_sub(height);
        if self.cursor < self.top + margin {
            self.top = self.cursor.saturating_sub(margin);
        }
        if self.cursor + margin >= self.top + height {
            self.top = (self.cursor + margin + 1).saturating_sub(height);
        }
        self.top = self.top.min(most);
    }

    /// Moves the cursor by lines.
    pub fn step(&mut self, lines: isize) {
        self.cursor = self.cursor.saturating_add_signed(lines).min(self.last());
    }

    /// Moves the cursor to the first line.
    pub fn first(&mut self) {
        self.cursor = 0;
    }

    /// Moves the cursor from a group to the first row in the list, if there is one.
    pub fn to_a_row(&mut self) {
        if self.row().is_some() {
            return;
        }
        let is_row = |&at: &u32| matches!(self.nodes[at as usize].name, Name::Row(_));
        if let Some(first) = self.visible.iter().position(is_row) {
            self.cursor = first;
        }
    }

    /// Moves the cursor to the last line.
    pub fn end(&mut self) {
        self.cursor = self.last();
    }

    /// Opens a closed node, or goes to its first child. Says whether anything happened.
    pub fn enter(&mut self) -> bool {
        let Some(&at) = self.visible.get(self.cursor) else {
            return false;
        };
        let node = &self.nodes[at as usize];
        if node.next == at + 1 {
            return false;
        }
        if node.open {
            self.step(1);
        } else {
            self.set_open(at, true);
        }
        true
    }

    /// Closes an open node, or goes to its parent.
    pub fn leave(&mut self) {
        let Some(&at) = self.visible.get(self.cursor) else {
            return;
        };
        let node = &self.nodes[at as usize];
        if node.open && node.next > at + 1 {
            self.set_open(at, false);
        } else {
            self.parent();
        }
    }

    /// Goes to the parent.
    pub fn parent(&mut self) {
        let Some(depth) = self.current().map(|node| node.depth) else {
            return;
        };
        let above = self.visible[..self.cursor].iter();
        if let Some(at) = above
            .rev()
            .position(|&at| self.nodes[at as usize].depth < depth)
        {
            self.cursor -= at + 1;
        }
    }

    /// Opens or closes the node under the cursor. Says whether it can be opened at all.
    pub fn toggle(&mut self) -> bool {
        let Some(&at) = self.visible.get(self.cursor) else {
            return false;
        };
        let node = &self.nodes[at as usize];
        let folds = node.next > at + 1;
        if folds {
            self.set_open(at, !node.open);
        }
        folds
    }

    /// Opens or closes everything.
    pub fn set_all(&mut self, open: bool) {
        let at = self.visible.get(self.cursor).copied();
        for i in 0..self.nodes.len() {
            if self.nodes[i].next as usize > i + 1 {
                self.nodes[i].open = open;
                self.toggled.insert(self.nodes[i].name.clone(), open);
            }
        }
        self.unfold();
        // The cursor stays on its line, or goes to the group that now hides it.
        if let Some(at) = at {
            let behind = self.visible.partition_point(|&seen| seen <= at);
            self.cursor = behind.saturating_sub(1);
        }
    }

    /// Puts the cursor on a row and opens what hides it. Says whether the row is in the tree.
    pub fn go_to(&mut self, row: u32) -> bool {
        let Some(at) = self.nodes.iter().position(|n| n.name == Name::Row(row)) else {
            return false;
        };
        let mut opened = false;
        let mut i = 0;
        while i < at {
            let node = &self.nodes[i];
            if (node.next as usize) <= at {
                i = node.next as usize;
                continue;
            }
            if !node.open {
                self.toggled.insert(node.name.clone(), true);
                self.nodes[i].open = true;
                opened = true;
            }
            i += 1;
        }
        if opened {
            self.unfold();
        }
        self.cursor = self.visible.partition_point(|&seen| (seen as usize) < at);
        true
    }

    /// The rows in the order of the tree, hidden ones too, from the one behind the cursor on and round.
    pub fn rows_from_cursor(&self) -> impl DoubleEndedIterator<Item = u32> {
        let at = self.visible.get(self.cursor).map_or(0, |&at| at as usize);
        let (before, from) = self.nodes.split_at(at.min(self.nodes.len()));
        let (current, behind) = from.split_at(from.len().min(1));
        behind
            .iter()
            .chain(before)
            .chain(current)
            .filter_map(|node| match node.name {
                Name::Row(row) => Some(row),
                Name::Group(_) | Name::Alike(_) => None,
            })
    }

    fn set_open(&mut self, at: u32, open: bool) {
        let node = &mut self.nodes[at as usize];
        node.open = open;
        self.toggled.insert(node.name.clone(), open);
        self.unfold();
    }

    fn unfold(&mut self) {
        self.visible.clear();
        let mut i = 0;
        while let Some(node) = self.nodes.get(i) {
            self.visible.push(i as u32);
            i = if node.open { i + 1 } else { node.next as usize };
        }
    }

    fn visible_position(&self, name: &Name) -> Option<usize> {
        self.visible
            .iter()
            .position(|&at| self.nodes[at as usize].name == *name)
    }

    fn last(&self) -> usize {
        self.visible.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(depth: u16, next: u32, open: bool, name: Name) -> Node {
        Node {
            depth,
            next,
            open,
            name,
            label: String::new(),
            count: None,
            sums: Sums::default(),
        }
    }

    /// `A` with rows 0 and 1, closed `B` with row 2, `C` with row 3.
    fn tree() -> Tree {
        let group = |name: &str| Name::Group(name.into());
        let mut tree = Tree::default();
        tree.replace(vec![
            node(0, 3, true, group("A")),
            node(1, 2, false, Name::Row(0)),
            node(1, 3, false, Name::Row(1)),
            node(0, 5, false, group("B")),
            node(1, 5, false, Name::Row(2)),
            node(0, 7, true, group("C")),
            node(1, 7, false, Name::Row(3)),
        ]);
        tree
    }

    fn at(tree: &Tree) -> String {
        match &tree.current().unwrap().name {
            Name::Group(name) | Name::Alike(name) => name.clone(),
            Name::Row(row) => row.to_string(),
        }
    }

    #[test]
    fn moves_go_where_one_expects() {
        type Move = fn(&mut Tree);
        let table: &[(Move, &str)] = &[
            (|t| t.step(1), "0"),
            (|t| t.step(1), "1"),
            (Tree::parent, "A"),
            (|t| _ = t.enter(), "0"),
            (Tree::leave, "A"),
            (Tree::leave, "A"),
            (|t| t.step(1), "B"),
            (|t| _ = t.enter(), "B"),
            (|t| _ = t.enter(), "2"),
            (|t| t.step(-100), "A"),
            (Tree::end, "3"),
            (|t| _ = t.enter(), "3"),
            (|t| t.set_all(false), "C"),
            (|t| _ = t.go_to(1), "1"),
            (|t| t.set_all(true), "1"),
            (Tree::first, "A"),
        ];
        let mut tree = tree();
        for (i, (go, expected)) in table.iter().enumerate() {
            go(&mut tree);
            assert_eq!(at(&tree), *expected, "move {i}");
        }
    }

    #[test]
    fn the_cursor_stays_on_its_row_when_rows_come() {
        let mut tree = tree();
        tree.go_to(1);
        let mut nodes = vec![node(0, 1, true, Name::Group("new".into()))];
        nodes.extend(tree.nodes.clone().into_iter().map(|mut n| {
            n.next += 1;
            n
        }));
        tree.replace(nodes);
        assert_eq!(tree.row(), Some(1));
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut tree = tree();
        tree.end();
        tree.scroll(2);
        let seen: Vec<bool> = tree.window(2).map(|(cursor, _)| cursor).collect();
        assert_eq!(seen, [false, true]);
        assert_eq!(tree.beyond(2), (4, 0));
        tree.scroll(0);
        tree.first();
        tree.scroll(3);
        assert_eq!(tree.beyond(3), (0, 3));
    }

    #[test]
    fn rows_go_round_from_the_cursor() {
        let mut tree = tree();
        tree.go_to(1);
        assert_eq!(tree.rows_from_cursor().collect::<Vec<_>>(), [2, 3, 0, 1]);
    }
}

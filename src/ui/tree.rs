//! The list of changes: flat rows with skip pointers, folds, the cursor.
//!
//! A node knows where its subtree ends, so folding and drawing touch only what is seen: 100,000 rows cost as much as 30.
//! The cursor belongs to a row, never to a line number: it stays where it is while rows stream in.

use std::collections::HashMap;

pub mod facets;
pub mod groups;
mod node;
pub mod order;
pub mod sums;

pub use node::{Count, Group, Name, Node};

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
    /// Takes nodes that are grouped anew; keeps what was opened and closed, and the cursor on its row. The old nodes are
    /// gone before the new ones are made: both together would take more than anything else.
    pub fn replace(&mut self, nodes: impl FnOnce() -> Vec<Node>) {
        let at = self.current().cloned();
        self.nodes = Vec::new();
        self.nodes = nodes();
        for node in &mut self.nodes {
            if let Node::Group(group) = node
                && let Some(open) = self.toggled.get(&group.name)
            {
                group.open = *open;
            }
        }
        self.unfold();
        let found = at.and_then(|node| self.visible_position(&node));
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
        self.current()?.row()
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
        nodes.filter_map(|&node| self.nodes[node as usize].row())
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
        let is_row = |&at: &u32| self.nodes[at as usize].row().is_some();
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
        match self.nodes[at as usize].group().map(|group| group.open) {
            None => return false,
            Some(true) => self.step(1),
            Some(false) => self.set_open(at, true),
        }
        true
    }

    /// Closes an open node, or goes to its parent.
    pub fn leave(&mut self) {
        let Some(&at) = self.visible.get(self.cursor) else {
            return;
        };
        match self.nodes[at as usize].group() {
            Some(group) if group.open => self.set_open(at, false),
            _ => self.parent(),
        }
    }

    /// Goes to the parent.
    pub fn parent(&mut self) {
        let Some(depth) = self.current().map(Node::depth) else {
            return;
        };
        let above = self.visible[..self.cursor].iter();
        if let Some(at) = above
            .rev()
            .position(|&at| self.nodes[at as usize].depth() < depth)
        {
            self.cursor -= at + 1;
        }
    }

    /// Opens or closes the node under the cursor. Says whether it can be opened at all.
    pub fn toggle(&mut self) -> bool {
        let Some(&at) = self.visible.get(self.cursor) else {
            return false;
        };
        let open = self.nodes[at as usize].group().map(|group| group.open);
        if let Some(open) = open {
            self.set_open(at, !open);
        }
        open.is_some()
    }

    /// Opens or closes everything.
    pub fn set_all(&mut self, open: bool) {
        let at = self.visible.get(self.cursor).copied();
        for node in &mut self.nodes {
            if let Node::Group(group) = node {
                group.open = open;
                self.toggled.insert(group.name.clone(), open);
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
        let is_it = |node: &Node| node.row() == Some(row);
        let Some(at) = self.nodes.iter().position(is_it) else {
            return false;
        };
        let mut opened = false;
        let mut i = 0;
        while i < at {
            match &mut self.nodes[i] {
                Node::Group(group) if group.next as usize <= at => {
                    i = group.next as usize;
                    continue;
                }
                Node::Group(group) if !group.open => {
                    self.toggled.insert(group.name.clone(), true);
                    group.open = true;
                    opened = true;
                }
                Node::Group(_) | Node::Row { .. } => {}
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
            .filter_map(Node::row)
    }

    fn set_open(&mut self, at: u32, open: bool) {
        if let Node::Group(group) = &mut self.nodes[at as usize] {
            group.open = open;
            self.toggled.insert(group.name.clone(), open);
            self.unfold();
        }
    }

    fn unfold(&mut self) {
        self.visible.clear();
        let mut i = 0;
        while let Some(node) = self.nodes.get(i) {
            self.visible.push(i as u32);
            i = match node {
                Node::Group(group) if !group.open => group.next as usize,
                Node::Group(_) | Node::Row { .. } => i + 1,
            };
        }
    }

    fn visible_position(&self, node: &Node) -> Option<usize> {
        let mut visible = self.visible.iter();
        visible.position(|&at| self.nodes[at as usize].is(node))
    }

    fn last(&self) -> usize {
        self.visible.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use arcstr::ArcStr;

    use super::sums::Sums;
    use super::*;

    fn group(next: u32, open: bool, name: &'static str) -> Node {
        Node::Group(Box::new(Group {
            depth: 0,
            next,
            open,
            name: Name::Section(name),
            label: ArcStr::new(),
            count: None,
            sums: Sums::default(),
        }))
    }

    fn row(row: u32) -> Node {
        Node::Row { row, depth: 1 }
    }

    /// `A` with rows 0 and 1, closed `B` with row 2, `C` with row 3.
    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.replace(|| {
            vec![
                group(3, true, "A"),
                row(0),
                row(1),
                group(5, false, "B"),
                row(2),
                group(7, true, "C"),
                row(3),
            ]
        });
        tree
    }

    fn at(tree: &Tree) -> String {
        match tree.current().unwrap() {
            Node::Row { row, .. } => row.to_string(),
            Node::Group(group) => match group.name {
                Name::Section(name) => name.to_owned(),
                Name::Part(..) | Name::Alike(..) => unreachable!("none is made here"),
            },
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
        let mut nodes = vec![group(1, true, "new")];
        nodes.extend(tree.nodes.clone().into_iter().map(|mut node| {
            if let Node::Group(group) = &mut node {
                group.next += 1;
            }
            node
        }));
        tree.replace(|| nodes);
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

//! How rows become a tree: what asks for an acknowledgement on top, the rest by module, like ones folded.
//!
//! Every row that fits the filter is in exactly one place, folded or not; nothing is left out.

use std::collections::HashMap;

use super::sums::{Sums, sum};
use super::{Count, Name, Node};
use crate::plan::action::Action;
use crate::plan::effect::Kind;
use crate::review::verdicts;
use crate::risk::Judged;
use crate::ui::standing::Standing;
use crate::ui::width::count;

/// What the changes are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// What asks first, then the rest by module.
    #[default]
    Risk,
    /// Module.
    Module,
    /// Resource type.
    Type,
    /// Action.
    Action,
    /// The plan, where there are several.
    Unit,
}

impl By {
    /// The next one.
    #[must_use]
    pub fn next(self, several_plans: bool) -> Self {
        match self {
            By::Risk => By::Module,
            By::Module => By::Type,
            By::Type => By::Action,
            By::Action if several_plans => By::Unit,
            By::Action | By::Unit => By::Risk,
        }
    }

    /// The word in the frame.
    pub fn word(self) -> &'static str {
        match self {
            By::Risk => "risk",
            By::Module => "module",
            By::Type => "type",
            By::Action => "action",
            By::Unit => "unit",
        }
    }
}

/// How many like rows stand before the others of their kind are folded.
const ALIKE_SHOWN: usize = 3;

/// How many routine rows a plan may have for their groups to be open from the start.
const FEW: usize = 12;

/// Groups the rows whose numbers are in `fitting`; what was looked for with a filter is not folded away.
pub fn group(rows: &[Judged], standings: &[Standing], fitting: &[u32], by: By) -> Vec<Node> {
    let mut sections = Sections::default();
    for &row in fitting {
        let judged = &rows[row as usize];
        let section = section(judged, standings[row as usize], by);
        sections.rows[section as usize].push(row);
    }
    let mut out = Builder {
        rows,
        standings,
        by,
        filtered: fitting.len() < rows.len(),
        nodes: Vec::new(),
    };
    for section in SECTIONS {
        let members = std::mem::take(&mut sections.rows[*section as usize]);
        if !members.is_empty() {
            out.section(*section, members);
        }
    }
    let mut nodes = out.nodes;
    sum(&mut nodes, rows, standings);
    nodes
}

#[derive(Default)]
struct Sections {
    rows: [Vec<u32>; SECTIONS.len()],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Asking,
    Plan,
    Changes,
    Invocations,
    Provisioners,
    Deferred,
    Outputs,
    Drift,
    Checks,
    UnknownKeys,
    Nothing,
}

const SECTIONS: &[Section] = &[
    Section::Asking,
    Section::Plan,
    Section::Changes,
    Section::Invocations,
    Section::Provisioners,
    Section::Deferred,
    Section::Outputs,
    Section::Drift,
    Section::Checks,
    Section::UnknownKeys,
    Section::Nothing,
];

fn section(judged: &Judged, standing: Standing, by: By) -> Section {
    let asks = judged.needs_ack() || standing == Standing::Objected;
    if asks && (by == By::Risk || judged.effect.kind != Kind::Change) {
        return Section::Asking;
    }
    if judged.effect.is_nothing() {
        return Section::Nothing;
    }
    match judged.effect.kind {
        Kind::Plan => Section::Plan,
        Kind::Change => Section::Changes,
        Kind::Deferred => Section::Deferred,
        Kind::Invocation => Section::Invocations,
        Kind::Provisioner => Section::Provisioners,
        Kind::Output => Section::Outputs,
        Kind::Drift => Section::Drift,
        Kind::Check => Section::Checks,
        Kind::UnknownKey => Section::UnknownKeys,
    }
}

impl Section {
    fn label(self, by: By) -> &'static str {
        match self {
            Section::Asking => "To acknowledge",
            Section::Plan => "The whole plan",
            Section::Changes if by == By::Risk => "Routine",
            Section::Changes => "Changes",
            Section::Invocations => "Actions",
            Section::Provisioners => "Programs that run",
            Section::Deferred => "Put off to a later plan",
            Section::Outputs => "Outputs",
            Section::Drift => "Drift seen while planning",
            Section::Checks => "Checks that did not pass",
            Section::UnknownKeys => "Unknown to undersign",
            Section::Nothing => "No change",
        }
    }

    fn starts_open(self) -> bool {
        match self {
            Section::Asking | Section::Plan | Section::Changes | Section::Checks => true,
            Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Outputs
            | Section::Drift
            | Section::UnknownKeys
            | Section::Nothing => false,
        }
    }
}

/// How many of which action sign, what is made first and what is lost last.
pub fn by_sign<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<(&'static str, usize)> {
    const ORDER: [&str; 12] = [
        "+", "~", "-/+", "+/-", "-", "<=", "x", "+/x", "x/+", "o", "?", "",
    ];
    let mut counts = ORDER.map(|sign| (sign, 0_usize));
    let mut last = 0;
    for action in actions {
        let sign = action.sign();
        if counts[last].0 != sign {
            let found = counts.iter().position(|(known, _)| *known == sign);
            last = found.expect("the order has every sign");
        }
        counts[last].1 += 1;
    }
    counts.into_iter().filter(|(_, n)| *n > 0).collect()
}

struct Builder<'a> {
    rows: &'a [Judged],
    standings: &'a [Standing],
    by: By,
    filtered: bool,
    nodes: Vec<Node>,
}

impl Builder<'_> {
    fn section(&mut self, section: Section, mut members: Vec<u32>) {
        let label = section.label(self.by);
        let count = match section {
            Section::Asking => self.done(&members),
            Section::Outputs => self.signs(&members),
            Section::Changes
            | Section::Plan
            | Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Drift
            | Section::Checks
            | Section::UnknownKeys
            | Section::Nothing => Count::Rows(members.len()),
        };
        let few = self.filtered || members.len() <= FEW;
        let open = self.filtered || section.starts_open();
        let at = self.open_group(0, label, label.into(), count, open);
        match section {
            Section::Asking => {
                // What the task may not touch first, then signals of the whole plan, then the worst; the file's own order
                // decides among equals. What is carried over from an earlier plan was read before, and goes last.
                members.sort_by_key(|&row| {
                    let judged = &self.rows[row as usize];
                    (
                        self.standings[row as usize] == Standing::Carried,
                        !verdicts::is_out_of_scope(judged),
                        judged.effect.kind != Kind::Plan,
                        std::cmp::Reverse(judged.risk()),
                    )
                });
                self.rows_at(1, &members);
            }
            Section::Changes => self.changes(label, members, few),
            Section::Plan
            | Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Outputs
            | Section::Drift
            | Section::Checks
            | Section::UnknownKeys
            | Section::Nothing => self.rows_at(1, &members),
        }
        self.close_group(at);
    }

    fn changes(&mut self, path: &str, members: Vec<u32>, few: bool) {
        for (label, rows) in self.parts(members) {
            let count = self.signs(&rows);
            let path = format!("{path}/{label}");
            let at = self.open_group(1, &path, label, count, few);
            self.alike(&path, rows);
            self.close_group(at);
        }
    }

    /// Cuts changes into the groups that are asked for, in the order of their names.
    fn parts(&self, members: Vec<u32>) -> Vec<(String, Vec<u32>)> {
        let mut parts: Vec<(&str, Vec<u32>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut last = 0;
        for row in members {
            let judged = &self.rows[row as usize];
            let effect = &judged.effect;
            let part = match self.by {
                By::Risk | By::Module if effect.module.is_empty() => "root module",
                By::Risk | By::Module => &*effect.module,
                By::Type => &*effect.type_name,
                By::Action => effect.action.word(),
                By::Unit => judged.unit.as_deref().unwrap_or_default(),
            };
            // Rows of one module stand together and share its name: the very same name is not looked up.
            let same = parts
                .get(last)
                .is_some_and(|(name, _)| std::ptr::eq(*name, part));
            if !same {
                last = *places.entry(part).or_insert_with(|| {
                    parts.push((part, Vec::new()));
                    parts.len() - 1
                });
            }
            parts[last].1.push(row);
        }
        parts.sort_by_key(|(label, _)| (*label != "root module", *label));
        parts
            .into_iter()
            .map(|(label, rows)| (label.to_owned(), rows))
            .collect()
    }

    /// Adds rows, worst first; of many that are alike only the first few, and the others folded.
    fn alike(&mut self, path: &str, members: Vec<u32>) {
        let mut classes: Vec<Vec<u32>> = Vec::new();
        let mut known: HashMap<(&str, &str), usize> = HashMap::new();
        for row in members {
            let judged = &self.rows[row as usize];
            let effect = &judged.effect;
            // A row with anything to say for itself stands alone.
            let plain = judged.findings.is_empty()
                && effect.more.is_none()
                && self.standings[row as usize] == Standing::Nothing;
            let class = plain.then(|| {
                *known
                    .entry((&effect.type_name, effect.action.sign()))
                    .or_insert_with(|| {
                        classes.push(Vec::new());
                        classes.len() - 1
                    })
            });
            match class {
                Some(class) => classes[class].push(row),
                None => classes.push(vec![row]),
            }
        }
        classes.sort_by_key(|class| std::cmp::Reverse(self.rows[class[0] as usize].risk()));
        for class in classes {
            let shown = if class.len() > ALIKE_SHOWN + 2 {
                ALIKE_SHOWN
            } else {
                class.len()
            };
            let (seen, folded) = class.split_at(shown);
            self.rows_at(2, seen);
            if folded.is_empty() {
                continue;
            }
            let label = format!("{} more like {}", count(folded.len()), self.pattern(&class));
            let name = format!("{path}/{}", self.pattern(&class));
            let sign = self.rows[class[0] as usize].effect.action.sign();
            let name = Name::Alike(format!("{name} {sign}"));
            let at = self.push(2, name, label, None, false);
            self.rows_at(3, folded);
            self.close_group(at);
        }
    }

    /// What like rows have in common: `aws_instance.worker[*]`, or `aws_instance.*`.
    fn pattern(&self, class: &[u32]) -> String {
        let first = &self.rows[class[0] as usize].effect;
        let one_name = class
            .iter()
            .all(|&row| self.rows[row as usize].effect.name == first.name);
        if one_name {
            format!("{}.{}[*]", first.type_name, first.name)
        } else {
            format!("{}.*", first.type_name)
        }
    }

    fn done(&self, members: &[u32]) -> Count {
        let is_done = |row: &&u32| {
            matches!(
                self.standings[**row as usize],
                Standing::Acked | Standing::Carried | Standing::Objected
            )
        };
        Count::Done(members.iter().filter(is_done).count(), members.len())
    }

    fn signs(&self, members: &[u32]) -> Count {
        let actions = members
            .iter()
            .map(|&row| &self.rows[row as usize].effect.action);
        Count::Signs(by_sign(actions))
    }

    fn rows_at(&mut self, depth: u16, rows: &[u32]) {
        for &row in rows {
            self.row(depth, row);
        }
    }

    fn row(&mut self, depth: u16, row: u32) {
        let at = self.push(depth, Name::Row(row), String::new(), None, false);
        self.close_group(at);
    }

    fn open_group(
        &mut self,
        depth: u16,
        path: &str,
        label: String,
        count: Count,
        open: bool,
    ) -> usize {
        self.push(depth, Name::Group(path.into()), label, Some(count), open)
    }

    fn push(
        &mut self,
        depth: u16,
        name: Name,
        label: String,
        count: Option<Count>,
        open: bool,
    ) -> usize {
        self.nodes.push(Node {
            depth,
            next: 0,
            open,
            name,
            label,
            count,
            sums: Sums::default(),
        });
        self.nodes.len() - 1
    }

    fn close_group(&mut self, at: usize) {
        self.nodes[at].next = self.nodes.len() as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::effect::{Effect, Span};
    use crate::risk::{Finding, Risk};

    fn row(address: &str, action: Action, risk: Risk) -> Judged {
        let mut effect = Effect::bare(Kind::Change, address, action, Span::default());
        effect.type_name = address.split('.').next().unwrap().into();
        let finding = Finding {
            rule: "r".into(),
            risk,
            path: None,
            old: None,
            new: None,
            message: "".into(),
            origin: None,
        };
        let findings = (risk > Risk::Low).then_some(finding);
        Judged::new(effect, findings.into_iter().collect())
    }

    fn shown(rows: &[Judged], by: By) -> Vec<String> {
        let standings = crate::ui::standing::standings(rows, &crate::review::log::Log::default());
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        group(rows, &standings, &all, by)
            .iter()
            .map(|node| {
                let text = match &node.name {
                    Name::Row(row) => rows[*row as usize].effect.address.to_string(),
                    Name::Group(_) | Name::Alike(_) => node.label.clone(),
                };
                format!("{}{text}", " ".repeat(node.depth.into()))
            })
            .collect()
    }

    #[test]
    fn the_worst_is_on_top_and_like_rows_are_folded() {
        let mut rows = vec![
            row("b.high", Action::Update, Risk::High),
            row("b.critical", Action::Delete, Risk::Critical),
            row("c.medium", Action::Update, Risk::Medium),
            row("d.same", Action::NoOp, Risk::Low),
        ];
        rows.extend((0..6).map(|i| row(&format!("a.x{i}"), Action::Create, Risk::Low)));
        assert_eq!(
            shown(&rows, By::Risk),
            [
                "To acknowledge",
                " b.critical",
                " b.high",
                "Routine",
                " root module",
                "  c.medium",
                "  a.x0",
                "  a.x1",
                "  a.x2",
                "  3 more like a.*",
                "   a.x3",
                "   a.x4",
                "   a.x5",
                "No change",
                " d.same"
            ]
        );
    }

    #[test]
    fn every_row_is_in_every_view_once() {
        let rows: Vec<Judged> = (0..40)
            .map(|i| {
                let action =
                    [Action::Create, Action::NoOp, Action::Delete, Action::Read][i % 4].clone();
                row(
                    &format!("t{}.n{i}", i % 3),
                    action,
                    Risk::WORST_FIRST[i % 4],
                )
            })
            .collect();
        for by in [By::Risk, By::Module, By::Type, By::Action] {
            let shown = shown(&rows, by);
            for judged in &rows {
                let address = &*judged.effect.address;
                let times = shown.iter().filter(|line| line.trim() == address).count();
                assert_eq!(times, 1, "{address} by {}", by.word());
            }
        }
    }
}

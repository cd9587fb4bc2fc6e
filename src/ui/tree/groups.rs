//! How rows become a tree: what asks for an acknowledgement on top, the rest by module, like ones folded.
//!
//! Every row that fits the filter is in exactly one place, folded or not; nothing is left out.

use std::cmp::Reverse;
use std::collections::HashMap;

use arcstr::ArcStr;

use super::facets::{Facets, Label};
use super::order::{URGENCIES, sorted, urgency};
use super::sums::Sums;
use super::{Count, Group, Name, Node};
use crate::plan::action::Action;
use crate::risk::Judged;
use crate::ui::standing::Standing;
use crate::ui::width::count;

mod section;

use section::{SECTIONS, Section, section};

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

/// What is grouped.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The rows.
    pub rows: &'a [Judged],
    /// What decides where each of them stands.
    pub facets: &'a Facets,
    /// Where each of them stands in the review.
    pub standings: &'a [Standing],
}

/// Groups the rows whose numbers are in `fitting`; what was looked for with a filter is not folded away.
pub fn group(listed: Listed<'_>, fitting: &[u32], by: By) -> Vec<Node> {
    let section_of = |row: u32| {
        let standing = listed.standings[row as usize];
        section(listed.facets.of(row), standing, by)
    };
    let mut out = Builder {
        listed,
        by,
        filtered: fitting.len() < listed.rows.len(),
        // There are few groups beside the rows.
        nodes: Vec::with_capacity(fitting.len() + fitting.len() / 8),
        alike: HashMap::new(),
    };
    let rows = sorted(fitting, SECTIONS, |row| section_of(row) as usize);
    for members in rows.chunk_by(|a, b| section_of(*a) == section_of(*b)) {
        out.section(section_of(members[0]), members);
    }
    out.nodes
}

/// How many of which action sign, what is made first and what is lost last.
pub fn by_sign(actions: impl Iterator<Item = Action>) -> Vec<(&'static str, usize)> {
    let mut counts = [0_usize; Action::ALL.len()];
    for action in actions {
        counts[action as usize] += 1;
    }
    let counts = Action::ALL.map(|action| (action.sign(), counts[action as usize]));
    counts.into_iter().filter(|(_, n)| *n > 0).collect()
}

struct Builder<'a> {
    listed: Listed<'a>,
    by: By,
    filtered: bool,
    nodes: Vec<Node>,
    /// Where the first row of each type and action stands in the part that is being made.
    alike: HashMap<(Label, Action), usize>,
}

impl Builder<'_> {
    fn section(&mut self, section: Section, members: &[u32]) {
        let Listed {
            facets, standings, ..
        } = self.listed;
        let label = section.label(self.by);
        let group = Group {
            name: Name::Section(label),
            depth: 0,
            next: 0,
            open: self.filtered || section.starts_open(),
            label: label.into(),
            count: None,
            sums: Sums::of(members, facets, standings),
        };
        let all = members.len();
        let count = match section {
            Section::Asking => Count::Done(group.sums.answered, all),
            Section::Outputs => self.signs(members),
            Section::Changes
            | Section::Plan
            | Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Drift
            | Section::Checks
            | Section::UnknownKeys
            | Section::Nothing => Count::Rows(all),
        };
        let at = self.open(Group {
            count: Some(count),
            ..group
        });
        match section {
            // The file's own order decides among equals.
            Section::Asking => {
                let urgency = |row| urgency(facets.of(row), standings[row as usize]);
                self.rows(1, sorted(members, URGENCIES, urgency));
            }
            Section::Changes => self.changes(label, members),
            Section::Plan
            | Section::Invocations
            | Section::Provisioners
            | Section::Deferred
            | Section::Outputs
            | Section::Drift
            | Section::Checks
            | Section::UnknownKeys
            | Section::Nothing => self.rows(1, members.iter().copied()),
        }
        self.close(at);
    }

    /// Cuts changes into the groups that are asked for, in the order of their names.
    fn changes(&mut self, section: &'static str, members: &[u32]) {
        let Listed {
            facets, standings, ..
        } = self.listed;
        let labels = facets.labels();
        // Looked up by the action itself: its place among all of them is another one.
        let mut words = [Label::default(); Action::ALL.len()];
        for action in Action::ALL {
            words[action as usize] = labels.of(action.word());
        }
        let by = self.by;
        let label = |row: u32| {
            let facet = facets.of(row);
            match by {
                By::Risk | By::Module => facet.module,
                By::Type => facet.type_name,
                By::Action => words[facet.action as usize],
                By::Unit => facet.unit,
            }
        };
        let few = self.filtered || members.len() <= FEW;
        let rows = sorted(members, labels.count(), |row| labels.place(label(row)));
        for part in rows.chunk_by(|a, b| label(*a) == label(*b)) {
            let name = labels.text(label(part[0]));
            let in_module = matches!(by, By::Risk | By::Module);
            let name = match &**name {
                "" if in_module => arcstr::literal!("root module"),
                _ => name.clone(),
            };
            let at = self.open(Group {
                name: Name::Part(section, name.clone()),
                depth: 1,
                next: 0,
                open: few,
                count: Some(self.signs(part)),
                sums: Sums::of(part, facets, standings),
                label: name.clone(),
            });
            self.alike(section, &name, part);
            self.close(at);
        }
    }

    /// Adds rows, worst first; of many that are alike only the first few, and the others folded.
    fn alike(&mut self, section: &'static str, part: &ArcStr, members: &[u32]) {
        let Listed {
            facets, standings, ..
        } = self.listed;
        self.alike.clear();
        // Each row with its risk and where the first that is like it stands.
        let place = |(at, &row): (usize, &u32)| {
            let facet = facets.of(row);
            // A row with anything to say for itself stands alone.
            let plain = facet.plain && standings[row as usize] == Standing::Nothing;
            let first = if plain {
                let kind = (facet.type_name, facet.action);
                *self.alike.entry(kind).or_insert(at)
            } else {
                at
            };
            ((Reverse(facet.risk), first), row)
        };
        let mut rows: Vec<_> = members.iter().enumerate().map(place).collect();
        rows.sort_by_key(|(class, _)| *class);
        for class in rows.chunk_by(|(a, _), (b, _)| a == b) {
            let shown = if class.len() > ALIKE_SHOWN + 2 {
                ALIKE_SHOWN
            } else {
                class.len()
            };
            let (seen, folded) = class.split_at(shown);
            self.rows(2, seen.iter().map(|(_, row)| *row));
            if folded.is_empty() {
                continue;
            }
            let folded: Vec<u32> = folded.iter().map(|(_, row)| *row).collect();
            let pattern = self.pattern(class[0].1, class.iter().map(|(_, row)| *row));
            let sign = facets.of(class[0].1).action.sign();
            let at = self.open(Group {
                name: Name::Alike(section, part.clone(), format!("{pattern} {sign}")),
                depth: 2,
                next: 0,
                open: false,
                label: format!("{} more like {pattern}", count(folded.len())).into(),
                count: None,
                sums: Sums::of(&folded, facets, standings),
            });
            self.rows(3, folded);
            self.close(at);
        }
    }

    /// What rows like the first have in common: `aws_instance.worker[*]`, or `aws_instance.*`.
    fn pattern(&self, first: u32, mut class: impl Iterator<Item = u32>) -> String {
        let effect = |row: u32| &self.listed.rows[row as usize].effect;
        let first = effect(first);
        if class.all(|row| effect(row).name == first.name) {
            format!("{}.{}[*]", first.type_name, first.name)
        } else {
            format!("{}.*", first.type_name)
        }
    }

    fn signs(&self, members: &[u32]) -> Count {
        let actions = members.iter();
        Count::Signs(by_sign(
            actions.map(|&row| self.listed.facets.of(row).action),
        ))
    }

    fn rows(&mut self, depth: u16, rows: impl IntoIterator<Item = u32>) {
        let rows = rows.into_iter();
        self.nodes.extend(rows.map(|row| Node::Row { row, depth }));
    }

    fn open(&mut self, group: Group) -> usize {
        self.nodes.push(Node::Group(Box::new(group)));
        self.nodes.len() - 1
    }

    fn close(&mut self, at: usize) {
        let next = self.nodes.len() as u32;
        if let Node::Group(group) = &mut self.nodes[at] {
            group.next = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::effect::{Effect, Kind, Span};
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
        let mut facets = Facets::default();
        for row in rows {
            facets.add(row);
        }
        facets.sort();
        let listed = Listed {
            rows,
            facets: &facets,
            standings: &standings,
        };
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        group(listed, &all, by)
            .iter()
            .map(|node| {
                let text = match node {
                    Node::Row { row, .. } => rows[*row as usize].effect.address().into_owned(),
                    Node::Group(group) => group.label.to_string(),
                };
                format!("{}{text}", " ".repeat(node.depth().into()))
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
    fn a_group_of_one_action_is_called_what_its_rows_do() {
        let mut seen = 0;
        for action in Action::ALL {
            let rows = [row("a.b", action, Risk::Medium)];
            let shown = shown(&rows, By::Action);
            if shown[0] == "Changes" {
                assert_eq!(shown[1], format!(" {}", action.word()));
                seen += 1;
            }
        }
        assert_eq!(seen, Action::ALL.len() - 1, "all but what changes nothing");
    }

    #[test]
    fn every_row_is_in_every_view_once() {
        let rows: Vec<Judged> = (0..40)
            .map(|i| {
                let action = [Action::Create, Action::NoOp, Action::Delete, Action::Read][i % 4];
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
                let address = judged.effect.address();
                let times = shown.iter().filter(|line| line.trim() == address).count();
                assert_eq!(times, 1, "{address} by {}", by.word());
            }
        }
    }
}

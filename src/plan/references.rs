//! Which block of the configuration refers to which, also through the outputs and variables of modules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::value::RawValue;

use super::config::join;
use super::element::Wrong;
use super::value::Value;

/// All strings below any `references` and `depends_on`.
pub(super) fn references(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => {
                for (key, inner) in members {
                    match (&**key, inner) {
                        ("references" | "depends_on", Value::List(items)) => {
                            names
                                .extend(items.iter().filter_map(Value::as_text).map(str::to_owned));
                        }
                        // What stands in a constant is data, whatever its keys are.
                        ("constant_value", _) => {}
                        _ => todo.push(inner),
                    }
                }
            }
            Value::List(items) => todo.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
    }
    names
}

/// How many references are followed. Twenty thousand blocks with a hundred each stay below; what goes beyond was made
/// to fill the memory.
const MAX_STEPS: usize = 2_000_000;

/// Who refers to whom: resource blocks, outputs and variables, by full name without instance keys.
#[derive(Default)]
pub(super) struct Graph {
    numbers: HashMap<String, usize>,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    /// The numbers of what it refers to.
    refers: Vec<usize>,
    /// Whether the configuration declares it; a name may be spoken of and not be there.
    declared: bool,
}

impl Graph {
    /// Notes every reference in `raw`, which stands in the module `path`, as one of `from`.
    pub fn refer(&mut self, path: &str, from: String, raw: &RawValue) -> Result<(), Wrong> {
        let value = Value::parse(raw.get()).map_err(|_| Wrong {
            key: "expressions",
            wanted: "a value of at most 1000 levels",
        })?;
        let names: BTreeSet<String> = references(&value)
            .iter()
            .filter_map(|name| target(path, name))
            .collect();
        let to: Vec<usize> = names.into_iter().map(|name| self.number(name)).collect();
        let from = self.number(from);
        self.nodes[from].refers.extend(to);
        self.nodes[from].declared = true;
        Ok(())
    }

    fn number(&mut self, name: String) -> usize {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        self.nodes.push(Node {
            name: name.clone(),
            refers: Vec::new(),
            declared: false,
        });
        self.numbers.insert(name, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// Turns the references around, and goes through outputs and variables until a resource block is reached.
    pub fn dependants(&self) -> Result<BTreeMap<String, Vec<String>>, Wrong> {
        let blocks: Vec<bool> = self.nodes.iter().map(|node| is_block(&node.name)).collect();
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut steps = 0;
        // Which block came by last, so that a walk goes to each name once.
        let mut seen = vec![usize::MAX; self.nodes.len()];
        let mut todo: Vec<usize> = Vec::new();
        for (from, node) in self.nodes.iter().enumerate() {
            if !blocks[from] {
                continue;
            }
            todo.extend(&node.refers);
            while let Some(to) = todo.pop() {
                steps += 1;
                if steps > MAX_STEPS {
                    return Err(Wrong {
                        key: "configuration",
                        wanted: "a configuration whose references can be followed in 2,000,000 steps",
                    });
                }
                if std::mem::replace(&mut seen[to], from) == from {
                    continue;
                }
                let other = &self.nodes[to];
                if !blocks[to] {
                    todo.extend(&other.refers);
                } else if to != from && other.declared {
                    found.entry(&other.name).or_default().push(&node.name);
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|(name, mut by)| {
                by.sort_unstable();
                (name.to_owned(), by.into_iter().map(str::to_owned).collect())
            })
            .collect())
    }
}

/// Whether a full name is of a resource block, and not of an output or a variable.
fn is_block(name: &str) -> bool {
    let mut parts = name.split('.');
    loop {
        match parts.next() {
            Some("module") => drop(parts.next()),
            Some("output" | "var") => return false,
            _ => return true,
        }
    }
}

/// The full name of what a reference in module `path` points to. `None`: a module as a whole, `each`, `count`, `local`.
fn target(path: &str, reference: &str) -> Option<String> {
    let block = super::address::block(reference);
    let mut parts = block.split('.');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
    Some(match first {
        "each" | "count" | "local" | "path" | "terraform" | "self" => return None,
        "var" => join(path, &format!("var.{second}")),
        "module" => join(path, &format!("module.{second}.output.{}", third?)),
        "data" | "ephemeral" => join(path, &format!("{first}.{second}.{}", third?)),
        _ => join(path, &format!("{first}.{second}")),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::plan::config::read;
    use crate::plan::element::{Shared, Wrong};

    fn dependants(json: &str) -> Result<BTreeMap<String, Vec<String>>, Wrong> {
        read(json, 0, &mut Shared::default()).map(|found| found.dependants)
    }

    #[test]
    fn dependants_are_found_through_outputs_and_variables() {
        let json = r#"{"root_module":{
            "resources":[
                {"address":"aws_vpc.v","expressions":{}},
                {"address":"aws_subnet.s","expressions":{"block":[{"vpc":{"references":["aws_vpc.v[0].id","aws_vpc.v"]}}]}},
                {"address":"aws_lb.l","depends_on":["aws_subnet.s"],"expressions":{"x":{"references":["module.m[0].id","module.m[0]","each.key"]}}},
                {"address":"aws_eip.e","expressions":{"x":{"constant_value":{"references":["aws_vpc.v"]}}}}],
            "module_calls":{"m":{"expressions":{"vpc":{"references":["aws_vpc.v.id","aws_vpc.v"]}},"module":{
                "outputs":{"id":{"expression":{"references":["aws_sg.g.id","aws_sg.g"]}}},
                "resources":[{"address":"aws_sg.g","expressions":{"vpc":{"references":["var.vpc"]}}}]}}}}}"#;
        let names = |of: &[&str]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            dependants(json).unwrap(),
            BTreeMap::from([
                (
                    "aws_vpc.v".into(),
                    names(&["aws_subnet.s", "module.m.aws_sg.g"])
                ),
                ("aws_subnet.s".into(), names(&["aws_lb.l"])),
                ("module.m.aws_sg.g".into(), names(&["aws_lb.l"])),
            ])
        );
    }

    #[test]
    fn references_in_a_circle_come_to_an_end() {
        let json = r#"{"root_module":{"resources":[{"address":"a.b","expressions":{"x":{"references":["module.m.o"]}}}],
            "module_calls":{"m":{"expressions":{"v":{"references":["module.m.o"]}},"module":{"outputs":{"o":{"expression":{"references":["var.v"]}}}}}}}}"#;
        assert!(dependants(json).unwrap().is_empty());
    }

    #[test]
    fn a_configuration_that_would_fill_the_memory_is_refused() {
        let names: Vec<String> = (0..1_500).map(|i| format!(r#""a.b{i}""#)).collect();
        let blocks: Vec<String> = (0..1_500)
            .map(|i| {
                format!(
                    r#"{{"address":"a.b{i}","expressions":{{"x":{{"references":["module.m.o"]}}}}}}"#
                )
            })
            .collect();
        let json = format!(
            r#"{{"root_module":{{"resources":[{}],"module_calls":{{"m":{{"expressions":{{"v":{{"references":[{}]}}}},
            "module":{{"outputs":{{"o":{{"expression":{{"references":["var.v"]}}}}}}}}}}}}}}}}"#,
            blocks.join(","),
            names.join(",")
        );
        assert_eq!(dependants(&json).unwrap_err().key, "configuration");
    }
}

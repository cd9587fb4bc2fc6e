//! Places in the plan's own JSON: a tool that was given the JSON may say where in it something is, and not what it is called.
//!
//! Owns the way from such a place to the addresses of the objects around it. The bytes are looked at while they are read for
//! the rows, and nothing of them is kept. Only a file that is named like the plan is the plan.

use std::collections::BTreeMap;
use std::path::Path;

mod watch;

pub use watch::{Watch, Watched};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, as the tool names it.
    pub file: String,
    /// Where in it.
    pub at: At,
}

/// Where in a file; everything is counted from 1 but bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// A whole line.
    Line(u32),
    /// A column of a line, in units of UTF-16.
    Column(u32, u32),
    /// The same, in characters.
    Character(u32, u32),
    /// So many bytes behind the beginning.
    Byte(u64),
}

/// The names that the JSON of a plan can have: its own, or that of the plan file it was made from.
#[derive(Debug, Clone, Default)]
pub struct PlanNames(Vec<String>);

impl PlanNames {
    /// Those of the plan at `path`.
    pub fn of(path: &Path) -> Self {
        let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
        let Some(name) = path.file_name().map(text) else {
            return PlanNames::default();
        };
        let mut names = vec![name.clone()];
        if path.extension().is_none_or(|extension| extension != "json") {
            names.push(format!("{name}.json"));
            let stem = path.file_stem().map(text).unwrap_or_default();
            names.push(format!("{stem}.json"));
        }
        PlanNames(names)
    }

    fn has(&self, file: &str) -> bool {
        let name = file.rsplit('/').next().unwrap_or(file);
        self.0.iter().any(|own| own == name)
    }
}

/// The objects around places of a plan.
#[derive(Debug, Clone, Default)]
pub struct Around {
    plan: PlanNames,
    addresses: BTreeMap<At, Vec<String>>,
}

impl Around {
    /// The addresses around a place, outermost first; `None` for a place in another file.
    pub fn addresses(&self, spot: &Spot) -> Option<&[String]> {
        let found = self
            .addresses
            .get(&spot.at)
            .filter(|_| self.plan.has(&spot.file));
        found.map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRETTY: &str = r#"{
  "planned_values": {"child_modules": [
    {"resources": [
      {"values": {"address": "b.b"},
       "address": "module.m.a.a"}
    ], "address": "module.m"}]},
  "resource_changes": [
    {
      "address": "a.a[\"é\"]",
      "change": {
        "after": {"address": "b.b", "x": "}{,\"\\"}
      }
    },
    {"address": "b.b"}, {"address": "c.c"},
    {"address": "d.d"},
  ]
}"#;

    fn around(text: &str, at: At, step: usize) -> Vec<String> {
        let spot = Spot {
            file: "file:///x/plan.json".into(),
            at,
        };
        let names = PlanNames::of(Path::new("dir/plan.json"));
        let mut watch = Watch::new(&names, [&spot].into_iter());
        for part in text.as_bytes().chunks(step) {
            watch.look(part);
        }
        watch.finish().addresses(&spot).unwrap().to_vec()
    }

    #[test]
    fn a_place_is_in_the_objects_around_it() {
        let escaped = "a.a[\"é\"]";
        let line = PRETTY.replace('\n', " ").replace("  ", "");
        let of = |text: &str, part: &str| text.find(part).unwrap() as u64;
        let column = |part: &str| {
            let before = &line[..line.find(part).unwrap()];
            1 + before.encode_utf16().count() as u32
        };
        for (text, at, expected) in [
            (PRETTY, At::Line(5), vec!["module.m", "module.m.a.a"]),
            (PRETTY, At::Line(4), vec!["module.m", "module.m.a.a"]),
            (PRETTY, At::Line(6), vec![]),
            (PRETTY, At::Line(8), vec![escaped]),
            (PRETTY, At::Line(9), vec![escaped]),
            (PRETTY, At::Line(11), vec![escaped]),
            (PRETTY, At::Line(13), vec![escaped]),
            (PRETTY, At::Line(14), vec![]),
            (PRETTY, At::Line(15), vec!["d.d"]),
            (PRETTY, At::Line(1), vec![]),
            (PRETTY, At::Line(99), vec![]),
            (PRETTY, At::Column(14, 25), vec!["c.c"]),
            (PRETTY, At::Byte(of(PRETTY, "\"x\"")), vec![escaped, "b.b"]),
            (PRETTY, At::Byte(1 << 40), vec![]),
            (&*line, At::Line(1), vec![]),
            (&*line, At::Column(1, column("d.d")), vec!["d.d"]),
            (&*line, At::Character(1, column("d.d")), vec!["d.d"]),
            (&*line, At::Column(1, 1), vec![]),
        ] {
            for step in [1, 7, 4096] {
                assert_eq!(around(text, at, step), expected, "{at:?}");
            }
        }
    }

    #[test]
    fn only_a_file_that_is_named_like_the_plan_is_the_plan() {
        for (plan, file, is) in [
            ("plan.json", "plan.json", true),
            ("a/plan.json", "/src/plan.json", true),
            ("plan.json", "plan.json.bak", false),
            ("tfplan", "tfplan.json", true),
            ("x/prod.tfplan", "prod.json", true),
            ("x/prod.tfplan", "prod.tfplan.json", true),
            ("plan.json", "main.tf", false),
            ("-", "main.tf", false),
        ] {
            assert_eq!(
                PlanNames::of(Path::new(plan)).has(file),
                is,
                "{plan} {file}"
            );
        }
    }
}

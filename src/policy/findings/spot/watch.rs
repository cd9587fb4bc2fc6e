//! The bytes of a plan going by: which objects are open at each place that is asked for.
//!
//! Reads as much of the grammar of JSON as that takes, and knows no plan: whether it is JSON at all is judged elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use super::{Around, At, PlanNames, Spot};

/// Longest address that is kept.
const LONGEST: usize = 4096;

/// Looks at the bytes of a plan, and sees which objects are around the places that are asked for.
#[derive(Debug, Default)]
pub struct Watch {
    plan: PlanNames,
    wanted: Vec<Wanted>,
    open: Vec<Container>,
    /// How many were opened.
    count: u64,
    /// Where objects that are wanted ended, and their addresses.
    closed: HashMap<u64, (u64, Option<String>)>,
    text: Text,
    at: u64,
    line: u32,
    column: u32,
    character: u32,
    /// The last byte of the line that says something.
    last: u64,
    /// Whether something on the line is asked for.
    asked: bool,
    next: Next,
}

/// What is not seen yet: the nearest of each, so that nearly no byte is held against all that is asked for.
#[derive(Debug, Default)]
struct Next {
    byte: u64,
    column: u32,
    character: u32,
    line: bool,
}

#[derive(Debug)]
struct Wanted {
    at: At,
    /// The containers around it, outermost first.
    around: Vec<u64>,
    /// They were seen.
    seen: bool,
}

/// An object or a list that is not at its end.
#[derive(Debug)]
struct Container {
    number: u64,
    is_object: bool,
    address: Option<String>,
}

/// Where in the grammar of JSON.
#[derive(Debug, Default)]
struct Text {
    in_string: bool,
    escaped: bool,
    next: Means,
    kept: Vec<u8>,
}

/// What the next string is.
#[derive(Debug, Default, PartialEq, Eq)]
enum Means {
    Key,
    Address,
    #[default]
    Other,
}

impl Watch {
    /// For places that are asked for; those in other files than the plan are left out.
    pub fn new<'a>(plan: &PlanNames, spots: impl Iterator<Item = &'a Spot>) -> Self {
        let mut wanted: Vec<At> = spots
            .filter(|spot| plan.has(&spot.file))
            .map(|spot| spot.at)
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let wanted = wanted.into_iter().map(|at| Wanted {
            at,
            around: Vec::new(),
            seen: false,
        });
        let mut watch = Watch {
            plan: plan.clone(),
            wanted: wanted.collect(),
            ..Watch::default()
        };
        watch.begin_line(1);
        watch
    }

    /// Whether nothing is asked for.
    pub fn is_idle(&self) -> bool {
        self.wanted.is_empty()
    }

    /// A reader whose bytes are looked at.
    pub fn watched<R: Read>(&mut self, reader: R) -> Watched<'_, R> {
        Watched {
            reader,
            watch: self,
        }
    }

    /// What was seen, at the end of the plan.
    pub fn finish(mut self) -> Around {
        self.end_line();
        let mut addresses = BTreeMap::new();
        for wanted in &self.wanted {
            let found = wanted
                .around
                .iter()
                .filter_map(|number| self.closed.get(number)?.1.clone());
            addresses.insert(wanted.at, found.collect());
        }
        Around {
            plan: self.plan,
            addresses,
        }
    }

    fn look(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let closes = !self.text.in_string && matches!(byte, b'}' | b']');
            // The byte that opens an object is in it, and so is the one that closes it.
            if closes {
                self.see(byte);
                self.step(byte);
            } else {
                self.step(byte);
                self.see(byte);
            }
            self.at += 1;
            if byte == b'\n' {
                self.end_line();
                self.begin_line(self.line + 1);
            } else if byte & 0xC0 != 0x80 {
                self.column += if byte >= 0xF0 { 2 } else { 1 };
                self.character += 1;
            }
        }
    }

    fn begin_line(&mut self, line: u32) {
        self.line = line;
        self.column = 1;
        self.character = 1;
        self.last = 0;
        self.asked = self.wanted.iter().any(|wanted| match wanted.at {
            At::Line(wanted) | At::Column(wanted, _) | At::Character(wanted, _) => wanted == line,
            At::Byte(_) => false,
        });
        if self.asked || line == 1 {
            self.look_ahead();
        }
    }

    fn look_ahead(&mut self) {
        let mut next = Next {
            byte: u64::MAX,
            column: u32::MAX,
            character: u32::MAX,
            line: false,
        };
        for wanted in self.wanted.iter().filter(|wanted| !wanted.seen) {
            match wanted.at {
                At::Byte(byte) => next.byte = next.byte.min(byte),
                At::Line(line) => next.line |= line == self.line,
                At::Column(line, number) if line == self.line => {
                    next.column = next.column.min(number);
                }
                At::Character(line, number) if line == self.line => {
                    next.character = next.character.min(number);
                }
                At::Column(..) | At::Character(..) => {}
            }
        }
        self.next = next;
    }

    /// A line is in the objects that are around its first byte and around its last one.
    fn end_line(&mut self) {
        if !self.asked {
            return;
        }
        for wanted in self
            .wanted
            .iter_mut()
            .filter(|wanted| wanted.at == At::Line(self.line))
        {
            wanted.around.retain(|number| {
                self.closed
                    .get(number)
                    .is_none_or(|(end, _)| *end == self.last)
            });
        }
    }

    fn see(&mut self, byte: u8) {
        let says_something = !byte.is_ascii_whitespace();
        if self.asked && says_something && (self.text.in_string || byte != b',') {
            self.last = self.at;
        }
        let (at, line, column, character) = (self.at, self.line, self.column, self.character);
        let is_near = at >= self.next.byte
            || self.next.line && says_something
            || column >= self.next.column
            || character >= self.next.character;
        if !is_near {
            return;
        }
        for wanted in &mut self.wanted {
            let here = match wanted.at {
                At::Byte(byte) => byte == at,
                At::Line(wanted) => wanted == line && says_something,
                At::Column(wanted, number) => wanted == line && number <= column,
                At::Character(wanted, number) => wanted == line && number <= character,
            };
            if here && !wanted.seen {
                wanted.seen = true;
                wanted.around = self.open.iter().map(|one| one.number).collect();
            }
        }
        self.look_ahead();
    }

    fn step(&mut self, byte: u8) {
        let text = &mut self.text;
        if text.in_string {
            match byte {
                b'"' if !text.escaped => {
                    text.in_string = false;
                    self.end_string();
                    return;
                }
                _ => text.escaped = byte == b'\\' && !text.escaped,
            }
            if text.kept.len() < LONGEST {
                text.kept.push(byte);
            }
            return;
        }
        match byte {
            b'"' => {
                text.in_string = true;
                text.kept.clear();
            }
            b'{' | b'[' => {
                let is_object = byte == b'{';
                self.open.push(Container {
                    number: self.count,
                    is_object,
                    address: None,
                });
                self.count += 1;
                text.next = if is_object { Means::Key } else { Means::Other };
            }
            b'}' | b']' => {
                text.next = Means::Other;
                let Some(closed) = self.open.pop() else {
                    return;
                };
                if self
                    .wanted
                    .iter()
                    .any(|wanted| wanted.around.contains(&closed.number))
                {
                    self.closed.insert(closed.number, (self.at, closed.address));
                }
            }
            b',' => {
                let in_object = self.open.last().is_some_and(|last| last.is_object);
                text.next = if in_object { Means::Key } else { Means::Other };
            }
            _ => {}
        }
    }

    fn end_string(&mut self) {
        let text = &mut self.text;
        if text.next == Means::Key {
            let is_address = text.kept == b"address";
            text.next = if is_address {
                Means::Address
            } else {
                Means::Other
            };
        } else if text.next == Means::Address
            && let Some(last) = self.open.last_mut()
        {
            let quoted = [b"\"", text.kept.as_slice(), b"\""].concat();
            last.address = serde_json::from_slice(&quoted).ok();
        }
    }
}

/// A reader whose bytes are looked at.
#[derive(Debug)]
pub struct Watched<'a, R> {
    reader: R,
    watch: &'a mut Watch,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.watch.look(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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

//! The blocks of a configuration file that is written in JSON.
//!
//! Comments are the members named `//`. A block may stand as an object or as a list of objects.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// A block at the top of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// What it is: `resource`, `module`, `removed`.
    pub keyword: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The line on which its object begins.
    pub first: u32,
    /// The line on which its object ends.
    pub last: u32,
    /// Name and text of each setting; strings without their quotes.
    pub settings: Vec<(String, String)>,
    /// Name and text of each setting in its `lifecycle`.
    pub lifecycle: Vec<(String, String)>,
    /// Its comments, with their lines.
    pub remarks: Vec<(u32, String)>,
}

/// How many labels a block has. `None`: its blocks are of no interest.
fn labels(keyword: &str) -> Option<usize> {
    match keyword {
        "resource" | "data" | "ephemeral" | "action" => Some(2),
        "module" | "output" | "check" => Some(1),
        "removed" | "moved" | "import" => Some(0),
        _ => None,
    }
}

/// Reads a file. The error is the line where it stopped making sense.
pub(super) fn read(text: &str) -> Result<Vec<Block>, u32> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.line() as u32)?;
    let file = File {
        text,
        ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
    };
    let mut found = Vec::new();
    for (keyword, raw) in file.members(raw)? {
        if keyword == "//" {
            found.push(file.remarks(raw));
        }
        let Some(depth) = labels(&keyword) else {
            continue;
        };
        let mut level: Vec<(Vec<String>, &RawValue)> = vec![(Vec::new(), raw)];
        for _ in 0..depth {
            let mut below = Vec::new();
            for (labels, raw) in level {
                for (label, raw) in file.members(raw)? {
                    if label != "//" {
                        let mut labels = labels.clone();
                        labels.push(label);
                        below.push((labels, raw));
                    }
                }
            }
            level = below;
        }
        for (labels, raw) in level {
            for object in parts(raw) {
                found.push(file.block(&keyword, &labels, object)?);
            }
        }
    }
    Ok(found)
}

/// A file, with what is needed to tell the line of each of its parts.
struct File<'a> {
    text: &'a str,
    /// Where its lines end.
    ends: Vec<usize>,
}

impl<'a> File<'a> {
    fn block(&self, keyword: &str, labels: &[String], object: &'a RawValue) -> Result<Block, u32> {
        let first = self.line(object);
        let mut block = Block {
            keyword: keyword.to_owned(),
            labels: labels.to_vec(),
            first,
            last: first + object.get().matches('\n').count() as u32,
            ..Block::default()
        };
        for (name, raw) in self.members(object)? {
            match &*name {
                "//" => block.remarks.append(&mut self.remarks(raw).remarks),
                "lifecycle" => {
                    for (name, raw) in self.members(raw)? {
                        block.lifecycle.push((name, plain(raw)));
                    }
                }
                _ => block.settings.push((name, plain(raw))),
            }
        }
        Ok(block)
    }

    /// Comments, as a block that is nothing else.
    fn remarks(&self, raw: &'a RawValue) -> Block {
        let remarks = parts(raw).into_iter();
        Block {
            remarks: remarks.map(|raw| (self.line(raw), plain(raw))).collect(),
            ..Block::default()
        }
    }

    /// The members of an object, or of all the objects in a list, in the order of the file.
    fn members(&self, raw: &'a RawValue) -> Result<Vec<(String, &'a RawValue)>, u32> {
        let mut found = Vec::new();
        for object in parts(raw) {
            let Members(members) =
                serde_json::from_str(object.get()).map_err(|_| self.line(object))?;
            found.extend(members);
        }
        Ok(found)
    }

    /// The line on which a part of the file begins.
    fn line(&self, part: &RawValue) -> u32 {
        // The part is borrowed from the text, so the distance is where it stands.
        let start = part.get().as_ptr() as usize - self.text.as_ptr() as usize;
        1 + self.ends.partition_point(|end| *end < start) as u32
    }
}

/// A string without its quotes; anything else as it stands.
fn plain(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// The elements of a list, or the one thing that is no list.
fn parts(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw])
}

/// The members of one object. Keeps a key that stands twice, which a map would not.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Vec::new();
                while let Some(member) = map.next_entry()? {
                    found.push(member);
                }
                Ok(Members(found))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_comments_and_settings_are_found_with_their_lines() {
        let text = r#"{
  "//": "of the file",
  "resource": {
    "//": "of all",
    "a_b": [{ "c": {
      "//": ["one",
        "two"],
      "lifecycle": { "prevent_destroy": true, "ignore_changes": ["tags"] }
    } }]
  },
  "removed": [{ "from": "a_b.old" }, { "from": "a_b.older" }],
  "locals": { "x": 1 }
}"#;
        let found = read(text).unwrap();
        assert_eq!(found[0].remarks, [(2, "of the file".to_owned())]);
        let first = &found[1];
        assert_eq!(first.labels, ["a_b", "c"]);
        assert_eq!((first.first, first.last), (5, 9));
        assert_eq!(
            first.remarks,
            [(6, "one".to_owned()), (7, "two".to_owned())]
        );
        assert_eq!(
            first.lifecycle,
            [
                ("prevent_destroy".to_owned(), "true".to_owned()),
                ("ignore_changes".to_owned(), r#"["tags"]"#.to_owned()),
            ]
        );
        let removed: Vec<_> = found[2..].iter().map(|b| &b.settings[0].1).collect();
        assert_eq!(removed, ["a_b.old", "a_b.older"]);
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_line() {
        assert_eq!(read("{\n\"resource\": 1}"), Err(2));
        assert_eq!(read("{\n\"resource\": {"), Err(2));
        assert!(read("[]").unwrap().is_empty());
    }
}

//! From a line of a file back to the blocks that it is in.

use super::{Place, Snapshot};

impl Snapshot {
    /// Full names, without instance keys, of the blocks that `line` of `file` is in. A directory that several modules
    /// are made of has one for each.
    ///
    /// The file is named as a tool names it: from the directory of the plan, with `/` or `./` before it, or in full.
    pub fn blocks_at(&self, file: &str, line: u32) -> Vec<&str> {
        let holds = |place: &Place| {
            (place.first..=place.last).contains(&line) && is_same(&place.file, file)
        };
        self.blocks
            .iter()
            .filter(|(_, block)| holds(&block.place) || block.overrides.iter().any(holds))
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// A full path ends as our own does. A file of the root module has no directory to be told by, so that its name alone
/// at the end of a longer path says nothing.
fn is_same(own: &str, named: &str) -> bool {
    let named = named.strip_prefix("./").unwrap_or(named);
    named.strip_prefix('/').unwrap_or(named) == own
        || (own.contains('/')
            && named
                .strip_suffix(own)
                .is_some_and(|before| before.ends_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_in_the_blocks_around_it_and_in_no_other_file() {
        let files = [
            (
                "modules.json",
                r#"[{"Key":"","Dir":"."},{"Key":"a","Dir":"m"},{"Key":"b","Dir":"m"}]"#,
            ),
            (
                "m-/main.tf",
                "resource \"a_b\" \"c\" {\n}\n\nresource \"a_b\" \"d\" {}\n",
            ),
            ("m-a/main.tf", "resource \"a_b\" \"e\" {\n  x = 1\n}\n"),
            ("m-b/main.tf", "resource \"a_b\" \"e\" {\n  x = 1\n}\n"),
        ];
        let files = files
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
        let snapshot = Snapshot::read(&files, &mut Vec::new());
        let both = &["module.a.a_b.e", "module.b.a_b.e"][..];
        for (file, line, found) in [
            ("main.tf", 1, &["a_b.c"][..]),
            ("./main.tf", 2, &["a_b.c"]),
            ("/main.tf", 4, &["a_b.d"]),
            ("main.tf", 3, &[]),
            ("other/main.tf", 1, &[]),
            ("/home/x/main.tf", 1, &[]),
            ("m/main.tf", 2, both),
            ("/home/x/m/main.tf", 2, both),
            ("/home/x/am/main.tf", 2, &[]),
        ] {
            assert_eq!(snapshot.blocks_at(file, line), found, "{file}:{line}");
        }
    }
}

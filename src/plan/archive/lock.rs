//! The member `.terraform.lock.hcl`: which providers are locked, and whether each lock holds.
//!
//! The tool writes this member itself, always in the same form; a line in another form is said to be unread.

use std::collections::BTreeMap;

/// Each locked provider, with whether at least one hash stands in its lock. Without a hash any program is accepted.
pub(super) fn read(bytes: &[u8], unread: &mut Vec<String>) -> BTreeMap<String, bool> {
    let mut providers = BTreeMap::new();
    let text = String::from_utf8_lossy(bytes);
    let mut current: Option<String> = None;
    let mut in_hashes = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let understood = match (&current, line) {
            (_, "") => true,
            (_, line) if line.starts_with('#') => true,
            (None, line) => match quoted(line, "provider ", " {") {
                Some(name) => {
                    let new = providers.insert(name.to_owned(), false).is_none();
                    current = Some(name.to_owned());
                    new
                }
                None => false,
            },
            (Some(_), "hashes = [") => {
                in_hashes = true;
                true
            }
            (Some(_), "]") if in_hashes => {
                in_hashes = false;
                true
            }
            (Some(name), line) if in_hashes => match quoted(line, "", ",") {
                Some(hash) if hash.starts_with("h1:") || hash.starts_with("zh:") => {
                    providers.insert(name.clone(), true);
                    true
                }
                _ => false,
            },
            (Some(_), "}") => {
                current = None;
                true
            }
            (Some(_), line) => line.starts_with("version ") || line.starts_with("constraints "),
        };
        if !understood {
            unread.push(format!(
                "dependency lock, line {}: not understood",
                index + 1
            ));
        }
    }
    providers
}

/// The text between quotes in `before"text"after`.
fn quoted<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.strip_prefix(before)?
        .strip_suffix(after)?
        .strip_prefix('"')?
        .strip_suffix('"')
        .filter(|text| !text.contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_without_hashes_is_told_apart() {
        let lock = r#"# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "5.100.0"
  hashes = [
    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
  ]
}

provider "registry.terraform.io/acme/loose" {
  version = "1.0.0"
}
"#;
        let mut unread = Vec::new();
        let providers = read(lock.as_bytes(), &mut unread);
        assert_eq!(unread, Vec::<String>::new());
        assert_eq!(
            providers.into_iter().collect::<Vec<_>>(),
            [
                ("registry.terraform.io/acme/loose".to_owned(), false),
                ("registry.terraform.io/hashicorp/aws".to_owned(), true),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let mut unread = Vec::new();
        read(
            b"provider \"a/b/c\" {\n  hashes = []\n}\nextra = 1\n",
            &mut unread,
        );
        assert_eq!(
            unread,
            [
                "dependency lock, line 2: not understood",
                "dependency lock, line 4: not understood"
            ]
        );
    }
}

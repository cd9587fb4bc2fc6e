//! The member `.terraform.lock.hcl`: which providers are locked, and whether each lock holds.
//!
//! The tool writes this member itself, always in the same form; a line in another form is said to be unread.

/// One provider of the lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Locked {
    /// Source address: `registry.terraform.io/hashicorp/aws`.
    pub source: String,
    /// The version that was selected.
    pub version: String,
    /// The constraints it was selected under; empty if there were none.
    pub constraints: String,
    /// Whether at least one hash stands in the lock. Without one any program is accepted.
    pub hashed: bool,
}

/// Each locked provider, in the order of the lock.
pub(super) fn read(bytes: &[u8], unread: &mut Vec<String>) -> Vec<Locked> {
    let mut providers: Vec<Locked> = Vec::new();
    let text = String::from_utf8_lossy(bytes);
    let mut inside = Inside::Nothing;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let next = match (inside, providers.last_mut()) {
            (Inside::Hashes, Some(provider)) => hash(provider, line),
            (Inside::Provider, Some(provider)) => setting(provider, line),
            (Inside::Nothing | Inside::Provider | Inside::Hashes, _) => begin(&mut providers, line),
        };
        match next {
            Some(next) => inside = next,
            None => unread.push(format!(
                "dependency lock, line {}: not understood",
                index + 1
            )),
        }
    }
    providers
}

/// Where in the lock a line stands.
#[derive(Clone, Copy)]
enum Inside {
    Nothing,
    Provider,
    Hashes,
}

fn begin(providers: &mut Vec<Locked>, line: &str) -> Option<Inside> {
    let source = quoted(line.strip_prefix("provider ")?, " {")?;
    let is_new = providers.iter().all(|provider| provider.source != source);
    providers.push(Locked {
        source: source.into(),
        ..Locked::default()
    });
    is_new.then_some(Inside::Provider)
}

fn setting(provider: &mut Locked, line: &str) -> Option<Inside> {
    if line == "}" {
        return Some(Inside::Nothing);
    }
    let (name, value) = line.split_once('=')?;
    match (name.trim(), value.trim()) {
        ("hashes", "[") => return Some(Inside::Hashes),
        ("version", value) => provider.version = quoted(value, "")?.into(),
        ("constraints", value) => provider.constraints = quoted(value, "")?.into(),
        _ => return None,
    }
    Some(Inside::Provider)
}

fn hash(provider: &mut Locked, line: &str) -> Option<Inside> {
    if line == "]" {
        return Some(Inside::Provider);
    }
    let hash = quoted(line, ",")?;
    provider.hashed |= hash.starts_with("h1:") || hash.starts_with("zh:");
    Some(Inside::Hashes)
}

/// The text between quotes in `"text"after`.
fn quoted<'a>(line: &'a str, after: &str) -> Option<&'a str> {
    line.strip_suffix(after)?
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
            providers,
            [
                Locked {
                    source: "registry.terraform.io/hashicorp/aws".into(),
                    version: "5.100.0".into(),
                    constraints: "5.100.0".into(),
                    hashed: true,
                },
                Locked {
                    source: "registry.terraform.io/acme/loose".into(),
                    version: "1.0.0".into(),
                    constraints: String::new(),
                    hashed: false,
                },
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

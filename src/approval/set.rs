//! The manifest of a set: plans that are reviewed in one sitting and applied one after the other.
//!
//! It lies in the directory of the plans and reads as `sha256sum` prints it, a line a plan, in the order in which they are
//! applied. Nobody signs it by itself: every approval of the set names its digest, so that a plan that is swapped, added
//! or left out, and another order, are another set.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Hasher};

use super::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// The manifest's name in the directory of the plans.
pub const FILE: &str = "undersign.manifest";

/// A longer manifest is none of ours.
pub const MAX_BYTES: u64 = 1 << 20;

/// Which plan of which set an approval is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Digest of the manifest.
    pub manifest_sha256: Hex,
    /// The plan's path within the set, as the manifest has it.
    pub path: String,
}

/// Plans with their digests, in the order in which they are applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Digest and path of each.
    pub plans: Vec<(Hex, String)>,
}

impl Manifest {
    /// The manifest's text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (sha256, path) in &self.plans {
            let _ = writeln!(text, "{sha256}  {path}");
        }
        text
    }

    /// Its digest.
    pub fn sha256(&self) -> Sha256 {
        Hasher::digest(self.to_text()).into()
    }

    /// What an approval of the plan at `path` says of the set.
    pub fn member(&self, path: &str) -> Member {
        Member {
            manifest_sha256: Hex(self.sha256()),
            path: path.to_owned(),
        }
    }

    /// Reads a manifest back; only the very text that undersign writes is one.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut manifest = Manifest::default();
        for (number, line) in text.lines().enumerate() {
            let parts = line.split_once("  ");
            let plan = parts.and_then(|(digest, path)| {
                let digest = Hex::try_from(digest.to_owned()).ok()?;
                is_within(path).then(|| (digest, path.to_owned()))
            });
            let known = |path: &str| manifest.plans.iter().any(|(_, other)| other == path);
            match plan {
                Some((_, path)) if known(&path) => {
                    return Err(unreadable(number, "the plan stands there twice"));
                }
                Some(plan) => manifest.plans.push(plan),
                None => {
                    return Err(unreadable(
                        number,
                        "it is no digest with a path in the directory",
                    ));
                }
            }
        }
        if manifest.plans.is_empty() || manifest.to_text() != text {
            return Err(unreadable(
                manifest.plans.len(),
                "the text does not end as it should",
            ));
        }
        Ok(manifest)
    }
}

/// Whether a path stays within the directory.
fn is_within(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\r', '\\'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn unreadable(number: usize, why: &str) -> Failure {
    Failure::new(
        Exit::Mismatch,
        "manifest-text",
        format!("{FILE}, line {}: {why}", number + 1),
    )
    .hint("Review the directory again; signing writes the manifest.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(paths: &[&str]) -> Manifest {
        Manifest {
            plans: paths
                .iter()
                .map(|path| (Hex(Hasher::digest(path).into()), (*path).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn it_reads_as_it_is_written_and_its_order_counts() {
        let set = manifest(&["network/tfplan.tfplan", "app  x/tfplan.tfplan"]);
        assert_eq!(Manifest::parse(&set.to_text()).unwrap(), set);
        let other = manifest(&["app  x/tfplan.tfplan", "network/tfplan.tfplan"]);
        assert_ne!(set.sha256(), other.sha256());
        assert_eq!(set.member("a").manifest_sha256, Hex(set.sha256()));
    }

    #[test]
    fn no_other_text_is_one() {
        let line = manifest(&["a"]).to_text();
        let digest = &line[..64];
        for text in [
            String::new(),
            line.trim_end().to_owned(),
            format!("{line}\n"),
            line.replace('\n', "\r\n"),
            format!("{line}{line}"),
            line.to_uppercase(),
            format!("{digest} a\n"),
            format!("{digest}  ../a\n"),
            format!("{digest}  /a\n"),
            format!("{digest}  a//b\n"),
            format!("{digest}  \n"),
        ] {
            assert!(Manifest::parse(&text).is_err(), "{text:?}");
        }
    }
}

//! One digest of everything that decides what policies say.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// Everything that decides what policies say: policy files, data, the engine with its version, findings, scopes.
///
/// The order of insertion does not matter, and no two different collections share their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs(BTreeMap<(String, String), [u8; 32]>);

impl Inputs {
    /// Adds one input: what sort of thing it is (`rego`, `data`, `engine`, `findings`, `scope`), its name, its bytes.
    pub fn add(&mut self, sort: &str, name: &str, bytes: &[u8]) {
        let digest = Sha256::digest(bytes).into();
        self.0.insert((sort.to_owned(), name.to_owned()), digest);
    }

    /// Adds all of another collection.
    pub fn extend(&mut self, other: Inputs) {
        self.0.extend(other.0);
    }

    /// The digest; `None` where there is no policy at all.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        if self.0.is_empty() {
            return None;
        }
        let mut hasher = Sha256::new();
        for ((sort, name), digest) in &self.0 {
            for text in [sort, name] {
                hasher.update((text.len() as u64).to_be_bytes());
                hasher.update(text);
            }
            hasher.update(digest);
        }
        Some(hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(entries: &[(&str, &str, &str)]) -> Option<[u8; 32]> {
        let mut inputs = Inputs::default();
        for (sort, name, bytes) in entries {
            inputs.add(sort, name, bytes.as_bytes());
        }
        inputs.sha256()
    }

    #[test]
    fn any_difference_makes_another_digest_and_order_makes_none() {
        let both = [("rego", "a", "1"), ("data", "b", "2")];
        assert_eq!(digest(&both), digest(&[both[1], both[0]]));
        assert_eq!(digest(&[]), None);
        for other in [
            [("rego", "a", "1"), ("data", "b", "3")],
            [("rego", "a", "1"), ("data", "c", "2")],
            [("rego", "a", "1"), ("rego", "b", "2")],
            [("regoa", "", "1"), ("data", "b", "2")],
        ] {
            assert_ne!(digest(&both), digest(&other), "{other:?}");
        }
    }
}

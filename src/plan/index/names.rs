//! The identities of the rows so far: no two rows may share one.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::plan::effect::{Effect, Kind};

/// Rows so far, as keyed hashes of kind, address and deposed key, with how often each was met.
#[derive(Default)]
pub(super) struct Names {
    seen: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    hasher: RandomState,
}

impl Names {
    /// Takes a row in. `false`: its identity stands twice.
    pub fn admit(&mut self, effect: &mut Effect) -> bool {
        let times = self.times(effect);
        if times == 1 {
            return true;
        }
        // One block can have many provisioners, and one action can be triggered many times.
        let numbered = matches!(effect.kind, Kind::Invocation | Kind::Provisioner);
        if numbered {
            effect.address = format!("{} #{times}", effect.address).into();
        }
        numbered && self.times(effect) == 1
    }

    /// How often a row of this identity was met, this time included.
    fn times(&mut self, effect: &Effect) -> u32 {
        let name = (effect.kind, &effect.address, effect.deposed());
        let times = self.seen.entry(self.hasher.hash_one(name)).or_insert(0);
        *times += 1;
        *times
    }
}

/// Takes what is a keyed hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

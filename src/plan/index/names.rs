//! The identities of the rows so far: no two rows may share one.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::fingerprint;
use crate::plan::effect::{Effect, Kind};

/// Rows so far, as keyed hashes of kind, address and deposed key.
#[derive(Default)]
pub(super) struct Names {
    seen: HashSet<u64, BuildHasherDefault<Hashed>>,
    /// How often those were met that were met again. There are few.
    again: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// Where an address is put together.
    room: String,
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
            let address = format!("{} #{times}", effect.address());
            effect.rename(&address);
        }
        numbered && self.times(effect) == 1
    }

    /// How often a row of this identity was met, this time included.
    fn times(&mut self, effect: &Effect) -> u32 {
        let address = effect.address_in(&mut self.room);
        let name = match effect.deposed() {
            None => fingerprint(address),
            // No character of an address is in front of its length.
            Some(key) => fingerprint(&format!("{} {address}{key}", address.len())),
        };
        // What is keyed stays so, whatever is added to it.
        let name = name.wrapping_add(effect.kind as u64);
        if self.seen.insert(name) {
            return 1;
        }
        let times = self.again.entry(name).or_insert(1);
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

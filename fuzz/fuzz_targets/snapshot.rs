//! Whatever stands in a configuration file, its blocks and comments are read or it is said that they cannot be.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use undersign::plan::snapshot::Snapshot;

fuzz_target!(|text: &str| {
    let lines = text.matches('\n').count() + 1;
    for name in ["m-/main.tf", "m-/main.tf.json", "modules.json"] {
        let mut unread = Vec::new();
        let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        let snapshot = Snapshot::read(&files, &mut unread);
        for comment in snapshot.comments() {
            assert!((1..=lines).contains(&(comment.line as usize)));
        }
    }
});

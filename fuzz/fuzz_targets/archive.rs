//! Whatever the bytes, a plan file is read or refused; nothing panics.
//!
//! A sum that is wrong hides what stands behind it from a fuzzer, so a zip is also made of the bytes: whole members.

#![no_main]

use std::io::{Cursor, Write as _};

use libfuzzer_sys::fuzz_target;
use undersign::plan::archive;
use zip::write::SimpleFileOptions;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Some((first, rest)) = bytes.split_first() {
        read(&zipped(*first, rest));
    }
});

fn read(bytes: &[u8]) {
    let size = bytes.len() as u64;
    let _ = archive::lock(&mut Cursor::new(bytes), size);
    if let Ok(plan) = archive::read(&mut Cursor::new(bytes), [0; 32], size) {
        assert_eq!(plan.size, size);
    }
}

/// A plan file whose members are as they should be, but for the one that `which` chooses.
fn zipped(which: u8, bytes: &[u8]) -> Vec<u8> {
    const MEMBERS: [(&str, &[u8]); 5] = [
        ("tfplan", include_bytes!("../seeds/tfplan")),
        ("tfstate", include_bytes!("../seeds/tfstate")),
        (".terraform.lock.hcl", include_bytes!("../seeds/lock.hcl")),
        ("tfconfig/m-/main.tf", b""),
        ("tfconfig/modules.json", b"[]"),
    ];
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (name, whole)) in MEMBERS.iter().enumerate() {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file(*name, stored).unwrap();
        let chosen = usize::from(which) % MEMBERS.len() == number;
        writer.write_all(if chosen { bytes } else { whole }).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

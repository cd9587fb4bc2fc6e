//! Whatever stands in a signature, it is refused or holds for its message alone; nothing panics.
//!
//! Armor that is not whole hides what stands in it from a fuzzer, so the bytes are also put into armor as they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use undersign::approval::key::{PublicKey, inspect_private};
use undersign::approval::sign::NAMESPACE;
use undersign::approval::sshsig::verify;

const MESSAGE: &[u8] = b"message";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        look(text);
        let _ = PublicKey::from_line(text);
        let _ = inspect_private(text);
    }
    look(&armored(bytes));
    if let Ok(key) = PublicKey::from_blob(bytes) {
        assert_eq!(PublicKey::from_line(&key.to_line()), Ok(key));
    }
});

fn look(text: &str) {
    if verify(text, NAMESPACE, MESSAGE).is_ok() {
        assert!(verify(text, NAMESPACE, b"another message").is_err());
        assert!(verify(text, "another@namespace", MESSAGE).is_err());
    }
}

fn armored(bytes: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(bytes);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(70)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
        lines.join("\n")
    )
}

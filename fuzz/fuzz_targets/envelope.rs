//! Whatever the bytes of an approval file, they are taken in their one form or refused; nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::sign::NAMESPACE;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(envelope.to_bytes(), bytes);
        assert!(pae(envelope.payload()).ends_with(envelope.payload()));
        let _ = envelope.verify(NAMESPACE);
    }
});

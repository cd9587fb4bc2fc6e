//! Whatever stands in a trust file, it is refused with its line or asks for at least one person; nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use undersign::trust::{Trust, init, scope};

fuzz_target!(|text: &str| {
    let trust = match Trust::parse("trust.toml", text) {
        Ok(trust) => trust,
        Err(failure) => {
            assert!(failure.error.starts_with("trust.toml:"), "{failure}");
            return;
        }
    };
    for scope in &trust.scopes {
        assert!(scope.approvals > 0);
        let _ = scope::is_open(scope, jiff::Timestamp::UNIX_EPOCH);
    }
    let _ = scope::choose(&trust, "default", "s3", "");
    let keys: usize = trust.persons.iter().map(|person| person.keys.len()).sum();
    assert!(init::allowed_signers(&trust).lines().count() <= keys);
});

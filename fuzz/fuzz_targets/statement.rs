//! Whatever is signed, a statement and a countersignature have one reading and one form; nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use undersign::approval::covers::{covers, overrides};
use undersign::approval::emergency::Countersignature;
use undersign::approval::statement::Statement;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::parse(bytes) {
        assert_eq!(statement.to_bytes(), bytes);
        let approval = &statement.predicate;
        let required: Vec<_> = approval
            .acknowledgements
            .iter()
            .map(|ack| ack.requirement())
            .collect();
        assert_eq!(covers(&required, &approval.acknowledgements), Ok(()));
        let _ = overrides(&required, &approval.overrides);
    }
    if let Ok(countersignature) = Countersignature::parse(bytes) {
        assert_eq!(countersignature.to_bytes(), bytes);
    }
});

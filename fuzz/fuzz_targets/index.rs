//! Whatever the bytes, a plan is read and judged, or refused; nothing panics, and every row's text is where the row says.
//! A file says what a pipe says.

#![no_main]

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use undersign::diff::{self, Looking};
use undersign::plan::digest::Bytes;
use undersign::plan::value::Value;
use undersign::plan::values::Values;
use undersign::review::judge::{Step, judge};

static FILE: LazyLock<File> = LazyLock::new(|| tempfile::tempfile().unwrap());

fn from_file(bytes: &[u8]) -> Result<undersign::plan::index::Header, String> {
    FILE.set_len(0).unwrap();
    FILE.write_all_at(bytes, 0).unwrap();
    judge(Bytes::File(&FILE), None, None, &mut |_| ControlFlow::Continue(()))
        .map(|judgement| judgement.header)
        .map_err(|failure| failure.to_string())
}

fuzz_target!(|bytes: &[u8]| {
    let mut rows = Vec::new();
    let judged = judge(&mut &*bytes, Some(bytes.len() as u64), None, &mut |step| {
        if let Step::Rows(batch) = step {
            rows.extend(batch);
        }
        ControlFlow::Continue(())
    });
    let judgement = match judged {
        Ok(judgement) => judgement,
        Err(failure) => return assert_eq!(from_file(bytes), Err(failure.to_string())),
    };
    assert_eq!(from_file(bytes).as_ref(), Ok(&judgement.header));
    assert_eq!(judgement.header.rows, rows.len() as u64);
    assert_eq!(judgement.header.bytes, bytes.len() as u64);
    for row in &rows {
        let span = row.effect.span;
        let start = usize::try_from(span.start).unwrap();
        let text = &bytes[start..start + usize::try_from(span.len).unwrap()];
        let text = std::str::from_utf8(text).unwrap();
        assert_eq!(
            undersign::plan::index::fingerprint(text),
            row.effect.fingerprint
        );
        let _ = Value::parse(text);
        if let Ok(values) = Values::of_item(text) {
            diff::attributes(&values, Looking::default());
        }
    }
});

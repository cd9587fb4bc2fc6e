//! The pass as a whole: small plans in, rows and header out.

use std::io::Read;

use super::*;
use crate::plan::action::Action;
use crate::plan::effect::Mode;

/// Keeps every row, its text, and how often it heard of the progress.
#[derive(Default)]
struct Rows {
    rows: Vec<(Effect, String)>,
    progress: Vec<Progress>,
}

impl Sink for Rows {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        self.rows.push((effect, item.text.to_owned()));
        ControlFlow::Continue(())
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        self.progress.push(progress);
        ControlFlow::Continue(())
    }
}

fn rows(json: &str) -> Result<(Header, Vec<Effect>), Failure> {
    let mut sink = Rows::default();
    let header = read(&mut json.as_bytes(), None, &mut sink)?;
    for (effect, item) in &sink.rows {
        let start = usize::try_from(effect.span.start).unwrap();
        assert_eq!(&json[start..start + item.len()], item);
        assert_eq!({ effect.span.len } as usize, item.len());
        assert_eq!(effect.fingerprint, fingerprint(item));
    }
    Ok((
        header,
        sink.rows.into_iter().map(|(effect, _)| effect).collect(),
    ))
}

/// A plan with `members` behind the version.
fn plan(members: &str) -> String {
    format!(r#"{{"format_version":"1.2","planned_values":{{}},{members}}}"#)
}

#[test]
fn the_top_of_a_plan_is_read_in_any_order() {
    let json = r#"{"errored":false,"complete":true,"prior_state":{"values":{"root_module":{
        "resources":[{"mode":"managed","values":{"mode":"data"}},{"mode":"data"},{}],
        "child_modules":[{"child_modules":[{"resources":[{"mode":"managed"}]}]},{}]}}},
        "timestamp":"2026-01-01T00:00:00Z","planned_values":{"outputs":{},"root_module":{}},
        "terraform_version":"1.11.4","format_version":"1.2"}"#;
    let (header, rows) = rows(json).unwrap();
    assert!(rows.is_empty());
    assert_eq!(header.format_version, "1.2");
    assert_eq!(header.terraform_version, "1.11.4");
    assert_eq!(header.timestamp.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(
        (header.errored, header.complete, header.applyable),
        (Some(false), Some(true), None)
    );
    assert_eq!(header.prior_resources, Some(3));
    assert!(header.plans_nothing);
    assert_eq!(header.bytes, json.len() as u64);
}

#[test]
fn absent_and_null_sections_hold_nothing() {
    let (header, rows) = rows(&plan(
        r#""resource_changes":null,"output_changes":null,"checks":null,"prior_state":null,"configuration":null,"errored":null"#,
    ))
    .unwrap();
    assert!(rows.is_empty());
    assert_eq!((header.prior_resources, header.errored), (None, None));
}

#[test]
fn a_change_becomes_a_row_with_all_that_its_element_says() {
    let (_, rows) = rows(&plan(
        r#""resource_changes":[{"address":"module.m[\"a.b\"].aws_db_instance.x[0]","previous_address":"aws_db_instance.y",
        "module_address":"module.m[\"a.b\"]","mode":"managed","type":"aws_db_instance","name":"x","index":0,
        "provider_name":"registry.terraform.io/hashicorp/aws","deposed":"0a1b2c3d","action_reason":"replace_because_cannot_update",
        "change":{"actions":["delete","create"],"before":{},"after":{},"replace_paths":[["a","b c",0]],"importing":{"id":"i-1"},"generated_config":"x"}}]"#,
    ))
    .unwrap();
    let row = &rows[0];
    assert_eq!(row.kind, Kind::Change);
    assert_eq!(&*row.address(), r#"module.m["a.b"].aws_db_instance.x[0]"#);
    assert_eq!(row.deposed(), Some("0a1b2c3d"));
    assert_eq!(
        (&*row.module, &*row.type_name, &*row.name),
        (r#"module.m["a.b"]"#, "aws_db_instance", "x")
    );
    assert_eq!(row.mode, Mode::Managed);
    assert_eq!(row.action, Action::DeleteCreate);
    assert_eq!(row.reason.as_deref(), Some("replace_because_cannot_update"));
    assert_eq!(row.previous_address(), Some("aws_db_instance.y"));
    let more = row.more.as_ref().unwrap();
    assert_eq!(more.importing, Some(Some("i-1".into())));
    assert!(more.generated_config);
    assert_eq!(more.replace_paths, [Box::from(r#"a["b c"][0]"#)]);
}

#[test]
fn type_and_name_are_taken_from_the_address_where_the_file_does_not_say() {
    let (_, rows) = rows(&plan(
        r#""resource_changes":[{"address":"module.m.aws_vpc.a[\"x\"]","index":"x","change":{"actions":["teleport"]}}]"#,
    ))
    .unwrap();
    assert_eq!((&*rows[0].type_name, &*rows[0].name), ("aws_vpc", "a"));
    assert_eq!(rows[0].mode, Mode::None);
    assert_eq!(rows[0].action, Action::Unknown);
    assert_eq!(rows[0].action_words(), ["teleport"]);
}

#[test]
fn every_kind_of_effect_has_rows() {
    let change = r#""change":{"actions":["update"]}"#;
    let (header, rows) = rows(&plan(&format!(
        r#""resource_drift":[{{"address":"a.b",{change}}}],
        "resource_changes":[{{"address":"a.b",{change}}},{{"address":"a.b","deposed":"1",{change}}}],
        "deferred_changes":[{{"reason":"absent_prereq","resource_change":{{"address":"a.c[*]","index_unknown":true,{change}}}}}],
        "output_changes":{{"o":{{"actions":["create"]}}}},
        "action_invocations":[{{"address":"action.x.y","type":"x","name":"y","lifecycle_action_trigger":{{"triggering_resource_address":"a.b","action_trigger_event":"AfterCreate"}}}},
            {{"address":"action.x.y","type":"x","name":"y","invoke_action_trigger":{{}}}}],
        "deferred_action_invocations":[{{"reason":"later","action_invocation":{{"address":"action.x.z"}}}}],
        "checks":[{{"address":{{"to_display":"check.ok"}},"status":"pass"}},
            {{"address":{{"to_display":"check.bad"}},"status":"fail","instances":[{{"problems":[{{"message":"too small"}}]}}]}}],
        "brand_new":{{"a":1}}"#
    )))
    .unwrap();
    let addresses: Vec<_> = rows.iter().map(Effect::address).collect();
    let seen: Vec<_> = rows
        .iter()
        .zip(&addresses)
        .map(|(row, address)| (row.kind.word(), &**address, row.note().unwrap_or_default()))
        .collect();
    assert_eq!(
        seen,
        [
            ("drift", "a.b", ""),
            ("change", "a.b", ""),
            ("change", "a.b", ""),
            ("deferred", "a.c[*]", "deferred: absent_prereq"),
            ("output", "o", ""),
            ("invocation", "action.x.y", "runs AfterCreate of a.b"),
            (
                "invocation",
                "action.x.y #2",
                "invoked by the person who planned"
            ),
            (
                "invocation",
                "action.x.z",
                "nothing says what triggers it; deferred: later"
            ),
            ("check", "check.bad", "too small"),
            ("unknown-key", "brand_new", ""),
        ]
    );
    assert_eq!(rows[8].reason.as_deref(), Some("fail"));
    assert_eq!(header.rows, 10);
}

#[test]
fn a_field_of_another_type_is_refused_by_its_key_and_never_quoted() {
    for (element, key) in [
        (r#"["secret"]"#, "the element at"),
        (r#"{"change":{"actions":["create"]}}"#, r#""address""#),
        (
            r#"{"address":["secret"],"change":{"actions":["create"]}}"#,
            r#""address""#,
        ),
        (r#"{"address":"a.b"}"#, r#""change""#),
        (r#"{"address":"a.b","change":["secret"]}"#, r#""change""#),
        (r#"{"address":"a.b","change":{}}"#, r#""change.actions""#),
        (
            r#"{"address":"a.b","change":{"actions":"secret"}}"#,
            r#""change.actions""#,
        ),
        (
            r#"{"address":"a.b","change":{"actions":[1]}}"#,
            r#""change.actions""#,
        ),
        (
            r#"{"address":"a.b","index":{"secret":1},"change":{"actions":["create"]}}"#,
            r#""index""#,
        ),
        (
            r#"{"address":"a.b","deposed":true,"change":{"actions":["create"]}}"#,
            r#""deposed""#,
        ),
        (
            r#"{"address":"a.b","change":{"actions":["create"],"replace_paths":["secret"]}}"#,
            r#""change.replace_paths""#,
        ),
    ] {
        let failure = rows(&plan(&format!(r#""resource_changes":[{element}]"#))).unwrap_err();
        assert_eq!(failure.reason, "wrong-type", "{element}");
        assert!(failure.error.contains(key), "{failure}");
        assert!(
            failure
                .error
                .contains(r#"at byte 64 (line 1), in "resource_changes", element 0"#),
            "{failure}"
        );
        assert!(!format!("{failure:?}").contains("secret"), "{failure}");
    }
}

#[test]
fn the_same_object_twice_is_refused() {
    let twice = r#"{"address":"a.b","change":{"actions":["no-op"]}},{"address":"a.b","change":{"actions":["delete"]}}"#;
    let failure = rows(&plan(&format!(r#""resource_changes":[{twice}]"#))).unwrap_err();
    assert_eq!(failure.reason, "duplicate-address");
    assert!(
        failure.error.contains("a.b") && failure.error.contains("element 1"),
        "{failure}"
    );
}

#[test]
fn the_sink_hears_of_the_progress_where_no_rows_come() {
    let json = plan(&format!(
        r#""relevant_attributes":"{}""#,
        "x".repeat(9 << 20)
    ));
    let mut sink = Rows::default();
    read(&mut json.as_bytes(), Some(7), &mut sink).unwrap();
    let bytes: Vec<u64> = sink
        .progress
        .iter()
        .map(|progress| progress.bytes)
        .collect();
    assert!(
        bytes
            .windows(2)
            .all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 4 << 20),
        "{bytes:?}"
    );
    assert_eq!(bytes.last(), Some(&(json.len() as u64)));
    assert!(
        sink.progress
            .iter()
            .all(|progress| progress.total == Some(7))
    );
}

#[test]
fn a_reader_that_fails_is_named_as_such() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the cable is out"))
        }
    }
    let failure = read(&mut Broken, None, &mut Rows::default()).unwrap_err();
    assert_eq!(failure.reason, "io");
    assert!(failure.error.contains("the cable is out"));
}

/// A file without a name that holds `bytes`.
fn file(bytes: &[u8]) -> std::fs::File {
    let file = tempfile::tempfile().unwrap();
    crate::plan::source::write_all_at(&file, bytes, 0).unwrap();
    file
}

/// What a file says must be what a pipe says: they reach the reader on different ways.
fn a_file_is_read_as_a_pipe_is(bytes: &[u8]) -> Option<&'static str> {
    let [mut piped, mut filed] = [Rows::default(), Rows::default()];
    let pipe = read(&mut &*bytes, None, &mut piped);
    let file = read(Bytes::File(&file(bytes)), None, &mut filed);
    match (pipe, file) {
        (Ok(pipe), Ok(file)) => {
            assert_eq!(pipe, file);
            assert_eq!(piped.rows, filed.rows);
            None
        }
        (Err(pipe), Err(file)) => {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(pipe.to_string(), file.to_string(), "{text}");
            Some(pipe.reason)
        }
        (pipe, file) => panic!("{pipe:?} and {file:?}: {}", String::from_utf8_lossy(bytes)),
    }
}

/// A plan with a row between the parts in which no row stands.
const BOTH_SECTIONS: &str = r#"{"format_version":"1.2",
"planned_values":{"outputs":{"o":{"value":"}]\\\"{"}},"root_module":{"resources":[{"mode":"managed","values":{"a":[1,{"b":"\u00e9"}]}}]}},
"resource_changes":[{"address":"a.b","change":{"actions":["update"],"before":{},"after":{}}}],
"prior_state":{"values":{"root_module":{"child_modules":[{"resources":[{"mode":"data"},{"mode":"managed"}]}]}}}, "errored":false}"#;

#[test]
fn what_holds_no_row_is_read_as_strictly() {
    let json = BOTH_SECTIONS;
    assert_eq!(a_file_is_read_as_a_pipe_is(json.as_bytes()), None);
    let header = read(
        Bytes::File(&file(json.as_bytes())),
        None,
        &mut Rows::default(),
    );
    let header = header.unwrap();
    assert_eq!(
        (header.plans_nothing, header.prior_resources),
        (false, Some(1))
    );
    for (from, to, reason) in [
        (
            r#""mode":"managed","values""#,
            r#""mode":"managed","mode""#,
            "duplicate-key",
        ),
        (r#""mode":"data"}"#, r#""mode":"data"]"#, "invalid-json"),
        (r#"{"b":"\u00e9"}"#, r#"{"b":"\ud800"}"#, "lone-surrogate"),
        (r#"{"b":"\u00e9"}"#, r#"{"b":01}"#, "invalid-json"),
        (r#"{"b":"\u00e9"}"#, "{\"b\":\"\n\"}", "invalid-json"),
        (r#"{"b":"\u00e9"}"#, r#"{"b":"\u00e9}"#, "invalid-json"),
        (r#"{"outputs""#, r#"[{"outputs""#, "wrong-type"),
        (r#"{"outputs""#, r#"null,"x":{"outputs""#, ""),
        (r#"{"outputs""#, r#"{"outputs" "x""#, "invalid-json"),
        (r#""errored":false}"#, r#""errored":0}"#, "wrong-type"),
        (
            r#""errored":false}"#,
            r#""errored":false} 1"#,
            "trailing-text",
        ),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from}");
        let found = a_file_is_read_as_a_pipe_is(changed.as_bytes());
        assert_eq!(found.unwrap_or_default(), reason, "{changed}");
    }
    for end in 0..json.len() {
        assert!(a_file_is_read_as_a_pipe_is(&json.as_bytes()[..end]).is_some());
    }
}

#[test]
fn each_byte_that_is_another_one_is_told_in_a_file_as_in_a_pipe() {
    for at in 0..BOTH_SECTIONS.len() {
        for byte in [b'"', b'\\', b'{', b'}', b']', b',', b'0', b' ', 0, 0xff] {
            let mut bytes = BOTH_SECTIONS.as_bytes().to_vec();
            bytes[at] = byte;
            a_file_is_read_as_a_pipe_is(&bytes);
        }
    }
}

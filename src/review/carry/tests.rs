//! What is and what is not asked again: pairs of plans, and a property over many more.

use std::io::Cursor;

use proptest::prelude::*;

use super::memory::{Memory, Remembered};
use super::*;
use crate::plan::effect::{Effect, Kind, Span};
use crate::review::judge::judge_all;
use crate::review::{Objection, log::Log};
use crate::risk::{Finding, Risk};

const KEY: [u8; 32] = [7; 32];

/// Rows of a plan with these changes, each with the text of its element.
fn rows(changes: &str) -> Vec<(Judged, Option<String>)> {
    let json = format!(
        r#"{{"format_version":"1.2","terraform_version":"1.9.5","timestamp":"2026-11-22T10:00:00Z","applyable":true,"complete":true,"errored":false,{changes}}}"#
    );
    let (_, rows) = judge_all(&mut json.as_bytes(), None, None).unwrap();
    rows.into_iter()
        .map(|judged| {
            let Span { start, len } = judged.effect.span;
            let item = json[start as usize..][..len as usize].to_owned();
            let item = (judged.effect.kind != Kind::Plan).then_some(item);
            (judged, item)
        })
        .collect()
}

/// Everything that asks is acknowledged, as a reviewer would.
fn acknowledged(rows: &[(Judged, Option<String>)]) -> Earlier {
    let key = CarryKey::new(KEY);
    let remembered = rows
        .iter()
        .filter_map(|(judged, item)| {
            let said = Said::Ack(Ack {
                requirement: Requirement::of(judged)?,
                method: Method::Typed,
                reason: Some("agreed with the team".into()),
            });
            let identity = key.identity(judged, item.as_deref())?;
            Some(Remembered::new(said, judged, identity))
        })
        .collect();
    Earlier::new(&"ab".repeat(32), key, remembered)
}

fn since(earlier: &Earlier, rows: &[(Judged, Option<String>)]) -> Since {
    let mut since = Since::default();
    for (judged, item) in rows.iter().filter(|(judged, _)| earlier.concerns(judged)) {
        earlier.compare(judged, item.as_deref(), &mut since);
    }
    earlier.finish(&mut since);
    since
}

/// What must become of the second plan's one change.
#[derive(Debug)]
enum Then {
    /// It comes acknowledged.
    Carried,
    /// It is asked, and the sentence says this.
    Asked(&'static str),
    /// It asks for nothing any more.
    Narrowed,
    /// It was not there or asked for nothing.
    New,
    /// Nothing is asked and nothing said.
    Quiet,
}
use Then::{Asked, Carried, Narrowed, New, Quiet};

fn change(head: &str, change: &str) -> String {
    format!(
        r#""resource_changes":[{{"address":"aws_db_instance.main","mode":"managed","type":"aws_db_instance","name":"main","provider_name":"registry.terraform.io/hashicorp/aws"{head},"change":{{{change}}}}}]"#
    )
}

fn database(sides: &str) -> String {
    change("", &format!(r#""actions":["update"],{sides}"#))
}

const WEAK: &str = r#""before":{"deletion_protection":true,"backup_retention_period":7,"name":"a","tags":{"a":"1","b":"2"}},"after":{"deletion_protection":false,"backup_retention_period":7,"name":"a","tags":{"a":"1","b":"2"}},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}"#;
const GONE: &str = r#""actions":["delete"],"before":{"name":"a","size":1},"after":null,"after_unknown":{},"before_sensitive":{},"after_sensitive":false"#;
const OPEN: &str = r#""before":{"publicly_accessible":false,"subnets":["a","b"]},"after":{"publicly_accessible":true,"subnets":["a","b"]},"after_unknown":{"arn":true},"before_sensitive":{},"after_sensitive":{}"#;

/// `WEAK` with one text put for another.
fn weak(from: &str, to: &str) -> String {
    assert!(WEAK.contains(from), "{from}");
    database(&WEAK.replace(from, to))
}

fn gone(from: &str, to: &str) -> String {
    assert!(GONE.contains(from), "{from}");
    change("", &GONE.replace(from, to))
}

fn open(from: &str, to: &str) -> String {
    assert!(OPEN.contains(from), "{from}");
    database(&OPEN.replace(from, to))
}

#[test]
fn only_what_is_the_same_comes_acknowledged() {
    let (w, g, o) = (database(WEAK), change("", GONE), database(OPEN));
    let table: Vec<(&str, String, String, Then)> = vec![
        ("nothing differs", w.clone(), w.clone(), Carried),
        ("a delete again", g.clone(), g.clone(), Carried),
        ("an exposure again", o.clone(), o.clone(), Carried),
        (
            "keys in another order",
            w.clone(),
            weak(
                r#"{"deletion_protection":false,"backup_retention_period":7,"#,
                r#"{"backup_retention_period":7,"deletion_protection":false,"#,
            ),
            Carried,
        ),
        (
            "keys of a map in another order",
            w.clone(),
            weak(
                r#"{"a":"1","b":"2"}},"after_unknown""#,
                r#"{"b":"2","a":"1"}},"after_unknown""#,
            ),
            Carried,
        ),
        (
            "white space",
            w.clone(),
            weak(r#""after":{"#, "\"after\" : {\n "),
            Carried,
        ),
        (
            "another spelling of a letter",
            w.clone(),
            weak(
                r#""name":"a","tags":{"a":"1","b":"2"}},"after_unknown""#,
                r#""name":"\u0061","tags":{"a":"1","b":"2"}},"after_unknown""#,
            ),
            Carried,
        ),
        (
            "a mark that marks nothing",
            w.clone(),
            weak(
                r#""after_unknown":{}"#,
                r#""after_unknown":{"name":false,"tags":{}}"#,
            ),
            Carried,
        ),
        (
            "a secret mark that marks nothing",
            w.clone(),
            weak(
                r#""after_sensitive":{}"#,
                r#""after_sensitive":{"tags":{"a":false}}"#,
            ),
            Carried,
        ),
        ("unknown then and now", o.clone(), o.clone(), Carried),
        (
            "no longer weakened",
            w.clone(),
            weak(
                r#""deletion_protection":false"#,
                r#""deletion_protection":true"#,
            ),
            Narrowed,
        ),
        (
            "no longer deleted",
            g.clone(),
            change(
                "",
                r#""actions":["no-op"],"before":{"name":"a"},"after":{"name":"a"},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}"#,
            ),
            Narrowed,
        ),
        (
            "no longer opened",
            o.clone(),
            open(
                r#""publicly_accessible":true"#,
                r#""publicly_accessible":false"#,
            ),
            Narrowed,
        ),
        (
            "was routine, is dangerous",
            weak(
                r#""deletion_protection":false"#,
                r#""deletion_protection":true"#,
            ),
            w.clone(),
            New,
        ),
        (
            "was routine and still is",
            weak(
                r#""deletion_protection":false"#,
                r#""deletion_protection":true"#,
            ),
            weak(
                r#""deletion_protection":false"#,
                r#""deletion_protection":true"#,
            ),
            Quiet,
        ),
        (
            "a backup period falls too",
            w.clone(),
            weak(
                r#""deletion_protection":false,"backup_retention_period":7"#,
                r#""deletion_protection":false,"backup_retention_period":1"#,
            ),
            Asked("backup_retention_period differs from then, here 7 → 1"),
        ),
        (
            "a value that no rule knows",
            w.clone(),
            weak(
                r#"{"deletion_protection":false,"backup_retention_period":7,"name":"a""#,
                r#"{"deletion_protection":false,"backup_retention_period":7,"name":"b""#,
            ),
            Asked("name differs from then"),
        ),
        (
            "an old value",
            w.clone(),
            weak(
                r#"{"deletion_protection":true,"backup_retention_period":7,"name":"a""#,
                r#"{"deletion_protection":true,"backup_retention_period":7,"name":"z""#,
            ),
            Asked("name differs from then"),
        ),
        (
            "a member of a map",
            w.clone(),
            weak(
                r#""b":"2"}},"after_unknown""#,
                r#""b":"3"}},"after_unknown""#,
            ),
            Asked("tags differs from then"),
        ),
        (
            "a member less",
            w.clone(),
            weak(r#","b":"2"}},"after_unknown""#, r#"}},"after_unknown""#),
            Asked("tags"),
        ),
        (
            "a member more",
            w.clone(),
            weak(
                r#""b":"2"}},"after_unknown""#,
                r#""b":"2","c":""}},"after_unknown""#,
            ),
            Asked("tags"),
        ),
        (
            "known becomes unknown on a protected path",
            w.clone(),
            database(
                r#""before":{"deletion_protection":true,"backup_retention_period":7,"name":"a","tags":{"a":"1","b":"2"}},"after":{"backup_retention_period":7,"name":"a","tags":{"a":"1","b":"2"}},"after_unknown":{"deletion_protection":true},"before_sensitive":{},"after_sensitive":{}"#,
            ),
            Asked("deletion_protection"),
        ),
        (
            "known becomes unknown elsewhere",
            w.clone(),
            weak(r#""after_unknown":{}"#, r#""after_unknown":{"name":true}"#),
            Asked("name"),
        ),
        (
            "unknown becomes known",
            o.clone(),
            open(r#""after_unknown":{"arn":true}"#, r#""after_unknown":{}"#),
            Asked("an attribute it had is gone"),
        ),
        (
            "one more is unknown",
            o.clone(),
            open(r#"{"arn":true}"#, r#"{"arn":true,"endpoint":true}"#),
            Asked("endpoint"),
        ),
        (
            "a list in another order",
            o.clone(),
            open(
                r#""subnets":["a","b"]},"after_unknown""#,
                r#""subnets":["b","a"]},"after_unknown""#,
            ),
            Asked("subnets"),
        ),
        (
            "both lists in another order",
            o.clone(),
            database(&OPEN.replace(r#"["a","b"]"#, r#"["b","a"]"#)),
            Asked("subnets"),
        ),
        (
            "an element more",
            o.clone(),
            open(
                r#""subnets":["a","b"]},"after_unknown""#,
                r#""subnets":["a","b","c"]},"after_unknown""#,
            ),
            Asked("subnets"),
        ),
        (
            "an element twice",
            o.clone(),
            open(
                r#""subnets":["a","b"]},"after_unknown""#,
                r#""subnets":["a","b","b"]},"after_unknown""#,
            ),
            Asked("subnets"),
        ),
        (
            "null in place of absent",
            g.clone(),
            gone(r#""size":1"#, r#""size":1,"zone":null"#),
            Asked("zone"),
        ),
        (
            "null in place of a value",
            g.clone(),
            gone(r#""size":1"#, r#""size":null"#),
            Asked("size"),
        ),
        (
            "absent in place of a value",
            g.clone(),
            gone(r#","size":1"#, ""),
            Asked("an attribute it had is gone"),
        ),
        (
            "a text in place of a number",
            g.clone(),
            gone(r#""size":1"#, r#""size":"1""#),
            Asked("size"),
        ),
        (
            "a number in another form",
            g.clone(),
            gone(r#""size":1"#, r#""size":1.0"#),
            Asked("size"),
        ),
        (
            "false in place of null",
            g.clone(),
            gone(r#""size":1"#, r#""size":false"#),
            Asked("size"),
        ),
        (
            "an empty list in place of an empty map",
            gone(r#""size":1"#, r#""size":{}"#),
            gone(r#""size":1"#, r#""size":[]"#),
            Asked("size"),
        ),
        (
            "a value becomes secret",
            w.clone(),
            weak(
                r#""after_sensitive":{}"#,
                r#""after_sensitive":{"name":true}"#,
            ),
            Asked("name"),
        ),
        (
            "a value is no secret any more",
            weak(
                r#""after_sensitive":{}"#,
                r#""after_sensitive":{"name":true}"#,
            ),
            w.clone(),
            Asked("name"),
        ),
        (
            "a delete becomes a replacement",
            g.clone(),
            change(
                "",
                r#""actions":["delete","create"],"before":{"name":"a","size":1},"after":{"name":"a","size":1},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}"#,
            ),
            Asked("the action was delete, now delete and create"),
        ),
        (
            "a replacement turns round",
            change(
                "",
                r#""actions":["delete","create"],"before":{"name":"a"},"after":{"name":"b"}"#,
            ),
            change(
                "",
                r#""actions":["create","delete"],"before":{"name":"a"},"after":{"name":"b"}"#,
            ),
            Asked("the action was"),
        ),
        (
            "an update becomes a delete",
            w.clone(),
            g.clone(),
            Asked("now delete"),
        ),
        (
            "an unknown action word",
            g.clone(),
            change(
                "",
                r#""actions":["obliterate"],"before":{"name":"a","size":1},"after":null"#,
            ),
            Asked("now obliterate"),
        ),
        (
            "another reason for a delete",
            change(
                r#","action_reason":"delete_because_no_resource_config""#,
                GONE,
            ),
            change(r#","action_reason":"delete_because_no_module""#, GONE),
            Asked("something around"),
        ),
        (
            "a reason where none was",
            g.clone(),
            change(r#","action_reason":"delete_because_no_module""#, GONE),
            Asked("something around"),
        ),
        (
            "moved as well",
            w.clone(),
            change(
                r#","previous_address":"aws_db_instance.old""#,
                &format!(r#""actions":["update"],{WEAK}"#),
            ),
            Asked("something around"),
        ),
        (
            "another provider",
            g.clone(),
            g.replace("hashicorp/aws", "evil/aws"),
            Asked(""),
        ),
        (
            "another address",
            g.clone(),
            g.replace("aws_db_instance.main\"", "aws_db_instance.other\""),
            New,
        ),
        (
            "deposed in place of current",
            g.clone(),
            change(r#","deposed":"00000001""#, GONE),
            New,
        ),
        (
            "another path forces the replacement",
            change(
                "",
                r#""actions":["delete","create"],"before":{"name":"a"},"after":{"name":"b"},"replace_paths":[["name"]]"#,
            ),
            change(
                "",
                r#""actions":["delete","create"],"before":{"name":"a"},"after":{"name":"b"},"replace_paths":[["size"]]"#,
            ),
            Asked("something around"),
        ),
        (
            "an import as well",
            w.clone(),
            weak(
                r#""after_unknown":{}"#,
                r#""importing":{"id":"x"},"after_unknown":{}"#,
            ),
            Asked(""),
        ),
        (
            "a member that we do not know",
            w.clone(),
            weak(r#""after_unknown":{}"#, r#""future":1,"after_unknown":{}"#),
            Asked("something around"),
        ),
    ];
    assert!(table.len() >= 40, "{}", table.len());
    for (name, then, now, wanted) in &table {
        let (then, now) = (rows(then), rows(now));
        let since = since(&acknowledged(&then), &now);
        let (judged, _) = now
            .iter()
            .find(|(judged, _)| judged.effect.kind == Kind::Change)
            .unwrap();
        let key = Key::of(judged);
        let said = since.says.get(&key).map_or("", String::as_str);
        let carried = since.acks.iter().any(|ack| ack.requirement.key == key);
        let fits = match wanted {
            Carried => carried && said.starts_with("the same"),
            Asked(what) => {
                !carried && said.starts_with("not as you acknowledged") && said.contains(what)
            }
            Narrowed => !carried && !judged.needs_ack() && said.starts_with("narrower"),
            New => !carried && judged.needs_ack() && said.starts_with("new"),
            Quiet => !carried && !judged.needs_ack() && said.is_empty(),
        };
        assert!(
            fits,
            "{name}: wanted {wanted:?}, carried {carried}, said {said:?}"
        );
        for ack in &since.acks {
            assert_eq!(ack.method, Method::Carried, "{name}");
            assert_eq!(ack.reason.as_deref(), Some("agreed with the team"));
        }
    }
}

#[test]
fn what_is_gone_is_counted_and_an_objection_is_asked_again_with_its_words() {
    let then = rows(&change("", GONE));
    let key = CarryKey::new(KEY);
    let (judged, item) = then
        .iter()
        .find(|(judged, _)| judged.effect.kind == Kind::Change)
        .unwrap();
    let said = Said::Object(Objection {
        key: Key::of(judged),
        reason: "the orders are in there".into(),
    });
    let identity = key.identity(judged, item.as_deref()).unwrap();
    let row = Remembered::new(said, judged, identity);
    let earlier = Earlier::new("abcdef", key, vec![row]);
    let same = since(&earlier, &then);
    assert!(same.acks.is_empty());
    let said = &same.says[&Key::of(judged)];
    assert!(
        said.contains("the orders are in there") && said.contains("nothing has changed"),
        "{said}"
    );
    let gone = since(&earlier, &rows(r#""resource_changes":[]"#));
    assert_eq!(gone.gone, [Key::of(judged)]);
    assert!(gone.summary.contains("1 gone"), "{}", gone.summary);
}

/// The very same change may be harmless in one workspace and the end of the other.
#[test]
fn what_was_said_of_one_place_is_asked_again_in_another() {
    let path = format!(
        "{}/fixtures/plans/rig/weaken.tfplan",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(path).unwrap();
    let size = bytes.len() as u64;
    let file = crate::plan::archive::read(&mut Cursor::new(bytes), [0; 32], size).unwrap();
    let (rows, key) = (rows(&change("", GONE)), CarryKey::new(KEY));
    let (judged, item) = rows
        .iter()
        .find(|(judged, _)| judged.effect.kind == Kind::Change)
        .unwrap();
    let identity = key.at(Some(&file)).identity(judged, item.as_deref());
    let ack = Ack {
        requirement: Requirement::of(judged).unwrap(),
        method: Method::Typed,
        reason: None,
    };
    let row = Remembered::new(Said::Ack(ack), judged, identity.unwrap());
    let carried = |change: &dyn Fn(&mut PlanFile)| {
        let mut now = file.clone();
        change(&mut now);
        let earlier = Earlier::new("abcdef", key.clone(), vec![row.clone()]);
        let since = since(&earlier.at(Some(&now)), &rows);
        let said = since.says[&Key::of(judged)].clone();
        assert_eq!(since.acks.is_empty(), said.contains("the place it is for"));
        since.acks.len()
    };
    assert_eq!(carried(&|_| ()), 1);
    assert_eq!(carried(&|now| now.workspace = "prod".into()), 0);
    assert_eq!(carried(&|now| now.lineage = "another".into()), 0);
    assert_eq!(carried(&|now| now.backend_config_sha256 = [9; 32]), 0);
    assert_eq!(carried(&|now| now.serial += 1), 1);
}

#[test]
fn what_was_said_of_this_very_plan_goes_before_what_is_carried_over() {
    let now = rows(&change("", GONE));
    let since = since(&acknowledged(&now), &now);
    let mut log = Log::default();
    let no = Said::Object(Objection {
        key: since.acks[0].requirement.key.clone(),
        reason: "not today".into(),
    });
    log.say(no.clone());
    over(&mut log, &since.acks);
    assert_eq!(log.verdicts().get(no.key()), Some(&&no));
}

#[test]
fn the_memory_holds_no_value_and_is_of_no_use_under_another_key() {
    let directory = tempfile::tempdir().unwrap();
    let then = rows(&database(
        &WEAK.replace(r#""name":"a""#, r#""name":"hunter2hunter2""#),
    ));
    let memory = Memory::open(directory.path(), &[1; 32]).unwrap();
    let again = Memory::open(directory.path(), &[1; 32]).unwrap();
    assert_eq!(memory.load(), Ok(None));
    let remember = |memory: &Memory| -> Vec<Remembered> {
        let (judged, item) = &then[0];
        let said = Said::Ack(Ack {
            requirement: Requirement::of(judged).unwrap(),
            method: Method::Key,
            reason: None,
        });
        let identity = memory
            .carry_key()
            .identity(judged, item.as_deref())
            .unwrap();
        vec![Remembered::new(said, judged, identity)]
    };
    let rows = remember(&memory);
    memory.save(&rows).unwrap();
    assert_eq!(again.load(), Ok(Some(rows.clone())));
    assert_eq!(remember(&again), rows, "one key for all memories");
    let text = std::fs::read_to_string(directory.path().join(format!("{}.json", "01".repeat(32))))
        .unwrap();
    assert!(!text.contains("hunter2") && !text.contains("deletion_protection\""));
    let elsewhere = tempfile::tempdir().unwrap();
    let other = Memory::open(elsewhere.path(), &[1; 32]).unwrap();
    assert_ne!(remember(&other)[0].identity, rows[0].identity);
}

/// A row whose findings are as a test wants them.
fn judged(findings: Vec<Finding>) -> Judged {
    let action = crate::plan::action::Action::Delete;
    Judged::new(
        Effect::bare(Kind::Change, "a.b", action, Span::default()),
        findings,
    )
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (0..3_i64).prop_map(Into::into),
        "[ab]{0,2}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn findings() -> impl Strategy<Value = Vec<Finding>> {
    let finding = (0..3_usize, 0..2_usize, "[xy]", "[xy]").prop_map(|(rule, risk, path, old)| {
        let rule = ["delete-stateful", "protection-weakened", "delete"][rule];
        let mut finding = Finding::new(rule, [Risk::High, Risk::Critical][risk], "It goes.");
        finding.path = Some(path.into());
        finding.old = Some(old.into());
        finding
    });
    prop::collection::vec(finding, 1..3)
}

fn element(before: &serde_json::Value, after: &serde_json::Value) -> String {
    serde_json::json!({"address": "a.b", "change": {"actions": ["delete"], "before": before, "after": after}})
        .to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn nothing_comes_acknowledged_whose_findings_or_values_differ(
        before in json(), after in json(), found in findings(),
        other_before in json(), other_after in json(), other_found in findings(),
        keep in prop::collection::vec(any::<bool>(), 3),
    ) {
        let pick = |keep: bool, one: &serde_json::Value, other: &serde_json::Value| if keep { one.clone() } else { other.clone() };
        let now_before = pick(keep[0], &before, &other_before);
        let now_after = pick(keep[1], &after, &other_after);
        let now_found = if keep[2] { found.clone() } else { other_found };
        let then = vec![(judged(found), Some(element(&before, &after)))];
        let now = vec![(judged(now_found), Some(element(&now_before, &now_after)))];
        let since = since(&acknowledged(&then), &now);
        let same = before == now_before && after == now_after && then[0].0.findings == now[0].0.findings;
        prop_assert_eq!(!since.acks.is_empty(), same);
    }
}

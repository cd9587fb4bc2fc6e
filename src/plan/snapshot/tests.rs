//! From an address to its block, through everything that makes that hard.

use std::io::Cursor;

use super::*;
use crate::plan::action::Action;
use crate::plan::archive;
use crate::plan::effect::Span;

fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    files.iter().map(own).collect()
}

fn snapshot(of: &[(&str, &str)]) -> Snapshot {
    let mut unread = Vec::new();
    let snapshot = Snapshot::read(&files(of), &mut unread);
    assert_eq!(unread, Vec::<String>::new());
    snapshot
}

/// The snapshot inside a plan file that the real tool wrote.
fn real(name: &str) -> Arc<Snapshot> {
    let path = format!(
        "{}/fixtures/plans/{name}/plan.tfplan",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap();
    let plan = archive::read(&mut Cursor::new(&bytes), [0; 32], bytes.len() as u64).unwrap();
    assert_eq!(plan.unread, Vec::<String>::new(), "{name}");
    plan.snapshot
}

fn effect(kind: Kind, address: &str) -> Effect {
    Effect::bare(kind, address, Action::NoOp, Span::default())
}

fn place(snapshot: &Snapshot, address: &str) -> String {
    let effect = effect(Kind::Change, address);
    let source = snapshot.source(&effect);
    source.place().map_or("none".into(), ToString::to_string)
}

#[test]
fn a_block_is_found_through_modules_and_instance_keys() {
    let nested = real("12-modules-nested");
    let address = r#"module.a[0].module.b["x"].module.c.terraform_data.c[1]"#;
    assert_eq!(place(&nested, address), "modules/a/b/c/main.tf:2");
    assert_eq!(
        place(&nested, "module.single.module.c.terraform_data.c[0]"),
        "modules/a/b/c/main.tf:2"
    );
    let effect = effect(Kind::Change, address);
    let calls: Vec<_> = nested
        .source(&effect)
        .calls
        .iter()
        .map(|call| call.place.to_string())
        .collect();
    assert_eq!(
        calls,
        ["main.tf:1", "modules/a/main.tf:3", "modules/a/b/main.tf:2"]
    );
    let output = Effect::bare(Kind::Output, "deep", Action::NoOp, Span::default());
    assert_eq!(nested.source(&output).place().unwrap().first, 11);
}

#[test]
fn keys_with_dots_brackets_and_quotes_name_no_other_block() {
    let snapshot = snapshot(&[(
        "m-/main.tf",
        "resource \"a_b\" \"c\" {}\nresource \"aws_db_instance\" \"fake\" {}",
    )]);
    for address in [
        r#"a_b.c["y.z"]"#,
        r#"a_b.c["q\"t"]"#,
        r#"a_b.c["x\"].aws_db_instance.fake[\"y"]"#,
    ] {
        assert_eq!(place(&snapshot, address), "main.tf:1", "{address}");
    }
}

#[test]
fn the_lifecycle_of_a_real_plan_is_read() {
    let snapshot = real("19-policy-override-comments");
    let row = effect(Kind::Change, "terraform_data.public_bucket");
    let source = snapshot.source(&row);
    let block = source.block.unwrap();
    assert_eq!((block.place.first, block.place.last), (2, 8));
    assert_eq!(
        source.to_string(),
        "main.tf:2, prevent_destroy = true, ignore_changes = [triggers_replace]"
    );
    assert_eq!(
        place(&snapshot, "terraform_data.jsonres"),
        "extra.tf.json:1"
    );
    assert!(
        real("15-prevent-destroy-errored")
            .blocks
            .values()
            .any(|block| { block.lifecycle.prevent_destroy.as_deref() == Some("true") })
    );
}

#[test]
fn comments_belong_to_the_block_they_touch() {
    let snapshot = real("19-policy-override-comments");
    let found: Vec<_> = snapshot
        .comments()
        .iter()
        .filter(|comment| comment.text.starts_with("POLICY-OVERRIDE"))
        .map(|c| (&*c.file, c.line, c.attached_to.as_deref(), c.alone))
        .collect();
    assert_eq!(
        found,
        [
            ("extra.tf.json", 1, None, true),
            ("extra.tf.json", 1, Some("terraform_data.jsonres"), true),
            ("main.tf", 1, Some("terraform_data.public_bucket"), true),
            ("main.tf", 3, Some("terraform_data.public_bucket"), false),
            ("main.tf", 9, Some("module.mod"), true),
            (
                "mod/main.tf",
                1,
                Some("module.mod.terraform_data.inner"),
                true
            ),
        ]
    );
}

#[test]
fn a_blank_line_parts_a_comment_from_a_block_and_text_is_no_comment() {
    let snapshot = snapshot(&[(
        "m-/main.tf",
        "# far\n\n# near\n# nearer\nresource \"a_b\" \"c\" {\n  x = <<E\n# no\nresource \"a_b\" \"no\" {}\nE\n  y = \"# no\"\n} # behind\nresource \"a_b\" \"d\" {}\nlocals {\n  # of nothing\n}\n",
    )]);
    let found: Vec<_> = snapshot
        .comments()
        .iter()
        .map(|c| (c.line, &*c.text, c.attached_to.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (1, "far", None),
            (3, "near", Some("a_b.c")),
            (4, "nearer", Some("a_b.c")),
            (11, "behind", Some("a_b.c")),
            (14, "of nothing", None),
        ]
    );
    assert_eq!(place(&snapshot, "a_b.no"), "none");
    assert_eq!(place(&snapshot, "a_b.d"), "main.tf:12");
}

#[test]
fn what_is_removed_moved_or_imported_is_found_by_the_block_that_says_so() {
    let snapshot = snapshot(&[
        (
            "m-/main.tf",
            "# why\nremoved {\n  from = a_b.old\n  lifecycle { destroy = false }\n}\nremoved { from = module.gone }\nmoved {\n  from = a_b.x\n  to = a_b.y[\"k\"]\n}\nimport {\n to = module.m.a_b.z\n id = \"i\"\n}\nmodule \"m\" {}\n",
        ),
        (
            "m-m/main.tf",
            "resource \"a_b\" \"z\" {}\nremoved { from = a_b.inner }",
        ),
    ]);
    assert_eq!(place(&snapshot, "a_b.old[0]"), "main.tf:2");
    assert_eq!(
        place(&snapshot, "module.gone[1].module.x.a_b.any"),
        "main.tf:6"
    );
    assert_eq!(place(&snapshot, "module.m.a_b.inner"), "m-m/main.tf:2");
    assert_eq!(place(&snapshot, "a_b.never"), "none");
    let row = effect(Kind::Change, "a_b.old[0]");
    let removed = snapshot.source(&row).removed.unwrap();
    assert_eq!(removed.lifecycle.destroy.as_deref(), Some("false"));
    assert_eq!(
        snapshot.comments()[0].attached_to.as_deref(),
        Some("a_b.old")
    );
    let mut row = effect(Kind::Change, r#"a_b.y["k"]"#);
    assert_eq!(snapshot.source(&row).moved, None);
    row.more.get_or_insert_default().previous_address = Some("a_b.x".into());
    assert_eq!(snapshot.source(&row).to_string(), "moved by main.tf:7");
    let mut row = effect(Kind::Change, "module.m[0].a_b.z");
    row.more.get_or_insert_default().importing = Some(None);
    assert_eq!(
        snapshot.source(&row).to_string(),
        "m-m/main.tf:1, imported by main.tf:11"
    );
    assert_eq!(
        place(&real("07-removed-forget"), "terraform_data.forget_me"),
        "main.tf:2"
    );
}

#[test]
fn an_override_file_is_merged_into_the_block() {
    let snapshot = snapshot(&[
        (
            "m-/a_override.tf",
            "resource \"a_b\" \"c\" {\n # over\n lifecycle { prevent_destroy = false }\n}",
        ),
        (
            "m-/main.tf",
            "\nresource \"a_b\" \"c\" {\n lifecycle {\n prevent_destroy = true\n ignore_changes = all\n }\n}",
        ),
        (
            "m-/override.tf.json",
            r#"{"resource":{"a_b":{"c":{"lifecycle":{"create_before_destroy":true}}}}}"#,
        ),
    ]);
    let row = effect(Kind::Change, "a_b.c");
    let source = snapshot.source(&row);
    assert_eq!(
        source.to_string(),
        "main.tf:2, overridden in a_override.tf:1, overridden in override.tf.json:1, \
         prevent_destroy = false, create_before_destroy = true, ignore_changes = all"
    );
    assert_eq!(snapshot.comments()[0].attached_to.as_deref(), Some("a_b.c"));
}

#[test]
fn a_file_for_opentofu_alone_hides_its_twin() {
    let snapshot = snapshot(&[
        ("m-/main.tf", "resource \"a_b\" \"c\" {}"),
        ("m-/main.tofu", "\nresource \"a_b\" \"c\" {}"),
        ("m-/x.tf.json", r#"{"resource":{"a_b":{"d":{}}}}"#),
        ("m-/x.tofu", "resource \"a_b\" \"e\" {}"),
    ]);
    assert_eq!(place(&snapshot, "a_b.c"), "main.tofu:2");
    assert_eq!(place(&snapshot, "a_b.d"), "x.tf.json:1");
    assert_eq!(place(&snapshot, "a_b.e"), "x.tofu:1");
}

#[test]
fn a_directory_that_several_modules_share_has_its_comments_in_each() {
    let snapshot = snapshot(&[
        (
            "modules.json",
            r#"[{"Key":"","Dir":"."},{"Key":"a","Dir":"m"},{"Key":"b","Dir":"m"}]"#,
        ),
        ("m-a/main.tf", "# x\nresource \"a_b\" \"c\" {}"),
        ("m-b/main.tf", "# x\nresource \"a_b\" \"c\" {}"),
    ]);
    let found: Vec<_> = snapshot
        .comments()
        .iter()
        .map(|c| (&*c.file, &*c.module, c.attached_to.as_deref().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            ("m/main.tf", "module.a", "module.a.a_b.c"),
            ("m/main.tf", "module.b", "module.b.a_b.c"),
        ]
    );
}

#[test]
fn a_program_is_found_in_its_resource() {
    let snapshot = snapshot(&[(
        "m-m/main.tf",
        "\ndata \"external\" \"e\" {}\nresource \"null_resource\" \"r\" {}",
    )]);
    for (address, line) in [
        ("module.m.null_resource.r.local-exec #2", 3),
        ("module.m.data.external.e.program", 2),
    ] {
        let row = effect(Kind::Provisioner, address);
        let source = snapshot.source(&row);
        assert_eq!(source.place().unwrap().first, line, "{address}");
    }
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_kept() {
    let mut unread = Vec::new();
    let snapshot = Snapshot::read(
        &files(&[
            ("m-/a.tf", "resource \"a_b\" \"c\" {}\nresource {{"),
            ("m-/b.tf.json", "{\n\"resource\": 1}"),
            ("modules.json", "{}"),
        ]),
        &mut unread,
    );
    assert_eq!(place(&snapshot, "a_b.c"), "a.tf:1");
    assert_eq!(unread.len(), 3);
    assert!(
        unread[1].contains("a.tf") && unread[1].contains("line 2"),
        "{unread:?}"
    );
}

//! Real plan files are read; damaged and doctored ones are refused, each for its own reason.

use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/plans")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_bytes(bytes: &[u8]) -> Result<PlanFile, Failure> {
    let sha256 = sha2::Sha256::digest(bytes).into();
    read(&mut Cursor::new(bytes), sha256, bytes.len() as u64)
}

fn plan(name: &str) -> PlanFile {
    read_bytes(&fixture(name)).unwrap()
}

/// A member's name and its bytes.
type Part = (String, Vec<u8>);

fn parts(bytes: &[u8]) -> Vec<Part> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut member = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().to_owned(), bytes)
        })
        .collect()
}

fn pack(parts: &[Part]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The plan `01-create-only` with its parts changed.
fn doctored(change: impl FnOnce(&mut Vec<Part>)) -> Vec<u8> {
    let mut parts = parts(&fixture("01-create-only/plan.tfplan"));
    change(&mut parts);
    pack(&parts)
}

/// Replaces a name everywhere, also where no writer would let us write it.
fn rename(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
    assert_eq!(places.len(), 2, "once in its header, once in the table");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

fn set<'a>(parts: &'a mut [Part], name: &str) -> &'a mut Vec<u8> {
    &mut parts.iter_mut().find(|(n, _)| n == name).unwrap().1
}

#[test]
fn a_plan_file_says_what_it_is_for() {
    let plan = plan("rig/weaken.tfplan");
    assert_eq!(plan.tool_version, "1.11.4");
    assert_eq!(plan.workspace, "default");
    assert_eq!(plan.backend_type, "local");
    assert_eq!(plan.lineage, "023adcac-d737-2902-99ad-9279a77aeab5");
    assert_eq!(plan.serial, 13);
    assert_eq!(plan.prior_resources, 12);
    assert_eq!(plan.created_at.as_deref(), Some("2026-11-22T02:07:51Z"));
    assert_eq!(
        plan.locked_providers.into_iter().collect::<Vec<_>>(),
        [("registry.terraform.io/hashicorp/aws".to_owned(), true)]
    );
    assert_eq!(
        plan.configuration.keys().collect::<Vec<_>>(),
        ["m-/main.tf", "m-assets/main.tf", "modules.json"]
    );
    assert_eq!(plan.unread, Vec::<String>::new());
}

#[test]
fn the_way_a_plan_was_made_is_read() {
    use PlanMode::{Destroy, Normal, RefreshOnly};
    for (name, mode, errored) in [
        ("01-create-only", Normal, false),
        ("05-destroy-plan", Destroy, false),
        ("16-refresh-only", RefreshOnly, false),
        ("15-prevent-destroy-errored", Normal, true),
    ] {
        let plan = plan(&format!("{name}/plan.tfplan"));
        assert_eq!((plan.mode, plan.errored), (mode, errored), "{name}");
        assert_eq!(plan.unread, Vec::<String>::new(), "{name}");
    }
    assert_eq!(
        plan("17-target-incomplete/plan.tfplan").targets,
        ["terraform_data.b"]
    );
    assert_eq!(
        plan("26-ephemeral-variable/plan.tfplan").apply_time_variables,
        ["token"]
    );
    assert_eq!(plan("01-create-only/plan.tfplan").lineage, "");
}

#[test]
fn a_backend_is_known_by_its_digest_and_never_quoted() {
    let secret = plan("27-backend-and-provider-secrets/plan.tfplan");
    let plain = plan("01-create-only/plan.tfplan");
    assert_ne!(secret.backend_config_sha256, plain.backend_config_sha256);
    assert_eq!(
        plain.backend_config_sha256,
        plan("12-modules-nested/plan.tfplan").backend_config_sha256
    );
    let shown = format!(
        "{:?}",
        PlanFile {
            configuration: BTreeMap::new(),
            ..secret
        }
    );
    assert!(!shown.contains("BACKENDSECRET"));
}

#[test]
fn doctored_plan_files_are_refused_each_for_its_reason() {
    let original = fixture("01-create-only/plan.tfplan");
    let extra = |name: &str| doctored(|parts| parts.push((name.into(), b"x".to_vec())));
    let with = |name: &'static str, bytes: Vec<u8>| doctored(|parts| *set(parts, name) = bytes);
    let without = |name: &'static str| doctored(|parts| parts.retain(|(n, _)| n != name));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("not-a-zip", Vec::new()),
        ("not-a-zip", b"{\"format_version\":\"1.2\"}".to_vec()),
        ("not-a-zip", [b"#!/bin/sh\n", &original[..]].concat()),
        ("ancient-plan", b"tfplan\x02".to_vec()),
        (
            "cloud-plan",
            fixture("synthetic/hcp_cloud_plan_bookmark.tfplan"),
        ),
        (
            "encrypted-plan",
            fixture("synthetic/tofu_encrypted_plan_file"),
        ),
        ("truncated-zip", original[..original.len() - 1].to_vec()),
        ("truncated-zip", original[..original.len() / 2].to_vec()),
        ("truncated-zip", [&original[..], b"\n"].concat()),
        ("truncated-zip", b"PK\x03\x04".to_vec()),
        (
            "duplicate-member",
            rename(extra("tfplaX"), "tfplaX", "tfplan"),
        ),
        (
            "duplicate-member",
            rename(
                extra("tfconfig/m-/maiX.tf"),
                "tfconfig/m-/maiX.tf",
                "tfconfig/m-/main.tf",
            ),
        ),
        (
            "unsafe-member-name",
            rename(
                extra("tfconfig/m-/XX.tf"),
                "tfconfig/m-/XX.tf",
                "tfconfig/m-//X.tf",
            ),
        ),
        (
            "unsafe-member-name",
            rename(extra("tfconfig/m-/XX"), "tfconfig/m-/XX", "tfconfig/m-/.."),
        ),
        (
            "unsafe-member-name",
            rename(extra("Xetc/passwd"), "Xetc/passwd", "/etc/passwd"),
        ),
        (
            "unsafe-member-name",
            rename(extra("tfconfig/m-a"), "tfconfig/m-a", "tfconfig\\m-a"),
        ),
        ("unknown-member", extra("schemas.json")),
        ("unknown-member", extra("tfconfig/m-/deep/main.tf")),
        ("unknown-member", extra("tfconfig/other")),
        ("zip-bomb", extra_zeros()),
        ("missing-member", without("tfplan")),
        ("missing-member", without("tfstate")),
        ("missing-member", without(".terraform.lock.hcl")),
        ("damaged-plan", with("tfplan", vec![0xff; 40])),
        ("plan-version", with("tfplan", vec![8, 4])),
        ("no-backend", with("tfplan", vec![8, 3])),
        ("damaged-state", with("tfstate", b"{}".to_vec())),
        (
            "damaged-state",
            with(
                "tfstate",
                br#"{"version":4,"serial":1,"lineage":"dev","Lineage":"prod"}"#.to_vec(),
            ),
        ),
        (
            "state-version",
            with(
                "tfstate",
                br#"{"version":3,"serial":0,"lineage":""}"#.to_vec(),
            ),
        ),
    ];
    for (number, (reason, bytes)) in cases.into_iter().enumerate() {
        let failure = read_bytes(&bytes).expect_err(&format!("case {number}, {reason}"));
        assert_eq!(failure.reason, reason, "case {number}: {failure}");
        assert_eq!(failure.exit, Exit::BadPlan, "case {number}");
    }
}

/// A member of zeros that packs to a thousandth.
fn extra_zeros() -> Vec<u8> {
    doctored(|parts| parts.push(("tfconfig/m-/zeros.tf".into(), vec![0; 4 << 20])))
}

#[test]
fn something_between_the_table_and_its_end_is_refused() {
    let original = fixture("01-create-only/plan.tfplan");
    let end = original.len() - 22;
    let bytes = [&original[..end], b"gap", &original[end..]].concat();
    assert_eq!(read_bytes(&bytes).unwrap_err().reason, "ambiguous-zip");
}

#[test]
fn a_member_that_lies_about_its_name_is_refused() {
    let mut bytes = fixture("01-create-only/plan.tfplan");
    // The first local header says tfplaX, the table says tfplan.
    bytes[30 + 5] = b'X';
    assert_eq!(read_bytes(&bytes).unwrap_err().reason, "ambiguous-zip");
}

#[test]
fn a_changed_byte_inside_a_member_is_noticed() {
    let original = fixture("01-create-only/plan.tfplan");
    let mut bytes = doctored(|_| ());
    assert_eq!(
        read_bytes(&bytes).unwrap().workspace,
        read_bytes(&original).unwrap().workspace
    );
    bytes[60] ^= 0x10;
    let failure = read_bytes(&bytes).unwrap_err();
    assert!(
        matches!(failure.reason, "damaged-zip" | "damaged-plan"),
        "{failure}"
    );
}

#[test]
fn an_unknown_field_of_the_plan_is_said_and_not_silent() {
    let bytes = doctored(|parts| {
        // Field 99, a number.
        set(parts, "tfplan").extend([0x98, 0x06, 0x01]);
    });
    assert_eq!(
        read_bytes(&bytes).unwrap().unread,
        ["the plan's message has a field 99 that undersign does not know"]
    );
}

#[test]
fn apply_time_variables_are_read_the_way_opentofu_writes_them() {
    let bytes = doctored(|parts| {
        let message = set(parts, "tfplan");
        message.extend([0xb2, 0x01, 5]);
        message.extend(b"token");
        // What Terraform keeps in the same field: two digests.
        message.extend([0xb2, 0x01, 6, 0x0a, 1, 7, 0x12, 1, 8]);
    });
    assert_eq!(read_bytes(&bytes).unwrap().apply_time_variables, ["token"]);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_byte_makes_the_reader_panic(at in 0usize..1400, value: u8) {
        let mut bytes = fixture("01-create-only/plan.tfplan");
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = read_bytes(&bytes);
    }
}

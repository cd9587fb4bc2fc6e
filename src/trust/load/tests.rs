//! Trust files that are refused, line by line.

use super::*;
use crate::approval::sshsig::Assurance;
use crate::trust::{Ledger, LockFile, Workdir};

const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtH5lpz+8JIijhq3NKjf6jroNY99tn5gH3pV6CVpKXj";
const SK: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIIbIOsFl3Ig/WU+rVsXJw+DPf/nfrcj+RNJ9dbGGBfajAAAADXNzaDp1bmRlcnNpZ24=";

/// Every key of a trust file that this version obeys.
fn whole() -> String {
    format!(
        r#"schema = 1
id = "corp-prod"
version = 7

[limits]
max_plan_bytes = 1000
max_json_bytes = 2000
max_approval_bytes = 3000
max_changes = 4000
clock_skew = "30s"

[signing]
namespace = "undersign-approval@corp"
breakglass_namespace = "undersign-breakglass@corp"
key_types = ["sk-ssh-ed25519@openssh.com", "ssh-ed25519"]
allow_unencrypted_keys = true

[[person]]
id = "alice"
[[person.key]]
public = "{SK}"
application = "ssh:undersign"
not_before = "2026-01-01T00:00:00Z"
not_after = "2027-01-01T00:00:00Z"

[[person]]
id = "bob"
[[person.key]]
public = "{ED25519}"

[[revoked]]
key = "SHA256:7+a408Sjh1bsAN4RU7/c336U97NMJRESn5IhovjusGE"
reason = "laptop lost"

[groups]
infra = ["alice", "bob"]
dba = ["bob"]

[[scope]]
id = "prod/network"
match = {{ backend = "s3", workspace = "prod", state_lineage = ["0c3e9f6e"] }}
approvals = 2
from = ["infra"]
min_assurance = "touch"
min_hardware = 1
exclude_requester = true
max_age = "4h"
windows = [{{ days = ["mon", "tue"], from = "08:00", to = "17:00", tz = "UTC" }}]
ruleset_sha256 = "1f825aa2f0020ef7cf91dfa30da4668d791c5d4824fc8e41354b89ec05795ab3"
[[scope.extra]]
rules = ["delete-stateful"]
from = ["dba"]
approvals = 1

[runner]
tool = "/usr/local/bin/terraform"
tool_sha256 = ["1f825aa2f0020ef7cf91dfa30da4668d791c5d4824fc8e41354b89ec05795ab3"]
tool_versions = ["1.15.0"]
cli_config = "/etc/undersign/terraform.tfrc"
lock_file = "require-hashes"
workdir = "plan-only"
env_pass = ["AWS_REGION"]
env_set = {{ AWS_EC2_METADATA_DISABLED = "true" }}
[[runner.preflight]]
argv = ["/bin/true"]

[ledger]
kind = "dir"
path = "/var/lib/undersign"
on_unavailable = "refuse"

[break_glass]
enabled = false
persons = ["alice"]
min_assurance = "touch+pin"
max_age = "30m"
max_open = 1
"#
    )
}

#[test]
fn every_key_that_is_obeyed_is_read() {
    let trust = load("trust.toml", &whole()).unwrap();
    assert_eq!((trust.id.as_str(), trust.version), ("corp-prod", 7));
    assert_eq!(trust.limits.max_changes, 4000);
    assert_eq!(trust.limits.clock_skew, SignedDuration::from_secs(30));
    assert_eq!(trust.signing.namespace, "undersign-approval@corp");
    assert_eq!(
        trust.signing.key_types,
        [KeyType::SkEd25519, KeyType::Ed25519]
    );
    assert!(trust.signing.allow_unencrypted_keys);
    assert_eq!(trust.persons.len(), 2);
    assert!(trust.persons[0].keys[0].not_after.is_some());
    assert_eq!(trust.revoked.len(), 1);
    let scope = &trust.scopes[0];
    assert_eq!((scope.approvals, scope.min_hardware), (2, 1));
    assert_eq!(scope.min_assurance, Assurance::Touch);
    assert_eq!(scope.max_age, SignedDuration::from_hours(4));
    assert_eq!((scope.windows.len(), scope.extra.len()), (1, 1));
    assert!(scope.exclude_requester && scope.ruleset_sha256.is_some());
    assert_eq!(trust.members(&scope.from).len(), 2);
    assert_eq!(trust.runner.lock_file, LockFile::RequireHashes);
    assert_eq!(trust.runner.workdir, Workdir::PlanOnly);
    assert_eq!(trust.runner.preflight[0].argv, ["/bin/true"]);
    assert_eq!(trust.ledger, Some(Ledger::Dir("/var/lib/undersign".into())));
    assert_eq!(trust.break_glass, None);
    let enabled = whole().replace("enabled = false", "enabled = true");
    let rules = load("trust.toml", &enabled).unwrap().break_glass.unwrap();
    assert_eq!(rules.persons, ["alice"]);
    assert_eq!(rules.min_assurance, Assurance::TouchPin);
    assert_eq!(rules.max_age, SignedDuration::from_mins(30));
}

#[test]
fn what_cannot_be_obeyed_is_refused_with_its_line() {
    let whole = whole();
    let table: &[(&str, &str, &str)] = &[
        ("trust-format", "version = 7", "version = 7\nversion = 8"),
        ("trust-format", "version = 7", "version = 7\nunknown = 1"),
        ("trust-format", "version = 7", "version = -7"),
        ("trust-format", "[limits]", "[limits]\nmax_plans = 1"),
        (
            "trust-format",
            "min_assurance = \"touch\"",
            "min_assurance = \"tap\"",
        ),
        ("trust-format", "max_age = \"4h\"", "max_agee = \"4h\""),
        (
            "trust-format",
            "2027-01-01T00:00:00Z",
            "2027-01-01T00:00:00",
        ),
        ("trust-format", "[ledger]", "[ledger"),
        ("trust-schema", "schema = 1", "schema = 2"),
        (
            "trust-limit",
            "max_approval_bytes = 3000",
            "max_approval_bytes = 30000000",
        ),
        (
            "trust-duration",
            "clock_skew = \"30s\"",
            "clock_skew = \"30\"",
        ),
        ("trust-duration", "max_age = \"4h\"", "max_age = \"-4h\""),
        (
            "trust-duration",
            "max_age = \"4h\"",
            "max_age = \"99999999999999999h\"",
        ),
        ("trust-namespace", "undersign-approval@corp", "git"),
        (
            "trust-namespace",
            "undersign-approval@corp",
            "undersign-breakglass@corp",
        ),
        ("trust-namespace", "undersign-approval@corp", "a\\\" b@c"),
        ("trust-key-type", "\"ssh-ed25519\"]", "\"ssh-rsa\"]"),
        ("trust-key-type", ", \"ssh-ed25519\"]", "]"),
        ("trust-person", "id = \"alice\"", "id = \"../alice\""),
        ("trust-person-twice", "id = \"bob\"", "id = \"alice\""),
        ("trust-key", "AAAAC3", "AAAAC4"),
        ("trust-application", "ssh:undersign", "ssh:other"),
        ("trust-key-window", "2027-01-01", "2025-01-01"),
        ("trust-revoked", "7+a408", "7+a40"),
        ("trust-revoked", "SHA256:7+a4", "MD5:7+a4"),
        ("trust-group", "dba = [\"bob\"]", "dba = [\"bbo\"]"),
        ("trust-group", "from = [\"infra\"]", "from = [\"infar\"]"),
        ("trust-group", "from = [\"dba\"]", "from = [\"dbas\"]"),
        ("trust-approvals", "approvals = 2", "approvals = 0"),
        ("trust-extra", "[\"delete-stateful\"]", "[]"),
        ("trust-window", "tz = \"UTC\"", "tz = \"Europe/Zurich\""),
        ("trust-window", "to = \"17:00\"", "to = \"07:00\""),
        ("trust-window", "\"mon\", ", "\"monday\", "),
        ("trust-window", "\"08:00\"", "\"8:00\""),
        ("trust-path", "/usr/local/bin/terraform", "terraform"),
        ("trust-workdir", "\"plan-only\"", "\"plan\""),
        (
            "trust-environment",
            "\"AWS_REGION\"",
            "\"TF_CLI_ARGS_apply\"",
        ),
        (
            "trust-environment",
            "AWS_EC2_METADATA_DISABLED",
            "LD_PRELOAD",
        ),
        ("trust-ledger", "\"refuse\"", "\"allow\""),
        (
            if cfg!(feature = "remote-ledger") {
                "trust-ledger"
            } else {
                "trust-unsupported"
            },
            "kind = \"dir\"",
            "kind = \"s3\"",
        ),
        ("trust-ledger", "kind = \"dir\"", "kind = \"directory\""),
        (
            "trust-preflight",
            "[ledger]",
            "[[runner.preflight]]\nargv = [\"aws\"]\n[ledger]",
        ),
        (
            "trust-duration",
            "[ledger]",
            "[[runner.preflight]]\nargv = [\"/bin/true\"]\ntimeout = \"soon\"\n[ledger]",
        ),
        ("trust-extra", "\"delete-stateful\"", "\"delete-statefull\""),
        (
            "trust-break-glass",
            "persons = [\"alice\"]",
            "persons = [\"carol\"]",
        ),
        (
            "trust-break-glass",
            "enabled = false\npersons = [\"alice\"]",
            "enabled = true",
        ),
        ("trust-break-glass", "\"touch+pin\"", "\"software\""),
        ("trust-break-glass", "\"30m\"", "\"31m\""),
        ("trust-break-glass", "max_open = 1", "max_open = 2"),
    ];
    for (reason, from, to) in table {
        let bad = whole.replacen(from, to, 1);
        assert_ne!(bad, whole, "{to}: nothing was changed");
        let failure = load("trust.toml", &bad).expect_err(to);
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::TrustUnsafe, *reason),
            "{to}: {failure}"
        );
        let line = failure
            .error
            .strip_prefix("trust.toml:")
            .unwrap()
            .split(':')
            .next()
            .unwrap();
        assert!(line.parse::<usize>().unwrap() >= 1, "{failure}");
    }
}

#[test]
fn the_line_is_the_one_where_the_mistake_stands() {
    let at = |from: &str, to: &str| load("t", &whole().replacen(from, to, 1)).unwrap_err().error;
    assert!(at("schema = 1", "schema = 2").starts_with("t:1: "));
    assert!(at("version = 7", "version = 7\nunknown = 1").starts_with("t:4: "));
    let line = whole()
        .lines()
        .position(|line| line.starts_with("dba"))
        .unwrap()
        + 1;
    assert!(at("dba = [\"bob\"]", "dba = [\"bbo\"]").starts_with(&format!("t:{line}: ")));
}

#[test]
fn two_scopes_of_one_name_are_refused() {
    let scope =
        "[[scope]]\nid = \"a\"\napprovals = 1\nmin_assurance = \"software\"\nmax_age = \"1h\"\n";
    let text = format!("schema = 1\nid = \"x\"\nversion = 1\n{scope}{scope}");
    assert_eq!(load("t", &text).unwrap_err().reason, "trust-scope-twice");
}

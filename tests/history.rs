//! What git knows of overrides and guards: told where it can be told, said aloud where it cannot, and asked in a way in
//! which a repository of a stranger starts nothing.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use jiff::Timestamp;
use undersign::plan::action::Action;
use undersign::plan::effect::{Effect, Kind, Span};
use undersign::plan::snapshot::Snapshot;
use undersign::policy::brought::{Brought, Plan};
use undersign::policy::history::History;
use undersign::policy::scope::Act;
use undersign::policy::{self, Opinion, Verdict};

/// A checkout, and what is done in it.
struct Checkout(tempfile::TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Checkout(tempfile::tempdir().unwrap());
        checkout.git(&["init", "-q", "-b", "main"]);
        checkout
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .arg("-C")
            .arg(self.path())
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn write(&self, text: &str) {
        fs::write(self.path().join("main.tf"), text).unwrap();
    }

    fn commit(&self, text: &str, author: &str) {
        self.write(text);
        self.git(&["add", "main.tf"]);
        self.git(&["commit", "-q", "-m", "x", "--author", author]);
    }

    fn says(&self, configuration: &str) -> Vec<(String, String)> {
        says(self.path(), configuration)
    }
}

const ADDRESS: &str = "aws_s3_bucket.site";

/// What is said of a plan that destroys the bucket, was made from this configuration, and is denied by a policy.
fn says(directory: &Path, configuration: &str) -> Vec<(String, String)> {
    says_of(ADDRESS, directory, configuration)
}

fn says_of(address: &str, directory: &Path, configuration: &str) -> Vec<(String, String)> {
    let files = [("m-/main.tf".to_owned(), configuration.to_owned())].into();
    let snapshot = Snapshot::read(&files, &mut Vec::new());
    let effect = Effect::bare(Kind::Change, address, Action::Delete, Span::default());
    let acts = [Act::of(&effect, None)];
    let mut opinion = Opinion {
        verdicts: vec![Verdict {
            kind: policy::Kind::Deny,
            rule: "main.deny".into(),
            message: "no".into(),
            address: Some(ADDRESS.into()),
            source: None,
            tool: "rego".into(),
            metadata: std::collections::BTreeMap::new(),
        }],
        troubles: Vec::new(),
    };
    let brought = Brought {
        now: Timestamp::UNIX_EPOCH,
        history: Some(History::of(directory)),
        working_tree: Some(Arc::default()),
        ..Brought::default()
    };
    let plan = Plan {
        acts: &acts,
        around: &undersign::policy::findings::spot::Around::default(),
        snapshot: Some(&snapshot),
        workspace: None,
        made: None,
        errored: false,
    };
    brought.weigh(&mut opinion, plan);
    let of_git = opinion.verdicts.into_iter().filter(|one| one.tool == "git");
    of_git.map(|one| (one.rule, one.message)).collect()
}

const PLAIN: &str = "resource \"aws_s3_bucket\" \"site\" {\n}\n";
const OVERRIDDEN: &str = "# POLICY-OVERRIDE[main.deny]: the site moves, OPS-1\nresource \"aws_s3_bucket\" \"site\" {\n}\n";
const GUARDED: &str =
    "resource \"aws_s3_bucket\" \"site\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n";

#[test]
fn who_wrote_an_override_is_who_first_committed_its_line() {
    let checkout = Checkout::new();
    checkout.commit(PLAIN, "Ada <ada@example.org>");
    checkout.commit(OVERRIDDEN, "Agent Seven <agent@example.org>");
    let more = format!("{OVERRIDDEN}\n# more\n");
    checkout.commit(&more, "Ada <ada@example.org>");
    let said = checkout.says(&more);
    let [(rule, message)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!(rule, "override/committed");
    assert!(
        message.starts_with(
            "the override at main.tf:1 was written by Agent Seven <agent@example.org>, as commit "
        ),
        "{message}"
    );
}

#[test]
fn an_override_that_is_in_no_commit_is_said_to_be() {
    let checkout = Checkout::new();
    checkout.commit(PLAIN, "Ada <ada@example.org>");
    checkout.write(OVERRIDDEN);
    assert_eq!(
        checkout.says(OVERRIDDEN)[0].0,
        "override/from-working-tree-only"
    );
    // The same place with another reason is another override.
    checkout.commit(
        &OVERRIDDEN.replace("moves", "stays"),
        "Ada <ada@example.org>",
    );
    assert_eq!(
        checkout.says(OVERRIDDEN)[0].0,
        "override/from-working-tree-only"
    );
}

#[test]
fn where_nobody_can_tell_that_is_said() {
    let empty = tempfile::tempdir().unwrap();
    let said = says(empty.path(), OVERRIDDEN);
    assert_eq!(said[0].0, "override/unknown-author");
    assert!(said[0].1.contains("git"), "{said:?}");
    // A checkout without a commit.
    let checkout = Checkout::new();
    assert_eq!(checkout.says(OVERRIDDEN)[0].0, "override/unknown-author");
    // Without an override there is nothing to tell.
    assert_eq!(says(empty.path(), PLAIN), []);
}

#[test]
fn a_guard_that_was_taken_away_on_the_way_to_this_plan_is_told() {
    let checkout = Checkout::new();
    checkout.commit(GUARDED, "Ada <ada@example.org>");
    let removed = checkout.says(PLAIN);
    assert_eq!(removed[0].0, "override/guard-removed");
    assert!(
        removed[0].1.contains("main.tf:1 in the last commit"),
        "{removed:?}"
    );
    assert_eq!(checkout.says(GUARDED), []);
    // The whole block is gone.
    assert_eq!(checkout.says("")[0].0, "override/guard-removed");
    // Committed on a branch: held against where the branch began.
    checkout.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    checkout.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    checkout.commit(PLAIN, "Agent Seven <agent@example.org>");
    let removed = checkout.says(PLAIN);
    assert_eq!(removed.len(), 1, "{removed:?}");
    assert!(removed[0].1.contains("this branch began at"), "{removed:?}");
}

/// A guard that stands in a module, wherever the module lies in the checkout, and whatever was taken away: the guard, the
/// block, or the call of a module around it.
#[test]
fn a_guard_in_a_module_is_missed_like_one_in_the_root() {
    let checkout = Checkout::new();
    let root = checkout.path().join("envs/prod");
    let calls = "module \"data\" {\n  source = \"../../modules/data\"\n}\n";
    for (file, text) in [
        ("envs/prod/main.tf", calls),
        (
            "modules/data/main.tf",
            "module \"site\" {\n  source = \"./inner/../site\"\n}\nmodule \"far\" {\n  source = \"../../../elsewhere\"\n}\n",
        ),
        ("modules/data/site/buckets.tf", GUARDED),
    ] {
        let path = checkout.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    checkout.git(&["add", "."]);
    checkout.git(&["commit", "-q", "-m", "x"]);
    let address = "module.data[\"eu\"].module.site.aws_s3_bucket.site";
    for now in [calls, ""] {
        let removed = says_of(address, &root, now);
        let [(rule, message)] = removed.as_slice() else {
            panic!("{removed:?}")
        };
        assert_eq!(rule, "override/guard-removed");
        let place = "../../modules/data/site/buckets.tf:1 in the last commit";
        assert!(message.contains(place), "{message}");
    }
    assert_eq!(says_of(ADDRESS, &root, calls), []);
    // A module that calls itself comes to an end.
    let itself = "module \"a\" {\n  source = \"./\"\n}\n";
    let checkout = Checkout::new();
    checkout.commit(&format!("{itself}{GUARDED}"), "Ada <ada@example.org>");
    let address = "module.a.module.a.aws_s3_bucket.site";
    assert_eq!(says_of(address, checkout.path(), itself).len(), 1);
}

/// Everything that a repository can name to be started, named.
#[test]
fn a_repository_of_a_stranger_starts_nothing() {
    let checkout = Checkout::new();
    checkout.commit(OVERRIDDEN, "Ada <ada@example.org>");
    let started = checkout.path().join("started");
    let program = checkout.path().join("program");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", started.display());
    fs::write(&program, script).unwrap();
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        for hook in [
            "post-checkout",
            "post-index-change",
            "reference-transaction",
        ] {
            fs::copy(&program, checkout.path().join(".git/hooks").join(hook)).unwrap();
        }
    }
    fs::write(
        checkout.path().join(".git/info/attributes"),
        "* diff=x filter=x\n",
    )
    .unwrap();
    let program = program.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "gpg.program",
        "credential.helper",
        "pager.log",
        "pager.rev-list",
        "pager.cat-file",
    ] {
        checkout.git(&["config", key, program]);
    }
    checkout.git(&["config", "log.showSignature", "true"]);
    checkout.git(&["config", "alias.rev-list", &format!("!{program}")]);
    assert_eq!(checkout.says(OVERRIDDEN)[0].0, "override/committed");
    assert!(
        !started.exists(),
        "{}",
        fs::read_to_string(&started).unwrap_or_default()
    );
    // The program is started by whoever asks without care.
    let careless = Command::new("git")
        .args(["-C", checkout.path().to_str().unwrap(), "blame", "main.tf"])
        .output()
        .unwrap();
    assert!(started.exists(), "{careless:?}");
}

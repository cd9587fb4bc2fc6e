//! The incident, for real: Terraform, the AWS provider, and moto in place of AWS. What an agent did to a course platform
//! succeeds without the gate and is refused by it, and what was approved is applied.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use undersign::approval::envelope::Envelope;
use undersign::approval::sign::{NAMESPACE, Signer};
use undersign::approval::sshsig::Assurance;
use undersign::approval::statement::Statement;

#[path = "support/moto.rs"]
mod moto;
#[path = "support/prompts.rs"]
mod prompts;

use moto::Cloud;
use prompts::say_yes;

/// Where a mirror with the provider usually lies, after the one that is named.
const MIRRORS: [&str; 2] = [
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
];
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws/5.100.0";

fn mirror() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".terraform.d/plugins"));
    std::env::var_os("UNDERSIGN_MIRROR")
        .map(PathBuf::from)
        .into_iter()
        .chain(home)
        .chain(MIRRORS.map(PathBuf::from))
        .find(|mirror| mirror.join(PROVIDER).is_dir())
}

fn program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// What this test needs, or `None` after saying aloud what is not there.
fn needs() -> Option<(PathBuf, PathBuf)> {
    let moto = moto::server();
    let mirror = mirror();
    for (what, there) in [
        ("terraform is not on PATH", program("terraform").is_some()),
        ("ssh-keygen is not on PATH", program("ssh-keygen").is_some()),
        (
            "no moto_server, neither UNDERSIGN_MOTO nor on PATH",
            moto.is_some(),
        ),
        (
            "no mirror with the AWS provider 5.100.0, neither UNDERSIGN_MIRROR nor in a usual place",
            mirror.is_some(),
        ),
    ] {
        if !there {
            println!("SKIPPED tests/incident.rs: {what}");
            return None;
        }
    }
    Some((moto?, mirror?))
}

/// The platform: a directory with its configuration and state, and the cloud it runs in.
struct Platform {
    directory: tempfile::TempDir,
    cloud: Cloud,
}

impl Platform {
    fn new(moto: &Path, mirror: &Path) -> Self {
        let platform = Platform {
            directory: tempfile::tempdir().unwrap(),
            cloud: Cloud::start(moto),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incident/main.tf");
        fs::copy(source, platform.path("main.tf")).unwrap();
        fs::write(
            platform.path("mirror.tfrc"),
            format!(
                "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                mirror.display()
            ),
        )
        .unwrap();
        platform.terraform(&["init", "-input=false"]);
        platform.terraform(&["apply", "-input=false", "-auto-approve"]);
        platform.shell("ssh-keygen -q -t ed25519 -N '' -C alice -f key");
        let trusted = platform.undersign(&[
            "trust",
            "init",
            "--person",
            "alice",
            "--key",
            "key.pub",
            "--scope",
            "courses",
            "--output",
            "trust.toml",
        ]);
        assert!(trusted.status.success(), "{}", text(&trusted));
        // A key without a passphrase keeps this test free of terminals.
        let trust = fs::read_to_string(platform.path("trust.toml")).unwrap();
        let allowed = format!("{trust}\n[signing]\nallow_unencrypted_keys = true\n");
        fs::write(platform.path("trust.toml"), allowed).unwrap();
        platform
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.directory.path())
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("home/state"))
            .env("SSH_AUTH_SOCK", "")
            .env("TF_CLI_CONFIG_FILE", self.path("mirror.tfrc"))
            .env(
                "TF_VAR_endpoint",
                format!("http://127.0.0.1:{}", self.cloud.port),
            )
            .env("CHECKPOINT_DISABLE", "1")
            .stdin(Stdio::null());
        command
    }

    fn shell(&self, script: &str) {
        let output = self.command("sh").args(["-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", text(&output));
    }

    fn terraform(&self, arguments: &[&str]) {
        let output = self.command("terraform").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}\n{}", text(&output));
    }

    fn plan(&self, name: &str, more: &[&str]) {
        let arguments = [&["plan", "-input=false", "-out", name], more].concat();
        self.terraform(&arguments);
    }

    fn undersign(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_undersign"))
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Asks the gate to apply; returns its exit code and what it says.
    fn apply(&self, plan: &str, approval: Option<&str>) -> (Option<i32>, String) {
        let mut arguments = vec!["apply", plan, "--trust", "trust.toml"];
        if let Some(approval) = approval {
            arguments.extend(["--approval", approval]);
        }
        let output = self.undersign(&arguments);
        (output.status.code(), text(&output))
    }

    #[track_caller]
    fn refused(&self, code: i32, plan: &str, approval: Option<&str>) {
        let (got, said) = self.apply(plan, approval);
        assert_eq!(got, Some(code), "{said}");
        assert!(self.database().is_some(), "the database is gone:\n{said}");
    }

    /// Reviews a plan as alice would: acknowledges whatever asks, and signs.
    fn approve(&self, plan: &str, approval: &str) {
        let (status, said) = say_yes(
            self.command(env!("CARGO_BIN_EXE_undersign"))
                .args(["review", "--plain", plan, "--trust", "trust.toml"])
                .args(["--key", "key", "--output", approval]),
        );
        assert!(status.success(), "{said}");
    }

    /// What the cloud says of the database, if it is there.
    fn database(&self) -> Option<String> {
        let body = "Action=DescribeDBInstances&Version=2014-10-31";
        let mut stream = TcpStream::connect(("127.0.0.1", self.cloud.port)).unwrap();
        write!(
            stream,
            "POST / HTTP/1.0\r\nHost: rds.eu-west-1.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("DescribeDBInstancesResponse"), "{answer}");
        answer
            .contains("<DBInstanceIdentifier>courses</DBInstanceIdentifier>")
            .then_some(answer)
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn the_incident_happens_without_the_gate_and_not_with_it() {
    let Some((moto, mirror)) = needs() else {
        return;
    };
    let platform = Platform::new(&moto, &mirror);
    assert!(platform.database().is_some());

    // The destroy plan against the healthy platform.
    platform.plan("destroy.tfplan", &["-destroy"]);
    platform.refused(10, "destroy.tfplan", None);

    // With the approval of another plan.
    platform.plan("weaken.tfplan", &["-var", "phase=weaken"]);
    platform.approve("weaken.tfplan", "weaken.json");
    platform.refused(13, "destroy.tfplan", Some("weaken.json"));

    // With one acknowledgement missing: the same person, the same key, one yes fewer.
    platform.approve("destroy.tfplan", "destroy.json");
    let whole = Envelope::parse(&fs::read(platform.path("destroy.json")).unwrap()).unwrap();
    let mut statement = Statement::parse(whole.payload()).unwrap();
    assert!(statement.predicate.acknowledgements.pop().is_some());
    let signer = Signer::choose(&platform.path("key"), None, true).unwrap();
    let (fewer, _) = signer
        .seal(statement.to_bytes(), NAMESPACE, Assurance::Software)
        .unwrap();
    fs::write(platform.path("fewer.json"), fewer.to_bytes()).unwrap();
    platform.refused(10, "destroy.tfplan", Some("fewer.json"));

    // The state file is lost, and everything is to be made anew.
    platform.shell("mv terraform.tfstate kept");
    platform.plan("missing-state.tfplan", &[]);
    let checked = platform.undersign(&["check", "missing-state.tfplan"]);
    assert_eq!(checked.status.code(), Some(3), "{}", text(&checked));
    assert!(
        text(&checked).contains("is the state file missing?"),
        "{}",
        text(&checked)
    );
    platform.refused(10, "missing-state.tfplan", None);
    platform.shell("mv kept terraform.tfstate");

    // Approved in full, but the state was swapped for another one since.
    let state = fs::read_to_string(platform.path("terraform.tfstate")).unwrap();
    let lineage = state
        .lines()
        .find(|line| line.contains("\"lineage\""))
        .unwrap();
    let swapped = state.replace(
        lineage,
        "  \"lineage\": \"00000000-0000-4000-8000-000000000000\",",
    );
    fs::write(platform.path("terraform.tfstate"), swapped).unwrap();
    platform.refused(30, "destroy.tfplan", Some("destroy.json"));
    fs::write(platform.path("terraform.tfstate"), &state).unwrap();
    platform.refused(14, "destroy.tfplan", Some("destroy.json"));

    // What was read and approved is applied.
    let (code, said) = platform.apply("weaken.tfplan", Some("weaken.json"));
    assert_eq!(code, Some(0), "{said}");
    assert!(
        platform
            .database()
            .unwrap()
            .contains("<BackupRetentionPeriod>1</BackupRetentionPeriod>")
    );

    // Without the gate nobody is asked.
    platform.plan("destroy.tfplan", &["-destroy"]);
    platform.terraform(&["apply", "-input=false", "destroy.tfplan"]);
    assert!(
        platform.database().is_none(),
        "this is what the gate is for"
    );
}

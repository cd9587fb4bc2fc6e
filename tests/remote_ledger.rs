//! A ledger in an object store: the gate before S3, which moto plays, and before `file://`.
#![cfg(all(unix, feature = "remote-ledger"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use moto::Cloud;
use rig::Rig;

#[path = "support/moto.rs"]
mod moto;
#[path = "gate/rig.rs"]
mod rig;

/// An approved plan whose ledger is at `url`.
fn approved(kind: &str, url: &str) -> Rig {
    let mut rig = Rig::of("05-destroy-plan");
    rig.signed = Timestamp::now() - SignedDuration::from_mins(1);
    rig.approve();
    let text = rig.text("trust.toml");
    let (before, _) = text.split_once("[ledger]").unwrap();
    let text = format!("{before}[ledger]\nkind = \"{kind}\"\nurl = \"{url}\"\n");
    fs::write(rig.path("trust.toml"), text).unwrap();
    rig
}

fn undersign(rig: &Rig, port: u16, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_undersign"));
    command
        .args(arguments)
        .arg("--trust")
        .arg(rig.path("trust.toml"))
        .current_dir(&rig.request.directory)
        .env_clear()
        .env("PATH", rig.path("bin"))
        .env("TMPDIR", rig.path(""))
        .env("AWS_ENDPOINT", format!("http://127.0.0.1:{port}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null());
    command
}

fn apply(rig: &Rig, port: u16) -> Command {
    let plan = rig.request.plan.display().to_string();
    let approval = rig.request.approvals[0].display().to_string();
    undersign(rig, port, &["apply", &plan, "--approval", &approval])
}

/// Several programs race; returns how they ended, sorted.
fn race(rig: &Rig, port: u16) -> Vec<Option<i32>> {
    rig.tool("[ $1 != apply ] || echo >> $here/begun");
    let racers: Vec<_> = (0..12)
        .map(|_| {
            apply(rig, port)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut ends: Vec<_> = racers
        .into_iter()
        .map(|mut racer| racer.wait().unwrap().code())
        .collect();
    ends.sort_unstable();
    ends
}

#[track_caller]
fn one_applied(rig: &Rig, port: u16) {
    let mut wanted = vec![Some(14); 12];
    wanted[0] = Some(0);
    assert_eq!(race(rig, port), wanted);
    assert_eq!(rig.text("begun").lines().count(), 1);
    let history = undersign(rig, port, &["trust", "history"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&history.stdout);
    assert!(said.contains("alice") && said.contains("applied"), "{said}");
}

#[test]
fn a10_of_many_who_race_for_an_object_of_s3_one_applies() {
    let Some(server) = moto::server() else {
        eprintln!(
            "SKIPPED: no moto_server, neither UNDERSIGN_MOTO nor on PATH, for a ledger in S3"
        );
        return;
    };
    let cloud = Cloud::start(&server);
    let rig = approved("s3", "s3://ledger/prod");
    // Without its bucket the ledger is unavailable, and nothing is applied.
    let output = apply(&rig, cloud.port).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(22),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!rig.path("apply.args").exists());

    let mut stream = TcpStream::connect(("127.0.0.1", cloud.port)).unwrap();
    write!(
        stream,
        "PUT /ledger HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    one_applied(&rig, cloud.port);
}

#[test]
fn a10_of_many_who_race_for_a_file_of_an_object_store_one_applies() {
    let place = tempfile::tempdir().unwrap();
    let url = format!("file://{}/prod", place.path().display());
    one_applied(&approved("file", &url), 0);
}

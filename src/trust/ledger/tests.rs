//! A plan is used once, whoever else is at it and however it ends.

use std::fs;

use super::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(plan: u8, at: &str) -> Record {
    Record {
        plan_sha256: Hex([plan; 32]),
        scope: "prod/network".into(),
        at: Utc::of(time(at)),
        by: "runner@ci".into(),
        persons: vec!["alice".into()],
        approvals: vec![Hex([9; 32])],
        trust_id: "corp".into(),
        trust_version: 7,
    }
}

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("state/ledger")).unwrap();
    (dir, ledger)
}

#[test]
fn a10_of_sixteen_racing_claims_one_wins() {
    let (_dir, ledger) = ledger();
    let start = std::sync::Barrier::new(16);
    let won: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    match ledger.claim(&record(1, "2026-11-22T10:00:00Z")) {
                        Ok(_) => 1,
                        Err(failure) => {
                            assert_eq!(failure.exit, Exit::AlreadyUsed);
                            0
                        }
                    }
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
}

#[test]
fn a_second_claim_says_when_and_by_whom_and_what_became_of_it() {
    let (_dir, ledger) = ledger();
    let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
    let refused = |ledger: &Ledger| {
        ledger
            .claim(&record(1, "2026-11-22T11:00:00Z"))
            .unwrap_err()
            .error
    };
    assert_eq!(
        refused(&ledger),
        "this plan was used at 2026-11-22T10:00:00Z by runner@ci; outcome: unknown"
    );
    claim
        .record(Outcome::Failed, time("2026-11-22T10:00:09Z"))
        .unwrap();
    assert!(refused(&ledger).ends_with("outcome: failed"));
    assert_eq!(
        ledger.refuse_used(Hex([1; 32])).unwrap_err().exit,
        Exit::AlreadyUsed
    );
    ledger.refuse_used(Hex([2; 32])).unwrap();
    let _other = ledger.claim(&record(2, "2026-11-22T11:00:00Z")).unwrap();
}

#[test]
fn an_outcome_never_replaces_another_one() {
    let (_dir, ledger) = ledger();
    let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
    let again = Claim {
        store: claim.store.clone(),
        plan: claim.plan,
    };
    claim
        .record(Outcome::Failed, time("2026-11-22T10:00:09Z"))
        .unwrap();
    let failure = again
        .record(Outcome::Applied, time("2026-11-22T10:00:10Z"))
        .unwrap_err();
    assert_eq!(failure.exit, Exit::LedgerUnavailable);
    assert_eq!(ledger.outcome(Hex([1; 32])), Outcome::Failed);
}

#[test]
fn a38_a_claim_that_was_cut_off_stays_used() {
    let (dir, ledger) = ledger();
    let claim = dir
        .path()
        .join("state/ledger")
        .join(claim_name(Hex([1; 32])));
    fs::write(claim, b"{\"planSha").unwrap();
    let failure = ledger
        .claim(&record(1, "2026-11-22T10:00:00Z"))
        .unwrap_err();
    assert_eq!(failure.exit, Exit::AlreadyUsed);
    assert_eq!(ledger.outcome(Hex([1; 32])), Outcome::Unknown);
}

#[test]
fn a11_a_clock_set_back_is_refused() {
    let (_dir, ledger) = ledger();
    let _claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
    let minute = SignedDuration::from_secs(60);
    let at = |now: &str| ledger.refuse_rollback(time(now), minute, "corp", 7);
    at("2026-11-22T09:59:30Z").unwrap();
    at("2026-11-23T10:00:00Z").unwrap();
    let failure = at("2026-11-22T09:58:00Z").unwrap_err();
    assert_eq!(
        (failure.exit, failure.reason),
        (Exit::OutOfTime, "clock-rollback")
    );
}

#[test]
fn a13_an_older_trust_file_is_refused() {
    let (_dir, ledger) = ledger();
    let _claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
    let with = |id: &str, version| {
        ledger.refuse_rollback(
            time("2026-11-22T11:00:00Z"),
            SignedDuration::ZERO,
            id,
            version,
        )
    };
    with("corp", 7).unwrap();
    with("corp", 8).unwrap();
    with("other", 1).unwrap();
    assert_eq!(with("corp", 6).unwrap_err().exit, Exit::TrustUnsafe);
}

#[test]
#[cfg(feature = "remote-ledger")]
fn a10_an_object_store_gives_one_claim_and_its_own_time() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}/prod", dir.path().display());
    let open = || Ledger::of(Some(&crate::trust::Ledger::Remote(url.clone()))).unwrap();
    let ledger = open();
    ledger.refuse_used(Hex([1; 32])).unwrap();
    let claim = ledger.claim(&record(1, "2026-11-22T10:00:00Z")).unwrap();
    let written = claim.at().unwrap().expect("the store has a clock");
    claim
        .record(Outcome::Applied, time("2026-11-22T10:00:09Z"))
        .unwrap();
    let again = open()
        .claim(&record(1, "2026-11-22T11:00:00Z"))
        .unwrap_err();
    assert_eq!(again.exit, Exit::AlreadyUsed);
    assert!(again.error.ends_with("outcome: applied"), "{}", again.error);
    assert_eq!(open().records().unwrap().len(), 1);
    let hour = SignedDuration::from_hours(1);
    let early = open()
        .refuse_rollback(written - SignedDuration::from_hours(2), hour, "corp", 7)
        .unwrap_err();
    assert_eq!(early.reason, "clock-rollback");
    // A place that is none is no ledger, and nothing is applied.
    let nowhere = crate::trust::Ledger::Remote("s3:///".into());
    let failure = Ledger::of(Some(&nowhere)).unwrap_err();
    assert_eq!(failure.exit, Exit::LedgerUnavailable);
}

#[test]
#[cfg(unix)]
fn a37_a_ledger_that_is_shared_or_missing_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, ledger) = ledger();
    let directory = dir.path().join("state/ledger");
    let mode = fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(
        Ledger::open(&directory).unwrap_err().reason,
        "ledger-shared"
    );
    fs::remove_dir(&directory).unwrap();
    let failure = ledger
        .claim(&record(1, "2026-11-22T10:00:00Z"))
        .unwrap_err();
    assert_eq!(failure.exit, Exit::LedgerUnavailable);
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert_eq!(
        Ledger::open(&file).unwrap_err().exit,
        Exit::LedgerUnavailable
    );
}

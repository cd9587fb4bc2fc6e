//! Attacks on time: old approvals, turned clocks, more time than was given.

use undersign::failure::Exit;
use undersign::trust::approvals::check;
use undersign::trust::scope;

use super::rig::{approval, approval_saying, time, trust};
use super::{ANY, alice, judge, refused};

#[test]
fn a11_neither_an_old_approval_nor_a_turned_clock_helps() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let bytes = approval(alice(), "alice");
    // Signed 09:50 to 13:50, with a skew of one minute.
    for (at, want) in [
        ("2026-11-25T09:48:59Z", Err("from-the-future")),
        ("2026-11-25T09:49:00Z", Ok(())),
        ("2026-11-25T13:49:59Z", Ok(())),
        ("2026-11-25T13:50:00Z", Err("expired")),
        ("2027-11-25T10:00:00Z", Err("expired")),
        ("2020-01-01T00:00:00Z", Err("from-the-future")),
    ] {
        let got = check(&bytes, &trust, &trust.scopes[0], time(at));
        if let Err(failure) = &got {
            assert_eq!(failure.exit, Exit::OutOfTime, "{at}");
        }
        assert_eq!(
            got.map(|_| ()).map_err(|failure| failure.reason),
            want,
            "{at}"
        );
    }
}

#[test]
fn a11_an_approval_cannot_grant_itself_more_time() {
    let trust = trust(&[("alice", &[alice().public()])], ANY);
    let bytes = approval_saying(alice(), "alice", |said| {
        said.expires_at = time("2026-11-25T13:50:01Z");
    });
    assert_eq!(refused(judge(&trust, &bytes)), (Exit::OutOfTime, "max-age"));
    let backwards = approval_saying(alice(), "alice", |said| {
        said.issued_at = time("2026-11-25T09:00:00Z");
    });
    assert_eq!(
        refused(judge(&trust, &backwards)),
        (Exit::OutOfTime, "max-age")
    );
    let before_the_plan = approval_saying(alice(), "alice", |said| {
        said.issued_at = time("2026-11-25T09:28:00Z");
        said.expires_at = time("2026-11-25T13:00:00Z");
    });
    assert_eq!(
        refused(judge(&trust, &before_the_plan)),
        (Exit::OutOfTime, "plan-after-approval")
    );
}

#[test]
fn a11_outside_its_window_a_target_is_closed() {
    let scope = format!(
        "{ANY}windows = [{{ days = [\"mon\", \"wed\"], from = \"09:55\", to = \"11:00\", tz = \"UTC\" }}]\n"
    );
    let trust = trust(&[("alice", &[alice().public()])], &scope);
    // 2026-11-25 is a Wednesday.
    for (at, open) in [
        ("2026-11-25T09:54:59Z", false),
        ("2026-11-25T09:55:00Z", true),
        ("2026-11-25T10:59:59Z", true),
        ("2026-11-25T11:00:00Z", false),
        ("2026-11-24T10:00:00Z", false),
        ("2026-11-23T10:00:00Z", true),
    ] {
        assert_eq!(
            scope::is_open(&trust.scopes[0], time(at)).is_ok(),
            open,
            "{at}"
        );
    }
}

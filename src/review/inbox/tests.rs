//! What comes in, in which order it lies there, and what goes again.

use super::*;

fn submission(digit: char, risks: [usize; 4], at: &str) -> Submission {
    Submission {
        schema: 1,
        plan_sha256: digit.to_string().repeat(64),
        name: "plan.tfplan".into(),
        task: "add a bucket".into(),
        scope: None,
        submitted_at: at.into(),
        risks,
        asking: risks[0] + risks[1],
    }
}

fn place() -> (tempfile::TempDir, Inbox, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let plan = directory.path().join("plan.json");
    fs::write(&plan, "{}").unwrap();
    let inbox = Inbox::open(&directory.path().join("inbox")).unwrap();
    (directory, inbox, plan)
}

#[test]
fn the_worst_comes_first_then_the_oldest() {
    let (_directory, inbox, plan) = place();
    for (digit, risks, at) in [
        ('a', [0, 1, 0, 0], "2026-11-22T10:00:00Z"),
        ('b', [1, 0, 0, 0], "2026-11-22T12:00:00Z"),
        ('c', [2, 0, 0, 0], "2026-11-22T11:00:00Z"),
    ] {
        let incoming = inbox.begin(&plan).unwrap();
        assert!(
            inbox
                .finish(incoming, &submission(digit, risks, at))
                .unwrap()
                .1
        );
    }
    let ids: Vec<String> = inbox
        .list()
        .unwrap()
        .0
        .iter()
        .map(|entry| entry.id()[..1].to_owned())
        .collect();
    assert_eq!(ids, ["c", "b", "a"]);
    assert_eq!(inbox.find("b").unwrap().submission.risks, [1, 0, 0, 0]);
    assert_eq!(inbox.find("d").unwrap_err().reason, "unknown-id");
    assert_eq!(inbox.find("").unwrap_err().reason, "unknown-id");
}

#[test]
fn the_same_plan_is_there_once_with_the_first_words() {
    let (_directory, inbox, plan) = place();
    let first = submission('a', [0; 4], "2026-11-22T10:00:00Z");
    let mut second = first.clone();
    second.task = "something else".into();
    for (said, is_new) in [(&first, true), (&second, false)] {
        let incoming = inbox.begin(&plan).unwrap();
        let (entry, new) = inbox.finish(incoming, said).unwrap();
        assert_eq!((new, &entry.submission), (is_new, &first));
    }
    assert_eq!(inbox.list().unwrap().0.len(), 1);
    let left: Vec<_> = fs::read_dir(&inbox.directory).unwrap().collect();
    assert_eq!(left.len(), 2, "the plan and the lock");
}

/// Whoever can write into the inbox must not keep a person from the plans in it, nor speak for another plan.
#[test]
fn what_cannot_be_used_is_told_and_hides_no_other_plan() {
    let (_directory, inbox, plan) = place();
    let incoming = inbox.begin(&plan).unwrap();
    let good = submission('a', [1, 0, 0, 0], "2026-11-22T10:00:00Z");
    inbox.finish(incoming, &good).unwrap();
    let says = |name: &str, text: &str| {
        let directory = inbox.directory.join(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join(SUBMISSION), text).unwrap();
    };
    let about = |id: &str| {
        let other = Submission {
            plan_sha256: id.into(),
            ..good.clone()
        };
        serde_json::to_string(&other).unwrap()
    };
    says(&"b".repeat(64), "no json");
    says(&"c".repeat(64), &about("\u{1b}[2J"));
    says(&"d".repeat(64), &about(&"a".repeat(64)));
    fs::create_dir(inbox.directory.join("e".repeat(64))).unwrap();
    says(&"f".repeat(64), &" ".repeat(70_000));
    let (entries, unusable) = inbox.list().unwrap();
    let ids: Vec<&str> = entries.iter().map(Entry::id).collect();
    assert_eq!((ids, unusable.len()), (vec![&*"a".repeat(64)], 5));
    assert_eq!(inbox.find("a").unwrap().submission, good);
    assert_eq!(inbox.find("d").unwrap_err().reason, "inbox");
    assert_eq!(inbox.prune(SystemTime::now()), Ok(0));
}

#[test]
fn what_is_no_file_or_too_large_is_not_copied() {
    let (directory, inbox, plan) = place();
    let refused = |path: &Path| {
        let failure = inbox.begin(path).unwrap_err();
        assert_eq!(failure.exit, Exit::BadPlan);
        failure.reason
    };
    assert_eq!(refused(&directory.path().join("none")), "io");
    assert_eq!(refused(directory.path()), "io");
    assert_eq!(refused(Path::new("/dev/zero")), "io");
    let huge = File::options().write(true).open(&plan).unwrap();
    huge.set_len(incoming::MAX_PLAN + 1).unwrap();
    assert_eq!(refused(&plan), "plan-too-large");
    assert_eq!(fs::read_dir(&inbox.directory).unwrap().count(), 0);
}

#[test]
fn what_was_never_finished_is_no_plan_and_is_swept_only_when_nobody_is_at_it() {
    let (_directory, inbox, plan) = place();
    let killed = inbox.directory.join(".new-killed");
    fs::create_dir(&killed).unwrap();
    let at_it = inbox.begin(&plan).unwrap();
    assert!(!killed.exists());
    fs::create_dir(&killed).unwrap();
    let second = inbox.begin(&plan).unwrap();
    assert!(killed.exists() && at_it.plan().exists() && second.plan().exists());
    assert_eq!(inbox.list(), Ok((vec![], vec![])));
}

#[test]
fn what_was_decided_long_ago_goes_and_what_waits_stays() {
    let (_directory, inbox, plan) = place();
    let add = |digit| {
        let said = submission(digit, [0; 4], "2020-01-01T00:00:00Z");
        inbox.finish(inbox.begin(&plan).unwrap(), &said).unwrap().0
    };
    let (waits, rejected, approved, in_review) = (add('a'), add('b'), add('c'), add('d'));
    let say = |entry: &Entry, name: &str| {
        let path = entry.directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    };
    say(&rejected, "plan.rejection.json");
    say(&approved, "plan.approvals/alice.json");
    say(&in_review, "plan.rejection.json");
    let _turn = in_review.turn().unwrap().unwrap();
    let day = Duration::from_hours(24);
    let now = SystemTime::now();
    assert_eq!(inbox.prune(now + KEPT - day), Ok(0));
    assert_eq!(inbox.prune(now + KEPT + day), Ok(2));
    assert_eq!(inbox.prune(now + KEPT + day), Ok(0));
    let left: Vec<Entry> = inbox.list().unwrap().0;
    assert_eq!(left, [waits, in_review]);
    let names: Vec<_> = fs::read_dir(&inbox.directory).unwrap().collect();
    assert_eq!(names.len(), 3, "two plans and the lock");
}

#[test]
fn one_reviewer_at_a_time() {
    let (_directory, inbox, plan) = place();
    let incoming = inbox.begin(&plan).unwrap();
    let said = submission('a', [0; 4], "2026-11-22T10:00:00Z");
    let (entry, _) = inbox.finish(incoming, &said).unwrap();
    let turn = entry.turn().unwrap();
    assert!(turn.is_some());
    assert!(entry.turn().unwrap().is_none());
    drop(turn);
    assert!(entry.turn().unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, inbox, plan) = place();
    let incoming = inbox.begin(&plan).unwrap();
    let said = submission('a', [0; 4], "2026-11-22T10:00:00Z");
    let (entry, _) = inbox.finish(incoming, &said).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&inbox.directory), 0o700);
    assert_eq!(mode(&entry.directory), 0o700);
    assert_eq!(mode(&entry.plan()), 0o600);
    assert_eq!(mode(&entry.directory.join(SUBMISSION)), 0o600);
}

//! Breaking the glass: who may, what it leaves in the ledger, and what closes it again.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;

use gate::{Rig, time};
use jiff::SignedDuration;
use signing::{TOUCHED, TestKey, VERIFIED};
use undersign::approval::emergency::{Countersignature, Emergency, Review};
use undersign::approval::envelope::{Envelope, pae};
use undersign::approval::key::KeyType;
use undersign::approval::sign::{BREAKGLASS_NAMESPACE, NAMESPACE};
use undersign::approval::statement::{Hex, Nonce, Policy, Reviewer, Said, Statement, Utc};
use undersign::failure::{Exit, Failure};
use undersign::risk::ruleset_sha256;
use undersign::trust::Trust;
use undersign::trust::ledger::Ledger;
use undersign::trust::ledger::emergencies::{Declared, Entry};

#[path = "gate/rig.rs"]
mod gate;
#[path = "signing/rig.rs"]
mod signing;

fn carol() -> TestKey {
    TestKey::new(KeyType::SkEd25519, 11)
}

fn dave() -> TestKey {
    TestKey::new(KeyType::SkEcdsaP256, 12)
}

/// A plan that destroys; alice may approve it, carol may break the glass, dave may countersign.
fn rig(rules: &str) -> Rig {
    let rig = Rig::of("05-destroy-plan");
    let person = |id: &str, key: TestKey| {
        format!(
            "[[person]]\nid = \"{id}\"\n[[person.key]]\npublic = \"{}\"\n",
            key.public().to_line()
        )
    };
    rig.trust(&format!(
        "{}{}{rules}",
        person("carol", carol()),
        person("dave", dave())
    ));
    let text = rig.text("trust.toml").replace(
        "reviewers = [\"alice\"]",
        "reviewers = [\"alice\", \"carol\", \"dave\"]",
    );
    fs::write(rig.path("trust.toml"), text).unwrap();
    rig
}

const RULES: &str = "[break_glass]\nenabled = true\npersons = [\"carol\"]\n";

/// How an emergency is declared.
struct Declaration {
    person: &'static str,
    key: TestKey,
    namespace: &'static str,
    minutes: i64,
    reason: &'static str,
    declared: bool,
}

impl Default for Declaration {
    fn default() -> Self {
        Declaration {
            person: "carol",
            key: carol(),
            namespace: BREAKGLASS_NAMESPACE,
            minutes: 30,
            reason: "the shop is down",
            declared: true,
        }
    }
}

impl Declaration {
    /// Puts the approval among those that the gate looks at. Nothing is acknowledged.
    fn lay(&self, rig: &mut Rig, nonce: u8) {
        let (facts, _) = rig.review();
        let issued_at = time("2026-11-22T10:20:00Z");
        let said = Said {
            reviewer: Reviewer {
                person: self.person.into(),
                key: self.key.public().fingerprint(),
            },
            requester: None,
            nonce: Nonce([nonce; 16]),
            issued_at,
            expires_at: issued_at + SignedDuration::from_mins(self.minutes),
            acks: Vec::new(),
            seconds: 20,
            comment: String::new(),
        };
        let policy = Policy {
            ruleset_sha256: Hex(ruleset_sha256()),
            inputs_sha256: None,
            trust_version: 3,
        };
        let mut statement = Statement::approve(&facts, policy, said);
        if self.declared {
            statement = statement.in_emergency(Emergency {
                ticket: "INC-4711".into(),
                reason: self.reason.into(),
            });
        }
        let payload = statement.to_bytes();
        let signature = self.key.sign(self.namespace, &pae(&payload));
        let path = rig.path(&format!("emergency-{nonce}.json"));
        fs::write(&path, Envelope::new(payload, signature).to_bytes()).unwrap();
        rig.request.approvals.push(path);
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (Exit, &'static str) {
    let failure = result.unwrap_err();
    (failure.exit, failure.reason)
}

fn trust(rig: &Rig) -> Trust {
    Trust::parse("trust.toml", &rig.text("trust.toml")).unwrap()
}

fn entries(rig: &Rig) -> Vec<Entry> {
    Ledger::open(&rig.path("ledger"))
        .unwrap()
        .emergencies(&trust(rig), rig.request.now)
        .unwrap()
}

fn countersignature(person: &str, key: TestKey, sha256: [u8; 32], namespace: &str) -> Envelope {
    let review = Review {
        reviewer: Reviewer {
            person: person.into(),
            key: key.public().fingerprint(),
        },
        issued_at: Utc::of(time("2026-11-22T11:00:00Z")),
        comment: "looked at it with carol".into(),
    };
    let payload = Countersignature::new("emergency-000001", sha256, review).to_bytes();
    let signature = key.sign(namespace, &pae(&payload));
    Envelope::new(payload, signature)
}

#[test]
fn a39_after_an_emergency_nothing_is_applied_until_a_second_person_countersigns() {
    let mut rig = rig(RULES);
    Declaration::default().lay(&mut rig, 1);
    let verified = rig.verify().unwrap();
    let emergency = verified.emergency.unwrap();
    assert_eq!(verified.persons, ["carol"]);
    assert_eq!(emergency.not_acknowledged, verified.required.len());
    assert!(emergency.not_acknowledged > 0);
    rig.apply().0.unwrap();
    let [entry] = entries(&rig).try_into().unwrap();
    let declared = entry.declared.clone().unwrap();
    assert_eq!(
        (
            declared.person.as_str(),
            declared.emergency.ticket.as_str(),
            declared.emergency.reason.as_str(),
            declared.not_acknowledged,
        ),
        (
            "carol",
            "INC-4711",
            "the shop is down",
            emergency.not_acknowledged as u64
        )
    );
    assert_eq!(entry.closed_by, None);

    // Neither an ordinary plan nor a second emergency goes on.
    let mut next = rig;
    fs::copy(
        gate::fixture("02-update-in-place/plan.tfplan"),
        next.path("plan.tfplan"),
    )
    .unwrap();
    next.json = fs::read(gate::fixture("02-update-in-place/plan.json")).unwrap();
    fs::write(next.path("show.json"), &next.json).unwrap();
    next.request.approvals.clear();
    next.approve();
    fs::remove_file(next.path("apply.args")).unwrap();
    assert_eq!(
        refused(next.apply().0),
        (Exit::TooFewPeople, "emergency-open")
    );
    let ordinary = std::mem::take(&mut next.request.approvals);
    Declaration::default().lay(&mut next, 2);
    assert_eq!(
        refused(next.apply().0),
        (Exit::TooFewPeople, "emergency-open")
    );
    assert!(!next.path("apply.args").exists());

    // What does not close it: the same person, another record, another purpose, somebody unknown.
    let ledger = Ledger::open(&next.path("ledger")).unwrap();
    let trust = trust(&next);
    let closing =
        |envelope: &Envelope| ledger.countersign(&entry, envelope, &trust, next.request.now);
    let by = |person: &str, key, sha256, namespace| {
        refused(closing(&countersignature(person, key, sha256, namespace)))
    };
    assert_eq!(
        by("carol", carol(), entry.sha256, BREAKGLASS_NAMESPACE),
        (Exit::TooFewPeople, "own-emergency")
    );
    assert_eq!(
        by("dave", carol(), entry.sha256, BREAKGLASS_NAMESPACE),
        (Exit::Mismatch, "reviewer")
    );
    assert_eq!(
        by("dave", dave(), [0; 32], BREAKGLASS_NAMESPACE),
        (Exit::Mismatch, "subject")
    );
    assert_eq!(
        by("dave", dave(), entry.sha256, NAMESPACE),
        (Exit::BadSignature, "namespace")
    );
    let stranger = TestKey::new(KeyType::SkEd25519, 13);
    assert_eq!(
        by("dave", stranger, entry.sha256, BREAKGLASS_NAMESPACE),
        (Exit::BadSignature, "unknown-key")
    );
    // A file that only looks like a countersignature closes nothing either.
    fs::write(next.path("ledger/emergency-000001.review-x"), "{}").unwrap();
    assert_eq!(entries(&next)[0].closed_by, None);

    let good = countersignature("dave", dave(), entry.sha256, BREAKGLASS_NAMESPACE);
    assert_eq!(closing(&good).unwrap(), "dave");
    assert_eq!(entries(&next)[0].closed_by.as_deref(), Some("dave"));
    next.request.approvals = ordinary;
    next.apply().0.unwrap();
}

#[test]
fn a39_of_many_who_declare_at_once_one_does() {
    let rig = rig(RULES);
    let (ledger, trust) = (Ledger::open(&rig.path("ledger")).unwrap(), trust(&rig));
    let declared = Declared {
        plan_sha256: Hex([1; 32]),
        scope: "everything".into(),
        at: Utc::of(rig.request.now),
        by: "runner@test".into(),
        person: "carol".into(),
        approval: Hex([2; 32]),
        emergency: Emergency {
            ticket: "INC-4711".into(),
            reason: "the shop is down".into(),
        },
        not_acknowledged: 1,
    };
    let start = std::sync::Barrier::new(16);
    let won = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    ledger.declare(&declared, &trust, rig.request.now)
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .filter(|result| match result {
                Ok(()) => true,
                Err(failure) => {
                    assert_eq!(failure.reason, "emergency-open");
                    false
                }
            })
            .count()
    });
    assert_eq!(won, 1);
    // Who looks only now finds it open too, and takes no number behind it.
    let late = ledger.declare(&declared, &trust, rig.request.now);
    assert_eq!(refused(late), (Exit::TooFewPeople, "emergency-open"));
    assert_eq!(entries(&rig).len(), 1);
}

#[test]
fn a39_an_emergency_has_rules_of_its_own() {
    let touched = carol().flags(TOUCHED);
    let table = [
        (
            Declaration {
                namespace: NAMESPACE,
                ..Declaration::default()
            },
            (Exit::BadSignature, "mode"),
        ),
        (
            Declaration {
                declared: false,
                ..Declaration::default()
            },
            (Exit::BadSignature, "mode"),
        ),
        (
            Declaration {
                reason: "  ",
                ..Declaration::default()
            },
            (Exit::BadSignature, "emergency"),
        ),
        (
            Declaration {
                person: "dave",
                key: dave(),
                ..Declaration::default()
            },
            (Exit::TooFewPeople, "break-glass-person"),
        ),
        (
            Declaration {
                key: touched,
                ..Declaration::default()
            },
            (Exit::NoPresence, "assurance"),
        ),
        (
            Declaration {
                key: carol().flags(VERIFIED),
                ..Declaration::default()
            },
            (Exit::NoPresence, "assurance"),
        ),
        (
            Declaration {
                minutes: 31,
                ..Declaration::default()
            },
            (Exit::OutOfTime, "max-age"),
        ),
        (
            Declaration {
                minutes: 5,
                ..Declaration::default()
            },
            (Exit::OutOfTime, "expired"),
        ),
        (
            Declaration {
                person: "dave",
                ..Declaration::default()
            },
            (Exit::Mismatch, "reviewer"),
        ),
    ];
    for (declaration, want) in table {
        let mut rig = rig(RULES);
        declaration.lay(&mut rig, 1);
        assert_eq!(refused(rig.verify()), want, "{want:?}");
    }
    for rules in [
        "",
        "[break_glass]\nenabled = false\npersons = [\"carol\"]\n",
    ] {
        let mut rig = rig(rules);
        Declaration::default().lay(&mut rig, 1);
        assert_eq!(refused(rig.verify()), (Exit::BadSignature, "namespace"));
    }
}

#[test]
fn a39_an_emergency_is_for_one_plan_and_used_once() {
    let mut other = rig(RULES);
    Declaration::default().lay(&mut other, 1);
    fs::copy(
        gate::fixture("02-update-in-place/plan.tfplan"),
        other.path("plan.tfplan"),
    )
    .unwrap();
    assert_eq!(refused(other.verify()), (Exit::Mismatch, "subject"));

    let mut again = rig(RULES);
    Declaration::default().lay(&mut again, 1);
    again.apply().0.unwrap();
    assert_eq!(
        refused(again.apply().0),
        (Exit::TooFewPeople, "emergency-open")
    );
    let [entry] = entries(&again).try_into().unwrap();
    let ledger = Ledger::open(&again.path("ledger")).unwrap();
    let good = countersignature("dave", dave(), entry.sha256, BREAKGLASS_NAMESPACE);
    ledger
        .countersign(&entry, &good, &trust(&again), again.request.now)
        .unwrap();
    assert_eq!(
        refused(again.apply().0),
        (Exit::AlreadyUsed, "already-used")
    );
}

#[test]
fn a39_where_enough_people_approve_there_is_no_emergency() {
    let mut rig = rig(RULES);
    Declaration::default().lay(&mut rig, 1);
    let (facts, required) = rig.review();
    rig.sign(&facts, &required);
    let verified = rig.verify().unwrap();
    assert_eq!(verified.emergency, None);
    assert_eq!(verified.persons, ["alice"]);
    rig.apply().0.unwrap();
    assert!(entries(&rig).is_empty());
}

#[test]
fn a39_a_record_that_was_cut_off_stays_open_for_everybody_who_may_have_declared_it() {
    let rig = rig(RULES);
    let ledger = Ledger::open(&rig.path("ledger")).unwrap();
    fs::write(rig.path("ledger/emergency-000001"), "{\"plan").unwrap();
    let [entry] = entries(&rig).try_into().unwrap();
    let closing = |person: &str, key| {
        let envelope = countersignature(person, key, entry.sha256, BREAKGLASS_NAMESPACE);
        ledger.countersign(&entry, &envelope, &trust(&rig), rig.request.now)
    };
    assert_eq!(
        refused(closing("carol", carol())),
        (Exit::TooFewPeople, "own-emergency")
    );
    // For which scope it was cannot be said: then it is the one that asks for most.
    let text = rig.text("trust.toml");
    let strict = "[[scope]]\nid = \"strict\"\nmatch = { workspace = \"strict\" }\napprovals = 1\nmin_assurance = \"touch+pin\"\nmax_age = \"4h\"\n";
    fs::write(rig.path("trust.toml"), text + strict).unwrap();
    assert_eq!(
        refused(closing("dave", dave().flags(TOUCHED))),
        (Exit::NoPresence, "assurance")
    );
    assert_eq!(closing("dave", dave()).unwrap(), "dave");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 100, max_shrink_iters: 0, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn a39_no_changed_byte_of_a_record_or_its_countersignature_closes_an_emergency(
        file in 0usize..2, at: proptest::sample::Index, flip in 1u8..=255,
    ) {
        let mut rig = rig(RULES);
        Declaration::default().lay(&mut rig, 1);
        rig.apply().0.unwrap();
        let [entry] = entries(&rig).try_into().unwrap();
        let ledger = Ledger::open(&rig.path("ledger")).unwrap();
        let good = countersignature("dave", dave(), entry.sha256, BREAKGLASS_NAMESPACE);
        ledger.countersign(&entry, &good, &trust(&rig), rig.request.now).unwrap();
        let mut files: Vec<_> = fs::read_dir(rig.path("ledger")).unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("emergency-"))
            .collect();
        files.sort();
        proptest::prop_assert_eq!(files.len(), 2);
        let mut bytes = fs::read(&files[file]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        fs::write(&files[file], &bytes).unwrap();
        proptest::prop_assert_eq!(refused(rig.apply().0), (Exit::TooFewPeople, "emergency-open"));
    }
}

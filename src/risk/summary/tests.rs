//! What each signal stands on.

use super::*;
use crate::plan::archive;
use crate::plan::value::Value;

/// Type, action, and rules with their risk.
type Row<'a> = (&'a str, Action, &'a [(&'static str, Risk)]);

fn tally(rows: &[Row<'_>]) -> Tally {
    let mut tally = Tally::default();
    for (number, (type_name, action, rules)) in rows.iter().enumerate() {
        let address = format!("{type_name}.n{number}");
        let mut effect = Effect::bare(Kind::Change, address, *action, Span::default());
        effect.type_name = (*type_name).into();
        effect.mode = Mode::Managed;
        let findings = rules
            .iter()
            .map(|(rule, risk)| Finding::new(rule, *risk, "x"));
        tally.add(&Judged::new(effect, findings.collect()));
    }
    tally
}

fn ids(header: &Header, tally: &Tally) -> Vec<(String, Risk)> {
    summary(header, None, tally)
        .iter()
        .map(|signal| (signal.effect.address().into_owned(), signal.risk()))
        .collect()
}

fn with_state() -> Header {
    Header {
        prior_resources: Some(9),
        ..Header::default()
    }
}

#[test]
fn a_provider_that_believes_whoever_answers_is_shown() {
    let told = |on: bool| {
        let header = Header {
            provider_settings: vec![("kubernetes.insecure".into(), Value::Bool(on))],
            ..with_state()
        };
        ids(&header, &Tally::default())
    };
    assert_eq!(
        told(true),
        [("provider-unprotected".to_owned(), Risk::Medium)]
    );
    assert_eq!(told(false), []);
}

#[test]
fn a_missing_state_is_told_from_a_beginning() {
    let create = |count: usize, type_name: &'static str| {
        tally(&vec![(type_name, Action::Create, &[][..]); count])
    };
    let asks = |tally: &Tally| ids(&Header::default(), tally);
    let signal = |risk| vec![("no-prior-state".to_owned(), risk)];
    assert_eq!(asks(&create(24, "terraform_data")), []);
    assert_eq!(asks(&create(25, "terraform_data")), signal(Risk::High));
    assert_eq!(asks(&create(9, "aws_db_instance")), signal(Risk::Medium));
    assert_eq!(asks(&create(10, "aws_db_instance")), signal(Risk::High));
    assert_eq!(ids(&with_state(), &create(25, "aws_db_instance")), []);
}

#[test]
fn a_guard_that_goes_with_what_it_guards_is_worse_than_each() {
    let guard = (
        "aws_iam_policy",
        Action::Delete,
        &[("guard-removed", Risk::High)][..],
    );
    let database = (
        "aws_db_instance",
        Action::Update,
        &[("protection-weakened", Risk::Critical)][..],
    );
    let kept = ("aws_vpc", Action::NoOp, &[][..]);
    assert_eq!(ids(&with_state(), &tally(&[guard, kept])), []);
    assert_eq!(
        ids(&with_state(), &tally(&[guard, database, kept])),
        [("guard-and-guarded".to_owned(), Risk::Critical)]
    );
    let both = tally(&[guard, guard, database, kept]);
    assert_eq!(
        ids(&with_state(), &both),
        [("guard-and-guarded".to_owned(), Risk::Critical)],
        "the number of guards is no second question"
    );
    assert_eq!(
        ids(&with_state(), &tally(&[guard, guard, kept])),
        [("several-guards-removed".to_owned(), Risk::Critical)]
    );
}

#[test]
fn who_depends_on_what_goes_is_counted_but_not_who_goes_as_well() {
    let mut header = with_state();
    let dependants = ["type.n1", "type.n2", "type.n3"].map(String::from);
    header.dependants = [("type.n0".to_owned(), dependants.to_vec())].into();
    let row = |action| ("type", action, &[][..]);
    let rows = |first| {
        [
            row(first),
            row(Action::Delete),
            row(Action::CreateDelete),
            row(Action::Update),
        ]
    };
    let signals = summary(&header, None, &tally(&rows(Action::DeleteCreate)));
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0].effect.address(), "depended-on");
    assert_eq!(
        signals[0].findings[0].message,
        "What goes is used: 2 resources depend on type.n0."
    );
    assert!(!signals[0].needs_ack());
    assert_eq!(
        summary(&header, None, &tally(&rows(Action::Update))),
        Vec::new()
    );
}

#[test]
fn what_prevent_destroy_guards_is_not_destroyed_without_a_word() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/plans/19-policy-override-comments/plan.tfplan"
    );
    let bytes = std::fs::read(path).unwrap();
    let size = bytes.len() as u64;
    let file = archive::read(&mut std::io::Cursor::new(&bytes), [0; 32], size).unwrap();
    let told = |name: &str| {
        let mut effect = Effect::bare(Kind::Change, name, Action::DeleteCreate, Span::default());
        effect.mode = Mode::Managed;
        let mut tally = Tally::default();
        tally.add(&Judged::new(effect, Vec::new()));
        let signals = summary(&with_state(), Some(&file), &tally);
        signals
            .iter()
            .any(|signal| signal.effect.address() == "prevent-destroy-ignored")
    };
    assert!(told("terraform_data.public_bucket"));
    assert!(!told("module.mod.terraform_data.inner"));
}

#[test]
fn a_long_list_of_names_is_cut_and_counted() {
    let names: Vec<String> = (0..7).map(|n| format!("a.n{n}")).collect();
    assert_eq!(named(&names[..2]), "a.n0, a.n1");
    assert_eq!(named(&names), "a.n0, a.n1, a.n2, a.n3, a.n4 and 2 more");
}

#[test]
fn how_the_plan_was_made_and_how_it_ended_is_said() {
    let mut header = with_state();
    header.errored = Some(true);
    header.complete = Some(false);
    assert_eq!(
        ids(&header, &Tally::default()),
        [
            ("errored".to_owned(), Risk::Critical),
            ("incomplete".to_owned(), Risk::High)
        ]
    );
    let many = tally(&vec![("aws_instance", Action::Delete, &[][..]); 10]);
    let mut most = many.clone();
    most.add(&Judged::new(
        {
            let mut effect = Effect::bare(Kind::Change, "a.b", Action::NoOp, Span::default());
            effect.mode = Mode::Managed;
            effect
        },
        Vec::new(),
    ));
    assert_eq!(
        ids(&with_state(), &many),
        [("destroys-everything".to_owned(), Risk::Critical)]
    );
    assert_eq!(
        ids(&with_state(), &most),
        [("mass-destroy".to_owned(), Risk::High)]
    );
}

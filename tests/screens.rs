//! Key scripts, and the screens they lead to.

#![allow(clippy::unwrap_used, missing_docs)]

mod support {
    pub mod describe;
    pub mod scene;
    pub mod screen;
}

use support::describe::styled;
use support::scene;
use support::screen::{Screen, setup};
use undersign::failure::{Exit, Failure};
use undersign::plan::index::Progress;
use undersign::policy::{Kind, Opinion, Place, Trouble, Verdict};
use undersign::review::Method;
use undersign::review::log::Said;
use undersign::risk::Risk;
use undersign::text::is_hidden;
use undersign::ui::dialog::Overlay;
use undersign::ui::hands::{Disk, Outcome, Receipt};
use undersign::ui::key::Key;
use undersign::ui::keymap::{Binding, KEYS, Mode};
use undersign::ui::mouse::{Mouse, Press};
use undersign::ui::theme::{Palette, Theme};
use undersign::ui::{Command, Msg, Wait, width};

/// Acknowledges all seven: typed names for four, a key for three.
const ACKNOWLEDGE_ALL: &str = "a 'protection-removed-and-destroyed' enter a 'primary' tab 'blue-green cut-over' enter enter \
                               a 'audit_logs' enter a 'tenant' enter a y a y a y";

fn plain() -> Screen {
    Screen::with(setup(Palette::None), 80, 24)
        .rows(scene::incident())
        .loaded()
}

macro_rules! screens {
    ($($name:ident: $screen:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(styled(&$screen.buffer()));
        }
    )*};
}

screens! {
    review_at_the_design_size: Screen::incident(80, 24).keys("]");
    review_side_by_side: Screen::incident(120, 40).keys("] ] ]");
    review_on_a_large_screen: Screen::incident(200, 60).keys("] d d");
    review_at_the_least_size: Screen::incident(60, 15).keys("]");
    review_without_colour: plain().keys("]");
    review_on_a_light_terminal_in_ascii: {
        let mut setup = setup(Palette::Light);
        setup.theme = Theme { palette: Palette::Light, ascii: true };
        Screen::with(setup, 80, 24).rows(scene::incident()).loaded().keys("] a y ]")
    };
    routine_changes_are_folded: Screen::incident(120, 40).keys("G k k k k l j j j j j j j");
    a_critical_change_wants_its_name: Screen::incident(80, 24).keys("] a tab 'CHG-20391' enter 'prima'");
    a_critical_change_without_colour: plain().keys("] a 'prima'");
    a_long_dialog_at_the_least_size: Screen::fixture("incident", 60, 15).keys("] a down down pgdn");
    a_high_change_at_the_least_size: Screen::incident(60, 15).keys("] ] ] ] a");
    an_objection_wants_a_reason: Screen::incident(80, 24).keys("] x enter");
    signing_at_the_design_size: Screen::incident(80, 24).keys(ACKNOWLEDGE_ALL).keys("S 'prod'");
    signing_at_the_least_size: Screen::incident(60, 15).keys(ACKNOWLEDGE_ALL).keys("S");
    sending_back_shows_the_objections: Screen::incident(80, 24).keys("] x 'not in office hours' enter S");
    a_plan_that_does_nothing: Screen::fixture("21-empty-config", 80, 24);
    a_plan_that_changes_nothing: Screen::fixture("20-no-op", 80, 24).keys("g");
    a_plan_of_which_nothing_asks: Screen::fixture("01-create-only", 80, 24).keys("g");
    four_hundred_that_ask: {
        let mut scene = scene::incident();
        let model = scene.rows[1].clone();
        for i in 0..400 {
            let mut judged = model.clone();
            judged
                .effect
                .rename(&format!("aws_s3_bucket.audit_logs[{i}]"));
            scene.rows.push(judged);
        }
        Screen::new(80, 24).rows(scene).loaded().keys("g")
    };
    who_cannot_sign_is_told_what_to_do: {
        let mut setup = setup(Palette::Dark);
        let failure = Failure::new(Exit::Usage, "io", "no trust file at trust.toml");
        setup.identity = Err(Box::new(failure.hint("make a key").hint("make a trust file")));
        let screen = Screen::with(setup, 80, 24).rows(scene::incident()).loaded();
        screen.keys(ACKNOWLEDGE_ALL).keys("S")
    };
    keys_are_searchable: Screen::incident(80, 24).keys("? 'open'");
    commands_say_why_they_cannot_run: Screen::incident(80, 24).keys(": 's'");
    the_filter_works_while_it_is_typed: Screen::incident(80, 24).keys("/ 'aws_s type:s3'");
    a_filter_that_makes_no_sense_says_so: Screen::incident(80, 24).keys("/ 'foo:bar'");
    the_json_of_a_change: Screen::incident(120, 40).keys("] J");
    the_detail_on_the_whole_screen: Screen::incident(80, 24).keys("] enter");
}

#[test]
fn loading_says_how_far_it_is() {
    let mut screen = Screen::new(80, 24).rows(scene::incident());
    screen.send(Msg::Progress(Progress {
        bytes: 41,
        total: Some(100),
        rows: 94,
    }));
    insta::assert_snapshot!(styled(&screen.buffer()));
    let screen = screen.keys("S");
    assert!(screen.text().contains("still reading the plan"));
}

#[test]
fn a_tool_that_says_nothing_yet_is_named_with_how_long_it_has_been() {
    let mut screen = Screen::new(80, 24);
    let wait = |what: &str, purpose: &str, seconds| Wait {
        what: what.into(),
        purpose: purpose.into(),
        seconds,
    };
    screen.send(Msg::Waiting(vec![
        wait(
            "terraform version",
            "is this the version that made the plan?",
            1,
        ),
        wait(
            "terraform init",
            "fetches 2 providers that the plan was made with",
            134,
        ),
        wait(
            "terraform show -json",
            "prints nothing until it is nearly done",
            4,
        ),
    ]));
    insta::assert_snapshot!(styled(&screen.buffer()));
    let rows = scene::incident().rows;
    screen.send(Msg::Rows(rows));
    assert!(!screen.text().contains("show -json"));
}

#[test]
fn a_plan_that_cannot_be_read_says_why() {
    let mut screen = Screen::new(80, 24).rows(scene::incident());
    screen.send(Msg::LoadFailed(
        Failure::new(
            Exit::BadPlan,
            "truncated",
            "The file ends inside resource_changes, at byte 41,233.",
        )
        .expected("a closing ]", "the end of the file")
        .hint("make the plan again: terraform show -json tfplan > plan.json"),
    ));
    screen.send(Msg::Drawn);
    insta::assert_snapshot!(styled(&screen.buffer()));
    let screen = screen.keys("enter S");
    assert!(screen.text().contains("the plan was not read"));
}

#[test]
fn the_cursor_is_on_the_worst_open_change_until_the_reviewer_moves() {
    let mut screen = Screen::new(80, 24);
    let mut scene = scene::incident();
    let late = scene.rows.remove(0);
    screen.send(Msg::Rows(scene.rows));
    let name = |screen: &Screen| screen.state.current().unwrap().1.effect.name.to_string();
    assert_eq!(name(&screen), "audit_logs");
    let mut screen = screen.keys("j");
    assert_eq!(name(&screen), "tenant");
    screen.send(Msg::Rows(vec![late]));
    assert_eq!(name(&screen), "tenant");
    assert_eq!(name(&screen.loaded()), "tenant");
}

#[test]
fn the_terminal_cursor_is_on_the_box_or_on_the_caret() {
    let screen = Screen::incident(80, 24).keys("]");
    let (x, y) = screen.cursor();
    assert_eq!(screen.buffer()[(x, y)].symbol(), "[");
    let screen = screen.keys("a 'pri'");
    let (x, y) = screen.cursor();
    assert_eq!(screen.buffer()[(x - 1, y)].symbol(), "i");
}

#[test]
fn everything_acknowledged_can_be_signed() {
    let screen = Screen::incident(80, 24).keys(ACKNOWLEDGE_ALL);
    assert_eq!(
        (screen.state.tally.acked, screen.state.tally.asking),
        (7, 7)
    );
    assert_eq!(screen.saves, 7);
    let screen = screen.keys("S 'prod/network' enter");
    let [Command::Sign(request)] = screen.asked.as_slice() else {
        panic!("{:?}", screen.asked)
    };
    assert_eq!(request.acks.len(), 7);
    let primary = request
        .acks
        .iter()
        .find(|a| a.requirement.key.address.contains("primary"));
    let primary = primary.unwrap();
    assert_eq!(primary.method, Method::Typed);
    assert_eq!(primary.reason.as_deref(), Some("blue-green cut-over"));
    assert_eq!(
        primary.requirement.rules,
        [
            "delete-stateful",
            "final-snapshot-off",
            "protection-weakened"
        ]
    );
    let mut screen = screen;
    screen.send(Msg::Signed(Ok(Receipt("signed".into()))));
    assert_eq!(
        screen.outcome(),
        Some(&Outcome::Signed(Receipt("signed".into())))
    );
}

#[test]
fn a_signature_on_its_way_can_be_left_alone_but_not_doubled() {
    let all = Screen::incident(80, 24).keys(ACKNOWLEDGE_ALL);
    let mut screen = all.keys("S 'prod/network' enter");
    screen.state.open(Overlay::Waiting(
        "the agent; your key may want a touch".into(),
    ));
    screen.send(Msg::Drawn);
    insta::assert_snapshot!(styled(&screen.buffer()));
    let screen = screen.keys("esc S");
    assert!(screen.state.overlay.is_none());
    assert!(screen.text().contains("a signature is still on its way"));
    let mut screen = screen;
    screen.send(Msg::Signed(Err(Failure::new(
        Exit::BadSignature,
        "agent",
        "the agent refused",
    ))));
    screen.send(Msg::Drawn);
    assert!(screen.text().contains("the agent refused"));
    let screen = screen.keys("enter S");
    assert!(screen.text().contains("Undersign this plan"));
}

#[test]
fn nothing_is_signed_while_something_is_open_or_the_name_is_wrong() {
    let screen = Screen::incident(80, 24).keys("S");
    assert!(screen.text().contains("7 changes are not acknowledged yet"));
    let screen = Screen::incident(80, 24)
        .keys(ACKNOWLEDGE_ALL)
        .keys("S 'prod/networ' enter");
    assert!(screen.asked.is_empty());
    assert!(screen.text().contains("type prod/network to sign"));
    let mut screen = screen.paste("k").keys("enter");
    assert!(screen.asked.is_empty(), "a pasted name does not count");
    screen.send(Msg::Disk(Disk::Changed));
    let screen = screen.keys("'k' enter");
    assert!(screen.asked.is_empty());
    assert!(screen.text().contains("no longer what was read"));
}

#[test]
fn keys_typed_before_a_dialog_was_seen_do_not_answer_it() {
    let screen = Screen::incident(80, 24).keys("] ] ] ]").at_once("a y");
    assert_eq!(screen.state.tally.acked, 0);
    assert!(screen.text().contains("Acknowledge a high change"));
    assert_eq!(screen.keys("y").state.tally.acked, 1);
    let screen = Screen::incident(80, 24)
        .keys("] ] ] ]")
        .at_once("a enter y space");
    assert_eq!(screen.state.tally.acked, 0);
}

#[test]
fn enter_never_acknowledges_a_high_change() {
    let screen = Screen::incident(80, 24).keys("] ] ] ] a enter tab 'y' enter");
    assert_eq!(screen.state.tally.acked, 0);
}

#[test]
fn a_wrong_or_pasted_name_does_not_acknowledge() {
    let screen = Screen::incident(80, 24).keys("] a 'Primary' enter");
    assert_eq!(screen.state.tally.acked, 0);
    let screen = Screen::incident(80, 24)
        .keys("] a")
        .paste("primary")
        .keys("enter");
    assert_eq!(screen.state.tally.acked, 0);
    assert!(screen.text().contains("type primary to acknowledge"));
}

#[test]
fn undo_and_redo_go_back_and_forth() {
    let screen = Screen::incident(80, 24).keys("] ] ] ] a y u");
    assert_eq!(screen.state.tally.acked, 0);
    assert!(
        screen
            .text()
            .contains("took back the acknowledgement of aws_iam_role_policy.deploy")
    );
    let screen = screen.keys("ctrl-r");
    assert_eq!(screen.state.tally.acked, 1);
    assert_eq!(screen.saves, 3);
    let screen = screen.keys("u u");
    assert!(screen.text().contains("nothing to undo"));
}

#[test]
fn the_signature_is_in_the_last_line_when_it_is_all_that_is_left() {
    let open = Screen::incident(60, 15).keys("]");
    assert!(!open.text().contains("S sign"), "{}", open.text());
    let done = Screen::incident(60, 15).keys(ACKNOWLEDGE_ALL).keys("g");
    assert!(done.text().contains("S sign"), "{}", done.text());
    let nothing = Screen::fixture("01-create-only", 60, 15);
    assert!(nothing.text().contains("S sign"), "{}", nothing.text());
}

#[test]
fn who_cannot_sign_is_told_before_the_work() {
    for (width, height) in [(60, 15), (80, 24)] {
        let mut setup = setup(Palette::Dark);
        let failure = Failure::new(Exit::Usage, "no-key", "no key to sign with");
        setup.target = None;
        setup.identity = Err(Box::new(failure.hint("name one with --key")));
        let screen = Screen::with(setup, width, height)
            .rows(scene::incident())
            .loaded();
        assert!(
            screen.text().contains("cannot be signed here"),
            "{}",
            screen.text()
        );
        // All of it is open yet.
        let screen = screen.keys("S");
        assert!(
            screen.text().contains("name one with --key"),
            "{}",
            screen.text()
        );
    }
}

#[test]
fn the_help_tells_what_the_marks_mean() {
    let screen = Screen::incident(80, 24).keys("? 'destroyed'");
    assert!(
        screen
            .text()
            .contains("-/+             replace: destroyed, then made anew"),
        "{}",
        screen.text()
    );
    let screen = Screen::incident(60, 15).keys("? 'marks'");
    let screen = screen.keys(&"down ".repeat(99));
    assert!(
        screen.text().contains("what policies warn of"),
        "the last of them can be reached: {}",
        screen.text()
    );
}

#[test]
fn of_a_long_name_the_end_is_shown() {
    for (size, shown) in [
        ((60, 15), "…roduction.tfplan  3f64 89ae d3f8"),
        ((80, 24), "production.tfplan"),
    ] {
        let mut setup = setup(Palette::Dark);
        setup.plan = "2026-11-27-platform-team-eu-central-1-production.tfplan".into();
        let screen = Screen::with(setup, size.0, size.1)
            .rows(scene::incident())
            .loaded();
        assert!(screen.text().contains(shown), "{}", screen.text());
    }
}

#[test]
fn checks_that_did_not_pass_stand_above_what_is_routine() {
    let text = Screen::fixture("14-checks-failing", 80, 24).text();
    let at = |words: &str| text.find(words).unwrap();
    assert!(at("Checks that did not pass") < at("Routine"), "{text}");
}

#[test]
fn of_several_plans_the_one_that_is_guilty_is_named() {
    let mut screen = Screen::new(80, 24);
    screen.send(Msg::Unit("network".into()));
    let screen = screen.rows(scene::incident()).loaded();
    assert!(
        screen
            .text()
            .contains("■ network: This plan takes the protection off"),
        "{}",
        screen.text()
    );
}

#[test]
fn an_objection_sends_the_plan_back() {
    let screen = Screen::incident(80, 24).keys("] x 'no' enter S");
    assert!(screen.text().contains("Send this plan back"));
    let mut screen = screen.keys("y");
    assert_eq!(screen.asked, [Command::Reject]);
    screen.send(Msg::Rejected(Ok("sent back".into())));
    assert_eq!(
        screen.outcome(),
        Some(&Outcome::Rejected("sent back".into()))
    );
}

#[test]
fn a_remark_decides_nothing() {
    let screen = Screen::incident(80, 24).keys("] c 'ask Ada' enter");
    assert_eq!(screen.state.tally.acked, 0);
    let said: Vec<_> = screen.state.log.comments().collect();
    assert_eq!(said.len(), 1);
    assert!(screen.keys("enter").text().contains("ask Ada"));
}

#[test]
fn what_is_not_saved_is_shown_and_asked_about() {
    let mut screen = Screen::incident(80, 24);
    screen.save_fails = true;
    let screen = screen.keys("] ] ] ] a y");
    assert!(screen.text().contains("not saved"));
    let screen = screen.keys("q");
    assert!(screen.text().contains("the disk is full"));
    assert_eq!(screen.outcome(), None);
    let screen = screen.keys("y");
    assert_eq!(screen.outcome(), Some(&Outcome::Left { saved: false }));
}

#[test]
fn leaving_a_saved_review_asks_nothing() {
    let screen = Screen::incident(80, 24).keys("] x ctrl-c");
    assert_eq!(screen.outcome(), None, "in a dialog it cancels");
    let screen = screen.keys("ctrl-c");
    assert_eq!(screen.outcome(), Some(&Outcome::Left { saved: false }));
    // Something was said.
    let screen = Screen::incident(80, 24).keys("] ] ] ] a y q");
    assert_eq!(screen.outcome(), Some(&Outcome::Left { saved: true }));
}

#[test]
fn the_number_of_what_is_hidden_is_shown() {
    let screen = Screen::incident(80, 24).keys("1");
    assert!(screen.text().contains("shown 4 of 95"));
    assert!(screen.keys("esc").text().contains("shown 95 of 95"));
}

#[test]
fn copying_promises_no_more_than_it_can_know() {
    let screen = Screen::incident(80, 24).keys("] y");
    assert_eq!(
        screen.asked,
        [Command::Copy("module.db.aws_db_instance.primary".into())]
    );
    assert!(screen.text().contains("sent to the terminal's clipboard"));
}

#[test]
fn a_change_acknowledged_before_stays_so_when_the_review_goes_on() {
    let before = Screen::incident(80, 24).keys("] ] ] ] a y");
    let mut setup = setup(Palette::Dark);
    setup.log = before.state.log.clone();
    setup.restored = Some("1 acknowledgement from an earlier sitting".into());
    setup.task = Some("add a static site".into());
    let screen = Screen::with(setup, 80, 24).rows(scene::incident()).loaded();
    assert_eq!(screen.state.tally.acked, 1);
    assert!(screen.text().contains("from an earlier sitting"));
    let verdicts = screen.state.log.verdicts();
    assert!(matches!(verdicts.values().next(), Some(Said::Ack(_))));
    let screen = screen
        .keys(&ACKNOWLEDGE_ALL.replacen("a y ", "", 1))
        .keys("S");
    assert!(
        screen.text().contains("the agent says: add a static site"),
        "where it is signed: {}",
        screen.text()
    );
}

#[test]
fn a_screen_that_is_too_small_decides_nothing() {
    let screen = Screen::incident(59, 24).keys("a y 'primary' enter S");
    assert!(screen.text().contains("60×15 needed, this is 59×24"));
    assert!(screen.state.overlay.is_none());
    assert_eq!(
        screen.keys("q").outcome(),
        Some(&Outcome::Left { saved: false })
    );
}

#[test]
fn foreign_text_cannot_act_on_the_terminal() {
    let mut scene = scene::incident();
    let row = &mut scene.rows[0];
    row.effect
        .rename("module.db.aws_db_instance.x\u{202e}\u{1b}[2J\u{200b}y");
    row.effect.name = "x\u{202e}y".into();
    row.findings[0].message = "A\u{1b}]0;title\u{7}B".into();
    let mut setup = setup(Palette::Dark);
    setup.target = Some("prod\u{9b}31m".into());
    setup.plan = "plan\u{202e}.json".into();
    let mut screen = Screen::with(setup, 120, 40).rows(scene).loaded();
    for keys in [
        "] ",
        "a",
        "esc x",
        "esc y",
        "enter",
        "J",
        "esc esc / 'x'",
        "esc S",
    ] {
        screen = screen.keys(keys);
        for cell in screen.buffer().content() {
            assert!(
                !cell.symbol().chars().any(is_hidden),
                "{keys}: {:?}",
                cell.symbol()
            );
        }
    }
}

#[test]
fn every_plan_of_the_fixtures_can_be_walked_from_end_to_end() {
    let plans = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans");
    let mut walked = 0;
    for entry in std::fs::read_dir(plans).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.join("plan.json").exists() {
            continue;
        }
        let mut screen = Screen::fixture(name, 80, 24).keys("E g");
        let rows = screen.state.rows.len();
        let shown = format!("shown {} of {}", width::count(rows), width::count(rows));
        assert!(screen.text().contains(&shown), "{name}: {}", screen.text());
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..rows * 2 + 40 {
            seen.extend(screen.state.tree.row());
            for cell in screen.buffer().content() {
                assert!(
                    !cell.symbol().chars().any(is_hidden),
                    "{name}: {}",
                    screen.text()
                );
            }
            screen = screen.keys("j");
        }
        assert_eq!(
            seen.len(),
            rows,
            "{name}: every row is under the cursor once"
        );
        walked += 1;
    }
    assert!(walked >= 20, "only {walked} plans");
}

#[test]
fn a_hundred_thousand_rows_are_as_quick_to_walk_as_a_hundred() {
    let mut scene = scene::incident();
    let model = scene.rows[8].clone();
    for i in 0..100_000 {
        let mut judged = model.clone();
        judged.effect.module = format!("module.m{}", i % 500).into();
        judged
            .effect
            .rename(&format!("module.m{}.aws_instance.n[{i}]", i % 500));
        scene.rows.push(judged);
    }
    let screen = Screen::new(120, 40).rows(scene).loaded();
    let started = std::time::Instant::now();
    let screen = screen.keys("E G k k k g j j pgdn pgdn").keys("G");
    screen.buffer();
    assert!(screen.text().contains("100,0"));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn the_border_moves_and_stops() {
    for (width, height) in [(120, 40), (80, 24)] {
        let screen = Screen::incident(width, height);
        let tree = |screen: &Screen| {
            let area = screen.state.areas().tree;
            u32::from(area.width) * u32::from(area.height)
        };
        let before = tree(&screen);
        let mut screen = screen.keys("> ctrl-right");
        assert!(tree(&screen) > before);
        screen = screen.keys("< < ctrl-left");
        assert!(tree(&screen) < before);
        for _ in 0..60 {
            screen = screen.keys("<");
        }
        assert!(screen.text().contains("the border goes no further"));
        let least = tree(&screen);
        assert!(
            tree(&screen.keys(">")) > least,
            "no step is lost at the end"
        );
    }
    let screen = Screen::incident(60, 15).keys("<");
    assert!(screen.text().contains("only one pane is on the screen"));
}

#[test]
fn before_and_after_are_arranged_by_a_key() {
    let screen = Screen::incident(120, 40).keys("] enter d");
    assert!(screen.text().contains("before and after in two lines"));
    let screen = screen.keys("d");
    assert!(screen.text().contains("side by side needs 140 columns"));
    let screen = Screen::incident(160, 40).keys("] enter d d");
    assert!(screen.text().contains("before and after side by side"));
    assert!(screen.text().contains("│ 15.4"), "{}", screen.text());
}

#[test]
fn a_filter_is_completed_and_remembered() {
    let screen = Screen::incident(80, 24).keys("/ 'ty' tab 'aws_s3' tab");
    assert_eq!(screen.state.filter_text, "type:aws_s3_bucket");
    let screen = screen.keys("enter esc / 'risk:' tab");
    assert!(
        screen.text().contains("critical  high  low"),
        "{}",
        screen.text()
    );
    let screen = screen.keys("'h' tab enter / up");
    assert_eq!(screen.state.filter_text, "risk:high");
    let screen = screen.keys("up");
    assert_eq!(screen.state.filter_text, "type:aws_s3_bucket");
    let screen = screen.keys("down down");
    assert_eq!(screen.state.filter_text, "");
}

#[test]
fn groups_show_the_worst_in_them_and_how_far_they_are() {
    let screen = Screen::incident(80, 24).keys("v");
    let text = screen.text();
    assert!(text.contains("[ ] ■ module.db"), "{text}");
    let screen = Screen::incident(80, 24).keys("] ] ] ] a y g");
    assert!(
        screen.text().contains("▼ [-] ■ To acknowledge"),
        "{}",
        screen.text()
    );
    let screen = Screen::incident(80, 24).keys(ACKNOWLEDGE_ALL).keys("g");
    assert!(
        screen.text().contains("▼ [x] ■ To acknowledge"),
        "{}",
        screen.text()
    );
    assert!(screen.text().contains("line 1 of"));
}

#[test]
fn a_dialog_that_is_too_long_is_read_line_by_line() {
    let screen = Screen::fixture("incident", 60, 15).keys("] a");
    let mut seen = screen.text();
    let mut screen = screen;
    for _ in 0..20 {
        screen = screen.keys("down");
        seen.push_str(&screen.text());
    }
    assert_eq!(screen.state.tally.acked, 0);
    let requirement = match &screen.state.overlay {
        Some(Overlay::Ack(asking)) => asking.judged.clone(),
        other => panic!("{other:?}"),
    };
    for finding in requirement.findings.iter().filter(|f| f.risk >= Risk::High) {
        for word in finding.message.split_whitespace() {
            assert!(seen.contains(word), "{word} of {}", finding.message);
        }
    }
    let screen = screen.keys("up pgup pgup pgup pgup");
    assert!(screen.text().contains("lines 1 to"));
    assert!(screen.keys("'courses' enter").state.tally.acked == 1);
}

#[test]
fn a_click_moves_opens_and_answers_nothing() {
    let click = |screen: &mut Screen, press, column, row| {
        screen.send(Msg::Mouse(Mouse { press, column, row }));
        screen.send(Msg::Drawn);
    };
    let mut screen = Screen::incident(80, 24).keys("M");
    assert_eq!(screen.asked, [Command::Mouse(true)]);
    click(&mut screen, Press::Click, 20, 7);
    assert_eq!(screen.state.tree.position().0, 3);
    assert!(screen.text().contains("M mouse off"));
    click(&mut screen, Press::WheelDown, 20, 7);
    assert_eq!(screen.state.tree.position().0, 6);
    click(&mut screen, Press::WheelUp, 20, 7);
    click(&mut screen, Press::DoubleClick, 20, 7);
    assert!(screen.state.full);
    let mut screen = screen.keys("esc a");
    let before = format!("{:?}", screen.state.log);
    for row in 0..24 {
        for column in 0..80 {
            click(&mut screen, Press::Click, column, row);
            click(&mut screen, Press::DoubleClick, column, row);
        }
    }
    assert!(screen.state.overlay.is_some());
    assert_eq!(before, format!("{:?}", screen.state.log));
}

/// The detail of the incident's guard, with the line on its policy.
fn a_policy(width: u16, height: u16) -> Screen {
    let mut screen = Screen::fixture("incident", width, height);
    let guard = |row: &undersign::risk::Judged| {
        row.needs_ack() && row.effect.address() == "aws_iam_policy.guard"
    };
    let row = screen.state.rows.iter().position(guard).unwrap();
    screen.state.tree.go_to(row as u32);
    screen.keys("tab / 'shown as JSON' enter")
}

/// What must be on the screen before the keys of a mode are tried, so that each of them can do something.
fn in_mode(mode: Mode) -> Screen {
    let middle = Screen::incident(120, 24).keys("] ] ] ] a y [ j");
    match mode {
        Mode::Inbox => unreachable!("the inbox is a screen of its own, and so are its tests"),
        Mode::Tree => middle.keys("/ 'a' enter C j l j u"),
        Mode::Detail => middle.keys("[ [ [ tab j j"),
        Mode::Value => a_policy(80, 18).keys("enter / 's' enter j j j"),
        Mode::Filter => middle.keys("/ 'aws' enter esc / 'type:'"),
        Mode::Find => middle.keys("tab / 'a'"),
        Mode::Help => middle.keys("? down down"),
        Mode::Palette => middle.keys(": down"),
        Mode::Confirm => {
            let mut scene = scene::incident();
            let high = scene.rows.iter_mut().find(|row| row.risk() == Risk::High);
            let findings = &mut high.unwrap().findings;
            *findings = vec![findings[0].clone(); 30].into();
            let screen = Screen::new(60, 15).rows(scene).loaded();
            screen.keys("] ] ] ] a down")
        }
        Mode::Typed => Screen::fixture("incident", 60, 15).keys("] a down"),
        Mode::Words => Screen::fixture("incident", 60, 15).keys("] a down tab 'x'"),
        Mode::Waiting => {
            let mut screen = middle;
            screen.state.open(Overlay::Waiting("the agent".into()));
            screen.send(Msg::Drawn);
            screen
        }
        Mode::Notice => {
            let mut screen = Screen::incident(60, 15);
            let hints = |failure: Failure, i| failure.hint(format!("do this, number {i}"));
            let failure = Failure::new(Exit::BadPlan, "x", "It is bad.");
            screen.send(Msg::LoadFailed((0..20).fold(failure, hints)));
            screen.send(Msg::Drawn);
            screen.keys("down")
        }
    }
}

#[test]
fn every_key_of_the_table_does_something_where_it_is_said_to_work() {
    let mut tried = 0;
    let of_a_review = |binding: &&Binding| !binding.modes.contains(&Mode::Inbox);
    for binding in KEYS.iter().filter(of_a_review) {
        for &mode in binding.modes {
            for key in binding.keys {
                let mut screen = in_mode(mode);
                assert_eq!(screen.state.mode(), mode, "{key}");
                let before = (format!("{:?}", screen.state), screen.asked.len());
                screen.send(Msg::Key(Key::named(key)));
                let after = (format!("{:?}", screen.state), screen.asked.len());
                assert!(before != after, "{key} in {mode:?}: {}", binding.help);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// A change with a script that grows by a line in its middle, and a secret.
fn a_script(width: u16, height: u16) -> Screen {
    let script = |more: &str| {
        let line = |n| {
            format!(
                "echo this is line {n} of a script that goes on beyond eighty columns, far to the END"
            )
        };
        let lines: Vec<String> = (1..=60).map(line).collect();
        format!("#!/bin/sh\n{}\n{more}exit\n", lines.join("\n"))
    };
    let (old, new) = (script(""), script("rm -rf /srv\n"));
    let plan = serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.14.0", "planned_values": {"root_module": {}},
        "resource_changes": [{"address": "aws_db_instance.x", "mode": "managed", "type": "aws_db_instance", "name": "x",
            "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["update"],
                "before": {"deletion_protection": true, "password": "hunter2-old", "user_data": old},
                "after": {"deletion_protection": false, "password": "hunter2-new", "user_data": new},
                "after_unknown": {}, "before_sensitive": {"password": true}, "after_sensitive": {"password": true}}}],
        "configuration": {"root_module": {}}, "applyable": true, "complete": true, "errored": false,
    });
    let screen = Screen::read(scene::of_json(&plan.to_string()), width, height);
    screen.keys("g ] tab")
}

/// The pane with the line on the attribute of that name.
fn at_attribute(mut screen: Screen, name: &str) -> Screen {
    let paths = &screen.state.detail.paths;
    let line = paths.iter().position(|path| path.as_deref() == Some(name));
    screen.state.detail.line = line.unwrap();
    screen.send(Msg::Tick);
    screen
}

#[test]
fn a_long_value_is_read_on_a_page_of_its_own() {
    let screen = at_attribute(a_script(76, 24), "user_data").keys("enter");
    assert_eq!(screen.state.mode(), Mode::Value);
    let text = screen.text();
    assert!(text.contains("script, line by line"), "{text}");
    assert!(text.contains("  1  #!/bin/sh"), "nothing is folded: {text}");
    assert!(
        text.contains("lines 1 to 19 of"),
        "it says where it is: {text}"
    );
    // Search goes through all of it, forth and back, and round.
    let screen = screen.keys("/ 'RM -RF' enter");
    assert!(
        screen.text().contains("+ 62  rm -rf /srv"),
        "{}",
        screen.text()
    );
    assert!(screen.text().contains("1 of 1 lines"));
    let screen = screen.keys("g / 'line 7' enter n n N");
    assert!(
        screen.text().contains("echo this is line 7"),
        "{}",
        screen.text()
    );
    // Long lines wrap, or go on at the right.
    let screen = screen.keys("esc g");
    assert!(screen.text().contains("END"), "{}", screen.text());
    let screen = screen.keys("w");
    assert!(!screen.text().contains("END"), "{}", screen.text());
    let screen = screen.keys("right right right");
    assert!(screen.text().contains("END"), "{}", screen.text());
    assert!(!screen.text().contains("#!/bin"), "{}", screen.text());
    let screen = screen.keys("left left left");
    assert!(screen.text().contains("#!/bin"), "{}", screen.text());
    // And back to where it was opened.
    let screen = screen.keys("esc");
    assert_eq!(screen.state.mode(), Mode::Detail);
    assert!(!screen.state.full);
    let line = screen.state.detail.line;
    assert_eq!(
        screen.state.detail.paths[line].as_deref(),
        Some("user_data")
    );
}

#[test]
fn what_is_copied_and_revealed_is_what_the_line_is_about() {
    let screen = at_attribute(a_script(100, 40), "deletion_protection").keys("Y");
    assert_eq!(screen.asked, [Command::Copy("false".into())]);
    let mut screen = at_attribute(screen, "user_data").keys("Y");
    let Some(Command::Copy(text)) = screen.asked.pop() else {
        panic!("nothing was copied")
    };
    assert!(text.starts_with("#!/bin/sh\necho") && text.ends_with("exit\n"));
    // A secret value is masked until it is asked for, on its page too, and never copied.
    let mut screen = at_attribute(screen, "password").keys("Y enter");
    assert_eq!(screen.asked, [Command::Copy("false".into())]);
    assert!(!screen.text().contains("hunter2"), "{}", screen.text());
    assert!(screen.text().contains("(sensitive, changed)"));
    screen = screen.keys("V");
    assert!(screen.text().contains("hunter2-new"), "{}", screen.text());
    screen = screen.keys("Y");
    assert_eq!(screen.asked.len(), 1, "{:?}", screen.asked);
    screen = screen.keys("V");
    assert!(!screen.text().contains("hunter2"), "{}", screen.text());
    // From another line the next secret value below is meant.
    let screen = screen.keys("esc g V");
    let line = screen.state.detail.line;
    assert_eq!(screen.state.detail.paths[line].as_deref(), Some("password"));
    assert!(screen.text().contains("hunter2-new"));
}

#[test]
fn the_line_of_the_detail_is_seen_without_colour_and_by_screen_readers() {
    for (ascii, mark) in [(false, "▌"), (true, ">")] {
        let mut screen = a_script(100, 30);
        screen.state.setup.theme = Theme {
            palette: Palette::None,
            ascii,
        };
        let screen = at_attribute(screen, "deletion_protection");
        let (x, y) = screen.cursor();
        assert_eq!(screen.buffer()[(x - 1, y)].symbol(), mark);
        let row: String = (x..100)
            .map(|x| screen.buffer()[(x, y)].symbol().to_owned())
            .collect();
        assert!(row.starts_with("~ deletion_protection"), "{row}");
    }
}

#[test]
fn what_the_filter_found_stays_marked_under_the_cursor() {
    use ratatui::style::Modifier;
    let screen = Screen::incident(100, 30).keys("/ 'audit' enter g j");
    let (x, y) = screen.cursor();
    let found: String = (x..60)
        .map(|x| screen.buffer()[(x, y)].clone())
        .filter(|cell| {
            cell.modifier
                .contains(Modifier::UNDERLINED | Modifier::REVERSED)
        })
        .map(|cell| cell.symbol().to_owned())
        .collect();
    assert_eq!(found, "audit");
}

/// The last change says that what stands in the first one is secret.
fn late_mark() -> String {
    let row = |name: &str, actions: &str, change: serde_json::Value| {
        let mut row = serde_json::json!({"address": format!("aws_db_instance.{name}"), "mode": "managed", "type": "aws_db_instance",
            "name": name, "provider_name": "registry.terraform.io/hashicorp/aws", "change": change});
        row["change"]["actions"] = serde_json::json!([actions]);
        row
    };
    let first = serde_json::json!({
        "before": {"deletion_protection": true, "note": "plain old text", "url": "x"},
        "after": {"deletion_protection": false, "note": "plain new text", "url": "postgres://u:canary-4711@host"},
        "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}});
    let mut first = first;
    first["generated_config"] = serde_json::json!("url = \"canary-4711\"\n");
    let last = serde_json::json!({"before": {"password": "canary-4711"}, "after": {"password": "canary-4711"},
        "after_unknown": {}, "before_sensitive": {"password": true}, "after_sensitive": {"password": true}});
    serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.14.0", "planned_values": {"root_module": {}},
        "resource_changes": [row("first", "update", first), row("last", "no-op", last)],
        "configuration": {"root_module": {}}, "applyable": true, "complete": true, "errored": false,
    })
    .to_string()
}

/// A plan of which the last change marks what the first one shows: nobody can know until then.
#[test]
fn a_text_that_may_turn_out_to_be_secret_waits_for_the_rest_of_the_plan() {
    let (scene, judgement) = scene::of_json(&late_mark());
    let mut screen = Screen::new(120, 40).rows(scene).keys("g j");
    for keys in [
        "e",
        "e",
        "a",
        "esc",
        "enter",
        "J",
        "J",
        ".",
        "j j j j j j enter",
        "esc Y",
    ] {
        screen = screen.keys(keys);
        assert!(
            !screen.text().contains("canary"),
            "{keys}: {}",
            screen.text()
        );
        assert!(!format!("{:?}", screen.asked).contains("canary"), "{keys}");
    }
    let text = screen.keys("esc esc g j");
    assert!(
        text.text()
            .contains("Texts are shown once the plan is read"),
        "{}",
        text.text()
    );
    assert!(
        text.text().contains("true → false"),
        "what cannot be secret is there at once"
    );
    assert!(
        text.text().contains("not shown yet: note, url"),
        "{}",
        text.text()
    );
    let facts = undersign::ui::Facts {
        unit: None,
        header: judgement.header,
        tool: judgement.product.word(),
        file: None,
        secrets: Some(judgement.secrets),
    };
    let mut screen = text;
    screen.send(Msg::Loaded(Box::new(facts), judgement.signals));
    let text = screen.text();
    assert!(text.contains("plain old text"), "{text}");
    assert!(text.contains("postgres://u:(sensitive)@host"), "{text}");
    assert!(
        !text.contains("canary") && !text.contains("not shown yet"),
        "{text}"
    );
}

const DENY: &str = "package main\n\n# No database goes.\ndeny contains msg if {\n\tsome rc in input.resource_changes\n\tmsg := rc.address\n}\n";

/// The incident with what policies say of it: a deny and a warning on a row, a deny of the plan.
fn with_policies(width: u16, height: u16) -> Screen {
    let mut setup = setup(Palette::Dark);
    setup.policies = std::sync::Arc::new([("db.rego".to_owned(), DENY.to_owned())].into());
    let mut screen = Screen::with(setup, width, height).rows(scene::incident());
    let address = screen
        .state
        .rows
        .iter()
        .find(|row| &*row.effect.name == "primary");
    let address = address.unwrap().effect.address().into_owned();
    let verdict = |kind, rule: &str, message: &str, address: Option<&str>| Verdict {
        kind,
        rule: rule.into(),
        message: message.into(),
        address: address.map(Into::into),
        source: Some(Place {
            file: "db.rego".into(),
            line: 4,
        }),
        tool: "rego".into(),
        metadata: std::collections::BTreeMap::new(),
    };
    let opinion = Opinion {
        verdicts: vec![
            verdict(Kind::Deny, "main.deny", "no database goes", Some(&address)),
            verdict(
                Kind::Warn,
                "main.warn",
                "no \u{1b}[31mtag\u{202e}",
                Some(&address),
            ),
            verdict(Kind::Deny, "main.deny_many", "3 deletes", None),
        ],
        troubles: Vec::new(),
    };
    screen.hear(&opinion);
    screen.loaded()
}

#[test]
fn policies_speak_on_the_rows_and_in_the_header() {
    let screen = with_policies(100, 30).keys("/ 'primary' enter");
    insta::assert_snapshot!(screen.text());
    let found = |filter: &str| {
        with_policies(100, 30)
            .keys(&format!("/ '{filter}' enter"))
            .state
            .fitting
    };
    assert_eq!(
        [
            found("policy:deny"),
            found("policy:warn"),
            found("policy:main.deny_many"),
            found("policy:info")
        ],
        [2, 1, 1, 0]
    );
}

#[test]
fn p_shows_the_policy_at_its_line() {
    let screen = with_policies(100, 30).keys("/ 'primary' enter p");
    let text = screen.text();
    assert!(text.contains(">   4  deny contains msg if {"), "{text}");
    assert!(text.contains("db.rego:4"), "{text}");
    let back = with_policies(100, 30).keys("/ 'primary' enter p esc");
    assert!(
        !back.text().contains("deny contains msg"),
        "{}",
        back.text()
    );
}

/// Each press shows the next of several, says which it is, and the last one leads back to the change. When the policies
/// speak anew, what is read stays in view, and the next press goes on with what they say now.
#[test]
fn p_goes_through_all_policies_of_a_row_and_says_where_there_is_nothing_to_read() {
    let mut screen = ten_thousand();
    let texts = [
        ("a.rego", "package a\n\n\nwarn := 1\n"),
        ("b.rego", "package b\n"),
    ];
    let texts = texts.map(|(file, text)| (file.to_owned(), text.to_owned()));
    screen.state.setup.policies = std::sync::Arc::new(texts.into());
    let at = |file: &str, line| Verdict {
        source: Some(Place {
            file: file.into(),
            line,
        }),
        rule: format!("{file}.warn"),
        ..lacks_a_tag(7)
    };
    let say = |screen: &mut Screen, verdicts: Vec<Verdict>| {
        screen.hear(&Opinion {
            verdicts,
            troubles: Vec::new(),
        });
    };
    // Two rules at the same place have one text.
    let twice = Verdict {
        rule: "a.other".into(),
        ..at("a.rego", 4)
    };
    let all = vec![at("a.rego", 4), at("b.rego", 1), twice, at("none.rego", 1)];
    say(&mut screen, all);
    let screen = screen.loaded().keys("/ 'b[7]' enter p");
    let text = screen.text();
    assert!(
        text.contains("a.rego:4, 1 of 2; p shows the next"),
        "{text}"
    );
    // An empty line is one line.
    assert!(text.contains(">   4  warn := 1"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let rule = lines
        .iter()
        .position(|line| line.contains(">   4"))
        .unwrap();
    assert!(lines[rule - 1].contains("   3 "), "{text}");
    let screen = screen.keys("p");
    assert!(
        screen
            .text()
            .contains("b.rego:1, 2 of 2; p shows the change again")
    );
    let screen = screen.keys("p");
    assert!(screen.text().contains("lacks a tag"), "{}", screen.text());
    let mut screen = screen.keys("p");
    say(&mut screen, vec![at("b.rego", 1)]);
    assert!(screen.text().contains("warn := 1"), "{}", screen.text());
    let mut screen = screen.keys("p");
    assert!(
        screen.text().contains("b.rego:1, 1 of 1"),
        "{}",
        screen.text()
    );
    say(&mut screen, vec![at("none.rego", 1)]);
    let screen = screen.keys("esc p");
    let text = screen.text();
    assert!(
        text.contains("the text of none.rego.warn, of which rego speaks, is not here"),
        "{text}"
    );
    let mut screen = screen;
    say(&mut screen, Vec::new());
    let screen = screen.keys("esc / 'b[8]' enter p");
    assert!(screen.text().contains("no policy speaks of this"));
    let screen = screen.keys("up p");
    assert!(
        screen.text().contains("go to one first"),
        "{}",
        screen.text()
    );
}

#[test]
fn what_is_out_of_scope_says_why_it_stands_on_top() {
    let mut screen = Screen::new(80, 24).rows(scene::incident());
    screen.hear(&Opinion {
        verdicts: vec![Verdict {
            kind: Kind::Deny,
            rule: undersign::policy::scope::OUT_OF_SCOPE.into(),
            message: "outside the scope of OPS-7".into(),
            address: Some("aws_security_group.edge".into()),
            source: None,
            tool: "scope".into(),
            metadata: std::collections::BTreeMap::new(),
        }],
        troubles: Vec::new(),
    });
    let screen = screen.loaded();
    let text = screen.text();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("[ ]")).collect();
    assert!(
        rows[1].contains("aws_security_group.edge  out of scope"),
        "{text}"
    );
    // It says itself that it is outside; no policy is to be named.
    let text = screen.keys("g j a").text();
    assert!(text.contains("▲ outside the scope of OPS-7"), "{text}");
}

#[test]
fn a_deny_is_acknowledged_with_a_reason_only() {
    let open = with_policies(80, 24).keys("/ 'primary' enter a");
    assert!(
        open.text()
            .contains("Policy main.deny denies: no database goes"),
        "{}",
        open.text()
    );
    assert!(
        open.text().contains("write why it may be done"),
        "{}",
        open.text()
    );
    let short = with_policies(80, 24).keys("/ 'primary' enter a 'short' enter 'primary' enter");
    assert!(short.state.log.verdicts().is_empty());
    assert!(short.text().contains("10 characters"), "{}", short.text());
    let whole = with_policies(80, 24)
        .keys("/ 'primary' enter a 'moved to the new cluster' enter 'primary' enter");
    let verdicts = whole.state.log.verdicts();
    let [Said::Ack(ack)] = verdicts.values().copied().collect::<Vec<_>>()[..] else {
        panic!("{verdicts:?}")
    };
    assert_eq!(ack.reason.as_deref(), Some("moved to the new cluster"));
    assert!(ack.requirement.denies().eq(["policy/main.deny"]));
}

/// A row with more reasons than the screen has lines.
#[test]
fn what_denies_stands_above_all_other_reasons() {
    let mut screen = Screen::fixture("incident", 80, 24);
    screen.hear(&Opinion {
        verdicts: vec![Verdict {
            kind: Kind::Deny,
            rule: "main.deny".into(),
            message: "no database goes".into(),
            address: Some("aws_db_instance.courses".into()),
            source: None,
            tool: "rego".into(),
            metadata: std::collections::BTreeMap::new(),
        }],
        troubles: Vec::new(),
    });
    let screen = screen.keys("/ 'courses' enter");
    insta::assert_snapshot!(screen.text());
    insta::assert_snapshot!(screen.keys("a").text());
}

#[test]
fn trouble_with_a_policy_keeps_everything_from_being_signed() {
    let mut screen = plain();
    let trouble = Trouble {
        reason: "parse".into(),
        place: Some(Place {
            file: "db.rego".into(),
            line: 2,
        }),
        error: "no".into(),
    };
    let opinion = Opinion {
        verdicts: Vec::new(),
        troubles: vec![trouble],
    };
    screen.hear(&opinion);
    let screen = screen.keys("S");
    assert!(
        screen.text().contains("policies cannot be evaluated"),
        "{}",
        screen.text()
    );
}

#[test]
fn a_deny_that_lets_nobody_pass_keeps_everything_from_being_signed() {
    let mut screen = ten_thousand();
    let metadata = [("not_overridable".to_owned(), "true".to_owned())];
    let hard = Verdict {
        kind: Kind::Deny,
        metadata: metadata.into(),
        ..lacks_a_tag(3)
    };
    screen.hear(&Opinion {
        verdicts: vec![hard],
        troubles: Vec::new(),
    });
    let screen = screen.loaded().keys("S");
    let text = screen.text();
    assert!(text.contains("main.warn_3 lets nobody pass"), "{text}");
}

/// Ten thousand rows of one type.
fn ten_thousand() -> Screen {
    let mut screen = Screen::new(100, 30);
    let row = |number: usize| {
        let mut effect = undersign::plan::effect::Effect::bare(
            undersign::plan::effect::Kind::Change,
            format!("a.b[{number}]"),
            undersign::plan::action::Action::Update,
            undersign::plan::effect::Span::default(),
        );
        effect.type_name = "a".into();
        undersign::risk::Judged::new(effect, Vec::new())
    };
    screen.send(Msg::Rows((0..10_000).map(row).collect()));
    screen
}

/// A verdict on one of them.
fn lacks_a_tag(number: usize) -> Verdict {
    Verdict {
        kind: Kind::Warn,
        rule: format!("main.warn_{}", number % 20),
        message: format!("a.b[{number}] lacks a tag"),
        address: Some(format!("a.b[{number}]")),
        source: None,
        tool: "rego".into(),
        metadata: std::collections::BTreeMap::new(),
    }
}

/// How long this thread has worked. What else the machine does must not fail a test, so the clock on the wall counts only
/// where nothing better is known.
fn worked() -> std::time::Duration {
    static SINCE: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedule
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok());
    nanoseconds.map_or_else(|| SINCE.elapsed(), std::time::Duration::from_nanos)
}

/// A key waits for one message at most, and for the list that follows it.
#[test]
fn ten_thousand_verdicts_do_not_hold_up_a_key() {
    let mut screen = ten_thousand();
    let opinion = Opinion {
        verdicts: (0..10_000).map(lacks_a_tag).collect(),
        troubles: Vec::new(),
    };
    let mut longest = std::time::Duration::ZERO;
    let messages = screen.heard(&opinion);
    assert_eq!(messages.len(), 40);
    for message in messages {
        let since = worked();
        undersign::ui::update::update(&mut screen.state, message);
        undersign::ui::update::update(&mut screen.state, Msg::Tick);
        longest = longest.max(worked().saturating_sub(since));
    }
    println!("10,000 verdicts on 10,000 rows, in 40 messages: the longest takes {longest:?}");
    // A debug build is many times slower than what people use.
    let most = if cfg!(debug_assertions) { 500 } else { 50 };
    assert!(longest.as_millis() < most, "{longest:?}");
    let screen = screen.loaded();
    assert_eq!(screen.state.tally.warns, 10_000);
}

/// What a policy says early has no words yet: a secret that is marked further down might stand in them.
#[test]
fn a_deny_that_comes_early_is_on_its_row_and_can_be_acknowledged_when_all_is_read() {
    let deny = Verdict {
        kind: Kind::Deny,
        message: "the password is hunter2".into(),
        ..lacks_a_tag(7)
    };
    let mut screen = ten_thousand();
    screen.send(Msg::Verdicts(vec![(
        7,
        vec![undersign::review::verdicts::early(&deny)],
    )]));
    let mut screen = screen.keys("/ 'policy:deny' enter");
    let text = screen.text();
    assert!(text.contains("a.b[7]"), "{text}");
    assert!(text.contains("deny main.warn_7"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    screen = screen.keys("a");
    let text = screen.text();
    assert!(text.contains("is shown when the plan is read"), "{text}");
    let opinion = Opinion {
        verdicts: vec![deny],
        troubles: Vec::new(),
    };
    screen.hear(&opinion);
    let screen = screen.loaded();
    let row = &screen.state.rows[7];
    assert_eq!(row.findings.len(), 1);
    assert!(
        screen
            .keys("esc / 'policy:deny' enter a")
            .text()
            .contains("hunter2")
    );
}

/// What was said early and does not stand at the end is gone.
#[test]
fn what_all_policies_say_together_takes_the_place_of_what_was_said_early() {
    let mut screen = ten_thousand();
    let early = undersign::review::verdicts::early(&lacks_a_tag(7));
    screen.send(Msg::Verdicts(vec![(7, vec![early.clone()])]));
    screen.send(Msg::Verdicts(vec![(7, vec![early.clone(), early])]));
    assert_eq!(screen.state.rows[7].findings.len(), 2);
    screen.send(Msg::Verdicts(vec![(7, Vec::new())]));
    assert_eq!(screen.loaded().state.tally.warns, 0);
}

#[test]
fn what_is_carried_over_is_marked_goes_last_and_says_since_when() {
    let screen = Screen::incident(120, 40);
    let row = &screen.state.rows[1];
    let key = undersign::review::Key::of(row);
    let ack = undersign::review::Ack {
        requirement: undersign::review::Requirement::of(row).unwrap(),
        method: Method::Carried,
        reason: None,
    };
    let mut since = undersign::review::carry::Since::default();
    since.acks.push(ack);
    let same = "the same as you acknowledged in plan ab".to_owned();
    since.says.insert(key, same);
    since.summary = "since plan ab: 1 the same, acknowledged".into();
    let mut screen = screen;
    screen.send(Msg::Since(Box::new(since)));
    screen.send(Msg::Tick);
    assert_eq!(screen.state.tally.acked, 1);
    assert!(screen.text().contains("[=]"), "{}", screen.text());
    assert!(screen.text().contains("since plan ab: 1 the same"));
    let screen = screen.keys("/ 'carried' enter");
    assert!(screen.text().contains("shown 1 of"), "{}", screen.text());
}

#[test]
fn a_plan_that_was_made_again_is_offered_only_where_that_was_asked_for() {
    use undersign::ui::hands::Disk;
    let mut screen = Screen::incident(80, 24);
    screen.send(Msg::Disk(Disk::Changed));
    assert!(!screen.text().contains("The plan was made again"));
    let mut screen = Screen::incident(80, 24).keys("] ] ] ] a y");
    assert!(screen.text().contains("u takes it back"));
    screen.state.setup.watch = true;
    screen.send(Msg::Disk(Disk::Changed));
    screen.send(Msg::Drawn);
    assert!(
        !screen.text().contains("u takes it back"),
        "what was said before is no answer to it: {}",
        screen.text()
    );
    assert!(
        screen.text().contains("The plan was made again"),
        "{}",
        screen.text()
    );
    let screen = screen.keys("esc S");
    assert!(
        screen.text().contains("The plan was made again"),
        "S offers it again"
    );
    let screen = screen.keys("y");
    assert_eq!(screen.outcome(), Some(&Outcome::Remade));
}

//! Manners on a real terminal: what is taken is given back, and nothing typed too early decides anything.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]
#![cfg(unix)]

mod support {
    pub mod pty;
}

use std::path::Path;

use support::pty::Session;
use tempfile::TempDir;

/// The incident in a directory of its own, with a home that holds no draft yet.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/incident/plan.json");
    std::fs::copy(plan, place.path().join("plan.json")).unwrap();
    place
}

fn start_with(place: &TempDir, script: &str, more: &[(&str, &str)]) -> Session {
    let home = place.path().to_str().unwrap();
    let state = place.path().join("state");
    let mut environment = vec![("HOME", home), ("XDG_STATE_HOME", state.to_str().unwrap())];
    environment.extend_from_slice(more);
    Session::start(script, place.path(), &environment, (80, 24))
}

fn start(place: &TempDir, script: &str) -> Session {
    start_with(place, script, &[])
}

/// Objects to the second change of the list.
fn object(session: &mut Session) {
    session.send("jx");
    session.wait("Object to a change");
    session.send("not now");
    session.wait("> not now");
    session.send("\r");
    session.wait("1 objection");
}

const REVIEW: &str = "exec \"$UNDERSIGN\" review plan.json";

#[test]
fn keys_come_from_the_terminal_while_the_plan_comes_from_a_pipe() {
    let place = place();
    let mut session = start(&place, "cat plan.json | \"$UNDERSIGN\" review -");
    session.wait("acknowledged 0 of 8");
    session.send("/versioning");
    session.wait("1 of 45");
    session.send("\x1b");
    session.wait("shown 45 of 45");
    session.resize(120, 40);
    session.wait("c comment");
    session.resize(40, 10);
    session.wait("60×15 needed, this is 40×10");
    session.resize(80, 24);
    session.wait("shown 45 of 45");
    session.send("q");
    session.wait("Nothing was said that is kept; review again with: undersign review");
    assert_eq!(session.exit().exit_code(), 32);
    assert!(!session.emulated().alternate_screen());
    assert!(!session.emulated().hide_cursor());
    assert!(!session.emulated().bracketed_paste());
}

#[test]
fn every_frame_is_drawn_as_a_whole() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    session.send("jjj");
    session.send("q");
    session.exit();
    let bytes = String::from_utf8_lossy(&session.bytes).into_owned();
    let begun = bytes.matches("\x1b[?2026h").count();
    assert!(begun >= 2);
    assert!(bytes.matches("\x1b[?2026l").count() >= begun);
    assert_eq!(
        bytes.matches("\x1b[?1049l").count(),
        1,
        "left once, not twice"
    );
    // Where its cursor is, what it is, which background it has.
    for question in ["\x1b[6n", "\x1b[c", "\x1b]10;?", "\x1b]11;?"] {
        assert!(!bytes.contains(question), "the terminal is asked nothing");
    }
}

#[test]
fn a_screen_on_which_nothing_happens_writes_nothing() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    session.wait("sha256");
    session.wait("a acknowledge");
    session.settle();
    // Longer than the time after which the plan on disk is looked at.
    assert_eq!(session.silence(std::time::Duration::from_millis(1500)), "");
    session.send("q");
    session.exit();
}

#[test]
fn a_stopped_review_goes_on_where_it_was() {
    let place = place();
    let script =
        "set -m; \"$UNDERSIGN\" review plan.json; printf 'stop%s\\n' ped; fg >/dev/null; echo over";
    let mut session = start(&place, script);
    session.wait("acknowledged 0 of 8");
    object(&mut session);
    session.send("\x1a");
    // The shell goes on at once, so the redraw after `fg` is what there is to wait for.
    session.wait("1 objection");
    session.send("u");
    session.wait("took back the objection");
    session.send("q");
    session.wait("over");
    assert!(String::from_utf8_lossy(&session.bytes).contains("stopped"));
}

#[test]
fn an_answer_typed_before_the_dialog_was_seen_is_not_heard() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    session.send("[");
    session.wait("- delete   ▲ high");
    session.send("ay");
    session.wait("Acknowledge a high change");
    session.send("\x1b");
    session.wait_gone("Acknowledge a high change");
    assert!(session.screen().contains("acknowledged 0 of 8"));
    session.send("a");
    session.wait("Acknowledge a high change");
    session.send("y");
    session.wait("acknowledged 1 of 8");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
}

#[test]
fn what_was_said_survives_a_kill() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    session.send("j");
    session.wait("aws_db_instance.courses ─");
    session.send("a");
    session.wait("Type courses");
    session.send("courses");
    session.wait("> courses");
    session.send("\r");
    session.wait("acknowledged 1 of 8");
    session.kill();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 1 of 8");
    session.wait("restored from your draft");
    session.send("q");
    session.exit();
}

#[test]
fn without_colour_the_cursor_line_is_still_there() {
    let place = place();
    let mut session = start_with(&place, REVIEW, &[("NO_COLOR", "1")]);
    session.wait("acknowledged 0 of 8");
    let screen = session.emulated();
    let reversed = (0..24).filter(|&row| screen.cell(row, 4).is_some_and(vt100::Cell::inverse));
    assert_eq!(reversed.count(), 1);
    let coloured = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
    let plain = |(row, column)| {
        let cell = screen.cell(row, column).unwrap();
        cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default
    };
    assert!(coloured.into_iter().all(plain));
    session.send("q");
    session.exit();
}

/// Takes the screen and panics; the test below runs it in a terminal of its own.
#[test]
fn a_panic_on_the_screen() {
    if std::env::var_os("PANIC_ON_THE_SCREEN").is_some() {
        let _screen = undersign::ui::terminal::Screen::enter().unwrap();
        panic!("this is what went wrong");
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_speaks() {
    let place = place();
    let myself = std::env::current_exe().unwrap();
    let script = "\"$MYSELF\" --exact a_panic_on_the_screen --nocapture; stty -a | tr ' ;' '\\n\\n' | grep -x -e icanon -e -icanon; echo done";
    let environment = [
        ("MYSELF", myself.to_str().unwrap()),
        ("PANIC_ON_THE_SCREEN", "1"),
        ("RUST_BACKTRACE", "0"),
    ];
    let mut session = start_with(&place, script, &environment);
    session.wait("done");
    let screen = session.screen();
    assert!(screen.contains("this is what went wrong"), "{screen}");
    assert!(screen.contains("\nicanon"), "{screen}");
    assert!(!session.emulated().alternate_screen());
    assert!(!session.emulated().hide_cursor());
}

/// Takes the screen, waits until the terminal is gone, and gives it back; the test below runs it in a terminal of its own.
#[test]
fn a_screen_that_outlives_its_terminal() {
    use std::io::Write as _;
    if let Some(marker) = std::env::var_os("OUTLIVES_ITS_TERMINAL") {
        // Being told that it is gone must not end this before it has written what happened.
        let _told = undersign::process::signals::hold(undersign::process::signals::Manner::Aside);
        let mut screen = undersign::ui::terminal::Screen::enter().unwrap();
        screen.draw(|_| {}).unwrap();
        while std::io::stdout()
            .write_all(b"here")
            .and_then(|()| std::io::stdout().flush())
            .is_ok()
        {}
        drop(screen);
        std::fs::write(marker, "given back").unwrap();
    }
}

#[test]
fn a_terminal_that_is_gone_is_given_back_without_a_complaint() {
    let place = place();
    let myself = std::env::current_exe().unwrap();
    let script = "exec \"$MYSELF\" --exact a_screen_that_outlives_its_terminal --nocapture";
    let marker = place.path().join("marker");
    let environment = [
        ("MYSELF", myself.to_str().unwrap()),
        ("OUTLIVES_ITS_TERMINAL", marker.to_str().unwrap()),
    ];
    let mut session = start_with(&place, script, &environment);
    session.wait("here");
    session.hang_up("");
    assert_eq!(std::fs::read_to_string(marker).unwrap(), "given back");
}

/// What a terminal must be like when its shell gets it back.
fn assert_clean(session: &Session, way: &str) {
    let screen = session.emulated();
    assert!(!screen.alternate_screen(), "{way}");
    assert!(!screen.hide_cursor(), "{way}");
    assert!(!screen.bracketed_paste(), "{way}");
    assert_eq!(
        screen.mouse_protocol_mode(),
        vt100::MouseProtocolMode::None,
        "{way}"
    );
    let text = session.screen();
    for mode in ["icanon", "echo", "isig", "icrnl", "opost"] {
        assert!(text.lines().any(|line| line == mode), "{way}: {text}");
    }
    // An update that is begun and never ended keeps some terminals from drawing anything more.
    let bytes = String::from_utf8_lossy(&session.bytes);
    let last = |sequence: &str| bytes.rfind(sequence).unwrap_or(0);
    assert!(last("\x1b[?2026l") >= last("\x1b[?2026h"), "{way}");
}

#[test]
fn the_terminal_is_clean_after_every_way_out() {
    let modes = "stty -a | tr ' ;' '\\n\\n' | grep -x -e icanon -e echo -e isig -e icrnl -e opost; echo out";
    for (way, plan, keys, shown) in [
        ("q", "plan.json", "q", "Left before signing"),
        ("ctrl-c", "plan.json", "\x03", "Left before signing"),
        (
            "a palette command",
            "plan.json",
            ":quit\r",
            "Left before signing",
        ),
        ("the mouse was on", "plan.json", "Mq", "Left before signing"),
        ("out of a value", "plan.json", "\x1b]\t\x1b[F\rq\x03", "out"),
        ("a plan that cannot be read", "cut.json", "\rq", "out"),
        ("a plan that is not there", "none.json", "", "No such file"),
    ] {
        let place = place();
        let whole = std::fs::read(place.path().join("plan.json")).unwrap();
        std::fs::write(place.path().join("cut.json"), &whole[..whole.len() / 2]).unwrap();
        let script = format!("\"$UNDERSIGN\" review {plan}; {modes}");
        let mut session = start(&place, &script);
        match plan {
            "plan.json" => session.wait("acknowledged 0 of 8"),
            "cut.json" => session.wait("This did not work"),
            _ => {}
        }
        // Keys as a person types them: a dialog hears nothing that came before it was seen.
        for key in keys.chars() {
            session.send(&key.to_string());
        }
        session.wait("\nout");
        assert!(
            session.screen().contains(shown),
            "{way}: {}",
            session.screen()
        );
        session.exit();
        assert_clean(&session, way);
    }
}

#[test]
fn a_review_that_is_told_to_end_gives_the_terminal_back_and_keeps_what_was_said() {
    for signal in ["TERM", "HUP"] {
        let place = place();
        let script = "sh -c 'echo $$ > pid; exec \"$UNDERSIGN\" review plan.json'; stty -a | tr ' ;' '\\n\\n' | grep -x -e icanon -e echo -e isig -e icrnl -e opost; echo out";
        let mut session = start(&place, script);
        session.wait("acknowledged 0 of 8");
        object(&mut session);
        let pid = std::fs::read_to_string(place.path().join("pid")).unwrap();
        let told = std::process::Command::new("kill")
            .args([&format!("-{signal}"), pid.trim()])
            .status()
            .unwrap();
        assert!(told.success());
        session.wait("\nout");
        assert!(
            session.screen().contains("go on with"),
            "{}",
            session.screen()
        );
        session.exit();
        assert_clean(&session, signal);
        let mut session = start(&place, REVIEW);
        session.wait("1 objection");
        session.send("q");
        session.exit();
    }
}

#[test]
fn a_review_whose_terminal_is_closed_ends_and_keeps_what_was_said() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    object(&mut session);
    session.hang_up("j");
    let mut session = start(&place, REVIEW);
    session.wait("1 objection");
    session.send("q");
    session.exit();
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let place = place();
    let mut session = start(&place, REVIEW);
    session.wait("acknowledged 0 of 8");
    for i in 0..300_u16 {
        session.resize(1 + i * 37 % 220, 1 + i * 23 % 70);
        if i % 10 == 0 {
            session.send("j");
        }
    }
    session.resize(120, 40);
    session.wait("c comment");
    session.settle();
    let text = session.screen();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("undersign"), "{text}");
    // Whole frames, and nothing left over of another size.
    let top = lines.iter().filter(|line| line.starts_with('┌')).count();
    let bottom = lines.iter().filter(|line| line.starts_with('└')).count();
    assert_eq!((top, bottom), (1, 1), "{text}");
    assert!(
        lines
            .iter()
            .filter(|line| line.starts_with('│'))
            .all(|line| {
                let right = line.trim_end().chars().last();
                matches!(right, Some('│' | '┃')) && line.chars().count() == 120
            }),
        "{text}"
    );
    session.send("q");
    assert_eq!(session.exit().exit_code(), 32);
}

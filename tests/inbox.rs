//! The inbox: how it looks, and its manners on a real terminal.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

mod support {
    pub mod describe;
    pub mod pty;
}

use std::path::Path;
use std::process::Command;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use support::describe::styled;
use support::pty::Session;
use tempfile::TempDir;
use undersign::ui::inbox::{Item, State, update};
use undersign::ui::key::Key;
use undersign::ui::theme::{Palette, Theme};
use undersign::ui::view::inbox::draw;

fn item(id: &str, name: &str, task: &str, status: &'static str) -> Item {
    Item {
        id: id.repeat(64),
        name: name.into(),
        task: task.into(),
        age: "2 h".into(),
        risks: [1, 0, 2, 14],
        status,
        waits: status == "pending",
    }
}

fn state(items: Vec<Item>, (width, height): (u16, u16)) -> State {
    let theme = Theme {
        palette: Palette::Dark,
        ascii: false,
    };
    State::new(items, None, theme, (width, height))
}

fn three() -> Vec<Item> {
    vec![
        item(
            "a",
            "plan\u{1b}[2J.tfplan",
            "add a static site\nand nothing else",
            "pending",
        ),
        item("b", "network.tfplan", "open 443", "pending"),
        item("c", "old.tfplan", "rotate keys", "applied"),
    ]
}

fn press(mut state: State, keys: &str) -> State {
    for key in keys.split(' ') {
        update(&mut state, &Key::named(key));
    }
    state
}

fn drawn(state: &State) -> String {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal.draw(|frame| draw(state, frame)).unwrap();
    styled(terminal.backend().buffer())
}

#[test]
fn what_waits_and_what_came_of_the_rest() {
    insta::assert_snapshot!(drawn(&press(state(three(), (80, 24)), "j")));
}

#[test]
fn more_plans_than_fit_are_counted() {
    let many = (0..40).map(|_| item("d", "app.tfplan", "scale out", "pending"));
    insta::assert_snapshot!(drawn(&press(state(many.collect(), (60, 15)), "pgdn j")));
}

#[test]
fn its_keys_are_listed_and_searchable() {
    let state = press(state(three(), (80, 24)), "? l o o k");
    insta::assert_snapshot!(drawn(&state));
    let state = press(state, "esc");
    assert!(state.help.is_none());
}

#[test]
fn a_terminal_that_is_too_small_says_so_and_opens_nothing() {
    let mut state = state(three(), (40, 10));
    assert!(drawn(&state).contains("60×15 needed, this is 40×10"));
    assert_eq!(update(&mut state, &Key::named("enter")), None);
}

/// An inbox with one plan, of which nobody has said anything yet.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/incident/plan.json");
        let submit = Command::new(env!("CARGO_BIN_EXE_undersign"))
            .args(["submit", "--task", "a static site"])
            .arg(plan)
            .env("HOME", place.path())
            .env("XDG_STATE_HOME", place.path().join("state"))
            .output()
            .unwrap();
        assert!(submit.status.success());
        Place(place)
    }

    fn start(&self, script: &str) -> Session {
        let state = self.0.path().join("state");
        let home = self.0.path().to_str().unwrap();
        let environment = [("HOME", home), ("XDG_STATE_HOME", state.to_str().unwrap())];
        Session::start(script, self.0.path(), &environment, (80, 24))
    }
}

const INBOX: &str = "exec \"$UNDERSIGN\" inbox";

#[test]
fn it_follows_the_size_of_the_terminal() {
    let place = Place::new();
    let mut session = place.start(INBOX);
    session.wait("1 plan waits of 1");
    for i in 0..100_u16 {
        session.resize(1 + i * 37 % 220, 1 + i * 23 % 70);
    }
    session.resize(40, 10);
    session.wait("60×15 needed, this is 40×10");
    session.resize(100, 30);
    session.wait("q leave");
    session.settle();
    let text = session.screen();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with(" undersign  inbox"), "{text}");
    assert!(lines[0].trim_end().ends_with("plan 1 of 1"), "{text}");
    assert!(lines[29].contains("enter review"), "{text}");
    session.send("q");
    assert_eq!(session.exit().exit_code(), 0);
}

#[test]
fn a_list_on_which_nothing_happens_writes_nothing() {
    let place = Place::new();
    let mut session = place.start(INBOX);
    session.wait("q leave");
    session.settle();
    // Longer than the time after which it is looked what is new.
    assert_eq!(session.silence(std::time::Duration::from_millis(3500)), "");
    session.send("q");
    session.exit();
}

#[test]
fn told_to_end_it_gives_the_terminal_back() {
    let modes = "stty -a | tr ' ;' '\\n\\n' | grep -x -e icanon -e echo; echo out";
    for signal in ["TERM", "HUP", "INT"] {
        let place = Place::new();
        let script =
            format!("set -m; \"$UNDERSIGN\" inbox & echo $! > pid; fg >/dev/null; {modes}");
        let mut session = place.start(&script);
        session.wait("q leave");
        let pid = std::fs::read_to_string(place.0.path().join("pid")).unwrap();
        let told = Command::new("kill")
            .args([&format!("-{signal}"), pid.trim()])
            .status()
            .unwrap();
        assert!(told.success());
        session.wait("\nout");
        session.exit();
        let text = session.screen();
        assert!(text.contains("icanon") && text.contains("echo"), "{text}");
        assert!(!session.emulated().alternate_screen(), "{signal}");
        assert!(!session.emulated().hide_cursor(), "{signal}");
    }
}

#[test]
fn told_to_end_in_a_review_it_does_not_come_back() {
    let place = Place::new();
    let mut session = place.start(INBOX);
    session.wait("q leave");
    session.send("\r");
    session.wait("acknowledged 0 of 8");
    let told = Command::new("kill")
        .args(["-TERM", &session.pid().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    assert_eq!(session.exit().exit_code(), 0);
    assert!(!session.emulated().alternate_screen());
}

#[test]
fn without_its_terminal_it_ends() {
    let place = Place::new();
    let mut session = place.start(INBOX);
    session.wait("q leave");
    session.hang_up("?");
}

#[test]
fn stopped_it_goes_on_where_it_was() {
    let place = Place::new();
    let script = "set -m; \"$UNDERSIGN\" inbox; fg >/dev/null; echo over";
    let mut session = place.start(script);
    session.wait("q leave");
    session.send("\x1a");
    // The shell goes on at once, so the redraw after `fg` is what there is to wait for.
    session.wait("q leave");
    session.send("?");
    session.wait("Keys in the inbox");
    session.send("\x1b");
    session.wait_gone("Keys in the inbox");
    session.send("q");
    session.wait("over");
    session.exit();
}

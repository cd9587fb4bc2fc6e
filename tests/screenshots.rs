//! Redraws the pictures of the README, and fails where one differs from what is committed.
//!
//! `UPDATE_SCREENSHOTS=1 cargo test --test screenshots` writes them anew.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod support {
    pub mod describe;
    pub mod scene;
    pub mod screen;
    pub mod svg;
}

use std::path::Path;

use support::screen::Screen;
use support::svg;

const NAMES: &str = "a 'protection-removed-and-destroyed' enter a 'primary' tab 'blue-green cut-over' enter enter \
                     a 'audit_logs' enter a 'tenant' enter a y a y a y";

fn check(name: &str, screen: &Screen) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("screenshots/{name}.svg"));
    let typing = screen.state.overlay.is_some();
    let drawn = svg::draw(&screen.buffer(), typing.then(|| screen.cursor()));
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, drawn).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == drawn,
        "screenshots/{name}.svg is not what the program draws; UPDATE_SCREENSHOTS=1 writes it anew"
    );
}

#[test]
fn the_review() {
    check(
        "review",
        &Screen::incident(120, 36).keys("] ] ] ] a y [ G k k k k l g ]"),
    );
}

#[test]
fn acknowledging() {
    check(
        "acknowledge",
        &Screen::incident(120, 36).keys("] a tab 'CHG-20391' enter 'prima'"),
    );
}

#[test]
fn signing() {
    check(
        "sign",
        &Screen::incident(100, 30).keys(NAMES).keys("S 'prod/net'"),
    );
}

#[test]
fn a_small_terminal() {
    check("small", &Screen::incident(80, 24).keys("]"));
}

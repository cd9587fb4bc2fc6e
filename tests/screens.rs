//! Key scripts, and the screens they lead to.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod support {
    pub mod describe;
    pub mod scene;
    pub mod screen;
}

use support::screen::Screen;

#[test]
fn look() {
    let (w, h) = (
        std::env::var("W").unwrap().parse().unwrap(),
        std::env::var("H").unwrap().parse().unwrap(),
    );
    let s = Screen::incident(w, h).keys(&std::env::var("KEYS").unwrap_or_default());
    println!("{}", s.text());
}

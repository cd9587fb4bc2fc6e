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
use support::svg::{self, Ground};
use undersign::ui::theme::Palette;

/// Acknowledges all eight of the incident.
const NAMES: &str = "a 'guard-and-guarded' enter a 'courses' tab 'moved to the new cluster' enter enter a 'guard' enter \
                     a 'aws_kms_key.data' enter a 'submissions' enter a 'backups' enter a 'aws_security_group.data' enter a y";

fn picture(screen: &Screen) -> String {
    let typing = screen.state.overlay.is_some();
    let ground = match screen.state.setup.theme.palette {
        Palette::Light => Ground::Light,
        Palette::Dark | Palette::None => Ground::Dark,
    };
    svg::draw(&screen.buffer(), typing.then(|| screen.cursor()), ground)
}

fn check(name: &str, screen: &Screen) {
    compare(name, picture(screen));
}

fn compare(name: &str, drawn: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("screenshots/{name}.svg"));
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

fn incident(width: u16, height: u16) -> Screen {
    Screen::fixture("incident", width, height)
}

#[test]
fn the_review() {
    check(
        "review",
        &incident(120, 36).keys("a 'guard-and-guarded' enter [ a y ] a 'courses' esc"),
    );
}

#[test]
fn the_review_on_a_light_terminal() {
    let mut screen = incident(120, 36);
    screen.state.setup.theme.palette = Palette::Light;
    check("review-light", &screen.keys("] ]"));
}

#[test]
fn acknowledging() {
    check(
        "acknowledge",
        &incident(120, 36).keys("] ] ] ] a tab 'CHG-20391' enter 'submis'"),
    );
}

#[test]
fn signing() {
    check("sign", &incident(100, 30).keys(NAMES).keys("S 'prod/net'"));
}

#[test]
fn a_small_terminal() {
    check("small", &incident(80, 24).keys("] ] ]"));
}

#[test]
fn filtering() {
    check(
        "filter",
        &incident(120, 36).keys("/ 'type:aws_s3 risk:>=hi' tab"),
    );
}

#[test]
fn a_large_plan() {
    let mut scene = support::scene::incident();
    let model = scene.rows[8].clone();
    for i in 0..20_000 {
        let mut judged = model.clone();
        let module = format!("module.region{}", i % 12);
        let address = format!("{module}.aws_instance.worker[{i}]");
        judged.effect.module = module.into();
        judged.effect.type_name = "aws_instance".into();
        judged.effect.name = "worker".into();
        judged.effect.rename(&address);
        scene.rows.push(judged);
    }
    let screen = Screen::new(120, 36).rows(scene).loaded();
    check("large", &screen.keys("v 4 g j j j j j j j j j l j j j j"));
}

/// A whole review, frame by frame.
#[test]
fn a_film_of_a_review() {
    let mut screen = incident(100, 28);
    let mut frames = vec![picture(&screen)];
    for keys in [
        "a 'guard-and'",
        "'-guarded' enter",
        "a",
        "'courses' tab 'moved to the new cluster'",
        "enter enter",
        "a 'guard' enter",
        "a 'aws_kms_key.data' enter a 'submissions' enter",
        "a 'backups' enter a 'aws_security_group.data' enter",
        "a",
        "y",
        "S",
        "'prod/network'",
    ] {
        screen = screen.keys(keys);
        frames.push(picture(&screen));
    }
    assert_eq!(screen.state.tally.open, 0);
    compare("film", svg::film(&frames));
}

/// The tags of an SVG, each closed in its turn; fails where it is not well formed.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "{text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let name = entity.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "{entity}");
        }
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The number behind `name` in `text`.
fn number(text: &str, name: &str) -> f64 {
    let after = text.split(name).nth(1).unwrap();
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '.');
    after[..end.unwrap()].parse().unwrap()
}

#[test]
fn the_film_shows_each_frame_once_and_in_its_turn() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots/film.svg");
    let film = std::fs::read_to_string(path).unwrap();
    assert_well_formed(&film);
    let mut pictures = film.split("<g class=\"f\"");
    let base = pictures.next().unwrap();
    let frames: Vec<&str> = pictures.collect();
    assert!(frames.len() >= 10, "{} frames", frames.len());
    let drawn =
        |text: &str| text[text.find("<svg").unwrap()..text.rfind("</svg>").unwrap()].to_owned();
    let first = base.split_once("<g>").unwrap().1;
    let mut all: Vec<String> = frames.iter().map(|frame| drawn(frame)).collect();
    all.push(drawn(first));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "a frame is drawn twice");

    let whole = number(base, "animation:turn ");
    let seen = number(base, "visibility:visible}") / 100.0 * whole;
    let delays: Vec<f64> = frames
        .iter()
        .map(|frame| number(frame, "animation-delay:"))
        .collect();
    // What is seen at an instant: the last frame in the file that is visible, else the first one below them all.
    let at = |time: f64| {
        let visible = |&delay: &f64| time >= delay && (time - delay) % whole < seen;
        delays.iter().rposition(visible).map_or(0, |i| i + 1)
    };
    let each = whole / f64::from(u32::try_from(count).unwrap());
    for round in 0..2 {
        for frame in 0..count {
            for share in [0.01, 0.5, 0.99] {
                let turn = u32::try_from(round * count + frame).unwrap();
                let time = f64::from(turn) + share;
                assert_eq!(at(time * each), frame, "at {} s", time * each);
            }
        }
    }
    assert!(
        (1.0..4.0).contains(&each),
        "{each} s are too short to read or too long to wait"
    );
}

//! How long a key waits for its frame while a plan is read and policies speak: the real program in a real terminal, with
//! a plan that is made up. `cargo bench --bench keys`.
//!
//! A key counts as answered when the screen shows what it must lead to: the cursor on another line, a letter in the filter.
//! The clock runs from the write of the key to the arrival of the bytes that show it. Beside the time stands how long the
//! screen's own thread worked in it, and how long it waited for a processor: what else the machine does makes the first
//! number large, and the last one.
//!
//!     cargo bench --bench keys -- [--rounds 5] [--plain 10000,100000] [--policies 10000] [--beside OTHER-BUILD]

#![allow(
    clippy::unwrap_used,
    reason = "what goes wrong here ends the measurement"
)]

#[path = "../tests/support/pty.rs"]
mod pty;

use std::collections::BTreeMap;
use std::fs;
use std::io::BufWriter;
use std::path::Path;
use std::time::{Duration, Instant};

use pty::Session;
use undersign::cli::yardstick::generate;

/// Columns and rows of the terminals.
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 50)];

/// So often a key is pressed, and a little later each time: a steady beat might always fall between two frames.
const PACE: Duration = Duration::from_millis(25);

/// So many keys are pressed when everything is there, to compare with.
const AFTER: usize = 55;

/// The first key is pressed when the list has so many lines: no key of the round comes to its end.
const LEAST: usize = 200;

/// Columns, changes, whether there are policies, whether the plan is still read, the kind of the key, the build.
type Case<'a> = (u16, u64, bool, bool, &'a str, &'a str);

fn main() {
    let mut rounds = 5;
    let mut builds = vec![env!("CARGO_BIN_EXE_undersign").to_owned()];
    let (mut plain, mut under) = (vec![10_000, 100_000], vec![10_000]);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("an option has a value");
        match argument.as_str() {
            "--rounds" => rounds = value().parse().expect("a number of rounds"),
            "--plain" => plain = numbers(&value()),
            "--policies" => under = numbers(&value()),
            "--beside" => builds.push(value()),
            // Cargo's own.
            _ => {}
        }
    }
    let plain = plain.into_iter().map(|changes| (changes, false));
    let under = under.into_iter().map(|changes| (changes, true));
    let runs: Vec<(u64, bool)> = plain.chain(under).collect();

    let place = tempfile::tempdir().expect("a directory");
    for &(changes, _) in &runs {
        let file = fs::File::create(place.path().join(plan_of(changes))).expect("a file");
        generate::plan(changes, &mut BufWriter::new(file)).expect("a plan");
    }
    println!("load of the machine before: {}", load());
    let mut waits: BTreeMap<Case<'_>, Vec<Wait>> = BTreeMap::new();
    for _ in 0..rounds {
        for size in SIZES {
            for (&(changes, policies), build) in runs
                .iter()
                .flat_map(|run| builds.iter().map(move |build| (run, build)))
            {
                let run = Run {
                    build,
                    size,
                    changes,
                    policies,
                };
                let read = run.review(place.path(), &mut |loading, kind, wait| {
                    let all = waits.entry((size.0, changes, policies, loading, kind, build));
                    all.or_default().push(wait);
                });
                println!(
                    "{changes} changes, {} columns, {}, {build}: read in {:.1} s",
                    size.0,
                    if policies { "20 rules" } else { "no policies" },
                    read.as_secs_f64()
                );
            }
        }
    }
    println!("load of the machine after: {}", load());
    println!(
        "| columns | changes | policies | plan | key | build | keys | p50 ms | p90 | p99 | max | worked ms p50 | p99 | max | waited for a processor p99 |"
    );
    println!(
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for ((columns, changes, policies, loading, kind, build), all) in waits {
        let wall = Sorted::new(all.iter().map(|wait| wait.wall));
        let worked = Sorted::new(all.iter().map(|wait| wait.worked));
        let queued = Sorted::new(all.iter().map(|wait| wait.queued));
        println!(
            "| {columns} | {changes} | {} | {} | {kind} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            if policies { "20 rules" } else { "none" },
            if loading { "is read" } else { "is there" },
            if build == builds[0] { "this" } else { build },
            all.len(),
            wall.at(50),
            wall.at(90),
            wall.at(99),
            wall.at(100),
            worked.at(50),
            worked.at(99),
            worked.at(100),
            queued.at(99),
        );
    }
}

fn numbers(text: &str) -> Vec<u64> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| part.parse().expect("a number of changes"))
        .collect()
}

fn plan_of(changes: u64) -> String {
    format!("plan-{changes}.json")
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg")
        .unwrap_or_else(|_| "unknown".into())
        .trim()
        .to_owned()
}

/// What a key took.
struct Wait {
    wall: Duration,
    /// How long the thread of the screen worked in that time.
    worked: Duration,
    /// How long it was ready to work and had no processor.
    queued: Duration,
}

struct Sorted(Vec<Duration>);

impl Sorted {
    fn new(all: impl Iterator<Item = Duration>) -> Self {
        let mut all: Vec<_> = all.collect();
        all.sort();
        Sorted(all)
    }

    /// The value that so many of a hundred do not exceed, in milliseconds.
    fn at(&self, percent: usize) -> String {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        format!("{:.1}", self.0[place].as_secs_f64() * 1e3)
    }
}

/// What is pressed in turn, what it is called, and what shows that it was heard.
const KEYS: [(&str, &str, Sign); 12] = [
    ("j", "line", Sign::OtherLine),
    ("j", "line", Sign::OtherLine),
    ("k", "line", Sign::OtherLine),
    ("\x1b[6~", "page", Sign::OtherLine),
    ("j", "line", Sign::OtherLine),
    ("\x1b[5~", "page", Sign::OtherLine),
    ("/", "filter", Sign::Typed("/")),
    ("s", "filter", Sign::Typed("/s")),
    ("u", "filter", Sign::Typed("/su")),
    ("b", "filter", Sign::Typed("/sub")),
    ("\x7f", "filter", Sign::Typed("/su")),
    ("\x1b", "filter", Sign::NotTyped),
];

/// What the screen shows when a key was heard.
#[derive(Clone, Copy)]
enum Sign {
    /// The cursor is on another change.
    OtherLine,
    /// The last line holds what was typed.
    Typed(&'static str),
    /// Nothing is typed any more.
    NotTyped,
}

impl Sign {
    fn is_there(self, screen: &vt100::Screen, before: &str) -> bool {
        match self {
            Sign::OtherLine => under_cursor(screen) != before,
            Sign::Typed(text) => last_line(screen).split_whitespace().next() == Some(text),
            Sign::NotTyped => !last_line(screen).trim_start().starts_with('/'),
        }
    }
}

fn last_line(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    screen.contents_between(rows - 1, 0, rows - 1, columns)
}

/// How many lines the list has.
fn lines(screen: &vt100::Screen) -> usize {
    let text = screen.contents();
    let behind = text
        .split_once("   shown ")
        .map_or("", |(before, _)| before);
    let number = behind.rsplit(' ').next().unwrap_or_default();
    number.replace(',', "").parse().unwrap_or(0)
}

/// Which change the cursor is on: its number, which no other one has. The marks before it may change by themselves.
fn under_cursor(screen: &vt100::Screen) -> String {
    let (row, _) = screen.cursor_position();
    let line = screen.contents_between(row, 0, row, screen.size().1);
    let list = line.split('│').nth(1).unwrap_or_default();
    let number = list
        .rsplit_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    match number {
        Some((number, _)) if number.bytes().any(|byte| byte.is_ascii_digit()) => number.to_owned(),
        _ => list
            .chars()
            .filter(|letter| letter.is_alphabetic())
            .collect(),
    }
}

/// What is reviewed, and where.
struct Run<'a> {
    build: &'a str,
    size: (u16, u16),
    changes: u64,
    policies: bool,
}

impl Run<'_> {
    /// Reviews the plan, and tells of each key whether the plan was still read, its kind, and what it took.
    /// Returns how long it took to read the plan, and to hear the policies.
    fn review(&self, place: &Path, tell: &mut dyn FnMut(bool, &'static str, Wait)) -> Duration {
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/policies");
        let policy = if self.policies {
            "--policy \"$RULES\""
        } else {
            ""
        };
        let script = format!(
            "exec \"$UNDERSIGN\" review {policy} {}",
            plan_of(self.changes)
        );
        let home = place.to_str().expect("a directory of plain letters");
        let state = format!("{home}/state");
        let environment = [
            ("HOME", home),
            ("XDG_STATE_HOME", &state),
            ("RULES", rules),
            ("UNDERSIGN", self.build),
        ];
        let since = Instant::now();
        let mut session = Session::start(&script, place, &environment, self.size);
        while lines(session.emulated()) < LEAST {
            session.pause(Duration::from_millis(1));
        }
        let (mut after, mut number, mut read) = (0, 0, None);
        while after < AFTER {
            // A pace that is never quite the same, and the same on every run.
            session.pause(PACE + Duration::from_millis((number as u64 * 7) % 16));
            if number % KEYS.len() == 0 {
                // The filter may have left the cursor at the end of the list, where nothing goes further down.
                session.press("g", |screen| screen.contents().contains(" line 1 of "));
            }
            let (keys, kind, sign) = KEYS[number % KEYS.len()];
            let loading = session.screen().contains("reading");
            if !loading {
                read.get_or_insert_with(|| since.elapsed());
            }
            let before = under_cursor(session.emulated());
            let clock = session.clock();
            let wall = session.press(keys, |screen| sign.is_there(screen, &before));
            let (worked, queued) = session.clock();
            let wait = Wait {
                wall,
                worked: worked.saturating_sub(clock.0),
                queued: queued.saturating_sub(clock.1),
            };
            tell(loading, kind, wait);
            after += usize::from(!loading);
            number += 1;
        }
        let screen = session.screen();
        assert_eq!(
            screen.contains(" warn"),
            self.policies,
            "what policies say:\n{screen}"
        );
        session.kill();
        read.expect("it presses keys until the plan is read")
    }
}

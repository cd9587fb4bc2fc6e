//! What a key costs on the screen: at 100,000 and 300,000 changes, 200 columns and 50 rows, drawn for a real terminal into
//! nothing. `cargo bench --bench screen [-- NAME]`.
//!
//! A reviewer feels the slow keys, so the slowest of a hundred is told beside the one in the middle. Measured is the time
//! that the thread was at work: what else the machine does is not counted.

use std::hint::black_box;
use std::io::{BufWriter, Sink, sink};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::{Terminal, TerminalOptions, Viewport};
use undersign::cli::yardstick::generate;
use undersign::failure::{Exit, Failure};
use undersign::review::judge::judge_all;
use undersign::review::log::Log;
use undersign::risk::Judged;
use undersign::ui::key::Key;
use undersign::ui::standing::Standing;
use undersign::ui::state::State;
use undersign::ui::theme::{Palette, Theme};
use undersign::ui::tree::facets::Facets;
use undersign::ui::tree::order::{URGENCIES, sorted, urgency};
use undersign::ui::update::update;
use undersign::ui::view::view;
use undersign::ui::{Msg, Setup};

const SIZES: [usize; 2] = [100_000, 300_000];
const SCREEN: (u16, u16) = (200, 50);

/// How often each thing is done.
const TIMES: usize = 300;

/// What is measured: a name, and what is done with the screen before and each time.
type Measured = (&'static str, fn(&mut Desk), fn(&mut Desk, usize));

const MEASURED: &[Measured] = &[
    // The cursor goes down a line, and the frame is drawn.
    (
        "key",
        |desk| desk.key("E"),
        |desk, _| {
            desk.key("j");
            desk.draw();
        },
    ),
    // A page down: every line of the list is another one.
    (
        "page",
        |_| (),
        |desk, _| {
            desk.key("pgdn");
            desk.draw();
        },
    ),
    // One frame without a key.
    ("frame", |_| (), |desk, _| desk.draw()),
    // A letter is added to the filter or taken away again, and few rows fit.
    (
        "filter, few fit",
        |desk| desk.keys(&["/", "s", "u", "b", "n"]),
        |desk, time| {
            desk.key(if time % 2 == 0 { "e" } else { "backspace" });
            desk.draw();
        },
    ),
    // A letter that nearly every row has.
    (
        "filter, all fit",
        |desk| desk.key("/"),
        |desk, time| {
            desk.key(if time % 2 == 0 { "s" } else { "backspace" });
            desk.draw();
        },
    ),
    // A word, letter by letter, and away again.
    (
        "filter, a word",
        |desk| desk.key("/"),
        |desk, time| {
            const WORD: [&str; 6] = ["l", "a", "m", "b", "d", "a"];
            let at = time % (2 * WORD.len());
            desk.key(WORD.get(at).copied().unwrap_or("backspace"));
            desk.draw();
        },
    ),
    // Grouped by the next thing: risk, module, type, action.
    ("regroup", |_| (), |desk, _| desk.key("v")),
];

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let is_wanted =
        |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    println!("| thread at work, ms | changes | median | p99 | slowest |");
    println!("| --- | --- | --- | --- | --- |");
    for count in SIZES {
        let rows = rows(count);
        for (name, before, each) in MEASURED {
            if is_wanted(name) {
                let mut desk = Desk::new(rows.clone());
                before(&mut desk);
                desk.draw();
                println!("{}", line(name, count, |time| each(&mut desk, time)));
            }
        }
        if is_wanted("sort") {
            println!("{}", sort(&rows));
        }
    }
}

/// Every row in the order of what asks first.
fn sort(rows: &[Judged]) -> String {
    let mut facets = Facets::default();
    for row in rows {
        facets.add(row);
    }
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    line("sort", rows.len(), |_| {
        let urgency = |row| urgency(facets.of(row), Standing::Open);
        black_box(sorted(black_box(&all), URGENCIES, urgency));
    })
}

/// How long `each` takes, in a line of the table.
fn line(name: &str, count: usize, mut each: impl FnMut(usize)) -> String {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|time| {
            let before = at_work();
            each(time);
            at_work().saturating_sub(before)
        })
        .collect();
    times.sort_unstable();
    let [median, p99, slowest] = [TIMES / 2, TIMES * 99 / 100, TIMES - 1]
        .map(|place| format!("{:.2}", times[place].as_secs_f64() * 1e3));
    format!("| {name} | {count} | {median} | {p99} | {slowest} |")
}

/// How long this thread was at work so far.
#[cfg(unix)]
fn at_work() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a clock does not run backwards")
}

/// How late it is: where a thread cannot be asked, what else the machine does counts too.
#[cfg(not(unix))]
fn at_work() -> Duration {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("it is later than 1970")
}

/// As many rows as are wanted: those of a plan, again and again, each time in another module.
fn rows(count: usize) -> Vec<Judged> {
    let mut plan = Vec::new();
    generate::plan(2_000, &mut plan).expect("a vector takes everything");
    let (_, rows) = judge_all(&mut &*plan, None, None).expect("a plan");
    (0..count)
        .map(|number| {
            let mut judged = rows[number % rows.len()].clone();
            let effect = &mut judged.effect;
            let copy = number / rows.len();
            let address = format!("module.copy_{copy}.{}", effect.address());
            effect.module = format!("module.copy_{copy}.{}", effect.module).into();
            effect.rename(&address);
            judged
        })
        .collect()
}

struct Desk {
    state: State,
    terminal: Terminal<CrosstermBackend<BufWriter<Sink>>>,
}

impl Desk {
    fn new(rows: Vec<Judged>) -> Self {
        let setup = Setup {
            plan: "plan.json".into(),
            set: None,
            target: None,
            phrase: "prod".into(),
            identity: Err(Box::new(Failure::new(
                Exit::Usage,
                "no-signer",
                "nobody signs here",
            ))),
            log: Log::default(),
            watch: false,
            restored: None,
            task: None,
            then: None,
            policies: std::sync::Arc::default(),
            theme: Theme {
                palette: Palette::Dark,
                ascii: false,
            },
        };
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, sink()));
        let area = ratatui::layout::Rect::new(0, 0, SCREEN.0, SCREEN.1);
        let viewport = Viewport::Fixed(area);
        let mut desk = Desk {
            state: State::new(setup, SCREEN),
            terminal: Terminal::with_options(backend, TerminalOptions { viewport })
                .expect("a fixed size asks no terminal"),
        };
        desk.send(Msg::Rows(rows));
        desk.send(Msg::Tick);
        desk
    }

    fn send(&mut self, msg: Msg) {
        black_box(update(&mut self.state, msg));
    }

    fn key(&mut self, name: &str) {
        self.send(Msg::Key(Key::named(name)));
    }

    fn keys(&mut self, names: &[&str]) {
        for name in names {
            self.key(name);
        }
    }

    fn draw(&mut self) {
        self.terminal
            .draw(|frame| view(&self.state, frame))
            .expect("nothing can fail to take it");
    }
}

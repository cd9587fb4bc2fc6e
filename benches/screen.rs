//! What a key costs on the screen: at 100,000 and 300,000 changes, 200 columns and 50 rows, drawn for a real terminal into
//! nothing. `cargo bench --bench screen`.

use std::io::{BufWriter, Sink, sink};

use divan::{Bencher, black_box};
use ratatui::backend::CrosstermBackend;
use ratatui::{Terminal, TerminalOptions, Viewport};
use undersign::cli::yardstick::generate;
use undersign::failure::{Exit, Failure};
use undersign::review::judge::judge_all;
use undersign::review::log::Log;
use undersign::risk::Judged;
use undersign::ui::key::Key;
use undersign::ui::state::State;
use undersign::ui::theme::{Palette, Theme};
use undersign::ui::update::update;
use undersign::ui::view::view;
use undersign::ui::{Msg, Setup};

fn main() {
    divan::main();
}

const SIZES: [usize; 2] = [100_000, 300_000];
const SCREEN: (u16, u16) = (200, 50);

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
            effect.module = format!("module.copy_{copy}.{}", effect.module).into();
            effect.address = format!("module.copy_{copy}.{}", effect.address).into();
            judged
        })
        .collect()
}

struct Desk {
    state: State,
    terminal: Terminal<CrosstermBackend<BufWriter<Sink>>>,
}

impl Desk {
    fn new(count: usize) -> Self {
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
        desk.send(Msg::Rows(rows(count)));
        desk.send(Msg::Tick);
        desk
    }

    fn send(&mut self, msg: Msg) {
        black_box(update(&mut self.state, msg));
    }

    fn key(&mut self, name: &str) {
        self.send(Msg::Key(Key::named(name)));
    }

    fn draw(&mut self) {
        self.terminal
            .draw(|frame| view(&self.state, frame))
            .expect("nothing can fail to take it");
    }
}

/// The cursor goes down a line, and the frame is drawn.
#[divan::bench(args = SIZES)]
fn key(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    desk.key("E");
    desk.draw();
    bencher.bench_local(|| {
        desk.key("j");
        desk.draw();
    });
}

/// A page down, and the frame is drawn: every line of the list is another one.
#[divan::bench(args = SIZES)]
fn page(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    desk.draw();
    bencher.bench_local(|| {
        desk.key("pgdn");
        desk.draw();
    });
}

/// One frame without a key.
#[divan::bench(args = SIZES)]
fn frame(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    bencher.bench_local(|| desk.draw());
}

/// A letter is added to the filter and taken away again, each with its frame.
#[divan::bench(args = SIZES)]
fn filter(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    desk.key("/");
    for letter in ["s", "u", "b", "n"] {
        desk.key(letter);
    }
    desk.draw();
    let mut longer = false;
    bencher.bench_local(|| {
        longer = !longer;
        desk.key(if longer { "e" } else { "backspace" });
        desk.draw();
    });
}

/// A letter that nearly every row has.
#[divan::bench(args = SIZES)]
fn filter_that_all_fit(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    desk.key("/");
    desk.draw();
    let mut there = false;
    bencher.bench_local(|| {
        there = !there;
        desk.key(if there { "s" } else { "backspace" });
        desk.draw();
    });
}

/// Grouped by the next thing: risk, module, type, action.
#[divan::bench(args = SIZES)]
fn regroup(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::new(count);
    bencher.bench_local(|| desk.key("v"));
}

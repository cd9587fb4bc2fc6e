//! What is done with the bytes of a plan: index, judge. `cargo bench --bench reading`.

use std::ops::ControlFlow;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use undersign::cli::yardstick::generate;
use undersign::plan::effect::Effect;
use undersign::plan::index::{self, Progress, Sink};
use undersign::plan::scan::Item;
use undersign::review::judge::judge_all;

fn main() {
    divan::main();
}

/// Changes of the plan that is read: 8 MB, more than the caches hold.
const CHANGES: u64 = 1_000;

fn plan() -> Vec<u8> {
    let mut plan = Vec::new();
    generate::plan(CHANGES, &mut plan).expect("a vector takes everything");
    plan
}

/// Takes the rows and looks at none.
struct Nobody;

impl Sink for Nobody {
    fn row(&mut self, effect: Effect, _: &Item<'_>) -> ControlFlow<()> {
        black_box(effect);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[divan::bench]
fn hash(bencher: Bencher<'_, '_>) {
    use sha2::Digest as _;
    let plan = plan();
    bencher
        .counter(BytesCount::of_slice(&plan))
        .bench(|| sha2::Sha256::digest(black_box(&plan)));
}

#[divan::bench]
fn index(bencher: Bencher<'_, '_>) {
    let plan = plan();
    bencher
        .counter(BytesCount::of_slice(&plan))
        .bench(|| index::read(&mut black_box(&*plan), None, &mut Nobody));
}

#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let plan = plan();
    bencher
        .counter(BytesCount::of_slice(&plan))
        .bench(|| judge_all(&mut black_box(&*plan), None, None));
}

//! `undersign yardstick`: what the measurements in `benches/compare.sh` are made with. Hidden, for nobody reviews with it.
//!
//! The yardstick itself is a loop that reads a file and hashes it with the library that undersign hashes with: nothing
//! that shows a plan with its digest can be faster than that. Beside it stand the steps of undersign one by one, and plans
//! of any size to measure them on.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Subcommand;
use sha2::{Digest as _, Sha256};

use crate::failure::{Exit, Failure};
use crate::plan::digest::Bytes;
use crate::plan::effect::Effect;
use crate::plan::index::{self, Progress, Sink};
use crate::plan::scan::Item;
use crate::review::judge::{self, Step};

pub mod generate;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a file and hash it, nothing else.
    Hash {
        /// The file.
        file: PathBuf,
    },
    /// Read a plan's JSON, make its rows, and hash it.
    Index {
        /// The plan's JSON.
        file: PathBuf,
    },
    /// The same, and judge each row.
    Judge {
        /// The plan's JSON.
        file: PathBuf,
    },
    /// Write a plan's JSON of so many changes; the same bytes for the same number each time.
    Plan {
        /// Number of changes.
        changes: u64,
    },
}

/// How much the loop reads at once.
const STEP: usize = 256 * 1024;

/// Measures one step, and prints what came out and when it was there.
pub fn run(command: &Command) -> Result<Exit, Failure> {
    let line = match command {
        Command::Hash { file } => hash(&mut open(file)?)?,
        Command::Index { file } => rows(&open(file)?)?,
        Command::Judge { file } => judged(&open(file)?)?,
        Command::Plan { changes } => {
            let mut out = BufWriter::with_capacity(STEP, std::io::stdout().lock());
            generate::plan(*changes, &mut out)
                .and_then(|()| out.flush())
                .map_err(|error| Failure::io("standard output", &error))?;
            return Ok(Exit::Success);
        }
    };
    super::check::print(&line)?;
    Ok(Exit::Success)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::io(path.display(), &error))
}

fn hash(file: &mut File) -> Result<String, Failure> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; STEP];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) => return Err(Failure::io("the file", &error)),
        }
    }
    Ok(format!(
        "{}\n",
        data_encoding::HEXLOWER.encode(&hasher.finalize())
    ))
}

/// Counts rows, and keeps the time of the first one, and of the end of the file: every row is there then, and the hash.
struct Count {
    since: Instant,
    first: Option<f64>,
    read: f64,
    rows: u64,
}

impl Count {
    fn new() -> Self {
        Count {
            since: Instant::now(),
            first: None,
            read: 0.0,
            rows: 0,
        }
    }

    fn add(&mut self, rows: u64) {
        self.rows += rows;
        self.first
            .get_or_insert_with(|| self.since.elapsed().as_secs_f64());
    }

    /// Called for the last time at the end of the file.
    fn heard(&mut self) {
        self.read = self.since.elapsed().as_secs_f64();
    }

    fn line(&self, sha256: &[u8]) -> String {
        let all = self.since.elapsed().as_secs_f64();
        format!(
            "{} rows {} first {:.4} s read {:.4} s all {all:.4} s\n",
            data_encoding::HEXLOWER.encode(sha256),
            self.rows,
            self.first.unwrap_or(all),
            self.read,
        )
    }
}

impl Sink for Count {
    fn row(&mut self, _: Effect, _: &Item<'_>) -> ControlFlow<()> {
        self.add(1);
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        self.heard();
        ControlFlow::Continue(())
    }
}

fn rows(file: &File) -> Result<String, Failure> {
    let mut count = Count::new();
    let header = index::read(Bytes::File(file), None, &mut count)?;
    Ok(count.line(&header.sha256))
}

fn judged(file: &File) -> Result<String, Failure> {
    let mut count = Count::new();
    let judgement = judge::judge(Bytes::File(file), None, None, &mut |step| {
        match step {
            Step::Rows(rows) => count.add(rows.len() as u64),
            Step::Progress(_) => count.heard(),
            Step::Verdicts(_) => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(count.line(&judgement.header.sha256))
}

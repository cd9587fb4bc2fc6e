//! What is walked over last: the values that are planned, and the state. No row stands in them, and they are half of the
//! file.
//!
//! Owns that nothing of it is forgotten. In a file that can be read again they are passed by their brackets, so that the rows
//! are there soon; before the pass ends they are read again, walked over as strictly as everything, and must be the bytes
//! that were passed and hashed.

use std::fs::File;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use xxhash_rust::xxh3::Xxh3;

use super::{Header, fingerprinting};
use crate::failure::{Exit, Failure};
use crate::plan::census::{self, Census};
use crate::plan::scan::{Place, Scanner};
use crate::plan::source::read_at;
use crate::plan::window::Fill;

/// A part in which no row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// `planned_values`
    PlannedValues,
    /// `prior_state`
    PriorState,
}

impl Section {
    fn key(self) -> &'static str {
        match self {
            Section::PlannedValues => "planned_values",
            Section::PriorState => "prior_state",
        }
    }

    /// Walks over it and counts the resources in it; `None` if there are none to be counted.
    pub fn count<F: Fill>(self, scanner: &mut Scanner<F>) -> Result<Option<Census>, Failure> {
        match self {
            Section::PlannedValues => census::values(scanner).map(Some),
            Section::PriorState => census::state(scanner),
        }
    }

    /// Puts down what the header says of it.
    pub fn note(self, found: Option<Census>, header: &mut Header) {
        match self {
            Section::PlannedValues => {
                header.plans_nothing = found.is_none_or(|found| found.all == 0);
            }
            Section::PriorState => header.prior_resources = found.map(|found| found.managed),
        }
    }
}

/// A part that was passed.
struct Passed {
    section: Section,
    start: u64,
    /// Right behind it; the end of the file, if it was cut off.
    end: u64,
    line: u64,
    fingerprint: u64,
}

/// The parts of one file that were passed.
pub(super) struct Later<'a> {
    file: &'a File,
    parts: Vec<Passed>,
}

impl<'a> Later<'a> {
    /// Nothing was passed yet.
    pub fn new(file: &'a File) -> Self {
        Later {
            file,
            parts: Vec::new(),
        }
    }

    /// Passes the object that stands next.
    pub fn pass<F: Fill>(
        &mut self,
        section: Section,
        scanner: &mut Scanner<F>,
    ) -> Result<(), Failure> {
        let (start, line) = (scanner.offset(), scanner.line());
        let mut seen = fingerprinting();
        let passed = scanner.leap(|bytes| seen.update(bytes));
        self.parts.push(Passed {
            section,
            start,
            end: scanner.offset(),
            line,
            fingerprint: seen.digest(),
        });
        passed
    }

    /// Walks over what was passed, over each part on a thread of its own. `walked`: how it went with the rest; of two failures
    /// the one that stands first in the file is told.
    pub fn read(self, walked: Result<(), Failure>, header: &mut Header) -> Result<(), Failure> {
        let counted: Vec<_> = thread::scope(|scope| {
            let start = |part| scope.spawn(move || Passed::count(part, self.file));
            let threads: Vec<_> = self.parts.iter().map(start).collect();
            let join = |thread: ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        for (part, counted) in self.parts.iter().zip(counted) {
            match counted {
                Ok(found) => part.section.note(found, header),
                // Where the file could not be passed any further, there is only the beginning of the part.
                Err(failure) if failure.reason == "truncated" && walked.is_err() => return walked,
                Err(failure) => return Err(failure),
            }
        }
        walked
    }
}

impl Passed {
    fn count(&self, file: &File) -> Result<Option<Census>, Failure> {
        let source = Again {
            file,
            at: self.start,
            end: self.end,
            seen: fingerprinting(),
        };
        let mut scanner = Scanner::over_part(source, self.start, self.line);
        scanner.place = Place {
            section: Some(self.section.key().to_owned()),
            element: None,
        };
        let counted = self.section.count(&mut scanner);
        let counted = counted.and_then(|found| scanner.end().map(|()| found));
        let source = scanner.source();
        source.read_on()?;
        // Of bytes that are not the ones that were hashed nothing else is worth saying.
        if (source.at, source.seen.digest()) != (self.end, self.fingerprint) {
            return Err(self.changed());
        }
        counted
    }

    fn changed(&self) -> Failure {
        Failure::new(
            Exit::Mismatch,
            "plan-changed",
            format!(
                "the plan was changed while it was read: {:?}, at byte {}, is not what was read first",
                self.section.key(),
                self.start
            ),
        )
        .hint("Read it again. Find out who writes to the file.")
    }
}

/// A part of a file, read a second time.
struct Again<'a> {
    file: &'a File,
    at: u64,
    end: u64,
    seen: Xxh3,
}

impl Again<'_> {
    /// Reads to the end of the part, or as far as there is something.
    fn read_on(&mut self) -> Result<(), Failure> {
        let mut rest = vec![0; 64 * 1024];
        while self.fill(&mut rest)? > 0 {}
        Ok(())
    }
}

impl Fill for Again<'_> {
    fn fill(&mut self, free: &mut [u8]) -> Result<usize, Failure> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = free.len().min(left);
        let count = loop {
            match read_at(self.file, &mut free[..wanted], self.at) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => {
                    break other
                        .map_err(|error| Failure::io("the plan cannot be read again", &error))?;
                }
            }
        };
        self.seen.update(&free[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

//! Holding one plan against policies: its bytes go in while they are read, the opinion comes out at their end.

use std::io::{self, Read, Write as _};

use super::config::Engine;
use super::external;
use super::job::Task;
use super::ruleset::Ruleset;
use super::worker::{self, Ear, Program, Tee, Worker};
use super::{Opinion, Verdict};
use crate::failure::Failure;

/// An evaluation that waits for the plan.
#[derive(Debug)]
pub enum Evaluation {
    /// By undersign itself, in a process of its own.
    Embedded(Box<Worker>),
    /// By another program, which is started when the plan is there.
    External(Box<external::Waiting>),
}

impl Evaluation {
    /// Begins with what `rules` ask for.
    pub fn begin(program: &Program, rules: &Ruleset) -> Result<Self, Failure> {
        Ok(match rules.config.engine {
            Engine::Embedded => {
                let worker = Worker::start(program, rules, &rules.job(Task::Evaluate))?;
                Evaluation::Embedded(Box::new(worker))
            }
            Engine::Opa | Engine::Conftest => {
                Evaluation::External(Box::new(external::Waiting::new(rules)?))
            }
        })
    }

    /// What is read from `reader` is also what is evaluated. Beside it, what is said meanwhile: another program says
    /// nothing before it has the whole plan.
    pub fn tee<R: Read>(&mut self, reader: R) -> (Feeding<'_, R>, Option<Ear<'_>>) {
        match self {
            Evaluation::Embedded(worker) => {
                let (tee, ear) = worker.tee(reader);
                (Feeding::Worker(tee), Some(ear))
            }
            Evaluation::External(waiting) => (Feeding::File(reader, waiting), None),
        }
    }

    /// The plan is at its end: what do the policies say? What they say before they have said all goes to `early`.
    pub fn finish(self, early: &mut dyn FnMut(Vec<Verdict>)) -> Opinion {
        match self {
            Evaluation::Embedded(worker) => worker::opinion(worker.finish(early)),
            Evaluation::External(waiting) => waiting.finish(),
        }
    }
}

/// A reader whose bytes also go to the evaluation.
#[derive(Debug)]
pub enum Feeding<'a, R> {
    /// To the worker.
    Worker(Tee<'a, R>),
    /// To a file for another program.
    File(R, &'a mut external::Waiting),
}

impl<R: Read> Read for Feeding<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Feeding::Worker(tee) => tee.read(buffer),
            Feeding::File(reader, waiting) => {
                let count = reader.read(buffer)?;
                waiting.plan.write_all(&buffer[..count])?;
                Ok(count)
            }
        }
    }
}

//! The other side of [`super::worker`]: what the child does with its job.

use std::io::{self, Read, Write as _};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::job::{Answer, Job};
use super::worker::LIMITS;

/// The size of the worker's stack: deep enough for what people write, and bounded.
const STACK: usize = 64 << 20;

/// Does one job that comes on standard input, and answers on standard output. Says whether it could.
pub fn serve() -> bool {
    bound();
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(|| run().is_ok());
    thread.is_ok_and(|thread| thread.join().unwrap_or(false))
}

/// Bounds memory and time, and ends with the parent. What cannot be set is left to the parent's clock.
fn bound() {
    let limits = std::env::var(LIMITS).unwrap_or_default();
    let mut numbers = limits
        .split(' ')
        .filter_map(|word| word.parse::<u64>().ok());
    for resource in [Resource::As, Resource::Cpu] {
        if let Some(limit) = numbers.next() {
            let limit = Some(limit);
            let _ = setrlimit(
                resource,
                Rlimit {
                    current: limit,
                    maximum: limit,
                },
            );
        }
    }
    let none = Some(0);
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: none,
            maximum: none,
        },
    );
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

fn run() -> io::Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line)?;
    let out = io::stdout();
    perform(&job, &mut io::stdin(), &mut |answer| {
        let mut text = serde_json::to_string(answer)?;
        text.push('\n');
        let mut out = out.lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    })
}

/// Takes an answer to whoever asked.
pub type Say<'a> = dyn FnMut(&Answer) -> io::Result<()> + 'a;

#[cfg(feature = "rego")]
fn perform(job: &Job, plan: &mut (dyn Read + Send), say: &mut Say<'_>) -> io::Result<()> {
    super::rego::perform(job, plan, say)
}

#[cfg(not(feature = "rego"))]
fn perform(_job: &Job, _plan: &mut (dyn Read + Send), say: &mut Say<'_>) -> io::Result<()> {
    say(&Answer::Trouble(super::Trouble {
        reason: "no-engine".into(),
        place: None,
        error: "this undersign was built without Rego; set engine = \"opa\" in undersign.toml beside the policies".into(),
    }))?;
    say(&Answer::Done { rules: 0 })
}

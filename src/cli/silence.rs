//! What a plan waits for before its first byte comes: told each second, because the tool itself says nothing until it is
//! nearly done.

use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::gate::prepare::{Step, Told};
use crate::text::visible;
use crate::ui::Wait;
use crate::ui::number::counted;

/// How often it is told.
const TICK: Duration = Duration::from_secs(1);

/// Back to the first column, and nothing right of it any more.
const CLEAR: &str = "\r\u{1b}[K";

/// A silence, until it is ended or dropped. Then nothing is told any more. By default nobody hears of it.
#[derive(Debug, Default)]
pub struct Silence {
    steps: Mutex<Option<Sender<(String, Step)>>>,
    teller: Mutex<Option<JoinHandle<()>>>,
    on_terminal: bool,
}

impl Silence {
    /// Tells `listener` what is waited for, as long as it wants to hear of it.
    pub fn heard_by(listener: impl FnMut(Vec<Wait>) -> bool + Send + 'static) -> Self {
        let (sender, steps) = channel();
        Silence {
            steps: Mutex::new(Some(sender)),
            teller: Mutex::new(Some(thread::spawn(move || tell(&steps, listener)))),
            on_terminal: false,
        }
    }

    /// Tells it in one line on standard error, where a person sees that: a report goes elsewhere.
    pub fn on_terminal() -> Arc<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if dumb || !std::io::stderr().is_terminal() {
            return Arc::default();
        }
        let mut told = Silence::heard_by(|waits| {
            waits.last().is_some_and(|now| {
                let line = format!("{}  {}", now.latest(), now.purpose);
                write!(std::io::stderr(), "{CLEAR}{}", visible(&line)).is_ok()
            })
        });
        told.on_terminal = true;
        Arc::new(told)
    }

    /// Who is told what is begun, so that it can be told here.
    pub fn told(self: &Arc<Self>) -> Told {
        let silence = Arc::clone(self);
        Told::to(move |tool, step| silence.begin(tool, step))
    }

    fn begin(&self, tool: &str, step: Step) {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever was told may have left.
        let _ = steps
            .as_ref()
            .map(|steps| steps.send((tool.to_owned(), step)));
    }

    /// What was waited for is there.
    pub fn end(&self) {
        let steps = self
            .steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(steps);
        let teller = self
            .teller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(teller) = teller {
            // A teller that broke has nothing more to say.
            let _ = teller.join();
            if self.on_terminal {
                let _ = write!(std::io::stderr(), "{CLEAR}");
            }
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.end();
    }
}

fn tell(steps: &Receiver<(String, Step)>, mut listener: impl FnMut(Vec<Wait>) -> bool) {
    let mut waits: Vec<Wait> = Vec::new();
    let mut begun = Instant::now();
    loop {
        let next = if waits.is_empty() {
            steps.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            steps.recv_timeout(TICK)
        };
        if let Some(last) = waits.last_mut() {
            last.seconds = begun.elapsed().as_secs();
        }
        match next {
            Ok((tool, step)) => {
                waits.push(wait(&tool, step));
                begun = Instant::now();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if !listener(waits.clone()) {
            return;
        }
    }
}

fn wait(tool: &str, step: Step) -> Wait {
    let (command, purpose) = match step {
        Step::Version => ("version", "is it the version that made the plan?".into()),
        Step::Providers(number) => {
            let providers = counted(number, "provider", "providers");
            (
                "init",
                format!("fetches {providers} that the plan was made with"),
            )
        }
        Step::Show => (
            "show -json",
            "prints nothing until it is nearly done".into(),
        ),
    };
    Wait {
        what: format!("{tool} {command}"),
        purpose,
        seconds: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_told_and_the_one_before_keeps_its_time() {
        let (told, heard) = channel();
        let silence = Silence::heard_by(move |waits| told.send(waits).is_ok());
        let mut last = Vec::new();
        for (step, what) in [
            (Step::Version, "tofu version"),
            (Step::Providers(1), "tofu init"),
            (Step::Show, "tofu show -json"),
        ] {
            silence.begin("tofu", step);
            let now = |waits: &Vec<Wait>| waits.last().is_some_and(|now| now.what == what);
            last = heard.iter().find(now).unwrap();
        }
        assert_eq!(last.len(), 3);
        assert_eq!(
            last[1].purpose,
            "fetches 1 provider that the plan was made with"
        );
        // Time goes on by itself.
        assert!(heard.iter().any(|waits| waits[2].seconds > 0));
        drop(silence);
        assert_eq!(heard.iter().filter(|waits| waits.len() > 3).count(), 0);
    }
}

//! What a plan waits for before its first byte comes: told each second, because the tool itself says nothing until it is
//! nearly done.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::gate::prepare::Step;
use crate::ui::Wait;
use crate::ui::number::counted;

/// How often it is told.
const TICK: Duration = Duration::from_secs(1);

/// Tells what `tool` is waited for, from the first step that is sent until the sender is dropped or nobody listens.
pub fn tell(
    tool: String,
    mut listener: impl FnMut(Vec<Wait>) -> bool + Send + 'static,
) -> Sender<Step> {
    let (sender, steps) = channel();
    thread::spawn(move || {
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
                Ok(step) => {
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
    });
    sender
}

fn wait(tool: &str, step: Step) -> Wait {
    let (command, purpose) = match step {
        Step::Version => ("version", "is this the version that made the plan?".into()),
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
        let steps = tell("tofu".into(), move |waits| told.send(waits).is_ok());
        let mut last = Vec::new();
        for (step, what) in [
            (Step::Version, "tofu version"),
            (Step::Providers(1), "tofu init"),
            (Step::Show, "tofu show -json"),
        ] {
            steps.send(step).unwrap();
            last = heard
                .iter()
                .find(|waits| waits.last().unwrap().what == what)
                .unwrap();
        }
        assert_eq!(last.len(), 3);
        assert_eq!(
            last[1].purpose,
            "fetches 1 provider that the plan was made with"
        );
        // Time goes on by itself.
        assert!(heard.iter().any(|waits| waits[2].seconds > 0));
        drop(steps);
        assert_eq!(heard.iter().count(), 0);
    }
}

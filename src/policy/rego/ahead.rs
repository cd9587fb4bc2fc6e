//! Asking while the plan is still read: rules that look at nothing but one change need not wait for its end.
//!
//! What is said here is said again at the end, with everything that is known only then; what goes wrong here goes wrong
//! again there, and is told there. So nothing depends on how far this came.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use regorus::{Engine, Value};

use super::evaluate::{alone, wrap};
use super::rules::Asked;
use super::source::Policies;
use super::spread::Sight;
use super::{answer, rules};
use crate::plan::effect::{Effect, Kind};
use crate::plan::index::{self, Progress, Sink};
use crate::plan::scan::Item;
use crate::policy::config::Shape;
use crate::policy::job::{Answer, Job};
use crate::policy::locate::Addresses;
use crate::policy::serve::Say;

/// So many changes are taken at once, if as many are there.
const AT_ONCE: usize = 256;

/// A change that was read: its number, its address, and itself.
type Change = (usize, Option<String>, Value);

/// What rules said while the plan was read.
#[derive(Default)]
pub(super) struct Ahead {
    /// What each rule that was asked of every change said, by the rule's place: the number of the change, and the value.
    said: BTreeMap<usize, Vec<(usize, Value)>>,
    /// The addresses of the changes, in their order.
    addresses: Vec<Option<String>>,
}

impl Ahead {
    /// What the rule at `place` said of the changes with these addresses, if it was asked of all of them.
    pub(super) fn said(
        &self,
        place: usize,
        addresses: &[Option<String>],
    ) -> Option<&[(usize, Value)]> {
        let said = self.said.get(&place)?;
        (self.addresses == addresses).then_some(said)
    }
}

/// Reads the plan to its end and asks meanwhile. Returns its text, and what was said.
pub(super) fn read(
    job: &Job,
    policies: &mut Policies,
    asked: &[Asked],
    plan: &mut (dyn Read + Send),
    say: &mut Say<'_>,
) -> io::Result<(String, Ahead)> {
    let mut asking: Vec<Asking<'_>> = asked
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.sight == Sight::Change && !job.whole)
        // What a package makes an exception of is known only of the whole plan.
        .filter(|(_, rule)| !rules::makes_exceptions(policies, &rule.package))
        .map(|(place, rule)| Asking {
            place,
            rule,
            shape: job.shape.unwrap_or(rule.shape),
            spent: Duration::ZERO,
            said: Vec::new(),
        })
        .collect();
    if asking.is_empty() {
        let mut text = String::new();
        plan.read_to_string(&mut text)?;
        return Ok((text, Ahead::default()));
    }
    std::thread::scope(|scope| {
        let (found, changes) = channel();
        let reading = scope.spawn(move || look(plan, found));
        let addresses = ask(job, &mut policies.engine, &mut asking, &changes, say)?;
        let text = reading
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let said = asking
            .into_iter()
            .map(|asking| (asking.place, asking.said))
            .collect();
        Ok((text, Ahead { said, addresses }))
    })
}

/// A rule that is asked of one change after the other.
struct Asking<'a> {
    place: usize,
    rule: &'a Asked,
    shape: Shape,
    spent: Duration,
    said: Vec<(usize, Value)>,
}

/// Asks every rule of every change that comes. Returns their addresses.
fn ask(
    job: &Job,
    engine: &mut Engine,
    asking: &mut Vec<Asking<'_>>,
    changes: &Receiver<String>,
    say: &mut Say<'_>,
) -> io::Result<Vec<Option<String>>> {
    let limit = Duration::from_secs(job.rule_seconds);
    let beside = Value::from(job.beside.clone());
    let mut addresses = Vec::new();
    while let Ok(first) = changes.recv() {
        let mut batch: Vec<Change> = Vec::new();
        for text in std::iter::once(first).chain(changes.try_iter().take(AT_ONCE - 1)) {
            // A change that cannot be read is told of with the whole plan.
            let change = Value::from_json_str(&text).unwrap_or(Value::Undefined);
            let address = change["address"].as_string().ok().map(ToString::to_string);
            batch.push((addresses.len(), address.clone(), change));
            addresses.push(address);
        }
        let mut failed = Vec::new();
        for (number, asking) in asking.iter_mut().enumerate() {
            say(&asking.rule.begins())?;
            let since = Instant::now();
            let fine = asking.batch(engine, &batch, &beside, say)?;
            asking.spent += since.elapsed();
            let printed = engine.take_prints().is_ok_and(|prints| !prints.is_empty());
            if !fine || printed || asking.spent > limit {
                failed.push(number);
            }
        }
        for number in failed.into_iter().rev() {
            asking.remove(number);
        }
    }
    Ok(addresses)
}

impl Asking<'_> {
    /// Asks the rule of some changes; says whether it could answer.
    fn batch(
        &mut self,
        engine: &mut Engine,
        batch: &[Change],
        beside: &Value,
        say: &mut Say<'_>,
    ) -> io::Result<bool> {
        for (number, address, change) in batch {
            let plan = alone(Value::new_object(), change);
            engine.set_input(wrap(plan, beside, self.shape));
            let Ok(value) = engine.eval_rule(self.rule.path.clone()) else {
                return Ok(false);
            };
            let addresses = Addresses::new(address.clone());
            let Ok(verdicts) = answer::verdicts(self.rule, &value, address.as_deref(), &addresses)
            else {
                return Ok(false);
            };
            if !verdicts.is_empty() {
                self.said.push((*number, value));
            }
            for verdict in verdicts {
                say(&Answer::Early(verdict))?;
            }
        }
        Ok(true)
    }
}

/// Reads the plan to its end and hands out the text of its changes on the way. Returns its text.
fn look(plan: &mut (dyn Read + Send), found: Sender<String>) -> io::Result<String> {
    let mut kept = Kept {
        reader: plan,
        bytes: Vec::new(),
    };
    // What is refused here is refused where the plan is read for people.
    let _ = index::read(&mut kept, None, &mut Changes(found));
    let Kept { reader, mut bytes } = kept;
    reader.read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// A reader that keeps what was read.
struct Kept<'a> {
    reader: &'a mut (dyn Read + Send),
    bytes: Vec<u8>,
}

impl Read for Kept<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

/// Hands out the changes that are found.
struct Changes(Sender<String>);

impl Sink for Changes {
    fn row(&mut self, effect: Effect, item: &Item<'_>) -> ControlFlow<()> {
        if effect.kind == Kind::Change && self.0.send(item.text.to_owned()).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

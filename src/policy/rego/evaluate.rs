//! Asking every rule: one change at a time where that says the same, else the whole plan.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::time::{Duration, Instant};

use regorus::{Engine, Value};

use super::rules::{Asked, asked, has_exception};
use super::source::{Policies, is_test};
use super::spread::Sight;
use super::{ahead, answer, trouble};
use crate::policy::config::Shape;
use crate::policy::job::{Answer, Job};
use crate::policy::locate::Addresses;
use crate::policy::serve::Say;
use crate::policy::{Kind, Place, Trouble, Verdict};

const CHANGES: &str = "resource_changes";
/// Prints of one rule that are told; the first is enough to know who prints.
const PRINTS: usize = 3;

/// Asks every rule, and returns how many there are.
pub(super) fn evaluate(
    job: &Job,
    mut policies: Policies,
    plan: &mut (dyn Read + Send),
    say: &mut Say<'_>,
) -> io::Result<usize> {
    let asked = asked(&policies);
    let all_read =
        job.files.iter().filter(|file| !is_test(&file.path)).count() == policies.units.len();
    // A file that cannot be read is told already, and its rules may be those that are missing.
    if asked.is_empty() && all_read {
        say(&Answer::Trouble(Trouble {
            reason: "no-rules".into(),
            place: None,
            error: "no policy has a rule deny, violation, warn, deny_…, violation_… or warn_…: nothing would be checked".into(),
        }))?;
        return Ok(0);
    }
    let (text, ahead) = ahead::read(job, &mut policies, &asked, plan, say)?;
    say(&Answer::Begins {
        what: "the plan".into(),
        place: None,
    })?;
    let mut inputs = match Value::from_json_str(&text) {
        Ok(plan) => Inputs::new(plan, job),
        Err(error) => {
            say(&Answer::Trouble(trouble("plan", &error, None)))?;
            return Ok(asked.len());
        }
    };
    drop(text);
    let excepted = exceptions(&mut policies, &mut inputs, &asked, say)?;
    for (number, rule) in asked.iter().enumerate() {
        say(&rule.begins())?;
        let early = ahead.said(number, &inputs.of_changes);
        let mut verdicts = Vec::new();
        let trouble = say_all(
            rule,
            early,
            job,
            &mut policies.engine,
            &mut inputs,
            &mut verdicts,
        );
        let printed = prints(&mut policies.engine, rule);
        for trouble in trouble.err().into_iter().chain(printed) {
            say(&Answer::Trouble(trouble))?;
        }
        let is_excepted = excepted.contains(&(rule.package.clone(), rule.name.clone()));
        for mut verdict in verdicts {
            if is_excepted {
                verdict.kind = Kind::Info;
                verdict.message = format!("{} (excepted by the policy itself)", verdict.message);
            }
            say(&Answer::Verdict(verdict))?;
        }
    }
    Ok(asked.len())
}

/// Puts into `verdicts` all that one rule says. Where something keeps it from saying more, what it said before stands.
fn say_all(
    rule: &Asked,
    early: Option<&[(usize, Value)]>,
    job: &Job,
    engine: &mut Engine,
    inputs: &mut Inputs,
    verdicts: &mut Vec<Verdict>,
) -> Result<(), Trouble> {
    let shape = job.shape.unwrap_or(rule.shape);
    if let Some(said) = early {
        for (change, value) in said {
            let address = inputs.of_changes[*change].as_deref();
            verdicts.extend(answer::verdicts(rule, value, address, &inputs.addresses)?);
        }
    } else if rule.sight != Sight::Whole && !job.whole {
        let limit = Duration::from_secs(job.rule_seconds);
        let since = Instant::now();
        for (address, input) in each(&mut inputs.each, &inputs.plan, &inputs.beside, shape) {
            if since.elapsed() > limit {
                return Err(too_long(limit, rule.place()));
            }
            let address = address.as_deref();
            verdicts.extend(ask(engine, rule, input, address, &inputs.addresses)?);
        }
    } else {
        let input = inputs.whole(shape);
        verdicts.extend(ask(engine, rule, &input, None, &inputs.addresses)?);
    }
    Ok(())
}

fn too_long(limit: Duration, place: Option<Place>) -> Trouble {
    Trouble {
        reason: "timeout".into(),
        place,
        error: format!("took more than {} seconds", limit.as_secs()),
    }
}

/// Asks one rule about one input.
fn ask(
    engine: &mut Engine,
    rule: &Asked,
    input: &Value,
    address: Option<&str>,
    addresses: &Addresses,
) -> Result<Vec<Verdict>, Trouble> {
    engine.set_input(input.clone());
    let value = engine
        .eval_rule(rule.path.clone())
        .map_err(|error| trouble("evaluate", &error, rule.place()))?;
    answer::verdicts(rule, &value, address, addresses)
}

/// What a rule printed: it belongs in tests, and here it might hold what is secret.
fn prints(engine: &mut Engine, rule: &Asked) -> Vec<Trouble> {
    let printed: BTreeSet<String> = engine
        .take_prints()
        .unwrap_or_default()
        .into_iter()
        .collect();
    printed
        .into_iter()
        .take(PRINTS)
        .map(|line| {
            let mut parts = line.splitn(3, ':');
            let place = match (
                parts.next(),
                parts.next().and_then(|line| line.parse().ok()),
            ) {
                (Some(file), Some(line)) => Some(Place {
                    file: file.to_owned(),
                    line,
                }),
                _ => rule.place(),
            };
            Trouble {
                reason: "print".into(),
                place,
                error: format!("the policy prints:{}", parts.next().unwrap_or_default()),
            }
        })
        .collect()
}

/// Rules that the policies themselves make an exception of. They are asked about the whole plan, as conftest does.
fn exceptions(
    policies: &mut Policies,
    inputs: &mut Inputs,
    asked: &[Asked],
    say: &mut Say<'_>,
) -> io::Result<BTreeSet<(String, String)>> {
    let mut excepted = BTreeSet::new();
    let packages: BTreeMap<String, String> = policies
        .units
        .iter()
        .filter(|unit| has_exception(unit))
        .map(|unit| (unit.package.clone(), unit.rule_path("exception")))
        .collect();
    for (package, path) in packages {
        let of_package = || asked.iter().filter(|rule| rule.package == package);
        let Some(shape) = of_package().map(|rule| rule.shape).next() else {
            continue;
        };
        policies.engine.set_input(inputs.whole(shape));
        let value = match policies.engine.eval_rule(path) {
            Ok(value) => value,
            Err(error) => {
                say(&Answer::Trouble(trouble("evaluate", &error, None)))?;
                continue;
            }
        };
        let names = answer::names(&value);
        for rule in of_package() {
            // conftest names a rule without what makes it a rule: deny_public is "public", deny is "".
            let short = rule.name.split_once('_').map_or("", |(_, rest)| rest);
            if names.contains(short) {
                excepted.insert((package.clone(), rule.name.clone()));
            }
        }
    }
    Ok(excepted)
}

/// A change's address and the input that holds it alone.
type Each = BTreeMap<Shape, Vec<(Option<String>, Value)>>;

/// The plan in every form in which a rule may want it.
struct Inputs {
    plan: Value,
    beside: Value,
    /// The addresses of the changes, in their order.
    of_changes: Vec<Option<String>>,
    addresses: Addresses,
    each: Each,
}

impl Inputs {
    fn new(plan: Value, job: &Job) -> Self {
        let of_changes: Vec<Option<String>> = changes(&plan).iter().map(address).collect();
        Inputs {
            addresses: Addresses::new(of_changes.iter().flatten().cloned()),
            of_changes,
            beside: Value::from(job.beside.clone()),
            each: Each::new(),
            plan,
        }
    }

    fn whole(&self, shape: Shape) -> Value {
        wrap(self.plan.clone(), &self.beside, shape)
    }
}

/// The inputs with one change each; everything else of the plan is in each of them.
fn each<'a>(
    made: &'a mut Each,
    plan: &Value,
    beside: &Value,
    shape: Shape,
) -> &'a [(Option<String>, Value)] {
    made.entry(shape).or_insert_with(|| {
        changes(plan)
            .iter()
            .map(|change| {
                let alone = alone(plan.clone(), change);
                (address(change), wrap(alone, beside, shape))
            })
            .collect()
    })
}

/// A plan that does nothing but this.
pub(super) fn alone(mut plan: Value, change: &Value) -> Value {
    if let Ok(object) = plan.as_object_mut() {
        let list = Value::from(vec![change.clone()]);
        object.insert(Value::from(CHANGES), list);
    }
    plan
}

fn changes(plan: &Value) -> Vec<Value> {
    let list = &plan[CHANGES];
    list.as_array()
        .map(|list| list.iter().cloned().collect())
        .unwrap_or_default()
}

fn address(change: &Value) -> Option<String> {
    change["address"].as_string().ok().map(ToString::to_string)
}

/// The plan where rules of this shape look for it.
pub(super) fn wrap(plan: Value, beside: &Value, shape: Shape) -> Value {
    let Some((plan_key, beside_key)) = shape.keys() else {
        return plan;
    };
    let mut outer = Value::new_object();
    if let Ok(object) = outer.as_object_mut() {
        object.insert(Value::from(plan_key), plan);
        object.insert(Value::from(beside_key), beside.clone());
    }
    outer
}

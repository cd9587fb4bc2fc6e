//! `review` of a directory: several plans in one sitting, an approval for each, and the manifest that binds them.
//!
//! Each plan has a desk of its own, which knows nothing of the others. What is said on the screen of a row is handed to
//! the desk of its plan, and every desk keeps, signs and sends back as it does alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arcstr::ArcStr;

use super::check::print;
use super::loading::{self, Unread};
use super::open::PlanArgument;
use super::places::StateDirectory;
use super::plain::About;
use super::prompts::Heard;
use super::report::Report;
use super::results::{Destination, Results};
use super::review::{Arguments, Review, prepare};
use super::signing;
use super::since;
use crate::approval::set::{self, Manifest};
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanMode;
use crate::plan::units::{self, Unit};
use crate::review::carry::Earlier;
use crate::review::log::Log;
use crate::risk::Judged;
use crate::text::visible;
use crate::ui::hands::{Hands as _, Outcome};
use crate::ui::{self, Setup};

mod desks;

use desks::{Desks, json_alone, of_plan};

/// Reviews the plans of a directory together.
pub fn review(
    arguments: &Arguments,
    argument: &PlanArgument,
    state: &StateDirectory,
) -> Result<Outcome, Failure> {
    refuse_emergency(arguments)?;
    let mut earlier = match &arguments.since {
        Some(path) => since::of_set(path, state)?,
        None => BTreeMap::new(),
    };
    loop {
        let (outcome, desks) = sit(arguments, argument, state, earlier)?;
        if outcome != Outcome::Remade {
            return Ok(outcome);
        }
        earlier = desks.earlier()?;
    }
}

/// One sitting over the plans as they are now.
fn sit(
    arguments: &Arguments,
    argument: &PlanArgument,
    state: &StateDirectory,
    earlier: BTreeMap<String, Earlier>,
) -> Result<(Outcome, Desks), Failure> {
    let directory = &argument.plan;
    let found = units::in_order(&units::find(directory)?, &[&arguments.directory, directory])?;
    let mut plans = open_each(found.units, arguments, argument, state, earlier)?;
    if found.told {
        last_destroyed_first(&mut plans);
    } else {
        as_written_down(&mut plans, directory);
    }
    let Laid {
        mut desks,
        unread,
        setup,
    } = lay(plans, arguments, directory, found.notes.first())?;
    let loading = loading::start(unread);
    if !arguments.plain {
        let outcome = ui::run(setup, &loading.messages, &mut desks)?;
        return Ok((outcome, desks));
    }
    for note in &found.notes {
        print(&format!("{}\n", visible(note)))?;
    }
    let heard = Heard::of(setup.log.clone(), &loading.messages)?;
    let outcome = at_prompts(heard, setup, &mut desks)?;
    Ok((outcome, desks))
}

/// Opens each plan, as a review of it alone would.
fn open_each(
    units: Vec<Unit>,
    arguments: &Arguments,
    argument: &PlanArgument,
    state: &StateDirectory,
    mut earlier: BTreeMap<String, Earlier>,
) -> Result<Vec<(Unit, Review)>, Failure> {
    let mut plans = Vec::new();
    for unit in units {
        let configuration = unit.directory(&arguments.directory);
        let argument = PlanArgument {
            plan: argument.plan.join(&unit.path),
            directory: Some(configuration.clone()),
            ..argument.clone()
        };
        let arguments = Arguments {
            directory: configuration,
            ..arguments.clone()
        };
        let since = earlier.remove(&unit.path);
        let mut review = prepare(&arguments, &argument, state.clone(), since)
            .map_err(|failure| failure.of(&unit.name))?;
        review.name.clone_from(&unit.name);
        if let (Some(output), Results::Beside { approval, .. }) =
            (&arguments.output, &mut review.results)
        {
            *approval = Destination::Beside(output.join(&unit.path));
        }
        plans.push((unit, review));
    }
    Ok(plans)
}

/// Turns the order round where everything is destroyed: what others rest on goes after them.
fn last_destroyed_first(plans: &mut [(Unit, Review)]) {
    let destroys = |(_, review): &(Unit, Review)| {
        let mode = review.file.as_ref().map(|file| file.mode);
        mode == Some(PlanMode::Destroy)
    };
    if plans.iter().all(destroys) {
        plans.reverse();
    }
}

/// Sorts as a manifest says that lies there already: of an earlier reviewer, or of somebody who wrote down an order.
fn as_written_down(plans: &mut [(Unit, Review)], directory: &Path) {
    let written = std::fs::read_to_string(directory.join(set::FILE)).ok();
    if let Some(manifest) = written.and_then(|text| Manifest::parse(&text).ok()) {
        let order = &manifest.plans;
        let at = |unit: &Unit| order.iter().position(|(_, path)| *path == unit.path);
        plans.sort_by_key(|(unit, _)| at(unit).unwrap_or(usize::MAX));
    }
}

/// Several plans that are laid out for review.
struct Laid {
    desks: Desks,
    unread: Vec<Unread>,
    setup: Setup,
}

/// Lays every plan out on a desk of its own. `note` is what is said of their order.
fn lay(
    plans: Vec<(Unit, Review)>,
    arguments: &Arguments,
    directory: &Path,
    note: Option<&String>,
) -> Result<Laid, Failure> {
    let manifest = manifest(&plans);
    let paths = plans.iter().map(|(unit, _)| unit.path.clone()).collect();
    let (mut desks, mut unread) = (Vec::new(), Vec::new());
    let mut identity = match &manifest {
        Some(_) => Ok(String::new()),
        None => Err(Box::new(json_alone())),
    };
    let (mut log, mut policies, mut scopes) = (Log::default(), BTreeMap::new(), Vec::new());
    for (unit, review) in plans {
        let name: ArcStr = unit.name.as_str().into();
        let member = manifest.as_ref().map(|set| set.member(&unit.path));
        let laid = review.lay(Some(name.clone()), member)?;
        identity = identity.and_then(|_| {
            laid.identity
                .map_err(|failure| Box::new(failure.of(&unit.name)))
        });
        if let Some(earlier) = laid.restored {
            log.append(earlier.in_unit(Some(&name)));
        }
        policies.extend(laid.policies);
        let signing = laid.desk.signing.as_ref();
        scopes.extend(signing.map(|signing| signing.scope.id.clone()));
        unread.push(laid.unread);
        desks.push((name, laid.desk));
    }
    scopes.dedup();
    let signings = desks.iter().map(|(_, desk)| desk.signing.as_ref());
    let then = signings.collect::<Option<Vec<_>>>();
    let then = then.and_then(|signings| signing::then(&signings));
    let name = name_of(directory);
    let restored = (!log.entries().is_empty()).then(|| loading::describe(&log));
    let setup = Setup {
        plan: name.clone(),
        set: Some(ui::Set {
            units: desks.iter().map(|(unit, _)| unit.clone()).collect(),
            sha256: manifest.as_ref().map(Manifest::sha256),
        }),
        phrase: match &scopes[..] {
            [only] => only.clone(),
            _ => name,
        },
        target: (!scopes.is_empty()).then(|| scopes.join(", ")),
        identity,
        log,
        restored: note.cloned().or(restored),
        task: None,
        then,
        policies: Arc::new(policies),
        watch: arguments.watch,
        theme: arguments.looks.theme(),
    };
    let desks = Desks {
        plans: desks,
        paths,
        output: arguments.output.clone(),
        saved: BTreeMap::new(),
        directory: directory.to_owned(),
        manifest,
    };
    Ok(Laid {
        desks,
        unread,
        setup,
    })
}

/// The set, where every plan is a plan file.
fn manifest(plans: &[(Unit, Review)]) -> Option<Manifest> {
    let digests = plans.iter().map(|(unit, review)| {
        let file = review.file.as_ref()?;
        Some((Hex(file.sha256), unit.path.clone()))
    });
    let plans = digests.collect::<Option<Vec<_>>>()?;
    Some(Manifest { plans })
}

/// Refuses to break the glass for several plans at once: the first that is applied would stop the others.
fn refuse_emergency(arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.break_glass {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        "set-break-glass",
        "--break-glass is for one plan, not for a directory of plans",
    )
    .hint("After an emergency nothing else is applied until a second person has countersigned, not even the next plan of a set.")
    .hint("Name the one plan of the directory that cannot wait."))
}

fn name_of(directory: &Path) -> String {
    let whole = directory.canonicalize();
    let whole = whole.as_deref().unwrap_or(directory);
    whole.file_name().map_or_else(
        || "plans".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Tells of each plan, then asks.
fn at_prompts(heard: Heard, setup: Setup, desks: &mut Desks) -> Result<Outcome, Failure> {
    if !heard.log.entries().is_empty() {
        desks.save(&heard.log, &heard.rows)?;
    }
    let read: Vec<_> = desks
        .plans
        .iter()
        .map(|(unit, desk)| (unit.clone(), desk.file.clone(), Arc::clone(&desk.loaded)))
        .collect();
    let mut about = Vec::new();
    for (unit, file, loaded) in &read {
        about.push(About {
            unit: Some(unit.clone()),
            judgement: loaded.judgement()?,
            file: file.as_ref(),
        });
    }
    for plan in &about {
        let rows: Vec<Judged> = of_plan(&heard.rows, plan.unit.as_ref());
        let report = Report {
            name: plan.unit.as_deref().unwrap_or_default(),
            judgement: plan.judgement,
            file: plan.file,
            rows: &rows,
        };
        print(&format!("{}\n", report.to_text()))?;
    }
    heard.ask(setup, about, false, desks)
}

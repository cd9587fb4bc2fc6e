//! `review` of a directory: several plans in one sitting, an approval for each, and the manifest that binds them.
//!
//! Each plan has a desk of its own, which knows nothing of the others. What is said on the screen of a row is handed to
//! the desk of its plan, and every desk keeps, signs and sends back as it does alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arcstr::ArcStr;

use super::check::print;
use super::desk::{Desk, Destination, Results, edit, write_private};
use super::loading;
use super::open::PlanArgument;
use super::places::StateDirectory;
use super::plain::About;
use super::prompts::Heard;
use super::report::Report;
use super::review::{Arguments, prepare};
use super::signing;
use super::since;
use crate::approval::set::{self, Manifest};
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::PlanMode;
use crate::plan::units::{self, Unit};
use crate::plan::values::Values;
use crate::review::Key;
use crate::review::carry::Earlier;
use crate::review::log::Log;
use crate::risk::Judged;
use crate::text::visible;
use crate::ui::hands::{Disk, Hands, Outcome, Receipt, SignJob, SignRequest};
use crate::ui::{self, Setup};

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
    mut earlier: BTreeMap<String, Earlier>,
) -> Result<(Outcome, Desks), Failure> {
    let directory = &argument.plan;
    let found = units::in_order(&units::find(directory)?, &[&arguments.directory, directory])?;
    let mut plans = Vec::new();
    for unit in found.units {
        let configuration = unit.directory(&arguments.directory);
        let argument = PlanArgument {
            plan: directory.join(&unit.path),
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
    let destroys = |mode: Option<PlanMode>| mode == Some(PlanMode::Destroy);
    if found.told {
        // What others rest on is destroyed after them.
        if plans
            .iter()
            .all(|(_, review)| destroys(review.file.as_ref().map(|file| file.mode)))
        {
            plans.reverse();
        }
    } else if let Some(order) = standing_order(directory) {
        let at = |unit: &Unit| order.iter().position(|path| *path == unit.path);
        plans.sort_by_key(|(unit, _)| at(unit).unwrap_or(usize::MAX));
    }
    let digests = plans.iter().map(|(unit, review)| {
        let file = review.file.as_ref()?;
        Some((Hex(file.sha256), unit.path.clone()))
    });
    let manifest = digests
        .collect::<Option<Vec<_>>>()
        .map(|plans| Manifest { plans });

    let paths = plans.iter().map(|(unit, _)| unit.path.clone()).collect();
    let mut desks = Vec::new();
    let mut unread = Vec::new();
    let mut identity = Ok(String::new());
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
        scopes.extend(
            laid.desk
                .signing
                .as_ref()
                .map(|signing| signing.scope.id.clone()),
        );
        unread.push(laid.unread);
        desks.push((name, laid.desk));
    }
    if manifest.is_none() {
        identity = Err(Box::new(json_alone()));
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
        restored: found.notes.first().cloned().or(restored),
        task: None,
        then,
        policies: Arc::new(policies),
        watch: arguments.watch,
        theme: arguments.looks.theme(),
    };
    let mut desks = Desks {
        plans: desks,
        paths,
        output: arguments.output.clone(),
        saved: BTreeMap::new(),
        directory: directory.clone(),
        manifest,
    };
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

/// The order of a manifest that lies there already: of an earlier reviewer, or of somebody who wrote down an order.
fn standing_order(directory: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(directory.join(set::FILE)).ok()?;
    let plans = Manifest::parse(&text).ok()?.plans.into_iter();
    Some(plans.map(|(_, path)| path).collect())
}

fn name_of(directory: &Path) -> String {
    let whole = directory.canonicalize();
    let whole = whole.as_deref().unwrap_or(directory);
    whole.file_name().map_or_else(
        || "plans".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn json_alone() -> Failure {
    Failure::new(
        Exit::Usage,
        "set-json",
        "several plans are signed by their plan files, and one of these is a JSON alone",
    )
    .hint("Plan with terragrunt run --all plan --out-dir DIR, which leaves the plan files.")
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

/// The rows of one plan, as they would be without the others.
fn of_plan(rows: &[Judged], unit: Option<&ArcStr>) -> Vec<Judged> {
    let rows = rows.iter().filter(|row| row.unit.as_ref() == unit);
    rows.map(|row| Judged {
        unit: None,
        ..row.clone()
    })
    .collect()
}

/// The desks of several plans.
struct Desks {
    plans: Vec<(ArcStr, Desk)>,
    /// Their paths in the directory, in the same order.
    paths: Vec<String>,
    /// Below which directory approvals are written, if not beside the plans.
    output: Option<PathBuf>,
    /// What is on disk of each.
    saved: BTreeMap<ArcStr, Log>,
    directory: PathBuf,
    /// The set, where all its plans are plan files.
    manifest: Option<Manifest>,
}

impl Desks {
    /// This review as an earlier one of the plans that were made again, by their paths. What was said of the others is in
    /// their drafts.
    fn earlier(mut self) -> Result<BTreeMap<String, Earlier>, Failure> {
        let mut earlier = BTreeMap::new();
        for (path, (_, desk)) in self.paths.into_iter().zip(&mut self.plans) {
            if desk.disk() != Disk::AsRead {
                earlier.extend(desk.earlier()?.map(|review| (path, review)));
            }
        }
        Ok(earlier)
    }
}

impl Hands for Desks {
    fn values(&mut self, judged: &Judged) -> Result<(String, Values), Failure> {
        let unit = judged.unit.as_ref();
        let desk = self.plans.iter_mut().find(|(name, _)| Some(name) == unit);
        let (_, desk) = desk.expect("a row is of a plan that has a desk");
        desk.values(judged)
    }

    fn save(&mut self, log: &Log, rows: &[Judged]) -> Result<(), Failure> {
        for (unit, desk) in &mut self.plans {
            let said = log.of_unit(unit);
            let known = self.saved.get(unit);
            if known.map_or(said.entries().is_empty(), |known| *known == said) {
                continue;
            }
            // Only what is spoken of is needed, and a plan may have many rows.
            let spoken = log.verdicts();
            let rows: Vec<Judged> = rows
                .iter()
                .filter(|row| row.unit.as_ref() == Some(unit))
                .filter(|row| spoken.contains_key(&Key::of(row)))
                .map(|row| Judged {
                    unit: None,
                    ..row.clone()
                })
                .collect();
            desk.save(&said, &rows)?;
            self.saved.insert(unit.clone(), said);
        }
        Ok(())
    }

    fn sign(&mut self, request: SignRequest) -> SignJob {
        // The drafts go with the signatures; whoever goes on after a failure saves them again.
        self.saved.clear();
        let mut jobs = Vec::new();
        for (unit, desk) in &mut self.plans {
            let of_unit = |key: &Key| key.unit.as_ref() == Some(unit);
            let mut acks: Vec<_> = request
                .acks
                .iter()
                .filter(|ack| of_unit(&ack.requirement.key))
                .cloned()
                .collect();
            for ack in &mut acks {
                ack.requirement.key.unit = None;
            }
            let comments = request.comments.iter().filter(|(key, _)| of_unit(key));
            let comments = comments.map(|(key, text)| {
                let key = Key {
                    unit: None,
                    ..key.clone()
                };
                (key, text.clone())
            });
            let request = SignRequest {
                acks,
                comments: comments.collect(),
            };
            jobs.push((unit.clone(), desk.sign(request)));
        }
        let manifest = self.manifest.clone();
        let (directory, output) = (self.directory.clone(), self.output.clone());
        SignJob {
            needs_terminal: jobs.iter().any(|(_, job)| job.needs_terminal),
            waits_for: format!(
                "{} signatures of the ssh-agent; your key may want a touch for each",
                jobs.len()
            ),
            run: Box::new(move || sign_all(jobs, manifest, &directory, output.as_deref())),
        }
    }

    fn reject(&mut self, log: &Log, rows: &[Judged]) -> Result<String, Failure> {
        let mut out = String::new();
        for (unit, desk) in &mut self.plans {
            let said = log.of_unit(unit);
            // A plan that nobody objects to waits for the others; what was said of it is in its draft.
            let objected = said
                .verdicts()
                .values()
                .any(|said| matches!(said, crate::review::log::Said::Object(_)));
            if objected {
                let rows = of_plan(rows, Some(unit));
                out.push_str(&desk.reject(&said, &rows)?);
                out.push('\n');
            }
        }
        Ok(out)
    }

    fn disk(&mut self) -> Disk {
        let mut worst = Disk::AsRead;
        for (_, desk) in &mut self.plans {
            worst = match (worst, desk.disk()) {
                (Disk::Changed, _) | (_, Disk::Changed) => Disk::Changed,
                (Disk::CopyStands, _) | (_, Disk::CopyStands) => Disk::CopyStands,
                (Disk::AsRead, Disk::AsRead) => Disk::AsRead,
            };
        }
        worst
    }

    fn edit(&mut self, text: &str) -> Result<String, Failure> {
        edit(text)
    }
}

/// Makes every signature, and writes the manifest when the last is there: without it none of them is of use.
fn sign_all(
    jobs: Vec<(ArcStr, SignJob)>,
    manifest: Option<Manifest>,
    directory: &Path,
    output: Option<&Path>,
) -> Result<Receipt, Failure> {
    let manifest = manifest.ok_or_else(json_alone)?;
    let mut out = String::new();
    for (unit, job) in jobs {
        let Receipt(receipt) = (job.run)().map_err(|failure| {
            failure.of(&unit).hint(
                "Approvals of the plans before it are written; they count only with those of all.",
            )
        })?;
        out.push_str(&receipt);
        out.push('\n');
    }
    let path = directory.join(set::FILE);
    write_private(&path, &manifest.to_text())?;
    let shown = |path: &Path| visible(&path.display().to_string()).into_owned();
    let elsewhere = output.map(|output| format!(" --approval {}", shown(output)));
    Ok(Receipt(format!(
        "{out}set          {}\nmanifest     {}\n\nverify them  undersign verify {}{}\n",
        Hex(manifest.sha256()),
        shown(&path),
        shown(directory),
        elsewhere.unwrap_or_default(),
    )))
}

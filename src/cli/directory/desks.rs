//! The desks of several plans, as the one pair of hands of a sitting.
//!
//! What is said on the screen of a row is handed to the desk of its plan. No signature is of use without all of them, so
//! the manifest that binds them is written when the last is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arcstr::ArcStr;

use crate::approval::set::{self, Manifest};
use crate::approval::statement::Hex;
use crate::cli::desk::Desk;
use crate::cli::editor;
use crate::failure::{Exit, Failure};
use crate::plan::values::Values;
use crate::review::carry::Earlier;
use crate::review::log::{Log, Said};
use crate::review::{Key, private};
use crate::risk::Judged;
use crate::text::visible;
use crate::ui::hands::{Disk, Hands, Receipt, SignJob, SignRequest};

/// The desks of several plans.
pub(super) struct Desks {
    /// Each with the name of its plan.
    pub plans: Vec<(ArcStr, Desk)>,
    /// Their paths in the directory, in the same order.
    pub paths: Vec<String>,
    /// Below which directory approvals are written, if not beside the plans.
    pub output: Option<PathBuf>,
    /// What is on disk of each.
    pub saved: BTreeMap<ArcStr, Log>,
    /// Where the plans lie, and the manifest will.
    pub directory: PathBuf,
    /// The set, where all its plans are plan files.
    pub manifest: Option<Manifest>,
}

impl Desks {
    /// This review as an earlier one of the plans that were made again, by their paths. What was said of the others is in
    /// their drafts.
    pub fn earlier(mut self) -> Result<BTreeMap<String, Earlier>, Failure> {
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
            let rows = rows.iter().filter(|row| spoken.contains_key(&Key::of(row)));
            let rows = of_plan(rows, Some(unit));
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
            jobs.push((unit.clone(), desk.sign(of_request(&request, unit))));
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
                .any(|said| matches!(said, Said::Object(_)));
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
        editor::edit(text)
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
    private::replace(&path, manifest.to_text().as_bytes())
        .map_err(|error| Failure::io(path.display(), &error))?;
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

/// The rows of one plan, as they would be without the others.
pub(super) fn of_plan<'a>(
    rows: impl IntoIterator<Item = &'a Judged>,
    unit: Option<&ArcStr>,
) -> Vec<Judged> {
    let own = rows.into_iter().filter(|row| row.unit.as_ref() == unit);
    own.map(|row| Judged {
        unit: None,
        ..row.clone()
    })
    .collect()
}

/// What of a signature over all plans is about one of them.
fn of_request(request: &SignRequest, unit: &ArcStr) -> SignRequest {
    let own = |key: &Key| {
        (key.unit.as_ref() == Some(unit)).then(|| Key {
            unit: None,
            ..key.clone()
        })
    };
    let acks = request.acks.iter().filter_map(|ack| {
        let key = own(&ack.requirement.key)?;
        let mut ack = ack.clone();
        ack.requirement.key = key;
        Some(ack)
    });
    let comments = request.comments.iter();
    SignRequest {
        acks: acks.collect(),
        comments: comments
            .filter_map(|(key, text)| Some((own(key)?, text.clone())))
            .collect(),
    }
}

/// Refuses to sign plans of which one has no plan file.
pub(super) fn json_alone() -> Failure {
    Failure::new(
        Exit::Usage,
        "set-json",
        "several plans are signed by their plan files, and one of these is a JSON alone",
    )
    .hint("Plan with terragrunt run --all plan --out-dir DIR, which leaves the plan files.")
}

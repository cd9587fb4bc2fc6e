//! What a review needs of the world: values on demand, the draft on disk, the signature, the rejection.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use jiff::SignedDuration;

use super::identity::Identity;
use super::loading::Loaded;
use super::places::StateDirectory;
use super::watch::Watched;
use crate::approval::emergency::Emergency;
use crate::approval::facts::Facts;
use crate::approval::set::Member;
use crate::approval::sign::{self, Job};
use crate::approval::sshsig::Assurance;
use crate::approval::statement::{Hex, Nonce, Policy, Reviewer, Said, Statement};
use crate::failure::{Exit, Failure};
use crate::plan::archive::{PlanFile, Sha256};
use crate::plan::effect::Kind;
use crate::plan::source::Source;
use crate::plan::values::Values;
use crate::process::{Bond, Child, Directory};
use crate::review::Key;
use crate::review::carry::Earlier;
use crate::review::carry::memory::{Memory, Remembered};
use crate::review::draft::Draft;
use crate::review::log::Log;
use crate::review::memory;
use crate::review::rejection::Rejection;
use crate::risk::{self, Judged};
use crate::text::visible;
use crate::trust::{Scope, Trust};
use crate::ui::hands::{Disk, Hands, Receipt, SignJob, SignRequest};

/// Whose signature counts for the plan, and who sits here.
#[derive(Debug)]
pub struct Signing {
    /// The trust file.
    pub trust: Trust,
    /// The scope that holds for the plan.
    pub scope: Scope,
    /// The reviewer.
    pub identity: Identity,
    /// Why the ordinary rules cannot be waited for, if they cannot.
    pub emergency: Option<Emergency>,
    /// Digest of the list of files that the plan is applied among, where the trust file binds them.
    pub files_sha256: Option<Sha256>,
}

impl Signing {
    /// The namespace of the signature, what it must prove, and how long it counts.
    pub(super) fn rules(&self) -> (&str, Assurance, SignedDuration) {
        let signing = &self.trust.signing;
        match (&self.emergency, &self.trust.break_glass) {
            (Some(_), Some(rules)) => (
                &signing.breakglass_namespace,
                rules.min_assurance,
                rules.max_age,
            ),
            (Some(_) | None, _) => (
                &signing.namespace,
                self.scope.min_assurance,
                self.scope.max_age,
            ),
        }
    }
}

/// Where the results of a review go.
#[derive(Debug, Clone)]
pub enum Results {
    /// Beside the plan; the approval may have a place of its own.
    Beside {
        /// The plan.
        plan: PathBuf,
        /// Where the approval goes.
        approval: Destination,
    },
    /// Into a directory that goes away with the process.
    Nowhere(PathBuf),
}

/// Where an approval goes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Into this file.
    File(PathBuf),
    /// Into the directory of the approvals of a plan that lies here, or would.
    Beside(PathBuf),
}

/// The desk that one review happens at.
pub struct Desk {
    /// The plan's name for people.
    pub name: String,
    /// Which plan of which set it is, where several are reviewed together.
    pub member: Option<Member>,
    /// Where rows are read again.
    pub source: Arc<Source>,
    /// The plan file, if the JSON was made from one.
    pub file: Option<PlanFile>,
    /// What the loader leaves here when the plan is read.
    pub loaded: Arc<Loaded>,
    /// Digest of everything that the policies were evaluated from.
    pub policy_sha256: Option<Sha256>,
    /// Where drafts and memories lie; none are kept in a demo.
    pub state: Option<StateDirectory>,
    /// What was put on disk of this review for the next one.
    pub remembered: BTreeMap<Key, Remembered>,
    /// What was approved last where this plan goes.
    pub memory: Option<memory::Memory>,
    /// Who signs; without it nothing can be signed.
    pub signing: Option<Signing>,
    /// Where approval and rejection go.
    pub results: Results,
    /// The plan on disk, where it has a name that another one can take.
    pub watched: Option<Watched>,
    /// When the review began.
    pub since: Instant,
}

impl Desk {
    /// Digest of what is reviewed; of a plan JSON it is known at the end.
    fn digest(&self) -> Option<Sha256> {
        self.file
            .as_ref()
            .map(|file| file.sha256)
            .or_else(|| self.loaded.json_sha256())
    }

    fn draft(&self) -> Option<Draft> {
        let state = self.state.as_ref()?;
        Some(Draft::new(&state.drafts(), &self.digest()?))
    }

    /// Keeps what was said and what it was said of, for a plan that will be made again.
    fn remember(&mut self, log: &Log, rows: &[Judged]) -> Result<(), Failure> {
        let (Some(state), Some(digest)) = (&self.state, self.digest()) else {
            return Ok(());
        };
        let memory = Memory::open(&state.carry(), &digest)?;
        let placed = memory.carry_key().at(self.file.as_ref());
        let mut fresh = BTreeMap::new();
        for (key, said) in log.verdicts() {
            let known = self.remembered.remove(key).filter(|row| row.said == *said);
            let row = known.or_else(|| {
                let judged = rows.iter().find(|judged| Key::of(judged) == *key)?;
                // A row that cannot be read again is asked again.
                let item = match judged.effect.kind {
                    Kind::Plan => None,
                    _ => Some(self.source.item(&judged.effect).ok()?),
                };
                let identity = placed.identity(judged, item.as_deref())?;
                Some(Remembered::new(said.clone(), judged, identity))
            });
            fresh.extend(row.map(|row| (key.clone(), row)));
        }
        self.remembered = fresh;
        let rows: Vec<Remembered> = self.remembered.values().cloned().collect();
        memory.save(&rows)
    }

    /// This review as an earlier one, for the plan that was made again.
    pub fn earlier(&self) -> Result<Option<Earlier>, Failure> {
        let (Some(state), Some(digest)) = (&self.state, self.digest()) else {
            return Ok(None);
        };
        let memory = Memory::open(&state.carry(), &digest)?;
        let rows = memory.load()?;
        Ok(rows.map(|rows| Earlier::new(memory.plan_sha256(), memory.carry_key().clone(), rows)))
    }

    fn prepare(&self, request: SignRequest) -> Result<Job, Failure> {
        let signing = self
            .signing
            .as_ref()
            .ok_or_else(|| Failure::new(Exit::Usage, "no-signer", "nothing can be signed here"))?;
        let mut facts = Facts::of(
            &self.name,
            self.file.as_ref(),
            self.loaded.unblocked()?,
            &signing.scope.id,
        )?
        .under(self.policy_sha256);
        facts.workdir_sha256 = signing.files_sha256;
        facts.set.clone_from(&self.member);
        let (namespace, min_assurance, max_age) = signing.rules();
        let now = jiff::Timestamp::now();
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| {
            Failure::new(
                Exit::Internal,
                "random",
                format!("no random bytes: {error}"),
            )
        })?;
        let nonce = Nonce(nonce);
        let comment = request
            .comments
            .iter()
            .map(|(key, text)| format!("{key}: {text}"))
            .collect::<Vec<_>>()
            .join("\n");
        let said = Said {
            reviewer: Reviewer {
                person: signing.identity.person.clone(),
                key: signing.identity.key.fingerprint(),
            },
            requester: None,
            nonce,
            issued_at: now,
            expires_at: now + max_age,
            acks: request.acks,
            seconds: self.since.elapsed().as_secs(),
            comment,
        };
        let policy = Policy {
            ruleset_sha256: Hex(risk::ruleset_sha256()),
            inputs_sha256: facts.policy_sha256.map(Hex),
            trust_version: signing.trust.version,
        };
        let path = match &self.results {
            Results::Beside { approval, .. } => match approval {
                Destination::File(path) => path.clone(),
                Destination::Beside(plan) => {
                    sign::default_path(plan, &signing.identity.person, nonce)
                }
            },
            Results::Nowhere(directory) => directory.join("approval.json"),
        };
        let statement = Statement::approve(&facts, policy, said);
        Ok(Job {
            statement: match &signing.emergency {
                Some(emergency) => statement.in_emergency(emergency.clone()),
                None => statement,
            },
            signer: signing
                .identity
                .signer(signing.trust.signing.allow_unencrypted_keys)?,
            namespace: namespace.into(),
            min_assurance,
            path,
        })
    }

    /// The receipt: what was signed, by whom, where it is, and how it is checked.
    fn receipt(&self, job: &Job) -> impl FnOnce(&sign::Receipt) -> String + Send + 'static {
        let name = self.name.clone();
        let subject = Hex(job.statement.subject_sha256()).to_string();
        let approval = &job.statement.predicate;
        let (person, scope, expires) = (
            approval.reviewer.person.clone(),
            approval.target.scope.clone(),
            approval.expires_at,
        );
        let acks = approval.acknowledgements.len();
        // Of a set it is the set that is verified.
        let kept = matches!(self.results, Results::Beside { .. });
        let alone = self.member.is_none();
        move |receipt| {
            let path = visible(&receipt.path.display().to_string()).into_owned();
            let name = visible(&name);
            let mut out = format!(
                "undersigned  {name}\nsha256       {subject}\nby           {person}  {} ({}, {})\nfor          {scope}, until {expires}\nacknowledged {acks}\n",
                receipt.key.fingerprint(),
                receipt.key.key_type().name(),
                receipt.assurance.word(),
            );
            if kept {
                let _ = writeln!(out, "approval     {path}");
            }
            if kept && alone {
                let _ = write!(
                    out,
                    "\nverify it    undersign verify {name} --approval {path}\n"
                );
            }
            out
        }
    }
}

impl Hands for Desk {
    fn values(&mut self, judged: &Judged) -> Result<(String, Values), Failure> {
        let effect = &judged.effect;
        let item = self.source.item(effect)?;
        let values = Values::of_item(&item).map_err(|error| {
            Failure::new(
                Exit::BadPlan,
                "values",
                format!("the values of {} cannot be read: {error}", effect.address()),
            )
        })?;
        Ok((item, values))
    }

    fn save(&mut self, log: &Log, rows: &[Judged]) -> Result<(), Failure> {
        match (self.draft(), &self.state) {
            (Some(draft), _) => {
                draft.save(log)?;
                self.remember(log, rows)
            }
            (None, None) => Ok(()),
            // Nobody knows the digest of a plan JSON before its end; the screen saves again then.
            (None, Some(_)) => Err(Failure::new(
                Exit::Internal,
                "loading",
                "the draft is written when the plan is read to its end",
            )),
        }
    }

    fn sign(&mut self, request: SignRequest) -> SignJob {
        match self.prepare(request) {
            Ok(job) => {
                let receipt = self.receipt(&job);
                let draft = self.draft();
                let approved = self.memory.clone().zip(self.file.clone());
                SignJob {
                    needs_terminal: job.needs_terminal(),
                    waits_for: "the ssh-agent; your key may want a touch".into(),
                    run: Box::new(move || {
                        if job.needs_terminal() {
                            // The screen has stepped aside; what comes next on the terminal is OpenSSH's question.
                            eprintln!("ssh-keygen signs with {}:", job.signer.key().fingerprint());
                        }
                        let written = job.run()?;
                        // The approval holds all of it; a draft that stays does no harm.
                        let _ = draft.map(|draft| draft.remove());
                        // It is signed; what is not remembered is only a warning less at the next plan.
                        let _ = approved.map(|(memory, plan)| memory.note(&plan));
                        Ok(Receipt(receipt(&written)))
                    }),
                }
            }
            Err(failure) => SignJob {
                needs_terminal: false,
                waits_for: String::new(),
                run: Box::new(|| Err(failure)),
            },
        }
    }

    fn reject(&mut self, log: &Log, rows: &[Judged]) -> Result<String, Failure> {
        let by = self
            .signing
            .as_ref()
            .map(|signing| signing.identity.person.as_str());
        let now = jiff::Timestamp::now().to_string();
        let judgement = self.loaded.judgement()?;
        let digest = self
            .file
            .as_ref()
            .map_or(judgement.header.sha256, |file| file.sha256);
        let rejection = Rejection::new(
            &self.name,
            &Hex(digest).to_string(),
            by,
            &now,
            log,
            rows,
            &judgement.secrets,
        );
        let Results::Beside { plan, .. } = &self.results else {
            return Ok(rejection.to_markdown());
        };
        let (json, markdown) = (
            beside(plan, ".rejection.json"),
            beside(plan, ".rejection.md"),
        );
        for (path, text) in [
            (&json, rejection.to_json()),
            (&markdown, rejection.to_markdown()),
        ] {
            write_private(path, &text)?;
        }
        Ok(format!(
            "changes requested on {}\n\nfor programs  {}\nfor people    {}\n",
            self.name,
            json.display(),
            markdown.display()
        ))
    }

    fn disk(&mut self) -> Disk {
        match &self.watched {
            Some(watched) if watched.has_changed() => {
                if self.file.is_some() {
                    Disk::CopyStands
                } else {
                    Disk::Changed
                }
            }
            Some(_) | None => Disk::AsRead,
        }
    }

    fn edit(&mut self, text: &str) -> Result<String, Failure> {
        edit(text)
    }
}

/// Lets the reviewer write in an editor of their own.
pub(super) fn edit(text: &str) -> Result<String, Failure> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(std::env::var_os)
        .unwrap_or_else(|| "vi".into());
    let failed = |error: std::io::Error| Failure::io("a file to edit", &error);
    let directory = Directory::new().map_err(failed)?;
    let file = directory.path().join("words.txt");
    std::fs::write(&file, text).map_err(failed)?;
    let editor_words = editor.to_string_lossy().into_owned();
    let mut words = editor_words.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let mut command = Command::new(program);
    command.args(words).arg(&file);
    let status = Child::start(&mut command, Bond::Terminal)
        .and_then(|mut editor| editor.wait())
        .map_err(|error| Failure::io(format!("the editor {program}"), &error))?;
    if !status.success() {
        return Err(Failure::new(
            Exit::Internal,
            "editor",
            format!("the editor {program} ended with {status}"),
        )
        .hint("Set EDITOR to the one you use."));
    }
    std::fs::read_to_string(&file).map_err(|error| Failure::io("the edited text", &error))
}

fn beside(plan: &Path, ending: &str) -> PathBuf {
    let mut path = plan.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Writes a file that only its owner can read; one that was there before is replaced.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(path.display(), &error);
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

//! Opening a plan: the tool is run for a plan file, a plan JSON is read as it is.

use std::fs::File;
use std::io::{Cursor, IsTerminal as _, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::silence::Silence;
use crate::failure::{Exit, Failure};
use crate::gate::environment::ProviderSource;
use crate::gate::prepare::{Prepared, Providers, Setup, Told};
use crate::gate::sealed::SealedPlan;
use crate::gate::show::Shown;
use crate::plan::archive::PlanFile;
use crate::plan::digest::Bytes;
use crate::plan::input::{self, Format};
use crate::plan::source::{self, Source, Spool};

/// Where the plan comes from.
#[derive(Debug, Clone, Args)]
pub struct PlanArgument {
    /// A plan file, the JSON that `terraform show -json` prints of it, `-` for JSON on standard input, or, to review and
    /// check, a directory of several.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,

    /// The terraform or tofu to read a plan file with [default: the one on PATH].
    #[arg(long, value_name = "PATH")]
    pub tool: Option<PathBuf>,

    /// A CLI configuration that says where the tool finds providers, such as a mirror
    /// [default: .terraform in the working directory, else the registry].
    #[arg(long, value_name = "FILE")]
    pub cli_config: Option<PathBuf>,

    /// Where .terraform is looked for, where that is not the working directory.
    #[arg(skip)]
    pub directory: Option<PathBuf>,
}

/// A plan that can be read, once.
pub struct Plan {
    /// Its name for people.
    pub name: String,
    /// What the plan file says of itself, where the plan is one.
    pub file: Option<PlanFile>,
    /// Number of JSON bytes, where that is known.
    pub bytes: Option<u64>,
    /// The JSON.
    pub json: Json,
}

/// Where the plan's JSON comes from.
pub enum Json {
    /// A file.
    File(File),
    /// Standard input, with what was read of it to tell what it is.
    Pipe(Box<dyn Read + Send>),
    /// A plan file. The tool that shows it is looked for and run when the JSON is read.
    PlanFile(Box<Unshown>),
}

/// Opens the plan that is meant and refuses what is none. Nothing that takes long is done before its JSON is read.
pub fn plan(argument: &PlanArgument) -> Result<Plan, Failure> {
    let path = &argument.plan;
    if path.as_os_str() == "-" {
        return standard_input();
    }
    let mut file = File::open(path).map_err(|error| {
        input::unopened(path, &error)
            .hint("Give a plan file, or the JSON that `terraform show -json` prints of it.")
    })?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(a_directory(path));
    }
    let mut head = Vec::new();
    let rewound = file
        .by_ref()
        .take(input::HEAD as u64)
        .read_to_end(&mut head)
        .and_then(|_| file.seek(SeekFrom::Start(0)));
    let name = name(path);
    match input::sniff(&head)? {
        Format::Json if rewound.is_ok() => Ok(Plan {
            name,
            file: None,
            bytes: size(&file),
            json: Json::File(file),
        }),
        // A named pipe cannot be wound back.
        Format::Json => Ok(Plan {
            name,
            file: None,
            bytes: None,
            json: Json::Pipe(Box::new(Cursor::new(head).chain(file))),
        }),
        Format::PlanFile => {
            let (unshown, file) = Unshown::new(path, argument)?;
            Ok(Plan {
                name,
                file: Some(file),
                bytes: None,
                json: Json::PlanFile(Box::new(unshown)),
            })
        }
    }
}

/// A plan's name for people: that of its file, without its directory.
pub fn name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Number of bytes, where it is a file and nothing else.
fn size(file: &File) -> Option<u64> {
    let metadata = file.metadata().ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn a_directory(path: &Path) -> Failure {
    Failure::new(
        Exit::Usage,
        "directory",
        format!("{} is a directory, not a plan", path.display()),
    )
    .hint("Name the plan file in it; review, check, verify and apply take a directory of plans.")
}

/// A plan file before its tool was found: nothing that takes time was done yet.
pub struct Unshown {
    plan: SealedPlan,
    tool: Option<PathBuf>,
    providers: Providers,
}

impl Unshown {
    /// Makes a private copy of the plan file, and reads what it says of itself.
    ///
    /// The providers are those of the working directory where it has some: the reviewer's own machine. Else they are
    /// fetched as the plan's lock says, from where the CLI configuration says.
    fn new(path: &Path, argument: &PlanArgument) -> Result<(Self, PlanFile), Failure> {
        let here = match &argument.directory {
            Some(directory) => directory.clone(),
            None => std::env::current_dir()
                .map_err(|error| Failure::io("the working directory", &error))?,
        };
        let providers = match &argument.cli_config {
            Some(file) => Providers::Rebuilt(ProviderSource::CliConfig(file.clone())),
            None if here.join(".terraform").join("providers").is_dir() => Providers::AsIs(here),
            None => Providers::Rebuilt(ProviderSource::Registry),
        };
        let plan = SealedPlan::of_path(path)?;
        let file = plan.describe()?;
        let unshown = Unshown {
            plan,
            tool: argument.tool.clone(),
            providers,
        };
        Ok((unshown, file))
    }

    /// Finds the tool that made the plan, and gets it ready.
    fn prepare(self, told: &Told) -> Result<Prepared, Failure> {
        let search = std::env::var_os("PATH");
        let setup = Setup {
            tool: self.tool.as_deref(),
            search: search.as_deref(),
            providers: &self.providers,
            passed: &[],
            told,
        };
        Prepared::new(self.plan, &setup, |_| Ok(()))
    }
}

fn standard_input() -> Result<Plan, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "terminal",
            "standard input is the terminal, no plan comes from there",
        )
        .hint("terraform show -json plan.tfplan | undersign review -"));
    }
    let mut input = File::from(
        rustix::io::dup(&input).map_err(|error| Failure::io("standard input", &error.into()))?,
    );
    let mut head = Vec::new();
    input
        .by_ref()
        .take(input::HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| Failure::io("standard input", &error))?;
    match input::sniff(&head)? {
        Format::Json => {
            let json = Json::Pipe(Box::new(Cursor::new(head).chain(input)));
            Ok(Plan {
                name: "standard input".into(),
                file: None,
                bytes: None,
                json,
            })
        }
        Format::PlanFile => Err(Failure::new(
            Exit::BadPlan,
            "plan-file-on-stdin",
            "standard input is a plan file",
        )
        .hint("Name the file instead: what is signed is the file's digest.")),
    }
}

impl Json {
    /// A way to read rows again: from the file itself, or from a private copy that is filled while the JSON is read.
    pub fn keep(&self) -> Result<(Option<Spool>, Source), Failure> {
        match self {
            Json::File(file) => {
                let again = file
                    .try_clone()
                    .map_err(|error| Failure::io("the plan", &error))?;
                Ok((None, Source::file(again)))
            }
            Json::Pipe(_) | Json::PlanFile(_) => {
                source::spool().map(|(spool, source)| (Some(spool), source))
            }
        }
    }

    /// Hands the JSON to `work`, and says whether the tool that printed it was done with it well.
    pub fn read<T>(
        self,
        spool: Option<Spool>,
        work: impl FnOnce(Bytes<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.read_after(Silence::on_terminal(), spool, work)
    }

    /// The same; the silence before the first byte is told otherwise.
    pub fn read_after<T>(
        self,
        silence: Arc<Silence>,
        spool: Option<Spool>,
        work: impl FnOnce(Bytes<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self {
            Json::File(file) => work(Bytes::File(&file)),
            Json::Pipe(pipe) => through(spool, pipe, work),
            Json::PlanFile(unshown) => {
                let prepared = unshown.prepare(&silence.told())?;
                let mut output = Output {
                    shown: prepared.show()?,
                    silence,
                    ended: false,
                };
                let result = through(spool, &mut output, work);
                // What the tool complains of explains a JSON that is cut off; a JSON that we refused explains itself.
                let finished = if result.is_ok() || output.ended {
                    output.shown.finish()
                } else {
                    Ok(())
                };
                drop(prepared);
                finished?;
                result
            }
        }
    }
}

fn through<T>(
    spool: Option<Spool>,
    mut reader: impl Read,
    work: impl FnOnce(Bytes<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    match spool {
        Some(spool) => work(Bytes::from(&mut spool.tee(reader))),
        None => work(Bytes::from(&mut reader)),
    }
}

/// The tool's output, which remembers whether it was read to its end.
struct Output {
    shown: Shown,
    silence: Arc<Silence>,
    ended: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.shown.read(buffer)?;
        self.silence.end();
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

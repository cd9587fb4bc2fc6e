//! Opening a plan: the tool is run for a plan file, a plan JSON is read as it is.

use std::fs::File;
use std::io::{Cursor, IsTerminal as _, Read, Seek, SeekFrom};
use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};
use crate::gate::environment::ProviderSource;
use crate::gate::prepare::{Prepared, Providers, Setup};
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
    /// A private copy of a plan file, of which no tool was asked yet.
    Sealed(Box<SealedPlan>, Box<PlanArgument>),
    /// The tool that shows a plan file. What it needs lives as long as it runs.
    Tool(Box<Shown>, Box<Prepared>),
}

/// Opens the plan that is meant and refuses what is none. For a plan file the tool is started.
pub fn plan(argument: &PlanArgument) -> Result<Plan, Failure> {
    let plan = unstarted(argument)?;
    Ok(Plan {
        json: plan.json.start()?,
        ..plan
    })
}

/// The same before any tool is started: of many plans only one is shown at a time.
pub fn unstarted(argument: &PlanArgument) -> Result<Plan, Failure> {
    let path = &argument.plan;
    if path.as_os_str() == "-" {
        return standard_input();
    }
    let mut file = File::open(path).map_err(|error| {
        Failure::io(path.display(), &error)
            .hint("Give a plan file, or the JSON that `terraform show -json` prints of it.")
    })?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Failure::new(
            Exit::Usage,
            "directory",
            format!("{} is a directory, not a plan", path.display()),
        )
        .hint(
            "Name the plan file in it; review, check, verify and apply take a directory of plans.",
        ));
    }
    let mut head = Vec::new();
    let rewound = file
        .by_ref()
        .take(input::HEAD as u64)
        .read_to_end(&mut head)
        .and_then(|_| file.seek(SeekFrom::Start(0)));
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    match input::sniff(&head)? {
        Format::Json => {
            let (json, bytes) = match rewound {
                Ok(_) => {
                    let bytes = file
                        .metadata()
                        .ok()
                        .filter(std::fs::Metadata::is_file)
                        .map(|metadata| metadata.len());
                    (Json::File(file), bytes)
                }
                // A named pipe cannot be wound back.
                Err(_) => (Json::Pipe(Box::new(Cursor::new(head).chain(file))), None),
            };
            Ok(Plan {
                name,
                file: None,
                bytes,
                json,
            })
        }
        Format::PlanFile => {
            let sealed = SealedPlan::of_path(path)?;
            Ok(Plan {
                name,
                file: Some(sealed.describe()?),
                bytes: None,
                json: Json::Sealed(Box::new(sealed), Box::new(argument.clone())),
            })
        }
    }
}

/// Finds the tool that made a plan file, and its providers.
///
/// The providers are those of the working directory where it has some: the reviewer's own machine. Else they are
/// fetched as the plan's lock says, from where the CLI configuration says.
fn prepare(sealed: SealedPlan, argument: &PlanArgument) -> Result<Prepared, Failure> {
    let here = match &argument.directory {
        Some(directory) => directory.clone(),
        None => {
            std::env::current_dir().map_err(|error| Failure::io("the working directory", &error))?
        }
    };
    let providers = match &argument.cli_config {
        Some(file) => Providers::Rebuilt(ProviderSource::CliConfig(file.clone())),
        None if here.join(".terraform").join("providers").is_dir() => Providers::AsIs(here),
        None => Providers::Rebuilt(ProviderSource::Registry),
    };
    let search = std::env::var_os("PATH");
    let setup = Setup {
        tool: argument.tool.as_deref(),
        search: search.as_deref(),
        providers: &providers,
        passed: &[],
    };
    Prepared::new(sealed, &setup, |_| Ok(()))
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
    /// Starts the tool for a plan file.
    pub fn start(self) -> Result<Self, Failure> {
        match self {
            Json::Sealed(sealed, argument) => {
                let prepared = prepare(*sealed, &argument)?;
                let shown = prepared.show()?;
                Ok(Json::Tool(Box::new(shown), Box::new(prepared)))
            }
            Json::File(_) | Json::Pipe(_) | Json::Tool(..) => Ok(self),
        }
    }

    /// A way to read rows again: from the file itself, or from a private copy that is filled while the JSON is read.
    pub fn keep(&self) -> Result<(Option<Spool>, Source), Failure> {
        match self {
            Json::File(file) => {
                let again = file
                    .try_clone()
                    .map_err(|error| Failure::io("the plan", &error))?;
                Ok((None, Source::file(again)))
            }
            Json::Pipe(_) | Json::Sealed(..) | Json::Tool(..) => {
                source::spool().map(|(spool, source)| (Some(spool), source))
            }
        }
    }

    /// The name of the tool that prints it, if one does.
    pub fn tool(&self) -> Option<String> {
        match self {
            Json::File(_) | Json::Pipe(_) | Json::Sealed(..) => None,
            Json::Tool(_, prepared) => {
                let name = prepared.tool.program.path.file_name()?;
                Some(name.to_string_lossy().into_owned())
            }
        }
    }

    /// Hands the JSON to `work`, and says whether the tool that printed it was done with it well.
    pub fn read<T>(
        self,
        spool: Option<Spool>,
        work: impl FnOnce(Bytes<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.start()? {
            Json::File(file) => work(Bytes::File(&file)),
            Json::Pipe(pipe) => through(spool, pipe, work),
            Json::Sealed(..) => unreachable!("a plan that is read was started"),
            Json::Tool(shown, prepared) => {
                let mut output = Output {
                    shown,
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
    shown: Box<Shown>,
    ended: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.shown.read(buffer)?;
        self.ended |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

//! `undersign diff`: two plans compared by effect.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;
use super::check::print;
use super::open::{self, PlanArgument};
use crate::failure::{Exit, Failure};
use crate::plan::effect::Kind;
use crate::plan::source::Source;
use crate::random;
use crate::review::compare::{Comparing, Difference};
use crate::review::judge::{self, Judgement};
use crate::risk::Judged;

mod forms;

/// What `diff` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The plan that was.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,

    /// The plan that is.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,

    /// The terraform or tofu to read plan files with [default: the one on PATH].
    #[arg(long, value_name = "PATH")]
    pub tool: Option<PathBuf>,

    /// Fetch the providers of plan files as this Terraform CLI configuration says.
    #[arg(long, value_name = "FILE")]
    pub cli_config: Option<PathBuf>,

    /// Print text, Markdown, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
}

/// The form of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

impl Form {
    /// How a refusal is printed where this form is asked for.
    pub fn of_failures(self) -> Format {
        match self {
            Form::Json => Format::Json,
            Form::Text | Form::Markdown => Format::Text,
        }
    }
}

/// Reads both plans and prints what differs. Exit 3 if the new plan asks for something that the old one did not ask for.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let read = |plan: &PathBuf| {
        Read::of(&PlanArgument {
            plan: plan.clone(),
            tool: arguments.tool.clone(),
            cli_config: arguments.cli_config.clone(),
            directory: None,
        })
    };
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    // The digests live as long as this comparison.
    let with_items = old.rows.iter().map(|judged| (judged, old.item(judged)));
    let mut comparing = Comparing::new(random::bytes()?, with_items);
    let mut differences = Vec::new();
    let secrets = [&*old.judgement.secrets, &*new.judgement.secrets];
    for judged in &new.rows {
        let item = new.item(judged);
        let old_item = |judged: &Judged| old.item(judged);
        differences.extend(comparing.row(judged, item.as_deref(), old_item, secrets));
    }
    let same = new.rows.len() - differences.len();
    differences.extend(comparing.gone());
    let does_nothing = |row: Option<&Judged>| row.is_none_or(|row| row.effect.is_nothing());
    differences
        .retain(|difference| !(does_nothing(difference.old) && does_nothing(difference.new)));
    // What asks comes first, then the worst; what is gone asks for nothing.
    differences.sort_by_key(|difference| {
        (
            !difference.asks(),
            std::cmp::Reverse(difference.row().risk()),
            Kind::Plan != difference.row().effect.kind,
        )
    });
    let result = forms::Compared {
        old: &old.name,
        new: &new.name,
        differences: &differences,
        same,
        secrets,
    };
    print(&match arguments.format {
        Form::Text => result.to_text(),
        Form::Json => result.to_json(),
        Form::Markdown => result.to_markdown(),
    })?;
    Ok(if differences.iter().any(Difference::asks) {
        Exit::NeedsAcknowledgement
    } else {
        Exit::Success
    })
}

/// A plan that was read to its end, and whose elements can be read again.
struct Read {
    name: String,
    judgement: Judgement,
    rows: Vec<Judged>,
    source: Source,
}

impl Read {
    fn of(argument: &PlanArgument) -> Result<Self, Failure> {
        let plan = open::plan(argument)?;
        let (spool, source) = plan.json.keep()?;
        let (judgement, rows) = plan.json.read(spool, |reader| {
            judge::judge_all(reader, plan.bytes, plan.file.as_ref())
        })?;
        Ok(Read {
            name: plan.name,
            judgement,
            rows,
            source,
        })
    }

    /// The element of a row; a row about the plan as a whole has none.
    fn item(&self, judged: &Judged) -> Option<String> {
        match judged.effect.kind {
            Kind::Plan => None,
            _ => self.source.item(&judged.effect).ok(),
        }
    }
}

//! `check` of a directory: a report a plan, in the order in which they are applied, and one exit code for all.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Arguments, Checked, Form, add, print};
use crate::cli::open::PlanArgument;
use crate::cli::report::{markdown, sarif};
use crate::failure::{Exit, Failure};
use crate::plan::units;
use crate::text::visible;
use crate::ui::number::counted;

/// Checks every plan of a directory.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let directory = &arguments.plan.plan;
    let here = Path::new(".");
    let found = units::in_order(&units::find(directory)?, &[here, directory])?;
    let mut plans = Vec::new();
    for unit in &found.units {
        let argument = PlanArgument {
            plan: directory.join(&unit.path),
            directory: Some(unit.directory(here)),
            ..arguments.plan.clone()
        };
        let mut checked =
            Checked::of(&argument, &arguments.policy).map_err(|failure| failure.of(&unit.name))?;
        // A log of findings names files.
        checked.name.clone_from(match arguments.format {
            Form::Sarif => &unit.path,
            Form::Text | Form::Json | Form::Markdown => &unit.name,
        });
        plans.push(checked);
    }
    if let Some(path) = &arguments.summary_file {
        add(path, &to_markdown(&plans))?;
    }
    print(&match arguments.format {
        Form::Text => to_text(&plans, &found.notes),
        Form::Json => to_json(&plans),
        Form::Markdown => to_markdown(&plans),
        Form::Sarif => {
            let runs = plans.iter().map(|plan| plan.report().sarif_run());
            sarif::sarif(&runs.collect::<Vec<_>>())
        }
    })?;
    // The table has what is worse further down, and a deny is the worst that a check finds.
    let worst = plans.iter().map(Checked::exit).max();
    Ok(worst.unwrap_or(Exit::Success))
}

fn asking(plans: &[Checked]) -> usize {
    let rows = plans.iter().flat_map(|plan| &plan.rows);
    rows.filter(|row| row.needs_ack()).count()
}

fn to_text(plans: &[Checked], notes: &[String]) -> String {
    let mut out = String::new();
    for plan in plans {
        out.push_str(&plan.report().to_text());
        out.push('\n');
    }
    for note in notes {
        out.push_str(&visible(note));
        out.push('\n');
    }
    let all = counted(plans.len(), "plan", "plans");
    out + &format!("{all}, {} to acknowledge\n", asking(plans))
}

/// The least room in which a report says anything.
const LEAST_ROOM: usize = 1_024;
/// Room for the line about the plans that have none.
const RESERVE: usize = 128;

/// The reports one after the other; each has an equal part of the room of a comment.
fn to_markdown(plans: &[Checked]) -> String {
    let limit = markdown::LIMIT - RESERVE;
    let room = (limit / plans.len().max(1)).max(LEAST_ROOM);
    let mut out = String::new();
    let mut left_out = 0;
    for plan in plans {
        let report = plan.report().to_markdown_within(room - 1) + "\n";
        if out.len() + report.len() <= limit {
            out.push_str(&report);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let _ = writeln!(
            out,
            "**Not shown, for want of room: {left_out} plans.** `undersign check` shows all of them."
        );
    }
    out
}

fn to_json(plans: &[Checked]) -> String {
    #[derive(Serialize)]
    struct Directory {
        schema: u32,
        decision: &'static str,
        needs_acknowledgement: usize,
        plans: Vec<Box<RawValue>>,
    }
    let asking = asking(plans);
    let report = |plan: &Checked| {
        RawValue::from_string(plan.report().to_json().trim_end().to_owned())
            .expect("undersign writes JSON")
    };
    let directory = Directory {
        schema: 1,
        decision: if asking > 0 {
            "needs_review"
        } else {
            "nothing_to_acknowledge"
        },
        needs_acknowledgement: asking,
        plans: plans.iter().map(report).collect(),
    };
    serde_json::to_string(&directory).expect("texts and numbers") + "\n"
}

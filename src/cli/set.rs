//! `verify` and `apply` of a directory: several plans that were reviewed together, in the order of their manifest.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Format;
use super::apply::{output, terminal, who};
use super::check::print;
use super::silence::Silence;
use super::verify::{Arguments, End as Ran, to_json, to_text};
use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::gate::set::{self, Asked, End};
use crate::gate::verify::Verified;
use crate::plan::archive::Sha256;
use crate::text::visible;

/// What is asked of the gate for each plan of the directory.
fn asked(arguments: &Arguments, silence: &Arc<Silence>) -> Result<(Sha256, Vec<Asked>), Failure> {
    let (manifest, units) = set::open(&arguments.plan)?;
    let asked = units.into_iter().zip(&manifest.plans);
    let asked = asked.map(|(unit, (sha256, path))| {
        let plan = arguments.plan.join(path);
        Ok(Asked {
            request: arguments.request_for(
                &plan,
                Some(manifest.member(path)),
                &unit.directory(&arguments.directory),
                silence,
            )?,
            sha256: *sha256,
            unit,
        })
    });
    Ok((manifest.sha256(), asked.collect::<Result<_, Failure>>()?))
}

/// `network (1 of 3)`
fn heading(asked: &[Asked], number: usize) -> String {
    let name = visible(&asked[number].unit.name);
    format!("{name} ({} of {})", number + 1, asked.len())
}

/// Verifies all plans, and prints who approved each.
pub fn verify(arguments: &Arguments) -> Result<Exit, Failure> {
    let silence = Silence::on_terminal();
    let (sha256, asked) = asked(arguments, &silence)?;
    let verified = set::verify(&asked)?;
    silence.end();
    print(&match arguments.format {
        Format::Text => {
            let mut out = format!("set           {}\n", Hex(sha256));
            for (number, verified) in verified.iter().enumerate() {
                let _ = write!(out, "\n{}\n{}", heading(&asked, number), to_text(verified));
            }
            out
        }
        Format::Json => {
            let units = asked.iter().zip(&verified).map(|(asked, verified)| Line {
                unit: &asked.unit.name,
                path: &asked.unit.path,
                verification: Some(raw(to_json(verified, None))),
                failure: None,
                outcome: None,
            });
            to_object(sha256, units.collect())
        }
    })?;
    Ok(Exit::Success)
}

/// Applies the plans in their order, and says at the end what became of each.
pub fn apply(arguments: &Arguments) -> Result<Exit, Failure> {
    let silence = Silence::on_terminal();
    let (sha256, asked) = asked(arguments, &silence)?;
    let mut out = output(arguments.format);
    let mut terminal = terminal(&mut *out, arguments.format);
    let ready = |number: usize, verified: &Verified, out: &mut dyn Write| {
        silence.end();
        // A reader that is gone must not stop an apply that is allowed.
        let _ = writeln!(out, "{}\n{}", heading(&asked, number), to_text(verified));
    };
    let ends = set::apply(&asked, &who(), jiff::Timestamp::now, ready, &mut terminal)?;
    let stopped = asked.iter().zip(&ends).find_map(|(asked, end)| {
        let failure = end.failure()?;
        Some(failure.clone().of(&asked.unit.name))
    });
    print(&match arguments.format {
        Format::Text => summary(&asked, &ends),
        Format::Json => to_object(sha256, asked.iter().zip(&ends).map(ended).collect()),
    })?;
    match stopped {
        Some(failure) => Err(failure
            .hint("What was not applied is reviewed again: undersign review DIR --since DIR/undersign.manifest")),
        None => Ok(Exit::Success),
    }
}

/// A line a plan: what became of it.
fn summary(asked: &[Asked], ends: &[End]) -> String {
    let mut out = String::from("\n");
    for (asked, end) in asked.iter().zip(ends) {
        let _ = writeln!(out, "{:<13} {}", word(end), visible(&asked.unit.name));
    }
    out
}

/// What became of a plan: the word of the ledger, or why there is none.
fn word(end: &End) -> &'static str {
    match end {
        End::Ran(applied) => applied.ended.outcome.word(),
        End::Refused(_) => "refused",
        End::NotBegun => "not applied",
    }
}

#[derive(Serialize)]
struct Line<'a> {
    unit: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Box<RawValue>>,
}

fn ended<'a>((asked, end): (&'a Asked, &End)) -> Line<'a> {
    Line {
        unit: &asked.unit.name,
        path: &asked.unit.path,
        outcome: Some(word(end)),
        failure: end
            .failure()
            .map(|failure| raw(super::failure::to_json(failure))),
        verification: match end {
            End::Ran(applied) => {
                let end = Ran {
                    outcome: applied.ended.outcome.word(),
                    summary: applied.ended.summary.as_deref(),
                };
                Some(raw(to_json(&applied.verified, Some(&end))))
            }
            End::Refused(_) | End::NotBegun => None,
        },
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("undersign writes JSON")
}

/// The whole set as one JSON object.
fn to_object(sha256: Sha256, units: Vec<Line<'_>>) -> String {
    #[derive(Serialize)]
    struct Plans<'a> {
        schema: u32,
        set: Hex,
        units: Vec<Line<'a>>,
    }
    let set = Plans {
        schema: 1,
        set: Hex(sha256),
        units,
    };
    serde_json::to_string(&set).expect("texts") + "\n"
}

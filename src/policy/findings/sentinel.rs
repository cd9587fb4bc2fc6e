//! The text that Sentinel prints: the policy checks of HCP Terraform, and `sentinel apply`.
//!
//! There is no field for anything. A policy's name and level stand in its heading, addresses only in what it prints, so
//! that all it prints is its message.

use super::entry::{Entry, Target};
use super::text::{Cut, Reading, plain};
use crate::policy::{Kind, Place};

pub(super) fn fits(text: &str) -> bool {
    text.lines().any(|line| {
        line.starts_with("## Policy ")
            || line.starts_with("Sentinel Result:")
            || line.starts_with("Execution trace.")
    })
}

/// One policy with everything that stands below its heading.
struct Policy<'a> {
    name: &'a str,
    level: &'a str,
    lines: Vec<&'a str>,
}

pub(super) fn read(text: &str) -> Reading {
    let text = plain(text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().find(|line| !line.trim().is_empty());
    let apart = lines.iter().any(|line| line.starts_with("## Policy "));
    let counted = lines.iter().find_map(|line| {
        let count = line.trim().strip_suffix(" policies evaluated.")?;
        count.parse::<usize>().ok()
    });
    if !apart {
        return match (counted, first) {
            (Some(0), _) => Ok(Vec::new()),
            (Some(_), _) => Err(Cut("no policy follows, and some were evaluated")),
            (None, Some(first)) => alone(first, &lines),
            (None, None) => Err(Cut("nothing stands in it")),
        };
    }
    let mut policies: Vec<Policy<'_>> = Vec::new();
    for line in lines {
        if let Some(heading) = line.strip_prefix("## Policy ") {
            let name = heading.split_once(": ").map_or(heading, |(_, name)| name);
            let (name, level) = name.rsplit_once(" (").unwrap_or((name, "hard-mandatory)"));
            policies.push(Policy {
                name,
                level: level.trim_end_matches(')'),
                lines: Vec::new(),
            });
        } else if let Some(policy) = policies.last_mut() {
            policy.lines.push(line);
        }
    }
    if counted.is_some_and(|counted| counted != policies.len()) {
        return Err(Cut("fewer policies follow than were evaluated"));
    }
    let mut entries = Vec::new();
    for policy in &policies {
        entries.extend(policy.entry()?);
    }
    Ok(entries)
}

/// The output of `sentinel apply`: the result on the first line, one policy, its trace.
fn alone(first: &str, lines: &[&str]) -> Reading {
    let (result, name) = first.split_once(" - ").unwrap_or((first, "policy"));
    if !lines.iter().any(|line| line.contains("Rule \"main\"")) {
        return Err(Cut("the trace of the rule main is missing"));
    }
    let policy = Policy {
        name: name.trim(),
        level: "hard-mandatory",
        lines: lines.to_vec(),
    };
    match result.trim() {
        "Pass" => Ok(Vec::new()),
        "Fail" => Ok(vec![policy.failed()]),
        _ => Ok(vec![policy.undecided()]),
    }
}

impl Policy<'_> {
    fn entry(&self) -> Result<Option<Entry>, Cut> {
        let mut results = self
            .lines
            .iter()
            .filter_map(|line| line.strip_prefix("Result: "));
        match results.next().map(str::trim) {
            Some("true") => Ok(None),
            // What it printed stands before the trace of its rule.
            Some("false") if self.trace().is_some() => Ok(Some(self.failed())),
            Some("false") => Err(Cut("the trace of a failed policy is missing")),
            Some("error" | "undefined") => Ok(Some(self.undecided())),
            Some(_) | None => Err(Cut("a policy has no result")),
        }
    }

    fn failed(&self) -> Entry {
        let kind = match self.level {
            "advisory" => Kind::Warn,
            _ => Kind::Deny,
        };
        let mut message = format!("the policy failed ({})", self.level);
        for line in self.printed() {
            message.push_str("; ");
            message.push_str(line);
        }
        let mut entry = Entry::new(self.name, kind, message, Target::default());
        entry.overridable = self.level != "hard-mandatory";
        entry.source = self.source();
        entry
    }

    fn undecided(&self) -> Entry {
        Entry::not_evaluated(format!("the policy {} ended in an error", self.name))
    }

    /// What the policy printed: the lines between the heading of messages and the trace.
    fn printed(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter().map(|line| line.trim());
        lines
            .skip_while(|line| !line.eq_ignore_ascii_case("print messages:"))
            .skip(1)
            .take_while(|line| !is_trace(line))
            .filter(|line| !line.is_empty())
    }

    fn trace(&self) -> Option<&str> {
        let lines = self.lines.iter().copied();
        lines
            .into_iter()
            .find(|line| line.contains("Rule \"main\""))
    }

    /// `FALSE - x.sentinel:22:1 - Rule "main"`
    fn source(&self) -> Option<Place> {
        let place = self
            .trace()?
            .split(" - ")
            .find(|part| part.contains(".sentinel:"))?;
        let mut parts = place.trim().rsplitn(3, ':');
        let (_, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Place {
            file: file.to_owned(),
            line: line.parse().ok()?,
        })
    }
}

fn is_trace(line: &str) -> bool {
    line.contains(" - Rule \"") || line.starts_with("TRUE - ") || line.starts_with("FALSE - ")
}

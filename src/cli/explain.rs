//! `undersign explain`: what a rule means, what is lost where it speaks, and what would make the change safe.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::Format;
use super::check::print;
use crate::failure::{Exit, Failure};
use crate::risk::Rule;
use crate::risk::rules::{RULES, rule};
use crate::text::visible;

/// What `explain` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The rule's id, as it stands behind a finding [default: list all rules].
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,

    /// Print text, or JSON for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Serialize)]
struct JsonRule {
    rule: &'static str,
    title: &'static str,
    why: &'static str,
    lost: &'static str,
    remedy: &'static str,
}

impl JsonRule {
    fn of(rule: &Rule) -> Self {
        JsonRule {
            rule: rule.id,
            title: rule.title,
            why: rule.why,
            lost: rule.lost,
            remedy: rule.remedy,
        }
    }
}

/// Explains one rule, or lists them all.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    print(&explained(arguments)?)?;
    Ok(Exit::Success)
}

/// What is printed of one rule, or of them all.
pub fn explained(arguments: &Arguments) -> Result<String, Failure> {
    Ok(match (&arguments.rule, arguments.format) {
        (None, Format::Text) => list(),
        (None, Format::Json) => json(&RULES.iter().map(JsonRule::of).collect::<Vec<_>>()),
        (Some(id), format) => {
            let found = rule(id).ok_or_else(|| unknown(id))?;
            match format {
                Format::Text => text(found),
                Format::Json => json(&JsonRule::of(found)),
            }
        }
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("texts") + "\n"
}

fn list() -> String {
    let widest = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in RULES {
        let _ = writeln!(out, "{:<widest$}  {}", rule.id, rule.title);
    }
    out
}

fn text(rule: &Rule) -> String {
    format!(
        "{}: {}\n\nwhy     {}\nlost    {}\nsafer   {}\n",
        rule.id, rule.title, rule.why, rule.lost, rule.remedy
    )
}

/// The refusal of a rule that there is not, with those that are named alike.
fn unknown(id: &str) -> Failure {
    let failure = Failure::new(
        Exit::Usage,
        "unknown-rule",
        format!("there is no rule {}", visible(id)),
    );
    let word = |other: &Rule| {
        other
            .id
            .split('-')
            .any(|word| id.split('-').any(|own| own == word))
    };
    let alike: Vec<&str> = RULES
        .iter()
        .filter(|other| word(other))
        .map(|other| other.id)
        .collect();
    if alike.is_empty() {
        failure.hint("undersign explain lists all rules")
    } else {
        failure.hint(format!("There are: {}", alike.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_with_what_is_lost_and_what_helps() {
        let text = text(rule("delete-stateful").unwrap());
        for part in ["delete-stateful: ", "\nwhy  ", "\nlost  ", "\nsafer  "] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(list().lines().count(), RULES.len());
    }

    #[test]
    fn a_rule_that_there_is_not_is_refused_with_its_like() {
        let failure = unknown("deny-everything");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hints[0].contains("deny-lost"), "{failure:?}");
        assert!(unknown("x\u{202e}").error.contains("⟨U+202E⟩"));
    }
}

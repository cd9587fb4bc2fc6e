//! SARIF 2.1.0, the format that many scanners can write.
//!
//! Few say in it which resource they mean. `logicalLocations` are read where they are there, with an address or with
//! type and name; else there is only a line, which may be one of the plan's JSON and not of the configuration.

use super::entry::{Entry, Severity, Target, Within};
use super::node::{Node, Wrong};
use super::spot::{At, Spot};
use crate::plan::value::Value;
use crate::policy::Place;

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("runs").is_some() && root.get("version").is_some()
}

pub(super) fn read(root: &Node<'_>) -> Result<Vec<Entry>, Wrong> {
    let version = root.need("version", "\"2.1.0\"")?;
    if !version.text()?.starts_with("2.1.") {
        return Err(version.wrong("\"2.1.0\", the only version that is read"));
    }
    let mut entries = Vec::new();
    for run in root.need_list("runs")? {
        let driver = run.need("tool", "an object")?.need("driver", "an object")?;
        let tool = driver.need_text("name")?;
        let rules = driver.list_at("rules")?;
        let before = entries.len();
        for invocation in run.list_at("invocations")? {
            let succeeded = invocation.get("executionSuccessful");
            if succeeded.is_some_and(|node| *node.value == Value::Bool(false)) {
                entries.push(Entry::not_evaluated(format!(
                    "{tool} says that it did not succeed"
                )));
            }
        }
        let in_characters = run.text_at("columnKind")? == Some("unicodeCodePoints");
        for result in run.list_at("results")? {
            entries.extend(entry(&result, &rules, in_characters)?);
        }
        for entry in &mut entries[before..] {
            entry.tool = Some(tool.to_owned());
        }
    }
    Ok(entries)
}

fn entry(
    result: &Node<'_>,
    rules: &[Node<'_>],
    in_characters: bool,
) -> Result<Option<Entry>, Wrong> {
    let rule = rule(result, rules)?;
    let id = match (result.text_at("ruleId")?, &rule) {
        (Some(id), _) => id,
        (None, Some(rule)) => rule.need_text("id")?,
        (None, None) => return Err(result.wrong("an object with a ruleId")),
    };
    let Some(severity) = severity(result, rule.as_ref())? else {
        return Ok(None);
    };
    let message = message(result, rule.as_ref())?;
    let mut entry = Entry::scanned(id, severity, message, target(result, in_characters)?);
    if let Some(rule) = &rule {
        entry = entry.help(rule.text_at("helpUri")?);
    }
    for suppression in result.list_at("suppressions")? {
        // Asked for is not granted.
        if matches!(suppression.text_at("status")?, None | Some("accepted")) {
            entry = entry.silenced(suppression.text_at("justification")?);
        }
    }
    Ok(Some(entry))
}

/// The rule that a result belongs to.
fn rule<'a>(result: &Node<'_>, rules: &[Node<'a>]) -> Result<Option<Node<'a>>, Wrong> {
    if let Some(index) = result.number_at("ruleIndex")? {
        let rule = rules.get(index as usize).cloned();
        return rule
            .map(Some)
            .ok_or_else(|| result.wrong("an object whose ruleIndex is one of the rules"));
    }
    let Some(id) = result.text_at("ruleId")? else {
        return Ok(None);
    };
    // An id may go on behind a slash to name a part of the rule.
    let named = |rule: &&Node<'a>| {
        rule.text_at("id").ok().flatten().is_some_and(|name| {
            id.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    Ok(rules.iter().find(named).cloned())
}

/// How bad; `None` if nothing is wrong.
fn severity(result: &Node<'_>, rule: Option<&Node<'_>>) -> Result<Option<Severity>, Wrong> {
    match result.text_at("kind")? {
        Some("pass" | "notApplicable") => return Ok(None),
        Some("informational") => return Ok(Some(Severity::Info)),
        Some("open" | "review") => return Ok(Some(Severity::Medium)),
        _ => {}
    }
    let score = |node: Option<&Node<'_>>| {
        let properties = node?.get("properties")?;
        let score = properties.get("security-severity")?;
        match score.value {
            Value::Text(text) | Value::Number(text) => text.parse::<f64>().ok(),
            _ => None,
        }
    };
    if let Some(score) = score(Some(result)).or_else(|| score(rule)) {
        return Ok(Some(match score {
            9.0.. => Severity::Critical,
            7.0.. => Severity::High,
            4.0.. => Severity::Medium,
            _ => Severity::Low,
        }));
    }
    let level = match result.text_at("level")? {
        Some(level) => level,
        None => match rule.and_then(|rule| rule.get("defaultConfiguration")) {
            Some(configuration) => configuration.text_at("level")?.unwrap_or("warning"),
            None => "warning",
        },
    };
    Ok(Some(Severity::of(level)))
}

fn message(result: &Node<'_>, rule: Option<&Node<'_>>) -> Result<String, Wrong> {
    let message = result.need("message", "an object")?;
    if let Some(text) = message.text_at("text")?.or(message.text_at("markdown")?) {
        return Ok(text.to_owned());
    }
    let id = message.need_text("id")?;
    let text = rule
        .and_then(|rule| rule.get("messageStrings")?.get(id)?.get("text"))
        .ok_or_else(|| {
            message.wrong("an object with a text, or the id of one of the rule's messages")
        })?;
    let mut text = text.text()?.to_owned();
    for (number, argument) in message.list_at("arguments")?.iter().enumerate() {
        text = text.replace(&format!("{{{number}}}"), argument.text()?);
    }
    Ok(text)
}

/// Where a region begins, where it is told more exactly than by the line.
fn exact(region: &Node<'_>, line: Option<u32>, in_characters: bool) -> Result<Option<At>, Wrong> {
    // Tools write -1 where they know none.
    if let Some(Value::Number(text)) = region.get("byteOffset").map(|node| node.value)
        && let Ok(byte) = text.parse()
    {
        return Ok(Some(At::Byte(byte)));
    }
    let column = region
        .number_at("startColumn")?
        .filter(|column| *column > 0);
    Ok(match (line, column) {
        (Some(line), Some(column)) if in_characters => Some(At::Character(line, column)),
        (Some(line), Some(column)) => Some(At::Column(line, column)),
        (_, None) | (None, _) => None,
    })
}

fn target(result: &Node<'_>, in_characters: bool) -> Result<Target, Wrong> {
    let mut target = Target::default();
    for location in result.list_at("locations")? {
        let mut labels = (None, None);
        for logical in location.list_at("logicalLocations")? {
            if let Some(name) = logical.text_at("fullyQualifiedName")? {
                target.addresses.push(name.to_owned());
            }
            if let (Some(kind), Some(name)) = (logical.text_at("kind")?, logical.text_at("name")?) {
                // Some name the resource by `kind`, its type, and `name`; others say only that it is a resource.
                if kind == "resource" && name.contains('.') {
                    target.addresses.push(name.to_owned());
                } else if kind.contains('_') {
                    labels = (Some(kind), Some(name));
                }
            }
        }
        if let (Some(kind), Some(name)) = labels {
            target.within = Some(Within {
                module: None,
                resource: format!("{kind}.{name}"),
            });
        }
        if let Some(physical) = location.get("physicalLocation") {
            let file = match physical.get("artifactLocation") {
                Some(artifact) => artifact.text_at("uri")?,
                None => None,
            };
            let (Some(file), Some(region)) = (file, physical.get("region")) else {
                continue;
            };
            let line = region.number_at("startLine")?.filter(|line| *line > 0);
            target.location = line.map(|line| Place {
                file: file.into(),
                line,
            });
            target.exact = exact(&region, line, in_characters)?.map(|at| Spot {
                file: file.into(),
                at,
            });
        }
    }
    Ok(target)
}

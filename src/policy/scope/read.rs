//! From the text of a scope to what it allows and denies. What is not understood is refused: it would allow too much or
//! deny too little.

use serde::Deserialize;

use super::entry::Entry;
use super::pattern::Pattern;
use super::{Limits, Scope};
use crate::failure::{Exit, Failure};

/// The actions that an entry can name. A replacement is not implied by a creation and a deletion.
const ACTIONS: [&str; 8] = [
    "create", "update", "replace", "delete", "import", "move", "forget", "read",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    task: String,
    issued_by: Option<String>,
    expires: toml::value::Datetime,
    workspace: Option<String>,
    #[serde(default)]
    allow: Vec<Listed>,
    #[serde(default)]
    deny: Vec<Listed>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    address: Vec<String>,
    actions: Vec<String>,
    attributes: Option<Vec<String>>,
}

impl Scope {
    /// Reads a scope. `file` is its name for people.
    pub fn read(file: &str, text: &str) -> Result<Self, Failure> {
        let refuse = |error: String| {
            Failure::new(
                Exit::EnvironmentUnsafe,
                "scope-file",
                format!("{file}: {error}"),
            )
            .hint("A scope that is not understood allows nothing: correct it, or leave it out.")
        };
        let read: File = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or_else(String::new, |span| {
                let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
                format!(" (line {line})")
            });
            refuse(format!("{}{place}", error.message()))
        })?;
        if read.version != 1 {
            return Err(refuse(format!(
                "version {} is not known; 1 is",
                read.version
            )));
        }
        let expires = read.expires.to_string();
        let expires = expires.parse().map_err(|_| {
            refuse(format!(
                "expires = {expires} is no time with a zone, as 2026-12-01T00:00:00Z"
            ))
        })?;
        let entries = |listed: Vec<Listed>| -> Result<Vec<Entry>, Failure> {
            let listed = listed.into_iter();
            listed.map(|one| entry(one).map_err(refuse)).collect()
        };
        let deny = entries(read.deny)?;
        if deny.iter().any(|entry| entry.attributes.is_some()) {
            return Err(refuse(
                "attributes limit what is allowed; a deny has none".into(),
            ));
        }
        Ok(Scope {
            file: file.rsplit(['/', '\\']).next().unwrap_or(file).to_owned(),
            task: read.task,
            issued_by: read.issued_by,
            expires,
            workspace: read.workspace,
            allow: entries(read.allow)?,
            deny,
            limits: read.limits,
        })
    }
}

fn entry(listed: Listed) -> Result<Entry, String> {
    let Listed {
        address,
        actions,
        attributes,
    } = listed;
    if address.is_empty() || actions.is_empty() {
        return Err("an entry names no address or no action".into());
    }
    if let Some(action) = actions
        .iter()
        .find(|action| *action != "*" && !ACTIONS.contains(&action.as_str()))
    {
        return Err(format!(
            "there is no action {action}; there are {} and *",
            ACTIONS.join(", ")
        ));
    }
    let addresses = address
        .iter()
        .map(|text| Pattern::read(text).ok_or_else(|| format!("{text} is no pattern of addresses")))
        .collect::<Result<_, _>>()?;
    Ok(Entry {
        addresses,
        actions,
        attributes,
    })
}

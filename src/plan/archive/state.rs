//! The member `tfstate`: which state the plan was made from.
//!
//! The state holds every secret of the installation; only three numbers and a name leave this module.

use std::io::{BufReader, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::failure::Failure;

use super::{bad, damaged};

/// Which state the plan was made from.
pub(super) struct State {
    pub lineage: String,
    pub serial: u64,
    /// Instances of managed resources.
    pub resources: usize,
}

/// Every key of a state, and no other: the tools take `Lineage` for `lineage`, and the last of both would count for them
/// where only the one counts here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    serial: u64,
    lineage: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default, rename = "terraform_version")]
    _terraform_version: IgnoredAny,
    #[serde(default, rename = "outputs")]
    _outputs: IgnoredAny,
    #[serde(default, rename = "check_results")]
    _check_results: IgnoredAny,
}

#[derive(Deserialize)]
struct Resource {
    mode: String,
    #[serde(default)]
    instances: Vec<IgnoredAny>,
}

/// Reads the state to its end, so that its check sum is known to hold.
pub(super) fn read(file: impl Read) -> Result<State, Failure> {
    let mut file = BufReader::new(file);
    let document: Document = serde_json::from_reader(&mut file).map_err(|error| {
        // The error's own text may quote a value of the state.
        bad(
            "damaged-state",
            format!(
                "member tfstate of the plan file is no state that can be read (line {}, column {})",
                error.line(),
                error.column()
            ),
        )
    })?;
    std::io::copy(&mut file, &mut std::io::sink()).map_err(|error| damaged(&error))?;
    if document.version != 4 {
        return Err(bad(
            "state-version",
            "the state in the plan file has another format version",
        )
        .expected("4", document.version.to_string()));
    }
    Ok(State {
        lineage: document.lineage,
        serial: document.serial,
        resources: document
            .resources
            .iter()
            .filter(|resource| resource.mode == "managed")
            .map(|resource| resource.instances.len())
            .sum(),
    })
}

//! The member `tfplan`: the few fields of its message that decide what is applied where.
//!
//! Changes and values are not read here: they come from the tool's own JSON. Field numbers are those of Terraform's
//! `planfile.proto`, version 3; `OpenTofu` shares all of them but 22, where it keeps what Terraform keeps in 28.

use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};
use sha2::Digest as _;

use crate::failure::Failure;

use super::{PlanMode, Sha256, bad};

/// The one version of the message that is understood.
const VERSION: u64 = 3;
/// Every field of the message that is known, whether it is read or the JSON says the same.
const KNOWN_FIELDS: [std::ops::RangeInclusive<u32>; 3] = [1..=5, 13..=22, 25..=32];

/// What the message says.
pub(super) struct Message {
    pub tool_version: String,
    pub workspace: String,
    pub backend_type: String,
    pub backend_config_sha256: Sha256,
    pub created_at: Option<String>,
    pub apply_time_variables: Vec<String>,
    pub mode: PlanMode,
    pub targets: Vec<String>,
    pub forced_replacements: Vec<String>,
    pub errored: bool,
    pub unread: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Plan {
    #[prost(uint64, tag = "1")]
    version: u64,
    #[prost(string, repeated, tag = "5")]
    target_addrs: Vec<String>,
    #[prost(message, optional, tag = "13")]
    backend: Option<Backend>,
    #[prost(string, tag = "14")]
    terraform_version: String,
    #[prost(string, repeated, tag = "16")]
    force_replace_addrs: Vec<String>,
    #[prost(int32, tag = "17")]
    ui_mode: i32,
    #[prost(bool, tag = "20")]
    errored: bool,
    #[prost(string, tag = "21")]
    timestamp: String,
    #[prost(bytes = "vec", repeated, tag = "22")]
    function_results_or_variables: Vec<Vec<u8>>,
    #[prost(string, repeated, tag = "28")]
    apply_time_variables: Vec<String>,
    #[prost(bytes = "vec", optional, tag = "29")]
    state_store: Option<Vec<u8>>,
    #[prost(string, repeated, tag = "32")]
    action_target_addrs: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Backend {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(message, optional, tag = "2")]
    config: Option<DynamicValue>,
    #[prost(string, tag = "3")]
    workspace: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    msgpack: Vec<u8>,
}

/// Reads the message.
pub(super) fn read(bytes: &[u8]) -> Result<Message, Failure> {
    let unread = unknown_fields(bytes)?;
    let plan = Plan::decode(bytes).map_err(|error| broken(&error))?;
    if plan.version != VERSION {
        return Err(
            bad("plan-version", "the plan file has another format version")
                .expected(VERSION.to_string(), plan.version.to_string())
                .hint("Update undersign, or plan with a tool it knows."),
        );
    }
    if plan.state_store.is_some() {
        return Err(bad(
            "state-store",
            "the plan keeps its state in a `state_store`; undersign cannot tell which state that is",
        ));
    }
    let Some(backend) = plan.backend.filter(|backend| !backend.kind.is_empty()) else {
        return Err(bad(
            "no-backend",
            "the plan file does not say which backend it is for",
        ));
    };
    if plan.terraform_version.is_empty() || backend.workspace.is_empty() {
        return Err(bad(
            "no-target",
            "the plan file does not say which version made it, or which workspace it is for",
        ));
    }
    let mode = match plan.ui_mode {
        0 => PlanMode::Normal,
        1 => PlanMode::Destroy,
        2 => PlanMode::RefreshOnly,
        other => {
            return Err(bad(
                "unknown-mode",
                "the plan was made in a mode that undersign does not know",
            )
            .expected("0, 1 or 2", other.to_string()));
        }
    };
    let mut apply_time_variables = plan.apply_time_variables;
    apply_time_variables.extend(
        plan.function_results_or_variables
            .iter()
            .filter_map(|entry| variable_name(entry)),
    );
    let mut targets = plan.target_addrs;
    targets.extend(plan.action_target_addrs);
    let config = backend.config.unwrap_or_default().msgpack;
    Ok(Message {
        tool_version: plan.terraform_version,
        workspace: backend.workspace,
        backend_type: backend.kind,
        backend_config_sha256: sha2::Sha256::digest(&config).into(),
        created_at: Some(plan.timestamp).filter(|time| !time.is_empty()),
        apply_time_variables,
        mode,
        targets,
        forced_replacements: plan.force_replace_addrs,
        errored: plan.errored,
        unread,
    })
}

/// The entry of field 22 if it is a variable's name, as `OpenTofu` writes it. Terraform writes a message there, which
/// begins with a byte that no name holds.
fn variable_name(entry: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(entry).ok()?;
    let is_name = !name.is_empty() && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    is_name.then(|| name.to_owned())
}

/// One sentence for each field that is not known: a newer tool may keep there what changes the apply.
fn unknown_fields(mut bytes: &[u8]) -> Result<Vec<String>, Failure> {
    let mut unknown = std::collections::BTreeSet::new();
    while !bytes.is_empty() {
        let (tag, wire): (u32, WireType) =
            decode_key(&mut bytes).map_err(|error| broken(&error))?;
        skip_field(wire, tag, &mut bytes, DecodeContext::default())
            .map_err(|error| broken(&error))?;
        if !KNOWN_FIELDS.iter().any(|range| range.contains(&tag)) {
            unknown.insert(tag);
        }
    }
    Ok(unknown
        .into_iter()
        .map(|tag| format!("the plan's message has a field {tag} that undersign does not know"))
        .collect())
}

fn broken(error: &prost::DecodeError) -> Failure {
    bad(
        "damaged-plan",
        format!("member tfplan of the plan file is damaged: {error}"),
    )
}

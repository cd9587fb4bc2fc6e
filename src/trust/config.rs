//! The shape of a trust file: every key there is, and no other.
//!
//! Only the shape. What the keys mean, and which of them cannot be enforced yet, is decided while loading.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use crate::approval::sshsig::Assurance;
use crate::approval::statement::{Hex, Utc};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) schema: Spanned<u64>,
    pub(super) id: String,
    pub(super) version: u64,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) signing: Signing,
    #[serde(default)]
    pub(super) person: Vec<Person>,
    #[serde(default)]
    pub(super) revoked: Vec<Revoked>,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) scope: Vec<Scope>,
    #[serde(default)]
    pub(super) runner: Runner,
    pub(super) policy: Option<Policy>,
    pub(super) conditions: Option<Conditions>,
    pub(super) ledger: Option<Ledger>,
    pub(super) break_glass: Option<Spanned<BreakGlass>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) max_plan_bytes: Option<u64>,
    pub(super) max_json_bytes: Option<u64>,
    pub(super) max_approval_bytes: Option<Spanned<u64>>,
    pub(super) max_changes: Option<u64>,
    pub(super) clock_skew: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signing {
    pub(super) namespace: Option<Spanned<String>>,
    pub(super) breakglass_namespace: Option<Spanned<String>>,
    pub(super) key_types: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) allow_unencrypted_keys: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) id: Spanned<String>,
    pub(super) key: Vec<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) public: Spanned<String>,
    pub(super) application: Option<Spanned<String>>,
    pub(super) not_before: Option<Utc>,
    pub(super) not_after: Option<Spanned<Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoked {
    pub(super) key: Spanned<String>,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) id: Spanned<String>,
    #[serde(rename = "match", default)]
    pub(super) matching: Matching,
    pub(super) approvals: Spanned<usize>,
    #[serde(default)]
    pub(super) from: Vec<Spanned<String>>,
    pub(super) min_assurance: Assurance,
    #[serde(default)]
    pub(super) min_hardware: usize,
    #[serde(default)]
    pub(super) exclude_requester: bool,
    pub(super) max_age: Spanned<String>,
    #[serde(default)]
    pub(super) windows: Vec<Spanned<Window>>,
    pub(super) ruleset_sha256: Option<Hex>,
    #[serde(default)]
    pub(super) extra: Vec<Extra>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matching {
    pub(super) backend: Option<String>,
    pub(super) workspace: Option<String>,
    #[serde(default)]
    pub(super) state_lineage: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub(super) days: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) tz: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extra {
    pub(super) rules: Spanned<Vec<Spanned<String>>>,
    pub(super) from: Vec<Spanned<String>>,
    pub(super) approvals: Spanned<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) directory: Spanned<PathBuf>,
    pub(super) sha256: Option<Hex>,
    pub(super) reviewer_overrides: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditions {
    pub(super) directory: Spanned<PathBuf>,
    pub(super) sha256: Option<Hex>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runner {
    pub(super) tool: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) tool_sha256: Vec<Hex>,
    #[serde(default)]
    pub(super) tool_versions: Vec<String>,
    pub(super) cli_config: Option<Spanned<PathBuf>>,
    pub(super) lock_file: Option<Spanned<String>>,
    pub(super) workdir: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) env_pass: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) env_set: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    pub(super) preflight: Vec<Spanned<Preflight>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preflight {
    pub(super) argv: Vec<String>,
    pub(super) expect: Option<String>,
    pub(super) timeout: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    pub(super) kind: Spanned<String>,
    pub(super) path: Option<Spanned<PathBuf>>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) on_unavailable: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakGlass {
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) persons: Vec<Spanned<String>>,
    pub(super) min_assurance: Option<Spanned<Assurance>>,
    pub(super) max_age: Option<Spanned<String>>,
    pub(super) max_open: Option<Spanned<u64>>,
}

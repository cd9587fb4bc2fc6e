//! Who may sign a plan here, and for which scope: asked before the screen is there, and said on it.

use super::desk::Signing;
use super::identity::Identity;
use super::review::Arguments;
use crate::approval::emergency::Emergency;
use crate::failure::{Exit, Failure};
use crate::gate::manifest::Manifest;
use crate::plan::archive::PlanFile;
use crate::trust::{Scope, Trust, Workdir, scope};

/// Who may sign this plan here, and for which scope.
pub fn signing(
    arguments: &Arguments,
    trust: Trust,
    file: Option<&PlanFile>,
) -> Result<Signing, Failure> {
    let scope = scope_for(&trust, arguments.scope.as_deref(), file)?.clone();
    let identity = Identity::find(&trust, arguments.key.as_deref())?;
    let emergency = match (&arguments.ticket, &arguments.reason) {
        (Some(ticket), Some(reason)) => {
            trust.may_break_glass(&identity.person)?;
            Some(Emergency::new(ticket, reason)?)
        }
        _ => None,
    };
    let files_sha256 = match trust.runner.workdir {
        Workdir::Manifest => Some(Manifest::of(&arguments.directory)?.sha256()),
        Workdir::PlanOnly | Workdir::AsIs => None,
    };
    Ok(Signing {
        trust,
        scope,
        identity,
        emergency,
        files_sha256,
    })
}

/// The scope is chosen by what the plan file says; a plan JSON says nothing, so it is named or the only one.
fn scope_for<'a>(
    trust: &'a Trust,
    named: Option<&str>,
    file: Option<&PlanFile>,
) -> Result<&'a Scope, Failure> {
    match (file, named, trust.scopes.as_slice()) {
        (Some(file), None, _) => {
            scope::choose(trust, &file.workspace, &file.backend_type, &file.lineage)
        }
        (Some(file), Some(id), _) => {
            let chosen = scope::choose(trust, &file.workspace, &file.backend_type, &file.lineage)?;
            if chosen.id == id {
                return Ok(chosen);
            }
            Err(
                Failure::new(Exit::Mismatch, "scope", "the plan is for another scope")
                    .expected(id, &chosen.id),
            )
        }
        (None, Some(id), _) => scope::named(trust, id),
        (None, None, [only]) => Ok(only),
        (None, None, _) => Err(Failure::new(
            Exit::Usage,
            "scope",
            "a plan JSON does not say its target, and the trust file has several scopes",
        )
        .hint("Name one with --scope, or review the plan file.")),
    }
}

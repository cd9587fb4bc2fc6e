//! Who may sign a plan here, and for which scope: asked before the screen is there, and said on it.

use jiff::SignedDuration;

use super::identity::Identity;
use super::review::Arguments;
use crate::approval::emergency::Emergency;
use crate::approval::sshsig::Assurance;
use crate::failure::{Exit, Failure};
use crate::gate::manifest::Manifest;
use crate::plan::archive::{PlanFile, Sha256};
use crate::trust::{Scope, Trust, Workdir, scope};

/// Whose signature counts for the plan, and who sits here.
#[derive(Debug)]
pub struct Signing {
    /// The trust file.
    pub trust: Trust,
    /// The scope that holds for the plan.
    pub scope: Scope,
    /// The reviewer.
    pub identity: Identity,
    /// Why the ordinary rules cannot be waited for, if they cannot.
    pub emergency: Option<Emergency>,
    /// Digest of the list of files that the plan is applied among, where the trust file binds them.
    pub files_sha256: Option<Sha256>,
}

impl Signing {
    /// What a signature brings about.
    pub fn then(&self) -> String {
        let (_, _, max_age) = self.rules();
        let alone = self.scope.approvals <= 1 && self.scope.extra.is_empty();
        if self.emergency.is_some() || alone {
            let windows = if self.scope.windows.is_empty() {
                ""
            } else {
                ", inside its windows"
            };
            return format!("this plan may be applied, once, within {max_age:#}{windows}");
        }
        // Some rules ask for more people than the scope does.
        let more = if self.scope.extra.is_empty() {
            ""
        } else {
            " or more"
        };
        format!(
            "yours is one signature of {}{more}, good for {max_age:#}",
            self.scope.approvals
        )
    }

    /// The namespace of the signature, what it must prove, and how long it counts.
    pub fn rules(&self) -> (&str, Assurance, SignedDuration) {
        let signing = &self.trust.signing;
        match (&self.emergency, &self.trust.break_glass) {
            (Some(_), Some(rules)) => (
                &signing.breakglass_namespace,
                rules.min_assurance,
                rules.max_age,
            ),
            (Some(_) | None, _) => (
                &signing.namespace,
                self.scope.min_assurance,
                self.scope.max_age,
            ),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::key::PublicKey;
    use crate::trust::{Extra, init};

    #[test]
    fn what_a_signature_brings_about_is_not_more_than_it_does() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes());
        let text = init::render("own", "ada", &public, "prod").unwrap();
        let trust = Trust::parse("trust.toml", &text).unwrap();
        let mut signing = Signing {
            scope: trust.scopes[0].clone(),
            trust,
            identity: Identity::throw_away("ada", key),
            emergency: None,
            files_sha256: None,
        };
        assert_eq!(signing.then(), "this plan may be applied, once, within 4h");
        signing.scope.extra.push(Extra {
            rules: vec!["delete".into()],
            from: Vec::new(),
            approvals: 1,
        });
        assert_eq!(
            signing.then(),
            "yours is one signature of 1 or more, good for 4h"
        );
        signing.scope.extra.clear();
        signing.scope.approvals = 2;
        assert_eq!(signing.then(), "yours is one signature of 2, good for 4h");
    }
}

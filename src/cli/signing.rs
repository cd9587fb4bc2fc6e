//! Who may sign a plan here, for which scope, and what comes of it: asked before the screen is there, and said on it.

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

/// What one person's signature brings about; of several plans, which are applied together or not at all, one on each.
pub fn then(signings: &[&Signing]) -> Option<String> {
    let max_age = signings.iter().map(|signing| signing.rules().2).min()?;
    let several = signings.len() > 1;
    if signings.iter().all(|signing| is_enough(signing)) {
        let plans = if several {
            "these plans may be applied, once, in this order"
        } else {
            "this plan may be applied, once"
        };
        let windows = if signings
            .iter()
            .all(|signing| signing.scope.windows.is_empty())
        {
            ""
        } else if several {
            ", inside their windows"
        } else {
            ", inside its windows"
        };
        return Some(format!("{plans}, within {max_age:#}{windows}"));
    }
    let scopes = || signings.iter().map(|signing| &signing.scope);
    let most = scopes().map(|scope| scope.approvals).max()?;
    let up_to = if scopes().all(|scope| scope.approvals == most) {
        ""
    } else {
        "up to "
    };
    // Some rules ask for more people than the scope does.
    let more = if scopes().all(|scope| scope.extra.is_empty()) {
        ""
    } else {
        " or more"
    };
    let each = if several { " on each plan" } else { "" };
    Some(format!(
        "yours is one signature of {up_to}{most}{more}{each}, good for {max_age:#}"
    ))
}

/// Whether the plan waits for nobody else.
fn is_enough(signing: &Signing) -> bool {
    let scope = &signing.scope;
    signing.emergency.is_some() || (scope.approvals <= 1 && scope.extra.is_empty())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::approval::key::PublicKey;
    use crate::trust::{Extra, init};

    fn alone() -> Signing {
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes());
        let text = init::render("own", "ada", &public, "prod").unwrap();
        let trust = Trust::parse("trust.toml", &text).unwrap();
        Signing {
            scope: trust.scopes[0].clone(),
            trust,
            identity: Identity::throw_away("ada", key),
            emergency: None,
            files_sha256: None,
        }
    }

    #[test]
    fn what_a_signature_brings_about_is_not_more_than_it_does() {
        let mut signing = alone();
        let says = |signing: &Signing| then(&[signing]).unwrap();
        assert_eq!(says(&signing), "this plan may be applied, once, within 4h");
        signing.scope.extra.push(Extra {
            rules: vec!["delete".into()],
            from: Vec::new(),
            approvals: 1,
        });
        assert_eq!(
            says(&signing),
            "yours is one signature of 1 or more, good for 4h"
        );
        signing.scope.extra.clear();
        signing.scope.approvals = 2;
        assert_eq!(says(&signing), "yours is one signature of 2, good for 4h");
    }

    #[test]
    fn of_several_plans_none_is_applied_before_all_may_be() {
        let (one, mut other) = (alone(), alone());
        other.scope.max_age = SignedDuration::from_hours(1);
        assert_eq!(
            then(&[&one, &other]).unwrap(),
            "these plans may be applied, once, in this order, within 1h"
        );
        other.scope.approvals = 2;
        assert_eq!(
            then(&[&one, &other]).unwrap(),
            "yours is one signature of up to 2 on each plan, good for 1h"
        );
        assert_eq!(then(&[]), None);
    }
}

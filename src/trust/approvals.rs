//! One approval file, from its bytes to a verified vote. Several of them are gathered by [`gather()`].
//!
//! The order is fixed and nothing is read before the signature over it holds: envelope, signature, key, proof of touch,
//! statement, person, time. What the statement says of the plan is compared elsewhere ([`crate::approval::facts`],
//! [`crate::approval::covers`]), with what the gate worked out itself.

use jiff::{SignedDuration, Timestamp};

use super::{BreakGlass, Scope, Trust, scope};
use crate::approval::envelope::Envelope;
use crate::approval::key::{MAKE_HARDWARE_KEY, PublicKey};
use crate::approval::sshsig::{self, Assurance};
use crate::approval::statement::{Hex, Mode, Statement};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

mod gather;

pub use gather::{Found, Gathered, MAX_FILES, find, gather, read, refuse_too_many};

/// A yes by a known person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who.
    pub person: String,
    /// With which key.
    pub key: PublicKey,
    /// What the signature proves.
    pub assurance: Assurance,
    /// What was signed.
    pub statement: Statement,
    /// What names the approval in the ledger.
    pub approval_id: Sha256,
}

/// Checks one approval for use in `scope` at `now`.
pub fn check(
    bytes: &[u8],
    trust: &Trust,
    scope: &Scope,
    now: Timestamp,
) -> Result<Verified, Failure> {
    if bytes.len() as u64 > trust.limits.max_approval_bytes {
        return Err(
            Failure::new(Exit::BadSignature, "too-large", "the approval is too large").expected(
                format!("at most {} bytes", trust.limits.max_approval_bytes),
                format!("{} bytes", bytes.len()),
            ),
        );
    }
    let envelope = Envelope::parse(bytes)?;
    let (emergency, signed) = verify(trust, &envelope)?;
    let sshsig::Verified { key, assurance } = signed;
    let person = owner(trust, &key, now)?;
    let least = emergency.map_or(scope.min_assurance, |rules| rules.min_assurance);
    at_least(&scope.id, least, assurance)?;

    let statement = Statement::parse(envelope.payload())?;
    let approval = &statement.predicate;
    let mode = match emergency {
        Some(_) => {
            trust.may_break_glass(person)?;
            Mode::BreakGlass
        }
        None => Mode::Normal,
    };
    if approval.mode != mode {
        return Err(Failure::new(
            Exit::BadSignature,
            "mode",
            "the approval says another mode than the one its signature was made for",
        )
        .expected(mode.word(), approval.mode.word()));
    }
    if approval.reviewer.person != person || approval.reviewer.key != key.fingerprint() {
        return Err(Failure::new(
            Exit::Mismatch,
            "reviewer",
            "the approval names another reviewer than the one who signed it",
        )
        .expected(
            format!("{person} {}", key.fingerprint()),
            format!("{} {}", approval.reviewer.person, approval.reviewer.key),
        ));
    }
    judged_by(scope, &statement)?;
    let max_age = emergency.map_or(scope.max_age, |rules| rules.max_age);
    in_time(trust, max_age, &statement, now)?;
    if emergency.is_none() {
        scope::is_open(scope, now)?;
    }
    Ok(Verified {
        person: person.to_owned(),
        key,
        assurance,
        approval_id: envelope.approval_id(),
        statement,
    })
}

/// Verifies the signature: in the namespace of approvals, or in that of emergencies where the trust file allows them.
fn verify<'a>(
    trust: &'a Trust,
    envelope: &Envelope,
) -> Result<(Option<&'a BreakGlass>, sshsig::Verified), Failure> {
    let failure = match envelope.verify(&trust.signing.namespace) {
        Ok(signed) => return Ok((None, signed)),
        Err(failure) => failure,
    };
    match &trust.break_glass {
        Some(rules) if failure.reason == "namespace" => {
            match envelope.verify(&trust.signing.breakglass_namespace) {
                Ok(signed) => Ok((Some(rules), signed)),
                Err(other) if other.reason == "namespace" => Err(failure),
                Err(other) => Err(other),
            }
        }
        Some(_) | None => Err(failure),
    }
}

/// Finds whose key it is, and asks whether it counts at `now`.
pub(super) fn owner<'a>(
    trust: &'a Trust,
    key: &PublicKey,
    now: Timestamp,
) -> Result<&'a str, Failure> {
    let fingerprint = key.fingerprint();
    if let Some(reason) = trust.revoked.get(&fingerprint) {
        return Err(Failure::new(
            Exit::KeyRevoked,
            "revoked",
            format!("the key {fingerprint} is revoked: {reason}"),
        ));
    }
    let (person, entry) = trust.owner(key).ok_or_else(|| {
        Failure::new(
            Exit::BadSignature,
            "unknown-key",
            format!("the trust file does not know the key {fingerprint}"),
        )
        .hint("Add the reviewer's public key to the trust file.")
    })?;
    if !trust.signing.key_types.contains(&key.key_type()) {
        return Err(Failure::new(
            Exit::BadSignature,
            "key-type",
            format!("keys of type {} do not count", key.key_type().name()),
        ));
    }
    // Judged against now: whoever holds a stolen key writes whatever time of signing they like.
    if entry.not_before.is_some_and(|from| now < from)
        || entry.not_after.is_some_and(|to| now >= to)
    {
        let shown = |time: Option<Timestamp>| {
            time.map_or_else(|| "any time".into(), |time| time.to_string())
        };
        return Err(Failure::new(
            Exit::KeyRevoked,
            "key-window",
            format!("the key of {} is out of its time", person.id),
        )
        .expected(
            format!("{} to {}", shown(entry.not_before), shown(entry.not_after)),
            now.to_string(),
        ));
    }
    Ok(&person.id)
}

/// Asks for a signature that proves enough for `what`.
pub(super) fn at_least(what: &str, least: Assurance, assurance: Assurance) -> Result<(), Failure> {
    if assurance >= least {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NoPresence,
        "assurance",
        format!("{what} needs a signature that proves more"),
    )
    .expected(least.word(), assurance.word())
    .hint(MAKE_HARDWARE_KEY))
}

fn judged_by(scope: &Scope, statement: &Statement) -> Result<(), Failure> {
    let approved = statement.predicate.policy.ruleset_sha256;
    match scope.ruleset_sha256 {
        Some(wanted) if wanted != approved.0 => Err(Failure::new(
            Exit::Mismatch,
            "ruleset",
            "the plan was reviewed under other rules than the trust file asks for",
        )
        .expected(Hex(wanted).to_string(), approved.to_string())),
        Some(_) | None => Ok(()),
    }
}

fn in_time(
    trust: &Trust,
    max_age: SignedDuration,
    statement: &Statement,
    now: Timestamp,
) -> Result<(), Failure> {
    let approval = &statement.predicate;
    let skew = trust.limits.clock_skew;
    let (issued, expires) = (approval.issued_at.time(), approval.expires_at.time());
    let refuse = |reason, error: &str, want: String, got: String| {
        Err(Failure::new(Exit::OutOfTime, reason, error)
            .expected(want, got)
            .hint("Review the plan again, and sign again."))
    };
    if issued.duration_since(now) > skew {
        return refuse(
            "from-the-future",
            "the approval was signed later than now",
            format!("at or before {now}"),
            issued.to_string(),
        );
    }
    if now >= expires {
        return refuse(
            "expired",
            "the approval has expired",
            format!("before {expires}"),
            now.to_string(),
        );
    }
    if expires.duration_since(issued) > max_age {
        return refuse(
            "max-age",
            "the approval is good for longer than the trust file allows",
            format!("{max_age:#}"),
            format!("{:#}", expires.duration_since(issued)),
        );
    }
    if let Some(created) = approval.plan.created_at
        && created.time().duration_since(issued) > skew
    {
        return refuse(
            "plan-after-approval",
            "the plan was made after it was approved",
            format!("at or before {issued}"),
            created.to_string(),
        );
    }
    Ok(())
}

//! One approval file, from its bytes to a verified vote; and several of them.
//!
//! The order is fixed and nothing is read before the signature over it holds: envelope, signature, key, proof of touch,
//! statement, person, time. What the statement says of the plan is compared elsewhere ([`crate::approval::facts`],
//! [`crate::approval::covers`]), with what the gate worked out itself.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{BreakGlass, Scope, Trust, file, scope};
use crate::approval::envelope::Envelope;
use crate::approval::key::{MAKE_HARDWARE_KEY, PublicKey};
use crate::approval::sign;
use crate::approval::sshsig::{self, Assurance};
use crate::approval::statement::{Mode, Statement};
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;

/// More approvals are not looked at.
pub const MAX_FILES: usize = 16;

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

/// The approvals to look at for a plan.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once.
    pub files: BTreeSet<PathBuf>,
    /// Where they were looked for: files that were given, and directories.
    pub places: Vec<PathBuf>,
}

/// Finds the approvals of a plan: those that are given, or those in the directory beside the plan.
///
/// A directory that is given holds them; for a plan of a set it holds them at the plan's path in the set, as a review with
/// `--output` leaves them.
pub fn find(given: &[PathBuf], plan: &Path, member: Option<&str>) -> Result<Found, Failure> {
    let mut found = Found::default();
    if given.is_empty() {
        found.all_in(sign::directory(plan))?;
    }
    for path in given {
        match member {
            _ if !path.is_dir() => {
                found.files.insert(path.clone());
                found.places.push(path.clone());
            }
            Some(member) => found.all_in(sign::directory(&path.join(member)))?,
            None => found.all_in(path.clone())?,
        }
    }
    Ok(found)
}

impl Found {
    fn all_in(&mut self, directory: PathBuf) -> Result<(), Failure> {
        self.files.extend(in_directory(&directory)?);
        self.places.push(directory);
        Ok(())
    }
}

fn in_directory(directory: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::io(directory.display(), &error);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.insert(path);
        }
    }
    Ok(files)
}

/// Reads an approval file. A larger one, a pipe or a device is refused.
pub fn read(path: &Path, trust: &Trust) -> Result<Vec<u8>, Failure> {
    file::read_bounded(path, trust.limits.max_approval_bytes)
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
        Some(rules) => {
            may_break_glass(rules, person)?;
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

fn may_break_glass(rules: &BreakGlass, person: &str) -> Result<(), Failure> {
    if rules.persons.iter().any(|named| named == person) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::TooFewPeople,
        "break-glass-person",
        format!("{person} may not declare an emergency"),
    )
    .expected(rules.persons.join(", "), person))
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
        .expected(
            crate::approval::statement::Hex(wanted).to_string(),
            approved.to_string(),
        )),
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

/// What became of several approval files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    /// Those that hold.
    pub verified: Vec<Verified>,
    /// Those that do not, by file, with the reason. A bad file must not block good ones, and is never silent.
    pub refused: Vec<(String, Failure)>,
}

/// Checks each approval file with `check`. If none holds, fails as the one that got furthest.
///
/// The gate's `check` is [`check`], then [`crate::approval::facts::matches`], then [`crate::approval::covers::covers`]:
/// a vote is for this plan and for all of its risks, or it is none.
pub fn gather(
    files: &[(String, Vec<u8>)],
    check: impl Fn(&[u8]) -> Result<Verified, Failure>,
) -> Result<Gathered, Failure> {
    refuse_too_many(files.len())?;
    let mut gathered = Gathered::default();
    for (name, bytes) in files {
        match check(bytes) {
            Ok(verified) => gathered.verified.push(verified),
            Err(failure) => gathered.refused.push((name.clone(), failure)),
        }
    }
    if !gathered.verified.is_empty() {
        return Ok(gathered);
    }
    let furthest = gathered
        .refused
        .into_iter()
        .max_by_key(|(_, failure)| progress(failure.exit));
    Err(furthest.map_or_else(
        || {
            Failure::new(
                Exit::NotApproved,
                "no-approval",
                "there is no approval for this plan",
            )
            .hint("Review it: undersign review PLAN")
        },
        |(name, mut failure)| {
            failure.error = format!("{name}: {}", failure.error);
            failure
        },
    ))
}

/// Refuses more approvals than are looked at: before they are read, so that nobody can fill the memory with them.
pub fn refuse_too_many(count: usize) -> Result<(), Failure> {
    if count <= MAX_FILES {
        return Ok(());
    }
    Err(Failure::new(
        Exit::BadSignature,
        "too-many",
        "there are too many approvals",
    )
    .expected(format!("at most {MAX_FILES}"), count.to_string())
    .hint("Give only the approvals of this plan."))
}

/// How far a file came, by the order in which the checks are made.
fn progress(exit: Exit) -> usize {
    const ORDER: [Exit; 6] = [
        Exit::BadSignature,
        Exit::KeyRevoked,
        Exit::NoPresence,
        Exit::Mismatch,
        Exit::OutOfTime,
        Exit::NotApproved,
    ];
    ORDER
        .iter()
        .position(|&known| known == exit)
        .map_or(0, |at| at + 1)
}

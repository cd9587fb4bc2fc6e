//! From the text of a trust file to [`Trust`]: every refusal says file, line, what is wrong and what to write.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::{Time, Weekday};
use toml::Spanned;

use super::{
    Extra, Key, Ledger, Limits, LockFile, Matching, Person, Runner, Scope, Signing, Trust, Window,
    Workdir, config,
};
use crate::approval::key::{KeyType, PublicKey};
use crate::approval::sign::{BREAKGLASS_NAMESPACE, NAMESPACE};
use crate::approval::{envelope, statement::Hex};
use crate::failure::{Exit, Failure};

/// Reads the text of a trust file; `shown` names it in errors.
pub(super) fn load(shown: &str, text: &str) -> Result<Trust, Failure> {
    let at = Place { shown, text };
    let config: config::Config = toml::from_str(text).map_err(|error| {
        at.refuse(
            error.span().unwrap_or(0..0),
            "trust-format",
            error.message(),
        )
    })?;
    if *config.schema.get_ref() != 1 {
        return Err(at.refuse(
            config.schema.span(),
            "trust-schema",
            "this schema is not known; write schema = 1",
        ));
    }
    if let Some(break_glass) = &config.break_glass
        && break_glass.get_ref().enabled
    {
        return Err(at.unsupported(break_glass.span(), "break_glass"));
    }
    let signing = at.signing(&config.signing)?;
    let persons = at.persons(&config.person, &signing)?;
    let groups = at.groups(config.groups, &persons)?;
    let scopes = at.scopes(config.scope, &groups)?;
    Ok(Trust {
        id: config.id,
        version: config.version,
        limits: at.limits(&config.limits)?,
        revoked: at.revoked(config.revoked)?,
        runner: at.runner(config.runner)?,
        ledger: config.ledger.map(|ledger| at.ledger(ledger)).transpose()?,
        signing,
        persons,
        groups,
        scopes,
    })
}

/// The file and its text, to say where something stands.
struct Place<'a> {
    shown: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn refuse(&self, span: Range<usize>, reason: &'static str, error: impl AsRef<str>) -> Failure {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        Failure::new(
            Exit::TrustUnsafe,
            reason,
            format!("{}:{line}: {}", self.shown, error.as_ref().trim_end()),
        )
    }

    fn unsupported(&self, span: Range<usize>, what: &str) -> Failure {
        self.refuse(
            span,
            "trust-unsupported",
            format!("{what} is not supported yet, and undersign ignores nothing that a trust file asks for"),
        )
        .hint(format!("Remove {what} from the trust file, or use a version of undersign that supports it."))
    }

    fn limits(&self, limits: &config::Limits) -> Result<Limits, Failure> {
        let max_approval_bytes = match &limits.max_approval_bytes {
            Some(limit) if *limit.get_ref() > envelope::MAX_BYTES as u64 => {
                return Err(self.refuse(
                    limit.span(),
                    "trust-limit",
                    format!("max_approval_bytes can be at most {}", envelope::MAX_BYTES),
                ));
            }
            Some(limit) => *limit.get_ref(),
            None => envelope::MAX_BYTES as u64,
        };
        Ok(Limits {
            max_plan_bytes: limits.max_plan_bytes.unwrap_or(256 << 20),
            max_json_bytes: limits.max_json_bytes.unwrap_or(1 << 30),
            max_approval_bytes,
            max_changes: limits.max_changes.unwrap_or(50_000),
            clock_skew: limits
                .clock_skew
                .as_ref()
                .map_or(Ok(SignedDuration::from_secs(60)), |text| {
                    self.duration(text)
                })?,
        })
    }

    fn signing(&self, signing: &config::Signing) -> Result<Signing, Failure> {
        let namespace = self.namespace(signing.namespace.as_ref(), NAMESPACE)?;
        let breakglass_namespace =
            self.namespace(signing.breakglass_namespace.as_ref(), BREAKGLASS_NAMESPACE)?;
        if namespace == breakglass_namespace {
            let span = signing
                .namespace
                .as_ref()
                .or(signing.breakglass_namespace.as_ref())
                .map_or(0..0, Spanned::span);
            return Err(self.refuse(
                span,
                "trust-namespace",
                "namespace and breakglass_namespace must differ",
            ));
        }
        let key_types = match &signing.key_types {
            None => KeyType::ALL.to_vec(),
            Some(names) => names
                .iter()
                .map(|name| {
                    KeyType::from_name(name.get_ref()).map_err(|failure| {
                        self.refuse(name.span(), "trust-key-type", failure.error)
                    })
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Signing {
            namespace,
            breakglass_namespace,
            key_types,
            allow_unencrypted_keys: signing.allow_unencrypted_keys,
        })
    }

    /// A namespace is ours or nobody's: `git` or `file` would let a signature over something else count.
    fn namespace(&self, given: Option<&Spanned<String>>, usual: &str) -> Result<String, Failure> {
        match given {
            None => Ok(usual.to_owned()),
            Some(name) if name.get_ref().contains('@') && is_word(name.get_ref()) => {
                Ok(name.get_ref().clone())
            }
            Some(name) => Err(self.refuse(
                name.span(),
                "trust-namespace",
                format!("a namespace is a word with an @ in it, as {usual}"),
            )),
        }
    }

    fn persons(
        &self,
        persons: &[config::Person],
        signing: &Signing,
    ) -> Result<Vec<Person>, Failure> {
        let mut ids = BTreeSet::new();
        let mut owners: BTreeMap<PublicKey, &str> = BTreeMap::new();
        let mut loaded = Vec::new();
        for person in persons {
            let id = person.id.get_ref();
            if !is_word(id) {
                return Err(self.refuse(
                    person.id.span(),
                    "trust-person",
                    "a person's id holds only letters, digits and . _ @ + -",
                ));
            }
            if !ids.insert(id) {
                return Err(self.refuse(
                    person.id.span(),
                    "trust-person-twice",
                    format!("the person {id} is there twice"),
                ));
            }
            let mut keys = Vec::new();
            for key in &person.key {
                let entry = self.key(key, signing)?;
                if let Some(owner) = owners.insert(entry.public.clone(), id) {
                    return Err(self
                        .refuse(key.public.span(), "trust-key-twice", format!("this key of {id} is there already, for {owner}; a key belongs to one person, once")));
                }
                keys.push(entry);
            }
            loaded.push(Person {
                id: id.clone(),
                keys,
            });
        }
        Ok(loaded)
    }

    fn key(&self, key: &config::Key, signing: &Signing) -> Result<Key, Failure> {
        let span = key.public.span();
        let public = PublicKey::from_line(key.public.get_ref())
            .map_err(|failure| self.refuse(span.clone(), "trust-key", failure.error))?;
        if !signing.key_types.contains(&public.key_type()) {
            return Err(self.refuse(
                span,
                "trust-key-type",
                format!(
                    "{} is not among signing.key_types",
                    public.key_type().name()
                ),
            ));
        }
        match (&key.application, public.application()) {
            (Some(wanted), Some(own)) if wanted.get_ref() != own => {
                return Err(self.refuse(
                    wanted.span(),
                    "trust-application",
                    format!("the key itself says {own}"),
                ));
            }
            (Some(wanted), None) => {
                return Err(self.refuse(
                    wanted.span(),
                    "trust-application",
                    "only a key on a security key has an application",
                ));
            }
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
        let not_before = key.not_before.map(|time| time.time());
        let not_after = key.not_after.as_ref().map(|time| time.get_ref().time());
        if let (Some(from), Some(to), Some(place)) = (not_before, not_after, &key.not_after)
            && from >= to
        {
            return Err(self.refuse(
                place.span(),
                "trust-key-window",
                "not_after must be later than not_before",
            ));
        }
        Ok(Key {
            public,
            not_before,
            not_after,
        })
    }

    fn revoked(&self, revoked: Vec<config::Revoked>) -> Result<BTreeMap<String, String>, Failure> {
        let mut loaded = BTreeMap::new();
        for entry in revoked {
            let text = entry.key.get_ref();
            let fingerprint = if let Some(digest) = text.strip_prefix("SHA256:") {
                let whole = data_encoding::BASE64_NOPAD
                    .decode(digest.as_bytes())
                    .is_ok_and(|bytes| bytes.len() == 32);
                whole.then(|| text.clone())
            } else {
                PublicKey::from_line(text).ok().map(|key| key.fingerprint())
            };
            // A fingerprint with a typing error would revoke nothing.
            let fingerprint = fingerprint.ok_or_else(|| {
                self.refuse(
                    entry.key.span(),
                    "trust-revoked",
                    "a revoked key is a whole fingerprint, SHA256:…, or the public key",
                )
            })?;
            loaded.insert(fingerprint, entry.reason);
        }
        Ok(loaded)
    }

    fn groups(
        &self,
        groups: BTreeMap<String, Vec<Spanned<String>>>,
        persons: &[Person],
    ) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        for member in groups.values().flatten() {
            if !persons.iter().any(|person| person.id == *member.get_ref()) {
                return Err(self.refuse(
                    member.span(),
                    "trust-group",
                    format!("there is no person {}", member.get_ref()),
                ));
            }
        }
        Ok(groups
            .into_iter()
            .map(|(name, members)| (name, words(members)))
            .collect())
    }

    fn scopes(
        &self,
        scopes: Vec<config::Scope>,
        groups: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<Scope>, Failure> {
        let mut ids = BTreeSet::new();
        let mut loaded = Vec::new();
        for scope in scopes {
            if !ids.insert(scope.id.get_ref().clone()) {
                return Err(self.refuse(
                    scope.id.span(),
                    "trust-scope-twice",
                    format!("the scope {} is there twice", scope.id.get_ref()),
                ));
            }
            self.known_groups(&scope.from, groups)?;
            self.at_least_one(&scope.approvals)?;
            let mut extra = Vec::new();
            for more in scope.extra {
                self.known_groups(&more.from, groups)?;
                self.at_least_one(&more.approvals)?;
                extra.push(Extra {
                    rules: more.rules,
                    from: words(more.from),
                    approvals: more.approvals.into_inner(),
                });
            }
            loaded.push(Scope {
                max_age: self.duration(&scope.max_age)?,
                windows: scope
                    .windows
                    .iter()
                    .map(|window| self.window(window))
                    .collect::<Result<_, _>>()?,
                id: scope.id.into_inner(),
                matching: Matching {
                    backend: scope.matching.backend,
                    workspace: scope.matching.workspace,
                    state_lineage: scope.matching.state_lineage,
                },
                approvals: scope.approvals.into_inner(),
                from: words(scope.from),
                min_assurance: scope.min_assurance,
                min_hardware: scope.min_hardware,
                exclude_requester: scope.exclude_requester,
                ruleset_sha256: scope.ruleset_sha256.map(|Hex(digest)| digest),
                extra,
            });
        }
        Ok(loaded)
    }

    fn known_groups(
        &self,
        names: &[Spanned<String>],
        groups: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), Failure> {
        match names
            .iter()
            .find(|name| !groups.contains_key(name.get_ref()))
        {
            None => Ok(()),
            Some(name) => Err(self.refuse(
                name.span(),
                "trust-group",
                format!("there is no group {}", name.get_ref()),
            )),
        }
    }

    fn at_least_one(&self, approvals: &Spanned<usize>) -> Result<(), Failure> {
        if *approvals.get_ref() == 0 {
            return Err(self.refuse(
                approvals.span(),
                "trust-approvals",
                "approvals must be at least 1",
            ));
        }
        Ok(())
    }

    fn window(&self, window: &Spanned<config::Window>) -> Result<Window, Failure> {
        let refuse = |error: String| self.refuse(window.span(), "trust-window", error);
        let config::Window { days, from, to, tz } = window.get_ref();
        if tz != "UTC" {
            return Err(refuse(format!(
                "the time zone {tz} is not supported yet; write the window in UTC"
            )));
        }
        let days = days
            .iter()
            .map(|day| {
                weekday(day).ok_or_else(|| {
                    refuse(format!(
                        "{day} is no day; write mon, tue, wed, thu, fri, sat or sun"
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let time = |text: &str| {
            clock(text).ok_or_else(|| refuse(format!("{text} is no time; write it as 08:00")))
        };
        let (from, to) = (time(from)?, time(to)?);
        if from >= to {
            return Err(refuse(
                "a window ends on the day it begins, after it begins".into(),
            ));
        }
        Ok(Window { days, from, to })
    }

    fn duration(&self, text: &Spanned<String>) -> Result<SignedDuration, Failure> {
        duration(text.get_ref()).ok_or_else(|| {
            self.refuse(
                text.span(),
                "trust-duration",
                format!(
                    "{} is no duration; write it as 30m, 4h or 2d",
                    text.get_ref()
                ),
            )
        })
    }

    fn runner(&self, runner: config::Runner) -> Result<Runner, Failure> {
        if let Some(preflight) = runner.preflight.first() {
            return Err(self.unsupported(preflight.span(), "runner.preflight"));
        }
        if let Some(name) = runner
            .env_pass
            .iter()
            .chain(runner.env_set.keys())
            .find(|name| !is_variable(name.get_ref()))
        {
            return Err(self.refuse(name.span(), "trust-environment", format!("{} is no name of a variable that may be handed to the tool", name.get_ref()))
                .hint("Names of Terraform's own switches and of the loader's (TF_CLI_ARGS…, TF_WORKSPACE, LD_…) are never handed on."));
        }
        let lock_file = match &runner.lock_file {
            None => LockFile::Any,
            Some(word) if word.get_ref() == "require-hashes" => LockFile::RequireHashes,
            Some(path) => LockFile::Same(self.absolute(path, Path::new(path.get_ref()))?),
        };
        let workdir = match &runner.workdir {
            None => Workdir::default(),
            Some(word) => match word.get_ref().as_str() {
                "plan-only" => Workdir::PlanOnly,
                "as-is" => Workdir::AsIs,
                "manifest" => {
                    return Err(self.unsupported(word.span(), "runner.workdir = \"manifest\""));
                }
                other => {
                    return Err(self.refuse(
                        word.span(),
                        "trust-workdir",
                        format!("{other} is no workdir; write plan-only or as-is"),
                    ));
                }
            },
        };
        Ok(Runner {
            tool: runner
                .tool
                .map(|path| self.absolute(&path, path.get_ref()))
                .transpose()?,
            tool_sha256: runner
                .tool_sha256
                .into_iter()
                .map(|Hex(digest)| digest)
                .collect(),
            tool_versions: runner.tool_versions,
            cli_config: runner
                .cli_config
                .map(|path| self.absolute(&path, path.get_ref()))
                .transpose()?,
            lock_file,
            workdir,
            env_pass: words(runner.env_pass),
            env_set: runner
                .env_set
                .into_iter()
                .map(|(name, value)| (name.into_inner(), value))
                .collect(),
        })
    }

    fn absolute<T>(&self, place: &Spanned<T>, path: &Path) -> Result<PathBuf, Failure> {
        if path.is_absolute() {
            Ok(path.to_path_buf())
        } else {
            Err(self.refuse(
                place.span(),
                "trust-path",
                format!("{} is not an absolute path", path.display()),
            ))
        }
    }

    fn ledger(&self, ledger: config::Ledger) -> Result<Ledger, Failure> {
        if let Some(word) = ledger
            .on_unavailable
            .filter(|word| word.get_ref() != "refuse")
        {
            return Err(self.refuse(
                word.span(),
                "trust-ledger",
                "on_unavailable can only be refuse",
            ));
        }
        if ledger.kind.get_ref() != "dir" {
            return Err(self.unsupported(
                ledger.kind.span(),
                &format!("a ledger of kind {}", ledger.kind.get_ref()),
            ));
        }
        if let Some(url) = ledger.url {
            return Err(self.refuse(
                url.span(),
                "trust-ledger",
                "a ledger of kind dir has a path, not a url",
            ));
        }
        let path = ledger.path.ok_or_else(|| {
            self.refuse(
                ledger.kind.span(),
                "trust-ledger",
                "a ledger of kind dir needs a path",
            )
        })?;
        Ok(Ledger::Dir(self.absolute(&path, path.get_ref())?))
    }
}

fn words(words: Vec<Spanned<String>>) -> Vec<String> {
    words.into_iter().map(Spanned::into_inner).collect()
}

/// Whether a name is safe in a file name and in an `allowed_signers` line.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._@+-".contains(&b))
}

/// Whether a trust file may name this variable for the tool: never one that changes what the tool does or loads.
fn is_variable(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    let switch = ["TF_CLI_", "TF_REATTACH_", "LD_", "DYLD_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || [
            "TF_WORKSPACE",
            "TF_DATA_DIR",
            "TF_INPUT",
            "TF_IN_AUTOMATION",
            "PATH",
            "HOME",
            "SSH_AUTH_SOCK",
            "GODEBUG",
        ]
        .contains(&name);
    plain && !switch
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// `08:00`, two digits each.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<i8>().ok())
            .flatten()
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

/// A whole number and one unit: `60s`, `30m`, `4h`, `2d`.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return None,
    };
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = digits.then(|| number.parse().ok()).flatten()?;
    // Ten years is more than any approval lives, and far from where times overflow.
    number
        .checked_mul(seconds)
        .filter(|&seconds| seconds <= 3650 * 86400)
        .map(SignedDuration::from_secs)
}

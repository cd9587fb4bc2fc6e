//! From the text of a trust file to [`Trust`]: every refusal says file, line, what is wrong and what to write.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::SignedDuration;
use toml::Spanned;

use super::{Key, Limits, Person, Signing, Trust, config};
use crate::approval::envelope;
use crate::approval::key::{KeyType, PublicKey};
use crate::approval::sign::{BREAKGLASS_NAMESPACE, NAMESPACE};
use crate::approval::statement::Utc;
use crate::failure::{Exit, Failure};
use crate::plan::input;

mod emergency;
mod forms;
mod runner;
mod scopes;

use forms::duration;
pub(super) use forms::is_word;

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
    let signing = at.signing(&config.signing)?;
    let persons = at.persons(&config.person, &signing)?;
    let groups = at.groups(config.groups, &persons)?;
    let scopes = at.scopes(config.scope, &groups)?;
    let break_glass = at.break_glass(config.break_glass, &persons)?;
    Ok(Trust {
        id: config.id,
        version: config.version,
        limits: at.limits(&config.limits)?,
        revoked: at.revoked(config.revoked)?,
        runner: at.runner(config.runner)?,
        policy: config.policy.map(|policy| at.policy(&policy)).transpose()?,
        conditions: config
            .conditions
            .map(|conditions| at.conditions(&conditions))
            .transpose()?,
        ledger: config.ledger.map(|ledger| at.ledger(ledger)).transpose()?,
        signing,
        persons,
        groups,
        scopes,
        break_glass,
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
            max_json_bytes: limits.max_json_bytes.unwrap_or(input::MAX_JSON_BYTES),
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
        let not_before = key.not_before.map(Utc::time);
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
}

fn words(words: Vec<Spanned<String>>) -> Vec<String> {
    words.into_iter().map(Spanned::into_inner).collect()
}

#[cfg(test)]
mod tests;

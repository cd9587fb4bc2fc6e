//! A first trust file from a public key, and the keys of a trust file in OpenSSH's own form.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;

use super::Trust;
use super::load::is_word;
use crate::approval::key::PublicKey;
use crate::approval::sshsig::Assurance;
use crate::failure::{Exit, Failure};

/// The text of a trust file with one person, one key and one scope that is about every target.
///
/// A key on a security key makes touch the least that counts.
pub fn render(id: &str, person: &str, key: &PublicKey, scope: &str) -> Result<String, Failure> {
    for (what, word) in [("the trust file", id), ("a person", person)] {
        if !is_word(word) {
            return Err(Failure::new(
                Exit::Usage,
                "name",
                format!("the name of {what} holds only letters, digits and . _ @ + -"),
            )
            .expected("a word", word));
        }
    }
    let assurance = if key.key_type().is_hardware() {
        Assurance::Touch
    } else {
        Assurance::Software
    };
    let application = key.application().map_or_else(String::new, |application| {
        format!("application = {}\n", quoted(application))
    });
    Ok(format!(
        r#"# Whose signature counts. Whoever can write this file decides what may be applied: keep it out of the agent's reach.
schema  = 1
id      = {id}
version = 1                     # goes up with every change

[[person]]
id = {person}
[[person.key]]
public = {public}
{application}
[groups]
reviewers = [{person}]

[[scope]]
id            = {scope}
match         = {{}}              # any target; narrow it: {{ backend = "s3", workspace = "prod" }}
approvals     = 1               # persons, not keys
from          = ["reviewers"]
min_assurance = "{assurance}"   # software, touch or touch+pin
max_age       = "4h"
"#,
        id = quoted(id),
        person = quoted(person),
        public = quoted(&key.to_line()),
        scope = quoted(scope),
    ))
}

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Writes a new trust file, readable by everybody and writable by its owner; never over another one.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let refused = |error: &std::io::Error| {
        let failure = Failure::io(path.display(), error);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                failure.hint("Edit that file, or name another one.")
            }
            _ => failure,
        }
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .map_err(|error| refused(&error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| {
            // Half a trust file may be one that asks for less.
            let _ = std::fs::remove_file(path);
            refused(&error)
        })
}

/// The keys in the form of OpenSSH's `allowed_signers`, for checks with `ssh-keygen` alone.
///
/// Each line is bound to the namespace and says its times in UTC; revoked keys are left out. Thresholds, scopes and
/// proof of touch do not fit that form: the trust file stays the authority.
pub fn allowed_signers(trust: &Trust) -> String {
    let mut lines = String::new();
    for person in &trust.persons {
        for key in &person.keys {
            if trust.revoked.contains_key(&key.public.fingerprint()) {
                continue;
            }
            let mut options = format!("namespaces=\"{}\"", trust.signing.namespace);
            for (option, time) in [
                ("valid-after", key.not_before),
                ("valid-before", key.not_after),
            ] {
                if let Some(time) = time {
                    let _ = write!(options, ",{option}=\"{}\"", compact(time));
                }
            }
            let _ = writeln!(lines, "{} {options} {}", person.id, key.public.to_line());
        }
    }
    lines
}

/// `20270101000000Z`. Without the `Z`, OpenSSH would read local time.
fn compact(time: Timestamp) -> String {
    jiff::fmt::strtime::format("%Y%m%d%H%M%SZ", time)
        .expect("the format holds only fields that every time has")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SK: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIIbIOsFl3Ig/WU+rVsXJw+DPf/nfrcj+RNJ9dbGGBfajAAAADXNzaDp1bmRlcnNpZ24=";

    #[test]
    fn a_first_trust_file_is_one_that_is_read() {
        let hardware = PublicKey::from_line(SK).unwrap();
        let software = PublicKey::ed25519(&[1; 32]);
        for (key, assurance) in [
            (hardware, Assurance::Touch),
            (software, Assurance::Software),
        ] {
            let text = render("corp", "alice", &key, "any \"target\"").unwrap();
            let trust = Trust::parse("trust.toml", &text).unwrap();
            assert_eq!(trust.owner(&key).unwrap().0.id, "alice");
            assert_eq!(trust.scopes[0].id, "any \"target\"");
            assert_eq!(trust.scopes[0].min_assurance, assurance);
        }
    }

    #[test]
    fn a_name_that_would_be_more_than_a_name_is_refused() {
        let key = PublicKey::ed25519(&[1; 32]);
        for name in ["", "a b", "a\"b", "../a", "*", "-a"] {
            assert_eq!(
                render("corp", name, &key, "any").unwrap_err().reason,
                "name",
                "{name}"
            );
        }
    }

    #[test]
    fn another_trust_file_is_never_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trust.toml");
        write(&path, "first").unwrap();
        assert!(!write(&path, "second").unwrap_err().hints.is_empty());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "first");
    }

    #[test]
    fn allowed_signers_say_namespace_and_times_in_utc_and_leave_out_the_revoked() {
        let key = PublicKey::ed25519(&[1; 32]);
        let times =
            "not_before = \"2026-01-01T00:00:00Z\"\nnot_after = \"2027-01-01T00:00:00Z\"\n[groups]";
        let text = render("corp", "alice", &key, "any")
            .unwrap()
            .replacen("[groups]", times, 1);
        let lines = allowed_signers(&Trust::parse("t", &text).unwrap());
        let options = r#"namespaces="undersign-approval@v1",valid-after="20260101000000Z",valid-before="20270101000000Z""#;
        assert_eq!(lines, format!("alice {options} {}\n", key.to_line()));

        let revoked = format!(
            "{text}[[revoked]]\nkey = \"{}\"\nreason = \"lost\"\n",
            key.fingerprint()
        );
        assert_eq!(allowed_signers(&Trust::parse("t", &revoked).unwrap()), "");
    }
}

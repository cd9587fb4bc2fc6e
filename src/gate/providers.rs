//! The providers of a plan, fetched again into a private data directory.
//!
//! A provider is a program, and `show` starts it. Whoever may write the `.terraform` directory beside the configuration
//! chooses that program, so it is never used at the gate. The plan file carries its own lock; `init` fetches what that
//! lock names and compares hashes. A lock without hashes compares nothing and is refused.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::failure::{Exit, Failure};
use crate::plan::archive::{self, Locked};
use crate::process::Bond;

use super::environment::Environment;
use super::sealed::SealedPlan;
use super::show::{Running, one_line};
use super::tool::Tool;

/// Providers that are part of the tool.
const BUILT_IN: &str = "terraform.io/builtin/";

/// Fetches the providers of `plan` into the environment's data directory; `tell` hears how many, if there are any.
pub fn fetch(
    tool: &Tool,
    plan: &SealedPlan,
    environment: &Environment,
    tell: &dyn Fn(usize),
) -> Result<(), Failure> {
    let (lock, mut providers) = archive::lock(&mut plan.reader()?, plan.size())?;
    providers.retain(|provider| !provider.source.starts_with(BUILT_IN));
    refuse_without_hash(&providers)?;
    if providers.is_empty() {
        return Ok(());
    }
    tell(providers.len());
    let directory = environment.work_dir();
    let requirements = directory.join("providers.tf");
    write(&directory.join(".terraform.lock.hcl"), &lock)?;
    write(&requirements, requirements_of(&providers)?.as_bytes())?;
    init(tool, environment, &directory)?;
    fs::remove_file(&requirements)
        .map_err(|error| Failure::io("clearing the private directory", &error))
}

/// Refuses a lock that would accept any program under a provider's name.
pub fn refuse_without_hash(providers: &[Locked]) -> Result<(), Failure> {
    let Some(loose) = providers.iter().find(|provider| !provider.hashed) else {
        return Ok(());
    };
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "lock-without-hash",
        format!(
            "the plan's dependency lock has no hash for {}: any program would be accepted in its place",
            loose.source
        ),
    )
    .hint("Run `terraform init` or `terraform providers lock`, commit the lock file, and plan again."))
}

fn init(tool: &Tool, environment: &Environment, directory: &Path) -> Result<(), Failure> {
    let mut command = tool.program.command(environment, directory);
    command
        .args([
            "init",
            "-backend=false",
            "-lockfile=readonly",
            "-input=false",
            "-no-color",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let (status, complaint) = Running::start(command, Bond::Group)?.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::EnvironmentUnsafe,
        "providers",
        format!("the plan's providers cannot be fetched ({status}): {}", one_line(&complaint)),
    )
    .hint("To review: run undersign where `terraform init` was run, so that the providers there are used.")
    .hint("Or name a CLI configuration with a provider mirror: --cli-config for a review, cli_config in the trust file for the gate."))
}

/// A configuration that requires exactly what the lock holds, under the constraints the lock remembers: with others,
/// `init` would want to change the lock.
fn requirements_of(providers: &[Locked]) -> Result<String, Failure> {
    let mut text = String::from("terraform {\n  required_providers {\n");
    for (number, provider) in providers.iter().enumerate() {
        let plain = [&provider.source, &provider.version, &provider.constraints]
            .iter()
            .all(|text| text.chars().all(is_plain));
        if !plain {
            return Err(Failure::new(
                Exit::BadPlan,
                "lock-not-understood",
                "the plan's dependency lock names a provider in characters that no tool writes",
            ));
        }
        let _ = write!(
            text,
            "    p{number} = {{\n      source  = \"{}\"\n",
            provider.source
        );
        if !provider.constraints.is_empty() {
            let _ = writeln!(text, "      version = \"{}\"", provider.constraints);
        }
        text.push_str("    }\n");
    }
    text.push_str("  }\n}\n");
    Ok(text)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "./-_+~><=!, ".contains(c)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::io("filling the private directory", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(source: &str, constraints: &str, hashed: bool) -> Locked {
        Locked {
            source: source.into(),
            version: "1.0.0".into(),
            constraints: constraints.into(),
            hashed,
        }
    }

    #[test]
    fn a33_a_lock_without_hashes_is_refused() {
        let providers = [locked("r.io/a/b", "", true), locked("r.io/a/c", "", false)];
        let failure = refuse_without_hash(&providers).unwrap_err();
        assert_eq!(
            (failure.exit, failure.reason),
            (Exit::EnvironmentUnsafe, "lock-without-hash")
        );
        assert!(failure.error.contains("r.io/a/c"));
    }

    #[test]
    fn requirements_repeat_the_lock() {
        assert_eq!(
            requirements_of(&[
                locked("r.io/a/b", "~> 1.0", true),
                locked("r.io/a/c", "", true)
            ])
            .unwrap(),
            "terraform {\n  required_providers {\n    p0 = {\n      source  = \"r.io/a/b\"\n      version = \"~> 1.0\"\n    }\n    \
             p1 = {\n      source  = \"r.io/a/c\"\n    }\n  }\n}\n"
        );
    }

    #[test]
    fn a_lock_cannot_write_configuration() {
        let evil = locked("r.io/a/b\" }\n} module \"x", "", true);
        assert_eq!(
            requirements_of(&[evil]).unwrap_err().reason,
            "lock-not-understood"
        );
    }
}

//! Which policies a plan is held against: those that the trust file demands, or those that somebody names.

use std::path::Path;

use crate::approval::statement::Hex;
use crate::failure::{Exit, Failure};
use crate::plan::archive::Sha256;
use crate::policy::Policies;
use crate::policy::brought::Brought;
use crate::policy::ruleset::Ruleset;
use crate::policy::worker::Program;

use super::Trust;

/// Reads the policies. `named` are somebody's own: they may stand in for those of the trust file where it pins their
/// digest, so that it does not matter where they lie; without a pin nobody could tell them from others.
pub fn policies(
    trust: Option<&Trust>,
    named: Option<&Path>,
    program: Program,
) -> Result<Policies, Failure> {
    let demanded = trust.and_then(|trust| trust.policy.as_ref());
    let directory = match (demanded, named) {
        (None, named) => named,
        (Some(demanded), None) => Some(demanded.directory.as_path()),
        (Some(demanded), Some(named))
            if demanded.sha256.is_some() || demanded.directory == named =>
        {
            Some(named)
        }
        (Some(demanded), Some(named)) => {
            return Err(Failure::new(
                Exit::Mismatch,
                "policy-directory",
                "the trust file asks for other policies than those named",
            )
            .expected(demanded.directory.display().to_string(), named.display().to_string())
            .hint("Leave --policy out, or pin sha256 under [policy] in the trust file: undersign policy digest DIR"));
        }
    };
    let ruleset = directory.map(Ruleset::load).transpose()?;
    let policies = Policies {
        ruleset,
        program,
        brought: Brought::default(),
        reviewer_overrides: demanded.is_none_or(|demanded| demanded.reviewer_overrides),
    };
    let wanted = demanded.and_then(|demanded| demanded.sha256);
    pinned("policies", wanted, policies.sha256())?;
    Ok(policies)
}

/// Refuses other `rules` than those whose digest the trust file wants, if it wants one.
pub fn pinned(rules: &str, wanted: Option<Sha256>, got: Option<Sha256>) -> Result<(), Failure> {
    let Some(wanted) = wanted.filter(|wanted| got != Some(*wanted)) else {
        return Ok(());
    };
    let got = got.map_or_else(|| "none".into(), |got| Hex(got).to_string());
    Err(Failure::new(
        Exit::Mismatch,
        "policy-digest",
        format!("the {rules} are not those that the trust file asks for"),
    )
    .expected(Hex(wanted).to_string(), got)
    .hint("The digest also holds the engine and its version: use the undersign that the trust file was written for."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_name_other_policies_than_the_trust_file() {
        let mine = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        for (directory, text) in [(&mine, "package main\n"), (&other, "package other\n")] {
            std::fs::write(directory.path().join("a.rego"), text).unwrap();
        }
        let digest = Hex(Ruleset::load(mine.path()).unwrap().inputs.sha256().unwrap());
        let trust = |pin: &str| {
            let text = format!(
                "schema = 1\nid = \"t\"\nversion = 1\n[policy]\ndirectory = \"{}\"\n{pin}\n",
                mine.path().display()
            );
            Trust::parse("t", &text).unwrap()
        };
        let read = |trust: Option<&Trust>, named: Option<&Path>| {
            policies(trust, named, Program::own().unwrap())
                .map(|policies| policies.sha256().map(Hex))
                .map_err(|failure| failure.reason)
        };
        let (loose, pinned) = (trust(""), trust(&format!("sha256 = \"{digest}\"")));
        let stale = trust(&format!("sha256 = \"{}\"", "0".repeat(64)));
        assert_eq!(read(None, None), Ok(None));
        assert_eq!(read(None, Some(mine.path())), Ok(Some(digest)));
        assert_eq!(read(Some(&loose), None), Ok(Some(digest)));
        assert_eq!(read(Some(&loose), Some(mine.path())), Ok(Some(digest)));
        assert_eq!(
            read(Some(&loose), Some(other.path())),
            Err("policy-directory")
        );
        assert_eq!(read(Some(&pinned), Some(mine.path())), Ok(Some(digest)));
        assert_eq!(
            read(Some(&pinned), Some(other.path())),
            Err("policy-digest")
        );
        assert_eq!(read(Some(&stale), None), Err("policy-digest"));
    }
}

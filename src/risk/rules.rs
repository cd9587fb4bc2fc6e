//! Every rule with its explanation, for `undersign explain` and the detail pane.

/// What there is to say about one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable id.
    pub id: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// Why that is risky.
    pub why: &'static str,
    /// What is lost.
    pub lost: &'static str,
    /// What would make it safe.
    pub remedy: &'static str,
}

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Where the rule stands in the table; behind all others if it is none of ours.
pub(crate) fn place(id: &str) -> usize {
    let found = RULES.iter().position(|rule| rule.id == id);
    found.unwrap_or(RULES.len())
}

/// All of them, the most telling first.
pub static RULES: &[Rule] = &[
    Rule {
        id: "delete-stateful",
        title: "An object that holds data, keys or names is destroyed",
        why: "What it holds goes with it. Configuration can make the object again, never its contents.",
        lost: "The contents: rows, files, messages, keys, addresses, run history.",
        remedy: "Check that a copy exists outside this state and account, and that it can be restored. Let go of it with a `removed` block if it is to live on.",
    },
    Rule {
        id: "replace-stateful",
        title: "An object that holds data is destroyed and made anew",
        why: "A replacement is a delete. The new object is empty, has another address, and may have another name.",
        lost: "The contents of the old object.",
        remedy: "Look at what forces the replacement and undo it, or move the data first; `create_before_destroy` helps only if something copies in between.",
    },
    Rule {
        id: "forget-stateful",
        title: "An object that holds data leaves the state",
        why: "It goes on existing and costing, and no later plan shows what happens to it.",
        lost: "The review: nobody sees its changes here any more.",
        remedy: "Write down who owns it from now on, or import it where it belongs.",
    },
    Rule {
        id: "delete",
        title: "An object is destroyed",
        why: "What depends on it stops working, and what it held is gone.",
        lost: "The object.",
        remedy: "Make sure nothing outside this plan uses it.",
    },
    Rule {
        id: "replace",
        title: "An object is destroyed and made anew",
        why: "In between it is missing, and its identity changes.",
        lost: "The old object, its identity, its uptime.",
        remedy: "Look at what forces the replacement.",
    },
    Rule {
        id: "forget",
        title: "An object leaves the state",
        why: "It goes on existing, and no later plan shows it.",
        lost: "The review of its changes.",
        remedy: "Write down who owns it from now on.",
    },
    Rule {
        id: "deposed-destroyed",
        title: "A left-over of an unfinished replacement is destroyed",
        why: "It may still be in use, or hold the only data, if the replacement never finished.",
        lost: "The older of two objects with one address.",
        remedy: "See in the provider's console which of the two is in use.",
    },
    Rule {
        id: "no-final-snapshot",
        title: "It is destroyed without a last copy",
        why: "The setting is read from the state at destroy time; once the apply runs there is no second chance.",
        lost: "The last copy that the service would have taken.",
        remedy: "Apply the setting back first (`skip_final_snapshot = false`, `force_destroy = false`), then destroy.",
    },
    Rule {
        id: "unprotected-and-replaced",
        title: "A protection goes away and the object is destroyed in the same change",
        why: "The protection was there to stop exactly this.",
        lost: "The object, past its own lock.",
        remedy: "Split it: why is the protection in the way?",
    },
    Rule {
        id: "protection-weakened",
        title: "A protection of an object gets weaker",
        why: "Nothing is lost yet. The next plan that destroys or overwrites will not be stopped. Accidents begin here.",
        lost: "The safety net named in the finding.",
        remedy: "Leave the protection on, or say who decided and until when.",
    },
    Rule {
        id: "looks-weakened",
        title: "A setting that looks like a protection gets weaker",
        why: "No row of the catalogue speaks of this type; the name of the attribute does.",
        lost: "Probably a safety net.",
        remedy: "Read the provider's page on the attribute.",
    },
    Rule {
        id: "unknown-on-protected",
        title: "A protected attribute is known only after apply",
        why: "What cannot be seen cannot be reviewed.",
        lost: "The certainty that the protection stays.",
        remedy: "Make the value known: apply what it depends on first, or write it down.",
    },
    Rule {
        id: "sensitive-changed-on-protected",
        title: "A protected setting changes in secret",
        why: "It is marked secret, so neither the old nor the new value can be shown.",
        lost: "The review of the value.",
        remedy: "Take the mark off settings that are no secrets.",
    },
    Rule {
        id: "guard-removed",
        title: "Something whose only job is to protect is removed",
        why: "What it blocked, recorded or copied is no longer blocked, recorded or copied.",
        lost: "The guard.",
        remedy: "See that another guard of the same strength takes its place before this one goes.",
    },
    Rule {
        id: "guard-changed",
        title: "A guard is changed",
        why: "Whether it still blocks the same is said by the other findings; that it changes is worth a look.",
        lost: "Possibly a part of what it blocks.",
        remedy: "Read its diff.",
    },
    Rule {
        id: "guard-exempted",
        title: "An exemption from a guard is made",
        why: "Rules of this kind mute, exclude or exempt.",
        lost: "The guard, for what the rule names.",
        remedy: "Give it an end date and a reason.",
    },
    Rule {
        id: "deny-lost",
        title: "A policy document loses its last deny",
        why: "An explicit deny is the only thing that no allow can override.",
        lost: "The block, for everybody whom something allows.",
        remedy: "Keep the statement; move it before you delete it.",
    },
    Rule {
        id: "deny-narrowed",
        title: "A deny gets narrower",
        why: "An action, a resource or a principal leaves it, or somebody is exempted.",
        lost: "The block, for what left.",
        remedy: "Keep it as wide as it was, or exempt one named principal with an end date.",
    },
    Rule {
        id: "key-lockout",
        title: "A key that nobody can manage",
        why: "Once the policy is in place, only support can restore access to the key.",
        lost: "The key, and everything that it encrypts.",
        remedy: "Keep the statement that lets the account itself manage the key.",
    },
    Rule {
        id: "iam-widened",
        title: "More rights are granted",
        why: "Somebody may do what he could not do before.",
        lost: "The boundary between what an identity needs and what it may.",
        remedy: "Name the actions and the resources that are needed.",
    },
    Rule {
        id: "trust-policy-opened",
        title: "More identities may become this role",
        why: "Whoever may become a role has all its rights.",
        lost: "The boundary around the role.",
        remedy: "Name the principal, and bind it with an external id, a source or a subject.",
    },
    Rule {
        id: "policy-unknown",
        title: "A policy document is known only after apply",
        why: "It is made from values that do not exist yet.",
        lost: "The review of the document.",
        remedy: "Apply what it depends on first.",
    },
    Rule {
        id: "policy-unreadable",
        title: "A policy document cannot be judged",
        why: "It is in a language that undersign cannot take apart, or too big.",
        lost: "The judgement, not the policy.",
        remedy: "Read it.",
    },
    Rule {
        id: "exposure-opened",
        title: "Something can be reached or read by more",
        why: "Scanners find an open port within minutes.",
        lost: "The boundary to the outside.",
        remedy: "Name the networks that need it.",
    },
    Rule {
        id: "traffic-redirected",
        title: "A name points elsewhere",
        why: "Everybody who asks for the name is sent to another place, and mail and certificates follow.",
        lost: "The way to the service.",
        remedy: "Check that the new target is yours.",
    },
    Rule {
        id: "new-version",
        title: "A version is replaced by the next one",
        why: "Objects of this type cannot be changed; replacing is how they are published, and nothing is kept in them.",
        lost: "The old version, once nothing uses it.",
        remedy: "Nothing; look at what the new version holds.",
    },
    Rule {
        id: "source-redirected",
        title: "A program comes from another place",
        why: "Whoever owns the new repository decides what runs here from now on, with all the rights of the old program.",
        lost: "The chain from reviewed code to running code.",
        remedy: "Check who owns the new repository, and who may write to it.",
    },
    Rule {
        id: "data-redirected",
        title: "Data is sent to another place",
        why: "Records, copies and messages leave for the new target from now on; the old one hears nothing more.",
        lost: "The boundary around the data, or the record of who did what.",
        remedy: "Check that the new target is yours, and that the old one is not needed.",
    },
    Rule {
        id: "environment-redirected",
        title: "A program is told to talk to another place",
        why: "Its data, and what it believes, come from there from now on.",
        lost: "The boundary around the program's data.",
        remedy: "Check that the new address is yours.",
    },
    Rule {
        id: "import-that-changes",
        title: "An object is taken over and changed at once",
        why: "The configuration was written for an object that nobody compared it with.",
        lost: "Settings that somebody made by hand.",
        remedy: "Import first, until the plan shows no change.",
    },
    Rule {
        id: "no-op-that-differs",
        title: "A change that claims to be none",
        why: "The tool never writes this: the file was altered, or made by something else.",
        lost: "The trust in this file.",
        remedy: "Make the plan JSON again from the plan file.",
    },
    Rule {
        id: "undecodable-values",
        title: "The values cannot be decoded",
        why: "A key stands twice, or the nesting is endless: two readers would see two plans.",
        lost: "The judgement.",
        remedy: "Make the plan JSON again from the plan file.",
    },
    Rule {
        id: "unknown-action",
        title: "An action that undersign does not know",
        why: "A newer tool may do something new, and it may destroy.",
        lost: "The judgement.",
        remedy: "Update undersign, or use the tool version it knows.",
    },
    Rule {
        id: "unknown-key",
        title: "A part of the plan that undersign does not know",
        why: "New kinds of effects come as new keys.",
        lost: "The judgement.",
        remedy: "Update undersign, or use the tool version it knows.",
    },
    Rule {
        id: "action-invocation",
        title: "A provider action runs",
        why: "Actions are imperative: they do not converge, and the plan does not say what they change.",
        lost: "Predictability.",
        remedy: "Read the action's page, and what triggers it.",
    },
    Rule {
        id: "provisioner",
        title: "A program runs during apply",
        why: "It runs with the rights of whoever applies, as the file is at that moment.",
        lost: "The binding between review and effect.",
        remedy: "Put the work into the image or the pipeline.",
    },
    Rule {
        id: "external-program",
        title: "A data source runs a program",
        why: "It runs with the rights of whoever plans or applies.",
        lost: "The binding between review and effect.",
        remedy: "Use a provider, or read the program.",
    },
    Rule {
        id: "deferred",
        title: "A change is put off",
        why: "Its values are not final, and a later plan will hold it.",
        lost: "The completeness of this plan.",
        remedy: "Plan again after this apply, and review that one.",
    },
    Rule {
        id: "check-failed",
        title: "A check did not pass",
        why: "The configuration says itself that something is not as it should be.",
        lost: "An assumption.",
        remedy: "Read the check's message.",
    },
    Rule {
        id: "output-sensitive-exposed",
        title: "A secret output is shown in clear",
        why: "Logs and the screen will hold it.",
        lost: "The secret.",
        remedy: "Keep `sensitive = true`; rotate the secret if it was printed.",
    },
    Rule {
        id: "confusable-address",
        title: "An address that is easily mistaken",
        why: "Letters of another alphabet or hidden characters make two names look like one.",
        lost: "The certainty which object this is.",
        remedy: "Look at the address in the detail pane, where everything hidden is spelled out.",
    },
    Rule {
        id: "errored",
        title: "The plan ended in an error",
        why: "What is missing from it is not known.",
        lost: "The completeness of the plan.",
        remedy: "Fix the error and plan again.",
    },
    Rule {
        id: "destroys-everything",
        title: "Everything is destroyed",
        why: "Either this is meant, or the configuration was not where the tool looked for it.",
        lost: "All that this state holds.",
        remedy: "Check the directory, the workspace and the variables.",
    },
    Rule {
        id: "destroy-mode",
        title: "The plan was made with -destroy",
        why: "It wants nothing to exist.",
        lost: "What the state holds.",
        remedy: "Check the directory and the workspace.",
    },
    Rule {
        id: "mass-destroy",
        title: "Many objects are destroyed",
        why: "A renamed module or a wrong variable looks like this.",
        lost: "More than a person checks one by one.",
        remedy: "Look for one cause; use `moved` blocks for renames.",
    },
    Rule {
        id: "mass-change",
        title: "Very many objects are touched",
        why: "Nobody reads each of them.",
        lost: "Attention.",
        remedy: "Split the change.",
    },
    Rule {
        id: "no-prior-state",
        title: "There is no prior state, and much is made",
        why: "A missing state file makes a plan that creates everything a second time. Cleaning up the duplicates is how the originals are destroyed.",
        lost: "The knowledge of what exists already.",
        remedy: "Check that `init` reaches the backend, and that `state list` is empty for a reason.",
    },
    Rule {
        id: "incomplete",
        title: "The plan does not cover everything",
        why: "With -target, what was left out may contradict what was applied.",
        lost: "The completeness of the plan.",
        remedy: "Plan again without -target.",
    },
    Rule {
        id: "forced-replacement",
        title: "A replacement was asked for",
        why: "The tool saw no need for it: somebody gave -replace.",
        lost: "The old object, its identity, its uptime.",
        remedy: "Ask who wanted it, and why.",
    },
    Rule {
        id: "apply-time-variables",
        title: "Values are asked for again at apply",
        why: "Ephemeral variables are in no plan: whoever applies may give others than those that were planned with.",
        lost: "The binding between review and effect.",
        remedy: "Plan without ephemeral variables, or read the values from a secret store in the configuration.",
    },
    Rule {
        id: "prevent-destroy-ignored",
        title: "Something is destroyed that must not be",
        why: "Its block says prevent_destroy, and no tool makes a plan that destroys it: the plan file was altered, or made by something else.",
        lost: "The object, past the guard that was set for it.",
        remedy: "Make the plan again from the configuration, and find out where this one comes from.",
    },
    Rule {
        id: "depended-on",
        title: "Others depend on what goes",
        why: "They refer to an object that is destroyed or gets a new identity, and may fail before or after it.",
        lost: "What they do, while it is missing.",
        remedy: "Look at each of them; `create_before_destroy` closes the gap where two can exist at once.",
    },
    Rule {
        id: "other-lineage",
        title: "The state is another one than was approved last",
        why: "A plan against another state, or against none, makes everything a second time or destroys what it does not know.",
        lost: "The knowledge of what exists.",
        remedy: "Check that the backend, the workspace and the credentials are the ones you think they are.",
    },
    Rule {
        id: "older-serial",
        title: "The state is older than the one that was approved last",
        why: "Somebody restored a state, or the backend served an old one: what happened since is unknown to this plan.",
        lost: "The knowledge of what exists.",
        remedy: "Find out who brought the old state back before anything is applied.",
    },
    Rule {
        id: "refresh-only",
        title: "The plan changes nothing but the state",
        why: "It accepts what was changed outside.",
        lost: "The chance to revert the drift.",
        remedy: "Look at the drift: should the configuration win?",
    },
    Rule {
        id: "several-guards-removed",
        title: "Several guards go at once",
        why: "One exception has a reason; several are a dismantling.",
        lost: "The layers that were to catch each other's failure.",
        remedy: "Remove one at a time, each with its reason.",
    },
    Rule {
        id: "guard-and-guarded",
        title: "A guard goes with what it guards",
        why: "This order of things is how a protection is got around.",
        lost: "The protection at the moment it is needed.",
        remedy: "Split the plan.",
    },
    Rule {
        id: "provider-unprotected",
        title: "A provider talks to another place, or to whoever answers",
        why: "It hands its credentials to what it talks to, and believes what that says about the objects.",
        lost: "The certainty that the real service was asked, and will be told.",
        remedy: "Let the provider check certificates, and ask who runs the place that it is sent to.",
    },
    Rule {
        id: "plan-file-unread",
        title: "A part of the plan file cannot be read",
        why: "What is applied stands in there.",
        lost: "The certainty that what is shown is what is applied.",
        remedy: "Update undersign, or use the tool version it knows.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kebab_case_and_stand_once() {
        let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert!(
            ids.iter()
                .all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        );
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        assert!(rule("delete-stateful").is_some() && rule("nothing").is_none());
    }

    #[test]
    fn every_rule_that_is_made_is_explained() {
        let sources = [
            include_str!("assess.rs"),
            include_str!("attributes.rs"),
            include_str!("container.rs"),
            include_str!("firewall.rs"),
            include_str!("heuristic.rs"),
            include_str!("lifecycle.rs"),
            include_str!("policy_change.rs"),
            include_str!("policy_special.rs"),
            include_str!("redirect.rs"),
            include_str!("release.rs"),
            include_str!("summary.rs"),
            include_str!("written.rs"),
        ];
        let call = regex::Regex::new(
            r#"(?:Finding::new|signal|note|signal_row)\((?:\s*effect,)?\s*"([a-z-]+)""#,
        )
        .unwrap();
        let made: std::collections::BTreeSet<&str> = sources
            .iter()
            .flat_map(|source| call.captures_iter(source))
            .filter_map(|found| found.get(1).map(|id| id.as_str()))
            .collect();
        assert!(made.len() > 25, "{made:?}");
        let unexplained: Vec<_> = made.into_iter().filter(|id| rule(id).is_none()).collect();
        assert!(unexplained.is_empty(), "{unexplained:?}");
    }
}

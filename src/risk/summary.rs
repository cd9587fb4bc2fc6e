//! What is wrong with the plan as a whole.
//!
//! Fed row by row, so that it can be told while a plan is still being read. Each signal is a row of its own
//! ([`Kind::Plan`], its id as address, [`Action::Update`] because it changes the state as a whole) that is acknowledged
//! like any other.

use std::collections::{BTreeSet, HashSet};

use arcstr::ArcStr;

use super::{Finding, Judged, Risk, catalogue, provider_config};
use crate::plan::action::Action;
use crate::plan::address;
use crate::plan::archive::{PlanFile, PlanMode};
use crate::plan::effect::{Effect, Kind, Mode, Span};
use crate::plan::index::{Header, fingerprint};
use crate::text::count;

/// From this many creates on, a plan without any prior state is asked about: below, it is how every project begins.
const CREATES_WITHOUT_STATE: u64 = 25;
/// The same where something that holds data is among them: a bucket and its policies are a beginning, a platform is not.
const CREATES_WITH_DATA: u64 = 10;
/// From this many destroyed objects on, the number itself is worth an acknowledgement.
const MASS_DESTROY: u64 = 10;
/// From this many touched objects on, nobody reads each of them.
const MASS_CHANGE: u64 = 200;
/// From this many guards on, it is no single exception any more.
const SEVERAL_GUARDS: u64 = 2;

/// What the rows of a plan add up to.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    creates: u64,
    updates: u64,
    deletes: u64,
    replaces: u64,
    forgets: u64,
    unchanged: u64,
    /// Creates of types that hold what cannot be made again, by class.
    stateful_creates: u64,
    moves: u64,
    imports: u64,
    drift: u64,
    /// What the removed guards guard, with their addresses, and the module they stand in.
    removed_guards: Vec<(Box<str>, ArcStr)>,
    /// The blocks whose objects are destroyed, and those among them that come back: keyed hashes of their names, which are
    /// asked for only by somebody who has the name.
    destroyed: HashSet<u64>,
    replaced: HashSet<u64>,
    /// What is replaced because somebody asked for it: not every tool keeps that in its plan file.
    requested: BTreeSet<String>,
    /// Modules in which something stateful is destroyed or loses a protection.
    critical_in: BTreeSet<ArcStr>,
}

impl Tally {
    /// Counts one row.
    pub fn add(&mut self, judged: &Judged) {
        let effect = &judged.effect;
        if effect.kind == Kind::Drift {
            self.drift += 1;
        }
        if effect.kind != Kind::Change || matches!(effect.mode, Mode::Data | Mode::Ephemeral) {
            return;
        }
        let count = match effect.action {
            Action::NoOp => &mut self.unchanged,
            Action::Create => &mut self.creates,
            Action::Update => &mut self.updates,
            Action::Delete => &mut self.deletes,
            Action::DeleteCreate | Action::CreateDelete => &mut self.replaces,
            Action::Forget | Action::CreateForget | Action::ForgetCreate => &mut self.forgets,
            Action::Read | Action::Open | Action::Unknown => return,
        };
        *count += 1;
        let stateful = catalogue::stateful(&effect.type_name);
        if effect.action == Action::Create
            && stateful.is_some_and(|known| known.risk == Risk::Critical)
        {
            self.stateful_creates += 1;
        }
        if effect.action.destroys() && effect.deposed().is_none() {
            let block = fingerprint(&address::block(&effect.address()));
            if effect.action != Action::Delete {
                self.replaced.insert(block);
            }
            self.destroyed.insert(block);
        }
        if effect.reason.as_deref() == Some("replace_by_request") {
            self.requested.insert(effect.address().into_owned());
        }
        self.moves += u64::from(effect.previous_address().is_some());
        self.imports += u64::from(effect.is_import());
        let guard_gone = judged.findings.iter().any(|finding| {
            matches!(
                &*finding.rule,
                "guard-removed" | "deny-lost" | "deny-narrowed"
            ) && finding.risk >= Risk::High
        });
        if guard_gone {
            self.removed_guards
                .push((effect.address().into(), effect.module.clone()));
        } else if judged.findings.iter().any(|finding| {
            finding.risk == Risk::Critical
                && (finding.rule.ends_with("-stateful") || finding.rule == "protection-weakened")
        }) {
            self.critical_in.insert(effect.module.clone());
        }
    }

    /// Whether objects of this block are destroyed.
    fn destroys(&self, block: &str) -> bool {
        self.destroyed.contains(&fingerprint(block))
    }

    /// Objects that exist now and are in the plan's hands.
    fn existing(&self) -> u64 {
        self.updates + self.deletes + self.replaces + self.forgets + self.unchanged
    }
}

/// The signals of a plan, worst first.
pub fn summary(header: &Header, file: Option<&PlanFile>, tally: &Tally) -> Vec<Judged> {
    let mut signals = Vec::new();
    let mut signal = |rule: &'static str, risk: Risk, message: String| {
        signals.push(signal_row(rule, risk, message));
    };
    if header.errored == Some(true) || file.is_some_and(|file| file.errored) {
        signal(
            "errored",
            Risk::Critical,
            "The plan ended in an error: it is not whole, and cannot be approved.".into(),
        );
    }
    let mode = file.map(|file| file.mode);
    let (destroyed, existing) = (tally.deletes, tally.existing());
    let everything = destroyed > 0 && destroyed == existing && tally.creates == 0;
    if everything && (existing > 1 || mode == Some(PlanMode::Destroy)) {
        signal(
            "destroys-everything",
            Risk::Critical,
            format!("Destroys {destroyed} of {existing}: nothing of what is managed here is left."),
        );
    } else if mode == Some(PlanMode::Destroy) {
        signal(
            "destroy-mode",
            Risk::Critical,
            format!("The plan was made with -destroy: {destroyed} of {existing} are destroyed."),
        );
    } else if destroyed + tally.replaces >= MASS_DESTROY {
        signal(
            "mass-destroy",
            Risk::High,
            match tally.replaces {
                0 => format!("Destroys {destroyed} of {existing}."),
                anew => format!(
                    "Destroys {} of {existing}, {anew} of them to make them anew.",
                    destroyed + anew
                ),
            },
        );
    }
    let touched = tally.creates + tally.updates + tally.deletes + tally.replaces + tally.forgets;
    if touched >= MASS_CHANGE {
        signal(
            "mass-change",
            Risk::Medium,
            format!(
                "Touches {} objects: more than a person reads one by one.",
                count(touched)
            ),
        );
    }
    let no_state = header.prior_resources.unwrap_or(0) == 0
        && file.is_none_or(|file| file.prior_resources == 0)
        && existing == 0
        && tally.imports == 0;
    if no_state && tally.creates > 0 {
        let asks = tally.creates >= CREATES_WITHOUT_STATE
            || (tally.creates >= CREATES_WITH_DATA && tally.stateful_creates > 0);
        let stateful = match tally.stateful_creates {
            0 => String::new(),
            many => format!(", {} of objects that hold data", count(many)),
        };
        if asks || tally.stateful_creates > 0 {
            let risk = if asks { Risk::High } else { Risk::Medium };
            signal(
                "no-prior-state",
                risk,
                format!(
                    "No prior state and {} creates{stateful}: is the state file missing?",
                    count(tally.creates)
                ),
            );
        }
    }
    if let Some(file) = file.filter(|file| !file.targets.is_empty()) {
        signal(
            "incomplete",
            Risk::High,
            format!(
                "The plan was made with -target: {}, and what that needs; the rest is left as it is.",
                named(&file.targets)
            ),
        );
    } else if header.complete == Some(false) {
        signal("incomplete", Risk::High, "The plan is not complete: applying it does not bring everything to the configuration (-target, or changes that are put off).".into());
    }
    if mode == Some(PlanMode::RefreshOnly)
        || (mode.is_none() && touched == 0 && existing == 0 && tally.drift > 0)
    {
        signal(
            "refresh-only",
            Risk::Medium,
            format!(
                "Changes nothing but the state: it accepts {} made outside.",
                match tally.drift {
                    1 => "1 difference that was".to_owned(),
                    n => format!("{n} differences that were"),
                }
            ),
        );
    }
    let mut requested = tally.requested.clone();
    requested.extend(
        file.iter()
            .flat_map(|file| file.forced_replacements.iter().cloned()),
    );
    if !requested.is_empty() {
        signal(
            "forced-replacement",
            Risk::Medium,
            format!(
                "The plan was made with -replace: {} would not have to be replaced.",
                named(&requested.into_iter().collect::<Vec<_>>())
            ),
        );
    }
    let weakened = provider_config::weakened(&header.provider_settings);
    if !weakened.is_empty() {
        signal(
            "provider-unprotected",
            Risk::Medium,
            format!(
                "A provider talks to another place than its own, or to whoever answers: {}.",
                named(&weakened)
            ),
        );
    }
    if let Some(file) = file.filter(|file| !file.apply_time_variables.is_empty()) {
        signal(
            "apply-time-variables",
            Risk::High,
            format!(
                "The plan asks for values again when it is applied: {}. No approval can bind them, and the gate refuses such a plan.",
                named(&file.apply_time_variables)
            ),
        );
    }
    if let Some(message) = file.and_then(|file| past_its_guard(file, tally)) {
        signal("prevent-destroy-ignored", Risk::Critical, message);
    }
    if let Some(message) = depended_on(header, tally).filter(|_| !everything) {
        signal("depended-on", Risk::Medium, message);
    }
    // Where everything goes, the guards go with it: that is said already.
    let guards = &tally.removed_guards;
    if let Some((guard, _)) = guards.first().filter(|_| !everything) {
        let several = guards.len() as u64 >= SEVERAL_GUARDS;
        // What guards and what it guards in one plan says more than the number of guards, so it is said alone.
        if !tally.critical_in.is_empty() {
            let who = if several {
                format!("{} guards go away, {guard} first,", guards.len())
            } else {
                format!("A guard goes away ({guard})")
            };
            signal(
                "guard-and-guarded",
                Risk::Critical,
                format!(
                    "{who} in the same plan that destroys or unprotects what such a guard is for."
                ),
            );
        } else if several {
            signal(
                "several-guards-removed",
                Risk::Critical,
                format!("{} guards are removed or narrowed at once.", guards.len()),
            );
        }
    }
    if let Some(file) = file.filter(|file| !file.unread.is_empty()) {
        signal(
            "plan-file-unread",
            Risk::High,
            format!(
                "A part of the plan file could not be read: {}.",
                file.unread.join("; ")
            ),
        );
    }
    signals
}

/// What is wrong with a plan's state beside the state that was approved last for the same place.
pub fn since(earlier: &Earlier, file: &PlanFile) -> Option<Judged> {
    let (rule, message) = if earlier.lineage.is_empty() {
        // A first plan says nothing about the state that comes of it.
        return None;
    } else if file.lineage.is_empty() {
        (
            "other-lineage",
            "The plan was made without a state, but the plan that was approved last for this place had one: is the state file missing?".to_owned(),
        )
    } else if file.lineage != earlier.lineage {
        (
            "other-lineage",
            format!(
                "The state has lineage {}; the one that was approved last for this place had {}.",
                file.lineage, earlier.lineage
            ),
        )
    } else if file.serial < earlier.serial {
        (
            "older-serial",
            format!(
                "The state has serial {}; the one that was approved last for this place had {} already.",
                file.serial, earlier.serial
            ),
        )
    } else {
        return None;
    };
    Some(signal_row(rule, Risk::High, message))
}

/// The state of a plan that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Its lineage; empty for a first plan.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
}

fn signal_row(rule: &'static str, risk: Risk, message: String) -> Judged {
    Judged::new(
        Effect::bare(Kind::Plan, rule, Action::Update, Span::default()),
        vec![Finding::new(rule, risk, "").say(message)],
    )
}

/// What refers to blocks whose objects go, the most referred to first. Who goes as well is not counted.
fn depended_on(header: &Header, tally: &Tally) -> Option<String> {
    let stays = |block: &&String| {
        let block = fingerprint(block);
        !tally.destroyed.contains(&block) || tally.replaced.contains(&block)
    };
    let mut found: Vec<(usize, &String)> = header
        .dependants
        .iter()
        .filter(|(block, _)| tally.destroys(block))
        .map(|(block, dependants)| (dependants.iter().filter(stays).count(), block))
        .filter(|(count, _)| *count > 0)
        .collect();
    found.sort_by_key(|(count, block)| (std::cmp::Reverse(*count), *block));
    let told: Vec<String> = found
        .iter()
        .map(|(count, block)| match count {
            1 => format!("1 resource depends on {block}"),
            many => format!("{many} resources depend on {block}"),
        })
        .collect();
    (!told.is_empty()).then(|| format!("What goes is used: {}.", named(&told)))
}

/// What is destroyed although its block says `prevent_destroy`. The tools make no such plan.
fn past_its_guard(file: &PlanFile, tally: &Tally) -> Option<String> {
    let guarded = file.snapshot.guarded().map(|(name, _)| name);
    let names: Vec<String> = guarded
        .filter(|name| tally.destroys(name))
        .map(str::to_owned)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Destroys what its own block forbids to destroy (prevent_destroy): {}. No tool makes such a plan: this one was altered.",
            named(&names)
        )
    })
}

/// How many names stand in a sentence.
const NAMED: usize = 5;

/// The first names, and how many more there are.
fn named(names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(NAMED));
    match rest.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests;

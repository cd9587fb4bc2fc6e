//! One pass over a plan's rows: each is judged, all are counted, and at the end stand the facts that a statement holds.
//!
//! The reviewer's side and the gate both use this and nothing else, so that what was acknowledged and what must be
//! acknowledged are worked out by the same code. Pure: rows come in, judgements go out.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::facts::{Backend, Counts, Digested, Facts, Target};
use super::statement::Hex;
use crate::plan::action::Action;
use crate::plan::archive::PlanFile;
use crate::plan::effect::{Effect, Kind, Mode};
use crate::plan::index::Header;
use crate::plan::values::Values;
use crate::review::Requirement;
use crate::risk::summary::{Tally, summary};
use crate::risk::{Judged, assess::assess};

/// Where the registry of `OpenTofu` names its providers.
const TOFU_REGISTRY: &str = "registry.opentofu.org/";

/// What the rows of a plan add up to, while they come.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    tally: Tally,
    counts: Counts,
    runs_local_code: bool,
    names_tofu: bool,
    required: Vec<Requirement>,
    rules: BTreeSet<String>,
}

impl Survey {
    /// Judges one row, whose JSON text is `item`.
    pub fn judge(&mut self, effect: Effect, item: &str) -> Judged {
        let values = match effect.kind {
            Kind::Change | Kind::Drift | Kind::Deferred | Kind::Output => {
                Values::of_item(item).ok()
            }
            Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Check | Kind::UnknownKey => {
                None
            }
        };
        let findings = assess(&effect, values.as_ref());
        let judged = Judged::new(effect, findings);
        self.add(&judged);
        judged
    }

    /// The signals of the plan as a whole, once every row was judged.
    pub fn finish(&mut self, header: &Header, file: Option<&PlanFile>) -> Vec<Judged> {
        let signals = summary(header, file, &self.tally);
        for signal in &signals {
            self.require(signal);
        }
        signals
    }

    /// Everything that must be acknowledged.
    pub fn required(&self) -> &[Requirement] {
        &self.required
    }

    /// Every rule that asks for an acknowledgement.
    pub fn rules(&self) -> &BTreeSet<String> {
        &self.rules
    }

    /// What a statement about this plan says of it. `name` is the plan's file name, `scope` the scope it is for.
    pub fn facts(
        &self,
        name: &str,
        scope: &str,
        header: &Header,
        file: Option<&PlanFile>,
    ) -> Facts {
        Facts {
            name: name.to_owned(),
            plan_file: file.map(|file| Digested {
                sha256: file.sha256,
                bytes: file.size,
            }),
            json: Digested {
                sha256: header.sha256,
                bytes: header.bytes,
            },
            target: Target {
                scope: scope.to_owned(),
                workspace: file.map(|file| file.workspace.clone()),
                backend: file.map(|file| Backend {
                    backend_type: file.backend_type.clone(),
                    config_sha256: Hex(file.backend_config_sha256),
                }),
                state_lineage: file.map(|file| file.lineage.clone()),
                state_serial: file.map(|file| file.serial),
                account: None,
            },
            tool: self.tool(header).to_owned(),
            tool_version: header.terraform_version.clone(),
            created_at: header
                .timestamp
                .as_deref()
                .and_then(|time| time.parse::<Timestamp>().ok()),
            lock_sha256: file.map(|file| file.lock_sha256),
            apply_time_variables: file
                .map_or_else(Vec::new, |file| file.apply_time_variables.clone()),
            runs_local_code: self.runs_local_code,
            counts: self.counts,
        }
    }

    fn add(&mut self, judged: &Judged) {
        self.tally.add(judged);
        self.require(judged);
        let effect = &judged.effect;
        self.names_tofu |= effect.provider.starts_with(TOFU_REGISTRY);
        self.runs_local_code |= effect.kind == Kind::Provisioner
            || (effect.mode == Mode::Data && &*effect.type_name == "external");
        if effect.kind != Kind::Change {
            return;
        }
        let counts = &mut self.counts;
        let count = match effect.action {
            Action::NoOp => &mut counts.noop,
            Action::Create => &mut counts.create,
            Action::Read | Action::Open => &mut counts.read,
            Action::Update => &mut counts.update,
            Action::Delete => &mut counts.delete,
            Action::DeleteCreate | Action::CreateDelete => &mut counts.replace,
            Action::Forget | Action::CreateForget | Action::ForgetCreate => &mut counts.forget,
            // Nobody knows what it does; it asks for an acknowledgement of its own.
            Action::Unknown(_) => return,
        };
        *count += 1;
        counts.import += u64::from(effect.is_import());
    }

    fn require(&mut self, judged: &Judged) {
        if let Some(requirement) = Requirement::of(judged) {
            self.rules.extend(requirement.rules.iter().cloned());
            self.required.push(requirement);
        }
    }

    /// Which product printed the JSON. The two products' versions overlap and the JSON names neither; what it says is
    /// the registry of a provider, and since 1.8 a key that only Terraform writes.
    fn tool(&self, header: &Header) -> &'static str {
        let mut numbers = header
            .terraform_version
            .split('.')
            .map(|part| part.parse::<u64>().ok());
        let since_1_8 = matches!(
            (numbers.next(), numbers.next()),
            (Some(Some(1)), Some(Some(8..)))
        );
        if self.names_tofu || (since_1_8 && header.applyable.is_none()) {
            "tofu"
        } else {
            "terraform"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::effect::Span;

    fn header(version: &str, applyable: Option<bool>) -> Header {
        Header {
            terraform_version: version.into(),
            applyable,
            ..Header::default()
        }
    }

    #[test]
    fn the_product_is_told_by_what_it_writes() {
        let plain = Survey::default();
        for (version, applyable, tool) in [
            ("1.11.4", Some(true), "terraform"),
            ("1.11.4", None, "tofu"),
            ("1.7.0", None, "terraform"),
            ("0.15.5", None, "terraform"),
        ] {
            assert_eq!(plain.tool(&header(version, applyable)), tool, "{version}");
        }
        let mut survey = Survey::default();
        let mut effect = Effect::bare(Kind::Change, "a.b", Action::Create, Span::default());
        effect.provider = "registry.opentofu.org/hashicorp/aws".into();
        survey.judge(effect, "{}");
        assert_eq!(survey.tool(&header("1.6.2", None)), "tofu");
    }

    #[test]
    fn rows_are_counted_and_what_asks_is_kept() {
        let mut survey = Survey::default();
        let item = r#"{"change":{"actions":["delete"],"before":{},"after":null}}"#;
        for address in ["x_y.a", "x_y.b"] {
            survey.judge(
                Effect::bare(Kind::Change, address, Action::Delete, Span::default()),
                item,
            );
        }
        survey.judge(
            Effect::bare(Kind::Provisioner, "x_y.c", Action::Create, Span::default()),
            "{}",
        );
        assert_eq!((survey.counts.delete, survey.counts.create), (2, 0));
        assert!(survey.runs_local_code);
        let addresses: Vec<_> = survey
            .required()
            .iter()
            .map(|r| r.key.address.as_str())
            .collect();
        assert_eq!(addresses, ["x_y.a", "x_y.b", "x_y.c"]);
        assert!(survey.rules().contains("provisioner"));
    }
}

//! What the pass says of a document that is JSON and still no plan that can be reviewed.

use super::Pass;
use crate::failure::Failure;
use crate::plan::effect::Effect;
use crate::plan::element::Wrong;
use crate::plan::input;
use crate::text::count;

impl<'scope, 'a: 'scope> Pass<'scope, 'a, '_> {
    /// Refuses a version that undersign was not made for.
    pub(super) fn format_version(&self) -> Result<(), Failure> {
        let version = &self.header.format_version;
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u64>().ok());
        match major {
            Some(0 | 1) => Ok(()),
            Some(_) | None => Err(input::refuse(
                "format-version",
                format!("the plan's format_version {version:?}, at {}, is not one that undersign can read", self.scanner.at(self.scanner.key_offset())),
            )
            .expected("0.x or 1.x", version)
            .hint("Use a newer undersign, or the terraform or tofu that this version was made for.")),
        }
    }

    /// Refuses a whole and valid document that is no plan.
    pub(super) fn is_a_plan(&self) -> Result<(), Failure> {
        let place = format!("in all {} bytes", count(self.scanner.offset()));
        if self.sections > 0 && !self.header.format_version.is_empty() {
            return Ok(());
        }
        if let Some(key) = &self.wrapped {
            return Err(input::refuse(
                "wrapped",
                format!("the plan is wrapped in another document, under the key {key:?}, {place}"),
            )
            .hint("Take it out as the tool wrote it, or give undersign the plan file itself."));
        }
        if self.sections > 0 {
            return Err(input::refuse("no-format-version", format!("the plan has no format_version {place}: somebody has cut parts out of it"))
                .hint("Give undersign the whole output of `terraform show -json`, or the plan file itself."));
        }
        if self.header.format_version.is_empty() {
            return Err(input::refuse(
                "not-a-plan",
                format!("this is JSON, but no plan: there is no format_version {place}"),
            )
            .expected(
                "the JSON of `terraform show -json plan.tfplan`",
                "another document",
            )
            .hint("Run `terraform show -json plan.tfplan > plan.json`."));
        }
        Err(input::refuse("no-plan", format!("there is no plan in it: no planned_values, no resource_changes, no configuration {place}"))
            .hint("`terraform show -json` without a plan file prints this. Name the plan file: `terraform show -json plan.tfplan`."))
    }

    pub(super) fn wrong(&self, wrong: &Wrong, start: u64) -> Failure {
        let place = self.scanner.at(start);
        let error = if wrong.key.is_empty() {
            format!("the element at {place} is not {}", wrong.wanted)
        } else {
            format!(
                "the key {:?} of the element at {place} is missing or not {}",
                wrong.key, wrong.wanted
            )
        };
        input::refuse("wrong-type", error)
            .expected(wrong.wanted, "something else")
            .hint("Terraform and OpenTofu do not write this. Give undersign the plan file itself, or run `terraform show -json` again.")
    }

    pub(super) fn twice(&self, effect: &Effect, start: u64) -> Failure {
        let deposed = effect
            .deposed()
            .map(|key| format!(" (deposed {key})"))
            .unwrap_or_default();
        input::refuse(
            "duplicate-address",
            format!("the address {}{deposed} stands twice, the second time at {}", effect.address(), self.scanner.at(start)),
        )
        .hint("No tool writes the same object twice, and nobody can tell which one counts. Give undersign the plan file itself.")
    }
}

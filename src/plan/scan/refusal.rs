//! What the scanner says when it refuses, each with the place.

use super::Scanner;
use crate::failure::{Exit, Failure};
use crate::plan::window::Fill;

impl<F: Fill> Scanner<F> {
    /// `byte 12 (line 1), in "resource_changes", element 3`.
    pub fn at(&self, offset: u64) -> String {
        use std::fmt::Write as _;
        let mut text = format!("byte {offset} (line {})", self.window.line(offset));
        if let Some(section) = &self.place.section {
            let _ = write!(text, ", in {section:?}");
        }
        if let Some(element) = self.place.element {
            let _ = write!(text, ", element {element}");
        }
        text
    }

    pub(super) fn bad(&self, what: &str) -> Failure {
        Failure::new(
            Exit::BadPlan,
            "invalid-json",
            format!("the plan is not valid JSON: {what} at {}", self.at(self.offset())),
        )
        .hint("Somebody or something has changed this file. Give undersign the plan file itself, or run `terraform show -json` again.")
    }

    pub(super) fn lone_surrogate(&self) -> Failure {
        Failure {
            reason: "lone-surrogate",
            ..self.bad("a string holds half of a surrogate pair (\\ud800 to \\udfff)")
        }
    }

    pub(super) fn cut_off(&self) -> Failure {
        Failure::new(
            Exit::BadPlan,
            "truncated",
            format!("the plan is cut off: the file ends at {}", self.at(self.offset())),
        )
        .hint("The disk was full, the pipe was closed, or a tool cut the line. Write the plan again and compare its size.")
    }

    pub(super) fn too_deep(&self, limit: usize) -> Failure {
        Failure::new(
            Exit::BadPlan,
            "too-deep",
            format!("the plan is nested more than {limit} levels deep at {}", self.at(self.offset())),
        )
        .hint("No person can review a value of this depth. Look for what generates it, and plan again without it.")
    }

    pub(super) fn too_long(&self) -> Failure {
        Failure::new(
            Exit::BadPlan,
            "too-large",
            format!(
                "a part of the plan is longer than {} bytes; it begins at {}",
                super::outline::LONGEST,
                self.at(self.item_start)
            ),
        )
        .hint("No person can review a value of this size. Look for what generates it, and plan again without it.")
    }

    pub(super) fn twice(&self, key: &str, at: u64) -> Failure {
        Failure::new(
            Exit::BadPlan,
            "duplicate-key",
            format!("the key {key:?} stands twice in one object, the second time at {}", self.at(at)),
        )
        .hint("Two programs can read two different plans from such a file, and terraform never writes one. Give undersign the plan file itself.")
    }

    /// The value that stands next is not `wanted`.
    pub fn wrong_type(&self, wanted: &str) -> Failure {
        let got = match self.ahead().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a truth value",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return self.bad("this is no JSON value"),
        };
        Failure::new(
            Exit::BadPlan,
            "wrong-type",
            format!("the plan holds {got} where {wanted} must be, at {}", self.at(self.offset())),
        )
        .expected(wanted, got)
        .hint("Terraform and OpenTofu do not write this. Give undersign the plan file itself, or run `terraform show -json` again.")
    }
}

//! How many resources a state or the planned values hold, counted while they are walked over.

use std::borrow::Cow;

use super::scan::{Opener, Scanner};
use super::window::Fill;
use crate::failure::Failure;

/// The numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Census {
    /// Instances of every mode.
    pub all: u64,
    /// Instances that Terraform owns.
    pub managed: u64,
}

/// Counts a `prior_state`; `None` if it is null.
pub(super) fn state<F: Fill>(scanner: &mut Scanner<F>) -> Result<Option<Census>, Failure> {
    if !scanner.open(Opener::Object)? {
        return Ok(None);
    }
    let mut found = Census::default();
    while let Some(key) = scanner.next_key()? {
        if key == "values" {
            found = values(scanner)?;
        } else {
            scanner.skip()?;
        }
    }
    Ok(Some(found))
}

/// Counts `planned_values`, or the `values` of a state.
pub(super) fn values<F: Fill>(scanner: &mut Scanner<F>) -> Result<Census, Failure> {
    let mut found = Census::default();
    if !scanner.open(Opener::Object)? {
        return Ok(found);
    }
    while let Some(key) = scanner.next_key()? {
        if key == "root_module" {
            modules(scanner, &mut found)?;
        } else {
            scanner.skip()?;
        }
    }
    Ok(found)
}

/// What is open on the way into the modules.
enum Inside {
    Module,
    ChildModules,
}

/// Counts the module that stands next, and all below it.
fn modules<F: Fill>(scanner: &mut Scanner<F>, found: &mut Census) -> Result<(), Failure> {
    let mut open = Vec::new();
    if scanner.open(Opener::Object)? {
        open.push(Inside::Module);
    }
    while let Some(inside) = open.last() {
        match inside {
            Inside::Module => match scanner.next_key()?.as_deref() {
                None => drop(open.pop()),
                Some("resources") => resources(scanner, found)?,
                Some("child_modules") => {
                    if scanner.open(Opener::List)? {
                        open.push(Inside::ChildModules);
                    }
                }
                Some(_) => scanner.skip()?,
            },
            Inside::ChildModules => {
                if !scanner.next_element()? {
                    open.pop();
                } else if scanner.open(Opener::Object)? {
                    open.push(Inside::Module);
                }
            }
        }
    }
    Ok(())
}

fn resources<F: Fill>(scanner: &mut Scanner<F>, found: &mut Census) -> Result<(), Failure> {
    if !scanner.open(Opener::List)? {
        return Ok(());
    }
    while scanner.next_element()? {
        if scanner.token()? != Some(b'{') {
            // A null is taken, and anything else is refused.
            scanner.open(Opener::Object)?;
            continue;
        }
        scanner.shallow_item()?;
        let (item, _) = scanner.taken()?;
        found.all += 1;
        // A file that does not say is taken for what needs more care.
        let mode = item.members().get("mode").map(|(mode, _)| mode);
        let mode = mode.and_then(|mode| serde_json::from_str::<Cow<'_, str>>(mode).ok());
        found.managed += u64::from(!matches!(mode.as_deref(), Some("data" | "ephemeral")));
        scanner.release();
    }
    Ok(())
}

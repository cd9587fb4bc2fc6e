//! What a row is, in a sentence.

use crate::plan::effect::Kind;

/// What a row is, where it is no change of a resource.
pub(super) fn kind(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Change => None,
        Kind::Plan => Some("About the plan as a whole."),
        Kind::Deferred => Some("Left for a later plan: this apply does not do it."),
        Kind::Invocation => Some("A provider is asked to do something outside of the resources."),
        Kind::Provisioner => Some("A program runs on the machine that applies, or on the new one."),
        Kind::Output => Some("An output of the root module, stored in the state."),
        Kind::Drift => Some("Seen outside while planning; not done by this plan."),
        Kind::Check => Some("A check of the configuration that did not pass."),
        Kind::UnknownKey => {
            Some("The plan has a part that undersign does not know: it cannot be judged.")
        }
    }
}

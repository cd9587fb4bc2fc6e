//! What the plan's reason words mean.

/// `action_reason` as a part of a sentence. `None` for a word that is not known: it is then shown as it is.
pub fn words(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "replace_because_tainted" => "the object is marked as tainted in the state",
        "replace_because_cannot_update" => "the provider cannot change this in place",
        "replace_by_request" => "asked for with -replace",
        "replace_by_triggers" => "replace_triggered_by names something that changes",
        "delete_because_no_resource_config" => "its block is no longer in the configuration",
        "delete_because_no_module" => "its module is no longer in the configuration",
        "delete_because_wrong_repetition" => "its block now has another kind of count or for_each",
        "delete_because_count_index" => "count no longer reaches its index",
        "delete_because_each_key" => "its key is no longer in for_each",
        "delete_because_no_move_target" => "it was moved to an address that has no block",
        "delete_because_enabled_false" => "its lifecycle says enabled = false",
        "forgot_because_lifecycle_destroy_in_state" => {
            "the state says that it must not be destroyed"
        }
        "forgot_because_lifecycle_destroy_in_config" => "its lifecycle says destroy = false",
        "read_because_config_unknown" => "it asks for something that is known only after apply",
        "read_because_dependency_pending" => "something that it depends on is changed first",
        "read_because_check_nested" => "it belongs to a check and is read again after apply",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_that_the_tools_write_has_words() {
        for reason in [
            "replace_because_tainted",
            "replace_because_cannot_update",
            "replace_by_request",
            "replace_by_triggers",
            "delete_because_no_resource_config",
            "delete_because_no_module",
            "delete_because_wrong_repetition",
            "delete_because_count_index",
            "delete_because_each_key",
            "delete_because_no_move_target",
            "delete_because_enabled_false",
            "forgot_because_lifecycle_destroy_in_state",
            "forgot_because_lifecycle_destroy_in_config",
            "read_because_config_unknown",
            "read_because_dependency_pending",
            "read_because_check_nested",
        ] {
            let words = words(reason);
            assert!(
                words.is_some_and(|words| !words.contains('_')
                    || words.contains("for_each")
                    || words.contains("replace_triggered_by")),
                "{reason}"
            );
        }
        assert_eq!(words("delete_because_of_the_moon"), None);
    }
}

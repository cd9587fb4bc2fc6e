# What runs, and what it may do.
package main

import rego.v1

statements(change) := as_list(json.unmarshal(change.change.after.policy).Statement)

as_list(value) := value if is_array(value)

as_list(value) := [value] if is_object(value)

deny_everything_allowed contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_iam_policy"
	some statement in statements(change)
	statement.Effect == "Allow"
	"*" in as_set(statement.Action)
	msg := sprintf("%s allows everything", [change.address])
}

as_set(value) := {value} if is_string(value)

as_set(value) := {one | some one in value} if is_array(value)

warn_guard_changes contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_iam_policy"
	change.change.actions != ["no-op"]
	some statement in statements(change)
	statement.Effect == "Deny"
	msg := sprintf("%s denies something, and it changes: see that it still does", [change.address])
}

deny_foreign_image contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_ecs_task_definition"
	some container in json.unmarshal(change.change.after.container_definitions)
	not contains(container.image, ".dkr.ecr.")
	msg := sprintf("%s runs %s, which is not from our registry", [change.address, container.image])
}

warn_much_memory contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_lambda_function"
	change.change.after.memory_size > 2 * change.change.before.memory_size
	msg := sprintf("%s: its memory goes from %d to %d", [change.address, change.change.before.memory_size, change.change.after.memory_size])
}

warn_replaced contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.change.actions == ["delete", "create"]
	some path in change.change.replace_paths
	msg := sprintf("%s is replaced because of %v", [change.address, path])
}

warn_half_is_destroyed contains msg if {
	gone := count([1 | some change in input.resource_changes; "delete" in change.change.actions])
	gone * 2 > count(input.resource_changes)
	msg := sprintf("%d of %d resources would be destroyed", [gone, count(input.resource_changes)])
}

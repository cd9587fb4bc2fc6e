# Who pays for it, who answers for it, and since when it is there.
package main

import rego.v1

taggable := {"aws_db_instance", "aws_ecs_task_definition", "aws_iam_policy", "aws_lambda_function", "aws_s3_bucket", "aws_security_group", "aws_subnet"}

stays(change) if {
	change.type in taggable
	change.change.after != null
	change.change.actions != ["no-op"]
}

warn_no_data_class contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	stays(change)
	not change.change.after.tags.DataClass
	msg := sprintf("%s has no tag DataClass", [change.address])
}

warn_unknown_environment contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	stays(change)
	environment := change.change.after.tags.Environment
	not environment in {"prod", "staging", "test"}
	msg := sprintf("%s: nobody knows an environment %s", [change.address, environment])
}

deny_no_owner contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	stays(change)
	trim_space(object.get(change.change.after, ["tags", "Owner"], "")) == ""
	msg := sprintf("%s: nobody answers for it", [change.address])
}

warn_cost_center contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	stays(change)
	center := change.change.after.tags.CostCenter
	not regex.match(`^cc-[0-9]{3}$`, center)
	msg := sprintf("%s: %q is no cost center", [change.address, center])
}

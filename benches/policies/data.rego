# What holds data keeps it.
package main

import rego.v1

stateful := {"aws_db_instance", "aws_s3_bucket"}

deny_data_destroyed contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type in stateful
	"delete" in change.change.actions
	msg := sprintf("%s holds data and would be destroyed", [change.address])
}

deny_protection_off contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_db_instance"
	change.change.before.deletion_protection == true
	change.change.after.deletion_protection != true
	msg := sprintf("%s: deletion_protection is taken away", [change.address])
}

deny_force_destroy contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_s3_bucket"
	change.change.after.force_destroy == true
	change.change.before.force_destroy != true
	msg := sprintf("%s: force_destroy is switched on", [change.address])
}

warn_short_backups contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_db_instance"
	days := change.change.after.backup_retention_period
	days < 14
	msg := sprintf("%s: backups are kept for %d days only", [change.address, days])
}

warn_versions_off contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_s3_bucket"
	some versioning in change.change.after.versioning
	not versioning.enabled
	msg := sprintf("%s: no earlier versions are kept", [change.address])
}

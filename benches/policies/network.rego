# What is open, and to whom.
package main

import rego.v1

everybody := {"0.0.0.0/0", "::/0"}

deny_open_ingress contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_security_group"
	some rule in change.change.after.ingress
	some cidr in rule.cidr_blocks
	cidr in everybody
	msg := sprintf("%s lets everybody in on port %d", [change.address, rule.from_port])
}

warn_open_egress contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_security_group"
	change.change.actions != ["no-op"]
	some rule in change.change.after.egress
	some cidr in rule.cidr_blocks
	cidr in everybody
	rule.protocol == "-1"
	msg := sprintf("%s lets everything out to %s", [change.address, cidr])
}

warn_public_addresses contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_subnet"
	change.change.after.map_public_ip_on_launch == true
	change.change.actions != ["no-op"]
	msg := sprintf("%s gives every machine a public address", [change.address])
}

deny_public_database contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_db_instance"
	change.change.after.publicly_accessible == true
	msg := sprintf("%s can be reached from everywhere", [change.address])
}

warn_short_ttl contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "aws_route53_record"
	ttl := change.change.after.ttl
	ttl < 60
	change.change.before.ttl >= 60
	msg := sprintf("%s: its ttl falls to %d seconds", [change.address, ttl])
}

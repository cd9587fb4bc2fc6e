//! Plans to measure on: any number of changes, and the same bytes for the same number each time.
//!
//! Made like the plans of a platform team: most objects stay as they are, the others change in a few attributes of many;
//! policies and container definitions stand as JSON in strings. The order of keys and sections is Terraform's.

use std::io::{self, Write};

/// A resource type with a template of its attributes. In it `@` and a letter stand for a value that is made up: `@i` an
/// id, `@r` a region, `@a` an account, `@w` a word, `@d` a number, `@b` a truth value, `@p` a policy, `@c` container
/// definitions. A capital letter is a value that an update changes.
struct Type {
    name: &'static str,
    attributes: &'static str,
    /// What is known only after apply of an object that is made.
    unknown: &'static str,
    /// Where values are secret, on both sides.
    secret: &'static str,
}

const TAGS: &str = r#""tags":{"CostCenter":"cc-@d","Environment":"prod","ManagedBy":"terraform","Name":"@w-@w-@d","Owner":"@w & @w","Release":"2026.@D"},"tags_all":{"CostCenter":"cc-@d","Environment":"prod","ManagedBy":"terraform","Name":"@w-@w-@d","Owner":"@w & @w","Release":"2026.@D"}"#;

const TYPES: [Type; 8] = [
    Type {
        name: "aws_db_instance",
        attributes: r#"{"address":"@w-@w.@i.@r.rds.amazonaws.com","allocated_storage":@D,"allow_major_version_upgrade":null,"apply_immediately":false,"arn":"arn:aws:rds:@r:@a:db:@w-@d","auto_minor_version_upgrade":true,"availability_zone":"@ra","backup_retention_period":@d,"backup_window":"03:00-04:00","ca_cert_identifier":"rds-ca-rsa2048-g1","copy_tags_to_snapshot":true,"db_name":"@w","db_subnet_group_name":"@w-@w-@d","delete_automated_backups":true,"deletion_protection":@B,"enabled_cloudwatch_logs_exports":["postgresql","upgrade"],"endpoint":"@w-@w.@i.@r.rds.amazonaws.com:5432","engine":"postgres","engine_version":"15.@D","iam_database_authentication_enabled":true,"id":"db-@i","identifier":"@w-@w-@d","instance_class":"db.r6g.@W","iops":0,"kms_key_id":"arn:aws:kms:@r:@a:key/@i","license_model":"postgresql-license","maintenance_window":"sun:05:00-sun:06:00","max_allocated_storage":1000,"monitoring_interval":60,"monitoring_role_arn":"arn:aws:iam::@a:role/@w-@i","multi_az":true,"password":"@i","performance_insights_enabled":true,"port":5432,"publicly_accessible":false,"replicas":[],"skip_final_snapshot":false,"storage_encrypted":true,"storage_type":"gp3",@t,"timeouts":null,"username":"app","vpc_security_group_ids":["sg-@i","sg-@i"]}"#,
        unknown: r#"{"address":true,"arn":true,"endpoint":true,"id":true,"tags":{},"tags_all":{},"vpc_security_group_ids":[false,false]}"#,
        secret: r#"{"enabled_cloudwatch_logs_exports":[false,false],"password":true,"replicas":[],"tags":{},"tags_all":{}}"#,
    },
    Type {
        name: "aws_ecs_task_definition",
        attributes: r#"{"arn":"arn:aws:ecs:@r:@a:task-definition/@w:@d","container_definitions":"[@c,@c,@c]","cpu":"@D","execution_role_arn":"arn:aws:iam::@a:role/@w-@i","family":"@w-@w-@d","id":"@w-@d","memory":"@D","network_mode":"awsvpc","requires_compatibilities":["FARGATE"],"revision":@D,"runtime_platform":[],"skip_destroy":false,@t,"task_role_arn":"arn:aws:iam::@a:role/@w-@i","volume":[]}"#,
        unknown: r#"{"arn":true,"id":true,"revision":true,"tags":{},"tags_all":{}}"#,
        secret: r#"{"requires_compatibilities":[false],"tags":{},"tags_all":{},"volume":[]}"#,
    },
    Type {
        name: "aws_iam_policy",
        attributes: r#"{"arn":"arn:aws:iam::@a:policy/@w-@w-@d","attachment_count":@d,"description":"What @w may do with @w – kept by \u003c@w\u003e","id":"arn:aws:iam::@a:policy/@w-@w-@d","name":"@w-@w-@d","name_prefix":"","path":"/","policy":"@p","policy_id":"ANPA@i",@t}"#,
        unknown: r#"{"arn":true,"id":true,"policy_id":true,"tags":{},"tags_all":{}}"#,
        secret: r#"{"tags":{},"tags_all":{}}"#,
    },
    Type {
        name: "aws_security_group",
        attributes: r#"{"arn":"arn:aws:ec2:@r:@a:security-group/sg-@i","description":"@w of @w","egress":[{"cidr_blocks":["0.0.0.0/0"],"description":"","from_port":0,"ipv6_cidr_blocks":[],"prefix_list_ids":[],"protocol":"-1","security_groups":[],"self":false,"to_port":0}],"id":"sg-@i","ingress":[{"cidr_blocks":["10.0.0.0/8"],"description":"@W","from_port":443,"ipv6_cidr_blocks":[],"prefix_list_ids":[],"protocol":"tcp","security_groups":[],"self":false,"to_port":443},{"cidr_blocks":[],"description":"@w","from_port":5432,"ipv6_cidr_blocks":[],"prefix_list_ids":[],"protocol":"tcp","security_groups":["sg-@i"],"self":false,"to_port":5432}],"name":"@w-@w-@d","owner_id":"@a","revoke_rules_on_delete":false,@t,"timeouts":null,"vpc_id":"vpc-@i"}"#,
        unknown: r#"{"arn":true,"egress":[{"cidr_blocks":[false]}],"id":true,"ingress":[{"cidr_blocks":[false]},{"cidr_blocks":[]}],"owner_id":true,"tags":{},"tags_all":{}}"#,
        secret: r#"{"egress":[{"cidr_blocks":[false]}],"ingress":[{"cidr_blocks":[false]},{"cidr_blocks":[]}],"tags":{},"tags_all":{}}"#,
    },
    Type {
        name: "aws_s3_bucket",
        attributes: r#"{"acceleration_status":"","arn":"arn:aws:s3:::@w-@w-@d","bucket":"@w-@w-@d","bucket_domain_name":"@w-@w-@d.s3.amazonaws.com","bucket_prefix":"","bucket_region":"@r","force_destroy":@B,"grant":[{"id":"@i@i","permissions":["FULL_CONTROL"],"type":"CanonicalUser","uri":""}],"hosted_zone_id":"Z@i","id":"@w-@w-@d","lifecycle_rule":[],"logging":[],"object_lock_enabled":false,"policy":"@p","region":"@r","server_side_encryption_configuration":[{"rule":[{"apply_server_side_encryption_by_default":[{"kms_master_key_id":"arn:aws:kms:@r:@a:key/@i","sse_algorithm":"aws:kms"}],"bucket_key_enabled":true}]}],@t,"timeouts":null,"versioning":[{"enabled":@B,"mfa_delete":false}],"website":[]}"#,
        unknown: r#"{"arn":true,"grant":true,"id":true,"tags":{},"tags_all":{},"versioning":true}"#,
        secret: r#"{"grant":[{"permissions":[false]}],"server_side_encryption_configuration":[{"rule":[{"apply_server_side_encryption_by_default":[{}]}]}],"tags":{},"tags_all":{},"versioning":[{}]}"#,
    },
    Type {
        name: "aws_lambda_function",
        attributes: r#"{"architectures":["arm64"],"arn":"arn:aws:lambda:@r:@a:function:@w-@w","code_sha256":"@I@i","description":"@w for @w","environment":[{"variables":{"LOG_LEVEL":"@w","QUEUE_URL":"https://sqs.@r.amazonaws.com/@a/@w-@d","STAGE":"prod","TABLE":"@w-@w-@d"}}],"ephemeral_storage":[{"size":512}],"function_name":"@w-@w-@d","handler":"index.handler","id":"@w-@w-@d","kms_key_arn":"arn:aws:kms:@r:@a:key/@i","layers":["arn:aws:lambda:@r:@a:layer:@w:@D"],"logging_config":[{"log_format":"JSON","log_group":"/aws/lambda/@w-@w"}],"memory_size":@D,"package_type":"Zip","reserved_concurrent_executions":-1,"role":"arn:aws:iam::@a:role/@w-@i","runtime":"nodejs22.x","source_code_hash":"@I@i","source_code_size":@D,@t,"timeout":@d,"tracing_config":[{"mode":"Active"}],"version":"$LATEST","vpc_config":[{"security_group_ids":["sg-@i"],"subnet_ids":["subnet-@i","subnet-@i"],"vpc_id":"vpc-@i"}]}"#,
        unknown: r#"{"architectures":[false],"arn":true,"environment":[{"variables":{}}],"id":true,"source_code_size":true,"tags":{},"tags_all":{},"version":true}"#,
        secret: r#"{"architectures":[false],"environment":[{"variables":{"QUEUE_URL":true}}],"layers":[false],"tags":{},"tags_all":{}}"#,
    },
    Type {
        name: "aws_route53_record",
        attributes: r#"{"alias":[],"allow_overwrite":null,"cidr_routing_policy":[],"failover_routing_policy":[],"fqdn":"@w.@w.example.com","geolocation_routing_policy":[],"health_check_id":"","id":"Z@i_@w_A","latency_routing_policy":[],"multivalue_answer_routing_policy":false,"name":"@w.@w.example.com","records":["10.@d.0.@D"],"set_identifier":"","timeouts":null,"ttl":@D,"type":"A","weighted_routing_policy":[],"zone_id":"Z@i"}"#,
        unknown: r#"{"alias":[],"fqdn":true,"id":true,"records":[false]}"#,
        secret: r#"{"alias":[],"records":[false]}"#,
    },
    Type {
        name: "aws_subnet",
        attributes: r#"{"arn":"arn:aws:ec2:@r:@a:subnet/subnet-@i","assign_ipv6_address_on_creation":false,"availability_zone":"@ra","availability_zone_id":"euw1-az1","cidr_block":"10.@d.0.0/24","customer_owned_ipv4_pool":"","enable_dns64":false,"enable_lni_at_device_index":0,"enable_resource_name_dns_a_record_on_launch":@B,"id":"subnet-@i","ipv6_cidr_block":"","ipv6_native":false,"map_public_ip_on_launch":@B,"outpost_arn":"","owner_id":"@a","private_dns_hostname_type_on_launch":"ip-name",@t,"timeouts":null,"vpc_id":"vpc-@i"}"#,
        unknown: r#"{"arn":true,"id":true,"owner_id":true,"tags":{},"tags_all":{}}"#,
        secret: r#"{"tags":{},"tags_all":{}}"#,
    },
];

/// A policy, as it stands in a string.
const POLICY: &str = r#"{\"Statement\":[{\"Action\":[\"sqs:Get*\",\"sqs:List*\",\"sqs:Send@W\"],\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-@i\"}},\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:sqs:@r:@a:@w/*\",\"arn:aws:sqs:@r:@a:@w-@d\"],\"Sid\":\"Queue@d\"},{\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::@w-@w-@d\",\"arn:aws:s3:::@w-@w-@d/*\"],\"Sid\":\"Bucket@d\"},{\"Action\":\"s3:DeleteBucket\",\"Effect\":\"Deny\",\"Resource\":\"*\",\"Sid\":\"Guard\"}],\"Version\":\"2012-10-17\"}"#;

/// One container, as it stands in a string.
const CONTAINER: &str = r#"{\"cpu\":256,\"environment\":[{\"name\":\"LOG_LEVEL\",\"value\":\"@w\"},{\"name\":\"DATABASE_HOST\",\"value\":\"@w.@w.internal\"},{\"name\":\"FEATURE_@d\",\"value\":\"@b\"},{\"name\":\"REVISION\",\"value\":\"@I\"}],\"essential\":true,\"image\":\"@a.dkr.ecr.@r.amazonaws.com/@w-@w:v@D\",\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"/ecs/@w-@w\",\"awslogs-region\":\"@r\",\"awslogs-stream-prefix\":\"ecs\"}},\"memory\":512,\"mountPoints\":[],\"name\":\"@w\",\"portMappings\":[{\"containerPort\":8080,\"hostPort\":8080,\"protocol\":\"tcp\"}],\"secrets\":[{\"name\":\"TOKEN\",\"valueFrom\":\"arn:aws:ssm:@r:@a:parameter/@w\"}],\"volumesFrom\":[]}"#;

const WORDS: [&str; 16] = [
    "payments", "ledger", "ingest", "edge", "audit", "search", "billing", "catalog", "session",
    "worker", "export", "identity", "report", "gateway", "archive", "metrics",
];
const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2"];
const AREAS: [&str; 6] = [
    "network", "compute", "storage", "queue", "database", "security",
];
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// Which side of a change is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// What is done with an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Nothing,
    Update,
    Create,
    Delete,
    Replace,
}

impl Deed {
    fn words(self) -> &'static str {
        match self {
            Deed::Nothing => r#"["no-op"]"#,
            Deed::Update => r#"["update"]"#,
            Deed::Create => r#"["create"]"#,
            Deed::Delete => r#"["delete"]"#,
            Deed::Replace => r#"["delete","create"]"#,
        }
    }

    fn before(self) -> bool {
        self != Deed::Create
    }

    fn after(self) -> bool {
        self != Deed::Delete
    }
}

/// Numbers that look random and are the same each time: a bijection of the state whose bits depend on each other.
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    for (shift, factor) in [(32, 0xd6e8_feb8_6659_fd93), (29, 0xa076_1d64_78bd_642f_u64)] {
        bits = (bits ^ (bits >> shift)).wrapping_mul(factor);
    }
    bits ^ (bits >> 32)
}

fn pick(seed: u64, words: &[&'static str]) -> &'static str {
    words[(seed % words.len() as u64) as usize]
}

/// One object of the plan.
struct Object {
    number: u64,
    kind: &'static Type,
    deed: Deed,
    module: String,
    name: String,
    address: String,
}

impl Object {
    fn new(number: u64, all: u64) -> Self {
        let random = mix(number);
        let kind = &TYPES[(number % TYPES.len() as u64) as usize];
        let deed = match random % 100 {
            0..=44 => Deed::Nothing,
            45..=69 => Deed::Update,
            70..=86 => Deed::Create,
            87..=94 => Deed::Delete,
            _ => Deed::Replace,
        };
        // The first objects stand in the root, the others by sixteen in modules two levels deep.
        let module = if number < all / 100 {
            String::new()
        } else {
            let leaf = number / 16;
            format!(
                r#"module.{}[\"{}\"].module.{}_{leaf}"#,
                pick(leaf / 24, &WORDS),
                pick(leaf / 384, &REGIONS),
                pick(leaf, &AREAS),
            )
        };
        let name = format!(
            "{}_{}",
            pick(random >> 8, &WORDS),
            pick(random >> 16, &WORDS)
        );
        let dot = if module.is_empty() { "" } else { "." };
        let address = format!("{module}{dot}{}.{name}[{number}]", kind.name);
        Object {
            number,
            kind,
            deed,
            module,
            name,
            address,
        }
    }

    /// What comes before the values, in every section.
    fn head(&self) -> String {
        format!(
            r#""mode":"managed","type":"{}","name":"{}","index":{},"provider_name":"{PROVIDER}""#,
            self.kind.name, self.name, self.number
        )
    }

    fn attributes(&self, side: Side) -> String {
        let side = if self.deed == Deed::Nothing {
            Side::Before
        } else {
            side
        };
        let mut out = String::with_capacity(4096);
        let mut seed = mix(self.number) | 1;
        expand(self.kind.attributes, &mut seed, side, &mut out);
        out
    }

    fn change(&self) -> String {
        let either = |there: bool, side: Side| {
            if there {
                self.attributes(side)
            } else {
                "null".into()
            }
        };
        let unknown = match self.deed {
            Deed::Create | Deed::Replace => self.kind.unknown,
            Deed::Nothing | Deed::Update => "{}",
            Deed::Delete => "false",
        };
        let secret = |there: bool| if there { self.kind.secret } else { "false" };
        let module = if self.module.is_empty() {
            String::new()
        } else {
            format!(r#""module_address":"{}","#, self.module)
        };
        let reason = match self.deed {
            Deed::Replace => {
                r#","replace_paths":[["name"]]},"action_reason":"replace_because_cannot_update"}"#
            }
            Deed::Delete => r#"},"action_reason":"delete_because_no_resource_config"}"#,
            Deed::Nothing | Deed::Update | Deed::Create => "}}",
        };
        format!(
            r#"{{"address":"{}",{module}{},"change":{{"actions":{},"before":{},"after":{},"after_unknown":{unknown},"before_sensitive":{},"after_sensitive":{}{reason}"#,
            self.address,
            self.head(),
            self.deed.words(),
            either(self.deed.before(), Side::Before),
            either(self.deed.after(), Side::After),
            secret(self.deed.before()),
            secret(self.deed.after()),
        )
    }

    /// The object as it stands in `planned_values` or in a state.
    fn resource(&self, side: Side) -> String {
        format!(
            r#"{{"address":"{}",{},"schema_version":1,"values":{},"sensitive_values":{}}}"#,
            self.address,
            self.head(),
            self.attributes(side),
            self.kind.secret
        )
    }
}

/// Writes `template` with every `@` replaced. `seed` goes on from one to the next, in the same way for both sides.
fn expand(template: &str, seed: &mut u64, side: Side, out: &mut String) {
    use std::fmt::Write as _;
    let mut parts = template.split('@');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (letter, rest) = part.split_at(1);
        *seed = mix(*seed);
        let letter = letter.as_bytes()[0];
        let changes = letter.is_ascii_uppercase() && side == Side::After;
        let value = if changes { mix(*seed ^ 1) } else { *seed };
        // Writing to a text cannot fail.
        let _ = match letter.to_ascii_lowercase() {
            b'i' => write!(out, "{value:017x}"),
            b'r' => write!(out, "{}", pick(value, &REGIONS)),
            b'a' => write!(out, "{:012}", value % 1_000_000_000_000),
            b'w' => write!(out, "{}", pick(value, &WORDS)),
            b'd' => write!(out, "{}", value % 250),
            b'b' => write!(out, "{}", value % 8 != 0),
            inner => {
                let inner = match inner {
                    b'p' => POLICY,
                    b'c' => CONTAINER,
                    _ => TAGS,
                };
                expand(inner, seed, side, out);
                Ok(())
            }
        };
        out.push_str(rest);
    }
}

/// Writes a plan of so many changes.
pub fn plan(changes: u64, out: &mut dyn Write) -> io::Result<()> {
    let objects = || (0..changes).map(|number| Object::new(number, changes));
    write!(
        out,
        r#"{{"format_version":"1.2","terraform_version":"1.11.4","variables":{{"stage":{{"value":"prod"}}}},"planned_values":{{"outputs":{{}},"root_module":{{"resources":["#
    )?;
    let planned = objects().filter(|object| object.deed.after());
    list(out, planned.map(|object| object.resource(Side::After)))?;
    write!(out, r#"]}}}},"resource_changes":["#)?;
    list(out, objects().map(|object| object.change()))?;
    write!(
        out,
        r#"],"output_changes":{{"endpoint":{{"actions":["no-op"],"before":"https://example.com","after":"https://example.com","after_unknown":false,"before_sensitive":false,"after_sensitive":false}}}},"prior_state":{{"format_version":"1.0","terraform_version":"1.11.4","values":{{"root_module":{{"resources":["#
    )?;
    let existing = objects().filter(|object| object.deed.before());
    list(out, existing.map(|object| object.resource(Side::Before)))?;
    write!(
        out,
        r#"]}}}}}},"configuration":{{"provider_config":{{"aws":{{"name":"aws","full_name":"{PROVIDER}"}}}},"root_module":{{}}}},"timestamp":"2026-01-01T00:00:00Z","applyable":true,"complete":true,"errored":false}}"#
    )?;
    writeln!(out)
}

fn list(out: &mut dyn Write, elements: impl Iterator<Item = String>) -> io::Result<()> {
    for (number, element) in elements.enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        out.write_all(element.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::judge::judge_all;

    fn bytes(changes: u64) -> Vec<u8> {
        let mut out = Vec::new();
        plan(changes, &mut out).unwrap();
        out
    }

    #[test]
    fn a_made_up_plan_is_a_plan_and_the_same_each_time() {
        let plan = bytes(200);
        assert_eq!(plan, bytes(200));
        let (judgement, rows) = judge_all(&mut &*plan, None, None).unwrap();
        assert_eq!(judgement.header.rows, 201);
        assert!(rows.iter().filter(|row| row.needs_ack()).count() > 20);
        assert!(rows.iter().filter(|row| row.effect.is_nothing()).count() > 50);
    }
}

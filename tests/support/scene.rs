//! Plans to look at: rows with their findings and the JSON of their elements.

use std::ops::ControlFlow;
use std::path::Path;

use undersign::plan::action::Action;
use undersign::plan::effect::{Effect, Kind, Mode, More, Span};
use undersign::plan::index::Header;
use undersign::review::judge::{Judgement, Step, judge};
use undersign::risk::{Finding, Judged, Risk};

/// A plan, and what its elements say.
#[derive(Default)]
pub struct Scene {
    pub rows: Vec<Judged>,
    pub items: Vec<String>,
}

impl Scene {
    fn add(
        &mut self,
        address: &str,
        action: Action,
        sides: &str,
        findings: Vec<Finding>,
    ) -> &mut Effect {
        let (module, rest) = match address.rsplit_once("aws_") {
            Some((module, rest)) => (module.trim_end_matches('.'), format!("aws_{rest}")),
            None => ("", address.to_owned()),
        };
        let (type_name, name) = rest.split_once('.').unwrap_or(("", &rest));
        let name = name.split('[').next().unwrap_or_default();
        let mut effect = Effect::bare(Kind::Change, address, action, Span::default());
        effect.module = module.into();
        effect.type_name = type_name.into();
        effect.name = name.into();
        effect.mode = Mode::Managed;
        self.items
            .push(format!(r#"{{"address":"x","change":{{{sides}}}}}"#));
        self.rows.push(Judged::new(effect, findings));
        &mut self.rows.last_mut().expect("just added").effect
    }
}

fn finding(risk: Risk, rule: &'static str, path: &str, message: &'static str) -> Finding {
    Finding {
        rule: rule.into(),
        risk,
        path: (!path.is_empty()).then(|| path.into()),
        old: None,
        new: None,
        message: message.into(),
        origin: None,
    }
}

const NOTHING: &str = r#""before":{"id":"i-0a1"},"after":{"id":"i-0a1"}"#;
const NEW: &str = r#""before":null,"after":{"name":"x"},"after_unknown":{"id":true}"#;
const TAGS: &str = r#""before":{"id":"i-0a1","tags":{"Release":"41"}},"after":{"id":"i-0a1","tags":{"Release":"42"}}"#;

/// A database is replaced, a bucket and a network go, protection is taken off on the way.
pub fn incident() -> Scene {
    use Action::{Create, Delete, DeleteCreate, NoOp, Update};
    use Risk::{Critical, High, Medium};
    let mut scene = Scene::default();
    let database = scene.add(
        "module.db.aws_db_instance.primary",
        DeleteCreate,
        r#""before":{"engine_version":"14.9","instance_class":"db.r5.large","deletion_protection":true,"skip_final_snapshot":false,
            "endpoint":"primary.c9akciq32.eu-west-1.rds.amazonaws.com","password":"hunter2hunter2","tags":{"Owner":"data-platform"},"port":5432},
           "after":{"engine_version":"15.4","instance_class":"db.r6g.large","deletion_protection":false,"skip_final_snapshot":true,
            "password":"hunter3hunter3","tags":{"CostCentre":"4711"},"port":5432},
           "after_unknown":{"endpoint":true},"before_sensitive":{"password":true},"after_sensitive":{"password":true}"#,
        vec![
            finding(Critical, "delete-stateful", "", "A database is destroyed and created empty."),
            finding(Critical, "final-snapshot-off", "skip_final_snapshot", "No final snapshot is taken: skip_final_snapshot becomes true."),
            finding(High, "protection-weakened", "deletion_protection", "Deletion protection is taken off in the same plan."),
        ],
    );
    database.more = Some(Box::new(More {
        replace_paths: vec!["engine_version".into()],
        ..More::default()
    }));
    scene.add(
        "aws_s3_bucket.audit_logs",
        Delete,
        r#""before":{"bucket":"example-audit-logs","force_destroy":true,"versioning":[{"enabled":true}]},"after":null"#,
        vec![
            finding(Critical, "delete-stateful", "", "A bucket is destroyed with the objects in it."),
            finding(High, "protection-weakened", "force_destroy", "force_destroy empties the bucket first."),
        ],
    );
    scene.add(
        r#"module.kms.aws_kms_key.tenant["eu"]"#,
        Delete,
        r#""before":{"description":"tenant data","deletion_window_in_days":7},"after":null"#,
        vec![finding(
            Critical,
            "delete-stateful",
            "",
            "A key is scheduled for deletion; what it encrypts cannot be read any more.",
        )],
    );
    scene.add(
        "aws_iam_role_policy.deploy",
        Update,
        r#""before":{"name":"deploy","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":\"arn:aws:s3:::logs/*\"}]}"},
           "after":{"name":"deploy","policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:*\"],\"Resource\":\"arn:aws:s3:::logs/*\"}]}"}"#,
        vec![finding(High, "iam-widened", "policy", "The role may do every S3 action where it could only read.")],
    );
    scene.add(
        "aws_security_group.edge",
        Update,
        r#""before":{"ingress":[{"from_port":443,"to_port":443,"cidr_blocks":["10.0.0.0/8"]}]},"after":{"ingress":[{"from_port":443,"to_port":443,"cidr_blocks":["0.0.0.0/0"]}]}"#,
        vec![finding(High, "exposure-opened", "ingress", "Port 443 is opened to the whole internet.")],
    );
    scene.add(
        "module.net.aws_nat_gateway.b",
        Delete,
        r#""before":{"subnet_id":"subnet-0b1"},"after":null"#,
        vec![finding(
            High,
            "delete",
            "",
            "A NAT gateway is destroyed; private subnets lose their way out.",
        )],
    );
    scene.add(
        "module.app.aws_autoscaling_group.web",
        Update,
        r#""before":{"max_size":12},"after":{"max_size":6}"#,
        vec![finding(
            Medium,
            "capacity-lowered",
            "max_size",
            "The group can grow to 6 instances instead of 12.",
        )],
    );
    scene.add("module.app.aws_launch_template.web", Update, TAGS, vec![]);
    for name in ["web", "api"] {
        scene.add(
            &format!("module.app.aws_cloudwatch_log_group.{name}"),
            Create,
            NEW,
            vec![],
        );
    }
    for i in 0..48 {
        scene.add(
            &format!("module.app.aws_instance.worker[{i}]"),
            Update,
            TAGS,
            vec![],
        );
    }
    for i in 0..24 {
        scene.add(
            &format!("module.network.aws_route.private[{i}]"),
            Create,
            NEW,
            vec![],
        );
    }
    for i in 0..9 {
        scene.add(
            &format!("aws_ssm_parameter.setting[{i}]"),
            NoOp,
            NOTHING,
            vec![],
        );
    }
    let outputs = [("cluster_endpoint", Update), ("bucket_name", Delete)];
    for (name, action) in outputs {
        scene.items.push(r#"{"before":"a","after":"b"}"#.into());
        scene.rows.push(Judged::new(
            Effect::bare(Kind::Output, name, action, Span::default()),
            vec![],
        ));
    }
    let drift = scene.add("aws_security_group.office", Update, TAGS, vec![]);
    drift.kind = Kind::Drift;
    scene
}

/// What is only known when the plan was read to its end.
pub fn signals() -> Vec<Judged> {
    let effect = Effect::bare(
        Kind::Plan,
        "protection-removed-and-destroyed",
        Action::NoOp,
        Span::default(),
    );
    let message = "This plan takes the protection off 2 resources and destroys them.";
    vec![Judged::new(
        effect,
        vec![finding(
            Risk::Critical,
            "protection-removed-and-destroyed",
            "",
            message,
        )],
    )]
}

/// The top of that plan.
pub fn header() -> Header {
    let mut sha256 = [0_u8; 32];
    for (i, byte) in sha256.iter_mut().enumerate() {
        *byte = (i as u8).wrapping_mul(37).wrapping_add(0x3f);
    }
    Header {
        format_version: "1.2".into(),
        terraform_version: "1.9.5".into(),
        errored: Some(false),
        complete: Some(true),
        sha256,
        bytes: 41_234_567,
        dependants: [(
            "module.db.aws_db_instance.primary".to_owned(),
            ["module.app.aws_ecs_service.api", "aws_route53_record.db"]
                .map(String::from)
                .to_vec(),
        )]
        .into(),
        ..Header::default()
    }
}

/// A plan of `fixtures/plans`, read and judged as the program does it; with the top of the plan and its signals.
pub fn fixture(name: &str) -> (Scene, Judgement) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/plans/{name}/plan.json"));
    of_json(
        &std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    )
}

/// The same of a plan's JSON.
pub fn of_json(json: &str) -> (Scene, Judgement) {
    let mut rows = Vec::new();
    let judgement = judge(
        &mut json.as_bytes(),
        Some(json.len() as u64),
        None,
        &mut |step| {
            if let Step::Rows(batch) = step {
                rows.extend(batch);
            }
            ControlFlow::Continue(())
        },
    )
    .expect("the fixture is a plan");
    let item = |span: Span| {
        let start = span.start as usize;
        json[start..start + span.len as usize].to_owned()
    };
    let items = rows
        .iter()
        .map(|judged: &Judged| item(judged.effect.span))
        .collect();
    (Scene { rows, items }, judgement)
}

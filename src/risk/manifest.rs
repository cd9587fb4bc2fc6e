//! Kubernetes objects that are written out as they are, instead of as a resource of their kind.
//!
//! What a role binding or a pod may do is the same however it is written down. So the object is read as the resource that
//! stands for its kind, and judged by the rows of that. Owns how the one is read as the other, and no rule.

use super::documents::Documents;
use super::{Finding, attributes};
use crate::plan::effect::Effect;
use crate::plan::value::Value;
use crate::plan::values::Values;

/// The type whose objects are of any kind.
const TYPE: &str = "kubernetes_manifest";

/// Where the object stands in it.
const ATTRIBUTE: &str = "manifest";

/// The attribute in which objects of this type hold an object of another kind.
pub fn attribute(type_name: &str) -> Option<&'static str> {
    (type_name == TYPE).then_some(ATTRIBUTE)
}

/// What the rows of its kind say about the object.
pub fn judge(effect: &Effect, values: &Values) -> Vec<Finding> {
    let Some(name) = attribute(&effect.type_name) else {
        return Vec::new();
    };
    let inside = |side: &Option<Value>| match side {
        // A mark that covers the whole covers the part.
        Some(Value::Bool(mark)) => Some(Value::Bool(*mark)),
        side => side.as_ref()?.get(name).map(reshaped),
    };
    let object = Values {
        before: inside(&values.before),
        after: inside(&values.after),
        after_unknown: inside(&values.after_unknown),
        before_sensitive: inside(&values.before_sensitive),
        after_sensitive: inside(&values.after_sensitive),
        generated_config: None,
    };
    let kind = |side: &Option<Value>| {
        let kind = side.as_ref()?.get("kind")?.as_text()?;
        Some(format!("kubernetes_{}_v1", snake(kind)))
    };
    let Some(type_name) = kind(&object.after).or_else(|| kind(&object.before)) else {
        return Vec::new();
    };
    let mut of_its_kind = Effect::bare(effect.kind, effect.address(), effect.action, effect.span);
    of_its_kind.type_name = type_name.as_str().into();
    let mut findings = attributes::judge(&of_its_kind, &object, &Documents::default());
    for finding in &mut findings {
        finding.path = Some(name.into());
    }
    findings
}

/// Members whose names are people's own.
const OWN_NAMES: [&str; 6] = [
    "annotations",
    "data",
    "labels",
    "matchLabels",
    "nodeSelector",
    "stringData",
];

/// Lists that the resources call by the name of one element.
const BLOCKS: [(&str, &str); 7] = [
    ("containers", "container"),
    ("initContainers", "init_container"),
    ("externalIPs", "external_ips"),
    ("rules", "rule"),
    ("subjects", "subject"),
    ("volumes", "volume"),
    ("webhooks", "webhook"),
];

/// The object with the names that the resource of its kind gives to the same things.
fn reshaped(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(reshaped).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let block = BLOCKS.iter().find(|(written, _)| *written == &**name);
                let called = block.map_or_else(|| snake(name), |(_, called)| (*called).to_owned());
                let value = if OWN_NAMES.contains(&&**name) {
                    value.clone()
                } else {
                    reshaped(value)
                };
                (called.as_str().into(), value)
            });
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// `hostPID` is `host_pid`, `roleRef` is `role_ref`.
pub fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_small {
            snake.push('_');
        }
        after_small = !letter.is_ascii_uppercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_resources_write_them() {
        for (written, called) in [
            ("ClusterRoleBinding", "cluster_role_binding"),
            ("hostPID", "host_pid"),
            ("roleRef", "role_ref"),
            ("spec", "spec"),
        ] {
            assert_eq!(snake(written), called);
        }
        let object = r#"{"subjects":[{"apiGroup":"a"}],"metadata":{"labels":{"aB":"c"}}}"#;
        let read = reshaped(&Value::parse(object).unwrap()).to_string();
        let wanted = r#"{"subject":[{"api_group":"a"}],"metadata":{"labels":{"aB":"c"}}}"#;
        assert_eq!(read, Value::parse(wanted).unwrap().to_string());
    }
}

//! What the `configuration` of a plan says beyond the changes: which programs will run, and which block refers to which.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::action::Action;
use super::effect::{Effect, Kind, Span};
use super::element::{Shared, Wrong, mode};
use super::references::{Graph, references};
use super::value::Value;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// A row for each provisioner and each data source that runs a program.
    pub programs: Vec<Effect>,
    /// For each resource block, the blocks that refer to it, also through outputs and variables of modules.
    pub dependants: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Default)]
struct Configuration<'a> {
    #[serde(borrow, default)]
    root_module: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    resources: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "module_calls", default)]
    calls: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(borrow, default)]
    outputs: Option<BTreeMap<String, &'a RawValue>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow, default)]
    expressions: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(borrow, default)]
    module: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type", default)]
    type_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    provisioners: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    expressions: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Provisioner<'a> {
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    #[serde(borrow, default)]
    expressions: Option<&'a RawValue>,
}

/// Reads the configuration in `json`, which begins at byte `start` of the plan.
pub(super) fn read(json: &str, start: u64, shared: &mut Shared) -> Result<Found, Wrong> {
    let mut found = Found::default();
    let mut graph = Graph::default();
    let configuration: Option<Configuration<'_>> = parse(json, "configuration", "an object")?;
    let root = configuration.and_then(|configuration| configuration.root_module);
    let mut todo: Vec<(String, &RawValue)> =
        root.map(|root| (String::new(), root)).into_iter().collect();
    while let Some((path, raw)) = todo.pop() {
        let Some(module): Option<Module<'_>> = parse(raw.get(), "root_module", "a module")? else {
            continue;
        };
        for raw in module.resources.unwrap_or_default() {
            let resource: Resource<'_> = needed(raw.get(), "resources", "a list of resources")?;
            let block = join(&path, &resource.address);
            graph.refer(&path, block.clone(), raw)?;
            let row = |type_name: &str, raw: &RawValue, note: String, shared: &mut Shared| {
                let span = Span {
                    // The text is borrowed from `json`, so the distance is where it stands.
                    start: start + (raw.get().as_ptr() as usize - json.as_ptr() as usize) as u64,
                    len: raw.get().len() as u32,
                };
                let mut effect = Effect::bare(
                    Kind::Provisioner,
                    format!("{block}.{type_name}"),
                    Action::NoOp,
                    span,
                );
                effect.module = shared.get(&path);
                effect.mode = mode(resource.mode.as_deref());
                effect.type_name = shared.get(resource.type_name.as_deref().unwrap_or_default());
                effect.name = resource.name.as_deref().unwrap_or_default().into();
                effect.reason = Some(shared.get(type_name));
                effect.more.get_or_insert_default().note = Some(note.into());
                effect
            };
            for raw in resource.provisioners.iter().flatten() {
                let provisioner: Provisioner<'_> =
                    needed(raw.get(), "provisioners", "a list of provisioners")?;
                let note = runs(&provisioner.type_name, provisioner.expressions)?;
                found
                    .programs
                    .push(row(&provisioner.type_name, raw, note, shared));
            }
            if resource.mode.as_deref() == Some("data")
                && resource.type_name.as_deref() == Some("external")
            {
                let note = runs("external", resource.expressions)?;
                found.programs.push(row("program", raw, note, shared));
            }
        }
        for (name, raw) in module.outputs.unwrap_or_default() {
            graph.refer(&path, join(&path, &format!("output.{name}")), raw)?;
        }
        for (name, raw) in module.calls.unwrap_or_default() {
            let call: Call<'_> = needed(raw.get(), "module_calls", "an object of module calls")?;
            let inner = join(&path, &format!("module.{name}"));
            for (variable, raw) in call.expressions.unwrap_or_default() {
                graph.refer(&path, join(&inner, &format!("var.{variable}")), raw)?;
            }
            todo.extend(call.module.map(|module| (inner, module)));
        }
    }
    found.dependants = graph.dependants()?;
    // The stack of modules is read from its end; rows go out in the order of the file.
    found.programs.sort_by_key(|effect| effect.span.start);
    Ok(found)
}

/// Reads an object; a null is `None`.
fn parse<'a, T: Deserialize<'a>>(
    json: &'a str,
    key: &'static str,
    wanted: &'static str,
) -> Result<Option<T>, Wrong> {
    if json == "null" {
        return Ok(None);
    }
    needed(json, key, wanted).map(Some)
}

fn needed<'a, T: Deserialize<'a>>(
    json: &'a str,
    key: &'static str,
    wanted: &'static str,
) -> Result<T, Wrong> {
    // serde would also take a list, and read its elements in the order of the fields.
    if !json.starts_with('{') {
        return Err(Wrong { key, wanted });
    }
    serde_json::from_str(json).map_err(|_| Wrong { key, wanted })
}

/// `name` in the module `path`.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// What a provisioner or program runs, as far as the configuration says it as a constant.
fn runs(what: &str, expressions: Option<&RawValue>) -> Result<String, Wrong> {
    let wrong = |_| Wrong {
        key: "expressions",
        wanted: "an object",
    };
    let expressions = expressions
        .map(|raw| Value::parse(raw.get()))
        .transpose()
        .map_err(wrong)?;
    let said = [
        "command", "inline", "script", "scripts", "program", "source",
    ]
    .into_iter()
    .find_map(|key| {
        let expression = expressions.as_ref()?.get(key)?;
        Some(match expression.get("constant_value") {
            Some(Value::Text(text)) => text.to_string(),
            Some(other) => other.to_string(),
            None => {
                let names = references(expression);
                format!(
                    "{key} made from {}",
                    names.into_iter().collect::<Vec<_>>().join(", ")
                )
            }
        })
    });
    Ok(match said {
        Some(said) => format!("{what}: {said}"),
        None => what.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(json: &str) -> Found {
        read(json, 100, &mut Shared::default()).unwrap()
    }

    #[test]
    fn programs_are_found_in_every_module() {
        let json = r#"{"root_module":{
            "module_calls":{"m":{"module":{"resources":[{"address":"null_resource.r","mode":"managed","type":"null_resource","name":"r",
                "provisioners":[{"type":"remote-exec","expressions":{"inline":{"references":["var.x"]}}},{"type":"file"}]}]}}},
            "resources":[{"address":"data.external.e","mode":"data","type":"external","name":"e",
                "expressions":{"program":{"constant_value":["sh","x.sh"]}}},
                {"address":"a.b","provisioners":[{"type":"local-exec","expressions":{"command":{"constant_value":"rm -r x"}}}]}]}}"#;
        let found = read_all(json).programs;
        let addresses: Vec<_> = found.iter().map(Effect::address).collect();
        let seen: Vec<_> = found
            .iter()
            .zip(&addresses)
            .map(|(row, address)| (&**address, row.note().unwrap(), &*row.module))
            .collect();
        assert_eq!(
            seen,
            [
                (
                    "module.m.null_resource.r.remote-exec",
                    "remote-exec: inline made from var.x",
                    "module.m"
                ),
                ("module.m.null_resource.r.file", "file", "module.m"),
                ("data.external.e.program", r#"external: ["sh","x.sh"]"#, ""),
                ("a.b.local-exec", "local-exec: rm -r x", ""),
            ]
        );
        for row in &found {
            let start = usize::try_from(row.span.start).unwrap() - 100;
            let text = &json[start..start + usize::try_from(row.span.len).unwrap()];
            assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
            assert!(
                text.contains(&**row.reason.as_ref().unwrap())
                    || row.reason.as_deref() == Some("program")
            );
        }
    }

    #[test]
    fn a_list_is_never_taken_for_an_object() {
        for json in [
            r#"[{"resources":[]}]"#,
            r#"{"root_module":[]}"#,
            r#"{"root_module":{"resources":[["a.b"]]}}"#,
            r#"{"root_module":{"module_calls":[]}}"#,
        ] {
            assert!(read(json, 0, &mut Shared::default()).is_err(), "{json}");
        }
        for json in ["null", r#"{"root_module":null}"#, "{}"] {
            assert!(read(json, 0, &mut Shared::default()).is_ok(), "{json}");
        }
    }
}

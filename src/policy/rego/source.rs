//! Policies as they are read: each file as Rego v1, and as v0 where it is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use regorus::unstable::{Expr, Module, Ref};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, PolicyLengthConfig, Value};

use super::walk::path_of;
use super::{extensions, trouble};
use crate::policy::config::Shape;
use crate::policy::job::{Answer, File, Job, Task};
use crate::policy::serve::Say;
use crate::policy::{Place, Trouble};

/// After how much work the clock is looked at.
const CHECK_EVERY: NonZeroU32 = NonZeroU32::new(256).expect("256 is not zero");

/// Policies that were read, with the engine that evaluates them.
pub(super) struct Policies {
    pub(super) engine: Engine,
    pub(super) units: Vec<Unit>,
}

/// One file.
pub(super) struct Unit {
    pub(super) file: String,
    /// The package, in one word.
    pub(super) package: String,
    segments: Vec<String>,
    pub(super) module: Ref<Module>,
    /// Rego before 1.0.
    pub(super) v0: bool,
    /// What an imported name stands for: the path behind `import`.
    pub(super) imports: BTreeMap<String, Vec<String>>,
}

/// Reads everything. What cannot be read is said, and the rest is read all the same.
pub(super) fn read(job: &Job, say: &mut Say<'_>) -> io::Result<Policies> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(false);
    engine.set_gather_prints(true);
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: NonZeroU32::new(65_536).expect("not zero"),
        max_file_bytes: NonZeroUsize::new(16 << 20).expect("not zero"),
        max_lines: NonZeroUsize::new(200_000).expect("not zero"),
    });
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: Duration::from_secs(job.rule_seconds),
        check_interval: CHECK_EVERY,
    });
    extensions::add(&mut engine);
    for file in &job.data {
        if let Err(error) = data(&mut engine, file) {
            let place = Place {
                file: file.path.clone(),
                line: 1,
            };
            say(&Answer::Trouble(trouble("data", &error, Some(place))))?;
        }
    }
    let mut units = Vec::new();
    for file in &job.files {
        if job.task != Task::Test && is_test(&file.path) {
            continue;
        }
        let place = Place {
            file: file.path.clone(),
            line: 1,
        };
        say(&Answer::Begins {
            what: file.path.clone(),
            place: Some(place),
        })?;
        match unit(&mut engine, file) {
            Ok(unit) => units.push(unit),
            Err(trouble) => say(&Answer::Trouble(trouble))?,
        }
    }
    Ok(Policies { engine, units })
}

/// Whether a file holds tests.
pub(super) fn is_test(path: &str) -> bool {
    path.ends_with("_test.rego")
}

/// Adds a data file at the place that its directory names, as OPA does.
fn data(engine: &mut Engine, file: &File) -> anyhow::Result<()> {
    let mut value = Value::from_json_str(&file.text)?;
    let directories = file.path.rsplit('/').skip(1);
    for directory in directories {
        let mut around = Value::new_object();
        around
            .as_object_mut()?
            .insert(Value::from(directory), value);
        value = around;
    }
    engine.add_data(value)
}

fn unit(engine: &mut Engine, file: &File) -> Result<Unit, Trouble> {
    let at = Place {
        file: file.path.clone(),
        line: 1,
    };
    let mut add = |v0: bool| {
        engine.set_rego_v0(v0);
        engine.add_policy(file.path.clone(), file.text.clone())
    };
    let v0 = match add(false) {
        Ok(_) => false,
        Err(first) => match add(true) {
            Ok(_) => true,
            // The reading that got further tells more of what is wrong.
            Err(second) => {
                let [first, second] =
                    [first, second].map(|error| trouble("parse", &error, Some(at.clone())));
                let line = |trouble: &Trouble| trouble.place.as_ref().map_or(0, |place| place.line);
                let further = line(&second) > line(&first);
                return Err(if further { second } else { first });
            }
        },
    };
    let module = engine
        .get_modules()
        .last()
        .cloned()
        .expect("a file that was added is there");
    let segments = path_of(&module.package.refr).unwrap_or_default();
    let imports = module
        .imports
        .iter()
        .filter_map(|import| {
            let path = path_of(&import.refr)?;
            let name = match &import.r#as {
                Some(alias) => alias.text().to_owned(),
                None => path.last()?.clone(),
            };
            Some((name, path))
        })
        .collect();
    Ok(Unit {
        file: file.path.clone(),
        package: segments.join("."),
        segments,
        module,
        v0,
        imports,
    })
}

impl Unit {
    /// The path that a reference stands for: imported names are written out. `None` where it is no plain reference.
    pub(super) fn resolve(&self, expr: &Expr) -> Option<Vec<String>> {
        let path = path_of(expr)?;
        let imported = path.first().and_then(|first| self.imports.get(first));
        Some(match imported {
            Some(import) => import.iter().chain(&path[1..]).cloned().collect(),
            None => path,
        })
    }

    /// The path of a rule of this file, as the engine wants it: what is no name stands in brackets.
    pub(super) fn rule_path(&self, rule: &str) -> String {
        let mut path = String::from("data");
        for segment in self.segments.iter().map(String::as_str).chain([rule]) {
            let mut chars = segment.chars();
            let starts = chars
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if starts && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let _ = write!(path, ".{segment}");
            } else {
                let _ = write!(path, "[{}]", serde_json::Value::from(segment));
            }
        }
        path
    }

    /// The shape of `input` that this file reads.
    pub(super) fn shape(&self) -> Option<Shape> {
        let mut found = None;
        let mut see = |path: &[String]| {
            if let [first, second, ..] = path
                && first == "input"
            {
                found = found.or(Shape::ALL.into_iter().find(|shape| {
                    shape
                        .keys()
                        .is_some_and(|(plan, beside)| second == plan || second == beside)
                }));
            }
        };
        for path in self.imports.values() {
            see(path);
        }
        for rule in &self.module.policy {
            super::walk::rule(rule, &mut |expr| {
                if let Some(path) = self.resolve(expr) {
                    see(&path);
                }
            });
        }
        found
    }
}

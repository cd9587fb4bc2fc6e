//! Turns the catalogue's rows into a static table while the crate is built.
//!
//! A row that cannot be understood stops the build with its file and line. The tables are written as Rust source, sorted
//! by type, so that the program looks a type up without having parsed anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// Goes up when the same rows are judged in another way.
const RULESET_VERSION: u32 = 2;

const TABLES: [(&str, &str, &str); 7] = [
    ("stateful", "STATEFUL", "Stateful"),
    ("protection", "PROTECTION", "Row"),
    ("exposure", "EXPOSURE", "Row"),
    ("guard", "GUARD", "Guard"),
    ("policy", "POLICY", "PolicyDocument"),
    ("redirect", "REDIRECT", "Redirect"),
    ("version", "VERSION", "Version"),
];

type Outcome<T> = Result<T, String>;

fn main() {
    let folder = PathBuf::from("src/risk/catalogue");
    println!("cargo::rerun-if-changed={}", folder.display());
    let source = generate(&folder).unwrap_or_else(|error| {
        println!("cargo::error={error}");
        std::process::exit(1)
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("catalogue.rs"), source).expect("cargo's OUT_DIR can be written");
}

/// The tables as Rust source, from the rows in `folder`.
pub fn generate(folder: &Path) -> Outcome<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    let mut digest = Sha256::new();
    digest.update(format!("undersign ruleset {RULESET_VERSION}\n"));
    let mut tables = Tables::default();
    for file in &files {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        // What git makes of line ends must not change the digest.
        let text = text.replace("\r\n", "\n");
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        digest.update(format!("{name} {}\n", text.len()));
        digest.update(&text);
        for (number, line) in text.lines().enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                tables
                    .line(line)
                    .map_err(|error| format!("{}:{}: {error}", file.display(), number + 1))?;
            }
        }
    }
    let mut source = tables.source();
    let _ = writeln!(
        source,
        "/// Digest of the rows and of the version of the rules.\nstatic RULESET_SHA256: [u8; 32] = {:?};",
        <[u8; 32]>::from(digest.finalize())
    );
    Ok(source)
}

/// What the rows have become so far.
#[derive(Default)]
struct Tables {
    /// One static for each row.
    statics: String,
    count: usize,
    /// For each table, the types with the statics that speak of them.
    types: BTreeMap<(&'static str, String), Vec<String>>,
    heuristics: Vec<String>,
}

impl Tables {
    fn line(&mut self, line: &str) -> Outcome<()> {
        let mut columns = Columns(line.split(" | "));
        let kind = columns.next("kind")?;
        if let "name" | "block" | "type" = kind {
            self.heuristics.push(heuristic(kind, &mut columns)?);
            return Ok(());
        }
        let &(word, table, shape) = TABLES
            .iter()
            .find(|(word, _, _)| *word == kind)
            .ok_or_else(|| format!("the kind {kind:?} is not known"))?;
        let types = columns.next("types")?;
        let value = match word {
            "stateful" => stateful(&mut columns)?,
            "guard" => guard(&mut columns)?,
            "policy" => policy(&mut columns)?,
            "redirect" => redirect(&mut columns)?,
            "version" => version(&mut columns)?,
            word => row(word == "protection", &mut columns)?,
        };
        let name = format!("{table}_{}", self.count);
        self.count += 1;
        let _ = writeln!(self.statics, "static {name}: {shape} = {value};");
        for type_name in types.split(',') {
            let legal = |c: char| c.is_ascii_alphanumeric() || "_-*".contains(c);
            if type_name.is_empty() || !type_name.chars().all(legal) {
                return Err(format!("{type_name:?} is not the name of a type"));
            }
            self.types
                .entry((word, type_name.to_owned()))
                .or_default()
                .push(name.clone());
        }
        Ok(())
    }

    fn source(self) -> String {
        let mut source = self.statics;
        for (word, table, shape) in TABLES {
            let (mut exact, mut globs) = (String::new(), String::new());
            for ((_, type_name), names) in self.types.iter().filter(|((w, _), _)| *w == word) {
                let list = if type_name.contains('*') {
                    &mut globs
                } else {
                    &mut exact
                };
                for name in names {
                    let _ = write!(list, "({type_name:?}, &{name}), ");
                }
            }
            let _ = writeln!(
                source,
                "static {table}: Table<{shape}> = Table {{ exact: &[{exact}], globs: &[{globs}] }};"
            );
        }
        let _ = writeln!(
            source,
            "static HEURISTICS: &[Heuristic] = &[{}];",
            self.heuristics.join(", ")
        );
        source
    }
}

/// The columns of a line that are still to be read.
struct Columns<'a>(std::str::Split<'a, &'static str>);

impl<'a> Columns<'a> {
    fn next(&mut self, what: &str) -> Outcome<&'a str> {
        self.0
            .next()
            .filter(|column| !column.is_empty())
            .ok_or_else(|| format!("the column {what:?} is missing"))
    }

    fn risk(&mut self) -> Outcome<&'static str> {
        match self.next("risk")? {
            "critical" => Ok("Risk::Critical"),
            "high" => Ok("Risk::High"),
            "medium" => Ok("Risk::Medium"),
            other => Err(format!("{other:?} is no risk")),
        }
    }

    fn end(&mut self) -> Outcome<()> {
        self.0.next().map_or(Ok(()), |extra| {
            Err(format!("{extra:?} is one column too many"))
        })
    }
}

fn stateful(columns: &mut Columns<'_>) -> Outcome<String> {
    let risk = columns.risk()?;
    let class = columns.next("class")?;
    let lost = columns.next("what is lost")?;
    columns.end()?;
    Ok(format!(
        "Stateful {{ risk: {risk}, class: {class:?}, lost: {lost:?} }}"
    ))
}

fn guard(columns: &mut Columns<'_>) -> Outcome<String> {
    let risk = columns.risk()?;
    let kind = columns.next("kind")?;
    let events = columns.next("events")?;
    if let Some(event) = events
        .split(',')
        .find(|event| !["create", "update", "delete", "detach"].contains(event))
    {
        return Err(format!("{event:?} is no event"));
    }
    let has = |event: &str| events.split(',').any(|known| known == event);
    let (create, update) = (has("create"), has("update"));
    let delete = has("delete") || has("detach");
    let guards = columns.next("what it guards")?;
    let lost = columns.next("what is lost")?;
    for option in columns.0.by_ref() {
        match option.split_once('=') {
            // The rows of kind `policy` say the same for every attribute; here they are for the reader.
            Some(("document" | "dialect", _)) => {}
            _ => return Err(format!("the option {option:?} is not known")),
        }
    }
    Ok(format!(
        "Guard {{ risk: {risk}, kind: {kind:?}, create: {create}, update: {update}, delete: {delete}, guards: {guards:?}, lost: {lost:?} }}"
    ))
}

fn policy(columns: &mut Columns<'_>) -> Outcome<String> {
    let attribute = columns.next("attribute")?;
    let path = path(attribute)?;
    let dialect = columns.next("dialect")?;
    columns.end()?;
    Ok(format!(
        "PolicyDocument {{ attribute: {attribute:?}, path: {path}, dialect: {dialect:?} }}"
    ))
}

fn version(columns: &mut Columns<'_>) -> Outcome<String> {
    let old = columns.next("what becomes of the old one")?;
    columns.end()?;
    Ok(format!("Version {{ old: {old:?} }}"))
}

fn redirect(columns: &mut Columns<'_>) -> Outcome<String> {
    let attribute = columns.next("attribute")?;
    let path = path(attribute)?;
    let leads = match columns.next("what")? {
        "name" => "Leads::Name",
        "source" => "Leads::Source",
        "image" => "Leads::Image",
        "sink" => "Leads::Sink",
        "settings" => "Leads::Settings",
        other => return Err(format!("{other:?} leads nowhere")),
    };
    let risk = columns.risk()?;
    let message = columns.next("what goes elsewhere")?;
    columns.end()?;
    Ok(format!(
        "Redirect {{ attribute: {attribute:?}, path: {path}, leads: {leads}, risk: {risk}, message: {message:?} }}"
    ))
}

fn row(has_category: bool, columns: &mut Columns<'_>) -> Outcome<String> {
    let attribute = columns.next("attribute")?;
    let path = path(attribute)?;
    let operator = operator(columns.next("operator")?)?;
    let risk = columns.risk()?;
    let category = if has_category {
        columns.next("category")?
    } else {
        "exposure"
    };
    let message = columns.next("what is lost")?;
    let mut options = String::new();
    for option in columns.0.by_ref() {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let numbers = || -> Outcome<Vec<f64>> {
            value
                .split(',')
                .map(|number| {
                    number
                        .parse()
                        .map_err(|_| format!("{number:?} is no number"))
                })
                .collect()
        };
        let words: Vec<&str> = value.split(',').collect();
        let _ = match name {
            "default" if value == "true" => write!(options, "default: true, "),
            "form" if value == "date" => write!(options, "form: Form::Date, "),
            "form" if value == "json" => write!(options, "form: Form::Json, "),
            "threshold" => write!(options, "threshold: Some({:?}), ", numbers()?[0]),
            "unlimited" => write!(options, "unlimited: &{:?}, ", numbers()?),
            "order" => write!(options, "order: &{words:?}, "),
            "key" => write!(options, "key: Some({value:?}), "),
            "on_create" => write!(options, "on_create: true, "),
            // Each row that uses them names its ports; firewalls are compared by port elsewhere.
            "ports" => Ok(()),
            "unless" | "only" => {
                let pairs: Vec<(&str, &str)> = words
                    .iter()
                    .filter_map(|pair| pair.split_once(':'))
                    .collect();
                if pairs.len() != words.len() {
                    return Err(format!("{option:?} needs attribute:value"));
                }
                write!(options, "{name}: &{pairs:?}, ")
            }
            _ => return Err(format!("the option {option:?} is not known")),
        };
    }
    Ok(format!(
        "Row {{ attribute: {attribute:?}, path: {path}, operator: {operator}, risk: {risk}, category: {category:?}, message: {message:?}, {options}..Row::PLAIN }}"
    ))
}

fn operator(text: &str) -> Outcome<String> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let alternatives = || {
        let words: Vec<String> = rest.split('|').map(str::to_lowercase).collect();
        format!("&{words:?}")
    };
    let pair = || {
        rest.split_once(":to:")
            .map(|(from, to)| format!("{:?}, {:?}", from.to_lowercase(), to.to_lowercase()))
            .ok_or_else(|| format!("{text:?} needs `:to:`"))
    };
    Ok(match (name, rest.is_empty()) {
        ("true_to_false", true) => "Operator::TrueToFalse".into(),
        ("false_to_true", true) => "Operator::FalseToTrue".into(),
        ("decrease", true) => "Operator::Decrease".into(),
        ("increase", true) => "Operator::Increase".into(),
        ("removed", true) => "Operator::Removed".into(),
        ("emptied", true) => "Operator::Emptied".into(),
        ("added", true) => "Operator::Added".into(),
        ("changed", true) => "Operator::Changed".into(),
        ("elements_removed", true) => "Operator::ElementsRemoved".into(),
        ("elements_added", true) => "Operator::ElementsAdded".into(),
        ("created", true) => "Operator::Created".into(),
        ("policy_widened", true) => "Operator::PolicyWidened".into(),
        ("set_to", false) => format!("Operator::SetTo({})", alternatives()),
        ("adds_any", false) => {
            let words: Vec<&str> = rest.split('|').collect();
            format!("Operator::AddsAny(&{words:?})")
        }
        ("from_any", false) => format!("Operator::FromAny({})", alternatives()),
        ("from", false) => format!("Operator::From({})", pair()?),
        ("from_prefix", false) => format!("Operator::FromPrefix({})", pair()?),
        ("matches", false) => format!("Operator::Matches({})", pattern(rest)),
        _ => return Err(format!("the operator {text:?} is not known")),
    })
}

/// A regular expression that is compiled when it is first needed. A test compiles each.
fn pattern(text: &str) -> String {
    format!("{{ static P: Pattern = Pattern::new(|| compile({text:?})); &P }}")
}

fn heuristic(kind: &str, columns: &mut Columns<'_>) -> Outcome<String> {
    let id = columns.next("id")?;
    let matches = pattern(columns.next("expression")?);
    let except = match columns.next("not")? {
        "-" => "None".to_owned(),
        text => format!("Some({})", pattern(text)),
    };
    let (scope, operator) = match kind {
        "name" => ("Scope::Name", operator(columns.next("operator")?)?),
        "block" => ("Scope::Path", operator(columns.next("operator")?)?),
        _ => ("Scope::Type", "Operator::Created".to_owned()),
    };
    let cap = columns.risk()?;
    let message = columns.next("what it looks like")?;
    columns.end()?;
    Ok(format!(
        "Heuristic {{ id: {id:?}, scope: {scope}, matches: {matches}, except: {except}, operator: {operator}, cap: {cap}, message: {message:?} }}"
    ))
}

/// A path as a list of steps: `a[*].b.*` or `a["x.y"]`.
fn path(text: &str) -> Outcome<String> {
    let mut steps = String::from("&[");
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[*]") {
            steps.push_str("Step::Each, ");
            rest = after;
        } else if let Some(after) = rest.strip_prefix(".*") {
            steps.push_str("Step::Values, ");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (key, after) = after
                .split_once("\"]")
                .ok_or_else(|| format!("a key in {text:?} has no end"))?;
            let _ = write!(steps, "Step::Member({key:?}), ");
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("{text:?} is not a path"));
            }
            let _ = write!(steps, "Step::Member({:?}), ", &rest[..end]);
            rest = &rest[end..];
        }
    }
    steps.push(']');
    Ok(steps)
}

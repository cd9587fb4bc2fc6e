//! Names that point elsewhere, programs that come from elsewhere, data that goes elsewhere.
//!
//! Nothing is destroyed, nothing is opened, and yet all traffic or all data goes to another place. Which attributes lead
//! somewhere stands in the catalogue; this module owns how two of their values are told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::catalogue::{self, Leads, Redirect};
use super::documents::Documents;
use super::walk::{self, Leaf, Side};
use super::{Finding, Risk, render};
use crate::diff::secrets;
use crate::plan::value::Value;
use crate::plan::values::Values;

/// The attribute that decides how the change of a record is taken.
pub const DECIDES: &str = "type";

/// Records of these kinds prove things; they do not lead anybody anywhere.
const PROOFS: [&str; 3] = ["TXT", "CAA", "SPF"];

/// JSON in a string is looked into this deep.
const MAX_DEPTH: usize = 12;

/// What points elsewhere after this change of an existing object; of several attributes with one meaning the first.
pub fn judge<'a>(type_name: &str, values: &'a Values, documents: &Documents<'a>) -> Vec<Finding> {
    let (before, after) = (Side::before(values), Side::after(values));
    if before.value.is_none() || after.value.is_none() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for row in catalogue::redirects(type_name) {
        if walk::may_differ(row.path, before, after)
            && let Some(finding) = redirected(row, before, after, documents)
            && !findings
                .iter()
                .any(|known| known.message == finding.message)
        {
            findings.push(finding);
        }
    }
    findings
}

fn redirected<'a>(
    row: &Redirect,
    before: Side<'a>,
    after: Side<'a>,
    documents: &Documents<'a>,
) -> Option<Finding> {
    let olds = walk::leaves(before, row.path, None);
    let news = walk::leaves(after, row.path, None);
    let (old, new) = (first(&olds)?, news.first()?);
    let secret = olds.iter().chain(&news).any(|leaf| leaf.secret);
    let path = new.path.clone();
    if news.iter().any(|leaf| leaf.unknown_within) {
        let quiet = row.leads == Leads::Settings;
        return (!quiet).then(|| {
            let risk = row.risk.milder().min(Risk::Medium);
            found("unknown-on-protected", risk, path)
                .say(format!(
                    "What this becomes is known only after apply. At stake: {}",
                    row.message
                ))
                .values(&render::short(old.value, secret), render::UNKNOWN)
        });
    }
    let (rule, changed) = match row.leads {
        Leads::Name => ("traffic-redirected", moved(&places(&olds), &places(&news))),
        Leads::Source => ("source-redirected", moved(&places(&olds), &places(&news))),
        Leads::Sink => ("data-redirected", moved(&places(&olds), &places(&news))),
        Leads::Image => (
            "source-redirected",
            moved(&images(&olds, documents), &images(&news, documents)),
        ),
        Leads::Settings => ("environment-redirected", setting(&olds, &news, documents)),
    };
    let Changed { name, old, new } = changed?;
    let kind = after.member(DECIDES).value.and_then(Value::as_text);
    let proof = row.leads == Leads::Name && kind.is_some_and(|kind| PROOFS.contains(&kind));
    let risk = if proof { Risk::Medium } else { row.risk };
    let secret = secret || secrets::named_like_a_secret(&name);
    let shown = |place: &str| match place {
        "" => render::NOTHING.to_owned(),
        _ if secret => render::SENSITIVE.to_owned(),
        place => render::cut(&address(place, row.leads)),
    };
    let path = if name.is_empty() {
        path
    } else {
        format!("{path}.{name}")
    };
    Some(
        found(rule, risk, path)
            .say(row.message.to_owned())
            .values(&shown(&old), &shown(&new)),
    )
}

fn found(rule: &'static str, risk: Risk, path: String) -> Finding {
    let mut finding = Finding::new(rule, risk, "");
    finding.path = Some(path.into());
    finding
}

fn first<'l, 'a>(leaves: &'l [Leaf<'a>]) -> Option<&'l Leaf<'a>> {
    leaves
        .iter()
        .find(|leaf| leaf.value.is_some_and(|value| !value.is_empty()))
}

/// One place that was given up for another.
struct Changed {
    name: String,
    old: String,
    new: String,
}

/// Another place, one place more, or none any more. A place less leads nobody elsewhere, nor does the first one.
fn moved(olds: &BTreeSet<String>, news: &BTreeSet<String>) -> Option<Changed> {
    let gained: Vec<&String> = news.difference(olds).collect();
    let lost: Vec<&String> = olds.difference(news).collect();
    if olds.is_empty() || (gained.is_empty() && !news.is_empty()) {
        return None;
    }
    let join = |places: &[&String]| {
        let places: Vec<&str> = places.iter().map(|place| place.as_str()).collect();
        places.join(", ")
    };
    let old = if lost.is_empty() {
        olds.iter().collect()
    } else {
        lost
    };
    Some(Changed {
        name: String::new(),
        old: join(&old),
        new: join(&gained),
    })
}

/// A place without what gives entrance to it: names and passwords before the host, the query, and what stands behind the
/// host of a hook.
fn address(place: &str, leads: Leads) -> String {
    let Some((scheme, rest)) = place.split_once("://") else {
        return place.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = (host(rest), &rest[end..]);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    match leads {
        Leads::Sink | Leads::Settings if path.len() > 1 => format!("{scheme}://{host}/…"),
        _ => format!("{scheme}://{host}{path}"),
    }
}

/// The host of an address, with its port.
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

/// The places that the leaves name, in whatever order.
fn places(leaves: &[Leaf<'_>]) -> BTreeSet<String> {
    fn add(value: &Value, places: &mut BTreeSet<String>) {
        match value {
            Value::List(items) => items.iter().for_each(|item| add(item, places)),
            Value::Text(text) if text.is_empty() => {}
            Value::Null => {}
            Value::Text(text) => drop(places.insert(text.to_string())),
            other => drop(places.insert(walk::canonical(other))),
        }
    }
    let mut places = BTreeSet::new();
    for value in leaves.iter().filter_map(|leaf| leaf.value) {
        add(value, &mut places);
    }
    places
}

/// The repositories that images come from: another version of an image is the same place.
fn images<'a>(leaves: &[Leaf<'a>], documents: &Documents<'a>) -> BTreeSet<String> {
    let mut repositories = BTreeSet::new();
    for text in leaves.iter().filter_map(|leaf| leaf.value?.as_text()) {
        match document(text, documents) {
            Some(document) => members(&document, 0, &mut |object| {
                if let Some(image) = object.get("image").and_then(Value::as_text) {
                    repositories.insert(repository(image).to_owned());
                }
            }),
            None if text.is_empty() => {}
            None => drop(repositories.insert(repository(text).to_owned())),
        }
    }
    repositories
}

/// An image without its version: `registry:5000/team/app:1.2@sha256:…` is `registry:5000/team/app`.
pub fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let path = image.rfind('/').map_or(0, |slash| slash + 1);
    image[path..]
        .find(':')
        .map_or(image, |colon| &image[..path + colon])
}

/// The first setting that named a place, or does now, and has another value.
fn setting<'a>(olds: &[Leaf<'a>], news: &[Leaf<'a>], documents: &Documents<'a>) -> Option<Changed> {
    let (olds, news) = (settings(olds, documents), settings(news, documents));
    olds.into_iter().find_map(|(name, old)| {
        let new = news.get(&name)?.clone();
        let place = leads_somewhere(&old) || leads_somewhere(&new);
        (old != new && place).then_some(Changed { name, old, new })
    })
}

/// Settings by name: of a map, of a list of names with values, of such a list within JSON, or one alone.
fn settings<'a>(leaves: &[Leaf<'a>], documents: &Documents<'a>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for value in leaves.iter().filter_map(|leaf| leaf.value) {
        let document = value.as_text().map(|text| document(text, documents));
        match (&document, value) {
            (Some(Some(document)), _) => members(document, 0, &mut |object| {
                settings.extend(named_setting(object));
            }),
            (_, Value::Text(text)) => drop(settings.insert(String::new(), text.to_string())),
            (_, value) => {
                members(value, 0, &mut |object| {
                    settings.extend(named_setting(object));
                });
                if let Value::Object(map) = value {
                    let texts = map.iter().filter_map(|(n, v)| Some((n, v.as_text()?)));
                    settings.extend(texts.map(|(n, v)| (n.to_string(), v.to_owned())));
                }
            }
        }
    }
    settings
}

fn named_setting(object: &Value) -> Option<(String, String)> {
    let part = |name| object.get(name).and_then(Value::as_text);
    let name = part("name").or(part("key"))?;
    Some((name.to_owned(), part("value")?.to_owned()))
}

/// JSON that is written into a string.
fn document<'a>(text: &'a str, documents: &Documents<'a>) -> Option<Rc<Value>> {
    (text.trim_start().starts_with(['{', '[']))
        .then(|| documents.within(text))
        .flatten()
}

/// Calls `each` with every object within `value`.
fn members(value: &Value, depth: usize, each: &mut impl FnMut(&Value)) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            each(value);
            for (_, member) in map {
                members(member, depth + 1, each);
            }
        }
        Value::List(items) => {
            for item in items {
                members(item, depth + 1, each);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// Whether a setting names a place: an address, a host, a resource.
fn leads_somewhere(text: &str) -> bool {
    let host = text.split([':', '/']).next().unwrap_or(text);
    let labels: Vec<&str> = host.split('.').collect();
    let dotted = labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && (labels
            .iter()
            .any(|label| label.chars().any(|c| c.is_ascii_alphabetic()))
            || labels.len() == 4);
    let version = host
        .trim_start_matches('v')
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.')
        && labels.len() != 4;
    text.contains("://") || text.starts_with("arn:") || (dotted && !version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_names_a_place_is_told_from_one_that_does_not() {
        for (text, place) in [
            ("postgres://db.internal/x", true),
            ("db.example.com", true),
            ("db.example.com:5432", true),
            ("10.0.0.1", true),
            ("arn:aws:sqs:eu-west-1:1:q", true),
            ("debug", false),
            ("1.25.3", false),
            ("v1.2.3", false),
            ("512", false),
            ("a sentence. Another one", false),
        ] {
            assert_eq!(leads_somewhere(text), place, "{text}");
        }
    }

    fn found(type_name: &str, before: &str, after: &str) -> Vec<(String, Risk, String, String)> {
        let item = format!(r#"{{"change":{{"before":{before},"after":{after}}}}}"#);
        let text = |part: Option<arcstr::ArcStr>| part.unwrap_or_default().to_string();
        judge(
            type_name,
            &Values::of_item(&item).unwrap(),
            &Documents::default(),
        )
        .into_iter()
        .map(|finding| {
            let rule = finding.rule.to_string();
            (rule, finding.risk, text(finding.old), text(finding.new))
        })
        .collect()
    }

    #[test]
    fn another_version_of_an_image_is_the_same_place() {
        for (image, place) in [
            ("app", "app"),
            ("app:1.2", "app"),
            ("team/app@sha256:00", "team/app"),
            ("registry:5000/team/app", "registry:5000/team/app"),
            (
                "registry:5000/team/app:1@sha256:00",
                "registry:5000/team/app",
            ),
        ] {
            assert_eq!(repository(image), place);
        }
        let task = |image: &str| {
            format!(r#"{{"container_definitions":"[{{\"name\":\"a\",\"image\":\"{image}\"}}]"}}"#)
        };
        let judged = |new| found("aws_ecs_task_definition", &task("x.io/app:1"), &task(new));
        assert_eq!(judged("x.io/app:2"), []);
        let expected = (
            "source-redirected".to_owned(),
            Risk::High,
            "x.io/app".to_owned(),
            "y.io/app".to_owned(),
        );
        assert_eq!(judged("y.io/app:1"), [expected]);
    }

    #[test]
    fn what_gives_entrance_is_not_shown() {
        let [hook] = &found(
            "gitlab_project_hook",
            r#"{"url":"https://hooks.example/s/old-token"}"#,
            r#"{"url":"https://u:pass@evil.example/s/token?k=1"}"#,
        )[..] else {
            panic!("one finding")
        };
        assert_eq!(hook.2, "https://hooks.example/…");
        assert_eq!(hook.3, "https://evil.example/…");
        let [setting] = &found(
            "kubernetes_config_map",
            r#"{"data":{"API_TOKEN":"aa.bb.cc","x":"1"}}"#,
            r#"{"data":{"API_TOKEN":"dd.ee.ff","x":"2"}}"#,
        )[..] else {
            panic!("one finding")
        };
        assert_eq!(
            (&*setting.2, &*setting.3),
            (render::SENSITIVE, render::SENSITIVE)
        );
    }

    #[test]
    fn a_place_less_or_the_first_one_leads_nobody_elsewhere() {
        let judged = |old: &str, new: &str| {
            let side = |places: &str| format!(r#"{{"type":"A","records":{places}}}"#);
            found("aws_route53_record", &side(old), &side(new)).len()
        };
        assert_eq!(judged(r#"["10.0.0.1","10.0.0.2"]"#, r#"["10.0.0.2"]"#), 0);
        assert_eq!(judged("[]", r#"["10.0.0.2"]"#), 0);
        assert_eq!(
            judged(r#"["10.0.0.1","10.0.0.2"]"#, r#"["10.0.0.2","10.0.0.1"]"#),
            0
        );
        assert_eq!(judged(r#"["10.0.0.1"]"#, r#"["10.0.0.1","10.0.0.9"]"#), 1);
        assert_eq!(judged(r#"["10.0.0.1"]"#, "[]"), 1);
    }
}

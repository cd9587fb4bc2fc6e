//! One element of a section, as a row.
//!
//! Owns which fields an element has and of what type each must be. A field of another type is refused by the name of
//! its key; its value is never quoted.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use arcstr::ArcStr;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::action::Action;
use super::address;
use super::effect::{Effect, Kind, Mode, More, Span};
use super::scan::{self, Item};
use super::texts::Texts;
use super::value::{self, Value};

/// What is wrong with an element: a key, and what its value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The key, as a path within the element.
    pub key: &'static str,
    /// What stands there must be this.
    pub wanted: &'static str,
}

/// What the rows have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    texts: Texts,
    /// Source addresses of their providers, as the plan writes them.
    pub providers: BTreeSet<String>,
}

impl Shared {
    /// The one copy of `text`.
    pub fn get(&mut self, text: &str) -> ArcStr {
        self.texts.get(text)
    }

    fn provider(&mut self, name: &Field<'_>) -> Result<(), Wrong> {
        let address = name.text()?.unwrap_or_default();
        if !self.providers.contains(&*address) {
            self.providers.insert(address.into_owned());
        }
        Ok(())
    }
}

/// The members of an object, by key, as raw JSON. The scanner has seen that no key stands twice.
enum Members<'a> {
    /// Noted by the scanner.
    Noted(scan::Members<'a>),
    /// Of an object so deep that nothing was noted; there are few.
    Parsed(BTreeMap<Name<'a>, &'a RawValue>),
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// The members of the element itself.
    fn of(item: Item<'a>) -> Result<Self, Wrong> {
        is_object(item.text, "").map(|()| Members::Noted(item.members()))
    }

    fn parse(json: &'a str, key: &'static str) -> Result<Self, Wrong> {
        serde_json::from_str(json)
            .map(Members::Parsed)
            .map_err(|_| Wrong {
                key,
                wanted: "an object",
            })
    }

    /// The values of many keys; a null counts as absent.
    fn all<const N: usize>(&self, keys: [&'static str; N]) -> [Field<'a>; N] {
        let found = match self {
            Members::Noted(members) => members
                .get_all(keys)
                .map(|found| found.map(|(value, _)| value)),
            Members::Parsed(_) => keys.map(|key| self.raw(key)),
        };
        std::array::from_fn(|at| Field {
            key: keys[at],
            raw: found[at].filter(|value| *value != "null"),
        })
    }

    /// The value of `key`; a null counts as absent, as in Go.
    #[inline]
    fn raw(&self, key: &str) -> Option<&'a str> {
        let value = match self {
            Members::Noted(members) => members.get(key).map(|(value, _)| value),
            Members::Parsed(members) => members
                .get(&Name(Cow::Borrowed(key)))
                .map(|value| value.get()),
        };
        value.filter(|value| *value != "null")
    }

    fn decode<T: Deserialize<'a>>(
        &self,
        key: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, Wrong> {
        let Some(raw) = self.raw(last(key)) else {
            return Ok(None);
        };
        serde_json::from_str(raw)
            .map(Some)
            .map_err(|_| Wrong { key, wanted })
    }

    #[inline]
    fn text(&self, key: &'static str) -> Result<Option<Cow<'a, str>>, Wrong> {
        Field {
            key,
            raw: self.raw(last(key)),
        }
        .text()
    }

    fn needed_text(&self, key: &'static str) -> Result<Cow<'a, str>, Wrong> {
        self.text(key)?.ok_or(Wrong {
            key,
            wanted: "a string",
        })
    }

    fn object(&self, key: &'static str) -> Result<Option<Members<'a>>, Wrong> {
        self.raw(last(key))
            .map(|raw| Members::parse(raw, key))
            .transpose()
    }

    /// The same for an object whose own members were noted, as those of a change are.
    fn noted(&self, key: &'static str) -> Result<Option<Members<'a>>, Wrong> {
        match self {
            Members::Noted(members) => members
                .get(key)
                .filter(|(value, _)| *value != "null")
                .map(|(value, inner)| is_object(value, key).map(|()| Members::Noted(inner)))
                .transpose(),
            Members::Parsed(_) => self.object(key),
        }
    }
}

/// A key with the JSON that stands there, if there is any.
struct Field<'a> {
    key: &'static str,
    raw: Option<&'a str>,
}

impl<'a> Field<'a> {
    fn text(&self) -> Result<Option<Cow<'a, str>>, Wrong> {
        let text = |raw| value::text(raw).ok_or(self.wrong("a string"));
        self.raw.map(text).transpose()
    }

    fn flag(&self) -> Result<bool, Wrong> {
        match self.raw {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(self.wrong("true or false")),
        }
    }

    fn wrong(&self, wanted: &'static str) -> Wrong {
        Wrong {
            key: self.key,
            wanted,
        }
    }
}

fn is_object(json: &str, key: &'static str) -> Result<(), Wrong> {
    json.starts_with('{').then_some(()).ok_or(Wrong {
        key,
        wanted: "an object",
    })
}

/// The key itself, of a path such as `change.actions`.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// An element of `resource_changes` or `resource_drift`.
pub(super) fn change(
    kind: Kind,
    item: Item<'_>,
    span: Span,
    shared: &mut Shared,
) -> Result<Effect, Wrong> {
    object_change(kind, &Members::of(item)?, span, shared)
}

fn object_change(
    kind: Kind,
    element: &Members<'_>,
    span: Span,
    shared: &mut Shared,
) -> Result<Effect, Wrong> {
    let [
        full,
        previous_address,
        module,
        mode_word,
        type_name,
        name,
        index,
        index_unknown,
        provider,
        deposed,
        reason,
    ] = element.all([
        "address",
        "previous_address",
        "module_address",
        "mode",
        "type",
        "name",
        "index",
        "index_unknown",
        "provider_name",
        "deposed",
        "action_reason",
    ]);
    let full = full.text()?.ok_or(full.wrong("a string"))?;
    let change = element.noted("change")?.ok_or(Wrong {
        key: "change",
        wanted: "an object",
    })?;
    let (action, words) = action(&change)?;
    let (type_name, name) = match (type_name.text()?, name.text()?) {
        (Some(type_name), Some(name)) => (type_name, name),
        (type_name, name) => {
            let parts = address::split(&full).unwrap_or_default();
            (
                type_name.unwrap_or_else(|| parts.type_name.to_owned().into()),
                name.unwrap_or_else(|| parts.name.to_owned().into()),
            )
        }
    };
    let more = More {
        words,
        ..more(&deposed, &previous_address, &change)?
    };
    is_key(&index, &index_unknown)?;
    shared.provider(&provider)?;
    let mut effect = Effect {
        module: shared.get(&module.text()?.unwrap_or_default()),
        mode: mode(mode_word.text()?.as_deref()),
        type_name: shared.get(&type_name),
        name: shared.get(&name),
        reason: reason.text()?.map(|reason| shared.get(&reason)),
        more: (more != More::default()).then(|| Box::new(more)),
        ..Effect::bare(kind, "", action, span)
    };
    effect.rename(&full);
    Ok(effect)
}

/// An element of `deferred_changes`: a change with the reason why it must wait.
pub(super) fn deferred(item: Item<'_>, span: Span, shared: &mut Shared) -> Result<Effect, Wrong> {
    let element = Members::of(item)?;
    let inner = element.noted("resource_change")?.ok_or(Wrong {
        key: "resource_change",
        wanted: "an object",
    })?;
    let mut effect = object_change(Kind::Deferred, &inner, span, shared)?;
    let reason = element
        .text("reason")?
        .unwrap_or(Cow::Borrowed("no reason is given"));
    effect.more.get_or_insert_default().note = Some(format!("deferred: {reason}").into());
    Ok(effect)
}

/// An entry of `output_changes`.
pub(super) fn output(name: &str, item: Item<'_>, span: Span) -> Result<Effect, Wrong> {
    let change = Members::of(item)?;
    let (action, words) = action(&change)?;
    let mut effect = Effect::bare(Kind::Output, name, action, span);
    if !words.is_empty() {
        effect.more.get_or_insert_default().words = words;
    }
    Ok(effect)
}

/// An element of `action_invocations`, or of `deferred_action_invocations`.
pub(super) fn invocation(item: Item<'_>, span: Span, shared: &mut Shared) -> Result<Effect, Wrong> {
    let outer = Members::of(item)?;
    let deferred = outer.object("action_invocation")?;
    let element = deferred.as_ref().unwrap_or(&outer);
    let address = element.needed_text("address")?;
    let mut effect = Effect::bare(Kind::Invocation, &*address, Action::NoOp, span);
    let parts = address::split(&address).unwrap_or_default();
    effect.type_name = shared.get(
        &element
            .text("type")?
            .unwrap_or(Cow::Borrowed(parts.type_name)),
    );
    effect.name = shared.get(&element.text("name")?.unwrap_or(Cow::Borrowed(parts.name)));
    let [provider] = element.all(["provider_name"]);
    shared.provider(&provider)?;
    let mut note = match (
        element.object("lifecycle_action_trigger")?,
        element.object("invoke_action_trigger")?,
    ) {
        (Some(trigger), _) => {
            let event = trigger
                .text("lifecycle_action_trigger.action_trigger_event")?
                .unwrap_or_default();
            let of = trigger
                .text("lifecycle_action_trigger.triggering_resource_address")?
                .unwrap_or_default();
            format!("runs {event} of {of}")
        }
        (None, Some(_)) => "invoked by the person who planned".to_owned(),
        (None, None) => "nothing says what triggers it".to_owned(),
    };
    if deferred.is_some() {
        let reason = outer.text("reason")?.unwrap_or_default();
        note = format!("{note}; deferred: {reason}");
    }
    effect.more.get_or_insert_default().note = Some(note.into());
    Ok(effect)
}

/// An element of `checks`; none if the check passed.
pub(super) fn check(
    item: Item<'_>,
    span: Span,
    shared: &mut Shared,
) -> Result<Option<Effect>, Wrong> {
    let element = Members::of(item)?;
    let address = element.object("address")?.ok_or(Wrong {
        key: "address",
        wanted: "an object",
    })?;
    let name = address.needed_text("address.to_display")?;
    let status = element.needed_text("status")?;
    if status == "pass" {
        return Ok(None);
    }
    let mut effect = Effect::bare(Kind::Check, &*name, Action::NoOp, span);
    effect.reason = Some(shared.get(&status));
    let problems = problems(&element)?;
    let note = if problems.is_empty() {
        status.into_owned()
    } else {
        problems.join("; ")
    };
    effect.more.get_or_insert_default().note = Some(note.into());
    Ok(Some(effect))
}

fn problems(check: &Members<'_>) -> Result<Vec<String>, Wrong> {
    let mut messages = Vec::new();
    let instances: Vec<&RawValue> = check.decode("instances", "a list")?.unwrap_or_default();
    for instance in instances {
        let problems: Vec<&RawValue> = Members::parse(instance.get(), "instances")?
            .decode("instances.problems", "a list")?
            .unwrap_or_default();
        for problem in problems {
            let problem = Members::parse(problem.get(), "instances.problems")?;
            messages.extend(
                problem
                    .text("instances.problems.message")?
                    .map(Cow::into_owned),
            );
        }
    }
    Ok(messages)
}

/// A key at the top that undersign does not know.
pub(super) fn unknown_key(key: &str, span: Span) -> Effect {
    Effect::bare(Kind::UnknownKey, key, Action::Unknown, span)
}

/// `mode`, as a plan writes it.
pub(super) fn mode(word: Option<&str>) -> Mode {
    match word {
        Some("managed") => Mode::Managed,
        Some("data") => Mode::Data,
        Some("ephemeral") => Mode::Ephemeral,
        Some(_) | None => Mode::None,
    }
}

/// What is done, and the words of an action that nobody knows.
fn action(change: &Members<'_>) -> Result<(Action, Vec<String>), Wrong> {
    let wrong = Wrong {
        key: "change.actions",
        wanted: "a list of strings",
    };
    if let Some(action) = change.raw("actions").and_then(Action::from_json) {
        return Ok((action, Vec::new()));
    }
    let words: Vec<String> = change
        .decode("change.actions", wrong.wanted)?
        .ok_or(wrong)?;
    Ok(match Action::from_words(&words) {
        Action::Unknown => (Action::Unknown, words),
        known => (known, Vec::new()),
    })
}

/// The key of an instance stands in its address; here it must only be what a key can be.
fn is_key(index: &Field<'_>, unknown: &Field<'_>) -> Result<(), Wrong> {
    if unknown.flag()? {
        return Ok(());
    }
    match index.raw.map(str::as_bytes) {
        Some([b'"', ..]) => index.text().map(drop),
        None | Some([b'-' | b'0'..=b'9', ..]) => Ok(()),
        Some(_) => Err(index.wrong("a string or a number")),
    }
}

fn more(
    deposed: &Field<'_>,
    previous_address: &Field<'_>,
    change: &Members<'_>,
) -> Result<More, Wrong> {
    let boxed = |text: Cow<'_, str>| text.into_owned().into_boxed_str();
    let importing = match change.object("change.importing")? {
        Some(importing) => Some(importing.text("change.importing.id")?.map(boxed)),
        None => None,
    };
    let paths: Vec<Vec<&RawValue>> = change
        .decode("change.replace_paths", "a list of paths")?
        .unwrap_or_default();
    Ok(More {
        deposed: deposed.text()?.map(boxed),
        previous_address: previous_address.text()?.map(boxed),
        importing,
        generated_config: change.raw("generated_config").is_some(),
        replace_paths: paths.iter().map(|steps| path(steps).into()).collect(),
        ..More::default()
    })
}

/// The steps of a path as people write them: `a.b[0]["x y"]`.
fn path(steps: &[&RawValue]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut text = String::new();
    for step in steps {
        match serde_json::from_str::<String>(step.get()) {
            Ok(name) if !name.is_empty() && name.chars().all(plain) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&name);
            }
            _ => {
                text.push('[');
                // A step may be anything the tool could encode; its text is at least valid JSON.
                text.push_str(
                    &Value::parse(step.get())
                        .map_or_else(|_| step.get().to_owned(), |v| v.to_string()),
                );
                text.push(']');
            }
        }
    }
    text
}

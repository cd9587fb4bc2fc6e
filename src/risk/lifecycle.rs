//! What happens to the object as a whole: destroyed, replaced, forgotten, imported, left over.

use super::{Finding, Risk, catalogue, heuristic, operator, render};
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind, Mode};
use crate::plan::value::Value;
use crate::plan::values::{Mark, Values};

/// Findings that need the action and the type, and the values only to say more.
pub fn judge(effect: &Effect, values: Option<&Values>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Drift was done by others already; only what it says about the object's settings is of use.
    if effect.kind == Kind::Drift {
        return findings;
    }
    match effect.action {
        Action::Delete | Action::DeleteCreate | Action::CreateDelete => {
            if effect.deposed().is_some() {
                findings.push(deposed(effect));
            } else if effect.mode != Mode::Data {
                let guard = guard_removed(effect);
                // Of a guard it says enough that it is gone.
                let enough = guard.is_some()
                    && effect.action == Action::Delete
                    && catalogue::stateful(&effect.type_name).is_none();
                if !enough {
                    findings.push(gone(effect));
                }
                findings.extend(guard);
            }
            if let Some(values) = values {
                findings.extend(no_way_back(values));
            }
        }
        Action::Forget | Action::CreateForget | Action::ForgetCreate => {
            findings.push(gone(effect));
            findings.extend(guard_removed(effect).map(|finding| finding.at_most(Risk::High)));
        }
        Action::Unknown => findings.push(unknown_action(effect)),
        Action::Create | Action::Update => findings.extend(guard_made_or_changed(effect, values)),
        Action::NoOp | Action::Read | Action::Open => {}
    }
    if effect.is_import() && !matches!(effect.action, Action::NoOp) {
        findings.push(Finding::new(
            "import-that-changes",
            Risk::High,
            "An object that nobody managed here is taken over and changed in the same step.",
        ));
    }
    if confusable(effect) {
        findings.push(Finding::new(
            "confusable-address",
            Risk::High,
            "The address holds characters that look like others or cannot be seen: it may not be what it seems.",
        ));
    }
    findings
}

/// An action that nobody here knows.
pub fn unknown_action(effect: &Effect) -> Finding {
    Finding::new(
        "unknown-action",
        Risk::High,
        "The action is not known to undersign, so nobody can say what it does.",
    )
    .values(
        render::NOTHING,
        &render::cut(&effect.action_words().join(", ")),
    )
}

fn deposed(effect: &Effect) -> Finding {
    let finding = Finding::new(
        "deposed-destroyed",
        Risk::High,
        "An object that an earlier, unfinished replacement left behind is destroyed.",
    );
    match catalogue::stateful(&effect.type_name) {
        Some(known) => Finding {
            risk: known.risk.max(Risk::High),
            ..finding.say(format!("{} {}.", finding_sentence(), known.lost))
        },
        None => finding,
    }
}

fn finding_sentence() -> &'static str {
    "An object that an earlier, unfinished replacement left behind is destroyed:"
}

/// The object is destroyed, replaced or forgotten.
fn gone(effect: &Effect) -> Finding {
    let verb = if effect.action.forgets() {
        0
    } else if effect.action.replaces() {
        1
    } else {
        2
    };
    let stateful_rule = ["forget-stateful", "replace-stateful", "delete-stateful"][verb];
    let plain_rule = ["forget", "replace", "delete"][verb];
    let what = [
        "Terraform lets go of the object: it stays, unmanaged and outside of every later review",
        "The object is destroyed and made anew",
        "The object is destroyed",
    ][verb];
    let version = catalogue::version(&effect.type_name).filter(|_| verb == 1);
    let mut finding = if let Some(version) = version {
        Finding::new("new-version", Risk::Medium, "")
            .say(format!("A new version takes its place. {}", version.old))
    } else if let Some(known) = catalogue::stateful(&effect.type_name) {
        Finding::new(stateful_rule, known.risk.max(Risk::High), "").say(format!(
            "{what}. {}{}.",
            lost_word(known.lost),
            known.lost
        ))
    } else if let Some(guess) = heuristic::stateful(&effect.type_name) {
        Finding::new(stateful_rule, guess.cap, "")
            .say(format!("{what}. By its name: {}", guess.message))
    } else {
        Finding::new(plain_rule, Risk::High, "").say(format!("{what}."))
    };
    if effect.action.replaces()
        && let Some(path) = effect.replace_paths().first()
    {
        finding.path = Some((&**path).into());
    }
    finding
}

/// A bare name wants a word before it; what has a sentence of its own needs none.
fn lost_word(lost: &str) -> &'static str {
    if lost.contains(": ") { "" } else { "Lost: " }
}

fn guard_removed(effect: &Effect) -> Option<Finding> {
    let guard = catalogue::guard(&effect.type_name).filter(|guard| guard.delete)?;
    let finding = if effect.action.replaces() {
        // It is there again afterwards; what got weaker in it is judged by its attributes.
        Finding::new("guard-changed", Risk::Medium, "").say(format!(
            "The guard is made anew; in between nothing guards {}.",
            guard.guards
        ))
    } else {
        Finding::new("guard-removed", guard.risk.max(Risk::High), "")
            .say(format!("{} It guards {}.", guard.lost, guard.guards))
    };
    Some(finding)
}

/// Attributes whose change says nothing about what a guard does.
const NOISE: [&str; 20] = [
    "tags",
    "tags_all",
    "labels",
    "effective_labels",
    "terraform_labels",
    "annotations",
    "effective_annotations",
    "description",
    "display_name",
    "comment",
    "timeouts",
    "etag",
    "arn",
    "self_link",
    "last_modified",
    "updated_at",
    "update_time",
    "id",
    "policy_id",
    "attachment_count",
];

fn guard_made_or_changed(effect: &Effect, values: Option<&Values>) -> Option<Finding> {
    let guard = catalogue::guard(&effect.type_name)?;
    if effect.action == Action::Create {
        return guard.create.then(|| {
            Finding::new("guard-exempted", Risk::Medium, "")
                .say(format!("{} It concerns {}.", guard.lost, guard.guards))
        });
    }
    let values = values?;
    let known_document = catalogue::policy_documents(&effect.type_name)
        .next()
        .is_some();
    (guard.update && touches_more_than_noise(values)).then(|| {
        // Whether it lets more through is judged by its attributes and documents; that it changes is worth a look.
        let message = if known_document {
            "A policy document that guards"
        } else {
            "A guard"
        };
        Finding::new("guard-changed", Risk::Medium, "")
            .say(format!("{message} changes. It guards {}.", guard.guards))
    })
}

fn touches_more_than_noise(values: &Values) -> bool {
    let (Some(Value::Object(before)), Some(after)) = (&values.before, &values.after) else {
        return true;
    };
    let unknown = Mark::root(values.after_unknown.as_ref());
    before.iter().any(|(key, old)| {
        !NOISE.contains(&&**key)
            && !unknown.member(key).covers()
            && after.get(key).unwrap_or(&Value::Null) != old
    }) || match after {
        Value::Object(after) => after.iter().any(|(key, new)| {
            !NOISE.contains(&&**key)
                && *new != Value::Null
                && !before.iter().any(|(known, _)| known == key)
        }),
        _ => true,
    }
}

/// Settings that are read from the state when the object is destroyed: they decide whether a copy is left.
const NO_COPY: [(&str, bool); 11] = [
    ("skip_final_snapshot", true),
    ("skip_final_backup", true),
    ("force_destroy", true),
    ("force_delete", true),
    ("delete_contents_on_destroy", true),
    ("purge_on_delete", true),
    ("final_backup_enabled", false),
    ("backup_before_destroy", false),
    ("create_snapshot_before_destroy", false),
    ("final_snapshot", false),
    ("skip_destroy_snapshot", true),
];

/// The attributes that decide whether a copy of an object that is destroyed is left.
pub fn decides_what_is_left() -> impl Iterator<Item = &'static str> {
    NO_COPY.iter().map(|(name, _)| *name)
}

fn no_way_back(values: &Values) -> Option<Finding> {
    let before = values.before.as_ref()?;
    let (name, on) = NO_COPY.iter().find_map(|(name, bad)| {
        // Only a switch is read here; any other text may be a secret, and says nothing.
        let on = match &*operator::scalar(before.get(name)?) {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return None,
        };
        (on == *bad).then_some((name, on))
    })?;
    let mut finding = Finding::new(
        "no-final-snapshot",
        Risk::Critical,
        "The object is set to be destroyed with everything in it, and no last copy is made.",
    );
    finding.path = Some((*name).into());
    finding.old = Some(on.to_string().into());
    Some(finding)
}

/// Whether the address may be taken for another one: something in it is hidden, or a word of it mixes alphabets, or is
/// written in letters that all look like Latin ones. A key in another language is none of these.
fn confusable(effect: &Effect) -> bool {
    // Nearly every address is plain: nothing in it looks like something else, and it need not be put together.
    let is_plain = |byte| matches!(byte, b' '..=b'~') && byte != b'\\';
    let mut parts = effect.address_parts().into_iter();
    if parts.all(|part| part.bytes().all(is_plain)) {
        return false;
    }
    let address = effect.address();
    address.chars().any(crate::text::is_hidden)
        || has_escaped_character(&address)
        || address.chars().any(|c| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2024}' | '\u{2212}' | '\u{ff0d}'..='\u{ff0f}'))
        || address.split(|c: char| !c.is_alphanumeric()).any(|word| {
            let other = |c: char| {
                matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{2c80}'..='\u{2cff}' | '\u{ff10}'..='\u{ff5a}')
            };
            let mixed = word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(other);
            let disguised = !word.is_empty()
                && word.chars().all(|c| c.is_ascii_digit() || LIKE_LATIN.contains(c))
                && word.chars().any(other);
            mixed || disguised || word.chars().any(is_disguise)
        })
}

/// Letters that are Latin ones in another dress, and belong to no language that names are written in: phonetic, small
/// capital, mathematical, circled, Roman numerals, Lisu.
fn is_disguise(c: char) -> bool {
    matches!(c, '\u{17f}' | '\u{237}' | '\u{250}'..='\u{2af}' | '\u{1d00}'..='\u{1d7f}' | '\u{2100}'..='\u{218f}'
        | '\u{2460}'..='\u{24ff}' | '\u{a4d0}'..='\u{a4ff}' | '\u{1d400}'..='\u{1d7ff}')
}

/// Letters of other alphabets that no font tells from Latin ones.
const LIKE_LATIN: &str = "аеорсухіјѕһԁԛԝАВЕКМНОРСТХІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";

/// Whether the tool had to spell a character out as `\uXXXX`: it cannot be printed. `\\u` is a backslash and a letter.
fn has_escaped_character(address: &str) -> bool {
    let mut rest = address.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'\\' && matches!(rest.next(), Some(b'u' | b'U')) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::effect::Span;

    #[test]
    fn a_name_that_pretends_is_told_from_one_in_another_language() {
        for (key, pretends) in [
            ("prod", false),
            ("東京", false),
            ("производство", false),
            ("über-straße", false),
            (r"C:\\users", false),
            ("прod", true),
            ("сор", true),
            ("pr\u{585}d", true),
            ("\u{1d5c9}\u{1d5cb}\u{1d5c8}\u{1d5bd}", true),
            ("prod\u{a0}", true),
            ("ışık", false),
            ("web-東京", false),
            ("prod\u{200b}", true),
            (r"a\u202eb", true),
            ("a‐b", true),
        ] {
            let address = format!("terraform_data.x[\"{key}\"]");
            let effect = Effect::bare(Kind::Change, address, Action::Update, Span::default());
            assert_eq!(confusable(&effect), pretends, "{key}");
        }
    }
}

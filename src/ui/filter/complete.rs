//! What the last word of a filter may become: fields first, then what the plan holds of them.

use std::collections::BTreeSet;

use super::FIELDS;
use crate::risk::{Judged, Risk};
use crate::text::is_hidden;

/// How a word goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// What all choices have in common behind what is typed.
    pub insert: String,
    /// The choices, where there are several.
    pub choices: Vec<String>,
}

/// Words that stand alone.
const ALONE: [&str; 4] = ["open", "acked", "carried", "objected"];

/// Completes the last word of `before`, which is what stands before the caret.
pub fn complete(before: &str, rows: &[Judged]) -> Completion {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    let word = word.trim_start_matches('!');
    let Some((field, value)) = word.split_once(':') else {
        let fields = FIELDS.iter().map(|(name, _)| format!("{name}:"));
        return among(word, fields.chain(ALONE.map(String::from)).collect());
    };
    let typed = match field {
        "action" => value.rsplit(',').next().unwrap_or(""),
        "risk" => value.trim_start_matches(['<', '>', '=']),
        _ => value,
    };
    among(typed, values(field, rows))
}

/// What stands in the plan for a field. What cannot be typed is left out.
fn values(field: &str, rows: &[Judged]) -> BTreeSet<String> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for judged in rows {
        let effect = &judged.effect;
        match field {
            "type" => drop(found.insert(&effect.type_name)),
            "module" => drop(found.insert(&effect.module)),
            "kind" => drop(found.insert(effect.kind.word())),
            "unit" => found.extend(judged.unit.as_deref()),
            "action" => drop(found.insert(effect.action.word())),
            "rule" => found.extend(judged.findings.iter().map(|finding| &*finding.rule)),
            "attr" => {
                let named = judged.findings.iter().filter_map(|f| f.path.as_deref());
                found.extend(named);
                found.extend(effect.replace_paths().iter().map(|path| &**path));
            }
            _ => break,
        }
    }
    if field == "risk" {
        found.extend(Risk::WORST_FIRST.map(Risk::word));
    }
    found
        .into_iter()
        .filter(|text| !text.is_empty())
        .filter(|text| !text.chars().any(|c| c.is_whitespace() || is_hidden(c)))
        .map(str::to_owned)
        .collect()
}

fn among(typed: &str, all: BTreeSet<String>) -> Completion {
    let choices: Vec<String> = all
        .into_iter()
        .filter(|choice| choice.starts_with(typed))
        .collect();
    let (Some(first), Some(last)) = (choices.first(), choices.last()) else {
        return Completion::default();
    };
    // They are sorted: what the first and the last share, all share.
    let shared: usize = first
        .chars()
        .zip(last.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let mut insert = first[typed.len()..shared].to_owned();
    if choices.len() > 1 {
        return Completion { insert, choices };
    }
    if !first.ends_with(':') {
        insert.push(' ');
    }
    Completion {
        insert,
        choices: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::action::Action;
    use crate::plan::effect::{Effect, Kind, Span};

    #[test]
    fn words_go_on_as_the_plan_allows() {
        let rows = ["aws_db_instance", "aws_db_proxy", "aws_vpc"].map(|name| {
            let mut effect = Effect::bare(Kind::Change, "x", Action::Delete, Span::default());
            effect.type_name = name.into();
            Judged::new(effect, Vec::new())
        });
        for (before, insert, choices) in [
            ("ty", "pe:", &[][..]),
            ("db !ty", "pe:", &[]),
            (
                "type:",
                "aws_",
                &["aws_db_instance", "aws_db_proxy", "aws_vpc"],
            ),
            ("type:aws_db", "_", &["aws_db_instance", "aws_db_proxy"]),
            ("type:aws_v", "pc ", &[]),
            ("risk:>=hi", "gh ", &[]),
            ("action:create,de", "lete ", &[]),
            ("o", "", &["objected", "open"]),
            ("type:zzz", "", &[]),
            ("nothing:z", "", &[]),
        ] {
            let found = complete(before, &rows);
            assert_eq!(found.insert, insert, "{before}");
            assert_eq!(found.choices, choices, "{before}");
        }
    }
}

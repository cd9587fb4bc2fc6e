//! The comparison as text, JSON and Markdown. The same rows in all three, none left out.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use crate::diff::Secrets;
use crate::review::Key;
use crate::review::compare::{Attribute, Difference};
use crate::risk::{Finding, Judged};
use crate::text::markdown::{code, plain};
use crate::text::visible;

/// Two plans and how they differ.
pub struct Compared<'a> {
    /// Name of the plan that was.
    pub old: &'a str,
    /// Name of the plan that is.
    pub new: &'a str,
    /// What differs, what asks first.
    pub differences: &'a [Difference<'a>],
    /// How many rows are the same.
    pub same: usize,
    /// The secrets of both plans: masked wherever they stand.
    pub secrets: [&'a Secrets; 2],
}

impl Compared<'_> {
    /// For people.
    pub fn to_text(&self) -> String {
        let mut out = format!(
            "{} → {}\n{}\n",
            visible(self.old),
            visible(self.new),
            self.count()
        );
        for difference in self.differences {
            let _ = writeln!(
                out,
                "\n{:<8} {}",
                difference.word(),
                visible(&title(difference))
            );
            for line in self.lines(difference) {
                let _ = writeln!(out, "         {}", visible(&line));
            }
        }
        out
    }

    /// For a comment on a pull request.
    pub fn to_markdown(&self) -> String {
        let mut out = format!(
            "### `{}` → `{}`\n\n{}\n",
            code(self.old),
            code(self.new),
            self.count()
        );
        for difference in self.differences {
            let _ = writeln!(
                out,
                "\n- **{}** `{}`",
                difference.word(),
                code(&title(difference))
            );
            for line in self.lines(difference) {
                let _ = writeln!(out, "  - {}", plain(&line));
            }
        }
        out
    }

    /// For programs; the schema is printed by `undersign schema diff`.
    pub fn to_json(&self) -> String {
        let report = JsonReport {
            schema: 1,
            old: self.old,
            new: self.new,
            same: self.same,
            differences: self
                .differences
                .iter()
                .map(|difference| JsonDifference::of(difference, self))
                .collect(),
        };
        serde_json::to_string_pretty(&report).expect("texts and numbers") + "\n"
    }

    /// Foreign text without the secrets of either plan.
    fn masked(&self, text: &str) -> String {
        let [old, new] = self.secrets;
        new.mask(&old.mask(text)).into_owned()
    }

    fn lines(&self, difference: &Difference<'_>) -> Vec<String> {
        lines(difference)
            .iter()
            .map(|line| self.masked(line))
            .collect()
    }

    fn count(&self) -> String {
        let mut parts = vec![format!("{} the same", self.same)];
        for word in ["new", "riskier", "other", "milder", "gone"] {
            let count = self
                .differences
                .iter()
                .filter(|difference| difference.word() == word)
                .count();
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts.join(", ")
    }
}

fn title(difference: &Difference<'_>) -> String {
    let row = difference.row();
    let actions = |judged: Option<&Judged>| {
        let effect = &judged?.effect;
        effect.stated_action().map(|_| effect.deed())
    };
    let action = match (actions(difference.old), actions(difference.new)) {
        (Some(old), Some(new)) if old != new => format!(" {old} → {new}"),
        (_, Some(action)) | (Some(action), None) => format!(" {action}"),
        (None, None) => String::new(),
    };
    let risk = match (difference.old, difference.new) {
        (Some(old), Some(new)) if old.risk() != new.risk() => {
            format!("{} → {}", old.risk(), new.risk())
        }
        _ => row.risk().to_string(),
    };
    format!(
        "{} ({}{action}, {risk})",
        Key::of(row),
        row.effect.kind.word()
    )
}

fn lines(difference: &Difference<'_>) -> Vec<String> {
    let finding = |sign: &str, finding: &Finding| {
        let path = finding
            .path
            .as_deref()
            .map(|path| format!(" {path}"))
            .unwrap_or_default();
        format!("{sign} {}{path} [{}]", finding.message, finding.rule)
    };
    let more = difference.more.iter().map(|found| finding("now:", found));
    let less = difference
        .less
        .iter()
        .map(|found| finding("before:", found));
    let attributes = difference.attributes.iter().map(|attribute| {
        let Attribute { name, old, new } = attribute;
        match (old, new) {
            (Some(old), Some(new)) if old != new => {
                format!("{name} was to become {old}, now {new}")
            }
            _ => format!("{name} is not planned as before"),
        }
    });
    more.chain(less).chain(attributes).collect()
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    old: &'a str,
    new: &'a str,
    same: usize,
    differences: Vec<JsonDifference<'a>>,
}

#[derive(Serialize)]
struct JsonDifference<'a> {
    what: &'static str,
    kind: &'static str,
    address: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposed: Option<&'a str>,
    needs_acknowledgement: bool,
    old: Option<JsonSide>,
    new: Option<JsonSide>,
    findings_added: Vec<JsonFinding<'a>>,
    findings_removed: Vec<JsonFinding<'a>>,
    attributes: Vec<JsonAttribute<'a>>,
}

#[derive(Serialize)]
struct JsonSide {
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    risk: &'static str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    risk: &'static str,
    path: Option<String>,
    message: String,
}

#[derive(Serialize)]
struct JsonAttribute<'a> {
    name: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

impl<'a> JsonDifference<'a> {
    fn of(difference: &'a Difference<'_>, compared: &Compared<'_>) -> Self {
        let side = |judged: &Judged| JsonSide {
            actions: judged.effect.stated_words(),
            risk: judged.risk().word(),
        };
        let findings = |findings: &'a [&Finding]| {
            findings
                .iter()
                .map(|finding| JsonFinding {
                    rule: &finding.rule,
                    risk: finding.risk.word(),
                    path: finding.path.as_deref().map(|path| compared.masked(path)),
                    message: compared.masked(&finding.message),
                })
                .collect()
        };
        let effect = &difference.row().effect;
        JsonDifference {
            what: difference.word(),
            kind: effect.kind.word(),
            address: effect.address(),
            deposed: effect.deposed(),
            needs_acknowledgement: difference.asks(),
            old: difference.old.map(side),
            new: difference.new.map(side),
            findings_added: findings(&difference.more),
            findings_removed: findings(&difference.less),
            attributes: difference
                .attributes
                .iter()
                .map(|attribute| JsonAttribute {
                    name: &attribute.name,
                    old: attribute.old.as_deref(),
                    new: attribute.new.as_deref(),
                })
                .collect(),
        }
    }
}

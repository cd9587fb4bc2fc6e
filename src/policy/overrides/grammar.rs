//! How an override is written: `POLICY-OVERRIDE [rule, …] key=value … : reason`.

use jiff::civil::Date;

use super::Override;
use crate::plan::snapshot::Comment;

/// What an override begins with.
pub(super) const WORD: &str = "POLICY-OVERRIDE";
/// The fewest characters of a reason.
pub const SHORTEST_REASON: usize = 10;

/// Every override among the comments of a configuration, in their order.
///
/// A reason goes on in the lines of comment right below, up to the next override.
pub fn read(comments: &[Comment]) -> Vec<Override> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(comment) = comments.get(at) {
        at += 1;
        let Some(rest) = comment.text.trim().strip_prefix(WORD) else {
            continue;
        };
        let mut reason = String::new();
        let mut line = comment.line;
        while let Some(next) = comments.get(at) {
            let follows = next.alone
                && comment.alone
                && next.line == line + 1
                && (&next.file, &next.module) == (&comment.file, &comment.module)
                && !next.text.trim().starts_with(WORD);
            if !follows {
                break;
            }
            reason.push(' ');
            reason.push_str(next.text.trim());
            line = next.line;
            at += 1;
        }
        found.push(parse(comment, rest, reason.trim()));
    }
    found
}

fn parse(comment: &Comment, rest: &str, more: &str) -> Override {
    let mut over = Override {
        rules: Vec::new(),
        target: None,
        until: None,
        reason: String::new(),
        place: format!("{}:{}", comment.file, comment.line),
        module: comment.module.to_string(),
        block: comment.attached_to.clone(),
        wrong: None,
    };
    if let Err(wrong) = fill(&mut over, rest, more) {
        over.wrong = Some(wrong);
    }
    over
}

fn fill(over: &mut Override, rest: &str, more: &str) -> Result<(), String> {
    let mut rest = rest;
    if let Some(listed) = rest.trim_start().strip_prefix('[') {
        let (ids, behind) = listed
            .split_once(']')
            .ok_or("the list of rules has no end")?;
        over.rules = ids.split(',').map(|id| id.trim().to_owned()).collect();
        if over.rules.iter().any(String::is_empty) {
            return Err("the list of rules has an empty place".into());
        }
        rest = behind;
    }
    loop {
        rest = rest.trim_start();
        if let Some(reason) = rest.strip_prefix(':') {
            over.reason = [reason.trim(), more].join(" ").trim_end().into();
            break;
        }
        let (key, behind) = rest
            .split_once('=')
            .filter(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase()))
            .ok_or("a colon and a reason must follow")?;
        let (value, behind) = value(behind);
        match key {
            "for" if over.target.is_none() && !value.is_empty() => {
                over.target = Some(value.to_owned());
            }
            "until" if over.until.is_none() => {
                let date = value.parse::<Date>();
                let date = date.ok().filter(|date| date.to_string() == value);
                over.until = Some(date.ok_or("until= wants a day, as 2026-12-31")?);
            }
            "for" | "until" => return Err(format!("{key}= stands twice, or holds nothing")),
            _ => return Err(format!("{key}= is not known; for= and until= are")),
        }
        rest = behind;
    }
    if over.reason.chars().count() < SHORTEST_REASON {
        return Err(format!(
            "a reason has at least {SHORTEST_REASON} characters"
        ));
    }
    if over.target.is_none() && over.block.is_none() {
        return Err("it stands at no block, and for= is missing".into());
    }
    Ok(())
}

/// The value at the front: up to white space or a colon that do not stand between quotes.
fn value(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    let end = text.find(|c: char| {
        let ends = !quoted && (c.is_whitespace() || c == ':');
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && quoted && !escaped;
        ends
    });
    text.split_at(end.unwrap_or(text.len()))
}

//! The blocks of a configuration file: which there are, from which line to which, and the settings that stand in them.
//!
//! Knows the grammar of the language as far as blocks go. What a value means is nobody's business here: it is the text
//! between two tokens.

use super::token::{Endless, Kind, Token, tokens};

/// A block at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block<'a> {
    /// What it begins with: `resource`, `module`, `removed`.
    pub keyword: &'a str,
    /// The labels behind it, without their quotes.
    pub labels: Vec<&'a str>,
    /// The line of the keyword.
    pub first: u32,
    /// The line of the closing brace.
    pub last: u32,
    /// Name and text of each setting.
    pub settings: Vec<(&'a str, &'a str)>,
    /// Name and text of each setting in its `lifecycle`.
    pub lifecycle: Vec<(&'a str, &'a str)>,
}

/// A line of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark<'a> {
    /// Its line.
    pub line: u32,
    /// What it says, without the signs that make it a comment.
    pub text: &'a str,
    /// Nothing but the comment stands on the line.
    pub alone: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Body<'a> {
    /// Its blocks, as far as it could be read.
    pub blocks: Vec<Block<'a>>,
    /// Its comments, line by line.
    pub remarks: Vec<Remark<'a>>,
    /// The line where it stopped making sense, if it did.
    pub unread: Option<u32>,
}

/// Reads a file.
pub(super) fn read(text: &str) -> Body<'_> {
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(Endless(line)) => {
            return Body {
                unread: Some(line),
                ..Body::default()
            };
        }
    };
    let mut body = Body {
        remarks: remarks(&tokens),
        ..Body::default()
    };
    let (_, code): (Vec<Token<'_>>, Vec<Token<'_>>) = tokens
        .into_iter()
        .partition(|token| token.kind == Kind::Comment);
    let mut reader = Reader {
        text,
        tokens: &code,
        at: 0,
    };
    body.unread = reader.blocks(&mut body.blocks).err();
    body
}

/// The parts of a list: `[a, b]` is `a` and `b`; anything else is one part.
pub(super) fn elements(text: &str) -> Vec<&str> {
    let whole = vec![text];
    let Ok(tokens) = tokens(text) else {
        return whole;
    };
    let mut parts = Vec::new();
    let mut part: Option<(usize, usize)> = None;
    let mut depth = 0;
    for token in &tokens {
        match token.kind {
            Kind::Mark('[') if depth == 0 && token.start == 0 => {
                depth = 1;
                continue;
            }
            _ if depth == 0 => return whole,
            Kind::Mark(',') if depth == 1 => {
                parts.extend(part.take());
                continue;
            }
            Kind::Mark(']') if depth == 1 => {
                depth = 0;
                continue;
            }
            Kind::Mark('[' | '(' | '{') => depth += 1,
            Kind::Mark(']' | ')' | '}') => depth -= 1,
            Kind::Comment | Kind::Newline => continue,
            Kind::Word | Kind::Quoted | Kind::Heredoc | Kind::Mark(_) => {}
        }
        let start = part.map_or(token.start, |(start, _)| start);
        part = Some((start, token.start + token.text.len()));
    }
    parts.extend(part);
    parts
        .into_iter()
        .map(|(from, to)| &text[from..to])
        .collect()
}

fn remarks<'a>(tokens: &[Token<'a>]) -> Vec<Remark<'a>> {
    let mut found = Vec::new();
    let mut line_has_code = 0;
    for token in tokens {
        if token.kind != Kind::Comment {
            if token.kind != Kind::Newline {
                let lines = token.text.bytes().filter(|byte| *byte == b'\n').count();
                line_has_code = token.line + lines as u32;
            }
            continue;
        }
        let inside = token
            .text
            .strip_prefix("/*")
            .and_then(|text| text.strip_suffix("*/"));
        let text = inside.unwrap_or_else(|| token.text.trim_start_matches(['#', '/']));
        for (line, text) in (token.line..).zip(text.split('\n')) {
            let text = text.trim();
            found.push(Remark {
                line,
                text: if inside.is_some() {
                    text.trim_start_matches('*').trim_start()
                } else {
                    text
                },
                alone: line != line_has_code,
            });
        }
    }
    found
}

struct Reader<'a, 't> {
    text: &'a str,
    tokens: &'t [Token<'a>],
    at: usize,
}

/// Reading went wrong on this line.
type Wrong = u32;

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Option<Token<'a>> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// Reads to the end of the file.
    fn blocks(&mut self, found: &mut Vec<Block<'a>>) -> Result<(), Wrong> {
        // The keywords of the blocks that are open around the reader, the outermost one aside.
        let mut inner: Vec<&str> = Vec::new();
        let mut open: Option<Block<'a>> = None;
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Newline => {}
                Kind::Mark('}') if inner.pop().is_some() => {}
                Kind::Mark('}') => {
                    let mut block = open.take().ok_or(token.line)?;
                    block.last = token.line;
                    found.push(block);
                }
                Kind::Word if self.peek() == Some(Kind::Mark('=')) => {
                    self.next();
                    let value = self.value(token.line)?;
                    // A block at the top may hold settings; a setting at the top is no configuration.
                    let block = open.as_mut().ok_or(token.line)?;
                    match inner[..] {
                        [] => block.settings.push((token.text, value)),
                        ["lifecycle"] => block.lifecycle.push((token.text, value)),
                        _ => {}
                    }
                }
                Kind::Word => {
                    let labels = self.labels(token.line)?;
                    if open.is_some() {
                        inner.push(token.text);
                    } else {
                        open = Some(Block {
                            keyword: token.text,
                            labels,
                            first: token.line,
                            ..Block::default()
                        });
                    }
                }
                Kind::Quoted | Kind::Heredoc | Kind::Comment | Kind::Mark(_) => {
                    return Err(token.line);
                }
            }
        }
        match open {
            Some(block) => Err(block.first),
            None => Ok(()),
        }
    }

    /// The labels of a block, up to its opening brace.
    fn labels(&mut self, line: u32) -> Result<Vec<&'a str>, Wrong> {
        let mut labels = Vec::new();
        loop {
            let token = self.next().ok_or(line)?;
            match token.kind {
                Kind::Word => labels.push(token.text),
                Kind::Quoted => labels.push(token.text.trim_matches('"')),
                Kind::Mark('{') => return Ok(labels),
                Kind::Newline | Kind::Heredoc | Kind::Comment | Kind::Mark(_) => return Err(line),
            }
        }
    }

    /// The text of a setting's value: to the end of its line, or of the block that stands on one line.
    fn value(&mut self, line: u32) -> Result<&'a str, Wrong> {
        let mut depth = 0usize;
        let mut reach: Option<(usize, usize)> = None;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Newline | Kind::Mark('}') if depth == 0 => break,
                Kind::Mark('[' | '(' | '{') => depth += 1,
                Kind::Mark(']' | ')' | '}') => depth = depth.checked_sub(1).ok_or(line)?,
                Kind::Word
                | Kind::Quoted
                | Kind::Heredoc
                | Kind::Newline
                | Kind::Comment
                | Kind::Mark(_) => {}
            }
            if let Some(token) = self.next()
                && kind != Kind::Newline
            {
                let start = reach.map_or(token.start, |(start, _)| start);
                reach = Some((start, token.start + token.text.len()));
            }
        }
        let (start, end) = reach.filter(|_| depth == 0).ok_or(line)?;
        Ok(&self.text[start..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_lines_and_settings() {
        let body = read(
            "# top\nterraform {}\nresource \"a_b\" c { # why\n  x = <<E\nresource \"no\" \"no\" {\nE\n  lifecycle {\n    prevent_destroy = true\n    ignore_changes = [\n      tags, # these\n      a[\"x,y\"] ]\n  }\n  dynamic \"z\" {\n    content {\n lifecycle { prevent_destroy = false } }\n  }\n}\n/* one\n * two */ data \"e\" \"f\" { y = { a = 1 }\n}\n",
        );
        assert_eq!(body.unread, None);
        let names: Vec<_> = body
            .blocks
            .iter()
            .map(|b| (b.keyword, b.labels.join("."), b.first, b.last))
            .collect();
        assert_eq!(
            names,
            [
                ("terraform", String::new(), 2, 2),
                ("resource", "a_b.c".into(), 3, 17),
                ("data", "e.f".into(), 19, 20),
            ]
        );
        let resource = &body.blocks[1];
        assert_eq!(resource.settings[0].0, "x");
        assert_eq!(resource.lifecycle[0], ("prevent_destroy", "true"));
        assert_eq!(elements(resource.lifecycle[1].1), ["tags", "a[\"x,y\"]"]);
        assert_eq!(resource.lifecycle.len(), 2);
        assert_eq!(body.blocks[2].settings, [("y", "{ a = 1 }")]);
        let remarks: Vec<_> = body
            .remarks
            .iter()
            .map(|r| (r.line, r.text, r.alone))
            .collect();
        assert_eq!(
            remarks,
            [
                (1, "top", true),
                (3, "why", false),
                (10, "these", false),
                (18, "one", true),
                (19, "two", true),
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_line() {
        for (text, line) in [
            ("resource \"a\" \"b\" {\n", 1),
            ("a = 1", 1),
            ("\n}", 2),
            ("\nresource \"a\"\n{}", 2),
            ("locals {\n x = ]\n}", 2),
            ("locals {\n x =\n}", 2),
            ("locals {\n x = (\n}", 1),
            ("locals {\n \"x\" = 1\n}", 2),
        ] {
            assert_eq!(read(text).unread, Some(line), "{text}");
        }
        assert_eq!(read("locals { x = 1 }\n").unread, None);
    }

    #[test]
    fn a_list_comes_apart_at_its_own_commas() {
        assert_eq!(elements("[]"), Vec::<&str>::new());
        assert_eq!(elements("all"), ["all"]);
        assert_eq!(elements("[a, b[0], c(d, e),]"), ["a", "b[0]", "c(d, e)"]);
    }
}

//! Where the words of a configuration file begin and end.
//!
//! A comment is only a comment outside of strings and heredocs, and a brace only counts there. Templates nest without
//! bound in both, so this keeps a stack of its own and never calls itself.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a number.
    Word,
    /// A quoted string, with all the templates in it.
    Quoted,
    /// A heredoc, with all the templates in it.
    Heredoc,
    /// The end of a line.
    Newline,
    /// From `#` or `//` to the end of its line, or from `/*` to `*/`.
    Comment,
    /// Any other character.
    Mark(char),
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Where its text begins in the file.
    pub start: usize,
    /// The line it begins on, from 1.
    pub line: u32,
}

/// A string, a heredoc or a comment that never ends, by the line on which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endless(pub u32);

/// Splits a file into its tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Endless> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
    };
    let mut found = Vec::new();
    reader.take(reader.rest().len() - reader.rest().trim_start_matches('\u{feff}').len());
    while let Some(next) = reader.rest().chars().next() {
        let (start, line) = (reader.at, reader.line);
        let kind = reader.token(next)?;
        if let Some(kind) = kind {
            let text = &text[start..reader.at];
            found.push(Token {
                kind,
                text,
                start,
                line,
            });
        }
    }
    Ok(found)
}

/// What the reader is inside of, innermost last.
enum Inside<'a> {
    /// A quoted string.
    Quoted,
    /// A heredoc that ends at a line which holds nothing but this.
    Heredoc(&'a str),
    /// A template, with the number of braces open in it.
    Template(usize),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, bytes: usize) {
        let taken = &self.text[self.at..self.at + bytes];
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count() as u32;
        self.at += bytes;
    }

    /// Takes one token; blanks are none.
    fn token(&mut self, next: char) -> Result<Option<Kind>, Endless> {
        if let Some(length) = comment(self.rest()).map_err(|Open| Endless(self.line))? {
            self.take(length);
            return Ok(Some(Kind::Comment));
        }
        if next == '"' {
            self.template(Inside::Quoted, 1)?;
            return Ok(Some(Kind::Quoted));
        }
        if let Some((marker, length)) = heredoc(self.rest()) {
            self.template(Inside::Heredoc(marker), length)?;
            return Ok(Some(Kind::Heredoc));
        }
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if is_word(next) && next != '-' {
            let rest = self.rest();
            self.take(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
            return Ok(Some(Kind::Word));
        }
        self.take(next.len_utf8());
        Ok(match next {
            '\n' => Some(Kind::Newline),
            _ if next.is_whitespace() => None,
            _ => Some(Kind::Mark(next)),
        })
    }

    /// Takes a string or a heredoc whose opening is `length` bytes long, to its end.
    fn template(&mut self, outermost: Inside<'a>, length: usize) -> Result<(), Endless> {
        let endless = Endless(self.line);
        self.take(length);
        let mut open = vec![outermost];
        while let Some(inside) = open.last_mut() {
            let rest = self.rest();
            let next = rest.chars().next().ok_or(endless)?;
            let opens_template = rest.starts_with("${") || rest.starts_with("%{");
            let is_escape = rest.starts_with("$${") || rest.starts_with("%%{");
            match inside {
                Inside::Quoted if next == '"' => {
                    open.pop();
                    self.take(1);
                }
                Inside::Quoted if next == '\\' => {
                    let escaped = rest[1..].chars().next().ok_or(endless)?;
                    self.take(1 + escaped.len_utf8());
                }
                Inside::Heredoc(marker) if next == '\n' => {
                    let line = rest[1..].split('\n').next().unwrap_or_default();
                    if line.trim() == *marker {
                        // The end of the line belongs to what stands around the heredoc.
                        self.take(1 + line.trim_end().len());
                        open.pop();
                    } else {
                        self.take(1);
                    }
                }
                Inside::Quoted | Inside::Heredoc(_) if is_escape => self.take(3),
                Inside::Quoted | Inside::Heredoc(_) if opens_template => {
                    open.push(Inside::Template(0));
                    self.take(2);
                }
                Inside::Quoted | Inside::Heredoc(_) => self.take(next.len_utf8()),
                Inside::Template(0) if next == '}' => {
                    open.pop();
                    self.take(1);
                }
                Inside::Template(braces) => {
                    if let Some(length) = comment(rest).map_err(|Open| endless)? {
                        self.take(length);
                    } else if let Some((marker, length)) = heredoc(rest) {
                        open.push(Inside::Heredoc(marker));
                        self.take(length);
                    } else {
                        match next {
                            '{' => *braces += 1,
                            '}' => *braces -= 1,
                            '"' => open.push(Inside::Quoted),
                            _ => {}
                        }
                        self.take(next.len_utf8());
                    }
                }
            }
        }
        Ok(())
    }
}

/// It begins and never ends.
struct Open;

/// The length of the comment that `text` begins with, if it begins with one.
fn comment(text: &str) -> Result<Option<usize>, Open> {
    if text.starts_with('#') || text.starts_with("//") {
        return Ok(Some(text.find('\n').unwrap_or(text.len())));
    }
    match text.strip_prefix("/*") {
        None => Ok(None),
        Some(inside) => inside
            .find("*/")
            .map(|end| Some(end + "/**/".len()))
            .ok_or(Open),
    }
}

/// The marker of the heredoc that `text` opens, and the length of the opening without the end of its line.
fn heredoc(text: &str) -> Option<(&str, usize)> {
    let behind = text.strip_prefix("<<")?;
    let name = behind.strip_prefix('-').unwrap_or(behind);
    let line = name.split('\n').next()?;
    let marker = line.trim_end();
    let is_name = marker
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    (is_name && !marker.is_empty() && line.len() < name.len())
        .then_some((marker, text.len() - name.len() + line.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let found = tokens(text).unwrap();
        found.iter().map(|t| (t.kind, t.text)).collect()
    }

    #[test]
    fn a_comment_is_one_only_outside_of_strings_and_heredocs() {
        use Kind::{Comment, Heredoc, Newline, Quoted, Word};
        let text = "\u{feff}a = \"# no ${f(\"} # no\", { b = \"//\" })} $${\" # yes\nb = <<-E\n  # no ${ x /* } */ }\n  E x\n  E\n// yes";
        let found = kinds(text);
        assert_eq!(
            found,
            [
                (Word, "a"),
                (Kind::Mark('='), "="),
                (Quoted, "\"# no ${f(\"} # no\", { b = \"//\" })} $${\""),
                (Comment, "# yes"),
                (Newline, "\n"),
                (Word, "b"),
                (Kind::Mark('='), "="),
                (Heredoc, "<<-E\n  # no ${ x /* } */ }\n  E x\n  E"),
                (Newline, "\n"),
                (Comment, "// yes"),
            ]
        );
        assert_eq!(tokens(text).unwrap().last().unwrap().line, 6);
    }

    #[test]
    fn what_never_ends_is_told_by_its_first_line() {
        for (text, line) in [("\n\"a", 2), ("/* a", 1), ("a = <<E\nx", 1), ("\"${\"", 1)] {
            assert_eq!(tokens(text), Err(Endless(line)), "{text}");
        }
    }

    #[test]
    fn templates_within_templates_need_no_stack_of_the_machine() {
        let deep = "\"${".repeat(200_000) + &"}\"".repeat(200_000);
        assert_eq!(tokens(&deep).unwrap().len(), 1);
        assert!(tokens(&"\"${".repeat(200_000)).is_err());
    }

    #[test]
    fn an_escaped_quote_or_another_line_end_changes_nothing() {
        assert_eq!(kinds(r#""a\"b" x"#).len(), 2);
        let found = kinds("a = <<E\r\ntext\r\nE\r\nb");
        assert_eq!(found[2], (Kind::Heredoc, "<<E\r\ntext\r\nE"));
        assert_eq!(found.last(), Some(&(Kind::Word, "b")));
    }
}

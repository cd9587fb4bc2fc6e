//! Which other units a unit of Terragrunt waits for: `dependency` and `dependencies` of its `terragrunt.hcl`.
//!
//! Such a file has settings outside of blocks and functions in its strings, so it is no configuration of the tool. Only
//! paths that stand there as plain text are read; any other is told, never guessed.

use super::token::{Kind, Token, tokens};

/// What a `terragrunt.hcl` says it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependencies {
    /// The paths, relative to the file's directory, as they stand there.
    pub paths: Vec<String>,
    /// Lines on which something stands that only Terragrunt can work out.
    pub unread: Vec<u32>,
}

/// How a path may begin that is relative to the file's own directory.
const OWN_DIRECTORY: &str = "${get_terragrunt_dir()}/";

/// Reads the text of a `terragrunt.hcl`.
pub fn dependencies(text: &str) -> Dependencies {
    let mut found = Dependencies::default();
    let code: Vec<Token<'_>> = match tokens(text) {
        Ok(tokens) => tokens
            .into_iter()
            .filter(|token| token.kind != Kind::Comment)
            .collect(),
        Err(endless) => {
            found.unread.push(endless.0);
            return found;
        }
    };
    let mut depth = 0_usize;
    // The first word of a line outside of blocks, and of the block that is open.
    let mut head = "";
    let mut block = "";
    let mut at = 0;
    while let Some(token) = code.get(at) {
        at += 1;
        match token.kind {
            Kind::Newline if depth == 0 => head = "",
            Kind::Word if depth == 0 && head.is_empty() => head = token.text,
            // A setting outside of blocks; what is in its braces is no block.
            Kind::Mark('=') if depth == 0 => head = "=",
            Kind::Mark(mark @ ('{' | '[' | '(')) => {
                if depth == 0 && mark == '{' {
                    block = head;
                }
                depth += 1;
            }
            Kind::Mark('}' | ']' | ')') => depth = depth.saturating_sub(1),
            Kind::Word
                if depth == 1
                    && matches!(
                        (block, token.text),
                        ("dependency", "config_path") | ("dependencies", "paths")
                    )
                    && code.get(at).map(|next| next.kind) == Some(Kind::Mark('=')) =>
            {
                at = value(&code, at + 1, &mut found);
            }
            Kind::Word
            | Kind::Quoted
            | Kind::Heredoc
            | Kind::Newline
            | Kind::Comment
            | Kind::Mark(_) => {}
        }
    }
    found
}

/// Reads the path or the list of paths that begins at `at`; says where it ends.
fn value(code: &[Token<'_>], mut at: usize, found: &mut Dependencies) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = code.get(at) {
        match token.kind {
            Kind::Newline | Kind::Mark('}') if depth == 0 => break,
            Kind::Mark('[') => depth += 1,
            Kind::Mark(']') => depth = depth.saturating_sub(1),
            Kind::Mark(',') | Kind::Newline => {}
            Kind::Quoted => match plain(token.text) {
                Some(path) => found.paths.push(path.to_owned()),
                None => found.unread.push(token.line),
            },
            Kind::Word | Kind::Heredoc | Kind::Comment | Kind::Mark(_) => {
                found.unread.push(token.line);
            }
        }
        at += 1;
    }
    found.unread.dedup();
    at
}

/// The text of a quoted path without anything in it that is worked out.
fn plain(quoted: &str) -> Option<&str> {
    let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let text = text.strip_prefix(OWN_DIRECTORY).unwrap_or(text);
    let worked_out = text.contains("${") || text.contains("%{") || text.contains('\\');
    (!worked_out).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_where_blocks_name_them_and_nowhere_else() {
        let text = r#"
            include "root" { path = find_in_parent_folders("root.hcl") }
            # dependency "no" { config_path = "../no" }
            dependency "vpc" {
              config_path  = "../vpc"
              mock_outputs = { config_path = "../mock" }
            }
            dependency "db" { config_path = "${get_terragrunt_dir()}/../db" }
            dependencies {
              paths = ["../a", # one
                       "../b"]
            }
            inputs = {
              config_path = "../input"
              dependency = { config_path = "../deep" }
            }
        "#;
        assert_eq!(
            dependencies(text),
            Dependencies {
                paths: ["../vpc", "../db", "../a", "../b"].map(Into::into).into(),
                unread: vec![],
            }
        );
    }

    #[test]
    fn what_only_terragrunt_can_work_out_is_told_by_its_line() {
        for (text, line) in [
            ("dependency \"a\" {\n  config_path = \"${local.x}/a\"\n}", 2),
            ("dependencies {\n\n  paths = local.paths\n}", 3),
            ("dependency \"a\" { config_path = \"../a", 1),
        ] {
            let found = dependencies(text);
            assert!(found.paths.is_empty(), "{text}");
            assert_eq!(found.unread.first(), Some(&line), "{text}");
        }
    }
}

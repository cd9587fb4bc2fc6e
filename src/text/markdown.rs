//! Foreign text in Markdown, where it must stay text: no markup, no link, no mention of anybody.

use super::visible;

/// Text between back ticks: nothing in it may close them.
pub fn code(text: &str) -> String {
    visible(text).replace('`', "'")
}

/// Text in a line: nothing in it may start markup, become a link, or call somebody.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        for (text, wanted) in [
            ("a.b[\"`x`\"]", "a.b[\"'x'\"]"),
            ("a\u{202e}b\nc", "a⟨U+202E⟩b⏎c"),
        ] {
            assert_eq!(code(text), wanted);
        }
        for (text, wanted) in [
            (
                "<img src=x> **b** [l](https://e)",
                "\\<img src=x\\> \\*\\*b\\*\\* \\[l\\](https&#58;//e)",
            ),
            ("@team see www.e", "&#64;team see www&#46;e"),
            ("a\n# b", "a⏎\\# b"),
        ] {
            assert_eq!(plain(text), wanted);
        }
    }
}

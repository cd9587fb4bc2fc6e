//! How a refusal is printed: on standard error, in words or as one line of JSON.

use std::io::Write;

use serde::Serialize;

use super::Format;
use crate::failure::Failure;
use crate::text::visible;

/// Prints a refusal.
pub fn print(failure: &Failure, format: Format) {
    let text = match format {
        Format::Text => to_text(failure),
        Format::Json => to_json(failure) + "\n",
    };
    // Nobody is left to tell if standard error is gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The refusal in words.
pub fn to_text(failure: &Failure) -> String {
    use std::fmt::Write as _;
    let mut out = format!("undersign: {}\n", visible(&failure.error));
    if let (Some(want), Some(got)) = (&failure.want, &failure.got) {
        let _ = writeln!(
            out,
            "  wanted  {}\n  got     {}",
            visible(want),
            visible(got)
        );
    }
    for hint in &failure.hints {
        let _ = writeln!(out, "  hint: {}", visible(hint));
    }
    out
}

/// The refusal as one JSON object.
pub fn to_json(failure: &Failure) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        code: u8,
        reason: &'a str,
        error: &'a str,
        want: Option<&'a str>,
        got: Option<&'a str>,
        hints: &'a [String],
    }
    let line = Line {
        code: failure.exit.code(),
        reason: failure.reason,
        error: &failure.error,
        want: failure.want.as_deref(),
        got: failure.got.as_deref(),
        hints: &failure.hints,
    };
    serde_json::to_string(&line).expect("texts and numbers")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn foreign_text_in_a_refusal_stays_on_its_line() {
        let failure = Failure::new(
            Exit::Mismatch,
            "workspace",
            "the workspace is a\u{1b}[2J\nb",
        )
        .expected("prod", "de\u{202e}fault")
        .hint("Plan again in `prod`.");
        assert_eq!(
            to_text(&failure),
            "undersign: the workspace is a⟨U+001B⟩[2J⏎b\n  wanted  prod\n  got     de⟨U+202E⟩fault\n  hint: Plan again in `prod`.\n"
        );
        let json: serde_json::Value = serde_json::from_str(&to_json(&failure)).unwrap();
        assert_eq!(json["code"], 13);
        assert_eq!(json["got"], "de\u{202e}fault");
    }
}

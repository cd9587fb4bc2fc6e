//! How a review ended, said on the way out, with the exit code that says it too.

use crate::cli::check::print;
use crate::failure::{Exit, Failure};
use crate::text::visible;
use crate::ui::hands::Outcome;

/// Says how a review ended.
pub fn say(outcome: Outcome) -> Result<Exit, Failure> {
    match outcome {
        Outcome::Signed(receipt) => {
            print(&receipt.0)?;
            Ok(Exit::Success)
        }
        Outcome::Rejected(said) => {
            print(&said)?;
            Ok(Exit::Rejected)
        }
        // Whoever goes on is not out yet.
        Outcome::Remade => Ok(Exit::Aborted),
        Outcome::Left { saved } => {
            let again = as_typed();
            print(&if saved {
                format!("Left before signing. What you said is kept; go on with: {again}\n")
            } else {
                format!(
                    "Left before signing. Nothing was said that is kept; review again with: {again}\n"
                )
            })?;
            Ok(Exit::Aborted)
        }
    }
}

/// This command as it was typed, for a shell: whoever goes on means the same policies, findings and key.
fn as_typed() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| quoted(&visible(&word.to_string_lossy())));
    std::iter::once("undersign".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_typed_again_means_the_same_to_a_shell() {
        assert_eq!(quoted("plan.tfplan"), "plan.tfplan");
        assert_eq!(quoted("--policy=a/b"), "--policy=a/b");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("the shop is down"), "'the shop is down'");
        assert_eq!(quoted("it's; rm *"), r"'it'\''s; rm *'");
    }
}

//! The apply itself: fixed arguments, one child, and a judgement of what it did.
//!
//! The tool's word alone does not count: `apply` can end well without having applied anything. Only a good end together
//! with its own summary of an apply is success.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};

use serde::Deserialize;

use crate::failure::{Exit, Failure};
use crate::process::Bond;
use crate::process::signals::{self, Manner};
use crate::trust::ledger::Outcome;

use super::prepare::Prepared;
use super::progress::{Progress, TICK, Terminal};
use super::show::{Running, one_line};

/// A longer line of the tool's output is cut, and said to be.
const MAX_LINE: u64 = 1 << 20;

/// How an apply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What is written into the ledger.
    pub outcome: Outcome,
    /// The tool's own summary, if it gave one.
    pub summary: Option<String>,
    /// Why it is no success.
    pub failure: Option<Failure>,
}

/// Applies the plan in `work_dir`, and writes what the tool says to `out`, made safe for a terminal. `total` is the number
/// of operations that the plan asks for.
///
/// Fails only if the tool could not be started; whatever happens after that is in [`Ended`].
pub fn apply(
    prepared: &Prepared,
    work_dir: &Path,
    total: u64,
    out: &mut Terminal<'_>,
) -> Result<Ended, Failure> {
    let program = &prepared.tool.program;
    let mut command = program.command(&prepared.environment, work_dir);
    command.args(["apply", "-input=false", "-json"]);
    prepared.plan.hand_to(&mut command)?;
    command.stdout(Stdio::piped());
    // It hears of an interrupt once, from us, and not a second time from the terminal: a second interrupt makes the tool
    // give up without saving its state. Held before the child is there: a signal that came in between would end us and
    // leave the child alone.
    let handing_on = signals::hold(Manner::HandOn);
    let mut running = Running::start(command, Bond::Free)?;
    let stdout = running.child.stdout.take().expect("the output is a pipe");
    let summary = relay(stdout, &mut Progress::new(out, total));
    let ended = running.wait();
    drop(handing_on);
    Ok(match ended {
        Ok((status, complaint)) => judge(status, &complaint, summary),
        Err(failure) => Ended {
            outcome: Outcome::Unknown,
            summary,
            failure: Some(unknown(failure.error)),
        },
    })
}

fn judge(status: ExitStatus, complaint: &str, summary: Option<String>) -> Ended {
    let (outcome, failure) = match (status.code(), &summary) {
        (Some(0), Some(_)) => (Outcome::Applied, None),
        (Some(0), None) => (
            Outcome::Unknown,
            Some(unknown("the tool ended well and did not say that it applied anything".into())),
        ),
        (Some(code), _) => (
            Outcome::Failed,
            Some(
                Failure::new(
                    Exit::ToolFailed,
                    "apply-failed",
                    format!("the tool failed while applying: {}", one_line(complaint)),
                )
                .expected("exit code 0", format!("exit code {code}"))
                .hint("Parts of the plan may be applied. This plan stays used: plan again, and have it reviewed."),
            ),
        ),
        (None, _) => (
            Outcome::Unknown,
            Some(unknown(format!("the tool was killed while applying ({status})"))),
        ),
    };
    Ended {
        outcome,
        summary,
        failure,
    }
}

fn unknown(error: String) -> Failure {
    Failure::new(Exit::StateUnknown, "state-unknown", error)
        .hint("Look at the real infrastructure, then plan again. This plan stays used.")
}

/// One line of `apply -json`, as far as it is shown or counted.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "@message")]
    message: String,
    #[serde(default)]
    diagnostic: Option<Diagnostic>,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    changes: Option<Changes>,
}

#[derive(Deserialize)]
struct Diagnostic {
    #[serde(default)]
    detail: String,
}

#[derive(Deserialize)]
struct Changes {
    operation: String,
}

/// Shows the tool's lines until it closes its output; returns its summary of the apply.
fn relay(stdout: impl Read + Send, progress: &mut Progress<'_, '_>) -> Option<String> {
    std::thread::scope(|scope| {
        let (sender, lines) = sync_channel(64);
        scope.spawn(move || read_lines(stdout, &sender));
        let mut summary = None;
        progress.draw();
        loop {
            match lines.recv_timeout(TICK) {
                Ok(line) => summary = show(&line, progress).or(summary),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    progress.clear();
                    return summary;
                }
            }
            progress.draw();
        }
    })
}

fn read_lines(stdout: impl Read, lines: &SyncSender<String>) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A pipe that breaks and one that ends are the same here: how the tool ended is asked of the process.
        match (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if lines
            .send(String::from_utf8_lossy(&line).into_owned())
            .is_err()
        {
            return;
        }
    }
}

/// Shows one line; returns the summary of the apply if it is that.
fn show(line: &str, progress: &mut Progress<'_, '_>) -> Option<String> {
    let text = line.trim_end();
    let Ok(parsed) = serde_json::from_str::<Line>(text) else {
        progress.line(text);
        return None;
    };
    match parsed.kind.as_str() {
        "apply_start" | "apply_progress" => progress.goes_on(&parsed.message),
        "apply_complete" => {
            progress.done();
            progress.line(&parsed.message);
        }
        _ => progress.line(&parsed.message),
    }
    for detail in parsed
        .diagnostic
        .iter()
        .flat_map(|found| found.detail.lines())
    {
        progress.line(&format!("  {detail}"));
    }
    let applied = parsed.kind == "change_summary"
        && parsed
            .changes
            .is_some_and(|changes| changes.operation == "apply");
    applied.then_some(parsed.message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn relayed(lines: &str, out: &mut dyn Write) -> Option<String> {
        let columns = None;
        let mut terminal = Terminal { out, columns };
        relay(lines.as_bytes(), &mut Progress::new(&mut terminal, 1))
    }

    fn status(raw: i32) -> ExitStatus {
        std::os::unix::process::ExitStatusExt::from_raw(raw)
    }

    #[test]
    fn only_a_good_end_with_a_summary_is_success() {
        let said = || Some("Apply complete!".to_owned());
        for (raw, summary, outcome, exit) in [
            (0, said(), Outcome::Applied, None),
            (0, None, Outcome::Unknown, Some(Exit::StateUnknown)),
            (1 << 8, said(), Outcome::Failed, Some(Exit::ToolFailed)),
            (1 << 8, None, Outcome::Failed, Some(Exit::ToolFailed)),
            (9, said(), Outcome::Unknown, Some(Exit::StateUnknown)),
        ] {
            let ended = judge(status(raw), "", summary);
            assert_eq!(
                (ended.outcome, ended.failure.map(|f| f.exit)),
                (outcome, exit),
                "{raw}"
            );
        }
    }

    #[test]
    fn what_the_tool_says_is_shown_safely_and_its_summary_is_found() {
        let lines = concat!(
            r#"{"@level":"info","@message":"a.b: Creating\u001b[2J","type":"apply_start"}"#,
            "\n",
            "not json \u{202e}\n",
            r#"{"@level":"error","@message":"Error: no","type":"diagnostic","diagnostic":{"detail":"one\ntwo"}}"#,
            "\n",
            r#"{"@message":"Plan: 1 to add","type":"change_summary","changes":{"operation":"plan"}}"#,
            "\n",
            r#"{"@message":"Apply complete!","type":"change_summary","changes":{"operation":"apply","add":1}}"#,
            "\n",
        );
        let mut out = Vec::new();
        assert_eq!(relayed(lines, &mut out).as_deref(), Some("Apply complete!"));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a.b: Creating⟨U+001B⟩[2J\nnot json ⟨U+202E⟩\nError: no\n  one\n  two\nPlan: 1 to add\nApply complete!\n"
        );
    }

    #[test]
    fn the_summary_of_a_plan_is_no_summary_of_an_apply() {
        let line = r#"{"@message":"Plan: 1 to add","type":"change_summary","changes":{"operation":"plan"}}"#;
        assert_eq!(relayed(line, &mut Vec::new()), None);
    }

    #[test]
    fn a_message_that_only_quotes_a_summary_is_none() {
        let line = r#"{"@message":"{\"type\":\"change_summary\",\"changes\":{\"operation\":\"apply\"}}","type":"log"}"#;
        assert_eq!(relayed(line, &mut Vec::new()), None);
    }

    #[test]
    fn a_reader_that_is_gone_does_not_stop_the_tool() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let line = r#"{"@message":"done","type":"change_summary","changes":{"operation":"apply"}}"#;
        assert_eq!(relayed(line, &mut Gone).as_deref(), Some("done"));
    }
}

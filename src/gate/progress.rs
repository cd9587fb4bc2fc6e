//! Where an apply is: plain lines for a log, and on a terminal one line below them that is drawn anew.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::text::visible;

/// Where the words of an apply go.
pub struct Terminal<'a> {
    /// The stream.
    pub out: &'a mut dyn Write,
    /// Its columns if it is a terminal, which can draw a line anew.
    pub columns: Option<u16>,
}

/// How often the elapsed time moves on.
pub(super) const TICK: Duration = Duration::from_millis(500);

/// Back to the first column, and nothing right of it any more.
const CLEAR: &str = "\r\u{1b}[K";

/// The view of one apply.
pub(super) struct Progress<'a, 'b> {
    terminal: &'a mut Terminal<'b>,
    since: Instant,
    done: u64,
    total: u64,
    /// What was said last of something that still goes on.
    latest: String,
}

impl<'a, 'b> Progress<'a, 'b> {
    pub(super) fn new(terminal: &'a mut Terminal<'b>, total: u64) -> Self {
        Progress {
            terminal,
            since: Instant::now(),
            done: 0,
            total,
            latest: String::new(),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.terminal.columns.is_some()
    }

    /// A line that stays. A terminal that is gone stops nothing: the tool must be able to finish.
    pub(super) fn line(&mut self, text: &str) {
        self.clear();
        let _ = writeln!(self.terminal.out, "{}", visible(text));
        let _ = self.terminal.out.flush();
    }

    /// One operation more is done.
    pub(super) fn done(&mut self) {
        self.done += 1;
    }

    /// Something goes on: on a terminal only the lowest line says so.
    pub(super) fn goes_on(&mut self, text: &str) {
        if self.is_live() {
            text.clone_into(&mut self.latest);
        } else {
            self.line(text);
        }
    }

    /// Draws the lowest line anew, where there is one.
    pub(super) fn draw(&mut self) {
        let Some(columns) = self.terminal.columns else {
            return;
        };
        let status = status(self.done, self.total, self.since.elapsed(), &self.latest);
        let shown: String = visible(&status)
            .chars()
            .take(usize::from(columns.saturating_sub(1)))
            .collect();
        let _ = write!(self.terminal.out, "{CLEAR}{shown}");
        let _ = self.terminal.out.flush();
    }

    /// Takes the lowest line away.
    pub(super) fn clear(&mut self) {
        if self.is_live() {
            let _ = write!(self.terminal.out, "{CLEAR}");
        }
    }
}

fn status(done: u64, total: u64, elapsed: Duration, latest: &str) -> String {
    let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
    let gap = if latest.is_empty() { "" } else { "  " };
    format!("applying  {done} of {total}  {minutes}:{seconds:02}{gap}{latest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_line_counts_and_tells_the_time() {
        assert_eq!(
            status(3, 12, Duration::from_secs(102), "a.b: Still creating..."),
            "applying  3 of 12  1:42  a.b: Still creating..."
        );
        assert_eq!(status(0, 1, Duration::ZERO, ""), "applying  0 of 1  0:00");
    }

    #[test]
    fn on_a_terminal_one_line_is_drawn_anew_and_what_is_done_stays() {
        let mut out = Vec::new();
        let mut terminal = Terminal {
            out: &mut out,
            columns: Some(30),
        };
        let mut progress = Progress::new(&mut terminal, 2);
        progress.goes_on("a.b: Still creating... and it takes long");
        progress.draw();
        progress.done();
        progress.line("a.b: Creation complete \u{1b}[2J");
        progress.draw();
        progress.clear();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\r\u{1b}[Kapplying  0 of 2  0:00  a.b: \r\u{1b}[Ka.b: Creation complete ⟨U+001B⟩[2J\n\
             \r\u{1b}[Kapplying  1 of 2  0:00  a.b: \r\u{1b}[K"
        );
    }
}

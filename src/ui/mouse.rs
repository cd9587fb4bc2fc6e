//! Clicks and the wheel, as this program names them. Off unless the reviewer wants them: a terminal that reports clicks
//! selects no text.

use std::time::{Duration, Instant};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// What was done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// The left button.
    Click,
    /// The left button, twice in one place.
    DoubleClick,
    /// The wheel, towards the reviewer.
    WheelDown,
    /// The wheel, away from the reviewer.
    WheelUp,
}

/// What was done, and on which cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What was done.
    pub press: Press,
    /// The column.
    pub column: u16,
    /// The row.
    pub row: u16,
}

impl Mouse {
    /// What an event says, if it says anything here.
    pub fn of(event: MouseEvent) -> Option<Self> {
        let press = match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Press::Click,
            MouseEventKind::ScrollDown => Press::WheelDown,
            MouseEventKind::ScrollUp => Press::WheelUp,
            MouseEventKind::Down(_)
            | MouseEventKind::Up(_)
            | MouseEventKind::Drag(_)
            | MouseEventKind::Moved
            | MouseEventKind::ScrollLeft
            | MouseEventKind::ScrollRight => return None,
        };
        Some(Mouse {
            press,
            column: event.column,
            row: event.row,
        })
    }
}

/// Two clicks on one cell within this time are one double click.
const TWICE: Duration = Duration::from_millis(400);

/// Remembers the last click, to tell when two are one.
#[derive(Debug, Default)]
pub struct Clicks(Option<(Instant, Mouse)>);

impl Clicks {
    /// The same, or a double click where it is the second of two.
    pub fn hear(&mut self, mouse: Mouse, now: Instant) -> Mouse {
        if mouse.press != Press::Click {
            return mouse;
        }
        let second = self
            .0
            .take()
            .is_some_and(|(then, first)| first == mouse && now.duration_since(then) <= TWICE);
        if second {
            return Mouse {
                press: Press::DoubleClick,
                ..mouse
            };
        }
        self.0 = Some((now, mouse));
        mouse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clicks_in_one_place_are_one_if_they_are_quick() {
        let click = |column| Mouse {
            press: Press::Click,
            column,
            row: 3,
        };
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut clicks = Clicks::default();
        let table = [
            (click(1), 0, Press::Click),
            (click(1), 100, Press::DoubleClick),
            (click(1), 200, Press::Click),
            (click(2), 300, Press::Click),
            (click(2), 900, Press::Click),
            (click(2), 1_000, Press::DoubleClick),
        ];
        for (mouse, ms, expected) in table {
            assert_eq!(clicks.hear(mouse, after(ms)).press, expected, "{ms}");
        }
    }
}

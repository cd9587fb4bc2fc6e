//! Where everything is drawn, by the size of the terminal and where the reviewer put the border.

use ratatui::layout::Rect;

use super::state::Pane;

/// The least terminal that can be worked in.
pub const LEAST: (u16, u16) = (60, 15);

/// From here on the panes stand side by side.
const SIDE_BY_SIDE: u16 = 100;

/// Fewer rows than this hold only one of two stacked panes.
const STACKED: u16 = 18;

/// The parts of the screen. A part that is not drawn has no area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// The first lines.
    pub header: Rect,
    /// What the whole plan is guilty of.
    pub signal: Rect,
    /// The changes, frame included.
    pub tree: Rect,
    /// The change beside them, frame included.
    pub detail: Rect,
    /// The last line.
    pub footer: Rect,
}

/// The inside of a frame: a column of air at each side.
pub fn inside(frame: Rect) -> Rect {
    Rect {
        x: frame.x.saturating_add(2),
        y: frame.y.saturating_add(1),
        width: frame.width.saturating_sub(4),
        height: frame.height.saturating_sub(2),
    }
}

/// Whether the terminal is too small to be worked in.
pub fn too_small(size: (u16, u16)) -> bool {
    size.0 < LEAST.0 || size.1 < LEAST.1
}

/// Columns and rows that a pane keeps, however far its border is moved.
const LEAST_PANE: (u16, u16) = (34, 5);

/// Columns by which one step moves the border between panes side by side; between stacked ones it is a row.
const STEP: i16 = 4;

/// From here on a signal of the whole plan may take two lines.
const TALL: u16 = 24;

/// Cuts the screen. `signal` is how many lines what the whole plan is guilty of would like to have, `split` by how many
/// steps the border between the panes was moved to the right, or down.
pub fn areas(size: (u16, u16), full: bool, pane: Pane, signal: u16, split: i16) -> Areas {
    if too_small(size) {
        return Areas::default();
    }
    let (width, height) = size;
    let header = Rect::new(0, 0, width, 2);
    let most = if height < TALL { 1 } else { 2 };
    let signal = Rect::new(0, 2, width, signal.min(most));
    let footer = Rect::new(0, height - 1, width, 1);
    let y = header.height + signal.height;
    let body = Rect::new(0, y, width, height - y - 1);
    let (tree, detail) = if full {
        (Rect::default(), body)
    } else if width >= SIDE_BY_SIDE {
        let left = moved((width * 9 / 20).clamp(50, 84), split * STEP);
        let left = left.clamp(LEAST_PANE.0, width - LEAST_PANE.0);
        (
            Rect {
                width: left,
                ..body
            },
            Rect {
                x: left,
                width: width - left,
                ..body
            },
        )
    } else if height >= STACKED {
        let top = moved(body.height / 2, split);
        let top = top.clamp(LEAST_PANE.1, body.height - LEAST_PANE.1);
        (
            Rect {
                height: top,
                ..body
            },
            Rect {
                y: body.y + top,
                height: body.height - top,
                ..body
            },
        )
    } else {
        match pane {
            Pane::Tree => (body, Rect::default()),
            Pane::Detail => (Rect::default(), body),
        }
    };
    Areas {
        header,
        signal,
        tree,
        detail,
        footer,
    }
}

fn moved(border: u16, by: i16) -> u16 {
    border.saturating_add_signed(by)
}

//! What each part of the screen looks like: roles, and what a palette makes of them.
//!
//! Only the terminal's own sixteen colours, never a background but the cursor's. Nothing is said by colour alone, so a
//! palette may leave all of it out.

use ratatui::style::{Color, Modifier, Style};

use crate::risk::Risk;

/// What a piece of text is, independent of how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Secondary text. Nothing that is needed may be dim.
    Dim,
    /// Headings, names, what counts.
    Strong,
    /// A risk's mark and word.
    Risk(Risk),
    /// A value or sign that is added.
    Added,
    /// A value or sign that is removed.
    Removed,
    /// A sign that something is changed.
    Changed,
    /// The part inside an added value that differs.
    AddedPart,
    /// The part inside a removed value that differs.
    RemovedPart,
    /// `# forces replacement`, denies, refusals.
    Alarm,
    /// Warnings, values worth a look.
    Warn,
    /// What is done: acknowledged, saved, verified.
    Done,
    /// A frame.
    Border,
    /// The frame of the pane that has the keys.
    BorderFocus,
    /// A key in the footer, in help and in dialogs.
    Key,
    /// What a search or filter found.
    Match,
}

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// For a dark background.
    Dark,
    /// For a light background: no yellow text.
    Light,
    /// No colour at all; bold, dim, underline and reverse stay.
    None,
}

/// The looks of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// The colours.
    pub palette: Palette,
    /// Only ASCII marks and frames, for fonts and braille displays.
    pub ascii: bool,
}

impl Theme {
    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let part = Modifier::BOLD | Modifier::UNDERLINED;
        let colour = |style: Style, dark: Color, light: Color| match self.palette {
            Palette::Dark => style.fg(dark),
            Palette::Light => style.fg(light),
            Palette::None => style,
        };
        match role {
            Role::Text | Role::Risk(Risk::Low) => plain,
            Role::Dim | Role::Border => plain.add_modifier(Modifier::DIM),
            Role::Strong | Role::Key => bold,
            Role::Risk(Risk::Critical) | Role::Alarm => colour(bold, Color::Red, Color::Red),
            Role::Risk(Risk::High) | Role::Warn => colour(bold, Color::Yellow, Color::Magenta),
            Role::Risk(Risk::Medium) => colour(bold, Color::Cyan, Color::Blue),
            Role::Added | Role::Done => colour(plain, Color::Green, Color::Green),
            Role::Removed => colour(plain, Color::Red, Color::Red),
            Role::Changed => colour(plain, Color::Yellow, Color::Magenta),
            Role::AddedPart => colour(plain.add_modifier(part), Color::Green, Color::Green),
            Role::RemovedPart => colour(plain.add_modifier(part), Color::Red, Color::Red),
            Role::BorderFocus => colour(plain, Color::Cyan, Color::Blue),
            Role::Match => plain.add_modifier(part),
        }
    }

    /// The style of the row under the cursor: the terminal's own colours, reversed. It survives the lack of colour.
    pub fn cursor(self) -> Style {
        Style::reset().add_modifier(Modifier::REVERSED)
    }

    /// The mark of a risk: one column.
    pub fn risk_mark(self, risk: Risk) -> &'static str {
        match (risk, self.ascii) {
            (Risk::Critical, false) => "■",
            (Risk::High, false) => "▲",
            (Risk::Medium, false) => "◆",
            (Risk::Low, false) => "·",
            (Risk::Critical, true) => "C",
            (Risk::High, true) => "H",
            (Risk::Medium, true) => "M",
            (Risk::Low, true) => ".",
        }
    }

    /// `unicode`, or `ascii` where only that may be drawn.
    pub fn glyph(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }
}

/// A piece of text with its role. The text is already [`visible`](crate::text::visible).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// What it is.
    pub role: Role,
}

impl Piece {
    /// A piece of text of ours, or foreign text that was made visible before.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Piece {
            text: text.into(),
            role,
        }
    }

    /// A piece of foreign text.
    pub fn foreign(text: &str, role: Role) -> Self {
        Piece {
            text: crate::text::visible(text).into_owned(),
            role,
        }
    }
}

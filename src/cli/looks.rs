//! How the screen looks: what the command line says of colours and signs.

use clap::{Args, ValueEnum};

use crate::ui::theme::{Palette, Theme};

/// How the screen looks.
#[derive(Debug, Clone, Args)]
pub struct Looks {
    /// Colours for a dark or a light background, or none at all [default: dark, none with `NO_COLOR`].
    #[arg(long, value_enum)]
    pub theme: Option<Colours>,

    /// Draw with ASCII only.
    #[arg(long)]
    pub ascii: bool,
}

/// The value of `--theme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colours {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Without colour.
    None,
}

impl Looks {
    /// The theme that is meant in this process.
    pub fn theme(&self) -> Theme {
        self.theme_with(std::env::var_os("NO_COLOR").as_deref())
    }

    /// The theme that is meant, where `no_color` is the value of the variable of that name.
    fn theme_with(&self, no_color: Option<&std::ffi::OsStr>) -> Theme {
        let without_colour = no_color.is_some_and(|value| !value.is_empty());
        let palette = match self.theme.unwrap_or(if without_colour {
            Colours::None
        } else {
            Colours::Dark
        }) {
            Colours::Dark => Palette::Dark,
            Colours::Light => Palette::Light,
            Colours::None => Palette::None,
        };
        Theme {
            palette,
            ascii: self.ascii,
        }
    }
}

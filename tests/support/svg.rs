//! A drawn screen as a picture: one SVG, no font needed to keep the columns, no clock, no dependency.
//!
//! Each glyph stands at its own column. Frames are drawn as lines, because fonts leave gaps between box characters.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

type Rgb = [u8; 3];

/// Width and height of a cell, in tenths of a pixel: whole numbers print the same everywhere.
const CELL: (u32, u32) = (84, 190);
const MARGIN: u32 = 140;
const BASELINE: u32 = 140;

/// What a terminal draws on, and the colours it has for the few names that the themes use.
#[derive(Clone, Copy)]
pub enum Ground {
    Dark,
    Light,
}

impl Ground {
    fn paper(self) -> Rgb {
        match self {
            Ground::Dark => [0x17, 0x1a, 0x21],
            Ground::Light => [0xfb, 0xfb, 0xfa],
        }
    }

    fn ink(self) -> Rgb {
        match self {
            Ground::Dark => [0xcd, 0xd3, 0xde],
            Ground::Light => [0x2b, 0x30, 0x3b],
        }
    }

    fn colour(self, colour: Color, default: Rgb) -> Rgb {
        let (dark, light) = match colour {
            Color::Red => ([0xf0, 0x71, 0x78], [0xc0, 0x2c, 0x38]),
            Color::Green => ([0x95, 0xc9, 0x6b], [0x2f, 0x7d, 0x32]),
            Color::Yellow => ([0xe8, 0xb3, 0x5c], [0x8a, 0x6a, 0x00]),
            Color::Blue => ([0x68, 0xa9, 0xf0], [0x1f, 0x5f, 0xbf]),
            Color::Magenta => ([0xc4, 0x8c, 0xe6], [0x8e, 0x2a, 0xa8]),
            Color::Cyan => ([0x5f, 0xc4, 0xcf], [0x0b, 0x74, 0x80]),
            _ => (default, default),
        };
        match self {
            Ground::Dark => dark,
            Ground::Light => light,
        }
    }
}

/// One look: ink, paper, and what the font does.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: Rgb,
    paper: Rgb,
    bold: bool,
    underlined: bool,
}

/// Draws the buffer, with a caret at `cursor` where there is one.
pub fn draw(buffer: &Buffer, cursor: Option<(u16, u16)>, ground: Ground) -> String {
    let width = u32::from(buffer.area.width) * CELL.0 + 2 * MARGIN;
    let height = u32::from(buffer.area.height) * CELL.1 + 2 * MARGIN;
    let (w, h) = (tenths(width), tenths(height));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <rect width=\"{w}\" height=\"{h}\" rx=\"9\" fill=\"{}\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        hex(ground.paper())
    );
    for y in 0..buffer.area.height {
        row(&mut svg, buffer, y, ground);
    }
    if let Some((x, y)) = cursor {
        rect(
            &mut svg,
            left(x),
            top(y) + CELL.1 - 20,
            CELL.0,
            16,
            ground.ink(),
        );
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Seconds for which a frame of a film stands.
const STANDS: usize = 2;

/// Frames one after the other, for ever: each is a picture that is seen in its turn, over the first one. No script, so it
/// plays anywhere; where nothing moves, or nothing should, the first one is what is seen.
pub fn film(frames: &[String]) -> String {
    let whole = frames.len() * STANDS;
    let share = 100_000 / frames.len();
    let mut svg = frames[0].lines().next().unwrap_or_default().to_owned();
    let _ = write!(
        svg,
        "\n<style>.f{{visibility:hidden;animation:turn {whole}s step-end infinite}}\
         @keyframes turn{{0%{{visibility:visible}}{}.{:03}%,100%{{visibility:hidden}}}}\
         @media (prefers-reduced-motion:reduce){{.f{{animation:none}}}}</style>\n",
        share / 1000,
        share % 1000,
    );
    for (i, frame) in frames.iter().enumerate() {
        let turn = match i {
            0 => "<g>".to_owned(),
            _ => format!("<g class=\"f\" style=\"animation-delay:{}s\">", i * STANDS),
        };
        let _ = writeln!(svg, "{turn}\n{frame}</g>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn row(svg: &mut String, buffer: &Buffer, y: u16, ground: Ground) {
    let mut cells: Vec<(u16, &Cell, Look)> = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        cells.push((x, cell, look(cell, ground)));
        x += cell.symbol().width().max(1) as u16;
    }
    for run in cells.chunk_by(|a, b| a.2 == b.2) {
        let look = run[0].2;
        let (first, last) = (run[0].0, run[run.len() - 1]);
        let columns = u32::from(last.0 - first) + last.1.symbol().width().max(1) as u32;
        if look.paper != ground.paper() {
            rect(
                svg,
                left(first),
                top(y),
                columns * CELL.0,
                CELL.1,
                look.paper,
            );
        }
        if look.underlined {
            rect(
                svg,
                left(first),
                top(y) + BASELINE + 22,
                columns * CELL.0,
                10,
                look.ink,
            );
        }
        let mut columns = Vec::new();
        let mut text = String::new();
        for &(x, cell, _) in run {
            let symbol = cell.symbol();
            if symbol.trim().is_empty() || line_art(svg, symbol, x, y, look.ink) {
                continue;
            }
            columns.extend(symbol.chars().map(|_| tenths(left(x))));
            text.push_str(
                &symbol
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('>', "&gt;"),
            );
        }
        if !text.is_empty() {
            let weight = if look.bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" fill=\"{}\"{weight}>{text}</text>",
                columns.join(" "),
                tenths(top(y) + BASELINE),
                hex(look.ink)
            );
        }
    }
}

fn look(cell: &Cell, ground: Ground) -> Look {
    let mut ink = ground.colour(cell.fg, ground.ink());
    let mut paper = ground.colour(cell.bg, ground.paper());
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    if cell.modifier.contains(Modifier::DIM) {
        ink = std::array::from_fn(|i| {
            ((u32::from(ink[i]) * 11 + u32::from(paper[i]) * 9) / 20) as u8
        });
    }
    Look {
        ink,
        paper,
        bold: cell.modifier.contains(Modifier::BOLD),
        underlined: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// Draws a frame's character as lines from the middle of its cell; says whether it is one.
fn line_art(svg: &mut String, symbol: &str, x: u16, y: u16, ink: Rgb) -> bool {
    let (west, east, north, south) = match symbol {
        "─" => (true, true, false, false),
        "┃" => {
            rect(svg, left(x) + CELL.0 / 2 - 15, top(y), 30, CELL.1, ink);
            return true;
        }
        "│" => (false, false, true, true),
        "┌" => (false, true, false, true),
        "┐" => (true, false, false, true),
        "└" => (false, true, true, false),
        "┘" => (true, false, true, false),
        _ => return false,
    };
    let (x, y) = (left(x), top(y));
    let (middle_x, middle_y) = (x + CELL.0 / 2 - 5, y + CELL.1 / 2 - 5);
    if west || east {
        let from = if west { x } else { middle_x };
        let to = if east { x + CELL.0 } else { middle_x + 10 };
        rect(svg, from, middle_y, to - from, 10, ink);
    }
    if north || south {
        let from = if north { y } else { middle_y };
        let to = if south { y + CELL.1 } else { middle_y + 10 };
        rect(svg, middle_x, from, 10, to - from, ink);
    }
    true
}

fn rect(svg: &mut String, x: u32, y: u32, width: u32, height: u32, fill: Rgb) {
    let _ = writeln!(
        svg,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
        tenths(x),
        tenths(y),
        tenths(width),
        tenths(height),
        hex(fill)
    );
}

fn left(x: u16) -> u32 {
    MARGIN + u32::from(x) * CELL.0
}

fn top(y: u16) -> u32 {
    MARGIN + u32::from(y) * CELL.1
}

fn tenths(n: u32) -> String {
    match n % 10 {
        0 => (n / 10).to_string(),
        tenth => format!("{}.{tenth}", n / 10),
    }
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

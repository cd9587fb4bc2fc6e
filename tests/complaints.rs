//! What people complain of in terminal programs, what undersign does about it, and the tests that hold it to that.

#![allow(clippy::unwrap_used, missing_docs, dead_code)]

mod support {
    pub mod describe;
    pub mod scene;
    pub mod screen;
}

use std::fmt::Write as _;
use std::path::Path;

use ratatui::style::Color;
use support::scene;
use support::screen::{Screen, setup};
use undersign::risk::Risk;
use undersign::ui::theme::{Palette, Role, Theme};
use undersign::ui::width::width;

/// Complaint, answer, tests.
const TABLE: &[(&str, &str, &[&str])] = &[
    (
        "it flickers and tears over ssh and in tmux",
        "each frame is one synchronized update, and the screen is never cleared",
        &["every_frame_is_drawn_as_a_whole"],
    ),
    (
        "it burns the battery while nothing happens",
        "it waits for a key; nothing is drawn while nothing changes",
        &["a_screen_on_which_nothing_happens_writes_nothing"],
    ),
    (
        "wide characters break the frame",
        "plan text is measured by one function, our own marks take one column",
        &[
            "our_own_marks_take_one_column",
            "wide_text_of_a_plan_moves_no_frame",
            "nothing_is_wider_than_it_may_be",
        ],
    ),
    (
        "marks are two columns wide in some locales",
        "--ascii draws nothing else",
        &["with_ascii_nothing_else_is_drawn"],
    ),
    (
        "text of the plan acts on the terminal, or hides",
        "every hidden character is spelled out",
        &[
            "foreign_text_cannot_act_on_the_terminal",
            "no_key_of_any_plan_loses_or_gives_an_answer_by_itself",
        ],
    ),
    (
        "the mouse keeps me from selecting text",
        "it is off until M, and the footer says so while it is on",
        &[
            "the_mouse_is_heard_only_when_it_is_wanted",
            "a_click_moves_opens_and_answers_nothing",
        ],
    ),
    (
        "it said copied, and nothing was",
        "it says what it did: sent to the terminal's clipboard, and what",
        &["copying_promises_no_more_than_it_can_know"],
    ),
    (
        "unreadable colours, above all on a light background",
        "the terminal's own sixteen, no background, no yellow on light",
        &["themes_use_sixteen_colours_and_no_background"],
    ),
    (
        "it asks the terminal for its background and hangs, or the answer lands in my shell",
        "the terminal is asked nothing",
        &["every_frame_is_drawn_as_a_whole"],
    ),
    (
        "with NO_COLOR the cursor line is gone",
        "it is reversed, which is no colour",
        &[
            "without_colour_the_cursor_line_is_still_there",
            "the_line_of_the_detail_is_seen_without_colour_and_by_screen_readers",
        ],
    ),
    (
        "every key counts twice, once when it is let go",
        "only presses and repeats are heard",
        &["a_release_says_nothing"],
    ),
    (
        "a panic leaves the terminal broken and its message lost",
        "the terminal is given back once, before the message",
        &[
            "a_panic_gives_the_terminal_back_before_it_speaks",
            "the_terminal_is_clean_after_every_way_out",
        ],
    ),
    (
        "ctrl-z is dead, or fg shows nothing",
        "the whole job stops, and fg draws everything anew",
        &["a_stopped_review_goes_on_where_it_was"],
    ),
    (
        "it cannot read from a pipe",
        "keys come from the terminal, the plan from the pipe",
        &["keys_come_from_the_terminal_while_the_plan_comes_from_a_pipe"],
    ),
    (
        "it panics in a small window",
        "any size is drawn; below 60 by 15 it says what it needs",
        &[
            "no_keys_at_any_size_panic",
            "a_storm_of_sizes_ends_in_a_whole_screen",
            "a_screen_that_is_too_small_decides_nothing",
        ],
    ),
    (
        "I cannot undo, and quitting lost my work",
        "undo and redo, and a draft that survives a kill",
        &[
            "undo_and_redo_go_back_and_forth",
            "no_key_of_any_plan_loses_or_gives_an_answer_by_itself",
            "what_was_said_survives_a_kill",
        ],
    ),
    (
        "I cannot find the keys, or not type them",
        "footer, help, palette and README come from one table; signs have letters beside them",
        &[
            "every_key_of_the_table_does_something_where_it_is_said_to_work",
            "signs_that_need_altgr_have_a_letter",
            "commands_say_why_they_cannot_run",
        ],
    ),
    (
        "a huge plan is noise",
        "what asks is on top, like changes are folded and counted, the filter is live",
        &[
            "the_worst_is_on_top_and_like_rows_are_folded",
            "routine_changes_are_folded",
            "a_hundred_thousand_rows_are_as_quick_to_walk_as_a_hundred",
        ],
    ),
    (
        "my screen reader does not know where I am",
        "the terminal's cursor is on the row or the caret; --plain draws no screen at all",
        &[
            "the_terminal_cursor_is_on_the_box_or_on_the_caret",
            "the_line_of_the_detail_is_seen_without_colour_and_by_screen_readers",
            "at_prompts_a_review_goes_to_its_approval",
        ],
    ),
    (
        "what I typed ahead answered a question I had not seen",
        "a dialog hears nothing that was typed before it was drawn",
        &[
            "an_answer_typed_before_the_dialog_was_seen_is_not_heard",
            "keys_typed_before_a_dialog_was_seen_do_not_answer_it",
        ],
    ),
];

fn sources(directory: &Path, all: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let _ = writeln!(all, "{}", std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_complaint_has_an_answer_and_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    assert!(TABLE.len() >= 18);
    for (complaint, _, tests) in TABLE {
        for test in *tests {
            let plain = format!("fn {test}(");
            let screen = format!("    {test}: ");
            assert!(
                all.contains(&plain) || all.contains(&screen),
                "{complaint}: there is no test {test}"
            );
        }
    }
}

/// Scripts that lead over every screen there is.
const EVERYWHERE: &[&str] = &[
    "]",
    "] a",
    "] a tab 'why' enter",
    "] ] ] ] a",
    "] x 'no' enter S",
    "] enter",
    "] enter d d",
    "] ] tab j j j j j j j j j j j enter",
    "] enter / 'a' enter n",
    "] J",
    "v v",
    "E G",
    "? 'open'",
    ": 's'",
    "/ 'type:' tab",
    "/ 'foo:bar'",
    "1",
    "S",
    "q",
    "M",
];

fn everywhere(theme: Theme) -> impl Iterator<Item = (&'static str, Screen)> {
    EVERYWHERE.iter().flat_map(move |script| {
        [(59, 14), (60, 15), (80, 24), (120, 40), (200, 60)].map(|(width, height)| {
            let mut setup = setup(theme.palette);
            setup.theme = theme;
            let screen = Screen::with(setup, width, height)
                .rows(scene::incident())
                .loaded();
            (*script, screen.keys(script))
        })
    })
}

const DARK: Theme = Theme {
    palette: Palette::Dark,
    ascii: false,
};

#[test]
fn our_own_marks_take_one_column() {
    for (script, screen) in everywhere(DARK) {
        for cell in screen.buffer().content() {
            assert_eq!(width(cell.symbol()), 1, "{script}: {:?}", cell.symbol());
        }
    }
}

/// The columns of the lines of a frame, row by row.
fn frame_columns(screen: &Screen) -> Vec<Vec<u16>> {
    let buffer = screen.buffer();
    let line = |&x: &u16, y| matches!(buffer[(x, y)].symbol(), "│" | "┃");
    (0..buffer.area.height)
        .map(|y| (0..buffer.area.width).filter(|x| line(x, y)).collect())
        .collect()
}

#[test]
fn wide_text_of_a_plan_moves_no_frame() {
    let wide = "日本語テキスト👩‍👩‍👧‍👦e\u{301}🇯🇵ＷＩＤＥ";
    for (width, height) in [(60, 15), (80, 24), (101, 31), (120, 40), (200, 60)] {
        let screens = [false, true].map(|wider| {
            let mut scene = scene::incident();
            for judged in &mut scene.rows {
                let name = if wider {
                    wide
                } else {
                    "plain-text-of-an-ordinary-kind"
                };
                let address = format!("{}.{name}", judged.effect.address());
                judged.effect.rename(&address);
                for finding in &mut judged.findings {
                    finding.message = format!("{name} {}", finding.message).into();
                }
            }
            for item in &mut scene.items {
                *item = item.replace("14.9", if wider { wide } else { "plain-text" });
            }
            Screen::new(width, height).rows(scene).loaded()
        });
        let [plain, wide] = screens.map(|screen| {
            // Which lines there are differs, so it is the columns that count.
            let screens = ["", "] tab j j j", "G", "esc g ]"];
            let mut columns = std::collections::BTreeSet::new();
            let mut screen = screen;
            for keys in screens {
                screen = screen.keys(keys);
                columns.extend(frame_columns(&screen).into_iter().flatten());
            }
            columns
        });
        assert_eq!(plain, wide, "at {width} by {height}");
    }
}

#[test]
fn with_ascii_nothing_else_is_drawn() {
    let ascii = Theme {
        ascii: true,
        ..DARK
    };
    for (script, screen) in everywhere(ascii) {
        for cell in screen.buffer().content() {
            assert!(
                cell.symbol().is_ascii(),
                "{script}: {:?}\n{}",
                cell.symbol(),
                screen.text()
            );
        }
    }
}

#[test]
fn themes_use_sixteen_colours_and_no_background() {
    let roles = [
        Role::Text,
        Role::Dim,
        Role::Strong,
        Role::Risk(Risk::Critical),
        Role::Risk(Risk::High),
        Role::Risk(Risk::Medium),
        Role::Risk(Risk::Low),
        Role::Added,
        Role::Removed,
        Role::Changed,
        Role::AddedPart,
        Role::RemovedPart,
        Role::Alarm,
        Role::Warn,
        Role::Done,
        Role::Border,
        Role::BorderFocus,
        Role::Key,
        Role::Match,
    ];
    for palette in [Palette::Dark, Palette::Light, Palette::None] {
        let theme = Theme { palette, ..DARK };
        for role in roles {
            let style = theme.style(role);
            assert_eq!(style.bg, None, "{role:?}");
            let named = !matches!(style.fg, Some(Color::Rgb(..) | Color::Indexed(_)));
            assert!(named, "{role:?}");
            // Bright black is nearly the background in more than one scheme.
            assert_ne!(style.fg, Some(Color::DarkGray), "{role:?}");
            match palette {
                Palette::Dark => {}
                Palette::Light => assert_ne!(style.fg, Some(Color::Yellow), "{role:?}"),
                Palette::None => assert_eq!(style.fg, None, "{role:?}"),
            }
        }
    }
}

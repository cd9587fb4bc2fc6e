//! The one table of keys: footer, help, palette and the printed list all come from it.
//!
//! Signs that need a third level (right alt) on some keyboards have a letter beside them.

use std::fmt::Write as _;

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The list of submitted plans.
    Inbox,
    /// The list of changes.
    Tree,
    /// The change beside it.
    Detail,
    /// One value that is shown whole.
    Value,
    /// The filter line.
    Filter,
    /// The line that finds text in the detail.
    Find,
    /// The list of keys.
    Help,
    /// The list of commands.
    Palette,
    /// A dialog that is answered with one key.
    Confirm,
    /// A dialog that is answered with a typed name.
    Typed,
    /// A field for a reason or a remark.
    Words,
    /// Waiting for a signature.
    Waiting,
    /// A message that is read and closed.
    Notice,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below says what each does")]
pub enum Action {
    Down,
    Up,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    First,
    Last,
    Open,
    Close,
    Parent,
    OpenAll,
    CloseAll,
    Enter,
    NextPane,
    NextOpen,
    PreviousOpen,
    Acknowledge,
    Object,
    Comment,
    Undo,
    Redo,
    Filter,
    Find,
    FindNext,
    FindPrevious,
    OnlyCritical,
    HighUp,
    MediumUp,
    AllRisks,
    View,
    Unchanged,
    Wrap,
    AsideRight,
    AsideLeft,
    Json,
    PolicyText,
    Arrange,
    Widen,
    Narrow,
    Mouse,
    Explain,
    Reveal,
    CopyAddress,
    CopyDetail,
    Sign,
    Palette,
    Help,
    Redraw,
    Suspend,
    Back,
    Quit,
    Yes,
    Submit,
    NextField,
    Editor,
    Complete,
    Older,
    Newer,
    Refresh,
}

/// One line of the table.
#[derive(Debug)]
pub struct Binding {
    /// Where it works.
    pub modes: &'static [Mode],
    /// The keys; the first is the one that is shown.
    pub keys: &'static [&'static str],
    /// What it does.
    pub action: Action,
    /// Its name in the palette; empty where it is no command.
    pub name: &'static str,
    /// Its words in the footer; empty where it is not shown there.
    pub hint: &'static str,
    /// One line of help.
    pub help: &'static str,
}

const INBOX: &[Mode] = &[Mode::Inbox];
const BOTH: &[Mode] = &[Mode::Tree, Mode::Detail];
const TREE: &[Mode] = &[Mode::Tree];
const DETAIL: &[Mode] = &[Mode::Detail];
const VALUE: &[Mode] = &[Mode::Value];
const READ: &[Mode] = &[Mode::Detail, Mode::Value];
const PANES: &[Mode] = &[Mode::Tree, Mode::Detail, Mode::Value];
const SCREENS: &[Mode] = &[Mode::Tree, Mode::Detail, Mode::Value, Mode::Inbox];
const LISTS: &[Mode] = &[
    Mode::Tree,
    Mode::Detail,
    Mode::Value,
    Mode::Inbox,
    Mode::Help,
    Mode::Palette,
    Mode::Confirm,
    Mode::Typed,
    Mode::Words,
    Mode::Notice,
];
const PAGES: &[Mode] = &[
    Mode::Tree,
    Mode::Detail,
    Mode::Value,
    Mode::Inbox,
    Mode::Help,
    Mode::Confirm,
    Mode::Typed,
    Mode::Words,
    Mode::Notice,
];
const WHOLE: &[Mode] = &[
    Mode::Tree,
    Mode::Detail,
    Mode::Value,
    Mode::Inbox,
    Mode::Help,
];
const FILTER: &[Mode] = &[Mode::Filter];
const DIALOGS: &[Mode] = &[Mode::Confirm, Mode::Typed, Mode::Words];
const LINES: &[Mode] = &[Mode::Filter, Mode::Find, Mode::Palette];
const OVER: &[Mode] = &[
    Mode::Filter,
    Mode::Find,
    Mode::Help,
    Mode::Palette,
    Mode::Confirm,
    Mode::Typed,
    Mode::Words,
    Mode::Waiting,
    Mode::Notice,
];

const fn key(
    modes: &'static [Mode],
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding {
        modes,
        keys,
        action,
        name,
        hint,
        help,
    }
}

/// Every key. The order is the order of the footer and of the help.
// One line a key: a table is read across.
#[rustfmt::skip]
pub const KEYS: &[Binding] = &[
    key(INBOX, &["enter"], Action::Enter, "", "review", "review the plan under the cursor"),
    key(INBOX, &["r"], Action::Refresh, "", "look again", "look what is new; the list also looks by itself"),
    key(BOTH, &["a", "space"], Action::Acknowledge, "acknowledge", "acknowledge", "acknowledge the change under the cursor"),
    key(BOTH, &["]", "n"], Action::NextOpen, "next open", "next open", "go to the next change that waits"),
    key(TREE, &["/"], Action::Filter, "filter", "filter", "show only what fits: words, type: action: risk: module: attr: (what findings and replacements name) rule: policy: kind: unit: open acked objected /regex/, ! for not"),
    key(READ, &["/"], Action::Find, "find", "find", "find text in the detail, or in the value"),
    key(VALUE, &["n", "ctrl-n"], Action::FindNext, "find next", "next", "next line that holds what is searched"),
    key(VALUE, &["N", "ctrl-b"], Action::FindPrevious, "find previous", "", "the one before"),
    key(TREE, &["tab", "shift-tab"], Action::NextPane, "other pane", "detail", "go to the detail"),
    key(DETAIL, &["tab", "shift-tab"], Action::NextPane, "other pane", "changes", "go back to the changes"),
    key(DETAIL, &["enter"], Action::Enter, "value", "open value", "show the value under the cursor whole; on a line without one: the detail on the full screen, and back"),
    key(BOTH, &["S"], Action::Sign, "sign", "sign", "sign the plan, or send it back if there are objections"),
    key(SCREENS, &["?", "f1"], Action::Help, "help", "help", "show the keys"),
    key(BOTH, &["q", "ctrl-c"], Action::Quit, "quit", "quit", "leave; the draft stays and tells how to go on"),
    key(INBOX, &["q", "ctrl-c"], Action::Quit, "", "leave", "leave; what waits goes on waiting"),
    key(PANES, &[":", "ctrl-p"], Action::Palette, "", "commands", "run a command by its name"),
    key(BOTH, &["x"], Action::Object, "object", "object", "object to the change, with a reason: the plan can then only be sent back"),
    key(BOTH, &["c", "r"], Action::Comment, "comment", "comment", "write a remark on the change"),
    key(BOTH, &["u"], Action::Undo, "undo", "undo", "take back the last acknowledgement, objection or remark"),
    key(BOTH, &["ctrl-r"], Action::Redo, "redo", "", "let what was taken back stand again"),
    key(TREE, &["v"], Action::View, "group by", "group", "group by risk, module, type, action; of several plans by unit"),
    key(DETAIL, &["."], Action::Unchanged, "unchanged", "unchanged", "show or hide the attributes that stay as they are"),
    key(DETAIL, &["w"], Action::Wrap, "wrap", "wrap", "wrap or cut long values"),
    key(VALUE, &["w"], Action::Wrap, "wrap", "wrap", "let long lines go on in the next line, or at the right"),
    key(VALUE, &["l", "right"], Action::AsideRight, "right", "", "to the right, where lines go on there"),
    key(VALUE, &["h", "left"], Action::AsideLeft, "left", "", "back to the left"),
    key(BOTH, &["J"], Action::Json, "json", "", "show the change as it stands in the plan's JSON"),
    key(BOTH, &["p"], Action::PolicyText, "policy", "", "show the text of the policy that speaks of the change; again for the next one"),
    key(PANES, &["d"], Action::Arrange, "arrange", "", "before and after in one line, in two lines, or side by side (from 140 columns on)"),
    key(BOTH, &["<", "ctrl-left"], Action::Narrow, "narrower", "", "less room for the changes, more for the detail"),
    key(BOTH, &[">", "ctrl-right"], Action::Widen, "wider", "", "more room for the changes, less for the detail"),
    key(BOTH, &["M"], Action::Mouse, "mouse", "", "mouse on or off: click, double click, wheel; while it is on the terminal selects no text"),
    key(BOTH, &["e"], Action::Explain, "explain", "", "tell what each finding means, what is lost, and what would be safer"),
    key(READ, &["V"], Action::Reveal, "reveal", "reveal", "show the secret value under the cursor, or the next one below; on a value that is shown: hide it; the draft notes it"),
    key(BOTH, &["[", "N"], Action::PreviousOpen, "previous open", "", "go to the change before that waits"),
    key(DETAIL, &["ctrl-n"], Action::FindNext, "find next", "", "next hit (n does the same while something is searched)"),
    key(DETAIL, &["ctrl-b"], Action::FindPrevious, "find previous", "", "previous hit (also N)"),
    key(LISTS, &["down"], Action::Down, "", "", "one line down"),
    key(LISTS, &["up"], Action::Up, "", "", "one line up"),
    key(SCREENS, &["j"], Action::Down, "", "", "one line down"),
    key(SCREENS, &["k"], Action::Up, "", "", "one line up"),
    key(SCREENS, &["ctrl-d"], Action::HalfDown, "", "", "half a page down"),
    key(SCREENS, &["ctrl-u"], Action::HalfUp, "", "", "half a page up"),
    key(PAGES, &["pgdn"], Action::PageDown, "", "", "a page down"),
    key(PAGES, &["pgup"], Action::PageUp, "", "", "a page up"),
    key(SCREENS, &["g", "home"], Action::First, "top", "", "to the top"),
    key(SCREENS, &["G", "end"], Action::Last, "bottom", "", "to the bottom"),
    key(TREE, &["l", "right"], Action::Open, "open", "", "open a group, or go to its first line"),
    key(TREE, &["h", "left"], Action::Close, "close", "", "close a group, or go to the group around it"),
    key(TREE, &["H"], Action::Parent, "parent", "", "go to the group around it, leave it open"),
    key(TREE, &["E"], Action::OpenAll, "open all", "", "open all groups"),
    key(TREE, &["C"], Action::CloseAll, "close all", "", "close all groups"),
    key(TREE, &["enter"], Action::Enter, "", "", "open or close a group; show a change on the full screen"),
    key(VALUE, &["esc", "q", "enter", "ctrl-c"], Action::Back, "back", "back", "back to the change"),
    key(TREE, &["1"], Action::OnlyCritical, "only critical", "", "show critical changes only"),
    key(TREE, &["2"], Action::HighUp, "high and up", "", "show high and critical changes"),
    key(TREE, &["3"], Action::MediumUp, "medium and up", "", "show medium changes and worse"),
    key(TREE, &["4"], Action::AllRisks, "all", "", "show everything again"),
    key(BOTH, &["y"], Action::CopyAddress, "copy address", "", "send the address to the terminal's clipboard (OSC 52; tmux wants set-clipboard on)"),
    key(TREE, &["Y"], Action::CopyDetail, "copy detail", "", "send the shown detail to the terminal's clipboard"),
    key(READ, &["Y"], Action::CopyDetail, "copy value", "copy", "send the value under the cursor to the terminal's clipboard, on a line without one the whole detail"),
    key(TREE, &["esc"], Action::Back, "", "", "one step back: out of the filter; never leaves"),
    key(DETAIL, &["esc"], Action::Back, "", "back", "one step back, to the changes in the end; never leaves"),
    key(WHOLE, &["ctrl-l"], Action::Redraw, "redraw", "", "draw the screen anew"),
    key(WHOLE, &["ctrl-z"], Action::Suspend, "suspend", "", "back to the shell; fg returns"),
    key(&[Mode::Confirm], &["y"], Action::Yes, "", "yes", "do what the dialog asks"),
    key(&[Mode::Typed, Mode::Words], &["enter"], Action::Submit, "", "done", "do what the dialog asks, once it may be done"),
    key(DIALOGS, &["tab", "shift-tab"], Action::NextField, "", "other field", "go to the other field"),
    key(&[Mode::Words], &["alt-e", "ctrl-o"], Action::Editor, "", "", "write the text in $EDITOR"),
    key(FILTER, &["tab"], Action::Complete, "", "", "complete the word before the cursor, or show what it may become"),
    key(FILTER, &["up"], Action::Older, "", "", "the filter before"),
    key(FILTER, &["down"], Action::Newer, "", "", "the filter after"),
    key(LINES, &["enter"], Action::Submit, "", "keep", "keep the line"),
    key(&[Mode::Notice, Mode::Help], &["enter", "q"], Action::Back, "", "", "close"),
    key(OVER, &["esc", "ctrl-c"], Action::Back, "", "back", "close, and change nothing"),
];

/// What `name` does in `mode`.
pub fn action(mode: Mode, name: &str) -> Option<Action> {
    of(mode)
        .find(|binding| binding.keys.contains(&name))
        .map(|binding| binding.action)
}

/// The key that is shown for `action` in `mode`.
pub fn first(mode: Mode, action: Action) -> &'static str {
    of(mode)
        .find(|binding| binding.action == action)
        .map_or("", |binding| binding.keys[0])
}

/// The lines of the table for `mode`.
pub fn of(mode: Mode) -> impl Iterator<Item = &'static Binding> {
    KEYS.iter()
        .filter(move |binding| binding.modes.contains(&mode))
}

/// The lines of the help for `mode` that hold every word of `search`.
pub fn help(mode: Mode, search: &str) -> Vec<&'static Binding> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    of(mode)
        .filter(|binding| {
            let said = [binding.name, binding.hint, binding.help].join(" ");
            let text = format!("{} {said}", binding.keys.join(" ")).to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        })
        .collect()
}

/// The commands whose names begin with or hold `text`: the beginning counts first.
pub fn commands(mode: Mode, text: &str) -> Vec<&'static Binding> {
    let text = text.trim().to_lowercase();
    let mut found: Vec<&Binding> = KEYS
        .iter()
        .filter(|b| b.modes.contains(&mode) && !b.name.is_empty() && b.name.contains(&text))
        .collect();
    found.sort_by_key(|binding| !binding.name.starts_with(&text));
    found
}

/// The table as text: every key, by where it works; what works the same in several places stands in the first.
pub fn print() -> String {
    let mut out = String::new();
    for (title, mode) in [
        ("In the list of changes", Mode::Tree),
        ("In the detail", Mode::Detail),
        ("In a value that is shown whole", Mode::Value),
        ("In the filter line", Mode::Filter),
        ("In a dialog that asks for a key", Mode::Confirm),
        ("In a dialog that asks for a name", Mode::Typed),
        ("In a reason or a remark", Mode::Words),
        ("In the help", Mode::Help),
        ("In the inbox", Mode::Inbox),
    ] {
        let _ = writeln!(out, "{title}");
        for binding in help(mode, "") {
            let _ = writeln!(out, "  {:<18}{}", binding.keys.join(" "), binding.help);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_mode() {
        let modes = [&[Mode::Inbox][..], PANES, OVER].concat();
        for mode in modes {
            let mut keys: Vec<&str> = KEYS
                .iter()
                .filter(|b| b.modes.contains(&mode))
                .flat_map(|b| b.keys.iter().copied())
                .collect();
            let all = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), all, "{mode:?}");
        }
    }

    #[test]
    fn every_mode_has_a_way_back() {
        for mode in OVER {
            assert_eq!(action(*mode, "esc"), Some(Action::Back), "{mode:?}");
        }
    }

    #[test]
    fn signs_that_need_altgr_have_a_letter() {
        for binding in KEYS {
            if binding.keys[0].contains(['[', ']', '{', '}']) {
                assert!(
                    binding.keys[1..]
                        .iter()
                        .any(|k| k.chars().all(char::is_alphabetic))
                );
            }
        }
    }

    #[test]
    fn commands_are_found_by_their_beginning_first() {
        let names: Vec<&str> = commands(Mode::Tree, "op").iter().map(|b| b.name).collect();
        assert_eq!(names[0], "open");
        assert!(names.contains(&"next open") || !names.is_empty());
        assert!(print().contains("acknowledge the change under the cursor"));
        // By its name too, where its help says it in other words.
        assert!(
            help(Mode::Tree, "copy")
                .iter()
                .any(|b| b.action == Action::CopyAddress)
        );
    }
}

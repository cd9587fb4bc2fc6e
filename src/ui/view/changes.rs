//! The list of changes: only the lines that are seen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::frame::{self, Edges};
use super::{line, pieces_width, place, put, put_right};
use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind};
use crate::risk::Risk;
use crate::text::visible;
use crate::ui::layout::inside;
use crate::ui::standing::Standing;
use crate::ui::state::{Pane, State};
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::{Count, Name, Node};
use crate::ui::width::count;

/// Draws the list; returns where its cursor stands.
pub fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let theme = state.theme();
    let title = title(state);
    let foot = foot(state, inside(area).height);
    let edges = Edges {
        title: &title,
        foot: &foot,
        focus: state.pane == Pane::Tree && state.overlay.is_none(),
    };
    frame::draw(buffer, theme, area, &edges);
    let area = inside(area);
    let mut cursor = None;
    for (y, (here, node)) in state.tree.window(area.height.into()).enumerate() {
        let row = line(area, y as u16);
        let set_in = draw_node(state, node, row, buffer);
        if here {
            // Colours off under the cursor: reversed colours turn into blocks.
            buffer.set_style(row, theme.cursor());
            cursor = Some(place(row, set_in));
        }
    }
    cursor
}

fn title(state: &State) -> Vec<Piece> {
    let mut title = vec![Piece::new(
        format!("Changes by {}", state.by.word()),
        Role::Strong,
    )];
    if !state.filter.is_empty() {
        title.push(Piece::new("   filter ", Role::Dim));
        title.push(Piece::foreign(&state.filter_text, Role::Strong));
    }
    title
}

/// How much of the plan the list holds, and whether there is more below.
fn foot(state: &State, height: u16) -> Vec<Piece> {
    let theme = state.theme();
    let mut foot = Vec::new();
    let (above, below) = state.tree.beyond(height.into());
    let mut arrow = |n: usize, mark: &'static str| {
        if n > 0 {
            foot.push(Piece::new(format!("{mark} {}   ", count(n)), Role::Dim));
        }
    };
    arrow(above, theme.glyph("↑", "^"));
    arrow(below, theme.glyph("↓", "v"));
    let all = state.rows.len();
    let role = if state.fitting < all {
        Role::Warn
    } else {
        Role::Dim
    };
    foot.push(Piece::new(
        format!("shown {} of {}", count(state.fitting), count(all)),
        role,
    ));
    foot
}

/// Draws one line; returns the column of its box or mark.
fn draw_node(state: &State, node: &Node, area: Rect, buffer: &mut Buffer) -> usize {
    let theme = state.theme();
    let set_in = usize::from(node.depth) * 2;
    match &node.name {
        Name::Row(row) => {
            let pieces = row_pieces(state, *row, node.depth);
            put(buffer, theme, area, &pieces);
            pieces_width(&pieces[..1])
        }
        Name::Group(_) => {
            let mark = if node.open {
                theme.glyph("▼ ", "v ")
            } else {
                theme.glyph("▶ ", "> ")
            };
            let role = if node.depth == 0 {
                Role::Strong
            } else {
                Role::Text
            };
            let counts = node.count.as_ref().map(counted).unwrap_or_default();
            let x = put_right(
                buffer,
                theme,
                Rect {
                    width: area.width.saturating_sub(1),
                    ..area
                },
                &counts,
            );
            let room = Rect {
                width: x.saturating_sub(area.x + 1),
                ..area
            };
            let pieces = [
                Piece::new(" ".repeat(set_in), Role::Text),
                Piece::new(mark, Role::Dim),
                Piece::foreign(&node.label, role),
            ];
            put(buffer, theme, room, &pieces);
            set_in
        }
        Name::Alike(_) => {
            let mark = if node.open {
                theme.glyph("▼ ", "v ")
            } else {
                theme.glyph("… ", ".. ")
            };
            let pieces = [
                Piece::new(" ".repeat(set_in), Role::Text),
                Piece::new(mark, Role::Dim),
                Piece::foreign(&node.label, Role::Dim),
            ];
            put(buffer, theme, area, &pieces);
            set_in
        }
    }
}

fn counted(counted: &Count) -> Vec<Piece> {
    let text = match counted {
        Count::Done(done, of) if done == of => {
            return vec![Piece::new(
                format!("{} of {}", count(*done), count(*of)),
                Role::Done,
            )];
        }
        Count::Done(done, of) => format!("{} of {}", count(*done), count(*of)),
        Count::Rows(n) => count(*n),
        Count::Signs(signs) => {
            let words: Vec<String> = signs
                .iter()
                .map(|(sign, n)| format!("{sign}{}", count(*n)))
                .collect();
            words.join(" ")
        }
    };
    vec![Piece::new(text, Role::Dim)]
}

/// `[ ] ■ -/+ module.db.aws_db_instance.primary`
fn row_pieces(state: &State, row: u32, depth: u16) -> Vec<Piece> {
    let theme = state.theme();
    let judged = &state.rows[row as usize];
    let effect = &judged.effect;
    let standing = state.standings[row as usize];
    let done = matches!(standing, Standing::Acked | Standing::Carried);
    let set_in = usize::from(depth) * 2;
    let mut pieces = vec![Piece::new(" ".repeat(set_in), Role::Text)];
    if standing != Standing::Nothing || depth == 1 && judged.needs_ack() {
        let role = match standing {
            Standing::Acked | Standing::Carried => Role::Done,
            Standing::Objected => Role::Alarm,
            Standing::Open | Standing::Nothing => Role::Text,
        };
        pieces.push(Piece::new(format!("{} ", standing.tick()), role));
    }
    let quiet = |role: Role| if done { Role::Text } else { role };
    let risk = judged.risk();
    let mark = Piece::new(theme.risk_mark(risk), quiet(Role::Risk(risk)));
    pieces.push(mark);
    let sign = match effect.kind {
        Kind::Plan => "all",
        _ => effect.action.sign(),
    };
    pieces.push(Piece::new(format!(" {sign:>3} "), quiet(sign_role(effect))));
    // Under its module a resource need not repeat it.
    let in_module = depth >= 2
        && matches!(
            state.by,
            crate::ui::tree::groups::By::Risk | crate::ui::tree::groups::By::Module
        );
    let address = short_address(effect, in_module);
    let text = if done { Role::Dim } else { Role::Text };
    pieces.extend(highlighted(state, address, text));
    if let Some(note) = kind_note(effect.kind) {
        pieces.push(Piece::new(note, Role::Dim));
    }
    if let Some(deposed) = &effect.deposed {
        pieces.push(Piece::foreign(&format!("  deposed {deposed}"), Role::Dim));
    }
    if let Some(previous) = effect.previous_address() {
        let arrow = theme.glyph("←", "<-");
        pieces.push(Piece::foreign(&format!("  {arrow} {previous}"), Role::Dim));
    }
    if effect.is_import() {
        pieces.push(Piece::new("  import", Role::Dim));
    }
    if state.remarks.contains_key(&*effect.address) {
        pieces.push(Piece::new(theme.glyph("  ✎", "  #"), Role::Strong));
    }
    pieces
}

/// What a row is, where the list does not show it by itself.
fn kind_note(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Deferred => Some("   put off"),
        Kind::Invocation => Some("   action"),
        Kind::Provisioner => Some("   program"),
        Kind::Output => Some("   output"),
        Kind::Check => Some("   check"),
        Kind::UnknownKey => Some("   unknown key"),
        Kind::Plan | Kind::Change | Kind::Drift => None,
    }
}

fn sign_role(effect: &Effect) -> Role {
    match &effect.action {
        Action::Create => Role::Added,
        Action::Update => Role::Changed,
        Action::Delete
        | Action::DeleteCreate
        | Action::CreateDelete
        | Action::Forget
        | Action::CreateForget
        | Action::ForgetCreate => Role::Risk(Risk::Critical),
        Action::Unknown(_) => Role::Alarm,
        Action::NoOp | Action::Read | Action::Open => Role::Dim,
    }
}

fn short_address(effect: &Effect, in_module: bool) -> &str {
    let whole = &*effect.address;
    if !in_module || effect.module.is_empty() {
        return whole;
    }
    whole
        .strip_prefix(&*effect.module)
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(whole)
}

/// The address with what the filter found in it.
fn highlighted(state: &State, address: &str, role: Role) -> Vec<Piece> {
    let address = visible(address);
    let mut pieces = Vec::new();
    let mut at = 0;
    for hit in state.filter.hits(&address) {
        if hit.start < at {
            continue;
        }
        pieces.push(Piece::new(&address[at..hit.start], role));
        pieces.push(Piece::new(&address[hit.clone()], Role::Match));
        at = hit.end;
    }
    pieces.push(Piece::new(&address[at..], role));
    pieces
}

/// A row's head in a dialog: what is done, and to what.
pub fn heading(effect: &Effect) -> [Piece; 2] {
    let sign = effect.action.sign();
    let gap = if sign.is_empty() { "" } else { " " };
    let action = match effect.kind {
        Kind::Plan => "the whole plan: ".to_owned(),
        Kind::Change
        | Kind::Deferred
        | Kind::Invocation
        | Kind::Provisioner
        | Kind::Output
        | Kind::Drift
        | Kind::Check
        | Kind::UnknownKey => format!("{sign}{gap}{} ", effect.action),
    };
    [
        Piece::foreign(&action, sign_role(effect)),
        Piece::foreign(&effect.address, Role::Strong),
    ]
}

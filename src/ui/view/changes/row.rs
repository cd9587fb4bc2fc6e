//! One row of the list: `[ ] ■ -/+ module.db.aws_db_instance.primary`.

use std::borrow::Cow;

use crate::plan::action::Action;
use crate::plan::effect::{Effect, Kind};
use crate::review::{Key, verdicts};
use crate::risk::{self, Judged, Risk};
use crate::text::visible;
use crate::ui::address;
use crate::ui::standing::Standing;
use crate::ui::state::State;
use crate::ui::theme::{Piece, Role};
use crate::ui::tree::groups::By;
use crate::ui::view::pieces_width;
use crate::ui::width::{cut, tail, width};

/// The row, for `room` columns; the first piece is what it is set in by. `beside` are the rows that stand around it.
pub fn pieces(state: &State, row: u32, depth: u16, beside: &[u32], room: usize) -> Vec<Piece> {
    let theme = state.theme();
    let judged = &state.rows[row as usize];
    let effect = &judged.effect;
    let standing = state.standings[row as usize];
    let asks = standing != Standing::Nothing || judged.needs_ack();
    let done = matches!(standing, Standing::Acked | Standing::Carried);
    let quiet = |role: Role| if done { Role::Text } else { role };

    let mut pieces = vec![Piece::new(" ".repeat(usize::from(depth) * 2), Role::Text)];
    if asks {
        let role = match standing {
            Standing::Acked | Standing::Carried => Role::Done,
            Standing::Objected => Role::Alarm,
            Standing::Open | Standing::Nothing => Role::Text,
        };
        pieces.push(Piece::new(format!("{} ", standing.tick()), role));
    }
    let risk = judged.risk();
    pieces.push(Piece::new(theme.risk_mark(risk), quiet(Role::Risk(risk))));
    let sign = match effect.kind {
        Kind::Plan => "all",
        Kind::Invocation | Kind::Provisioner => "run",
        Kind::Change
        | Kind::Deferred
        | Kind::Output
        | Kind::Drift
        | Kind::Check
        | Kind::UnknownKey => effect.action.sign(),
    };
    let role = quiet(sign_role(effect));
    pieces.push(Piece::new(format!(" {sign:>3} "), role));

    // Under its module a resource need not repeat it.
    let in_module = depth >= 2 && matches!(state.by, By::Risk | By::Module);
    let address = signal(effect).map_or_else(|| short_address(effect, in_module), Cow::Borrowed);
    let address = visible(&address);
    if let Some(unit) = judged.unit.as_deref().filter(|_| state.by != By::Unit) {
        // Of a long name the end tells most, as of an address; it leaves that its room.
        let unit = visible(unit);
        let most = (room / 4).max(8);
        let unit = if width(&unit) <= most {
            unit.into_owned()
        } else {
            let dots = theme.glyph("…", "..");
            format!("{dots}{}", tail(&unit, most - width(dots)))
        };
        pieces.push(Piece::new(format!("{unit}  "), Role::Dim));
    }
    let room = room.saturating_sub(pieces_width(&pieces));
    let notes = [true, false].map(|long| notes(state, judged, asks, long));
    let [long, short] = notes.each_ref().map(|notes| pieces_width(notes));
    // Where an object was before is told where there is room; that it moved, always.
    let fits = width(&address) + long <= room;
    let left = room.saturating_sub(if fits { long } else { short });
    let [long, short] = notes;
    let notes = if fits { long } else { short };
    let dots = theme.glyph("…", "..");
    let address = if effect.kind == Kind::Plan {
        cut(&address, room, dots)
    } else {
        let beside = beside.iter();
        let beside: Vec<_> = beside
            .map(|&row| state.rows[row as usize].effect.address())
            .collect();
        let beside: Vec<_> = beside.iter().map(|address| &**address).collect();
        address::fit(&address, left, dots, &beside)
    };
    let role = if done { Role::Dim } else { Role::Text };
    pieces.extend(highlighted(state, &address, role));
    pieces.extend(notes);
    pieces
}

/// What stands behind the address.
fn notes(state: &State, judged: &Judged, asks: bool, long: bool) -> Vec<Piece> {
    let effect = &judged.effect;
    let theme = state.theme();
    let mut notes = Vec::new();
    // In a group of its own kind a row need not say what it is.
    if let Some(note) = kind_note(effect.kind).filter(|_| asks) {
        notes.push(Piece::new(note, Role::Dim));
    }
    // It says why such a row stands above worse ones.
    if asks && verdicts::is_out_of_scope(judged) {
        notes.push(Piece::new("  out of scope", Role::Warn));
    }
    if let Some(deposed) = effect.deposed() {
        notes.push(Piece::foreign(&format!("  deposed {deposed}"), Role::Dim));
    }
    if let Some(previous) = effect.previous_address() {
        let arrow = theme.glyph("←", "<-");
        let from = if long { previous } else { "moved" };
        notes.push(Piece::foreign(&format!("  {arrow} {from}"), Role::Dim));
    }
    if effect.is_import() {
        notes.push(Piece::new("  import", Role::Dim));
    }
    if !state.remarks.is_empty() && state.remarks.contains_key(&Key::of(judged)) {
        notes.push(Piece::new(theme.glyph("  ✎", "  #"), Role::Strong));
    }
    notes
}

/// What a row is, where the list does not show it by itself.
fn kind_note(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Deferred => Some("   put off"),
        Kind::Output => Some("   output"),
        Kind::Check => Some("   check"),
        Kind::UnknownKey => Some("   unknown key"),
        // The signs of a signal and of a program say it, and the others are what the list is of.
        Kind::Plan | Kind::Invocation | Kind::Provisioner | Kind::Change | Kind::Drift => None,
    }
}

fn sign_role(effect: &Effect) -> Role {
    match effect.action {
        Action::Create => Role::Added,
        Action::Update => Role::Changed,
        Action::Delete
        | Action::DeleteCreate
        | Action::CreateDelete
        | Action::Forget
        | Action::CreateForget
        | Action::ForgetCreate => Role::Risk(Risk::Critical),
        Action::Unknown => Role::Alarm,
        Action::NoOp | Action::Read | Action::Open => Role::Dim,
    }
}

/// What a signal of the whole plan is called: it has no address, only a rule.
fn signal(effect: &Effect) -> Option<&'static str> {
    match effect.kind {
        Kind::Plan => risk::rule(&effect.address()).map(|rule| rule.title),
        Kind::Change
        | Kind::Deferred
        | Kind::Invocation
        | Kind::Provisioner
        | Kind::Output
        | Kind::Drift
        | Kind::Check
        | Kind::UnknownKey => None,
    }
}

/// What a row is called: by its address, unless it is a signal.
pub fn called(effect: &Effect) -> Cow<'_, str> {
    signal(effect).map_or_else(|| effect.address(), Cow::Borrowed)
}

fn short_address(effect: &Effect, in_module: bool) -> Cow<'_, str> {
    let whole = effect.address();
    if !in_module || effect.module.is_empty() {
        return whole;
    }
    let short = whole
        .strip_prefix(&*effect.module)
        .and_then(|rest| rest.strip_prefix('.'))
        .map(str::to_owned);
    short.map_or(whole, Cow::Owned)
}

/// The text with what the filter found in it.
fn highlighted(state: &State, address: &str, role: Role) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for hit in state.filter.hits(address) {
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
        | Kind::UnknownKey => format!("{sign}{gap}{} ", effect.deed()),
    };
    [
        Piece::foreign(&action, sign_role(effect)),
        Piece::foreign(&called(effect), Role::Strong),
    ]
}

//! The loop: what happens goes in, what is to be done comes out, and a frame is drawn in between.
//!
//! There is one, whatever has the screen: a review, or the list of what waits for one. What is typed before a question was
//! seen answers nothing, a size that came without an event is noticed, and whoever is told to end leaves in good order.

use std::time::{Duration, Instant};

use crossterm::event;
use ratatui::Frame;

use super::mouse::Clicks;
use super::terminal::Screen;
use super::{Msg, key, no_terminal};
use crate::failure::Failure;
use crate::process::signals;

/// How often it is looked what is new elsewhere, when nothing goes on.
const IDLE: Duration = Duration::from_secs(1);

/// What has the screen.
pub trait Stage {
    /// What it wants done.
    type Todo;
    /// How it may end.
    type End;

    /// The size it is made for.
    fn size(&self) -> (u16, u16);

    /// Draws it. Takes it as it is, and changes nothing.
    fn draw(&self, frame: &mut Frame<'_>);

    /// Says what is to be done about what happens.
    fn update(&mut self, msg: Msg) -> Vec<Self::Todo>;

    /// Does it.
    fn act(&mut self, todo: Self::Todo, screen: &mut Screen) -> Result<Done<Self::End>, Failure>;

    /// Takes what has come from elsewhere since, until a key waits.
    fn news(&mut self) -> Result<Vec<Self::Todo>, Failure>;

    /// How long a key is waited for before it is looked for news; nothing where none is expected.
    fn patience(&self) -> Option<Duration>;

    /// Nobody has pressed a key for a while: is anything different elsewhere? It must cost next to nothing.
    fn look(&mut self) -> Result<Option<Msg>, Failure>;

    /// Whether something asks that has not been seen yet.
    fn is_undrawn(&self) -> bool;

    /// How it ends when it is told to.
    fn told_to_end(&self) -> Self::End;
}

/// What came of doing something.
pub enum Done<End> {
    /// That was all.
    Nothing,
    /// There is an answer.
    Answer(Box<Msg>),
    /// The stage is over.
    Over(End),
}

/// The terminal is no longer there.
pub fn lost(error: &std::io::Error) -> Failure {
    Failure::io("the terminal", error)
}

/// Takes the terminal, and runs on it what `stage` makes for its size, to its end.
pub fn play<S: Stage>(stage: impl FnOnce((u16, u16)) -> S) -> Result<S::End, Failure> {
    let mut screen = Screen::enter().map_err(|error| no_terminal(&error))?;
    let size = screen.size().map_err(|error| no_terminal(&error))?;
    turn(&mut stage(size), &mut screen)
}

fn turn<S: Stage>(stage: &mut S, screen: &mut Screen) -> Result<S::End, Failure> {
    let mut todo = Vec::new();
    let mut clicks = Clicks::default();
    let mut pressed = false;
    loop {
        // A key that was pressed gets its frame before anything new is taken.
        if !std::mem::take(&mut pressed) {
            todo.extend(stage.news()?);
        }
        todo.extend(stage.update(Msg::Tick));
        while let Some(next) = take_first(&mut todo) {
            match stage.act(next, screen)? {
                Done::Nothing => {}
                Done::Answer(answer) => {
                    todo.extend(stage.update(*answer));
                    todo.extend(stage.update(Msg::Tick));
                }
                Done::Over(end) => return Ok(end),
            }
        }
        if stage.is_undrawn() {
            forget_typed_ahead(stage, &mut todo).map_err(|error| lost(&error))?;
        }
        if signals::asked() {
            return Ok(stage.told_to_end());
        }
        // In a storm of sizes the last one may come without an event of its own.
        let (width, height) = screen.size().map_err(|error| lost(&error))?;
        if (width, height) != stage.size() {
            todo.extend(stage.update(Msg::Resize(width, height)));
        }
        screen
            .draw(|frame| stage.draw(frame))
            .map_err(|error| lost(&error))?;
        if !todo.is_empty() || !heard(stage, screen, &mut todo)? {
            continue;
        }
        // Whatever is queued is taken before the next frame: a held key scrolls without lagging behind.
        loop {
            let msg = match key::message(&event::read().map_err(|error| lost(&error))?) {
                Some(Msg::Mouse(mouse)) => Some(Msg::Mouse(clicks.hear(mouse, Instant::now()))),
                msg => msg,
            };
            if let Some(msg) = msg {
                todo.extend(stage.update(msg));
            }
            if !todo.is_empty() || !event::poll(Duration::ZERO).map_err(|error| lost(&error))? {
                break;
            }
        }
        pressed = true;
    }
}

/// Waits for a key, with patience where something else may happen. Says that there is none when it may have.
///
/// Where nothing goes on, nothing is drawn either.
fn heard<S: Stage>(
    stage: &mut S,
    screen: &Screen,
    todo: &mut Vec<S::Todo>,
) -> Result<bool, Failure> {
    if let Some(patience) = stage.patience() {
        return event::poll(patience).map_err(|error| lost(&error));
    }
    while !event::poll(IDLE).map_err(|error| lost(&error))? {
        if signals::asked() || screen.size().map_err(|error| lost(&error))? != stage.size() {
            return Ok(false);
        }
        if let Some(msg) = stage.look()? {
            todo.extend(stage.update(msg));
            return Ok(false);
        }
    }
    Ok(true)
}

/// Drops the keys that were typed before what asks was on the screen; called right before it is drawn.
fn forget_typed_ahead<S: Stage>(stage: &mut S, todo: &mut Vec<S::Todo>) -> std::io::Result<()> {
    while event::poll(Duration::ZERO)? {
        if let Some(msg @ Msg::Resize(..)) = key::message(&event::read()?) {
            todo.extend(stage.update(msg));
        }
    }
    todo.extend(stage.update(Msg::Drawn));
    Ok(())
}

fn take_first<T>(todo: &mut Vec<T>) -> Option<T> {
    (!todo.is_empty()).then(|| todo.remove(0))
}

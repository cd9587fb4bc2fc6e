//! Manners on a terminal: what is taken is given back, once, whatever happens.
//!
//! Raw mode, the alternate screen, frames that do not flicker, `^Z`, panics. Asks the terminal nothing: an answer that
//! never comes would hang, and one that comes late would be typed into the shell.

use std::io::{self, Stdout, Write as _, stdout};
use std::mem::ManuallyDrop;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::process::signals::{self, Held, Manner};

/// The screen, for as long as it lives.
pub struct Screen {
    /// Never dropped: it would complain on standard error that it cannot show the cursor of a terminal that is gone, and
    /// panic because that is gone too. What is to be given back is given back here.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    /// Being told to end is heard by the loop. The terminal is given back in any case: the reader of keys goes round in
    /// circles once it is gone, and the draft is on disk already.
    _told: Held,
}

/// Whether the terminal is ours now. Giving it back twice would move the shell's cursor over a panic message.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether clicks are reported while the terminal is ours.
static MOUSE: AtomicBool = AtomicBool::new(false);

impl Screen {
    /// Takes the terminal. A panic from here on gives it back before its message is printed.
    pub fn enter() -> io::Result<Self> {
        hook_panics();
        let told = signals::hold(Manner::Tell {
            wake,
            last: give_back,
        });
        take()?;
        let terminal =
            Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())?;
        Ok(Screen {
            terminal: ManuallyDrop::new(terminal),
            _told: told,
        })
    }

    /// Columns and rows.
    #[allow(
        clippy::unused_self,
        reason = "a size is asked of a screen that is there"
    )]
    pub fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }

    /// Draws one frame as a whole, so that no half of it is ever seen.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    /// Lets the next frame draw every cell.
    ///
    /// `Terminal::clear` would ask the terminal where its cursor is.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.swap_buffers();
        execute!(stdout(), Clear(ClearType::All))
    }

    /// Gives the terminal back for the time of `work`.
    pub fn away<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let aside = signals::hold(Manner::Aside);
        let result = work();
        drop(aside);
        take()?;
        self.redraw()?;
        Ok(result)
    }

    /// Stops the whole job, as `^Z` does elsewhere: in `tofu show | undersign` the shell waits for both. Returns the
    /// size when the job goes on.
    pub fn suspend(&mut self) -> io::Result<(u16, u16)> {
        self.away(|| {
            #[cfg(unix)]
            rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
            io::Result::Ok(())
        })??;
        size()
    }

    /// Lets the terminal report clicks, or no longer.
    #[allow(
        clippy::unused_self,
        reason = "only who has the screen may write to it"
    )]
    pub fn mouse(&self, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    /// Asks the terminal to put text on its clipboard. Whether it does cannot be known.
    #[allow(
        clippy::unused_self,
        reason = "only who has the screen may write to it"
    )]
    pub fn copy(&self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste);
    let taken = taken.and_then(|()| {
        if MOUSE.load(Ordering::SeqCst) {
            execute!(stdout(), EnableMouseCapture)
        } else {
            Ok(())
        }
    });
    taken.inspect_err(|_| give_back())
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Nothing can be done if the terminal is gone, and what follows must still be tried.
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(stdout(), DisableMouseCapture);
        }
        let _ = execute!(
            stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}

/// Ends the wait for a key at once. The reader of keys wakes for a new size alone: any other signal it takes for an
/// interrupted wait, and goes on with what is left of it.
fn wake() {
    #[cfg(unix)]
    let _ =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::WINCH);
}

fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        let screen = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            // A worker that panics must not tear the screen down; its end is seen as a message that never comes.
            if std::thread::current().id() == screen {
                give_back();
                before(info);
            }
        }));
    });
}

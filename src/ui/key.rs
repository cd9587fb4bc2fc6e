//! Keys as this program names them: `j`, `ctrl-d`, `enter`.
//!
//! The one place where the terminal library's events become ours. Releases are dropped here, and nowhere else.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::Msg;
use super::mouse::Mouse;

/// A key that was pressed, by its name: `a`, `A`, `space`, `ctrl-d`, `pgdn`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// A key by the name that the key table uses.
    pub fn named(name: &str) -> Self {
        Key(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The character that it types into a field, if it types one.
    pub fn typed(&self) -> Option<char> {
        if &*self.0 == "space" {
            return Some(' ');
        }
        let mut chars = self.0.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Some(c),
            _ => None,
        }
    }

    fn of(event: &KeyEvent) -> Option<Self> {
        let bare: String = match event.code {
            KeyCode::Char(' ') => "space".into(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Enter => "enter".into(),
            KeyCode::Esc => "esc".into(),
            KeyCode::Tab => "tab".into(),
            KeyCode::BackTab => "shift-tab".into(),
            KeyCode::Backspace => "backspace".into(),
            KeyCode::Delete => "del".into(),
            KeyCode::Up => "up".into(),
            KeyCode::Down => "down".into(),
            KeyCode::Left => "left".into(),
            KeyCode::Right => "right".into(),
            KeyCode::Home => "home".into(),
            KeyCode::End => "end".into(),
            KeyCode::PageUp => "pgup".into(),
            KeyCode::PageDown => "pgdn".into(),
            KeyCode::F(1) => "f1".into(),
            _ => return None,
        };
        // On keyboards where a sign needs AltGr some terminals report control and alt together: that types a character.
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let name = match (control, alt) {
            (true, false) => format!("ctrl-{}", bare.to_lowercase()),
            (false, true) => format!("alt-{bare}"),
            _ => bare,
        };
        Some(Key(name.into()))
    }
}

/// What a terminal event says to the screen, if it says anything.
pub fn message(event: &Event) -> Option<Msg> {
    match event {
        Event::Key(key) if matches!(key.kind, KeyEventKind::Press | KeyEventKind::Repeat) => {
            Key::of(key).map(Msg::Key)
        }
        Event::Paste(text) => Some(Msg::Paste(text.clone())),
        Event::Resize(width, height) => Some(Msg::Resize(*width, *height)),
        Event::Mouse(mouse) => Mouse::of(*mouse).map(Msg::Mouse),
        Event::Key(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(code: KeyCode, modifiers: KeyModifiers) -> String {
        Key::of(&KeyEvent::new(code, modifiers))
            .unwrap()
            .name()
            .to_owned()
    }

    #[test]
    fn keys_have_one_name() {
        let none = KeyModifiers::NONE;
        assert_eq!(name(KeyCode::Char('A'), KeyModifiers::SHIFT), "A");
        assert_eq!(name(KeyCode::Char(' '), none), "space");
        assert_eq!(name(KeyCode::Char('D'), KeyModifiers::CONTROL), "ctrl-d");
        let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
        assert_eq!(name(KeyCode::Char(']'), altgr), "]");
        assert_eq!(Key::named("space").typed(), Some(' '));
        assert_eq!(Key::named("ctrl-d").typed(), None);
    }

    #[test]
    fn a_release_says_nothing() {
        let mut key = KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE);
        assert!(message(&Event::Key(key)).is_some());
        key.kind = KeyEventKind::Release;
        assert!(message(&Event::Key(key)).is_none());
    }
}

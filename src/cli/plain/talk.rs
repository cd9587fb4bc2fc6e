//! Lines out and lines in, one at a time: what a screen reader and a dumb terminal understand.

use std::io::{BufRead, ErrorKind, Write};

use crate::failure::{Exit, Failure};

/// Both ends of a conversation. What is said has been made visible before.
pub(super) struct Talk<'a> {
    /// Where answers come from.
    pub input: &'a mut dyn BufRead,
    /// Where it is read.
    pub out: &'a mut dyn Write,
}

impl Talk<'_> {
    /// Says something.
    pub fn say(&mut self, text: &str) -> Result<(), Failure> {
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| Failure::io("the terminal", &error))
    }

    /// Asks, and returns the line that comes, without its end. `None` if no line will ever come.
    pub fn ask(&mut self, question: &str) -> Result<Option<String>, Failure> {
        self.say(question)?;
        let mut line = String::new();
        match self.input.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line.trim().to_string())),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(Failure::new(
                Exit::Usage,
                "input",
                "what was typed is no UTF-8 text",
            )),
            Err(error) => Err(Failure::io("the terminal", &error)),
        }
    }
}

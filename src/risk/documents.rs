//! JSON that is written into strings, decoded once for all the rules that look into it.
//!
//! A task definition of many kilobytes is asked for its images, its settings, its rights and whether it differs; taking it
//! apart each time would cost more than all the rest of the judgement. Lives as long as one change is judged.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use crate::plan::value::Value;

/// What the strings of one change hold.
#[derive(Debug, Default)]
pub struct Documents<'a>(RefCell<Vec<Known<'a>>>);

/// A text that was asked for, and the JSON in it, if there is any.
type Known<'a> = (&'a str, Option<Rc<Value>>);

/// A value as rules see it: itself, or what its text holds.
#[derive(Debug, Clone)]
pub enum Decoded<'a> {
    /// It is no string.
    Itself(&'a Value),
    /// What stands in the string.
    Within(Rc<Value>),
}

impl Deref for Decoded<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Decoded::Itself(value) => value,
            Decoded::Within(value) => value,
        }
    }
}

impl<'a> Documents<'a> {
    /// The JSON in a text; `None` if there is none.
    pub fn within(&self, text: &'a str) -> Option<Rc<Value>> {
        // The same text is asked for again, not another one that is equal.
        let known = |(known, _): &&Known<'_>| std::ptr::eq(*known, text);
        if let Some((_, document)) = self.0.borrow().iter().find(known) {
            return document.clone();
        }
        let document = Value::parse(text).ok().map(Rc::new);
        self.0.borrow_mut().push((text, document.clone()));
        document
    }

    /// The value, or of a text the JSON in it; `None` if there is none.
    pub fn of(&self, value: &'a Value) -> Option<Decoded<'a>> {
        match value {
            Value::Text(text) => self.within(text).map(Decoded::Within),
            other => Some(Decoded::Itself(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_decoded_once() {
        let documents = Documents::default();
        let text = String::from(r#"{"a":1}"#);
        let [first, second] = [(); 2].map(|()| documents.within(&text).unwrap());
        assert!(Rc::ptr_eq(&first, &second));
        assert_eq!(first.get("a").unwrap().to_string(), "1");
        assert_eq!(documents.within("{"), None);
        assert_eq!(documents.within("{"), None);
    }

    #[test]
    fn what_is_no_text_is_taken_as_it_is() {
        let (list, text) = (Value::List(Vec::new()), Value::Text("[]".into()));
        let documents = Documents::default();
        assert!(matches!(documents.of(&list), Some(Decoded::Itself(_))));
        assert_eq!(documents.of(&text).as_deref(), Some(&list));
    }
}

//! The terminal: state, update, view.
//!
//! Owns the screen and the keys. Knows plans, findings and reviews; knows no file, no key and no tool: what touches the
//! world is asked of a [`Hands`](crate::ui) that the commands implement.

pub mod detail;
pub mod theme;
pub mod width;

//! The bytes of a plan, and what they say.
//!
//! Owns reading: what is refused, one row for each thing the plan will do, values on demand, the plan file.
//! Judges nothing, shows nothing, and imports nothing of ours but [`crate::failure`] and [`crate::text`].

pub mod action;
pub mod address;
pub mod archive;
mod census;
mod config;
mod constants;
pub mod count;
pub mod digest;
pub mod effect;
mod element;
pub mod index;
pub mod input;
pub mod reason;
mod references;
pub mod scan;
pub mod snapshot;
pub mod source;
pub mod texts;
pub mod units;
pub mod value;
pub mod values;
pub mod window;

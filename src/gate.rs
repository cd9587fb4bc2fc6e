//! The apply side: one sealed plan, one clean run, one recorded outcome.
//!
//! Owns everything between the bytes of a plan file and the tool that applies them. Believes no file, no variable and
//! no program that was not checked here. Knows no screen.

pub mod apply;
mod conditions;
pub mod doctor;
pub mod environment;
pub mod harden;
pub mod level;
pub mod manifest;
mod place;
pub mod preflight;
pub mod prepare;
pub mod progress;
pub mod providers;
pub mod run;
pub mod sealed;
pub mod set;
pub mod show;
pub mod tool;
pub mod verify;

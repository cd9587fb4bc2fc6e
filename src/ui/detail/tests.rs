//! The pane as text, over real and made-up changes.

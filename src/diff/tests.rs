//! Rows of made-up changes, one table entry a kind.

//! Random bytes of the system: nonces, and keys that nobody else has.

use crate::failure::{Exit, Failure};

/// So many bytes that nobody can guess.
pub fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "random",
            format!("no random bytes: {error}"),
        )
    })?;
    Ok(bytes)
}

//! The approval: what a person says, the envelope around it, and the signature over it.
//!
//! Owns the bytes that are signed and every way to sign and to check them. Knows keys, not people: whose key it is, and
//! whether that person counts, is [`crate::trust`]'s business. Never holds a value of the plan, and never a secret key
//! other than the throw-away one of the demo.
//!
//! The layers, from the outside in: [`envelope`] (DSSE) holds one [`sshsig`] signature over one [`statement`] (in-toto).

pub mod agent;
pub mod covers;
pub mod emergency;
pub mod envelope;
pub mod facts;
pub mod key;
pub mod keygen;
pub mod set;
pub mod sign;
pub mod sshsig;
pub mod statement;
mod wire;

//! An agent plans, a person reads and undersigns, a wrapper applies exactly what was signed.
//!
//! # The map
//!
//! | module | owns |
//! | --- | --- |
//! | [`text`] | the one way from foreign text to a terminal |
//! | [`process`] | programs that we start and private directories: none outlives us |
//! | [`random`] | bytes that nobody can guess |
//! | [`failure`] | exit codes, and refusals as data |
//! | [`plan`] | the bytes of a plan: what is refused, rows, values, the plan file |
//! | [`diff`] | what differs between the two sides of a change |
//! | [`risk`] | the catalogue, and why a change is dangerous |
//! | [`policy`] | what the policies of a team say of it |
//! | [`review`] | what is open, what a person said, the draft on disk |
//! | [`approval`] | the statement, its envelope, its signature |
//! | [`trust`] | whose signature counts, and where a plan is marked as used |
//! | [`gate`] | the apply side: one sealed plan, one clean run, one recorded outcome |
//! | [`ui`] | the terminal: state, update, view |
//! | [`cli`] | the commands |
//!
//! Directions: `main → cli → {ui, gate} → {review, approval, trust, policy, risk, diff} → plan → {failure, text, process, random}`.
//! `tests/layers.rs` reads the `use crate::` lines and fails on another one.
//!
//! # Invariants
//!
//! 1. `ui::update` and `ui::view` are pure. Time, randomness, user and environment come in as arguments.
//! 2. Every string from a plan, a policy, a trust file or an approval reaches a terminal only through [`text::visible`],
//!    on the screen and on stdout and stderr alike.
//! 3. What an acknowledgement dialog shows is built from the same value that is written into the acknowledgement.
//! 4. The verifier believes nothing in an approval but the signature over it: it recomputes effects and findings from
//!    the plan, and asks whether the acknowledgements cover them.
//! 5. Unknown is dangerous: an unknown action word, an unknown top-level key, a value known only after apply on a
//!    protected attribute are findings or refusals, never silence.
//! 6. Nothing is cut silently. A cut value says how long it is and can be opened; the footer counts `shown N of N`.
//! 7. No attribute value is written into an approval, a log or a draft: addresses, rule ids, digests and people's own
//!    words only.
//! 8. The sum of what is shown is what the JSON holds; a test proves it for each kind of effect.
//!
//! # One change, from bytes to signature
//!
//! [`plan::index`] reads the plan once. For each element of `resource_changes` it makes a row ([`plan::effect::Effect`])
//! with the byte range of the element and hands both to its sink. [`risk::assess()`] looks at the element's values and
//! says what is lost ([`risk::Finding`]). The row travels in a batch to the screen, where the worst open one is under
//! the cursor. The reviewer reads its [`diff`], acknowledges it, and [`review::log::Log`] keeps the acknowledgement.
//! When nothing is open, [`approval::statement`] lists every acknowledgement by address and rules, and the reviewer's key
//! signs the bytes. [`gate`] makes its own rows and findings of the very plan it will apply and lets it pass only if the
//! signed acknowledgements cover them.

// A test says what it expects by unwrapping it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod approval;
pub mod cli;
pub mod diff;
pub mod failure;
pub mod gate;
pub mod plan;
pub mod policy;
pub mod process;
pub mod random;
pub mod review;
pub mod risk;
pub mod text;
pub mod trust;
pub mod ui;

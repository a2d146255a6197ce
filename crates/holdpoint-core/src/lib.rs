//! The words of Holdpoint, and what each of them makes impossible.
//!
//! ```text
//! Proposal → Change → Decision → Recorded → Permit → Warrant → Outcome
//! ```
//!
//! Each step takes the one before by value or by reference to a sealed type, so the compiler keeps the order: there is no
//! way to a [`permit::Warrant`] that does not pass a recorded decision about exactly the change that is about to happen.
//!
//! **In scope**: what the words mean, how they compare, what is hashed and signed, and the verification of signatures.
//!
//! **Out of scope**: reading artefacts (`holdpoint-effects`), judging them (`holdpoint-policy`), writing anything down
//! (`holdpoint-server`), acting (`holdpoint-gates`). This crate does no I/O, reads no clock and draws no random numbers:
//! time and entropy arrive as arguments.

pub mod actor;
pub mod approval;
pub mod change;
pub mod code;
pub mod decision;
pub mod digest;
pub mod effect;
pub mod estate;
pub mod mask;
pub mod permit;
pub mod question;
pub mod quorum;
pub mod signed;
pub mod visible;
pub mod webauthn;

pub use jiff::Timestamp;

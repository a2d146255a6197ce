//! What tests need that is not the product: a passkey in software, a real browser, throw-away worlds.
//!
//! Dev only. Nothing that ships depends on this crate.

pub mod authenticator;
pub mod browser;
pub mod corpus;
pub mod dice;
pub mod tool;

//! The control plane: decides, records, asks people.
//!
//! **In scope**: keeping what was decided and what came of it ([`store`]).
//!
//! **Out of scope**: acting. Gates act; they and the server meet only on the shapes of `holdpoint-api`.

pub mod identity;
pub mod store;

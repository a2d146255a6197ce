//! The control plane: engine, facts, store, identity, approvals, console.

pub mod identity;

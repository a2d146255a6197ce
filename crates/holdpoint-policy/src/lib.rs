//! Guardrails: what may pass at once, what waits for people, and why.
//!
//! ```text
//!  files ──open──▶ Bundle { Policies, Estate }          signed, revised, checked by its own examples
//!                     │
//!  effects ─assemble─▶ Case ──decide──▶ Decision ──explain──▶ what is still missing
//! ```
//!
//! [`decide`](decide::decide) is total: it answers with a [`Decision`](holdpoint_core::decision::Decision), and whatever
//! goes wrong inside it refuses. The guardrails that hold are the decision and its explanation.
//!
//! **In scope**: the language of guardrails (`policies/schema.cedarschema`), the packs that are shipped, loading and signing
//! bundles, deciding, and saying what is missing.
//!
//! **Out of scope**: reading artefacts (`holdpoint-effects`), collecting approvals (`holdpoint-core::quorum`), files, clocks
//! and hot reload (`holdpoint-server`). This crate does no I/O: files arrive as a map from path to bytes.

pub mod bundle;
pub mod case;
pub mod decide;
pub mod explain;
pub mod guardrail;
pub mod policies;
pub mod report;
pub mod shipped;

mod estate;
mod examples;
mod files;
mod language;
mod scene;
mod statements;

pub use bundle::Bundle;
pub use case::Case;
pub use decide::decide;
pub use policies::Policies;
pub use report::Report;

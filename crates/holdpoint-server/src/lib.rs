//! The control plane: decides, records, asks people.
//!
//! Open [`engine`] first: it shows in which order things happen. Everything else is what it needs.
//!
//! **In scope**: keeping what was decided and what came of it ([`store`]), who asks ([`identity`]), what is true (`facts`),
//! which policy is in force ([`in_force`]), how people are asked ([`approvals`], [`console`]), the API ([`http`]).
//!
//! **Out of scope**: acting. Gates act; they and the server meet only on the shapes of `holdpoint-api`.

pub mod approvals;
pub mod clock;
pub mod console;
pub mod data_directory;
pub mod engine;
mod facts;
mod free_work;
pub mod http;
pub mod identity;
pub mod in_force;
pub mod keys;
pub mod policy_files;
mod standing;
pub mod start;
pub mod store;
pub mod telemetry;
mod view;

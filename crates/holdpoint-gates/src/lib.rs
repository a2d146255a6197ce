//! Enforcement points: they read what is about to happen, ask, and then run it or answer for it.
//!
//! Start with [`passage`]: the two shapes a gate can have, each one function long.
//!
//! **In scope**: reading proposals from their hosts, answering the questions of the effects from the real world, asking the
//! control plane with a deadline, deciding alone from a signed snapshot when it is away, acting, and saying what came of it.
//!
//! **Out of scope**: what an artefact would do (`holdpoint-effects`), whether it may (`holdpoint-policy`, `holdpoint-server`).
//! A gate never imports the server; they meet on the API types.

pub mod agent;
pub mod answers;
pub mod command;
pub mod desk;
pub mod notice;
pub mod passage;
pub mod registry;
pub mod runner;
mod seen;
pub mod setting;

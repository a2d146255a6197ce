//! What crosses a process wall: the v1 shapes and the client that speaks them with a deadline.
//!
//! **In scope**: JSON shapes with their meaning, paths, the client over a Unix socket or loopback TCP, where a data directory
//! keeps what a client needs.
//!
//! **Out of scope**: what the control plane does with a request (`holdpoint-server`) and what a gate does with an answer
//! (`holdpoint-gates`). The two never import each other; they meet here, even inside one process.

pub mod client;
pub mod home;
pub mod limits;
pub mod site;
pub mod system;
pub mod unix;
pub mod user;
pub mod v1;

//! Gates in the hooks of coding agents. They advise: the agent's host runs them, with the agent's rights.
//!
//! Each host has a file of its own for its messages and replies; what all hooks share is in [`hook`] and [`strict`].

pub mod claude_code;
pub mod hook;
pub mod strict;

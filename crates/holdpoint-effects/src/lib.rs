//! Hostile artefact in, effects and questions out. Pure.

pub mod paths;

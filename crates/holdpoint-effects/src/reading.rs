//! What a reader gives back.

use holdpoint_core::effect::Effects;
use holdpoint_core::question::Question;

/// What a reader made of an artefact with the answers it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the artefact would do; where a question is open, at its worst.
    pub effects: Effects,
    /// What the reader would like to know, each put only once.
    pub questions: Vec<Question>,
}
